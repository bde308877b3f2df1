"""Ask what a monitor asks; whatever goes wrong is an error of that monitor, never a pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics.errors import QueryCancelled, TelltaleError, UsageError
from analytics.monitors.harm import Judged
from analytics.monitors.incidents import Incident, group
from analytics.monitors.kinds import KINDS
from analytics.monitors.moments import span_of
from analytics.monitors.policy import Monitor
from analytics.monitors.run import Run, failed, run
from analytics.words import write_value
from app.questions import Asked, clock
from app.session import format_window

if TYPE_CHECKING:
    from analytics.core import Dataset, Question, Result, Window
    from analytics.monitors.run import Alert
    from app.ask import Desk

HANDOVER = 0.25  # of all rows: a version whose share rises by so much took over


def ask_monitor(desk: Desk, monitor: Monitor, *, as_of: str | None = None) -> Run:
    """The monitor over its window, as it would have run period by period."""
    try:
        return run(monitor, answers_of(desk, monitor, as_of=as_of))
    except QueryCancelled:
        raise
    except TelltaleError as error:
        return failed(monitor, f"{error.what} {error.do}".strip())


def answers_of(
    desk: Desk, monitor: Monitor, *, as_of: str | None = None, wait: int | None = None
) -> list[Result]:
    """What the monitor judges: the answers of its periods that are over.

    With ``wait`` each period knows only the labels that came so many periods after its end.
    """
    kind = monitor.kind
    asked = replace(asked_by(monitor), as_of=as_of, wait=wait)
    dataset, question, results = _ask(desk, monitor, asked)
    if monitor.rule == "change" and question.reference is None and kind.needs_reference:
        raise UsageError(
            "There is no reference to compare with.", "", "Import one, or name a window of the log."
        )
    if monitor.question == "quality" and monitor.every and not monitor.names:
        stuck = replace(asked, names=("frozen",))  # by period it answers by name only
        results = [*results, *desk.ask("quality", monitor.model, stuck)[2]]
    results = [r for r in results if _counts(monitor, r)]
    moment = question.scope.as_of or clock(dataset, desk.now())
    if monitor.every:
        is_ended = dataset.last_event == moment and question.scope.as_of is None
        return _closed(results, _next_day(moment) if is_ended else moment)
    return results


def asked_by(monitor: Monitor) -> Asked:
    """The words of a monitor's question."""
    kind, compared = monitor.kind, monitor.reference
    if monitor.question == "slice":
        compared = compared or "rest"
    return Asked(
        version=monitor.version,
        window=monitor.window,
        reference=compared if kind.is_compared and not monitor.is_detector else "none",
        segment=monitor.segment,
        every=monitor.every,
        names=names_of(monitor),
        columns=monitor.columns if monitor.question != "fairness" else (),
    )


def names_of(monitor: Monitor) -> tuple[str, ...]:
    """The numbers to ask for, in the words of the question of the house.

    Drift is judged by what decides: no other number of it is worked out.
    """
    if monitor.question == "drift" and not monitor.names:
        from analytics.catalog import deciding_names

        return deciding_names()
    is_named = monitor.question not in ("resources", "feedback", "behaviour", "fairness")
    return (monitor.names or monitor.kind.names) if is_named else ()


def question_of(question: str, column: str | None = None) -> str:
    """The question of the house behind a monitor's."""
    asks = KINDS[question].asks if question in KINDS else question  # type: ignore[index]
    return f"fairness:{column}" if asks == "fairness" else asks


def _counts(monitor: Monitor, result: Result) -> bool:
    """Whether an answer is one of those that the monitor is about."""
    if monitor.question == "resources" and not is_resource(result.name):
        return False
    return not monitor.names or result.name in monitor.names


def is_resource(name: str) -> bool:
    """Whether a number of serving is one of the machine's."""
    from analytics.evaluate.serving import NAMES

    return name not in NAMES


