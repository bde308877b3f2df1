"""An engine that remembers: the same answers, each statement run once, nothing shared that may change."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from analytics.errors import FileUnreadable
from analytics.query.engine import Engine

SQL = "SELECT x, CASE WHEN x <> 2 THEN 10 * x END AS y FROM read_parquet('{}') WHERE x < $most"


def test_a_statement_is_run_once_and_answered_again(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    duckdb.sql(f"COPY (SELECT i AS x FROM range(5) r(i)) TO '{file}' (FORMAT parquet)")
    engine = Engine([tmp_path])
    knowing, sql = engine.remembering(), SQL.format(file)
    rows, arrays = knowing.rows(sql, {"most": 3}), knowing.arrays(sql, {"most": 3})
    assert rows == engine.rows(sql, {"most": 3}) == [(0, 0), (1, 10), (2, None)]
    rows.clear()
    arrays.pop("x")
    file.unlink()
    assert knowing.rows(sql, {"most": 3}) == [(0, 0), (1, 10), (2, None)]
    found = knowing.arrays(sql, {"most": 3})
    assert found["x"].tolist() == [0, 1, 2]
    assert np.ma.getmaskarray(found["y"]).tolist() == [False, False, True]
    for asks in (engine, knowing, engine.remembering()):
        with pytest.raises(FileUnreadable):
            asks.rows(sql, {"most": 4})


def test_what_is_bound_as_a_list_or_too_large_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowing, kept = Engine([tmp_path]).remembering(), [1]
    for n in (1, 2):
        kept[:] = range(n)
        assert knowing.rows("SELECT len($these)", {"these": kept}) == [(n,)]
    monkeypatch.setattr("analytics.query.engine.MOST_KNOWN", 100)
    small = Engine([tmp_path]).remembering()
    first, again = (small.rows("SELECT uuid()") for _ in range(2))
    assert first != again
