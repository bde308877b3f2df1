"""Logs whose breaks are known: each is found with its cause first, and hardly anything else is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.replay import LOGS, KnownLog, is_of, lines_of, score, walk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replays")


@pytest.mark.parametrize("known", LOGS, ids=[k.model for k in LOGS])
def test_every_known_break_is_found_with_its_cause_first(
    known: KnownLog, folder: Path, request: pytest.FixtureRequest
) -> None:
    needs_shared = known.model in ("car-loan", "elec2")
    place = request.getfixturevalue("shared") if needs_shared else folder
    told = walk(known, folder, place)
    if told is None:
        pytest.skip(f"the data of {known.model} are not in ../shared")
    assert [m["error"] for m in told["monitors"]] == [None] * 3
    rated = score(known, told)
    assert [b.what for b, found in rated.found if found is None] == []
    assert rated.is_kept, [i["title"] for i in rated.false]
    assert len(lines_of(known, told)) == len(known.breaks)
    if known.model == "planted":  # the fault is told three months before its labels have come
        ((_one, found),) = rated.found
        assert found is not None and found["raised"] == "2024-06-24T00:00:00"
        assert 70 < found["lead_days"] < 100
        assert found["then"].startswith("income is missing")
        assert found["consequence"]["name"] == "roc_auc"


def test_another_cause_or_another_time_is_not_the_break() -> None:
    one = LOGS[-1].breaks[0]
    cause = {"name": "missing_rate", "column": "income"}
    told: dict[str, Any] = {"start": "2024-06-17T00:00:00", "first_row": None, "cause": cause}
    assert is_of(told, one)
    assert not is_of(told | {"start": "2024-07-08T00:00:00"}, one)
    assert not is_of(told | {"cause": cause | {"column": "age"}}, one)
    assert not is_of(told | {"cause": cause | {"name": "ks"}}, one)
