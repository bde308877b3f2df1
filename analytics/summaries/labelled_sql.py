"""What a summary of labels is, in SQL that other engines run as it stands.

``fsum`` is DuckDB's sum that loses no digits on the way; an engine without it adds plainly, which
``analytics.summaries.cluster.spark_sql`` says in its words. Centres are stored values, as edges are.
"""

from __future__ import annotations

from collections.abc import Sequence

from analytics.core import Dataset, LogName, Schema
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name, quote_text

N_BINS = 1_000
INVALID, BELOW, ABOVE = -1, 0, N_BINS + 2
MOST_SCORES = 20  # classes of which scores are counted; with more they are scanned
SUMS = (
    "r1", "r2", "r3", "r4", "r6", "a1", "a3", "y1", "y2", "y3", "y4", "yr2", "y2r2",
)  # fmt: skip
_FACTS = {
    "kind": "VARCHAR", "of": "VARCHAR", "bin": "INTEGER", "is_of": "BOOLEAN", "label": "VARCHAR",
    "predicted": "VARCHAR",
}  # fmt: skip
_INFINITE = "CAST('inf' AS DOUBLE)"


def is_weighted(dataset: Dataset, log: LogName) -> bool:
    """Whether labels carry sampling probabilities."""
    return "sampling_p" in dataset.log("labels", log).columns


def score_columns(dataset: Dataset) -> tuple[tuple[str, str], ...]:
    """(class, column of its score), for every class that has one; none where they are too many."""
    schema = dataset.schema
    if schema.task == "binary":
        return ((str(schema.positive), "score"),) if schema.has("score") else ()
    found = tuple(
        (str(c.class_name), f"score_{c.class_name}")
        for c in schema.columns
        if c.role == "score" and c.class_name is not None
    )
    return found if schema.task == "multiclass" and len(found) <= MOST_SCORES else ()


def bin_sql(score: str) -> str:
    """The bin of a score; NULL where there is none."""
    return (
        f"CASE WHEN isnan({score}) OR abs({score}) = {_INFINITE} THEN {INVALID}"
        f" WHEN {score} < 0 THEN {BELOW} WHEN {score} > 1 THEN {ABOVE}"
        f" ELSE CAST(floor({score} * {N_BINS}) AS INTEGER) + 1 END"
    )


def types_of(dataset: Dataset) -> dict[str, str]:
    """The columns of a log that are counted beside its labels, and what they are counted as."""
    types = {"timestamp": "TIMESTAMP", "model_version": "VARCHAR"}
    types["prediction"] = "DOUBLE" if dataset.schema.task == "regression" else "VARCHAR"
    return types | dict.fromkeys(
        ("score", *(name for _of, name in score_columns(dataset))), "DOUBLE"
    )


def source_sql(dataset: Dataset, log: LogName, rows: str, picks: Sequence[str]) -> str:
    """The columns that are counted, from rows that have the labels ``picks`` beside them."""
    present = set(dataset.log("predictions", log).columns)
    columns = [
        f"CAST({quote_name(name) if name in present else 'NULL'} AS {kind}) AS {quote_name(name)}"
        for name, kind in types_of(dataset).items()
    ]
    label, _known, weight = picks or _unlabelled(dataset.schema)
    found = f"SELECT {', '.join((*columns, label, weight))} FROM {rows}"
    if dataset.schema.task != "regression":
        return found
    named = ", ".join(map(quote_name, types_of(dataset)))
    return f"SELECT {named}, CAST(label AS DOUBLE) AS label, _weight FROM ({found})"


def _unlabelled(schema: Schema) -> tuple[str, str, str]:
    kind = "DOUBLE" if schema.task == "regression" else "VARCHAR"
    return f"CAST(NULL AS {kind}) AS label", "", "CAST(1 AS DOUBLE) AS _weight"


