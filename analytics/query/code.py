"""Statements that read the rows of an answer, to be copied and run outside of Telltale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.core import Dataset, Scope
from analytics.errors import UsageError
from analytics.query.frame import Frame, frame
from analytics.query.performance import predicted_class
from analytics.query.terms import Terms
from analytics.sources.relation import quote_name

_GROUP = "_period AS period, _version AS version"


@dataclass(frozen=True, slots=True)
class Read:
    """One table of rows: its name in the text, its statement, and the values bound in it."""

    name: str
    sql: str
    values: Mapping[str, Any]


def labelled_rows(dataset: Dataset, scope: Scope, name: str) -> Read:
    """The labelled rows: id, period, version, label, what was predicted, score and weight."""
    schema = dataset.schema
    found = _frame(dataset, scope, ("prediction", "score"), with_labels=True)
    predicted = "prediction" if schema.task == "regression" else predicted_class(dataset)
    score = ", score" if schema.has("score") and schema.task == "binary" else ""
    picks = f"prediction_id, {_GROUP}, label, {predicted} AS predicted{score}, _weight AS weight"
    return _read(name, found, picks, f" WHERE label IS NOT NULL AND {predicted} IS NOT NULL")


def period_rows(dataset: Dataset, scope: Scope, columns: Sequence[str]) -> Read:
    """All rows with some columns, by period and version."""
    picks = ", ".join([_GROUP, *map(quote_name, columns)])
    return _read("rows", _frame(dataset, scope, columns), picks)


def column_rows(dataset: Dataset, scope: Scope, columns: Sequence[str], name: str) -> Read:
    """All rows with the columns that can drift; the prediction is the one that counts."""
    found = _frame(dataset, scope, columns, with_labels="label" in columns)
    is_binary = dataset.schema.task == "binary"
    picks = [
        f"{predicted_class(dataset)} AS prediction"
        if c == "prediction" and is_binary
        else quote_name(c)
        for c in columns
    ]
    return _read(name, found, ", ".join(picks))


def term_rows(
    dataset: Dataset, scope: Scope, terms: Terms, columns: Sequence[str], name: str
) -> Read:
    """All rows with some columns, and what the metric adds up over those that count."""
    read = (*terms.columns, *columns)
    with_labels = terms.needs_labels or "label" in read
    found = _frame(dataset, scope, read, with_labels=with_labels)
    weight = "_weight" if terms.needs_labels else "1.0"
    sums = [
        f"CASE WHEN {terms.keep} THEN CAST({sql} AS DOUBLE) END AS {side}"
        for sql, side in ((terms.over, "over"), (terms.under, "under"))
    ]
    picks = ", ".join([*map(quote_name, columns), *sums, f"{weight} AS weight"])
    bound = Frame(found.sql, {**found.values, **terms.values})
    return _read(name, bound, picks)


def _frame(
    dataset: Dataset, scope: Scope, columns: Sequence[str], *, with_labels: bool = False
) -> Frame:
    found = frame(dataset, scope, columns, with_labels=with_labels)
    if found is None:
        raise UsageError("There are no rows in this window.", "", "Choose a longer window.")
    return found


def _read(name: str, found: Frame, picks: str, where: str = "") -> Read:
    sql = found.select(f"SELECT {picks}\nFROM rows{where}")
    return Read(name, sql, {k: v for k, v in found.values.items() if f"${k}" in sql})


def wrapped(sql: str) -> str:
    """One part of the log a line, so that the text can be read."""
    return sql.replace(".parquet', '", ".parquet',\n    '")
