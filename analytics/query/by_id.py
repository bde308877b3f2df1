"""Some rows of the log by their ids: what the model saw, and what it said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.core import Dataset, Scope
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.performance import predicted_class
from analytics.sources.relation import canonical_text, quote_name, relation

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One row: its features by name, and {"prediction", "score", "scores"} of what the model said."""

    prediction_id: str
    model_version: str | None
    timestamp: Any
    data: dict[str, Any]
    said: dict[str, Any]


def rows_by_id(engine: Engine, dataset: Dataset, ids: Sequence[str]) -> dict[str, Seen]:
    """The rows with these ids, by id; those that the log does not have are absent."""
    log = dataset.log("predictions")
    present = set(log.columns)
    features = [c.name for c in dataset.schema.features if c.name in present]
    scores = [f"score_{c.class_name}" for c in dataset.schema.columns if c.class_name is not None]
    scores = [name for name in scores if name in present and name.startswith("score_")]
    wanted = ("score", *scores, *features)
    rows = frame(dataset, Scope(), ("prediction", *wanted))
    found: dict[str, Seen] = {}
    if rows is None:
        return found
    said = predicted_class(dataset)
    picks = ", ".join(map(quote_name, wanted))
    sql = rows.select(
        f"SELECT prediction_id, model_version, timestamp, {said}, {picks} FROM rows"
        " WHERE list_contains($ids, prediction_id)"
    )
    for at in range(0, len(ids), AT_ONCE):
        for row in engine.rows(sql, {**rows.values, "ids": list(ids[at : at + AT_ONCE])}):
            number, version, moment, answer, score, *rest = row
            by_class = dict(zip(scores, rest, strict=False))
            found[number] = Seen(
                number,
                version,
                moment,
                dict(zip(features, rest[len(scores) :], strict=True)),
                {
                    "prediction": answer,
                    "score": score,
                    "scores": {name.removeprefix("score_"): s for name, s in by_class.items()},
                },
            )
    return found


def corrections(engine: Engine, dataset: Dataset) -> dict[str, str]:
    """What users said instead, the last word of each prediction; empty without such feedback."""
    log = dataset.log("feedback")
    if not log.parts or not {"prediction_id", "correction"} <= set(log.columns):
        return {}
    order = next((c for c in ("created_at", "received_at") if c in log.columns), "row")
    rows = engine.rows(
        f"SELECT prediction_id, arg_max(correction, {order}) FROM {relation(log)}"
        " WHERE prediction_id IS NOT NULL AND correction IS NOT NULL GROUP BY 1"
    )
    return {str(number): str(said) for number, said in rows}


def said_by(engine: Engine, dataset: Dataset, ids: Sequence[str]) -> dict[str, Any]:
    """What another model answered on the rows with these ids."""
    rows = frame(dataset, Scope(), ("prediction", "score"))
    if rows is None:
        return {}
    sql = rows.select(
        f"SELECT prediction_id, {predicted_class(dataset)} FROM rows"
        " WHERE list_contains($ids, prediction_id)"
    )
    return dict(engine.rows(sql, {**rows.values, "ids": list(ids)}))


def labels_by_id(
    engine: Engine, dataset: Dataset, ids: Sequence[str]
) -> set[tuple[str, str | None, Any, str]]:
    """(prediction, label as text, moment, source) of every label row of these predictions."""
    log = dataset.log("labels")
    names = ("prediction_id", "label", "known_at", "source")
    if not log.parts or not set(names) <= set(log.columns):
        return set()
    sql = f"SELECT {', '.join(names)} FROM {relation(log)} WHERE list_contains($ids, prediction_id)"
    found: set[tuple[str, str | None, Any, str]] = set()
    for at in range(0, len(ids), AT_ONCE):
        for number, label, moment, source in engine.rows(
            sql, {"ids": list(ids[at : at + AT_ONCE])}
        ):
            text = None if label is None else canonical_text(label)
            found.add((number, text, moment, source))
    return found
