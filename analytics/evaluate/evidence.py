"""Tests and checks of one column in one period: from its values, its levels, or counts of summaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.catalog import DRIFT_CHECKS, all_quality_checks, tests_for
from analytics.core import Column, DriftTest, Estimate
from analytics.needs import (
    BinnedPair,
    ColumnCounts,
    LevelPair,
    NumericPair,
    TextPair,
    VectorPair,
)

Pair = NumericPair | LevelPair | TextPair | VectorPair
CHECKS = DRIFT_CHECKS
SHOWN_LEVELS = 20  # unseen levels that an answer names


@dataclass(frozen=True, slots=True)
class Evidence:
    """One test of one column in one period."""

    column: Column
    name: str
    label: str
    estimate: Estimate
    tolerance: tuple[float, float]
    is_deciding: bool
    is_exact: bool = True


Ends = tuple[list[Evidence], list[Evidence], list[Evidence]]  # shown; two with the truth between


def asked_tests(column: Column, names: Sequence[str]) -> list[DriftTest]:
    """The tests of a column that were asked for, and the one that decides."""
    return [
        t
        for t in tests_for(column.type)
        if t.decides or t.name in names or (t.is_default and not names)
    ]


def evidence_of(column: Column, pair: Pair, names: Sequence[str]) -> list[Evidence]:
    """Every test and check of one column in one period."""
    found = [
        Evidence(column, t.name, t.label, t.compute(pair), t.tolerance, t.decides)
        for t in asked_tests(column, names)
    ]
    return found + _checked(column, pair)


def evidence_within(column: Column, pair: BinnedPair, names: Sequence[str]) -> Ends | None:
    """The same from counts; None where rows have to be asked."""
    found: Ends = ([], [], [])
    for t in asked_tests(column, names):
        ends = t.from_bins(pair) if t.from_bins is not None else None
        if ends is None:
            return None
        for side, end in zip(found, (ends[0], *ends[-2:]), strict=True):
            is_exact = "bound" not in end.detail
            side.append(Evidence(column, t.name, t.label, end, t.tolerance, t.decides, is_exact))
    checked = _checked(column, pair)
    for side in found:
        side += checked
    return found


def _checked(column: Column, pair: Pair | BinnedPair) -> list[Evidence]:
    if column.role == "label":  # a missing label is late, not missing data
        return []
    counts = counts_of(pair)
    return [
        Evidence(column, check.name, check.label, check.compute(counts), check.tolerance, True)
        for check in all_quality_checks()
        if check.name in CHECKS and (not check.types or column.type in check.types)
    ]


def counts_of(pair: Pair | BinnedPair) -> ColumnCounts:
    """What data quality asks of the same column."""
    if isinstance(pair, LevelPair):
        return _level_counts(pair)
    if isinstance(pair, BinnedPair):
        n, m = int(pair.current.sum()), int(pair.reference.sum())
    else:
        n, m = len(pair.current), len(pair.reference)
    return ColumnCounts(
        n=n + pair.n_missing_current,
        n_missing=pair.n_missing_current,
        n_distinct=0,
        n_reference=m + pair.n_missing_reference,
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
