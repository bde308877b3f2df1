"""Data quality: missing, unseen, out of range, frozen, duplicate rows, volume, freshness, labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics.catalog import all_quality_checks, check_names
from analytics.core import Column, Dataset, Estimate, QualityCheck, Question, Result, Scope
from analytics.evaluate.evidence import SHOWN_LEVELS
from analytics.needs import ColumnCounts, LogCounts
from analytics.query.columns import (
    Levels,
    extremes,
    level_counts,
    longest_runs,
    missing_counts,
    outside_counts,
    runs_by_group,
)
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, Key, count_groups
from analytics.query.repeats import duplicate_rows
from analytics.query.volume import N_EARLIER, earlier_counts, typical_gap_s
from analytics.sources.types import other_types
from analytics.stats.decision import decide
from analytics.summaries.facts import ColumnFacts, column_facts

_Answer = tuple[QualityCheck, Column | None, Estimate]


def quality(
    engine: Engine, dataset: Dataset, question: Question, *, now: datetime | None = None
) -> list[Result]:
    """Results of every check for every column, and for the log as a whole, by period and version.

    ``now`` is the wall clock for freshness; None in demo and replay keeps freshness silent. All
    checks of one period share one Benjamini-Hochberg family. Works without a reference: rates
    are then shown without a verdict on change.
    """
    checks = all_quality_checks()
    check_names(question.names, [c.name for c in checks], "quality check")
    groups = count_groups(engine, dataset, question.scope)
    chosen = [c for c in checks if not question.names or c.name in question.names]
    columns = [c for c in dataset.schema.features if c.type in _TYPES]
    if question.columns:
        check_names(question.columns, [c.name for c in columns], "column")
        columns = [c for c in columns if c.name in question.columns]
    facts = _Facts(engine, dataset, question, columns, _reads(chosen, columns, question))
    results: list[Result] = []
    for i, group in enumerate(groups):
        answers: list[_Answer] = [
            (check, column, check.compute(facts.for_check(check, column, group)))
            for check in chosen
            for column in columns
            if check.needs is ColumnCounts and _applies(check, column, question)
        ]
        earlier = [g.n for g in groups[max(0, i - N_EARLIER) : i] if g.version == group.version]
        counts = facts.log(group, earlier, now)
        answers += [(c, None, c.compute(counts)) for c in chosen if c.needs is LogCounts]
        results += _results(question, group, answers)
    return results


# What each check of a column reads; one that is not named here reads everything.
READS: Mapping[str, tuple[str, ...]] = {
    "missing_rate": ("missing",),
    "type_change_rate": ("missing",),
    "unseen_rate": ("missing", "levels"),
    "out_of_range_rate": ("missing", "extremes"),
    "frozen": ("missing", "runs"),
    "duplicate_rate": ("duplicates",),
    "volume": (),
    "freshness": (),
    "label_coverage": (),
}
EVERYTHING = ("missing", "levels", "extremes", "runs", "duplicates")


def _reads(
    chosen: Sequence[QualityCheck], columns: Sequence[Column], question: Question
) -> frozenset[str]:
    """What the asked checks read of the rows: nothing else is counted."""
    asked = [c for c in chosen if c.needs is LogCounts]
    asked += [
        c for c in chosen
        if c.needs is ColumnCounts and any(_applies(c, column, question) for column in columns)
    ]  # fmt: skip
    return frozenset(read for c in asked for read in READS.get(c.name, EVERYTHING))


_TYPES = ("numeric", "categorical", "boolean", "text")


def _applies(check: QualityCheck, column: Column, question: Question) -> bool:
    is_cut = question.scope.every is not None or question.scope.by_version
    if check.name == "frozen" and is_cut and "frozen" not in question.names:
        return False  # runs are followed through the whole window, unless asked for by name
    return not check.types or column.type in check.types


@dataclass(frozen=True, slots=True)
class _Reference:
    levels: dict[str, dict[Key, Levels]]
    missing: dict[str, dict[Key, tuple[int, int]]]
    bounds: dict[str, tuple[float, float]]
    runs: dict[str, tuple[int, int, int]]
    duplicates: tuple[int, int]
    group: Group | None


class _Facts:
    """Everything counted once for all periods, on both sides."""

    def __init__(
        self,
        engine: Engine,
        dataset: Dataset,
        question: Question,
        columns: Sequence[Column],
        reads: frozenset[str],
    ) -> None:
        self.engine, self.dataset, self.question = engine, dataset, question
        scope = question.scope
        levelled = [c.name for c in columns if c.type in ("categorical", "boolean")]
        numeric = [c.name for c in columns if c.type == "numeric"]
        self._levelled = levelled if "levels" in reads else []
        self._numeric = numeric if "extremes" in reads else []
        self._columns = list(columns) if "missing" in reads else []
        self._followed = [c.name for c in columns] if "runs" in reads else []
        self._has_duplicates = "duplicates" in reads
        self.reference = self._read_reference(
            whole(question.reference) if question.reference else None
        )
        known = self._known(scope)
        self.levels = self._count_levels(scope, known)
        self.missing = self._count_missing(scope, known)
        self.outside = outside_counts(engine, dataset, scope, self.reference.bounds)
        self.duplicates = self._repeats(scope)
        self.runs = self._follow(self._followed)
        self._counted: dict[tuple[str, Key], ColumnCounts] = {}  # every check asks again

    def _known(self, scope: Scope) -> ColumnFacts:
        """What summaries say of the columns that are asked about."""
        asked = [c.name for c in self._columns if c.type == "numeric"]
        levelled = [c.name for c in self._columns if c.type in ("categorical", "boolean")]
        levelled = list(dict.fromkeys([*levelled, *self._levelled]))
        numeric = list(dict.fromkeys([*asked, *self._numeric]))
        return column_facts(self.engine, self.dataset, self.question, scope, (numeric, levelled))

    def _count_levels(self, scope: Scope, known: ColumnFacts) -> dict[str, dict[Key, Levels]]:
        rest = [name for name in self._levelled if name not in known.levels]
        return known.levels | level_counts(self.engine, self.dataset, scope, rest)

    def _count_missing(
        self, scope: Scope, known: ColumnFacts
    ) -> dict[str, dict[Key, tuple[int, int]]]:
        found = {c.name: known.missing(c.name) for c in self._columns}
        rest = [c for c in self._columns if found[c.name] is None]
        there = {name: groups for name, groups in found.items() if groups is not None}
        return there | missing_counts(self.engine, self.dataset, scope, rest)

    def _repeats(self, scope: Scope) -> dict[Key, tuple[int, int]]:
        return duplicate_rows(self.engine, self.dataset, scope) if self._has_duplicates else {}

    def _follow(self, names: list[str]) -> dict[str, dict[Key, tuple[int, int, int]]]:
        engine, dataset, scope = self.engine, self.dataset, self.question.scope
        if scope.every is None and not scope.by_version:
            found = longest_runs(engine, dataset, scope, names)
            return {name: {(None, None): run} for name, run in found.items()}
        if "frozen" in self.question.names:
            return runs_by_group(engine, dataset, scope, names)
        return {}

    def _read_reference(self, scope: Scope | None) -> _Reference:
        if scope is None:
            return _Reference({}, {}, {}, {}, (0, 0), None)
        engine, dataset = self.engine, self.dataset
        groups, known = count_groups(engine, dataset, scope), self._known(scope)
        return _Reference(
            self._count_levels(scope, known),
            self._count_missing(scope, known),
            _ends(engine, dataset, scope, (self._numeric, known)),
            longest_runs(engine, dataset, scope, self._followed),
            self._repeats(scope).get((None, None), (0, 0)),
            groups[0] if groups else None,
        )

    def column(self, column: Column, group: Group) -> ColumnCounts:
        """What the checks need of one column in one period."""
        if (column.name, group.key) not in self._counted:
            self._counted[column.name, group.key] = self._count(column, group)
        return self._counted[column.name, group.key]

    def _count(self, column: Column, group: Group) -> ColumnCounts:
        name, key, both = column.name, group.key, (None, None)
        log = self.dataset.log("predictions", self.question.scope.log)
        other, types = other_types(log, column, group.window)
        n, missing = self.missing.get(name, {}).get(key, (0, 0))
        n_ref, missing_ref = self.reference.missing.get(name, {}).get(both, (0, 0))
        seen = self.levels.get(name, {}).get(key, ({}, 0))[0]
        before = self.reference.levels.get(name, {}).get(both, ({}, 0))[0]
        unseen = sorted(
            ((level, int(c)) for level, c in seen.items() if before and level not in before),
            key=lambda row: -row[1],
        )
        run, _second, run_n = self.runs.get(name, {}).get(key, (0, 0, 0))
        run_ref, _second, run_ref_n = self.reference.runs.get(name, (0, 0, 0))
        return ColumnCounts(
            n=n,
            n_missing=missing,
            n_distinct=len(seen),
            n_outside=self.outside.get(name, {}).get(key, 0),
            n_unseen=sum(c for _level, c in unseen),
            longest_run=run / run_n if run_n else 0.0,
            n_reference=n_ref,
            n_missing_reference=missing_ref,
            n_distinct_reference=len(before),
            n_singletons_reference=sum(c == 1 for c in before.values()),
            longest_run_reference=run_ref / run_ref_n if run_ref_n else 0.0,
            unseen_levels=tuple(unseen[:SHOWN_LEVELS]),
            other_type=other,
            other_types=types,
        )

    def for_check(self, check: QualityCheck, column: Column, group: Group) -> ColumnCounts:
        """The same; without a reference a run is compared with the rest of the window itself."""
        counts = self.column(column, group)
        if check.name != "frozen" or self.reference.group is not None:
            return counts
        run, second, n = self.runs.get(column.name, {}).get(group.key, (0, 0, 0))
        rest = n - run
        share = second / rest if rest else 0.0
        return replace(counts, n_reference=rest, n_missing_reference=0, longest_run_reference=share)

    def log(self, group: Group, earlier: Sequence[int], now: datetime | None) -> LogCounts:
        """What the checks need of the log in one period."""
        scope = self.question.scope
        if scope.every is None:
            earlier = earlier_counts(self.engine, self.dataset, scope)
        age = gap = None
        last = self.dataset.last_event
        if now is not None and last is not None and not self.dataset.is_sample:
            age = (now - last).total_seconds()
            gap = typical_gap_s(self.engine, self.dataset, whole(scope))
        reference = self.reference.group
        # An imported reference is labelled by construction: its coverage is no norm for a live log.
        is_norm = (
            self.question.reference is not None and self.question.reference.log == "production"
        )
        return LogCounts(
            n=group.n,
            n_labelled=group.n_labelled,
            n_duplicates=self.duplicates.get(group.key, (0, 0))[1],
            n_earlier=tuple(earlier),
            n_reference=reference.n if reference else 0,
            n_labelled_reference=reference.n_labelled if reference and is_norm else 0,
            n_duplicates_reference=self.reference.duplicates[1],
            age_s=age,
            typical_gap_s=gap,
        )


def _ends(
    engine: Engine, dataset: Dataset, scope: Scope, asked: tuple[Sequence[str], ColumnFacts]
) -> dict[str, tuple[float, float]]:
    """The smallest and the largest finite value; rows say it where a column has infinities."""
    names, known = asked
    ends = {
        name: (found.low, found.high)
        for name in names
        if (found := known.numbers.get(name, {}).get((None, None))) is not None
        and math.isfinite(found.low)
        and math.isfinite(found.high)
    }
    return ends | extremes(engine, dataset, scope, [name for name in names if name not in ends])


def _results(question: Question, group: Group, answers: Sequence[_Answer]) -> list[Result]:
    verdicts = decide([(estimate, check.tolerance) for check, _column, estimate in answers])
    results = []
    for (check, column, estimate), (verdict, p_adjusted) in zip(answers, verdicts, strict=True):
        detail: dict[str, Any] = {
            **estimate.detail,
            "p_adjusted": p_adjusted,
            "label": check.label,
            "tolerance": list(check.tolerance),
            "type": column.type if column else None,
        }
        results.append(
            Result(
                name=check.name,
                column=column.name if column else None,
                value=estimate.value,
                low=estimate.low,
                high=estimate.high,
                interval=estimate.interval,
                n=group.n,
                n_labelled=group.n_labelled,
                verdict=verdict,
                window=group.window,
                version=group.version,
                segment=question.scope.segment.text if question.scope.segment else None,
                reason=estimate.reason,
                detail=detail,
            )
        )
    return results
