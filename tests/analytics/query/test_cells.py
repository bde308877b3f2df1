"""Where a search cuts the numbers of a long log: a sample's quarters are the log's, near enough."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from analytics.core import Column, Cut, Dataset, Log, Part, Schema, Scope, Segment
from analytics.query import cells
from analytics.query.cells import cut_columns
from analytics.query.engine import Engine
from analytics.query.segment import parse_segment

DAYS, ROWS = 50, 6_000
COLUMNS = (Column("x", "feature", "numeric"), Column("k", "feature", "categorical"))


def value_sql(day: int) -> str:
    """Numbers that move with the days and with the day of the week."""
    return f"({day} / 50.0 + ({day} % 7 = 0)::INT + hash(i, {day}) % 1000 / 1000.0)"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Dataset]:
    """Fifty parts of 6,000 rows; version b served on one of the days alone."""
    folder = tmp_path_factory.mktemp("cells")
    parts = []
    for day in range(DAYS):
        path = folder / f"date=none/part{day:02d}.parquet"
        path.parent.mkdir(exist_ok=True)
        duckdb.execute(
            f"COPY (SELECT i AS row, 'p{day}-' || i AS prediction_id, {value_sql(day)} AS x,"
            f" 'k' || i % 3 AS k, '{'b' if day == 13 else 'a'}' AS model_version"
            f" FROM range({ROWS}) r(i)) TO '{path}' (FORMAT parquet)"
        )
        parts.append(Part(str(path), ROWS, str(day)))
    names = ("row", "prediction_id", "x", "k", "model_version")
    dataset = Dataset(
        "cells",
        Schema("none", COLUMNS),
        {("production", "predictions"): Log("predictions", tuple(parts), names, True)},
        "cells",
    )
    return Engine([folder]), dataset


def shares_below(log: tuple[Engine, Dataset], scope: Scope, where: str) -> list[float]:
    """The share of all rows at or below each edge that a search cuts at."""
    engine, dataset = log
    edges = cut_columns(engine, dataset, scope, COLUMNS, n_fine=4)[0].edges
    picks = ", ".join(f"avg((x <= {edge!r})::INT)" for edge in edges)
    paths = [part.path for part in dataset.log("predictions").parts]
    found = duckdb.execute(f"SELECT {picks} FROM read_parquet({paths!r}) WHERE {where}")
    return [float(share) for share in found.fetchall()[0]]


def test_quarters_of_a_sample_are_those_of_the_log(log: tuple[Engine, Dataset]) -> None:
    assert np.allclose(shares_below(log, Scope(), "true"), [0.25, 0.5, 0.75], atol=0.03)


def test_a_version_of_one_day_is_cut_at_its_own_quarters(log: tuple[Engine, Dataset]) -> None:
    found = shares_below(log, Scope(version="b"), "model_version = 'b'")
    assert np.allclose(found, [0.25, 0.5, 0.75], atol=0.03)


def test_a_segment_is_cut_at_its_own_quarters(log: tuple[Engine, Dataset]) -> None:
    segment = parse_segment("x > 1.9", log[1].schema)
    assert isinstance(segment, Segment)
    found = shares_below(log, Scope(segment=segment), "x > 1.9")
    assert np.allclose(found, [0.25, 0.5, 0.75], atol=0.05)


def test_levels_are_counted_in_all_rows(log: tuple[Engine, Dataset]) -> None:
    engine, dataset = log
    assert cut_columns(engine, dataset, Scope(), COLUMNS, n_fine=4)[1].levels == ("k0", "k1", "k2")


def test_cells_of_a_long_log_lie_beside_the_exact_ones(
    log: tuple[Engine, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, dataset = log
    paths = [part.path for part in dataset.log("predictions").parts]
    source = f"read_parquet({paths!r})"
    exact = duckdb.execute(f"SELECT quantile_cont(x, [0.25, 0.5, 0.75]) FROM {source}")
    numbers, levels = cut_columns(engine, dataset, Scope(), COLUMNS)
    assert np.allclose(numbers.edges, exact.fetchall()[0][0], rtol=1e-12)
    monkeypatch.setattr(cells, "LONG", DAYS * ROWS)
    near, counted = cut_columns(engine, dataset, Scope(), COLUMNS)
    assert near.edges != numbers.edges  # of a sample
    picks = ", ".join(f"avg((x <= {edge!r})::INT)" for edge in near.edges)
    found = duckdb.execute(f"SELECT {picks} FROM {source}").fetchall()[0]
    assert np.allclose(found, [0.25, 0.5, 0.75], atol=0.03)
    assert counted.levels == levels.levels


def test_the_place_of_a_cell_is_its_code() -> None:
    values: dict[str, object] = {}
    cuts = (
        Cut("x", (0.5, 1e300)),
        Cut("x", (-1.0, 0.0, 2.5)),
        Cut("k", levels=("a", "it's")),
        Cut("k"),
    )
    picks = ", ".join(
        f"{cells.cell_sql(cut, values, f'c{i}')}, {cells.place_sql(cut, values, f'p{i}')}"
        for i, cut in enumerate(cuts)
    )
    numbers = (
        "(VALUES (NULL), ('nan'), ('-1'), ('-0.0'), ('0.5'), ('3'), ('inf'), ('-inf')) AS n(x)"
    )
    rows = duckdb.execute(
        f"SELECT {picks} FROM (SELECT CAST(x AS DOUBLE) AS x, k FROM {numbers}"
        " CROSS JOIN (VALUES ('a'), ('it''s'), ('b'), (''), (NULL)) AS l(k))",
        values,
    ).fetchall()
    assert len(rows) == 40
    for i, cut in enumerate(cuts):
        known = cells.codes_of(cut)
        assert [row[2 * i] for row in rows] == [known[row[2 * i + 1]] for row in rows]
        assert len({row[2 * i] for row in rows}) > 1
