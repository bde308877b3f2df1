"""Counts of parts are those of rows: by NumPy, by portable SQL, and one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.core import Dataset, Log, Part, Scope, Window
from analytics.query.columns import level_counts, numeric_values
from analytics.query.engine import Engine
from analytics.query.groups import count_groups
from analytics.sources.relation import relation
from analytics.summaries import columns, days, levels, reading
from analytics.summaries.chooser import grid_of, levels_key, numbers_key
from analytics.summaries.columns import count_columns, hours_of
from analytics.summaries.edges import bin_sorted
from analytics.summaries.grid import make_grid
from analytics.summaries.levels import counted_levels
from analytics.summaries.reading import counted_columns, counted_groups, taken_of
from analytics.summaries.recipes import group_of
from analytics.summaries.sql import numbers_sql
from tests.analytics.summaries.conftest import T0, dataset_of, put_sheet, rows_of, summarise

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture
def log(here: Engine, tmp_path: Path) -> Dataset:
    """Four parts that overlap in time, two of them in one group, and a reference."""
    parts = [rows_of(seed, 200) for seed in range(4)]
    dataset = dataset_of(tmp_path, parts, rows_of(9, 300, 2.0))
    summarise(here, dataset, lambda p: [tuple(p[:2]), *((q,) for q in p[2:3])])
    return dataset


def test_numpy_counts_as_portable_sql_does(here: Engine, log: Dataset, monkeypatch: Any) -> None:
    monkeypatch.setattr(columns, "PIECE_ROWS", 70)
    grid, kept = grid_of(here, log), log.log("predictions")
    assert grid is not None
    hours = hours_of(here, kept, kept.parts)
    assert hours is not None
    counted = count_columns(here, kept, kept.parts, hours, grid)
    sql = numbers_sql(relation(kept), grid.edges, has_version=True)
    plain: Counter[tuple[Any, ...]] = Counter()
    ends = {}
    for hour, version, name, at, n, low, high in here.rows(sql):
        plain[hour, version, name, at] += n
        if low is not None:
            before = ends.get((hour, version, name), (low, high))
            ends[hour, version, name] = (min(low, before[0]), max(high, before[1]))
    found: Counter[tuple[Any, ...]] = Counter()
    names = (*hours.versions, None)
    for name, column in counted.items():
        for i, row in enumerate(column.counts):
            at = (
                T0 + timedelta(microseconds=int(hours.period[i]) - 1704067200_000_000),
                names[hours.version[i]],
                name,
            )
            for b in np.flatnonzero(row).tolist():
                found[(*at, b)] = int(row[b])
            assert ends.get(at) == (
                None if np.isnan(column.low[i]) else (column.low[i], column.high[i])
            )
    assert found == plain
    assert sum(found.values()) == 2 * kept.n_rows


moments = st.one_of(
    st.none(),
    st.floats(-0.5, 3.5).map(lambda d: T0 + timedelta(days=d)),
    st.integers(0, 72).map(lambda h: T0 + timedelta(hours=h)),
    st.integers(0, 4).map(lambda d: T0 + timedelta(days=d)),
)
scopes = st.builds(
    lambda ends, every, version, by_version, log: Scope(
        log,
        window=Window(*sorted(ends, key=lambda t: (t is not None, t or T0)))
        if None not in ends
        else Window(*ends),
        every=every,
        version=version,
        by_version=by_version,
    ),
    st.tuples(moments, moments),
    st.sampled_from([None, "hour", "day", "week", "month"]),
    st.sampled_from([None, None, "v1", "other"]),
    st.booleans(),
    st.sampled_from(["production", "production", "reference"]),
)


@pytest.mark.parametrize("most", [0, 10**9], ids=["read", "kept"])
@given(scopes, st.permutations(range(4)))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sheets_answer_as_rows_do_whatever_the_window_and_the_order_of_parts(
    here: Engine,
    log: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    scope: Scope,
    order: list[int],
) -> None:
    monkeypatch.setattr(reading, "MOST_BINS", most)
    monkeypatch.setattr(days, "MOST_ROWS", most)
    kept = log.log("predictions")
    shuffled = replace(kept, parts=tuple(kept.parts[i] for i in order))
    dataset = replace(log, logs={**log.logs, ("production", "predictions"): shuffled})
    grid = grid_of(here, dataset)
    taken = taken_of(here, dataset, scope, columns.KIND, numbers_key(dataset))
    counts = taken_of(here, dataset, scope, levels.KIND, levels_key())
    assert grid is not None and taken is not None and counts is not None
    found = counted_columns(here, dataset, scope, grid, (["x", "y"], taken))
    plain = numeric_values(here, dataset, scope, ["x", "y"])
    for name in ("x", "y"):
        rows = {key for key, (values, missing) in plain[name].items() if len(values) + missing}
        assert {k for k, b in found[name].items() if b.counts.sum() + b.n_missing} == rows
        for key in rows:
            values, n_missing = plain[name][key]
            binned = found[name][key]
            assert binned.counts.tolist() == bin_sorted(values, grid.edges[name]).tolist()
            assert binned.n_missing == n_missing
            ends = (values[0], values[-1]) if len(values) else (np.nan, np.nan)
            assert np.array_equal((binned.low, binned.high), ends, equal_nan=True)
    asked = ["city", "prediction"]
    assert counted_levels(here, dataset, scope, asked, counts) == level_counts(
        here, dataset, scope, asked
    )
    groups = count_groups(here, dataset, scope)
    assert counted_groups(here, dataset, scope, taken) == groups


def test_parts_without_times_are_scanned(here: Engine, log: Dataset) -> None:
    kept = log.log("predictions")
    lost = replace(kept, parts=(*kept.parts[:3], replace(kept.parts[3], start=None, end=None)))
    dataset = replace(log, logs={("production", "predictions"): lost})
    assert taken_of(here, dataset, Scope(), columns.KIND, numbers_key(log)) is None
    assert taken_of(here, log, Scope(every=50), columns.KIND, numbers_key(log)) is None
    assert (
        taken_of(here, log, Scope(as_of=datetime(2024, 1, 2)), columns.KIND, numbers_key(log))
        is None
    )


def test_levels_beyond_the_commonest_are_a_tail_and_their_column_is_scanned(
    here: Engine, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(levels, "MOST", 2)
    dataset = dataset_of(tmp_path, [rows_of(5, 100)], rows_of(6, 50))
    summarise(here, dataset)
    taken = taken_of(here, dataset, Scope(), levels.KIND, levels_key())
    assert taken is not None and taken.pieces
    found = counted_levels(here, dataset, Scope(), ["city", "prediction"], taken)
    assert found == level_counts(here, dataset, Scope(), ["prediction"])


def test_a_column_that_came_later_is_scanned(here: Engine, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, [rows_of(1, 100), rows_of(2, 90)], rows_of(3, 50))
    log = dataset.log("predictions")
    before = replace(log, columns=tuple(c for c in log.columns if c != "city"))
    old = replace(dataset, logs={("production", "predictions"): before})
    for known, part, name in ((old, log.parts[0], "first"), (dataset, log.parts[1], "second")):
        group = group_of(here, known.log("predictions"), (part,))
        put_sheet(here, known, levels.KIND, [group], name)
    taken = taken_of(here, dataset, Scope(), levels.KIND, levels_key())
    assert taken is not None and len(taken.pieces) == 2
    found = counted_levels(here, dataset, Scope(every="day"), ["city", "prediction"], taken)
    assert found == level_counts(here, dataset, Scope(every="day"), ["prediction"])


def test_hours_with_few_rows_are_not_kept_but_their_days_are(
    here: Engine, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(columns, "FEW_HOUR", 20)
    dataset = dataset_of(tmp_path, [rows_of(7, 300)], rows_of(8, 50))
    made = summarise(here, dataset)
    assert [s.grains for s in made if s.file.parent.name == "production"] == [(("day",),)] * 2
    scope = Scope(window=Window(T0 + timedelta(hours=5), T0 + timedelta(hours=60)), every="day")
    taken = taken_of(here, dataset, scope, columns.KIND, numbers_key(dataset))
    assert taken is not None and taken.pieces
    assert counted_groups(here, dataset, scope, taken) == count_groups(here, dataset, scope)


@pytest.mark.parametrize("is_plain", [True, False])
def test_days_counted_at_once_are_their_hours_put_together(
    is_plain: bool, here: Engine, tmp_path: Path, monkeypatch: Any
) -> None:
    dataset = dataset_of(tmp_path, [rows_of(11, 300), rows_of(12, 90)], rows_of(13, 50))
    log, grid = dataset.log("predictions"), make_grid(here, dataset)
    hours = hours_of(here, log, log.parts)
    assert hours is not None
    days = hours.of_days()
    assert (days.n.sum(), len(days.n) < len(hours.n)) == (390, True)
    if not is_plain:
        monkeypatch.setattr(columns, "plain_columns", lambda *_given: [])
        monkeypatch.setattr(levels, "plain_columns", lambda *_given: [])
    tables, counts = [], []
    for each in (hours, days):
        found = columns.count_columns(here, log, log.parts, each, grid)
        tables.append(columns.numbers_table(0, each, found, ("day",)).to_pylist())
        table = levels.levels_table(
            0,
            each,
            levels.count_levels(here, log, log.parts, each, ["city", "prediction"]),
            ("day",),
        )
        counts.append(sorted(map(str, table.to_pylist())))
    assert repr(tables[0]) == repr(tables[1])  # NaN among them
    assert counts[0] == counts[1]


def test_rows_without_a_time_are_never_counted(here: Engine, tmp_path: Path) -> None:
    rows = rows_of(10, 20)
    rows[3]["timestamp"] = None
    kept = [r["timestamp"] for r in rows if r["timestamp"]]
    part = (
        dataset_of(tmp_path, [[r for r in rows if r["timestamp"]]], []).log("predictions").parts[0]
    )
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tests.analytics.summaries.conftest import FIELDS

    pq.write_table(pa.Table.from_pylist(rows, FIELDS), part.path)
    odd = Part(part.path, 20, "odd", min(kept), max(kept))
    assert hours_of(here, Log("predictions", (odd,), ("timestamp", "model_version")), [odd]) is None
