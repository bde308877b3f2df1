"""The label that counts of every prediction: one row each, out of a log of every label that arrived."""

from __future__ import annotations

from typing import Any

from analytics.core import Dataset, Scope
from analytics.sources.relation import quote_text, relation


def where(conditions: list[str]) -> str:
    """Conditions that all hold, as the end of a statement."""
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def settled_sql(
    dataset: Dataset, scope: Scope, values: dict[str, Any], with_corrections: bool
) -> str:
    """One row a prediction: the label that counts, by source precedence, then the latest known.

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
    present = set(log.columns)
    is_final = not any(("label_retracts", "yes") in part.file_types for part in log.parts)
    conditions = ["label IS NOT NULL"] if is_final else []
    if "queue" in present and not with_corrections:
        chosen = "sampling_p > 0" if "sampling_p" in present else "false"
        conditions.append(f"(queue IS NULL OR {chosen})")
    known = "known_at" if "known_at" in present else "CAST(NULL AS TIMESTAMP)"
    if scope.as_of is not None:
        values["as_of"] = scope.as_of
        conditions.append(f"({known} IS NULL OR {known} <= $as_of)")
    weight = "1 / nullif(sampling_p, 0)" if "sampling_p" in present else "CAST(NULL AS DOUBLE)"
    select = f"SELECT prediction_id, label, {known} AS known_at, {weight} AS _weight"
    source = f"FROM {relation(log)}{where(conditions)}"
    if log.is_unique:
        return f"{select} {source}"
    order = f", {_precedence(dataset, present)} AS rank, {_received(present)} AS received"
    if not is_final:
        return _unretracted(f"{select}{order} {source}")
    first = (
        "rank DESC, coalesce(known_at, TIMESTAMP '0001-01-01') DESC, received DESC, label DESC,"
        " _weight DESC NULLS FIRST"
    )
    return (
        f"SELECT prediction_id, label, known_at, _weight FROM ({select}{order} {source})"
        f" QUALIFY row_number() OVER (PARTITION BY prediction_id ORDER BY {first}) = 1"
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
