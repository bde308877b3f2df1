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
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.core import Dataset, Log, LogName, Part
from analytics.query.aligned import Rows, stamp_sql
from analytics.sources.relation import quote_text, relation
from analytics.summaries.labelled_sql import (
    N_BINS,
    days_sql,
    score_columns,
    source_sql,
)
from analytics.summaries.store import Sheet, key_of

if TYPE_CHECKING:
    from analytics.query.beside import Placed
    from analytics.query.engine import Engine

KIND = "labelled"
VERSION = 3  # of what these sheets hold
ORDER = "grain, period, version, kind, of, bin"
Labels = tuple[Path, Mapping[Part, int]]  # a file of labels, and where in it those of parts begin


def labelled_key(dataset: Dataset, log: LogName) -> str:
    """What the sheets depend on besides the parts: which label counts, and what the schema says."""
    return key_of(KIND, Rows(dataset, log).key, said_of(dataset))


def said_of(dataset: Dataset) -> str:
    """What they depend on besides parts and labels."""
    schema = dataset.schema
    said = (schema.task, schema.classes, schema.positive, schema.threshold)
    return key_of(KIND, VERSION, N_BINS, said, score_columns(dataset))


def can_count(dataset: Dataset) -> bool:
    """Whether labels can be counted: a task."""
    return dataset.schema.task != "none"


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


def files_of(engine: Engine, group: Beside, aside: Path) -> list[Labels]:
    """The files that have the labels of a group; what is in the engine's memory is written ``aside``."""
    found: list[Labels] = []
    for i, (table, mine) in enumerate(group.held.taken if group.held is not None else ()):
        starts = {part: table.starts[part] for part in mine}
        file = table.file
        if file is None:
            file = aside.with_suffix(f".labels{i}")
            first, last = min(starts.values()), max(starts[part] + part.n_rows for part in mine)
            engine.rows(
                f"COPY (SELECT * FROM {table.source} WHERE _at >= {first} AND _at < {last})"
                f" TO {quote_text(str(file))} (FORMAT parquet)"
            )
        found.append((file, starts))
    return found


def centre_of(engine: Engine, dataset: Dataset, source: str) -> float:
    """About which number the labels of a regression are summed."""
    if dataset.schema.task != "regression":
        return 0.0
    found = engine.rows(f"SELECT avg(label) FILTER (isfinite(label)) FROM ({source})")[0][0]
    return float(found) if found is not None and math.isfinite(found) else 0.0


def is_kept(grains: Sequence[Sequence[str]], group: int) -> bool:
    """Whether a group has rows in its sheet: few a day are none, unless all have few."""
    return bool(grains[group]) or not any(grains)


def unit_of(grains: Sequence[str]) -> str:
    """By what the rows of a group are counted: where hours are not kept, days at once."""
    return "hour" if "hour" in grains else "day"


def sheet_sql(
    dataset: Dataset, counted: Sequence[tuple[str, str]], grains: Sequence[Sequence[str]]
) -> str:
    """The rows of a sheet: hours (where it has them) and days of each group, and its stamp.

    ``counted`` are each group's rows by its unit, and what stamps its labels.
    """
    selects = []
    for i, (rows, stamp) in enumerate(counted):
        selects.append(f"SELECT {i} AS grp, 'labels' AS grain, label FROM ({stamp})")
        if not is_kept(grains, i):
            continue
        unit = unit_of(grains[i])
        kept = [f"SELECT '{unit}' AS grain, * FROM counted"]
        if unit == "hour":
            days = days_sql(dataset, "SELECT * FROM counted")
            kept.append(f"SELECT 'day' AS grain, * FROM ({days})")
        selects.append(
            f"SELECT {i} AS grp, * EXCLUDE (timestamp) REPLACE (epoch_us(first) AS first,"
            " epoch_us(last) AS last), epoch_us(timestamp) AS period"
            f" FROM (WITH counted AS MATERIALIZED ({rows}) {' UNION ALL BY NAME '.join(kept)})"
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
