"""What users said as Results: volume and negative rate by period, version or value of a column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from analytics.core import Condition, Dataset, Estimate, Metric, Question, Result, Segment, Window
from analytics.evaluate.verdict import compare
from analytics.feedback.negative_rate import Judged, negative_rate
from analytics.feedback.volume import volume
from analytics.needs import Scores
from analytics.query.engine import Engine
from analytics.query.feedback import Said, count_said
from analytics.query.frame import whole
from analytics.query.groups import period_end
from analytics.stats.decision import decide

EPOCH = datetime(1970, 1, 1)
MOST_VALUES = 12
NEGATIVE = Metric(
    name="negative_rate",
    label="Negative feedback",
    tasks=("binary", "multiclass", "regression", "none"),
    needs=Scores,
    compute=negative_rate,
    better="lower",
    unit="share",
    meaning="The share of judgements by users that were bad; of what was said, not of all rows.",
    source="a share; interval: Wilson (1927)",
    needs_labels=False,
    tolerance=(0.05, 0.15),
)
_Key = tuple[int | None, str | None]


def feedback(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Volume and negative rate of every period and, where asked, version.

    Compared with the reference where that has feedback of its own: another window or version.
    """
    scope = question.scope
    said = count_said(engine, dataset, scope, "version" if scope.by_version else None)
    before = None
    if question.reference is not None and question.reference.log == scope.log:
        then = whole(question.reference)
        before = negative_rate(_judged(count_said(engine, dataset, then)))
    groups: dict[_Key, list[Said]] = defaultdict(list)
    for row in said:
        groups[row.period, row.group].append(row)
    if not groups and scope.every is None:
        groups[None, None] = []
    return _results(question, groups, before)


def feedback_by(engine: Engine, dataset: Dataset, question: Question, column: str) -> list[Result]:
    """The same by value of a column ("version" too): the values most is said about, worst first.

    Each is compared with everything said outside it.
    """
    dataset.schema.column(column) if column not in ("version", "prediction") else None
    scope = whole(question.scope)
    groups: dict[str, list[Said]] = defaultdict(list)
    for row in count_said(engine, dataset, scope, column):
        if row.group is not None:
            groups[row.group].append(row)
    most = sorted(groups, key=lambda g: (-sum(s.n for s in groups[g]), g))[:MOST_VALUES]
    results: list[Result] = []
    for value in most:
        rest = [s for other, found in groups.items() if other != value for s in found]
        before = negative_rate(_judged(rest))
        found = _results(replace(question, scope=scope), {(None, None): groups[value]}, before)
        detail: dict[str, Any] = {"value": value}
        if column != "version":
            condition = {"column": column, "operator": "=", "value": value}
            detail["conditions"] = [condition]
        version = value if column == "version" else question.scope.version
        results += [
            replace(r, column=column, version=version, detail={**r.detail, **detail}) for r in found
        ]
    return sorted(results, key=lambda r: (r.name, -(r.value if r.value is not None else -1.0)))


def feedback_like(
    engine: Engine, dataset: Dataset, question: Question, column: str, value: str
) -> Estimate:
    """The negative rate of everything said about predictions with the same value of a column."""
    segment = Segment((Condition(column, "=", _typed(dataset, column, value)),), "")
    scope = replace(whole(question.scope), segment=segment, window=Window())
    return negative_rate(_judged(count_said(engine, dataset, scope)), min_rated=1)


def _typed(dataset: Dataset, column: str, value: str) -> str | float:
    is_number = any(c.name == column and c.type == "numeric" for c in dataset.schema.columns)
    return float(value) if is_number else value


def _judged(said: Sequence[Said]) -> list[Judged]:
    return [(s.score, s.has_correction, s.n) for s in said]


def _results(
    question: Question, groups: dict[_Key, list[Said]], before: Estimate | None
) -> list[Result]:
    keys = sorted(groups, key=lambda k: (k[0] if k[0] is not None else -1, k[1] or ""))
    rates = [negative_rate(_judged(groups[key])) for key in keys]
    compared = [compare(NEGATIVE, rate, before) for rate in rates]
    verdicts = decide([(c.evidence, NEGATIVE.tolerance) for c in compared])
    results = []
    for key, rate, found, (verdict, p_adjusted) in zip(
        keys, rates, compared, verdicts, strict=True
    ):
        window = _window(question, key[0])
        shown = replace(rate, detail={**rate.detail, **found.detail, "p_adjusted": p_adjusted})
        is_compared = found.detail.get("p_value") is not None
        reason = rate.reason or (None if is_compared else "nothing to compare with")
        shape = (question, window, key[1])
        results.append(
            _result("negative_rate", NEGATIVE.label, replace(shown, reason=reason), verdict, shape)
        )
        items = volume(int(rate.detail["n_items"]))
        reason = "items come as they come: nothing to compare with"
        results.append(
            _result(
                "feedback_volume", "Feedback", replace(items, reason=reason), "undefined", shape
            )
        )
    return results


def _result(
    name: str,
    label: str,
    estimate: Estimate,
    verdict: Any,
    shape: tuple[Question, Window, str | None],
) -> Result:
    question, window, version = shape
    scope = question.scope
    unit = "rate" if name == "negative_rate" else "count"
    better = "lower" if name == "negative_rate" else "neither"
    return Result(
        name=name,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        interval=estimate.interval,
        n=estimate.n,
        verdict=verdict if estimate.value is not None else "undefined",
        window=window,
        version=version or scope.version,
        segment=scope.segment.text if scope.segment else None,
        reason=estimate.reason,
        detail={
            **estimate.detail,
            "label": label,
            "unit": unit,
            "better": better,
            "tolerance": list(NEGATIVE.tolerance),
        },
    )


def _window(question: Question, period: int | None) -> Window:
    every = question.scope.every
    if period is None or every is None or isinstance(every, int):
        return question.scope.window
    start = EPOCH + timedelta(microseconds=period)
    return Window(start, period_end(start, every))
