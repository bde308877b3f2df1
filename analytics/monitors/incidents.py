"""Alerts that move together are one incident: what came first, and what it cost.

A fault of a column's data mutes the drift that it makes; drift beside a metric that was measured
and held is "drifted, harmless" and calls nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from analytics.monitors.run import Alert

Kind = Literal["harm", "data", "drift", "harmless"]
RANK = {"quality": 0, "drift": 1, "serving": 2, "performance": 3}  # causes before consequences


@dataclass(frozen=True, slots=True)
class Incident:
    """Alerts of one model that belong together; ``cause`` is the first, ``consequence`` the loss."""

    model: str
    kind: Kind
    severity: str
    started: datetime | None
    resolved: datetime | None
    cause: Alert
    consequence: Alert | None
    alerts: tuple[Alert, ...]
    muted: tuple[Alert, ...] = ()

    @property
    def notifies(self) -> bool:
        """Whether anybody is told."""
        return self.kind != "harmless"


def group(
    alerts: Sequence[Alert], within: timedelta = timedelta(days=8), *, is_measured: bool = False
) -> list[Incident]:
    """Incidents in the order of time. Alerts join one that fired at most ``within`` before them.

    ``is_measured`` says that performance was judged all along, so its silence means something.
    """
    groups: list[list[Alert]] = []
    for alert in sorted(alerts, key=lambda a: (a.monitor.model, _moment(a))):
        if groups and _belongs(alert, groups[-1], within):
            groups[-1].append(alert)
        else:
            groups.append([alert])
    return [_incident(g, is_measured=is_measured) for g in groups]


def _belongs(alert: Alert, found: Sequence[Alert], within: timedelta) -> bool:
    if alert.monitor.model != found[0].monitor.model:
        return False
    same = [a for a in found if a.key == alert.key and a.monitor == alert.monitor]
    if same:  # it came again: the same incident only while the others still fire
        return any(a.resolved_at is None or a.resolved_at >= _moment(alert) for a in found)
    return _moment(alert) - max(_moment(a) for a in found) <= within


def _incident(found: Sequence[Alert], *, is_measured: bool) -> Incident:
    broken = {a.key[1] for a in found if a.monitor.question == "quality" and a.key[1]}
    muted = tuple(a for a in found if a.monitor.question == "drift" and a.key[1] in broken)
    loud = [a for a in found if a not in muted]
    cause = min(loud, key=lambda a: (_moment(a, begun=True), RANK[a.monitor.question]))
    causes = [a for a in loud if a.monitor.question in ("quality", "drift")]
    if causes and cause.monitor.question in ("performance", "serving"):
        close = [a for a in causes if _moment(a) - _moment(cause) <= timedelta(days=1)]
        cause = min(close, key=lambda a: RANK[a.monitor.question], default=cause)
    losses = [a for a in loud if a.monitor.question == "performance"]
    kinds = {a.monitor.question for a in loud}
    kind: Kind = "harm" if kinds & {"performance", "serving"} else "data"
    if kinds == {"drift"}:
        kind = "harmless" if is_measured else "drift"
    is_critical = any(a.result.verdict == "critical" for a in loud)
    ends = [a.resolved_at for a in found]
    return Incident(
        model=cause.monitor.model,
        kind=kind,
        severity="critical" if is_critical and kind != "harmless" else "warning",
        started=min((a.bad_from for a in found if a.bad_from), default=None),
        resolved=None if None in ends else max(e for e in ends if e is not None),
        cause=cause,
        consequence=min(losses, key=_moment, default=None),
        alerts=tuple(found),
        muted=muted,
    )


def _moment(alert: Alert, *, begun: bool = False) -> datetime:
    moment = alert.bad_from if begun else alert.fired_at
    return moment or datetime.min
