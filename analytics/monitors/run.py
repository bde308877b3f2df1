"""A monitor over its dated answers: the alerts it raised, and how it stands at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from analytics.core import Result
from analytics.monitors.judge import Observation, observe
from analytics.monitors.machine import State, step
from analytics.monitors.policy import Monitor

Key = tuple[str, str | None, str | None, str | None]  # name, column, version, class
Outcome = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One series from its first bad period to the period that resolved it (None: it still fires).

    ``fired_at`` is the end of the period at which it fired; ``result`` the answer that did it.
    """

    monitor: Monitor
    key: Key
    bad_from: datetime | None
    fired_at: datetime | None
    result: Result
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What came out. ``states`` and ``last`` are by series, at the end."""

    monitor: Monitor
    alerts: tuple[Alert, ...]
    states: Mapping[Key, State]
    last: Mapping[Key, Observation]
    error: str = ""

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
    series: dict[Key, list[Result]] = {}
    for r in results:
        if r.detail.get("decides", True):
            series.setdefault(_key(r), []).append(r)
    alerts: list[Alert] = []
    states: dict[Key, State] = {}
    last: dict[Key, Observation] = {}
    for key, found in series.items():
        state = State()
        for r in sorted(found, key=_order):
            seen = observe(monitor, r)
            after = step(state, seen, r.window.end, monitor)
            if after.phase != state.phase:
                _note(alerts, Alert(monitor, key, after.bad_from, r.window.end, r), after)
            state, last[key] = after, seen
        states[key] = state
    return Run(monitor, tuple(sorted(alerts, key=lambda a: str(a.fired_at))), states, last)


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
    of = r.detail.get("class")
    return r.name, r.column, r.version, None if of is None else str(of)


def _order(r: Result) -> tuple[str, int]:
    return str(r.window.start or ""), r.window.first_row or 0
