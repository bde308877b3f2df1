"""Windows of whole days added up in memory are what DuckDB says of the same files, without asking it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.core import Log, Part, Scope, Window
from analytics.query.engine import Engine
from analytics.query.frame import period_sql
from analytics.summaries import days
from analytics.summaries.days import Wanted, add_up, is_of_days, same
from analytics.summaries.reading import has_version, version_sql
from analytics.summaries.rest import sheets_sql
from analytics.summaries.spans import DAY
from analytics.summaries.store import Piece, Sheet, Summaries, Taken, tell

T0 = datetime(2023, 12, 20)
FIRST = 19_711 * DAY  # 2023-12-20
LOG = Log("predictions", columns=("timestamp", "model_version"))
WANTED = Wanted(
    "make_timestamp(period) AS timestamp, version, kind, bin, n, w, make_timestamp(last) AS last",
    (*same("kind", "bin"),),
    sums=(("n", "n"), ("w", "coalesce(w, n)"), ("few", "CASE WHEN bin < 2 THEN n ELSE 0 END")),
    exact=(("w_exact", "w"),),
    lows=(("least", "w"), ("earliest", "last")),
    highs=(("most", "w"), ("last", "last")),
    keep="kind IS DISTINCT FROM 'left out'",
)
FIELDS = pa.schema(
    [
        ("grp", pa.int32()), ("grain", pa.string()), ("period", pa.int64()),
        ("version", pa.string()), ("kind", pa.string()), ("bin", pa.int32()), ("n", pa.int64()),
        ("w", pa.float64()), ("last", pa.int64()),
    ]
)  # fmt: skip
numbers = count()
rows = st.lists(
    st.fixed_dictionaries(
        {
            "grp": st.integers(0, 2),
            "grain": st.sampled_from(["day", "day", "day", "hour"]),
            "period": st.integers(0, 45).map(lambda d: FIRST + d * DAY),
            "version": st.sampled_from(["v2", "v1", "v10", None]),
            "kind": st.sampled_from(["b", "a", None, "left out"]),
            "bin": st.integers(-1, 2),
            "n": st.integers(0, 10**12),
            "w": st.one_of(st.none(), st.floats(-1e6, 1e6)),
            "last": st.one_of(st.none(), st.integers(0, 10**15)),
        }
    ),
    min_size=12,
    max_size=40,
)
ends = st.one_of(st.none(), st.integers(-3, 50).map(lambda d: T0 + timedelta(days=d)))
scopes = st.builds(
    lambda start, end, every, version, by_version: Scope(
        window=Window(start, end), every=every, version=version, by_version=by_version
    ),
    ends,
    ends,
    st.sampled_from([None, "day", "week", "month"]),
    st.sampled_from([None, None, "v1", "v3"]),
    st.booleans(),
)


def piece_of(folder: Path, told: list[dict[str, Any]], groups: tuple[int, ...]) -> Piece:
    """A sheet of those rows, of which some groups are there still."""
    file = folder / f"sheet{next(numbers)}.parquet"
    ordered = sorted(told, key=lambda row: row["period"])
    pq.write_table(pa.Table.from_pylist(ordered, FIELDS), file)
    parts = [Part(f"{file.stem}/{i}", 1, "f", T0, T0 + timedelta(days=46)) for i in range(3)]
    sheet = Sheet(
        file, "kind", "key", file.stat().st_size, (), tuple((tell(p),) for p in parts),
        (("hour", "day"), ("day",), ("day",)),
    )  # fmt: skip
    return Piece(sheet, tuple((i, (parts[i],)) for i in groups))


def from_files(engine: Engine, taken: Taken, scope: Scope) -> list[tuple[Any, ...]]:
    """What a statement over the files says."""
    source = " UNION ALL ".join(sheets_sql(taken, scope, WANTED.columns))
    values = {}
    if has_version(LOG, scope):
        source = f"SELECT * FROM ({source}) WHERE version = $version"
        values = {"version": scope.version}
    by = f"{period_sql(scope)} AS _period", f"{version_sql(LOG, scope)} AS _version"
    return listed(engine.arrays(WANTED.sql(source, by), values))


def listed(found: Any) -> list[tuple[Any, ...]]:
    columns = [np.ma.asarray(column).tolist() for column in found.values()]
    return [
        tuple(None if value != value else value for value in row)
        for row in zip(*columns, strict=True)
    ]


@settings(max_examples=100)
@given(
    st.lists(st.tuples(rows, st.sampled_from([(0, 1, 2), (0, 2), (1,)])), min_size=1, max_size=3),
    st.lists(scopes, min_size=1, max_size=4),
)
def test_memory_says_what_the_files_say(
    own: Engine,
    tmp_path_factory: pytest.TempPathFactory,
    sheets: list[tuple[list[dict[str, Any]], tuple[int, ...]]],
    questions: list[Scope],
) -> None:
    own.summaries = Summaries()
    folder = tmp_path_factory.mktemp("sheets")
    taken = Taken(tuple(piece_of(folder, told, groups) for told, groups in sheets), ())
    for scope in questions:
        if not is_of_days(scope):  # it ends before it begins
            continue
        found = add_up(own, taken, LOG, scope, WANTED)
        assert found is not None
        read, asked = listed(found), from_files(own, taken, scope)
        # sums of nothing are nothing here, and missing there
        assert len(read) == len(asked)
        for one, other in zip(read, asked, strict=True):
            assert one[:5] == other[:5]  # period, version, keys, n
            assert one[5:8] == pytest.approx([v or 0 for v in other[5:8]], rel=1e-9, abs=1e-3)
            assert one[8:] == other[8:]


def test_a_further_window_asks_nothing(
    own: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.summaries = Summaries()
    told = [
        {"grp": 0, "grain": "day", "period": FIRST + d * DAY, "version": "v1", "kind": "a", "bin": 0, "n": d}
        for d in range(9)
    ]  # fmt: skip
    taken = Taken((piece_of(tmp_path, told, (0, 1, 2)),), ())

    def n_between(first: int, last: int) -> list[float]:
        window = Window(T0 + timedelta(days=first), T0 + timedelta(days=last))
        found = add_up(own, taken, LOG, Scope(window=window), WANTED)
        assert found is not None
        return [float(n) for n in found["n"]]

    assert n_between(0, 3) == [0 + 1 + 2]
    monkeypatch.setattr(Engine, "_run", lambda *_: pytest.fail("a statement was run"))
    assert n_between(2, 5) == [2 + 3 + 4]
    assert n_between(20, 30) == []


def test_hours_and_large_sheets_are_left_to_statements(
    own: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.summaries = Summaries()
    day = {"grp": 0, "grain": "day", "version": "v1", "kind": "a", "bin": 0, "n": 1}
    told = [{**day, "period": FIRST + d * DAY} for d in range(9)]
    taken = Taken((piece_of(tmp_path, told, (0, 1, 2)),), ())
    whole = Scope(window=Window(T0, T0 + timedelta(days=3)))
    monkeypatch.setattr(days, "MOST_ROWS", 9)
    assert add_up(own, taken, LOG, whole, WANTED) is not None
    own.summaries = Summaries()
    monkeypatch.setattr(days, "MOST_ROWS", 8)
    assert add_up(own, taken, LOG, whole, WANTED) is None
    assert not is_of_days(replace(whole, every="hour"))
    for start in (T0 + timedelta(hours=1), T0 + timedelta(minutes=5)):
        assert not is_of_days(replace(whole, window=Window(start, T0 + timedelta(days=3))))