def _ask(desk: Desk, monitor: Monitor, asked: Asked) -> tuple[Dataset, Question, list[Result]]:
    """The question, once; fairness, which knows no periods, once for each."""
    name = question_of(monitor.question, next(iter(monitor.columns), None))
    if monitor.is_detector:
        name = f"alarms:{monitor.rule}"
    if monitor.question != "fairness" or not monitor.every:
        return desk.ask(name, monitor.model, asked)
    spans = replace(asked, names=("volume",))
    dataset, question, periods = desk.ask("quality", monitor.model, spans)
    found: list[Result] = []
    for window in dict.fromkeys(r.window for r in periods):
        words = window_words(window)
        one = desk.ask(name, monitor.model, replace(asked, window=words, every=None))[2]
        found += [replace(r, window=window) for r in one]
    return dataset, question, found


def window_words(window: Window) -> str:
    """A period as the words of a window."""
    if window.start is not None and window.end is not None:
        return format_window(window.start, window.end)
    return f"{window.first_row}..{window.last_row}rows"


def _closed(results: Sequence[Result], moment: datetime) -> list[Result]:
    """Periods that are over: one judged while it fills would be looked at many times.

    The last period of a log that has ended fills no more: it is judged as it is, volume apart.
    """
    over = [r for r in results if r.window.end is None or r.window.end <= moment]
    if moment.time() == datetime.min.time() and results:
        over += [
            r for r in results
            if r.window.start and r.window.end and r.window.start < moment < r.window.end
            and r.name != "volume"
        ]  # fmt: skip
    return over


def _next_day(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), datetime.min.time())


def incidents_of(runs: Sequence[Run], judged: Sequence[Judged] | None = None) -> list[Incident]:
    """The incidents of one model's monitors; ``judged`` says what drift did to headline metrics.

    Without it only the monitors' own metrics are known.
    """
    alerts = [alert for found in runs for alert in found.alerts]
    within = max((span_of(found.monitor.every) for found in runs), default=span_of("week"))
    if judged is None:
        measured = [found for found in runs if found.monitor.question == "performance"]
        judged = [Judged(at, at) for at in sorted({m for found in measured for m in found.clear})]
    return group(alerts, within, judged)


def reason_of(desk: Desk, loss: Alert) -> str:
    """What came together with a metric's fall: a version that took over, or the split of the change."""
    try:
        return _handover(desk, loss) or _split(desk, loss)
    except QueryCancelled:
        raise
    except TelltaleError:  # no labels, or nothing to split: the incident stands without a reason
        return ""


def _handover(desk: Desk, loss: Alert) -> str:
    """A version whose share of the rows rose much in the first bad period."""
    monitor, first = loss.monitor, loss.first
    if monitor.version or first.start is None or first.end is None:
        return ""
    before = first.start - (first.end - first.start)
    shares = []
    for start, end in ((before, first.start), (first.start, first.end)):
        asked = Asked(
            window=format_window(start, end), reference="none", segment=monitor.segment,
            names=(loss.key[0],), by_version=True,
        )  # fmt: skip
        found = desk.ask("performance", monitor.model, asked)[2]
        counts = {r.version: r.n for r in found if r.version and "class" not in r.detail}
        shares.append({v: n / max(1, sum(counts.values())) for v, n in counts.items()})
    old, new = shares
    for version, share in sorted(new.items(), key=lambda pair: -pair[1]):
        if old and share - old.get(version, 0.0) >= HANDOVER:
            now, then = write_value(share, "rate"), write_value(old.get(version, 0.0), "rate")
            return f"Version {version} answered {now} of the rows when it began, {then} before."
    return ""


def _split(desk: Desk, loss: Alert) -> str:
    """How the fall splits, over all periods until it was over; only where the metric has parts."""
    from analytics.evaluate.why import decomposable
    from analytics.findings.reason import say_why

    monitor, first = loss.monitor, loss.first
    end = loss.resolved_at or loss.result.window.end
    is_split = loss.key[0] in decomposable(desk.dataset(monitor.model))
    if first.start is None or end is None or not is_split:
        return ""
    asked = Asked(
        version=monitor.version, window=format_window(first.start, end),
        reference=monitor.reference, segment=monitor.segment, names=(loss.key[0],),
    )  # fmt: skip
    return f"The split of the change: {say_why(desk.ask('why', monitor.model, asked)[2]).title}."
