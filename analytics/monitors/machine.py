"""The life of an alert: inactive, pending, firing, resolved; blindness never ends one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from analytics.monitors.judge import Observation
from analytics.monitors.policy import Monitor

Phase = Literal["inactive", "pending", "firing", "resolved"]
Health = Literal["ok", "no data", "error"]


@dataclass(frozen=True, slots=True)
class State:
    """Where one series stands. ``streak`` counts bad periods while pending, calm ones while firing."""

    phase: Phase = "inactive"
    health: Health = "no data"
    streak: int = 0
    since: datetime | None = None  # when the phase began
    bad_from: datetime | None = None  # the first bad period of this alert
    why: str = ""

    @property
    def shown(self) -> str:
        """The one word for a screen: an alert that stands, else what hinders seeing, else the phase."""
        if self.phase in ("pending", "firing") or self.health == "ok":
            return self.phase
        return self.health


def step(state: State, seen: Observation, moment: datetime | None, monitor: Monitor) -> State:
    """The state after one more look. A look that says nothing changes the health alone."""
    if seen.sign in ("no data", "error"):
        return _healthy(state, "error" if seen.sign == "error" else "no data", seen.why)
    state = _healthy(state, "ok", seen.why)
    if seen.sign == "unclear":
        return replace(state, streak=0) if state.phase == "firing" else state
    if seen.sign == "bad":
        return _worse(state, moment, monitor)
    return _better(state, moment, monitor)


def _healthy(state: State, health: Health, why: str) -> State:
    is_same = (state.health, state.why) == (health, why)  # most looks are like the one before
    return state if is_same else replace(state, health=health, why=why)


def _worse(state: State, moment: datetime | None, monitor: Monitor) -> State:
    if state.phase == "firing":
        return replace(state, streak=0)
    is_new = state.phase != "pending"
    streak = 1 if is_new else state.streak + 1
    bad_from = moment if is_new else state.bad_from
    if streak >= monitor.n_hold:
        return replace(state, phase="firing", streak=0, since=moment, bad_from=bad_from)
    since = moment if is_new else state.since
    return replace(state, phase="pending", streak=streak, since=since, bad_from=bad_from)


def _better(state: State, moment: datetime | None, monitor: Monitor) -> State:
    if state.phase == "pending":
        return replace(state, phase="inactive", streak=0, since=moment, bad_from=None)
    if state.phase != "firing":
        return state
    if state.streak + 1 >= monitor.calm:
        return replace(state, phase="resolved", streak=0, since=moment)
    return replace(state, streak=state.streak + 1)


def walk(monitor: Monitor, looks: Iterable[tuple[datetime | None, Observation]]) -> list[State]:
    """The state after each look, from the beginning."""
    states, state = [], State()
    for moment, seen in looks:
        state = step(state, seen, moment, monitor)
        states.append(state)
    return states