def counted_sql(
    dataset: Dataset, log: LogName, source: str, centre: float = 0.0, unit: str = "hour"
) -> str:
    """Rows of a source counted by hour or day: what a sheet keeps, with its start as ``timestamp``."""
    if dataset.schema.task == "regression":
        return _residuals_sql(source, centre, unit)
    scores = score_columns(dataset)
    bins = "".join(
        f", {bin_sql(quote_name(name))} AS bin{i}, label = {quote_text(of)} AS is{i}"
        for i, (of, name) in enumerate(scores)
    )
    sets = "".join(f", (hour, version, bin{i}, is{i})" for i in range(len(scores)))
    kinds = "".join(f" WHEN GROUPING(bin{i}) = 0 THEN 'score'" for i in range(len(scores)))
    ofs = "".join(
        f" WHEN GROUPING(bin{i}) = 0 THEN {quote_text(of)}" for i, (of, _n) in enumerate(scores)
    )
    places, truths = (
        f"coalesce({', '.join(f'{name}{i}' for i in range(len(scores)))}, NULL)"
        if scores
        else f"CAST(NULL AS {kind})"
        for name, kind in (("bin", "INTEGER"), ("is", "BOOLEAN"))
    )
    w, w2 = (
        ("sum(_weight)", "sum(_weight * _weight)")
        if is_weighted(dataset, log)
        else ("CAST(NULL AS DOUBLE)",) * 2
    )
    of = f"CASE{ofs} END" if ofs else "CAST(NULL AS VARCHAR)"
    counted = (
        f"SELECT CASE WHEN GROUPING(predicted) = 0 THEN 'class'{kinds} ELSE 'load' END AS kind,"
        f" hour AS timestamp, version, {of} AS of, {places} AS bin, {truths} AS is_of, label,"
        f" predicted, count(*) AS n, count(truth) AS n_labelled, {w} AS w, {w2} AS w2,"
        " min(moment) AS first, max(moment) AS last"
        f" FROM (SELECT date_trunc('{unit}', timestamp) AS hour, timestamp AS moment,"
        " model_version AS version, label, label AS truth,"
        f" {predicted_class(dataset)} AS predicted, _weight{bins} FROM ({source}))"
        f" GROUP BY GROUPING SETS ((hour, version), (hour, version, label, predicted){sets})"
    )
    ends = ", ".join(f"CASE WHEN kind = 'load' THEN {e} END AS {e}" for e in ("first", "last"))
    return (
        f"SELECT kind, timestamp, version, of, bin, is_of, label, predicted, n, n_labelled, w, w2,"
        f" {ends} FROM ({counted}) WHERE kind <> 'score' OR bin IS NOT NULL"
    )


def _residuals_sql(source: str, centre: float, unit: str) -> str:
    """Sums over the finite pairs of a regression, labels less ``centre``; ``w`` of them have weights."""
    powers = {
        "r1": "r", "r2": "rr", "r3": "r * rr", "r4": "rr * rr", "r6": "rr * rr * rr",
        "a1": "abs(r)", "a3": "abs(r) * rr", "y1": "y", "y2": "yy", "y3": "y * yy",
        "y4": "yy * yy", "yr2": "y * rr", "y2r2": "yy * rr",
    }  # fmt: skip
    sums = ", ".join(f"fsum({powers[name]}) FILTER (WHERE is_pair) AS {name}" for name in SUMS)
    nothing = ", ".join(
        f"CAST(NULL AS {kind}) AS {name}" for name, kind in _FACTS.items() if name != "kind"
    )
    middle = f"CAST('{centre!r}' AS DOUBLE)"
    finite = " AND ".join(f"abs({name}) < {_INFINITE}" for name in ("label", "prediction"))
    return (
        f"SELECT 'pairs' AS kind, hour AS timestamp, version, {nothing},"
        " count(*) AS n, count(label) AS n_labelled,"
        " CAST(count(*) FILTER (WHERE is_pair AND _weight <> 1) AS DOUBLE) AS w,"
        " CAST(NULL AS DOUBLE) AS w2, min(moment) AS first, max(moment) AS last,"
        " count(*) FILTER (WHERE is_pair) AS n_pairs,"
        " count(*) FILTER (WHERE NOT is_pair) AS n_invalid,"
        " min(label) FILTER (WHERE is_pair) AS low, max(label) FILTER (WHERE is_pair) AS high,"
        f" {sums}, {middle} AS centre"
        " FROM (SELECT *, r * r AS rr, y * y AS yy FROM"
        f" (SELECT date_trunc('{unit}', timestamp) AS hour, timestamp AS moment,"
        f" model_version AS version, label, prediction - label AS r, label - {middle} AS y, _weight,"
        " CASE WHEN label IS NOT NULL AND prediction IS NOT NULL"
        f" THEN {finite} END AS is_pair FROM ({source}))) GROUP BY hour, version"
    )


def days_sql(dataset: Dataset, hours: str) -> str:
    """Counted rows of one centre added up to days."""
    facts, ends = list(_FACTS), "min(first) AS first, max(last) AS last"
    if dataset.schema.task == "regression":
        facts.append("centre")
        more = ", ".join(f"fsum({name}) AS {name}" for name in SUMS)
        ends += ", CAST(sum(n_pairs) AS BIGINT) AS n_pairs, CAST(sum(n_invalid) AS BIGINT)"
        ends += f" AS n_invalid, min(low) AS low, max(high) AS high, {more}"
    by = f"version, {', '.join(facts)}"
    return (
        f"SELECT date_trunc('day', timestamp) AS timestamp, {by}, CAST(sum(n) AS BIGINT) AS n,"
        " CAST(sum(n_labelled) AS BIGINT) AS n_labelled, sum(w) AS w, sum(w2) AS w2,"
        f" {ends} FROM ({hours}) GROUP BY date_trunc('day', timestamp), {by}"
    )
