"""Alerts that move together are one incident: what came first, and what it cost.

A loss is what an incident is about. A fault in a column's data that began with it comes first, and
mutes the drift that it makes; columns that moved with the loss stand beside it, for moving together
proves no cause. A fault alone is an incident too. Drift beside headline metrics that were measured
and held is "drifted, harmless" and calls nobody; where one of them surely fell with it, however little,
that is its consequence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from analytics.core import Result
from analytics.monitors.harm import Judged, Toll, toll_of
from analytics.monitors.kinds import METRICS
from analytics.monitors.moments import ZERO
from analytics.monitors.run import Alert

Kind = Literal["harm", "data", "drift", "harmless"]
OWN = ("prediction", "score", "label")  # columns that follow rather than lead
MOVED = ("out_of_range_rate",)  # checks that say that values moved, not that they are wrong


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
    fell: tuple[Result, ...] = ()  # the other headline metrics that fell with drift

    @property
    def notifies(self) -> bool:
        """Whether anybody is told."""
        return self.kind != "harmless"


def group(
    alerts: Sequence[Alert], within: timedelta = timedelta(days=8), judged: Sequence[Judged] = ()
) -> list[Incident]:
    """Incidents in the order of time; what begins at most ``within`` apart began together.

    ``judged`` are the periods in which performance could be judged: drift that lasted through one
    of them, and with which no headline metric surely fell, did no harm.
    """
    found: list[Incident] = []
    for model in sorted({a.monitor.model for a in alerts}):
        own = [a for a in alerts if a.monitor.model == model]
        found += _of_model(own, within, judged)
    return sorted(found, key=lambda i: (i.model, i.started or ZERO))


def _of_model(
    alerts: Sequence[Alert], within: timedelta, judged: Sequence[Judged]
) -> list[Incident]:
    faults = _clusters([a for a in alerts if is_fault(a)], _is_same_fault(within))
    losses = _clusters([a for a in alerts if is_loss(a)], _began_together(within))
    moved = [a for a in alerts if not is_fault(a) and not is_loss(a)]
    incidents = []
    for loss in losses:
        causes = [f for f in faults if _makes(f, loss, within)]
        faults = [f for f in faults if f not in causes]
        joined = [a for cluster in causes for a in cluster]
        muted = [a for a in moved if _mutes(joined, a, within)]
        beside = [a for a in moved if a not in muted and _moved_with(a, loss, within)]
        moved = [a for a in moved if a not in muted and a not in beside]
        incidents.append(_incident("harm", [*joined, *beside, *loss], muted))
    for fault in faults:
        muted = [a for a in moved if _mutes(fault, a, within)]
        moved = [a for a in moved if a not in muted]
        incidents.append(_incident("data", fault, muted))
    for drift in _clusters(moved, _overlaps(within)):
        is_limit = any(a.monitor.rule != "change" for a in drift)  # somebody said what harms
        told = [] if is_limit else judged
        spans = [(_begin(loss), _end(loss)) for loss in losses]
        incidents.append(_drifted(drift, toll_of((_begin(drift), _end(drift)), told, spans)))
    return incidents


def _drifted(drift: Sequence[Alert], toll: Toll) -> Incident:
    """Drift with what it cost; its severity is that of the fall where there is one."""
    if toll.worst is None:
        return _incident("harmless" if toll.is_measured else "drift", drift, [])
    is_critical = toll.worst.result.verdict == "critical"
    return replace(
        _incident("harm", drift, []),
        severity="critical" if is_critical else "warning",
        consequence=toll.worst,
        fell=toll.others,
    )


def is_loss(alert: Alert) -> bool:
    """Whether it says that the model or its service got worse."""
    return alert.monitor.kind.means == "loss"


def is_fault(alert: Alert) -> bool:
    """Whether it says that something is wrong, not only other."""
    return alert.monitor.kind.means == "fault" and alert.key[0] not in MOVED


def _clusters(
    alerts: Sequence[Alert], belongs: Callable[[Alert, Sequence[Alert]], bool]
) -> list[list[Alert]]:
    clusters: list[list[Alert]] = []
    for alert in sorted(alerts, key=_order):
        home = next((c for c in clusters if belongs(alert, c)), None)
        if home is None:
            clusters.append([alert])
        else:
            home.append(alert)
    return clusters


def _began_together(within: timedelta) -> Callable[[Alert, Sequence[Alert]], bool]:
    """It came while the others fired, or as they began; one that comes again later is a new one."""

    def belongs(alert: Alert, found: Sequence[Alert]) -> bool:
        moment = _moment(alert)
        if any(a.resolved_at is None or a.resolved_at >= moment for a in found):
            return True
        is_again = any(a.key == alert.key and a.monitor == alert.monitor for a in found)
        return not is_again and moment - _moment(found[-1]) <= within

    return belongs


def _is_same_fault(within: timedelta) -> Callable[[Alert, Sequence[Alert]], bool]:
    """Columns that broke together; the same column again while the others are still broken."""

    def belongs(alert: Alert, found: Sequence[Alert]) -> bool:
        moment = _moment(alert)
        if alert.key[1] in {a.key[1] for a in found}:
            return any(a.resolved_at is None or a.resolved_at >= moment for a in found)
        return moment - max(map(_moment, found)) <= within

    return belongs


def _overlaps(within: timedelta) -> Callable[[Alert, Sequence[Alert]], bool]:
    """What moves while something else moves is one movement."""

    def belongs(alert: Alert, found: Sequence[Alert]) -> bool:
        end = _end(found)
        return end == datetime.max or _moment(alert) <= end + within

    return belongs


def _makes(fault: Sequence[Alert], loss: Sequence[Alert], within: timedelta) -> bool:
    """Whether the fault began with the loss: up to two periods before it, or one after."""
    lead = _begin(loss) - _begin(fault)
    return -within <= lead <= 2 * within and _end(fault) > _begin(loss) - within


def _mutes(faults: Sequence[Alert], alert: Alert, within: timedelta) -> bool:
    """Whether a fault of the same column makes that drift: they began together, or it still lasts."""
    for fault in faults:
        if fault.key[1] is not None and fault.key[1] == alert.key[1]:
            lead = _moment(alert) - _moment(fault)
            end = _end([fault])
            if lead >= -within and (end == datetime.max or _moment(alert) <= end + within):
                return True
    return False


def _moved_with(alert: Alert, loss: Sequence[Alert], within: timedelta) -> bool:
    return abs(_moment(alert) - _begin(loss)) <= within


def _incident(kind: Kind, loud: Sequence[Alert], muted: Sequence[Alert]) -> Incident:
    cause = min(loud, key=_first)
    losses = [a for a in loud if a.monitor.question in METRICS]
    lasting = [a for a in loud if is_loss(a) or is_fault(a)] or list(loud)
    end = _end(lasting)
    is_critical = kind != "harmless" and any(map(_is_critical, loud))
    return Incident(
        model=cause.monitor.model,
        kind=kind,
        severity="critical" if is_critical else "warning",
        started=min((a.bad_from for a in lasting if a.bad_from), default=None),
        resolved=None if end == datetime.max else end,
        cause=cause,
        consequence=min(
            losses, key=lambda a: (METRICS.index(a.monitor.question), _moment(a)), default=None
        ),
        alerts=(*loud, *muted),
        muted=tuple(muted),
    )


def _is_critical(alert: Alert) -> bool:
    """By its answer's verdict; beyond a limit, by what whoever set the limit said."""
    monitor = alert.monitor
    word = alert.result.verdict if monitor.rule == "change" else monitor.severity
    return word == "critical"


def _first(alert: Alert) -> tuple[int, datetime, int, float]:
    """What is named first: a fault; else the loss itself, for a column that moved proves nothing."""
    kind = 0 if is_fault(alert) else 1 if is_loss(alert) else 2
    if kind == 2 and (alert.key[1] in OWN or alert.key[0] == "missing_rate"):
        kind = 3
    strength = alert.result.detail.get("above_floor") or alert.result.value or 0.0
    return kind, _moment(alert), alert.monitor.kind.rank, -abs(float(strength))


def _order(alert: Alert) -> tuple[datetime, str]:
    return _moment(alert), str(alert.key)


def _moment(alert: Alert) -> datetime:
    return alert.bad_from or alert.fired_at or ZERO


def _begin(found: Sequence[Alert]) -> datetime:
    return min(map(_moment, found))


def _end(found: Sequence[Alert]) -> datetime:
    return max(a.resolved_at or datetime.max for a in found)
