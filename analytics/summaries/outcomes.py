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
from analytics.summaries.days import Named, Wanted, add_up, same
from analytics.summaries.held import read_arrays
from analytics.summaries.labelled import KIND, beside, can_count, labelled_key
from analytics.summaries.labelled_sql import INVALID, SUMS, counted_sql, score_columns
from analytics.summaries.reading import has_version, version_sql
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
        wanted = self._wanted(
            "pairs" if self.dataset.schema.task == "regression" else "load",
            sums=same("n", "n_labelled"),
            lows=same("first"),
            highs=same("last"),
        )
        return tuple(
            group_of(self.scope, (p, v, int(n), int(known), 0, first, last))
            for p, v, n, known, first, last in self._rows(wanted)
        )

    def confusions(self, *, labelled: bool = True) -> dict[Key, Confusion]:
        """Counts of (label, predicted); all rows with an empty label if not labelled."""
        found: dict[Key, list[tuple[Any, ...]]] = {}
        for period, version, label, predicted, n, w, w2 in self._classes():
            if predicted is None or (labelled and label is None):
                continue
            row = (label, predicted, n, w, w2) if labelled else (UNLABELLED, predicted, n, n, n)
            found.setdefault((period, version), []).append(row)
        return {key: confusion_of(rows, self.dataset) for key, rows in found.items()}

    def levels(self) -> dict[Key, Levels]:
        """Rows by label, and rows without one."""
        found: dict[Key, Levels] = {}
        for period, version, label, _predicted, n, _w, _w2 in self._classes():
            levels, missing = found.get((period, version), ({}, 0))
            if label is None:
                missing += int(n)
            else:
                levels[label] = levels.get(label, 0.0) + float(n)
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
        wanted = self._wanted(
            "pairs",
            (("centre", "CAST(centre AS VARCHAR)"),),
            sums=same("n_pairs", "n_invalid", "w"),
            exact=same(*SUMS),
            lows=same("low"),
            highs=same("high"),
        )
        found: dict[Key, list[dict[str, Any]]] = {}
        names = ("centre", "n", "invalid", "n_weighted", *SUMS, "low", "high")
        for period, version, *row in self._rows(wanted):
            if row[3]:
                return None
            if row[1]:
                found.setdefault((period, version), []).append(dict(zip(names, row, strict=True)))
        answer = {key: residuals_of(rows) for key, rows in found.items()}
        return answer if all(is_steady(each) for each in answer.values()) else None

    def _classes(self) -> list[tuple[Any, ...]]:
        """(period, version, label, predicted, rows, weight, weight squared)."""
        sums = (("n", "n"), ("w", "coalesce(w, n)"), ("w2", "coalesce(w2, n)"))
        return self._rows(self._wanted("class", same("label", "predicted"), sums))

    def _bins(self) -> Arrays:
        codes = " ".join(
            f"WHEN {quote_text(of)} THEN {i}"
            for i, (of, _column) in enumerate(score_columns(self.dataset))
        )
        sums = tuple(
            (name, f"CASE WHEN {which} THEN {what} ELSE 0 END")
            for name, what, which in (
                ("positives", "coalesce(w, n)", "is_of"),
                ("negatives", "coalesce(w, n)", "NOT is_of"),
                ("w2", "coalesce(w2, n)", "is_of IS NOT NULL"),
                ("n", "n", "is_of IS NOT NULL"),
                ("n_all", "n", "true"),
            )
        )
        keys = (("code", f"CASE of {codes} ELSE -1 END"), ("bin", "bin"))
        return self._arrays(self._wanted("score", keys, sums))

    def _rows(self, wanted: Wanted) -> list[tuple[Any, ...]]:
        columns = [np.ma.asarray(column).tolist() for column in self._arrays(wanted).values()]
        return list(zip(*columns, strict=True))

    def _wanted(self, kind: str, keys: Named = (), sums: Named = (), **ends: Named) -> Wanted:
        """Some columns of rows of a kind."""
        more = f", {_PAIRS}" if self.dataset.schema.task == "regression" else ""
        columns = (
            f"make_timestamp(period) AS timestamp, version, {_FACTS}, make_timestamp(first) AS first,"
            f" make_timestamp(last) AS last{more}"
        )
        return Wanted(columns, keys, sums, keep=f"kind = {quote_text(kind)}", **ends)

    def _arrays(self, wanted: Wanted) -> Arrays:
        """Counted rows by period, version and the keys, in that order."""
        log = self.dataset.log("predictions", self.scope.log)
        if not self.scanned:
            found = add_up(self.engine, self.taken, log, self.scope, wanted)
            if found is not None:
                return found
        more = f", {_PAIRS}" if self.dataset.schema.task == "regression" else ""
        listed = f"timestamp, version, {_FACTS}, first, last{more}"
        selects = sheets_sql(self.taken, self.scope, wanted.columns)
        selects += [f"SELECT {listed} FROM ({sql})" for sql, _placed in self.scanned]
        source, values = " UNION ALL ".join(selects), {}
        if has_version(log, self.scope):
            source = f"SELECT * FROM ({source}) WHERE version = $version"
            values = {"version": self.scope.version}
        by = f"{period_sql(self.scope)} AS _period", f"{version_sql(log, self.scope)} AS _version"
        sql = wanted.sql(source, by)
        if self.scanned:
            return self.engine.arrays(sql, values)
        return read_arrays(self.engine, sql, values)


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
