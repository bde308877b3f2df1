"""Labelled rows to train on: features, label, weight, and where the label came from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from analytics.core import Dataset, Scope
from analytics.errors import LogEmpty
from analytics.query.engine import Engine
from analytics.query.explore import exported
from analytics.query.frame import frame
from analytics.sources.relation import quote_name, quote_text, relation

ABOUT = ("weight", "label_source", "label_queue", "label_sampling_p", "label_known_at")
Format = Literal["parquet", "csv"]


def training_columns(dataset: Dataset) -> tuple[str, ...]:
    """The columns of a training set before those about the label."""
    present = set(dataset.log("predictions").columns)
    features = [c.name for c in dataset.schema.features if c.name in present]
    return ("prediction_id", "timestamp", "model_version", *features, "prediction", "label")


def write_training(
    engine: Engine, dataset: Dataset, scope: Scope, target: Path, kind: Format
) -> int:
    """Write every labelled row of the scope, corrections too; the number of rows.

    ``weight`` is 1 for a label that came by itself, one over its chance for a row that was drawn,
    and empty for a row that was chosen for being hard: how such rows count is for whoever trains
    to decide.
    """
    columns = training_columns(dataset)
    rows = frame(dataset, scope, columns, with_labels=True, with_corrections=True)
    log = dataset.log("labels")
    if rows is None or not log.parts:
        raise LogEmpty("No row here has a label yet.", "", "Label some, or choose a wider window.")
    numeric = {c.name for c in dataset.schema.features if c.type == "numeric"}
    picks = [exported(name, kind, name in numeric) for name in columns]
    told = {n: n if n in log.columns else "NULL" for n in ("source", "queue", "sampling_p")}
    moment = "known_at" if "known_at" in log.columns else "CAST(NULL AS TIMESTAMP)"
    received = "received_at" if "received_at" in log.columns else "0"
    said = (
        f", said AS (SELECT prediction_id AS _id, label AS _label, {moment} AS _known_at,"
        f" arg_max({{'source': {told['source']}, 'queue': {told['queue']},"
        f" 'p': {told['sampling_p']}}}, {received}) AS _told FROM {relation(log)}"
        " WHERE label IS NOT NULL GROUP BY ALL)"
    )
    weight = "CASE WHEN _told.queue IS NULL THEN 1.0 WHEN _told.p > 0 THEN 1.0 / _told.p END"
    about = (weight, "_told.source", "_told.queue", "CAST(_told.p AS DOUBLE)", "known_at")
    picks += [f"{sql} AS {quote_name(n)}" for sql, n in zip(about, ABOUT, strict=True)]
    statement = rows.select(
        f"{said} SELECT {', '.join(picks)} FROM rows LEFT JOIN said ON _id = prediction_id"
        " AND _label = label AND _known_at IS NOT DISTINCT FROM known_at"
        " WHERE label IS NOT NULL ORDER BY timestamp, row, prediction_id"
    )
    options = "FORMAT csv, HEADER" if kind == "csv" else "FORMAT parquet, COMPRESSION zstd"
    sql = f"COPY ({statement}) TO {quote_text(str(target))} ({options})"
    return int(engine.rows(sql, rows.values)[0][0])
