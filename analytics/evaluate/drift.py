"""Drift of every column: features, score, prediction and label, against the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from analytics.catalog import all_drift_tests, all_quality_checks, check_names, tests_for
from analytics.core import (
    Column,
    ColumnType,
    Dataset,
    DriftTest,
    Estimate,
    Question,
    Result,
    Verdict,
)
from analytics.errors import UsageError
from analytics.evaluate.multivariate import chosen_tests, multivariate, texts
from analytics.evaluate.performance import MIN_LABELLED
from analytics.needs import ColumnCounts, LevelPair, NumericPair, TextPair, VectorPair
from analytics.query.columns import EMPTY, MAX_AT_ONCE, Levels, Values, level_counts, numeric_values
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, Key, count_groups
from analytics.stats.decision import decide
from analytics.together import ahead, together

_Pair = NumericPair | LevelPair | TextPair | VectorPair
SHOWN_LEVELS = 20  # unseen levels that an answer names


@dataclass(frozen=True, slots=True)
class _Evidence:
    """One test of one column in one period."""

    column: Column
    name: str
    label: str
    estimate: Estimate
    tolerance: tuple[float, float]
    is_deciding: bool


def drift_columns(dataset: Dataset) -> tuple[Column, ...]:
    """What can drift: features, score, prediction and label, with the type that decides the tests."""
    schema = dataset.schema
    chosen = [c for c in schema.features if tests_for(c.type)]
    kind: ColumnType = "numeric" if schema.task == "regression" else "categorical"
    for column in schema.columns:
        if column.role == "score":
            name = f"score_{column.class_name}" if column.class_name else "score"
            chosen.append(replace(column, name=name, type="numeric"))
        elif column.role == "prediction":
            chosen.append(replace(column, name="prediction", type=kind))
    if schema.task != "none" and dataset.log("labels").parts:
        chosen.append(Column("label", "label", kind))
    return tuple(chosen)


def drift(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Results of every drift test for every column, period and version.

    One run is one period of one version with all its columns: the deciding tests and the missing
    and unseen checks of all columns share one Benjamini-Hochberg family. Raises UsageError
    without a reference, NameUnknown for a name or column that does not exist.
    """
    if question.reference is None:
        raise UsageError(
            "Drift needs a reference to compare with.",
            "No reference was imported and none was chosen.",
            "Choose --reference previous or a window A..B, or import one with --as reference.",
        )
    checks = [c.name for c in all_quality_checks() if c.name in ("missing_rate", "unseen_rate")]
    check_names(question.names, [t.name for t in all_drift_tests()] + checks, "drift test")
    columns = drift_columns(dataset)
    check_names(question.columns, [c.name for c in columns], "column")
    groups = count_groups(engine, dataset, question.scope)
    results = multivariate(engine, dataset, question, groups)
    if question.names and len(chosen_tests(question)) == len(question.names):
        return results
    found: dict[tuple[str, Key], list[_Evidence]] = {}

    def read(batch: list[Column]) -> _Read:
        return _Read(engine, dataset, question, batch)

    for values in ahead(read, _batches(columns)):  # two batches at most are held at a time
        found |= values.all_evidence([(c, group.key) for group in groups for c in values.columns])
    for group in groups:
        evidence = [e for c in columns for e in found[c.name, group.key]]
        results += _decided(question, group, evidence)
    return results


def _batches(columns: Sequence[Column]) -> list[list[Column]]:
    """A few numeric columns at a time; levels come in one pass, and so do texts."""
    numeric = [c for c in columns if c.type == "numeric"]
    batches = [numeric[i : i + MAX_AT_ONCE] for i in range(0, len(numeric), MAX_AT_ONCE)]
    return [b for b in (*batches, [c for c in columns if c.type != "numeric"]) if b]


class _Read:
    """The values of both sides of some columns, read once for all periods."""

    def __init__(
        self, engine: Engine, dataset: Dataset, question: Question, columns: Sequence[Column]
    ) -> None:
        numeric = [c.name for c in columns if c.type == "numeric"]
        levels = [c.name for c in columns if c.type in ("categorical", "boolean")]
        self.texts = texts(
            engine, dataset, question, [c for c in columns if c.type in ("text", "embedding")]
        )
        assert question.reference is not None
        reference = whole(question.reference)
        self.numbers = numeric_values(engine, dataset, question.scope, numeric)
        self.levels = level_counts(engine, dataset, question.scope, levels)
        self.reference_numbers = numeric_values(engine, dataset, reference, numeric)
        self.reference_levels = level_counts(engine, dataset, reference, levels)
        self.checks = {c.name: c for c in all_quality_checks()}
        self.names, self.columns = question.names, columns

    def all_evidence(
        self, asked: Sequence[tuple[Column, Key]]
    ) -> dict[tuple[str, Key], list[_Evidence]]:
        """Every test and check of the asked columns and periods, side by side."""

        def work(item: tuple[Column, Key]) -> list[_Evidence]:
            return self.evidence(*item)

        keys = [(column.name, key) for column, key in asked]
        return dict(zip(keys, together(work, asked), strict=True))

    def evidence(self, column: Column, key: Key) -> list[_Evidence]:
        """Every test and check of one column in one period."""
        pair, counts = self._pair(column, key)
        found = [
            _Evidence(column, t.name, t.label, t.compute(pair), t.tolerance, t.decides)
            for t in tests_for(column.type)
            if t.decides or t.name in self.names or (t.is_default and not self.names)
        ]
        if column.role == "label":  # a missing label is late, not missing data
            return found
        for name in ("missing_rate", "unseen_rate"):
            check = self.checks.get(name)
            if check and (not check.types or column.type in check.types):
                estimate = check.compute(counts)
                found.append(_Evidence(column, name, check.label, estimate, check.tolerance, True))
        return found

    def _pair(self, column: Column, key: Key) -> tuple[_Pair, ColumnCounts]:
        if column.type in ("text", "embedding"):
            both = self.texts[column.name].get(key, TextPair((), ()))
            return both, _text_counts(both)
        if column.type == "numeric":
            none: Values = (EMPTY, 0)
            now = self.numbers[column.name].get(key, none)
            then = self.reference_numbers[column.name].get((None, None), none)
            numbers = NumericPair(then[0], now[0], then[1], now[1])
            return numbers, _number_counts(numbers)
        empty: Levels = ({}, 0)
        seen = self.levels[column.name].get(key, empty)
        before = self.reference_levels[column.name].get((None, None), empty)
        pair = LevelPair.from_counts(before[0], seen[0], before[1], seen[1])
        return pair, _level_counts(pair)


