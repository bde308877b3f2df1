"""Rows that were refused: counted by reason, mended, sent again once, and never without the right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics.core import Schema
from analytics.errors import AccessDenied, UsageError
from app.api.quick import read_all
from app.auth.viewer import Viewer, operator
from app.ingest.drain import drain
from app.ingest.wal import Wal
from app.ingest.words import Place
from app.letters import Mend, discard, list_groups, open_letters, send_again, try_again
from app.state.audit import list_entries
from app.state.database import Database
from app.state.grants import Grant
from app.state.logs import home_of, load_dataset
from app.state.models import save_schema

ME = operator("me")
GOOD = {"timestamp": "2026-03-01T12:00:00Z", "prediction": 1, "features": {"x": 1.5}}


@pytest.fixture
def place(home: Database) -> Place:
    with home.write("test") as write:
        save_schema(write, "m", Schema("binary", (), ("0", "1"), "1"), {})
    return Place(home_of(home), home, "test", threads=1)


def send(place: Place, rows: list[Any], refused: list[dict[str, str]]) -> None:
    """As the API would."""
    wal = Wal(place.home / "wal")
    what = {"model": "m", "kind": "predictions", "rows": rows, "refused": refused}
    wal.append(json.dumps({**what, "received_at": "2026-03-01T12:00:00"}).encode())
    wal.close()
    drain(place)


def rows_of(*items: dict[str, Any]) -> list[Any]:
    from datetime import datetime

    found = read_all("predictions", json.dumps(items).encode(), datetime(2026, 3, 2))
    return [read.row for read in found or ()]


def n_rows(place: Place) -> int:
    return load_dataset(place.database, "m").log("predictions").n_rows


def test_a_misnamed_field_is_mapped_and_sent_again_once(place: Place) -> None:
    wrong = [{"prediction_id": f"p{i}", "pred": 1, **GOOD} for i in range(3)]
    for item in wrong:
        del item["prediction"]
    reason = "the field 'pred' cannot be kept"
    send(place, [], [{"reason": reason, "raw": json.dumps(item)} for item in wrong])
    (group,) = list_groups(ME, place.database)
    assert (group.model, group.kind, group.field, group.n_left) == ("m", "predictions", "pred", 3)
    letters = open_letters(ME, place, group)
    assert try_again(group, letters, Mend()).n_good == 0
    mend = Mend((("pred", "prediction"),))
    assert try_again(group, letters, mend).n_good == 3
    assert send_again(ME, place, group, mend).n_good == 3
    assert send_again(ME, place, group, mend).n_good == 0  # nothing is left of it
    drain(place)
    assert n_rows(place) == 3
    (group,) = list_groups(ME, place.database)
    assert (group.n_left, group.n_sent) == (0, 3)
    said = [(row.action, row.actor) for row in list_entries(place.database)]
    assert ("letters", "me") in said and ("open", "me") in said


def test_another_body_of_a_taken_id_is_given_an_id_of_its_own(place: Place) -> None:
    item = {"prediction_id": "p", **GOOD, "scores": {"a": 0.25}}
    send(place, rows_of(item), [])
    send(place, rows_of({**item, "features": {"x": 2.5}}), [])
    assert n_rows(place) == 1
    (group,) = list_groups(ME, place.database)
    assert "taken by another row" in group.reason
    (letter,) = open_letters(ME, place, group)
    told = json.loads(letter.text)
    assert (told["features"], told["scores"], told["prediction_id"]) == (
        {"x": 2.5},
        {"a": 0.25},
        "p",
    )
    edited = type(letter)(letter.import_id, letter.ord, json.dumps({**told, "prediction_id": "q"}))
    assert send_again(ME, place, group, Mend(), edited).n_good == 1
    drain(place)
    assert n_rows(place) == 2


def test_what_is_not_wanted_is_discarded_and_counted(place: Place) -> None:
    send(place, [], [{"reason": "the line is no JSON", "raw": "{broken"}] * 2)
    (group,) = list_groups(ME, place.database)
    assert try_again(group, open_letters(ME, place, group), Mend()).n_good == 0
    assert discard(ME, place, group) == 2
    (group,) = list_groups(ME, place.database)
    assert (group.n_left, group.n_discarded) == (0, 2)


def test_only_who_may_import_sees_and_sends(place: Place) -> None:
    send(place, [], [{"reason": "the line is no JSON", "raw": "{broken"}])
    (group,) = list_groups(ME, place.database)
    for role in ("viewer", "product_owner", "annotator"):
        other = Viewer("x", "x", role, (Grant(role, "m"),))
        assert list_groups(other, place.database) == []
        for verb in (open_letters, discard):
            with pytest.raises(AccessDenied):
                verb(other, place, group)
        with pytest.raises(AccessDenied):
            send_again(other, place, group, Mend())
    scientist = Viewer("s", "s", "data_scientist", (Grant("data_scientist", "m"),))
    assert len(open_letters(scientist, place, group)) == 1


def test_rows_of_files_go_back_to_the_import(place: Place) -> None:
    from dataclasses import replace

    send(place, [], [{"reason": "the line is no JSON", "raw": "{}"}])
    (group,) = list_groups(ME, place.database)
    with pytest.raises(UsageError, match="file"):
        send_again(ME, place, replace(group, is_api=False), Mend())
