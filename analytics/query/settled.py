"""The label that counts of every prediction: one row each, out of a log of every label that arrived."""

from __future__ import annotations

from typing import Any

from analytics.core import Dataset, Log, Scope
from analytics.sources.relation import quote_text, relation


def where(conditions: list[str]) -> str:
    """Conditions that all hold, as the end of a statement."""
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def settled_sql(
    dataset: Dataset,
    scope: Scope,
    values: dict[str, Any],
    with_corrections: bool,
    until: str | None = None,
) -> str:
    """One row a prediction: the label that counts, by source precedence, then the latest known.

    ``until`` is the moment, in terms of the CTE ``picked``, after which a row's labels came too late.

    Rows that people chose because they were hard (a queue without a sampling probability) are
    corrections and never enter a headline number unweighted.
    """
    log = dataset.log("labels", scope.log)
    if not log.parts:
        label = "DOUBLE" if dataset.schema.task == "regression" else "VARCHAR"
        return (
            f"SELECT CAST(NULL AS VARCHAR) AS prediction_id, CAST(NULL AS {label}) AS label,"
            " CAST(NULL AS TIMESTAMP) AS known_at, CAST(NULL AS DOUBLE) AS _weight WHERE false"
        )
    arrived = arrived_sql(dataset, scope, values, with_corrections, until)
    if log.is_unique:
        return arrived
    return counting_sql(arrived, "prediction_id") if is_final(log) else _unretracted(arrived)


def is_final(log: Log) -> bool:
    """Whether no source ever takes back what it said."""
    return not any(("label_retracts", "yes") in part.file_types for part in log.parts)


def arrived_sql(
    dataset: Dataset,
    scope: Scope,
    values: dict[str, Any],
    with_corrections: bool,
    until: str | None = None,
) -> str:
    """Every label that may count, with what decides between two of one prediction."""
    log = dataset.log("labels", scope.log)
    present = set(log.columns)
    conditions = ["label IS NOT NULL"] if is_final(log) else []
    if "queue" in present and not with_corrections:
        chosen = "sampling_p > 0" if "sampling_p" in present else "false"
        conditions.append(f"(queue IS NULL OR {chosen})")
    known = "known_at" if "known_at" in present else "CAST(NULL AS TIMESTAMP)"
    if scope.as_of is not None:
        values["as_of"] = scope.as_of
        conditions.append(f"({known} IS NULL OR {known} <= $as_of)")
    weight = "1 / nullif(sampling_p, 0)" if "sampling_p" in present else "CAST(NULL AS DOUBLE)"
    picks = f"prediction_id, label, {known} AS known_at, {weight} AS _weight"
    if not log.is_unique:
        picks += f", {_precedence(dataset, present)} AS rank, {_received(present)} AS received"
    labels = relation(log)
    if until is not None:
        conditions.append(f"({known} IS NULL OR {known} <= {until})")
        rows = "SELECT prediction_id, _period FROM picked"
        labels = f"(SELECT * FROM {labels} JOIN ({rows}) USING (prediction_id))"
    return f"SELECT {picks} FROM {labels}{where(conditions)}"


def counting_sql(rows: str, key: str) -> str:
    """The label that counts of each key, out of ``rows`` of labels that stay as they were said."""
    first = (
        "rank DESC, coalesce(known_at, TIMESTAMP '0001-01-01') DESC, received DESC, label DESC,"
        " _weight DESC NULLS FIRST"
    )
    return (
        f"SELECT {key}, label, known_at, _weight FROM ({rows})"
        f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {first}) = 1"
    )


def _unretracted(rows: str) -> str:
    """The label that counts where sources may take back what they said (a later row without label).

    What each source said last comes first, then the precedence of the sources.
    """
    last = "(coalesce(known_at, TIMESTAMP '0001-01-01'), received, label IS NULL, label, _weight)"
    said = (
        "SELECT prediction_id, rank, arg_max({'label': label, 'known_at': known_at,"
        f" '_weight': _weight}}, {last}) AS said FROM ({rows}) GROUP BY prediction_id, rank"
    )
    return (
        "SELECT prediction_id, best.label AS label, best.known_at AS known_at, best._weight AS _weight"
        f" FROM (SELECT prediction_id, arg_max(said, rank) AS best FROM ({said})"
        " WHERE said.label IS NOT NULL GROUP BY prediction_id)"
    )


def _precedence(dataset: Dataset, present: set[str]) -> str:
    if "source" not in present:
        return "0"
    ranks = dataset.label_precedence
    cases = " ".join(
        f"WHEN {quote_text(source)} THEN {len(ranks) - i}" for i, source in enumerate(ranks)
    )
    return f"CASE source {cases} ELSE 0 END"


def _received(present: set[str]) -> str:
    zero = "TIMESTAMP '0001-01-01'"
    return f"coalesce(received_at, {zero})" if "received_at" in present else zero
