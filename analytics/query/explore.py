"""Rows as they are: a page of them, one prediction with its history, and files to take away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from analytics.core import Column, Dataset, Scope
from analytics.errors import LogEmpty, NameUnknown
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name, quote_text, relation

MAX_PAGE = 500
FORMULA = ("=", "+", "@", "-", "\t", "\r")  # how a spreadsheet's formula begins
Only = Literal["all", "wrong", "unlabelled", "errors"]
_FIRST = (
    "prediction_id",
    "timestamp",
    "model_version",
    "prediction",
    "score",
    "latency_ms",
    "status",
    "error_type",
    "error_message",
)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a scope: column names, rows, and how many rows there are in all."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    n: int


def shown_columns(dataset: Dataset) -> tuple[str, ...]:
    """The columns that a row is shown with: what the log always has, scores, then features."""
    present = set(dataset.log("predictions").columns)
    scores = [f"score_{c.class_name}" for c in dataset.schema.columns if c.class_name]
    features = [c.name for c in dataset.schema.features]
    chosen = [c for c in (*_FIRST, *scores, *features) if c in present]
    return tuple(dict.fromkeys(chosen))


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows are listed and how: ``order`` by a shown column, ``only`` some, ``at`` an offset."""

    order: str = "timestamp"
    is_descending: bool = True
    only: Only = "all"
    at: int = 0
    number: int = 50


def page_rows(engine: Engine, dataset: Dataset, scope: Scope, listing: Listing = Listing()) -> Page:
    """Some rows of a scope with their settled labels, and how many there are in all.

    Ties of the order are broken by the log's order, so that pages never overlap. Raises
    NameUnknown for a column that is not shown.
    """
    order = listing.order
    columns = shown_columns(dataset)
    if order not in (*columns, "label"):
        if order != "timestamp":
            raise NameUnknown(
                f"Rows cannot be ordered by {order!r}.", "", f"Choose of: {', '.join(columns)}."
            )
        order = "row"  # a log without times stands in file order
    rows = frame(dataset, scope, columns, with_labels=True)
    if rows is None:
        return Page((*columns, "label"), [], 0)
    picks = ", ".join(quote_name(c) for c in (*columns, "label"))
    direction = "DESC NULLS LAST" if listing.is_descending else "ASC NULLS LAST"
    where = f"FROM rows WHERE {_only(dataset, listing.only)}"
    number = min(max(1, listing.number), MAX_PAGE)
    sql = rows.select(
        f"SELECT {picks} {where} ORDER BY {quote_name(order)} {direction}, timestamp, row, prediction_id"
        f" LIMIT {number} OFFSET {max(0, listing.at)}"
    )
    found = engine.rows(sql, rows.values)
    total = engine.rows(rows.select(f"SELECT count(*) {where}"), rows.values)[0][0]
    return Page((*columns, "label"), found, int(total))


def _only(dataset: Dataset, only: Only) -> str:
    """The condition of a listing; a regression's wrong rows miss by more than half of the rows do."""
    present = dataset.log("predictions").columns
    if only == "wrong" and dataset.schema.task == "regression":
        return "abs(prediction - label) > (SELECT median(abs(prediction - label)) FROM rows)"
    if only == "wrong":
        predicted = predicted_class(dataset)
        return f"label IS NOT NULL AND {predicted} IS NOT NULL AND {predicted} <> label"
    if only == "unlabelled":
        return "label IS NULL"
    if only == "errors":
        return "status IS NOT NULL AND status <> 'ok'" if "status" in present else "false"
    return "true"


