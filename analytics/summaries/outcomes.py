"""What labels say of a scope, from sheets: counts exact, scores in bins of a thousandth.

The edges of the window and parts without a sheet are scanned, their labels read by position beside
them, and counted by the same SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.core import Dataset, Scope
from analytics.needs import ClassScores, Confusion, Residuals, Scores
from analytics.query.columns import Levels
from analytics.query.engine import Arrays
from analytics.query.frame import period_sql, touched
from analytics.query.groups import Group, Key, group_of
from analytics.query.performance import UNLABELLED, confusion_of, split_groups
from analytics.sources.relation import quote_text
from analytics.summaries.bounds import middles
from analytics.summaries.held import read_arrays, read_rows
from analytics.summaries.labelled import KIND, beside, can_count, labelled_key
from analytics.summaries.labelled_sql import INVALID, SUMS, counted_sql, score_columns
from analytics.summaries.rest import Rest, rests, scanned_sql, sheets_sql
from analytics.summaries.spans import can_answer
from analytics.summaries.store import Taken, is_countable, take

if TYPE_CHECKING:
    from analytics.query.beside import Placed
    from analytics.query.engine import Engine

MIN_ROWS = 500_000  # with fewer the exact scan is as fast
STEADY = (
    1e5  # spread this many times smaller than the size of the numbers, and sums lose its digits
)
_FACTS = "kind, of, bin, is_of, label, predicted, n, n_labelled, w, w2"
_PAIRS = f"n_pairs, n_invalid, low, high, centre, {', '.join(SUMS)}"


@dataclass(frozen=True)
class Outcomes:
    """The labelled rows of one scope, counted; ask for what is needed."""

    engine: Engine
    dataset: Dataset
    scope: Scope
    taken: Taken
    scanned: tuple[tuple[str, Placed | None], ...] = field(repr=False, default=())

    def groups(self) -> tuple[Group, ...]:
        """Every period and version with its rows and labelled rows; none is young."""
        kind = "pairs" if self.dataset.schema.task == "regression" else "load"
        found = self._rows(
            kind, "sum(n), sum(n_labelled), 0, min(first), max(last)", "_period, _version"
        )
        return tuple(
            group_of(self.scope, (p, v, int(n), int(known), 0, first, last))
            for p, v, n, known, _young, first, last in found
        )

    def confusions(self, *, labelled: bool = True) -> dict[Key, Confusion]:
        """Counts of (label, predicted); all rows with an empty label if not labelled."""
        label, w, w2 = (
            ("label", "coalesce(w, n)", "coalesce(w2, n)")
            if labelled
            else (quote_text(UNLABELLED), "n", "n")
        )
        keep = " AND label IS NOT NULL" if labelled else ""
        found: dict[Key, list[tuple[Any, ...]]] = {}
        for period, version, *row in self._rows(
            "class",
            f"{label} AS truth, predicted, sum(n) AS n, sum({w}) AS w, sum({w2}) AS w2",
            "_period, _version",
            f"predicted IS NOT NULL{keep}",
        ):
            found.setdefault((period, version), []).append(tuple(row))
        return {key: confusion_of(rows, self.dataset) for key, rows in found.items()}

    def levels(self) -> dict[Key, Levels]:
        """Rows by label, and rows without one."""
        found: dict[Key, Levels] = {}
        for period, version, label, n in self._rows("class", "label, sum(n)", "_period, _version"):
            levels, missing = found.get((period, version), ({}, 0))
            if label is None:
                missing += int(n)
            else:
                levels[str(label)] = levels.get(str(label), 0.0) + float(n)
            found[period, version] = (levels, missing)
        return found

    def scores(self, *, labelled: bool = True) -> dict[Key, Scores]:
        """Binned scores of a binary task."""
        found = dict(split_groups(self._bins(), lambda f, at: _scores(f, at, labelled)))
        return {key: scores for key, scores in found.items() if scores.n + scores.n_invalid}

    def class_scores(self) -> dict[Key, ClassScores]:
        """Binned scores of each class, one against the rest."""
        names = [of for of, _column in score_columns(self.dataset)]
        found = dict(split_groups(self._bins(), lambda f, at: _by_class(f, at, names)))
        return {key: scores for key, scores in found.items() if scores.by_class}

    def residuals(self) -> dict[Key, Residuals] | None:
        """Sums of a regression; None where rows have weights or sums lost digits: ask the rows."""
        picks = ", ".join(f"fsum({name}) AS {name}" for name in SUMS)
        found: dict[Key, list[dict[str, Any]]] = {}
        names = ("centre", "n", "invalid", "n_weighted", "low", "high", *SUMS)
        for period, version, *row in self._rows(
            "pairs",
            "centre, sum(n_pairs) AS n_pairs, sum(n_invalid) AS n_invalid,"
            f" sum(w) AS n_weighted, min(low) AS low, max(high) AS high, {picks}",
            "_period, _version, centre",
        ):
            if row[3]:
                return None
            if row[1]:
                found.setdefault((period, version), []).append(dict(zip(names, row, strict=True)))
        answer = {key: residuals_of(rows) for key, rows in found.items()}
        return answer if all(is_steady(each) for each in answer.values()) else None

    def _bins(self) -> Arrays:
        codes = " ".join(
            f"WHEN {quote_text(of)} THEN {i}"
            for i, (of, _column) in enumerate(score_columns(self.dataset))
        )
        sums = ", ".join(
            f"coalesce(sum({what}) FILTER ({which}), 0) AS {name}"
            for name, what, which in (
                ("positives", "coalesce(w, n)", "is_of"),
                ("negatives", "coalesce(w, n)", "NOT is_of"),
                ("w2", "coalesce(w2, n)", "is_of IS NOT NULL"),
                ("n", "n", "is_of IS NOT NULL"),
                ("n_all", "n", "true"),
            )
        )
        sql, values = self._sql("score", f"CASE of {codes} ELSE -1 END AS code, bin, {sums}")
        sql = f"{sql} ORDER BY _period, _version, code, bin"
        return (
            self.engine.arrays(sql, values)
            if self.scanned
            else read_arrays(self.engine, sql, values)
        )

    def _rows(self, kind: str, picks: str, order: str, keep: str = "true") -> list[tuple[Any, ...]]:
        sql, values = self._sql(kind, picks, keep)
        sql = f"{sql} ORDER BY {order}"
        return (
            self.engine.rows(sql, values) if self.scanned else read_rows(self.engine, sql, values)
        )

    def _sql(self, kind: str, picks: str, keep: str = "true") -> tuple[str, dict[str, Any]]:
        """Counted rows of a kind, over periods and versions."""
        log = self.dataset.log("predictions", self.scope.log)
        has_version = "model_version" in log.columns
        version = "version" if self.scope.by_version and has_version else "CAST(NULL AS VARCHAR)"
        more = f", {_PAIRS}" if self.dataset.schema.task == "regression" else ""
        stored = (
            f"make_timestamp(period) AS timestamp, version, {_FACTS}, make_timestamp(first) AS first,"
            f" make_timestamp(last) AS last{more}"
        )
        selects = sheets_sql(self.taken, self.scope, stored)
        listed = f"timestamp, version, {_FACTS}, first, last{more}"
        selects += [f"SELECT {listed} FROM ({sql})" for sql, _placed in self.scanned]
        values: dict[str, Any] = {}
        conditions = [f"kind = {quote_text(kind)}", keep]
        if self.scope.version is not None and has_version:
            values["version"] = self.scope.version
            conditions.append("version = $version")
        return (
            f"SELECT {period_sql(self.scope)} AS _period, {version} AS _version, {picks}"
            f" FROM ({' UNION ALL '.join(selects)}) WHERE {' AND '.join(conditions)} GROUP BY ALL"
        ), values


def outcomes(engine: Engine, dataset: Dataset, scope: Scope) -> Outcomes | None:
    """The labelled rows of a scope from sheets; None where they have to be scanned."""
    log = dataset.log("predictions", scope.log)
    if not can_answer(scope) or "timestamp" not in log.columns or not can_count(dataset):
        return None
    if engine.summaries.folder is None:
        return None
    parts = touched(log, scope)
    if sum(part.n_rows for part in parts) < MIN_ROWS:
        return None
    key = labelled_key(dataset, scope.log)
    sheets = engine.summaries.sheets(dataset.model, scope.log, KIND, key)
    taken = take(sheets, [part for part in log.parts if is_countable(part)], parts)
    if not taken.pieces or any(part.mapping is not None for part in taken.lacking):
        return None
    scanned = []
    for rest in rests(taken, scope):
        found = rest_sql(engine, dataset, scope, rest)
        if found is None:
            return None
        scanned.append(found)
    return Outcomes(engine, dataset, scope, taken, tuple(scanned))


def rest_sql(
    engine: Engine, dataset: Dataset, scope: Scope, rest: Rest
) -> tuple[str, Placed | None] | None:
    """Rows that no sheet has, counted; None where their labels do not stand beside them."""
    log = dataset.log("predictions", scope.log)
    group = beside(
        engine,
        dataset,
        scope.log,
        rest.parts,
        lambda rows: str(scanned_sql(log, rest, lambda _parts: rows)),
    )
    if group is None:
        return None
    return counted_sql(dataset, scope.log, group.source), group.held


def _scores(found: Arrays, at: slice, labelled: bool = True) -> Scores:
    bins = np.asarray(found["bin"][at], dtype=float)
    n = np.asarray(found["n" if labelled else "n_all"][at], dtype=np.int64)
    positives, negatives = (
        np.asarray(found[name][at], dtype=float) for name in ("positives", "negatives")
    )
    w2 = np.asarray(found["w2"][at], dtype=float)
    if not labelled:
        positives, negatives, w2 = np.zeros(len(n)), n.astype(float), n.astype(float)
    kept = (bins != INVALID) & (n > 0)
    return Scores(
        middles(bins[kept]),
        positives[kept],
        negatives[kept],
        int(n[kept].sum()),
        float(w2[kept].sum()),
        int(n[bins == INVALID].sum()),
    )


def _by_class(found: Arrays, at: slice, names: Sequence[str]) -> ClassScores:
    code = np.asarray(found["code"][at])
    by_class = {}
    for i, name in enumerate(names):
        first, last = (at.start + int(np.searchsorted(code, i, side)) for side in ("left", "right"))
        scores = _scores(found, slice(first, last))
        if scores.n + scores.n_invalid:
            by_class[name] = scores
    return ClassScores(by_class, max((s.n for s in by_class.values()), default=0))


def residuals_of(rows: Sequence[Mapping[str, Any]]) -> Residuals:
    """Sums of labels less a centre each, put together about their common mean."""
    n = sum(int(row["n"]) for row in rows)
    middle = sum(float(row["y1"]) + float(row["centre"]) * row["n"] for row in rows) / n
    powers = dict.fromkeys(SUMS, 0.0)
    for row in rows:
        for name, value in _shifted(row, float(row["centre"]) - middle).items():
            powers[name] += value
    return Residuals(
        n,
        powers,
        min(float(row["low"]) for row in rows),
        max(float(row["high"]) for row in rows),
        sum(int(row["invalid"]) for row in rows),
    )


def _shifted(row: Mapping[str, Any], by: float) -> dict[str, float]:
    """The same sums with ``by`` added to every label."""
    found = {name: float(row[name]) for name in SUMS}
    n, y1, y2, y3, y4 = float(row["n"]), *(found[f"y{i}"] for i in range(1, 5))
    return found | {
        "y1": y1 + by * n,
        "y2": y2 + 2 * by * y1 + by**2 * n,
        "y3": y3 + 3 * by * y2 + 3 * by**2 * y1 + by**3 * n,
        "y4": y4 + 4 * by * y3 + 6 * by**2 * y2 + 4 * by**3 * y1 + by**4 * n,
        "yr2": found["yr2"] + by * found["r2"],
        "y2r2": found["y2r2"] + 2 * by * found["yr2"] + by**2 * found["r2"],
    }


def is_steady(found: Residuals) -> bool:
    """Whether the spread of every loss is seen in its sums, and none is infinite."""
    p, n = found.powers, found.n
    if not all(np.isfinite(value) for value in p.values()):
        return False
    pairs = ((p["r1"], p["r2"]), (p["a1"], p["r2"]), (p["r2"], p["r4"]))
    return all(square <= STEADY * (square - first**2 / n) for first, square in pairs)
