"""Pages never overlap, filters split the rows, one prediction stands beside its reference, files are safe."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from analytics.core import Column, Dataset, Schema, Scope, Window
from analytics.errors import LogEmpty, NameUnknown
from analytics.query.engine import Engine
from analytics.query.explore import (
    Listing,
    Page,
    export_rows,
    open_prediction,
    page_rows,
    shown_columns,
)
from analytics.query.segment import parse_segment

T0 = datetime(2024, 1, 1)
N = 137
NAN = float("nan")
NUMBERS = Schema(
    "regression",
    (
        Column("prediction_id", "prediction_id", "text"),
        Column("timestamp", "timestamp", "time"),
        Column("prediction", "prediction", "numeric"),
        Column("label", "label", "numeric"),
        Column("distance", "feature", "numeric"),
    ),
)


def prediction(i: int) -> dict[str, Any]:
    origin = [None, "JFK", "L'GA", "=SUM(A1)", "+1 and more", "-7", "@home"][i % 7]
    return {
        "row": i,
        "prediction_id": f"p{i:03d}",
        "timestamp": T0 + timedelta(hours=i // 3),  # ties
        "model_version": "v1" if i < 80 else "v2",
        "prediction": None if i % 11 == 0 else str(i % 2),
        "score": (i % 10) / 10,
        "distance": None if i % 13 == 0 else NAN if i % 17 == 0 else float(i * 37 % 101),
        "origin": origin,
    }


def label(i: int) -> dict[str, Any]:
    known_at = T0 + timedelta(hours=i // 3 + 1)
    return {"prediction_id": f"p{i:03d}", "label": str(i % 3 % 2), "known_at": known_at}


@pytest.fixture
def dataset(build: Callable[..., Dataset]) -> Dataset:
    """137 rows in two parts with ties, NULL and NaN; two of three labelled; itself the reference."""
    rows = [prediction(i) for i in range(N)]
    labels = [label(i) for i in range(N) if i % 3]
    found = build([rows[:50], rows[50:]], [labels])
    reference = {("reference", kind): log for (_name, kind), log in found.logs.items()}
    return replace(found, logs={**found.logs, **reference})  # type: ignore[dict-item]


def ids(page: Page) -> list[str]:
    return [row[0] for row in page.rows]


@pytest.mark.parametrize("order", ["timestamp", "score", "distance", "origin", "label"])
@pytest.mark.parametrize("is_descending", [True, False])
def test_pages_never_overlap_and_miss_nothing(
    engine: Engine, dataset: Dataset, order: str, is_descending: bool
) -> None:
    seen: list[str] = []
    for at in range(0, N, 20):
        page = page_rows(engine, dataset, Scope(), Listing(order, is_descending, "all", at, 20))
        assert page.n == N
        seen += ids(page)
    assert len(seen) == N and len(set(seen)) == N


@pytest.mark.parametrize("is_descending", [True, False])
def test_rows_come_in_order_with_nothing_last(
    engine: Engine, dataset: Dataset, is_descending: bool
) -> None:
    page = page_rows(engine, dataset, Scope(), Listing("origin", is_descending, number=500))
    found = [row[page.columns.index("origin")] for row in page.rows]
    known = [value for value in found if value is not None]
    assert known == sorted(known, reverse=is_descending)
    assert found == known + [None] * (N - len(known))


def test_the_filters_split_the_rows(engine: Engine, dataset: Dataset) -> None:
    def rows(only: Any) -> list[dict[str, Any]]:
        page = page_rows(engine, dataset, Scope(), Listing(only=only, number=500))
        assert page.n == len(page.rows)
        return [dict(zip(page.columns, row, strict=True)) for row in page.rows]

    everything, wrong, unlabelled = rows("all"), rows("wrong"), rows("unlabelled")
    assert all(r["label"] not in (None, r["prediction"]) and r["prediction"] for r in wrong)
    assert all(r["label"] is None for r in unlabelled)
    names = {r["prediction_id"] for r in wrong} | {r["prediction_id"] for r in unlabelled}
    rest = [r for r in everything if r["prediction_id"] not in names]
    assert all(r["prediction"] in (None, r["label"]) for r in rest)
    assert len(wrong) + len(unlabelled) + len(rest) == N and wrong and unlabelled and rest
    assert rows("errors") == []  # the log has no status


def test_errors_are_rows_whose_status_is_not_ok(
    engine: Engine, build: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    conftest_types = build.__globals__["TYPES"]
    monkeypatch.setitem(conftest_types, "status", "VARCHAR")
    states = ["ok", "error", None, "timeout"]
    rows = [{**prediction(i), "status": states[i % 4]} for i in range(8)]
    page = page_rows(engine, build([rows]), Scope(), Listing(only="errors"))
    assert sorted(ids(page)) == ["p001", "p003", "p005", "p007"]


def test_a_regressions_wrong_rows_miss_by_more_than_half(
    engine: Engine, build: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    types = build.__globals__["TYPES"]
    monkeypatch.setitem(types, "prediction", "DOUBLE")
    monkeypatch.setitem(types, "label", "DOUBLE")
    rows = [{**prediction(i), "prediction": float(i)} for i in range(41)]
    labels = [{"prediction_id": f"p{i:03d}", "label": i + (i % 5)} for i in range(40)]
    page = page_rows(
        engine, build([rows], [labels], NUMBERS), Scope(), Listing(only="wrong", number=500)
    )
    misses = np.array([i % 5 for i in range(40)])
    assert page.n == int((misses > np.median(misses)).sum())


def test_windows_and_segments_count(engine: Engine, dataset: Dataset) -> None:
    scope = Scope(window=Window(T0 + timedelta(hours=5), T0 + timedelta(hours=9)))
    assert page_rows(engine, dataset, scope).n == 12
    segment = parse_segment("origin = 'L''GA'", dataset.schema)
    page = page_rows(engine, dataset, replace(scope, segment=segment))
    assert page.n == sum(i % 7 == 2 for i in range(15, 27))


def test_without_timestamps_pages_still_never_overlap(
    engine: Engine, build: Callable[..., Dataset]
) -> None:
    rows = [{k: v for k, v in prediction(i).items() if k != "timestamp"} for i in range(30)]
    dataset = build([rows])
    assert "timestamp" not in shown_columns(dataset)
    pages = [
        page_rows(engine, dataset, Scope(), Listing(is_descending=False, at=at, number=10))
        for at in (0, 10, 20)
    ]
    assert [name for page in pages for name in ids(page)] == [f"p{i:03d}" for i in range(30)]


def test_a_column_that_is_not_shown_cannot_order(engine: Engine, dataset: Dataset) -> None:
    for name in ("row", "distance; DROP TABLE rows", ""):
        with pytest.raises(NameUnknown):
            page_rows(engine, dataset, Scope(), Listing(name))


def test_a_sensitive_column_is_nowhere(engine: Engine, dataset: Dataset, tmp_path: Path) -> None:
    columns = tuple(
        replace(c, is_sensitive=True) if c.name == "origin" else c for c in dataset.schema.columns
    )
    masked = replace(dataset, schema=replace(dataset.schema, columns=columns)).without_sensitive()
    assert "origin" not in page_rows(engine, masked, Scope()).columns
    found = open_prediction(engine, masked, "p001")
    assert "origin" not in found.row
    assert [p.column.name for p in found.places] == ["distance"]
    export_rows(engine, masked, Scope(), tmp_path / "x.csv", "csv")
    assert "JFK" not in (tmp_path / "x.csv").read_text()
    with pytest.raises(NameUnknown):
        page_rows(engine, masked, Scope(), Listing("origin"))


def test_a_number_stands_where_numpy_puts_it(engine: Engine, dataset: Dataset) -> None:
    values = [prediction(i)["distance"] for i in range(N)]
    known = np.array([v for v in values if v is not None and v == v])
    for i in (1, 5, 100):
        place = next(
            p
            for p in open_prediction(engine, dataset, f"p{i:03d}").places
            if p.column.name == "distance"
        )
        assert place.n == N
        assert place.share_below == pytest.approx((known < values[i]).mean())


def test_a_text_stands_with_its_share(engine: Engine, dataset: Dataset) -> None:
    found = open_prediction(engine, dataset, "p001")
    place = next(p for p in found.places if p.column.name == "origin")
    assert place.share_below is None
    assert place.share_same == pytest.approx(sum(i % 7 == 1 for i in range(N)) / N)


def test_without_a_reference_a_value_stands_alone(engine: Engine, dataset: Dataset) -> None:
    alone = replace(dataset, logs={k: v for k, v in dataset.logs.items() if k[0] == "production"})
    places = open_prediction(engine, alone, "p001").places
    assert {(p.share_below, p.share_same, p.n) for p in places} == {(None, None, 0)}


def test_every_label_of_a_prediction_comes_in_order(
    engine: Engine, build: Callable[..., Dataset]
) -> None:
    late, early = label(1), {**label(1), "label": "0", "known_at": T0}
    found = open_prediction(engine, build([[prediction(1)]], [[late, early]]), "p001")
    assert [row["label"] for row in found.labels] == ["0", "1"]


def test_an_id_that_is_not_there_is_explained(
    engine: Engine, dataset: Dataset, build: Callable[..., Dataset]
) -> None:
    with pytest.raises(NameUnknown, match="There is no prediction"):
        open_prediction(engine, dataset, "x' OR '1'='1")
    with pytest.raises(LogEmpty):
        open_prediction(engine, build([]), "p001")
    with pytest.raises(LogEmpty):
        export_rows(engine, build([]), Scope(), Path("never.csv"), "csv")


@pytest.mark.parametrize("window", [Window(), Window(T0, T0 + timedelta(hours=9))])
def test_an_export_holds_what_the_pages_show(
    engine: Engine, dataset: Dataset, tmp_path: Path, window: Window
) -> None:
    scope = Scope(window=window)
    shown = page_rows(engine, dataset, scope, Listing(number=500))
    taken = tmp_path / "rows.parquet"
    assert export_rows(engine, dataset, scope, taken, "parquet") == shown.n
    rows = duckdb.sql(f"SELECT * FROM '{taken}'").fetchall()
    assert {str(row) for row in rows} == {str(row) for row in shown.rows}
    assert export_rows(engine, dataset, scope, tmp_path / "rows.csv", "csv") == shown.n
    with (tmp_path / "rows.csv").open() as file:
        found = list(csv.DictReader(file))
    assert len(found) == shown.n and tuple(found[0]) == shown.columns


def test_no_cell_of_a_csv_runs_as_a_formula(
    engine: Engine, dataset: Dataset, tmp_path: Path
) -> None:
    export_rows(engine, dataset, Scope(), tmp_path / "rows.csv", "csv")
    with (tmp_path / "rows.csv").open() as file:
        origins = {row["origin"] for row in csv.DictReader(file)}
    assert origins == {"", "JFK", "L'GA", "'=SUM(A1)", "'+1 and more", "-7", "'@home"}


def test_no_header_of_a_csv_runs_as_a_formula(
    build: Callable[..., Dataset], engine: Engine, tmp_path: Path
) -> None:
    name = "=cmd|'/c calc'!A1"
    found = build([[{**prediction(i), name: float(i)} for i in range(5)]], [])
    schema = replace(
        found.schema, columns=(*found.schema.columns, Column(name, "feature", "numeric"))
    )
    export_rows(engine, replace(found, schema=schema), Scope(), tmp_path / "rows.csv", "csv")
    header = (tmp_path / "rows.csv").read_text().splitlines()[0]
    assert f"'{name}" in header
    assert f",{name}" not in header
