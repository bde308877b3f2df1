"""A monitor over its dated answers: the alerts it raised, and how it stands at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from analytics.core import Result, Window
from analytics.monitors.judge import Observation, observe
from analytics.monitors.machine import State, step
from analytics.monitors.moments import ZERO, end_of
from analytics.monitors.policy import Monitor
from analytics.monitors.promise import Purse

Key = tuple[str, str | None, str | None, str | None]  # name, column, version, class
WHOLE = Window()
Outcome = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One series from its first bad period to the period that resolved it (None: it still fires).

    ``fired_at`` is the end of the period at which it fired; ``result`` the answer that did it;
    ``first`` the first bad period.
    """

    monitor: Monitor
    key: Key
    bad_from: datetime | None
    fired_at: datetime | None
    result: Result
    resolved_at: datetime | None = None
    first: Window = WHOLE


@dataclass(frozen=True, slots=True)
class Run:
    """What came out. ``states`` and ``last`` are by series, at the end.

    ``clear`` are the ends of the periods in which some series could be judged.
    """

    monitor: Monitor
    alerts: tuple[Alert, ...]
    states: Mapping[Key, State]
    last: Mapping[Key, Observation]
    error: str = ""
    clear: tuple[datetime, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Fail where something fires; pass only where something was clear and nothing is in doubt."""
        if any(s.phase == "firing" for s in self.states.values()):
            return "fail"
        signs = [seen.sign for seen in self.last.values()]
        in_doubt = self.error or "unclear" in signs or "calm" not in signs
        missed = bool(self.monitor.names) and "no data" in signs
        is_pending = any(s.phase == "pending" for s in self.states.values())
        return "inconclusive" if in_doubt or missed or is_pending else "pass"

    @property
    def shown(self) -> str:
        """The monitor's one word: the most serious of its series, an error before anything calm."""
        words = {s.shown for s in self.states.values()}
        if "firing" in words:
            return "firing"
        if self.error:
            return "error"
        order = ("pending", "resolved", "inactive", "no data")
        return next((w for w in order if w in words), "no data")


def run(monitor: Monitor, results: Sequence[Result]) -> Run:
    """Walk the answers of a monitor in the order of their periods; the last period ends each series."""
    once = monitor if monitor.every else replace(monitor, hold=1)  # one look is all there is
    series: dict[Key, list[Result]] = {}
    for r in results:
        if r.detail.get("decides", True):
            series.setdefault(_key(r), []).append(r)
    alerts: list[Alert] = []
    states: dict[Key, State] = {}
    last: dict[Key, Observation] = {}
    clear: set[datetime] = set()
    for key, found in series.items():
        state, first = State(), WHOLE
        purse = Purse(monitor) if monitor.rule == "promise" else None
        for r in sorted(found, key=_order):
            seen = purse.look(r) if purse else observe(monitor, r)
            end = end_of(r.window)
            after = step(state, seen, end, once)
            if end is not None and seen.sign in ("bad", "calm"):
                clear.add(end)
            if after.bad_from != state.bad_from:
                first = r.window
            if purse and after.phase == "resolved" != state.phase:
                purse.empty()
            if after.phase != state.phase:
                alert = Alert(monitor, key, after.bad_from, end, r, first=first)
                _note(alerts, alert, after)
            state, last[key] = after, seen
        states[key] = state
    ordered = tuple(sorted(alerts, key=lambda a: a.fired_at or ZERO))
    return Run(monitor, ordered, states, last, clear=tuple(sorted(clear)))


def look_again(found: Run, before: Mapping[Key, State], moment: datetime) -> Run:
    """A look without periods after the looks before it: it fires after ``hold`` bad ones in a row.

    A series that it did not see stands as it stood.
    """
    states = dict(before)
    for key, seen in found.last.items():
        states[key] = step(before.get(key, State()), seen, moment, found.monitor)
    firing = tuple(a for a in found.alerts if states[a.key].phase == "firing")
    return replace(found, alerts=firing, states=states)


def failed(monitor: Monitor, why: str) -> Run:
    """A monitor that could not be evaluated: neither fine nor resolved."""
    return Run(monitor, (), {}, {}, why)


def _note(alerts: list[Alert], alert: Alert, after: State) -> None:
    if after.phase == "firing":
        alerts.append(alert)
    elif after.phase == "resolved":
        place = max(i for i, a in enumerate(alerts) if a.key == alert.key)
        alerts[place] = replace(alerts[place], resolved_at=alert.fired_at)


def _key(r: Result) -> Key:
    of = r.detail.get("group", r.detail.get("class"))
    return r.name, r.column, r.version, None if of is None else str(of)


def _order(r: Result) -> tuple[str, int]:
    return str(r.window.start or ""), r.window.first_row or 0
