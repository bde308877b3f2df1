"""Drift of every column: features, score, prediction and label, against the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from analytics.catalog import all_drift_tests, all_quality_checks, check_names, tests_for
from analytics.core import (
    Column,
    ColumnType,
    Dataset,
    DriftTest,
    Question,
    Result,
    Verdict,
)
from analytics.errors import UsageError
from analytics.evaluate.evidence import (
    CHECKS,
    Ends,
    Evidence,
    Pair,
    asked_tests,
    evidence_of,
    evidence_within,
)
from analytics.evaluate.multivariate import chosen_tests, multivariate, texts
from analytics.evaluate.performance import MIN_LABELLED
from analytics.needs import LevelPair, NumericPair, TextPair
from analytics.query.columns import EMPTY, MAX_AT_ONCE, Levels, Values, level_counts, numeric_values
from analytics.query.engine import Engine
from analytics.query.frame import touched, whole
from analytics.query.groups import Group, Key, count_groups
from analytics.stats.decision import decide
from analytics.summaries.chooser import Counted, count_both
from analytics.together import ahead, together

PIECES = 16  # in which the periods of some columns are handed to threads
Found = dict[tuple[str, Key], list[Evidence]]
MOST_VALUES = 12_000_000  # of both sides that one statement may fetch to be sorted


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
    checks = [c.name for c in all_quality_checks() if c.name in CHECKS]
    check_names(question.names, [t.name for t in all_drift_tests()] + checks, "drift test")
    columns = drift_columns(dataset)
    check_names(question.columns, [c.name for c in columns], "column")
    numeric, level = _countable(columns, question)
    counted = count_both(engine, dataset, question, numeric, level)
    groups = list(counted.groups) if counted else count_groups(engine, dataset, question.scope)
    results = multivariate(engine, dataset, question, groups)
    if question.names and len(chosen_tests(question)) == len(question.names):
        return results

    def read(chosen: Sequence[Column]) -> Found:
        return _read_all(engine, dataset, question, groups, chosen)

    found = settle(question, groups, columns, counted, read)
    for group in groups:
        evidence = [e for c in columns for e in found[c.name, group.key]]
        results += _decided(question, group, evidence)
    return results


def _countable(columns: Sequence[Column], question: Question) -> tuple[list[str], list[str]]:
    """The numeric columns and those of levels that summaries may answer for."""
    numeric = [
        c.name
        for c in columns
        if c.type == "numeric"
        and c.role != "label"  # sums of labels say nothing of their order
        and all(t.from_bins for t in asked_tests(c, question.names))
    ]
    return numeric, [c.name for c in columns if c.type in ("categorical", "boolean")]


def _read_all(
    engine: Engine,
    dataset: Dataset,
    question: Question,
    groups: Sequence[Group],
    columns: Sequence[Column],
) -> Found:
    """The evidence of columns whose rows are read."""
    found: Found = {}

    def read(batch: list[Column]) -> _Read:
        return _Read(engine, dataset, question, batch)

    at_once = columns_at_once(dataset, question)
    for values in ahead(read, _batches(columns, at_once)):  # two batches at most are held at a time
        found |= values.all_evidence([(c, group.key) for group in groups for c in values.columns])
    return found


def columns_at_once(dataset: Dataset, question: Question) -> int:
    """How many numeric columns are read together: the more rows, the fewer."""
    scopes = (question.scope, *([question.reference] if question.reference else []))
    logs = [(dataset.log("predictions", scope.log), scope) for scope in scopes]
    n_rows = sum(part.n_rows for log, scope in logs for part in touched(log, scope))
    return max(1, min(MAX_AT_ONCE, MOST_VALUES // max(n_rows, 1)))


def _batches(columns: Sequence[Column], at_once: int) -> list[list[Column]]:
    """A few numeric columns at a time; levels come in one pass, and so do texts."""
    numeric = [c for c in columns if c.type == "numeric"]
    batches = [numeric[i : i + at_once] for i in range(0, len(numeric), at_once)]
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
        self.names, self.columns = question.names, columns

    def all_evidence(
        self, asked: Sequence[tuple[Column, Key]]
    ) -> dict[tuple[str, Key], list[Evidence]]:
        """Every test and check of the asked columns and periods, side by side."""

        def work(some: Sequence[tuple[Column, Key]]) -> list[list[Evidence]]:
            return [self.evidence(*item) for item in some]

        size = max(len(asked) // PIECES, 1)  # handing over one by one costs more than many tests
        pieces = [asked[i : i + size] for i in range(0, len(asked), size)]
        keys = [(column.name, key) for column, key in asked]
        found = [evidence for piece in together(work, pieces) for evidence in piece]
        return dict(zip(keys, found, strict=True))

    def evidence(self, column: Column, key: Key) -> list[Evidence]:
        """Every test and check of one column in one period."""
        return evidence_of(column, self._pair(column, key), self.names)

    def _pair(self, column: Column, key: Key) -> Pair:
        if column.type in ("text", "embedding"):
            return self.texts[column.name].get(key, TextPair((), ()))
        if column.type == "numeric":
            none: Values = (EMPTY, 0)
            now = self.numbers[column.name].get(key, none)
            then = self.reference_numbers[column.name].get((None, None), none)
            return NumericPair(then[0], now[0], then[1], now[1])
        empty: Levels = ({}, 0)
        seen = self.levels[column.name].get(key, empty)
        before = self.reference_levels[column.name].get((None, None), empty)
        return LevelPair.from_counts(before[0], seen[0], before[1], seen[1])


def settle(
    question: Question,
    groups: Sequence[Group],
    columns: Sequence[Column],
    counted: Counted | None,
    read: Callable[[Sequence[Column]], Found],
) -> Found:
    """The evidence of every column: from summaries where they do, else from its rows.

    Summaries do where each answer is within its bound, and both ends of the bounds of all columns
    lead to one verdict. Rows of columns that are in doubt are read, until none is.
    """
    within = _within(question, groups, columns, counted) if counted else {}
    found = read([c for c in columns if c.name not in within])
    while within:
        doubtful = _doubtful(groups, columns, found, within)
        if not doubtful:
            break
        for name in doubtful:
            del within[name]
        found |= read([c for c in columns if c.name in doubtful])
    for name, ends in within.items():
        found |= {(name, key): shown for key, (shown, *_ends) in ends.items()}
    return found


def _within(
    question: Question, groups: Sequence[Group], columns: Sequence[Column], counted: Counted
) -> dict[str, dict[Key, Ends]]:
    """What summaries say of each column in every group, where they say enough in all of them."""
    within: dict[str, dict[Key, Ends]] = {}
    for column in columns:
        name, ends = column.name, {}
        if name not in counted.numbers and name not in counted.levels:
            continue
        for group in groups:
            if name in counted.levels:
                found = evidence_of(column, counted.level_pair(name, group.key), question.names)
                ends[group.key] = (found, found, found)
                continue
            pair = counted.numeric_pair(name, group.key)
            both = evidence_within(column, pair, question.names)
            if both is None:
                break
            ends[group.key] = both
        else:
            within[name] = ends
    return within


def _doubtful(
    groups: Sequence[Group],
    columns: Sequence[Column],
    found: Found,
    within: dict[str, dict[Key, Ends]],
) -> set[str]:
    """Columns whose verdict depends on where between both ends the truth lies."""
    doubtful: set[str] = set()
    for group in groups:
        sides = []
        for end in (1, 2):
            evidence = [
                e
                for c in columns
                for e in (
                    within[c.name][group.key][end] if c.name in within else found[c.name, group.key]
                )
            ]
            sides.append([(e, verdict) for e, (verdict, _p) in _judged(evidence)])
        doubtful |= {
            e.column.name for (e, one), (_e, other) in zip(*sides, strict=True) if one != other
        }
    if (
        doubtful and not doubtful & within.keys()
    ):  # of a column that is exact: by the others' p-values
        return set(within)
    return doubtful & within.keys()


def _decided(question: Question, group: Group, evidence: Sequence[Evidence]) -> list[Result]:
    return [
        _result(question, group, e, verdict, p_adjusted)
        for e, (verdict, p_adjusted) in _judged(evidence)
        if not question.names or e.name in question.names
        if not question.columns or e.column.name in question.columns
    ]


def _judged(
    evidence: Sequence[Evidence],
) -> list[tuple[Evidence, tuple[Verdict, float | None]]]:
    """Every verdict of one run, with its adjusted p-value."""
    deciding = [e for e in evidence if e.is_deciding]
    verdicts = decide([(e.estimate, e.tolerance) for e in deciding])
    by_test = {(e.column.name, e.name): v for e, v in zip(deciding, verdicts, strict=True)}
    headline = {
        e.column.name: v for e, v in zip(deciding, verdicts, strict=True) if not _is_check(e)
    }
    none: tuple[Verdict, float | None] = ("undefined", None)
    return [
        (
            e,
            by_test.get((e.column.name, e.name)) or _follow(e, headline.get(e.column.name, none)),
        )
        for e in evidence
    ]


def _is_check(evidence: Evidence) -> bool:
    return evidence.name in CHECKS


def _follow(e: Evidence, headline: tuple[Verdict, float | None]) -> tuple[Verdict, float | None]:
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
    question: Question, group: Group, e: Evidence, verdict: Verdict, p_adjusted: float | None
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
        is_exact=e.is_exact,
        detail=detail,
    )


def deciding_test(column_type: str) -> DriftTest | None:
    """The one test that gives columns of this type their verdict."""
    return next((t for t in tests_for(column_type) if t.decides), None)  # type: ignore[arg-type]
