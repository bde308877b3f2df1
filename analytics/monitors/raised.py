"""When an incident would have been raised, with what was known then, and when mature labels showed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analytics.monitors.harm import Judged
from analytics.monitors.incidents import Incident, group
from analytics.monitors.moments import ZERO
from analytics.monitors.run import Alert, Run


@dataclass(frozen=True, slots=True)
class Raised:
    """An incident as it ended, when it was raised, and as it was told then.

    ``mature`` is the moment from which labels that had all come showed a loss in it; None where they
    never did, or where nobody knows when labels came.
    """

    incident: Incident
    at: datetime | None
    then: Incident
    mature: datetime | None = None

    @property
    def lead(self) -> timedelta | None:
        """How long before the mature labels it was raised."""
        return self.mature - self.at if self.mature is not None and self.at is not None else None


def known_at(alert: Alert) -> datetime:
    """When an alert was known: the end of its period, or later if its labels were waited for."""
    judged = alert.result.detail.get("judged_at")
    return judged if isinstance(judged, datetime) else alert.fired_at or ZERO


def date_incidents(
    alerts: Sequence[Alert], within: timedelta, judged: Sequence[Judged]
) -> list[Raised]:
    """The incidents of all alerts, each dated by what was known at every moment before."""
    return [_date(i, alerts, within, judged) for i in group(alerts, within, judged)]


def _date(
    incident: Incident, alerts: Sequence[Alert], within: timedelta, judged: Sequence[Judged]
) -> Raised:
    """The first moment at which the incident, as it looked then, called somebody."""
    names = {_name(a) for a in incident.alerts}
    first: Raised | None = None
    moments = {known_at(a) for a in incident.alerts}
    if incident.consequence is not None and incident.consequence not in incident.alerts:
        moments |= {j.known for j in judged if j.results}  # a fall that more labels showed
    for moment in sorted(moments):
        known = [_as_of(a, moment) for a in alerts if known_at(a) <= moment]
        for then in group(known, within, [j for j in judged if j.known <= moment]):
            if names.isdisjoint(map(_name, then.alerts)):
                continue
            first = first or Raised(incident, moment, then)
            if then.notifies:
                return Raised(incident, moment, then)
    return first or Raised(incident, incident.started, incident)


def _as_of(alert: Alert, moment: datetime) -> Alert:
    """The alert as it stood: what ended later still lasted."""
    is_over = alert.resolved_at is not None and alert.resolved_at <= moment
    return alert if is_over else replace(alert, resolved_at=None)


def _name(alert: Alert) -> tuple[str, object, datetime | None]:
    return alert.monitor.identity, alert.key, alert.fired_at


def seen_later(early: Sequence[Alert], late: Sequence[Alert]) -> list[Alert]:
    """Those of a later judgement, with more labels, that the first one did not see."""
    return [a for a in late if not any(a.key == b.key and _overlap(a, b) for b in early)]


def _overlap(a: Alert, b: Alert) -> bool:
    a_start, b_start = a.bad_from or ZERO, b.bad_from or ZERO
    return a_start <= (b.resolved_at or datetime.max) and b_start <= (a.resolved_at or datetime.max)


def with_maturity(
    found: Sequence[Raised], mature: Sequence[Run], delay: timedelta, within: timedelta
) -> list[Raised]:
    """The same with the moment at which labels that had all come showed a loss that belongs to it."""
    losses = [a for one in mature for a in one.alerts if a.fired_at is not None]
    return [replace(r, mature=_mature(r.incident, losses, delay, within)) for r in found]


def _mature(
    incident: Incident, losses: Sequence[Alert], delay: timedelta, within: timedelta
) -> datetime | None:
    start, end = incident.started or ZERO, incident.resolved or datetime.max
    mine = [
        a.fired_at for a in losses
        if a.fired_at is not None
        and (a.bad_from or a.fired_at) >= start - within
        and (end == datetime.max or (a.bad_from or a.fired_at) <= end)
    ]  # fmt: skip
    return min(mine) + delay if mine else None
