"""Rows chosen by hash: those with the least hashes of their group, however they are looked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.core import Dataset, Scope
from analytics.query import chosen
from analytics.query.engine import Engine
from analytics.query.forecast import rows_said
from analytics.query.samples import sampled

MOST = 40
N = 4000
START = datetime(2026, 3, 1)


def rows(ids: Callable[[int], str] = "p{}".format) -> list[dict[str, Any]]:
    rng = np.random.default_rng(4)
    versions = ["v1", "it's 2", None]
    return [
        {
            "row": i, "prediction_id": ids(i), "timestamp": START + timedelta(minutes=i),
            "model_version": versions[int(rng.choice(3, p=[0.6, 0.395, 0.005]))],
            "prediction": "1", "score": float(i), "distance": float(rng.normal()),
        }
        for i in range(N)
    ]  # fmt: skip


def by_hand(written: list[dict[str, Any]], every: str | None, by_version: bool) -> dict[Any, Any]:
    """The same choice in Python; DuckDB only says the hash of an id."""
    asked = ", ".join(f"hash('{r['prediction_id']}', {r['row']}::BIGINT)" for r in written)
    hashes = duckdb.sql(f"SELECT unnest([{asked}])").fetchall()
    groups: dict[Any, list[tuple[int, str, int]]] = {}
    for row, (value,) in zip(written, hashes, strict=True):
        day = row["timestamp"].date() if every else None
        key = (day, row["model_version"] if by_version else None)
        groups.setdefault(key, []).append((value, row["prediction_id"], row["row"]))
    return {
        key: (sorted(row for *_rest, row in sorted(found)[:MOST]), len(found))
        for key, found in groups.items()
    }


def as_days(found: Any) -> dict[Any, Any]:
    """Keys with days instead of microseconds."""
    return {
        (None if p is None else (datetime(1970, 1, 1) + timedelta(microseconds=p)).date(), v): each
        for (p, v), each in found.items()
    }


@pytest.mark.parametrize("every", [None, "day"])
@pytest.mark.parametrize("by_version", [False, True])
@pytest.mark.parametrize("long", [1, N + 1])
def test_the_least_hashes_of_every_group(
    build: Callable[..., Dataset],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    every: Any,
    by_version: bool,
    long: int,
) -> None:
    monkeypatch.setattr(chosen, "LONG", long)
    written = rows()
    dataset = build([written[: N // 3], written[N // 3 :]])
    scope = Scope(every=every, by_version=by_version)
    expected = by_hand(written, every, by_version)
    said = as_days(rows_said(engine, dataset, scope, ("distance", "score"), MOST))
    found = {k: (sorted(map(int, each.columns["score"])), each.total) for k, each in said.items()}
    assert found == expected
    taken = as_days(sampled(engine, dataset, scope, ("score",), MOST))
    assert {k: (sorted(map(int, c["score"])), n) for k, (c, n) in taken.items()} == expected


def test_a_long_log_compares_few_rows(
    build: Callable[..., Dataset], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen, "LONG", 1)
    asked: list[str] = []
    arrays = Engine.arrays
    monkeypatch.setattr(Engine, "arrays", lambda *a, **k: asked.append(a[1]) or arrays(*a, **k))
    sampled(engine, build([rows()]), Scope(), ("score",), MOST)
    assert len(asked) == 1
    assert f"<= {chosen.cutoff(N, MOST)}::UBIGINT" in asked[0]


def test_one_id_for_all_rows_is_compared_whole(
    build: Callable[..., Dataset], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen, "LONG", 1)
    written = [r | {"row": 7} for r in rows(lambda _i: "same")]  # one hash for every row
    taken = sampled(engine, build([written]), Scope(), ("score",), MOST)
    columns, n = taken[(None, None)]
    assert (len(columns["score"]), n) == (MOST, N)


@given(st.integers(1, 10**8), st.integers(1, 20_000))
def test_too_few_rows_below_the_cutoff_hardly_ever(n_rows: int, most: int) -> None:
    share = chosen.cutoff(n_rows, most) / (2**64 - 1)
    assert share == 1 or stats.binom.cdf(most - 1, n_rows, share) < 1e-9