def _number_counts(pair: NumericPair) -> ColumnCounts:
    n, m = len(pair.current), len(pair.reference)
    return ColumnCounts(
        n=n + pair.n_missing_current,
        n_missing=pair.n_missing_current,
        n_distinct=0,
        n_reference=m + pair.n_missing_reference,
        n_missing_reference=pair.n_missing_reference,
    )


def _text_counts(pair: TextPair | VectorPair) -> ColumnCounts:
    return ColumnCounts(
        n=len(pair.current) + pair.n_missing_current,
        n_missing=pair.n_missing_current,
        n_distinct=0,
        n_reference=len(pair.reference) + pair.n_missing_reference,
        n_missing_reference=pair.n_missing_reference,
    )


def _level_counts(pair: LevelPair) -> ColumnCounts:
    unseen = pair.reference == 0
    rows = [
        (level, int(n))
        for level, n, new in zip(pair.levels, pair.current, unseen, strict=True)
        if new
    ]
    rows.sort(key=lambda row: -row[1])
    return ColumnCounts(
        n=int(pair.current.sum()) + pair.n_missing_current,
        n_missing=pair.n_missing_current,
        n_distinct=int((pair.current > 0).sum()),
        n_unseen=int(pair.current[unseen].sum()),
        n_reference=int(pair.reference.sum()) + pair.n_missing_reference,
        n_missing_reference=pair.n_missing_reference,
        n_distinct_reference=int((pair.reference > 0).sum()),
        n_singletons_reference=int((pair.reference == 1).sum()),
        unseen_levels=tuple(rows[:SHOWN_LEVELS]),
    )


def _decided(question: Question, group: Group, evidence: Sequence[_Evidence]) -> list[Result]:
    deciding = [e for e in evidence if e.is_deciding]
    verdicts = decide([(e.estimate, e.tolerance) for e in deciding])
    by_test = {(e.column.name, e.name): v for e, v in zip(deciding, verdicts, strict=True)}
    headline = {
        e.column.name: v for e, v in zip(deciding, verdicts, strict=True) if not _is_check(e)
    }
    results = []
    for e in evidence:
        if question.names and e.name not in question.names:
            continue
        if question.columns and e.column.name not in question.columns:
            continue
        verdict, p_adjusted = by_test.get((e.column.name, e.name)) or _follow(
            e, headline.get(e.column.name, ("undefined", None))
        )
        results.append(_result(question, group, e, verdict, p_adjusted))
    return results


def _is_check(evidence: _Evidence) -> bool:
    return evidence.name in ("missing_rate", "unseen_rate")


def _follow(e: _Evidence, headline: tuple[Verdict, float | None]) -> tuple[Verdict, float | None]:
    """A statistic that does not decide: the column's evidence with its own effect, else its verdict."""
    verdict, p_adjusted = headline
    above = e.estimate.detail.get("above_floor")
    if e.estimate.value is None:
        return "undefined", p_adjusted
    if above is None or p_adjusted is None:
        return verdict, p_adjusted
    if p_adjusted >= 0.05 or above <= e.tolerance[0]:
        return "ok", p_adjusted
    return ("critical" if above > e.tolerance[1] else "warning"), p_adjusted


def _result(
    question: Question, group: Group, e: _Evidence, verdict: Verdict, p_adjusted: float | None
) -> Result:
    is_label = e.column.role == "label"
    reason = e.estimate.reason
    if is_label and group.n_labelled < MIN_LABELLED and e.estimate.value is not None:
        verdict, reason = (
            "undefined",
            f"too few labels ({group.n_labelled}, at least {MIN_LABELLED})",
        )
    detail: dict[str, Any] = {
        **e.estimate.detail,
        "p_adjusted": p_adjusted,
        "role": e.column.role,
        "type": e.column.type,
        "label": e.label,
        "decides": e.is_deciding,
        "tolerance": list(e.tolerance),
    }
    return Result(
        name=e.name,
        column=e.column.name,
        value=e.estimate.value,
        low=e.estimate.low,
        high=e.estimate.high,
        interval=e.estimate.interval,
        n=group.n,
        n_labelled=group.n_labelled,
        verdict=verdict,
        window=group.window,
        version=group.version,
        segment=question.scope.segment.text if question.scope.segment else None,
        reason=reason,
        detail=detail,
    )


def deciding_test(column_type: str) -> DriftTest | None:
    """The one test that gives columns of this type their verdict."""
    return next((t for t in tests_for(column_type) if t.decides), None)  # type: ignore[arg-type]
