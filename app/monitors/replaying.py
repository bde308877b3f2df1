"""A log walked in time: each period judged with the labels known then, and the incidents it gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics.errors import QueryCancelled, TelltaleError, UsageError
from analytics.monitors.moments import span_of
from analytics.monitors.policy import Monitor
from analytics.monitors.raised import Raised, date_incidents, seen_later, with_maturity
from analytics.monitors.run import Run, failed, run
from app.monitors.asking import answers_of
from app.monitors.judging import judged_of
from app.questions import Asked, build_question, clock

if TYPE_CHECKING:
    from analytics.core import Dataset, Question, Result, Window
    from analytics.evaluate.peers import PeerAlerts
    from app.ask import Desk

MOST_WAITS = 4  # periods that a judgement waits for labels
LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1),
           "month": timedelta(days=28)}  # fmt: skip
TIMES = tuple(LENGTHS)
Watch = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """What would have been raised, how every monitor stood at the end, and what peers would have said.

    ``delay`` is the time in which nearly all labels came; None where nobody recorded it. ``losses``
    are the periods of the main metric that NannyML's rule would have called.
    """

    runs: tuple[Run, ...]
    raised: tuple[Raised, ...]
    peers: tuple[PeerAlerts, ...] | None = None
    losses: tuple[Result, ...] = ()
    delay: timedelta | None = None


def replay(
    desk: Desk, monitors: Sequence[Monitor], watch: Watch = lambda _share, _message: None
) -> Replay:
    """Walk the log of the monitors' model; what needs labels knows only those that had come.

    Drift and data quality of a period are known at its end. A metric is judged at the end of its
    period if enough labels have come by then, else up to ``MOST_WAITS`` periods later; and once more
    when nearly all of its labels had time to come. Periods out of which a monitor's own reference was taken are
    not judged.
    """
    desk, runs, mature, late = desk.for_a_round(), [], [], []
    delay = _delay(desk, monitors)
    for i, monitor in enumerate(monitors):
        watch(0.7 * i / max(1, len(monitors)), f"walking {monitor.name}")
        try:
            runs.append(run(monitor, _outside(desk, monitor, _as_known(desk, monitor))))
            if monitor.question == "performance":
                mature.append(run(monitor, _outside(desk, monitor, answers_of(desk, monitor))))
                again = run(monitor, _outside(desk, monitor, _ripe(desk, monitor, delay)))
                late += seen_later(runs[-1].alerts, again.alerts)
        except QueryCancelled:
            raise
        except TelltaleError as error:
            runs.append(failed(monitor, f"{error.what} {error.do}".strip()))
    watch(0.7, "putting incidents together")
    within = max((span_of(m.every) for m in monitors), default=span_of("week"))
    judged = judged_of(desk, runs, delay)
    found = date_incidents([*(a for r in runs for a in r.alerts), *late], within, judged)
    if delay is not None:
        found = with_maturity(found, mature, delay, within)
    watch(0.8, "counting the alerts of other rules")
    peers, losses = _peers(desk, monitors)
    return Replay(tuple(runs), tuple(found), peers, losses, delay)


def _as_known(desk: Desk, monitor: Monitor) -> list[Result]:
    """The answers of a monitor, each as it was known when its period was judged."""
    dataset = desk.dataset(monitor.model)
    if monitor.every not in TIMES or dataset.first_event is None:
        return answers_of(desk, monitor)  # in file order nobody knows when labels came
    if not monitor.kind.counts_labels:
        return answers_of(desk, monitor, wait=0)
    kept: dict[Window, list[Result]] = {}
    done: set[Window] = set()
    present = clock(dataset, desk.now())
    for wait in range(MOST_WAITS + 1):
        found: dict[Window, list[Result]] = {}
        for r in answers_of(desk, monitor, wait=wait):
            found.setdefault(r.window, []).append(r)
        for window, results in found.items():
            moment = _later(window, wait)
            if window not in done and (wait == 0 or moment <= present):
                kept[window] = [_dated(r, moment) for r in results]
                if _has_enough(results, monitor):
                    done.add(window)
        if len(done) == len(found):
            break
    return [r for window in sorted(kept, key=_start) for r in kept[window]]


def _ripe(desk: Desk, monitor: Monitor, delay: timedelta | None) -> list[Result]:
    """The answers once more, when nearly all labels of each period had time to come."""
    dataset = desk.dataset(monitor.model)
    if delay is None or monitor.every not in TIMES or dataset.first_event is None:
        return []
    wait = math.ceil(delay / LENGTHS[monitor.every])
    found = [_dated(r, _later(r.window, wait)) for r in answers_of(desk, monitor, wait=wait)]
    present = clock(dataset, desk.now())
    return [r for r in found if r.detail["judged_at"] <= present]


def _has_enough(results: Sequence[Result], monitor: Monitor) -> bool:
    return max((r.n_labelled or 0 for r in results), default=0) >= monitor.min_n


def _later(window: Window, wait: int) -> datetime:
    assert window.start is not None and window.end is not None
    return window.end + wait * (window.end - window.start)


def _dated(result: Result, moment: datetime) -> Result:
    return replace(result, detail={**result.detail, "judged_at": moment})


def _start(window: Window) -> datetime:
    return window.start or datetime.min


def _outside(desk: Desk, monitor: Monitor, results: Sequence[Result]) -> list[Result]:
    """The periods that share no row with the reference, where it is a piece of the same log."""
    question = _question(desk, desk.dataset(monitor.model), monitor)
    return [r for r in results if not _shares(question, r.window)]


def _shares(question: Question, window: Window) -> bool:
    then = question.reference
    if then is None or then.log != "production":
        return False
    if then.window.last_row is not None and window.first_row is not None:
        first = then.window.first_row or 0
        return first <= (window.last_row or 0) and window.first_row <= then.window.last_row
    if window.start is None or window.end is None:
        return False
    start, end = then.window.start or datetime.min, then.window.end
    return end is not None and window.start < end and start < window.end


def _question(desk: Desk, dataset: Dataset, monitor: Monitor) -> Question:
    asked = Asked(
        version=monitor.version, window=monitor.window, reference=monitor.reference,
        segment=monitor.segment, every=monitor.every,
    )  # fmt: skip
    return build_question(dataset, asked, clock(dataset, desk.now()))


def _delay(desk: Desk, monitors: Sequence[Monitor]) -> timedelta | None:
    """The time in which nearly all labels came."""
    from analytics.core import Scope
    from analytics.query.groups import label_delay

    if not monitors:
        return None
    found = label_delay(desk.engine, desk.dataset(monitors[0].model), Scope())
    return None if found is None else timedelta(seconds=found.p98_s)


def _peers(
    desk: Desk, monitors: Sequence[Monitor]
) -> tuple[tuple[PeerAlerts, ...] | None, tuple[Result, ...]]:
    """What other tools' default rules would have said of the same periods; None without a reference."""
    from analytics.evaluate.peers import peer_alerts, peer_losses

    cut = [m for m in monitors if m.every and m.rule == "change"]
    if not cut:
        return None, ()
    dataset = desk.dataset(cut[0].model)
    monitor = next((m for m in cut if m.question == "drift"), cut[0])
    question = _question(desk, dataset, monitor)
    if question.reference is None:
        return None, ()
    found = [
        p for p in peer_alerts(desk.engine, dataset, question) if not _shares(question, p.window)
    ]
    metric = next((m for m in cut if m.question == "performance" and len(m.names) == 1), None)
    losses: list[Result] = []
    if metric is not None:
        results = [
            r for r in _outside(desk, metric, answers_of(desk, metric))
            if r.detail.get("decides", True)
        ]  # fmt: skip
        losses = peer_losses(desk.engine, dataset, question.reference, results)
    return tuple(found), tuple(losses)


def monitors_to_replay(desk: Desk, model: str, window: str | None = None) -> list[Monitor]:
    """The model's own monitors, else those that it would get; over the window alone if one is named."""
    from app.monitors.editing import monitors_of
    from app.monitors.policies import default_monitors

    dataset = desk.dataset(model)
    if not dataset.log("predictions").n_rows:
        raise UsageError(f"{model} has no predictions to replay.", "", "Import its log first.")
    kept = [m for m in monitors_of(desk.database, model) if not m.paused]
    chosen = kept or default_monitors(dataset)
    return [replace(m, window=window) for m in chosen] if window else chosen
