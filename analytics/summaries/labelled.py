"""What labels say of predictions, counted by hour and day: confusions, scores by label, residuals.

A sheet has rows of a ``kind``: ``load`` (rows, labelled rows, first and last time), ``class`` (by label
and prediction), ``score`` (by bin of one class's score, of that class or not; without a label neither)
and ``pairs`` (sums of a regression's residuals). Bins are thousandths of a score: 1 to 1,000, with a bin
of its own for 1, for what is below 0 and above 1, and -1 for what is no number. Weights are kept where
labels carry sampling probabilities; counts are exact integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.core import Dataset, Log, LogName, Part, Schema
from analytics.query.aligned import Rows, stamp_sql
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name, quote_text, relation
from analytics.summaries.store import Sheet, key_of

if TYPE_CHECKING:
    from analytics.query.beside import Placed
    from analytics.query.engine import Engine

KIND = "labelled"
N_BINS = 1_000
INVALID, BELOW, ABOVE = -1, 0, N_BINS + 2
ORDER = "grain, period, version, kind, of, bin"
MOST_SCORES = 20  # classes of which scores are counted; with more they are scanned
SUMS = (
    "r1", "r2", "r3", "r4", "r6", "a1", "a3", "y1", "y2", "y3", "y4", "yr2", "y2r2",
)  # fmt: skip
_FACTS = {
    "kind": "VARCHAR", "of": "VARCHAR", "bin": "INTEGER", "is_of": "BOOLEAN", "label": "VARCHAR",
    "predicted": "VARCHAR",
}  # fmt: skip
_COUNTS = ("n", "n_labelled", "w", "w2", "first", "last")


def labelled_key(dataset: Dataset, log: LogName) -> str:
    """What the sheets depend on besides the parts: which label counts, and what the schema says."""
    return key_of(KIND, Rows(dataset, log).key, said_of(dataset))


def said_of(dataset: Dataset) -> str:
    """What they depend on besides parts and labels."""
    schema = dataset.schema
    said = (schema.task, schema.classes, schema.positive, schema.threshold)
    return key_of(KIND, N_BINS, said, score_columns(dataset))


def can_count(dataset: Dataset, log: LogName) -> bool:
    """Whether labels can be counted: a task, and no weights where residuals are summed."""
    task = dataset.schema.task
    return task != "none" and not (task == "regression" and is_weighted(dataset, log))


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
        f"CASE WHEN isnan({score}) OR isinf({score}) THEN {INVALID} WHEN {score} < 0 THEN {BELOW}"
        f" WHEN {score} > 1 THEN {ABOVE} ELSE CAST(floor({score} * {N_BINS}) AS INTEGER) + 1 END"
    )


def source_sql(dataset: Dataset, log: LogName, rows: str, picks: Sequence[str]) -> str:
    """The columns that are counted, from rows that have the labels ``picks`` beside them."""
    present = set(dataset.log("predictions", log).columns)
    is_number = dataset.schema.task == "regression"
    types = {"timestamp": "TIMESTAMP", "model_version": "VARCHAR"}
    types["prediction"] = "DOUBLE" if is_number else "VARCHAR"
    types |= dict.fromkeys(("score", *(name for _of, name in score_columns(dataset))), "DOUBLE")
    columns = [
        f"CAST({quote_name(name) if name in present else 'NULL'} AS {kind}) AS {quote_name(name)}"
        for name, kind in types.items()
    ]
    label, _known, weight = picks or _unlabelled(dataset.schema)
    found = f"SELECT {', '.join((*columns, label, weight))} FROM {rows}"
    number = "SELECT * REPLACE (CAST(label AS DOUBLE) AS label) FROM"
    return f"{number} ({found})" if is_number else found


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
        " min(timestamp) AS first, max(timestamp) AS last"
        f" FROM (SELECT date_trunc('{unit}', timestamp) AS hour, timestamp, model_version AS version,"
        f" label, label AS truth, {predicted_class(dataset)} AS predicted, _weight{bins}"
        f" FROM ({source}))"
        f" GROUP BY GROUPING SETS ((hour, version), (hour, version, label, predicted){sets})"
    )
    kept = "kind <> 'score' OR bin IS NOT NULL"
    ends = ", ".join(f"CASE WHEN kind = 'load' THEN {e} END AS {e}" for e in ("first", "last"))
    return f"SELECT * REPLACE ({ends}) FROM ({counted}) WHERE {kept}"


def _residuals_sql(source: str, centre: float, unit: str) -> str:
    """Sums over the finite pairs of a regression, labels less ``centre``; all other rows in ``load``."""
    r, y = "(prediction - label)", f"(label - {centre!r})"
    powers = {
        "r1": r, "r2": f"{r} ** 2", "r3": f"{r} ** 3", "r4": f"{r} ** 4", "r6": f"{r} ** 6",
        "a1": f"abs{r}", "a3": f"abs{r} ** 3", "y1": y, "y2": f"{y} ** 2", "y3": f"{y} ** 3",
        "y4": f"{y} ** 4", "yr2": f"{y} * {r} ** 2", "y2r2": f"{y} ** 2 * {r} ** 2",
    }  # fmt: skip
    sums = ", ".join(f"fsum({powers[name]}) FILTER (is_pair) AS {name}" for name in SUMS)
    nothing = ", ".join(
        f"CAST(NULL AS {kind}) AS {name}" for name, kind in _FACTS.items() if name != "kind"
    )
    return (
        f"SELECT 'pairs' AS kind, date_trunc('{unit}', timestamp) AS timestamp, model_version AS version,"
        f" {nothing}, count(*) AS n, count(label) AS n_labelled, CAST(NULL AS DOUBLE) AS w,"
        " CAST(NULL AS DOUBLE) AS w2, min(timestamp) AS first, max(timestamp) AS last,"
        " count(*) FILTER (is_pair) AS n_pairs, count(*) FILTER (NOT is_pair) AS n_invalid,"
        f" min(label) FILTER (is_pair) AS low, max(label) FILTER (is_pair) AS high, {sums},"
        f" CAST({centre!r} AS DOUBLE) AS centre FROM (SELECT *, isfinite(label) AND"
        f" isfinite(prediction) AS is_pair FROM ({source}))"
        f" GROUP BY date_trunc('{unit}', timestamp), model_version"
    )


def added_sql(dataset: Dataset, rows: str, by: str) -> str:
    """Counted rows of one centre added over what ``by`` leaves together (two columns, then facts)."""
    facts = ", ".join(_FACTS)
    sums = "sum(n) AS n, sum(n_labelled) AS n_labelled, sum(w) AS w, sum(w2) AS w2"
    ends = "min(first) AS first, max(last) AS last"
    if dataset.schema.task == "regression":
        facts = f"{facts}, centre"
        more = ", ".join(f"fsum({name}) AS {name}" for name in SUMS)
        ends += ", sum(n_pairs) AS n_pairs, sum(n_invalid) AS n_invalid, min(low) AS low"
        ends += f", max(high) AS high, {more}"
    return f"SELECT {by}, {facts}, {sums}, {ends} FROM ({rows}) GROUP BY ALL"


@dataclass(frozen=True, slots=True)
class Beside:
    """The rows of a group with their labels: what is counted of them, and a stamp of the labels."""

    source: str
    stamp: str
    held: Placed | None = None


def beside(
    engine: Engine,
    dataset: Dataset,
    log: LogName,
    parts: Sequence[Part],
    keep: Callable[[str], str] = lambda rows: rows,
) -> Beside | None:
    """A group's rows, those that ``keep`` leaves, with their labels; None where none stand beside them."""
    kept = dataset.log("predictions", log)
    if not dataset.log("labels", log).parts:
        rows = keep(relation(kept, parts))
        return Beside(source_sql(dataset, log, rows, ()), "SELECT 'none' AS label")
    placed = engine.beside.place(engine, Rows(dataset, log), parts)
    if placed is None:
        return None
    rows = keep(placed.sql(lambda some: relation(kept, some)))
    source = source_sql(dataset, log, rows, placed.picks)
    return Beside(source, _stamp_sql(placed, parts, dataset.log("labels", log)), placed)


