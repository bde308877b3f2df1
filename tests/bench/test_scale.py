"""The benchmarks of size: rows are the same in whatever order they are made, and a section stays in its marks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from bench.fifty import slope
from bench.generated import DAYS, START, bounds, labels_sql, make_log, read_log, rows_sql
from bench.machine import put_section, ratio_text
from bench.peers import FLOOR, PAIRS, Took, page

N = 5_000


def test_days_hold_every_row_once_and_the_same_each_time(tmp_path: Path) -> None:
    made = make_log(tmp_path / "log", N)
    parts = made.log("predictions").parts
    assert sum(part.n_rows for part in parts) == N == bounds(N, 49)[1]
    files = f"read_parquet('{tmp_path}/log/predictions/*/*.parquet')"
    assert len(duckdb.sql(f"DESCRIBE FROM {files}").fetchall()) == 34
    whole = rows_sql(N, 0, N)
    there = f"(SELECT * EXCLUDE (date) FROM {files})"
    assert duckdb.sql(f"SELECT count(*) FROM ({whole} EXCEPT ALL FROM {there})").fetchall() == [
        (0,)
    ]
    (n, mean, low, high), *_ = duckdb.sql(
        f"SELECT count(DISTINCT prediction_id), avg(f00), min(f00), max(f00) FROM {files}"
    ).fetchall()
    assert n == N
    assert mean == pytest.approx(0.5 + 2 * 0.693147 - 1, abs=0.02)  # of u + ln(1 + v)
    assert 0 < low < 0.1 and 1.5 < high < 1.7
    known = f"SELECT count(*) FROM ({labels_sql(N, 0, N)}) WHERE label IN ('0', '1')"
    assert duckdb.sql(known).fetchall() == [(N,)]
    assert read_log(tmp_path / "log", N).log("labels").n_rows == N


def test_the_last_row_of_a_long_log_stands_within_its_days() -> None:
    n = 100_000_000
    ((last,),) = duckdb.sql(f"SELECT timestamp FROM ({rows_sql(n, n - 1, n)})").fetchall()
    assert timedelta(0) < START + timedelta(days=DAYS) - last < timedelta(seconds=1)


def test_a_section_stays_within_its_marks(tmp_path: Path) -> None:
    text = "# Page\n\n<!-- begin: a -->\nold\n<!-- end: a -->\n\nrest\n"
    path = tmp_path / "page.md"
    path.write_text(text)
    put_section("a", "new", path)
    assert path.read_text() == text.replace("old", "new")
    with pytest.raises(SystemExit):
        put_section("b", "new", path)


def test_growth_is_a_share_of_the_median_day() -> None:
    assert slope([{"cpu_s": 2.0}] * 5) == 0
    assert slope([{"cpu_s": c} for c in (1.0, 2.0, 3.0)]) == pytest.approx(1.0)
    assert slope([{"cpu_s": 1.0}]) == 0


def test_ratios_are_of_the_same_round() -> None:
    ours, theirs = PAIRS[0]
    assert theirs == FLOOR
    found = [
        Took(job, 100, wall, cpu, 50.0)
        for job, walls in ((ours, (2.0, 6.0, 4.0)), (theirs, (1.0, 1.0, 4.0)))
        for wall, cpu in zip(walls, (1.0, 1.0, 1.0), strict=True)
    ]
    lines = page(found).splitlines()
    assert f"| 100 | {ours} | {theirs} | 2.000 (1.000 to 6.000) | 1.000 (1.000 to 1.000) |" in lines
    assert (
        f"| 100 | {ours} | {ratio_text([2, 6, 4], 2)} | 1.00 (1.00 to 1.00) | 50 (50 to 50) | 3 |"
        in lines
    )