@dataclass(frozen=True, slots=True)
class FeaturePlace:
    """Where one value stands in the reference.

    ``share_below`` is the share of the reference's values below it (numeric), ``share_same`` the
    share of its rows with the same value; both over ``n`` rows, None without a reference.
    """

    column: Column
    value: Any
    share_below: float | None
    share_same: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction: its row, its features beside the reference, and every label it ever had."""

    row: dict[str, Any]
    places: tuple[FeaturePlace, ...]
    labels: list[dict[str, Any]]


def open_prediction(engine: Engine, dataset: Dataset, prediction_id: str) -> Prediction:
    """One prediction by id; NameUnknown when the log has none of that id."""
    columns = shown_columns(dataset)
    log = dataset.log("predictions")
    if not log.parts:
        raise LogEmpty(
            f"{dataset.model} has no predictions.", "", "Import some on the page Add data."
        )
    picks = ", ".join(map(quote_name, columns))
    found = engine.rows(
        f"SELECT {picks} FROM {relation(log)} WHERE prediction_id = $id LIMIT 1",
        {"id": prediction_id},
    )
    if not found:
        raise NameUnknown(
            f"There is no prediction {prediction_id!r} in the log of {dataset.model}.",
            "Ids are text and must match exactly.",
            "Look it up on the page Explore.",
        )
    row = dict(zip(columns, found[0], strict=True))
    places = _places(engine, dataset, row)
    return Prediction(row, places, _label_history(engine, dataset, prediction_id))


def _places(engine: Engine, dataset: Dataset, row: dict[str, Any]) -> tuple[FeaturePlace, ...]:
    features = [c for c in dataset.schema.features if c.name in row]
    reference = frame(dataset, Scope("reference"), [c.name for c in features])
    if reference is None or not features:
        return tuple(FeaturePlace(c, row[c.name], None, None, 0) for c in features)
    values, tallies = dict(reference.values), []
    for i, column in enumerate(features):
        values[f"v{i}"] = row[column.name]
        name = quote_name(column.name)
        below = f"count(*) FILTER ({name} < $v{i})" if column.type == "numeric" else "NULL"
        same = f"count(*) FILTER ({name} IS NOT DISTINCT FROM $v{i})"
        present = f"count(*) FILTER (isfinite({name}))" if column.type == "numeric" else "NULL"
        tallies.append(f"{below}, {same}, {present}")
    counted = engine.rows(
        reference.select(f"SELECT count(*), {', '.join(tallies)} FROM rows"), values
    )[0]
    total = int(counted[0])
    places = []
    for i, column in enumerate(features):
        below, same, present = counted[1 + 3 * i : 4 + 3 * i]
        share = (
            below / present
            if below is not None and present and row[column.name] is not None
            else None
        )
        places.append(
            FeaturePlace(column, row[column.name], share, same / total if total else None, total)
        )
    return tuple(places)


def _label_history(engine: Engine, dataset: Dataset, prediction_id: str) -> list[dict[str, Any]]:
    log = dataset.log("labels")
    if not log.parts:
        return []
    columns = [
        c
        for c in ("label", "known_at", "source", "queue", "sampling_p", "received_at")
        if c in log.columns
    ]
    order = "known_at" if "known_at" in columns else "label"
    rows = engine.rows(
        f"SELECT {', '.join(columns)} FROM {relation(log)} WHERE prediction_id = $id ORDER BY {order}",
        {"id": prediction_id},
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def export_rows(
    engine: Engine, dataset: Dataset, scope: Scope, target: Path, kind: Literal["csv", "parquet"]
) -> int:
    """Write all rows of a scope with their labels to ``target``; the number of rows written.

    In CSV a text or a column's name that a spreadsheet would run as a formula is written with a leading apostrophe.
    """
    columns = (*shown_columns(dataset), "label")
    rows = frame(dataset, scope, columns, with_labels=True)
    if rows is None:
        raise LogEmpty("There are no rows to take away.", "", "Choose a wider window or segment.")
    numeric = {c.name for c in dataset.schema.features if c.type == "numeric"}
    picks = ", ".join(exported(c, kind, c in numeric) for c in columns)
    options = "FORMAT csv, HEADER" if kind == "csv" else "FORMAT parquet, COMPRESSION zstd"
    order = "timestamp, row, prediction_id"
    statement = rows.select(f"SELECT {picks} FROM rows ORDER BY {order}")
    sql = f"COPY ({statement}) TO {quote_text(str(target))} ({options})"
    return int(engine.rows(sql, rows.values)[0][0])


def exported(column: str, kind: str, is_number: bool) -> str:
    """A column as it is written to a file: in CSV nothing that a spreadsheet would run."""
    name = quote_name(column)
    if kind == "parquet":
        return name
    header = quote_name(f"'{column}" if column.startswith(FORMULA) else column)
    if is_number:
        return f"{name} AS {header}"
    text = f"CAST({name} AS VARCHAR)"
    risky = f"regexp_matches({text}, '^[=+@\\t\\r-]') AND TRY_CAST({text} AS DOUBLE) IS NULL"
    return f"CASE WHEN {risky} THEN '''' || {text} ELSE {text} END AS {header}"
