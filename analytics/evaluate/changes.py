"""When did a metric's level change? Looking back over periods, or by a detector over single rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from analytics.catalog import headline_names, pick_metrics
from analytics.core import Dataset, Question, Result, Window
from analytics.errors import UsageError
from analytics.evaluate.performance import performance
from analytics.explain.changes import LEAST, Change, change_points
from analytics.explain.detectors import detect
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.losses import row_losses
from analytics.query.stream import Stream, losses_in_order
from analytics.stats.intervals import Z95

INTERVAL = "two levels, weighted"
NOTHING = "no change of level that chance does not explain"
PART = "change of level"  # what a number is of, beside the metric of the same name
KEPT = ("label", "unit", "better", "tolerance", "class")
_EPOCH = datetime(1970, 1, 1)


def changes(
    engine: Engine, dataset: Dataset, question: Question, *, now: datetime | None = None
) -> list[Result]:
    """Changes of each asked metric's level over the question's periods (weeks), in order of time.

    ``value`` is the level after minus the one before, ``window`` runs from the change to the next
    one. ``detail.between`` are the begins of the first and last period before which it may have
    come (95 %), ``detail.p_value`` what chance explains, corrected for all places.
    """
    names = question.names or headline_names(dataset.schema)[:1]
    every = question.scope.every or ("week" if dataset.first_event is not None else 1000)
    scope = replace(question.scope, every=every, by_version=False)
    asked = replace(question, scope=scope, reference=None, names=tuple(names))
    return changes_of(performance(engine, dataset, asked, now=now))


def changes_of(results: Sequence[Result]) -> list[Result]:
    """The same of a metric's answers by period that are there already; each class is a series."""
    series: dict[tuple[str, str | None], list[Result]] = {}
    for r in results:
        series.setdefault((r.name, r.detail.get("class")), []).append(r)
    return [found for rs in series.values() for found in _of_series(rs)]


def _of_series(results: Sequence[Result]) -> list[Result]:
    there = [r for r in results if r.verdict != "undefined" and r.detail.get("se")]
    whole_span = _span(results[0], results[-1])
    base = replace(
        results[0], value=None, low=None, high=None, interval=None, verdict="ok", window=whole_span,
        n=sum(r.n for r in results), n_labelled=sum(r.n_labelled or 0 for r in results),
        detail={k: results[0].detail[k] for k in KEPT if k in results[0].detail}
        | {"part": PART, "method": "change_point", "n_periods": len(there)},
    )  # fmt: skip
    if len(there) < 2 * LEAST:
        reason = f"too few periods with labels ({len(there)}, at least {2 * LEAST})"
        return [replace(base, verdict="undefined", reason=reason)]
    value = np.array([float(r.value or 0.0) for r in there])
    found = change_points(value, np.array([float(r.detail["se"]) for r in there]))
    if not found:
        return [replace(base, reason=NOTHING)]
    ends = [*(c.at for c in found[1:]), len(there)]
    return [_result(base, there, c, end) for c, end in zip(found, ends, strict=True)]


def _result(base: Result, there: Sequence[Result], change: Change, end: int) -> Result:
    after = there[change.at : end]
    low, high = change.interval
    detail = {
        **base.detail,
        "before": change.before,
        "after": change.after,
        "between": [_start(there[change.first]), _start(there[change.last])],
        "p_value": change.p_value,
        "n_after": len(after),  # periods
    }
    return replace(
        base, value=change.size, low=low, high=high, interval=INTERVAL, detail=detail,
        window=_span(after[0], after[-1]), n=sum(r.n for r in after),
        n_labelled=sum(r.n_labelled or 0 for r in after),
    )  # fmt: skip


def _start(result: Result) -> str | int | None:
    window = result.window
    return window.start.isoformat() if window.start is not None else window.first_row


def _span(first: Result, last: Result) -> Window:
    a, b = first.window, last.window
    return Window(a.start, b.end, a.first_row, b.last_row)


def detections(engine: Engine, dataset: Dataset, question: Question, detector: str) -> list[Result]:
    """Where river's detector of that name alarms on the losses of single rows, by their labels' arrival.

    Its defaults; they suit losses between 0 and 1, and no rate of false alarms can be set. Each
    result is one alarm: ``window`` ends at its row, ``value`` is the mean loss since the one before.
    """
    known = row_losses(dataset)
    names = question.names or tuple(known)[:1]
    pick_metrics(dataset.schema, [n for n in names if n not in known])
    for name in names:
        if name not in known:
            raise UsageError(
                f"{name} is no mean over rows, so a detector has nothing to walk over.",
                "It looks at what each row lost.",
                f"Choose of: {', '.join(known)}.",
            )
    results: list[Result] = []
    for name in names:
        stream = losses_in_order(engine, dataset, whole(question.scope), known[name])
        found = detect(detector, stream.loss)
        about: dict[str, Any] = {"label": known[name].label, "unit": known[name].unit,
                                 "method": detector, "n_walked": len(stream.loss), "n_rows": stream.total}  # fmt: skip
        window = question.scope.window
        if not found:
            results.append(
                Result(name, None, stream.total, "ok", window, reason="no alarm", detail=about)
            )
        results += _alarms(Result(name, None, 0, "ok", window, detail=about), stream, found)
    return results


def _alarms(base: Result, stream: Stream, found: Sequence[int]) -> list[Result]:
    """Each alarm with the rows since the one before, or since the first row."""
    results, start = [], 0
    for i in found:
        lost = stream.loss[start : i + 1]
        mean, half = float(lost.mean()), Z95 * float(lost.std()) / len(lost) ** 0.5
        window = Window(_moment(stream, start), _moment(stream, i))
        results.append(
            replace(
                base, value=mean, low=mean - half, high=mean + half, interval="normal, mean loss",
                n=len(lost), n_labelled=len(lost), window=window,
                detail={**base.detail, "at_row": i},
            )
        )  # fmt: skip
        start = i + 1
    return results


def _moment(stream: Stream, row: int) -> datetime | None:
    at = stream.at_us[row]
    return None if at is np.ma.masked else _EPOCH + timedelta(microseconds=int(at))
