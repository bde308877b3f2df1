"""The logged rows nearest to one that got another answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.core import Column, Dataset, Scope
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name

TYPES = ("numeric", "categorical", "boolean")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A row near another: its id, what was said of it, how far it is, and its features' values."""

    prediction_id: str
    said: Any
    label: Any
    distance: float
    values: Mapping[str, Any]


def feature_scales(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[Column]
) -> dict[str, float]:
    """The width of the middle 90 % of each number, 1 where that is nothing."""
    names = [c.name for c in columns if c.type == "numeric"]
    rows = frame(dataset, scope, names)
    if rows is None or not names:
        return {}
    picks = ", ".join(
        f"quantile_cont(nullif(CAST({quote_name(n)} AS DOUBLE), 'nan'::DOUBLE), [0.05, 0.95])"
        for n in names
    )
    found = engine.rows(rows.select(f"SELECT {picks} FROM rows"), rows.values)[0]
    widths = [float(ends[1] - ends[0]) if ends else 0.0 for ends in found]
    return {n: width if width > 0 else 1.0 for n, width in zip(names, widths, strict=True)}


def nearest_other(
    engine: Engine, dataset: Dataset, scope: Scope, row: Mapping[str, Any], most: int = 5
) -> list[Neighbour]:
    """The rows of the scope nearest to ``row`` whose prediction is another class (or, of a
    regression, further off than the middle half of predictions is wide), the nearest first.

    The distance is Gower's: the mean over features of the difference of numbers over the width of
    their middle 90 % in the reference, at most 1, and 0 or 1 for categories and missing values.
    """
    features = [c for c in dataset.schema.features if c.type in TYPES and c.name in row]
    rows = frame(
        dataset, scope, ("prediction", "score", *(c.name for c in features)), with_labels=True
    )
    if rows is None or not features:
        return []
    reference = Scope("reference") if dataset.log("predictions", "reference").parts else scope
    scales = feature_scales(engine, dataset, reference, features)
    values = dict(rows.values)
    pieces = [_piece(c, i, row[c.name], scales, values) for i, c in enumerate(features)]
    said, other = _other(dataset, row, values)
    values |= {"me": row["prediction_id"], "most": most}
    picks = ", ".join(quote_name(c.name) for c in features)
    sql = rows.select(
        f"SELECT prediction_id, _said, label, _far, {picks} FROM (SELECT *, {said} AS _said,"
        f" ({' + '.join(pieces)}) / {len(features)} AS _far FROM rows"
        f" WHERE prediction_id <> $me AND {other}) ORDER BY _far, prediction_id LIMIT $most"
    )
    names = [c.name for c in features]
    return [
        Neighbour(str(name), said, label, float(distance), dict(zip(names, rest, strict=True)))
        for name, said, label, distance, *rest in engine.rows(sql, values)
    ]


def _piece(
    column: Column, i: int, mine: Any, scales: Mapping[str, float], values: dict[str, Any]
) -> str:
    """How far a row is from mine in one feature, between 0 and 1."""
    name = quote_name(column.name)
    is_missing = mine is None or mine != mine
    if column.type == "numeric":
        theirs = f"nullif(CAST({name} AS DOUBLE), 'nan'::DOUBLE)"
        if is_missing:
            return f"({theirs} IS NOT NULL)::INT"
        values[f"f{i}"] = float(mine)
        far = f"least(abs({theirs} - $f{i}) / {scales.get(column.name, 1.0)!r}, 1)"
        return f"CASE WHEN {theirs} IS NULL THEN 1 ELSE {far} END"
    values[f"f{i}"] = None if is_missing else str(mine)
    return f"(CAST({name} AS VARCHAR) IS DISTINCT FROM CAST($f{i} AS VARCHAR))::INT"


def _other(dataset: Dataset, row: Mapping[str, Any], values: dict[str, Any]) -> tuple[str, str]:
    """SQL of what was said of a row, and whether that is another answer than mine."""
    if dataset.schema.task == "regression":
        values["mine"] = row.get("prediction")
        wide = (
            "(SELECT quantile_cont(prediction, 0.75) - quantile_cont(prediction, 0.25) FROM rows)"
        )
        return "prediction", f"abs(prediction - $mine) > {wide}"
    said = predicted_class(dataset)
    values["mine"] = row.get("prediction")
    if values["mine"] is None and dataset.schema.threshold is not None and row.get("score"):
        negative = next(c for c in dataset.schema.classes if c != dataset.schema.positive)
        is_positive = float(row["score"]) >= dataset.schema.threshold
        values["mine"] = dataset.schema.positive if is_positive else negative
    return said, f"{said} IS NOT NULL AND {said} <> $mine"
