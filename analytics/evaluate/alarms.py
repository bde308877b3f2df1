"""A metric by period, with the alarms that a detector over single rows gave in each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from analytics.catalog import pick_metrics
from analytics.core import Dataset, Question, Result
from analytics.errors import UsageError
from analytics.evaluate.performance import performance
from analytics.explain.detectors import DETECTORS, Alarm, alarms
from analytics.query.engine import Engine
from analytics.query.groups import period_of
from analytics.query.losses import RowLoss, row_losses
from analytics.query.stream import losses_in_order


def detectable(dataset: Dataset) -> dict[str, RowLoss]:
    """The metrics that a detector can watch: means over rows of a loss that has a bound.

    River's defaults suit losses between 0 and 1; others are divided by their bound.
    """
    return {n: loss for n, loss in row_losses(dataset).items() if loss.most and not loss.is_root}


def alarms_by_period(
    engine: Engine, dataset: Dataset, question: Question, detector: str, *, now: datetime | None
) -> list[Result]:
    """Performance by period, where ``detail.alarms`` counts alarms of a level that got worse.

    The detector walks over the losses of single rows by their labels' arrival, so that later labels
    change no alarm of the past; an alarm stands in the period of the row at which it came.
    ``detail.reference`` is then the level before, ``detail.after`` the one since.
    """
    known = detectable(dataset)
    pick_metrics(dataset.schema, [n for n in question.names if n not in known])
    for name in question.names:
        if name not in known:
            raise UsageError(
                f"{DETECTORS.get(detector, detector)} cannot watch {name}.",
                "It looks at what each row lost, between nothing and a known bound.",
                f"Choose of: {', '.join(known) or 'no metric of this model'}.",
            )
    results = performance(engine, dataset, replace(question, reference=None), now=now)
    found: dict[tuple[str, int | None], list[Alarm]] = {}
    for name in question.names:
        loss = known[name]
        stream = losses_in_order(engine, dataset, question.scope, loss)
        for alarm in alarms(detector, stream.loss / (loss.most or 1.0)):
            if alarm.after > alarm.before:
                found.setdefault((name, _plain(stream.period[alarm.at])), []).append(alarm)
    return [
        _told(
            r, known[r.name], detector, found.get((r.name, period_of(question.scope, r.window)), [])
        )
        for r in results
    ]


def _told(result: Result, loss: RowLoss, detector: str, found: list[Alarm]) -> Result:
    detail: dict[str, Any] = {**result.detail, "detector": detector, "alarms": len(found)}
    if found:
        most = loss.most or 1.0
        before, after = (
            loss.of_mean(level * most, 0.0)[0] for level in (found[0].before, found[-1].after)
        )
        detail |= {"reference": before, "after": after}
    return replace(result, detail=detail)


def _plain(period: Any) -> int | None:
    return None if period is np.ma.masked else int(period)