def _stamp_sql(placed: Placed, parts: Sequence[Part], labels: Log) -> str:
    """One text for all labels and weights of some rows in their order: another label, another text."""
    table_of = {part: table for table, mine in placed.taken for part in mine}
    pieces = []
    for i, part in enumerate(parts):
        table = table_of[part]
        known = f"SELECT {quote_text(table.stamps.get(part, ''))} AS label"
        sql = (
            known
            if part in table.stamps
            else stamp_sql(table.source, table.starts[part], part, labels)
        )
        pieces.append(f"SELECT {i} AS i, label FROM ({sql})")
    return f"SELECT md5(string_agg(label, ' ' ORDER BY i)) AS label FROM ({' UNION ALL '.join(pieces)})"


def centre_of(engine: Engine, dataset: Dataset, source: str) -> float:
    """About which number the labels of a regression are summed."""
    if dataset.schema.task != "regression":
        return 0.0
    found = engine.rows(f"SELECT avg(label) FILTER (isfinite(label)) FROM ({source})")[0][0]
    return float(found) if found is not None and math.isfinite(found) else 0.0


def sheet_sql(
    dataset: Dataset,
    log: LogName,
    groups: Sequence[Beside],
    grains: Sequence[Sequence[str]],
    centre: float = 0.0,
) -> str:
    """The rows of a sheet: hours (where it has them) and days of each group, and its stamp."""
    selects = []
    for i, group in enumerate(groups):
        selects.append(f"SELECT {i} AS grp, 'labels' AS grain, label FROM ({group.stamp})")
        if not grains[i] and any(grains):
            continue
        unit = "hour" if "hour" in grains[i] else "day"
        hours = counted_sql(dataset, log, group.source, centre, unit)
        kept = [f"SELECT '{unit}' AS grain, * FROM hours"]
        if unit == "hour":
            at = "date_trunc('day', timestamp) AS timestamp, version"
            kept.append(
                f"SELECT 'day' AS grain, * FROM ({added_sql(dataset, 'SELECT * FROM hours', at)})"
            )
        selects.append(
            f"SELECT {i} AS grp, * EXCLUDE (timestamp) REPLACE (epoch_us(first) AS first,"
            " epoch_us(last) AS last), epoch_us(timestamp) AS period"
            f" FROM (WITH hours AS MATERIALIZED ({hours}) {' UNION ALL BY NAME '.join(kept)})"
        )
    return f"{' UNION ALL BY NAME '.join(selects)} ORDER BY {ORDER}"


def unchanged(engine: Engine, sheet: Sheet, groups: Mapping[int, Beside]) -> list[int]:
    """The groups of a sheet whose labels are as they were when it was made."""
    if not groups:
        return []
    kept = dict(
        engine.rows(
            f"SELECT grp, label FROM read_parquet({quote_text(str(sheet.file))},"
            " hive_partitioning = false) WHERE grain = 'labels'"
        )
    )
    found = engine.rows(
        " UNION ALL ".join(f"SELECT {i}, label FROM ({g.stamp})" for i, g in groups.items())
    )
    return [int(i) for i, stamp in found if kept.get(i) == stamp]
