"""What a run found, kept all or nothing: incidents raised, changed, joined, closed, each step once.

An incident that is found again is the one that shares an alert with it, or that lasts as it does
and is about the same series (an edited condition moves the moment at which an alert fired). Two
that turn out to be one are joined into the older; one whose alerts are found no more is closed
with the reason. A run in which a monitor ended in an error closes and resolves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from app.state.database import Database, Write
from app.state.incidents import care_table, close, forget_closing
from app.state.joins import join, join_table, part
from app.state.monitors import (
    EVERY,
    Claim,
    Found,
    Ran,
    Step,
    Tell,
    add_event,
    incident_table,
    run_table,
    stored,
    watch_table,
)
from app.state.series import forget_series, keep_series

GONE = "nothing of it is found any more: its log, its labels or its monitor changed"
WORKER = "worker"
KEPT = ("monitor", "state", "duration_s", "error")
_watch, _incident = watch_table.c, incident_table.c


@dataclass(frozen=True, slots=True)
class Known:
    """An incident as it was before the run."""

    id: int
    found: Found
    closed_by: str | None
    is_joined: bool


def keep_runs(
    database: Database,
    claim: Claim,
    runs: Sequence[Ran],
    found: Sequence[Found],
    tell: Tell | None = None,
) -> bool:
    """Keep what a claimed watch found; False (and nothing kept) where another took it over.

    ``tell`` is called for every step of an incident, in the same transaction.
    """
    with database.write(WORKER) as write:
        now = database.clock()
        mine = (_watch.model == claim.model) & (_watch.fence == claim.fence)
        mine &= _watch.lease_until.is_not(None)
        is_as_it_was = _watch.next_at == claim.due
        after = sa.case((is_as_it_was, now + EVERY), else_=_watch.next_at)
        free = watch_table.update().where(mine).values(lease_until=None, next_at=after)
        if not write.execute(free).rowcount:
            return False
        for ran in runs:
            row = {name: getattr(ran, name) for name in KEPT}
            values = {**row, "model": claim.model, "fence": claim.fence, "at": now}
            write.execute(run_table.insert().values(**values))
        looks = {ran.monitor: ran.series for ran in runs if ran.series is not None}
        keep_series(write, claim.model, looks)
        for step in keep_incidents(write, claim, found, runs):
            if tell is not None:
                tell(write, step)
        states = {ran.monitor: ran.state for ran in runs}
        write.audit("run", "watch", claim.model, fence=claim.fence, states=states)
    return True


def keep_incidents(
    write: Write, claim: Claim, found: Sequence[Found], runs: Sequence[Ran]
) -> list[Step]:
    """The incidents of a model as they are now; the steps that were."""
    blind = frozenset(ran.monitor for ran in runs if ran.error)
    known = _known(write, claim.model)
    taken: set[int] = set()
    steps: list[Step | None] = []
    homes = _homes(known, found)
    for i, one in enumerate(found):
        same = homes[i]
        whole = [k for k in same if not k.is_joined]
        if not same:
            steps.append(_raise(write, claim.model, one))
            continue
        first = min(whole or same, key=lambda k: (k.found.resolved is not None, k.id))
        if first.is_joined:
            part(write, first.id)
            add_event(write, first.id, "parted", "it stands alone again")
        taken.add(first.id)
        steps.append(_change(write, claim.model, first, one, blind))
        for other in whole:
            if other.id != first.id:
                taken.add(other.id)
                steps.append(_join(write, claim.model, other, first.id))
    if not blind:
        lost = [k for k in known if k.id not in taken and not k.is_joined]
        steps += [_end(write, claim, k, runs) for k in lost]
    return [step for step in steps if step is not None]


def end_watch(write: Write, model: str, why: str, tell: Tell | None = None) -> None:
    """Watch a model no more: what is open is closed with that reason."""
    for k in _known(write, model):
        if _is_open(k):
            event = close(write, k.id, why)
            if tell is not None:
                tell(write, Step(k.id, event, "closed", model, k.found, why))
    forget_series(write, model)
    write.execute(watch_table.delete().where(_watch.model == model))
    write.audit("end", "watch", model, why=why)


def _known(write: Write, model: str) -> list[Known]:
    joined = incident_table.outerjoin(care_table, care_table.c.incident_id == _incident.id)
    joined = joined.outerjoin(join_table, join_table.c.incident_id == _incident.id)
    columns = (incident_table, care_table.c.closed_by, join_table.c.joined_to)
    rows = write.execute(sa.select(*columns).select_from(joined).where(_incident.model == model))
    return [Known(r.id, stored(r).found, r.closed_by, r.joined_to is not None) for r in rows.all()]


def _homes(known: Sequence[Known], found: Sequence[Found]) -> list[list[Known]]:
    """What is known of each: an incident goes where most of its alerts are now.

    One that shares no alert with any goes to an incident without a past that lasts as it does and
    is about one of its series.
    """
    homes: list[list[Known]] = [[] for _ in found]
    rest = []
    for k in known:
        shared = [len(k.found.alerts & one.alerts) for one in found]
        if any(shared):
            homes[shared.index(max(shared))].append(k)
        elif k.found.resolved is None and not k.is_joined:
            rest.append(k)
    for one, home in zip(found, homes, strict=True):
        if not home and one.resolved is None:
            home += [k for k in rest if _series(k.found) & _series(one)][:1]
            rest = [k for k in rest if k not in home]
    return homes


def _series(found: Found) -> set[str]:
    """What its alerts are about, without the moment at which each fired."""
    return {name.rpartition(" | ")[0] for name in found.alerts} - {""}


def _raise(write: Write, model: str, found: Found) -> Step:
    values = _values(found) | {"model": model, "created_at": write.database.clock()}
    number = int(write.execute(incident_table.insert().values(**values)).inserted_primary_key[0])
    return Step(number, add_event(write, number, "raised"), "raised", model, found)


def _change(
    write: Write, model: str, known: Known, found: Found, blind: Set[str] = frozenset()
) -> Step | None:
    """``blind`` are the monitors that could not look: what they said before holds until they can."""
    before = known.found
    if blind and before.resolved is None:
        found = replace(found, resolved=None)
        if any(name.partition(" | ")[0] in blind for name in before.alerts - found.alerts):
            is_worse = found.severity == "critical"
            severity = found.severity if is_worse else before.severity
            alerts = before.alerts | found.alerts
            found = replace(before, severity=severity, alerts=alerts)
    if (
        before.resolved is None
        and before.started
        and (found.started or before.started) > before.started
    ):
        found = replace(found, started=before.started)  # it lasts since then
    kept = incident_table.update().where(_incident.id == known.id)
    write.execute(kept.values(**_values(found)))
    what = _change_of(known, found)
    if not what:
        return None
    if what == "again":
        forget_closing(write, known.id)
    return Step(known.id, add_event(write, known.id, what), what, model, found)


def _values(found: Found) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "severity": found.severity,
        "started": found.started,
        "resolved": found.resolved,
        "alerts": json.dumps(sorted(found.alerts)),
        "facts": json.dumps(found.facts),
    }


def _change_of(known: Known, now: Found) -> str:
    """What happened to an incident between two runs, in one word; empty where nothing did."""
    before, is_open = known.found, now.resolved is None
    if (before.resolved is None) != is_open:
        return "again" if is_open else "resolved"
    if is_open and known.closed_by == WORKER:
        return "again"
    called = before.kind != "harmless"
    if is_open and now.kind != "harmless" and not called:
        return "worse"
    is_worse = before.severity != "critical" and now.severity == "critical"
    return "worse" if is_open and called and is_worse else ""


def _join(write: Write, model: str, known: Known, into: int) -> Step | None:
    join(write, known.id, into)
    event = add_event(write, known.id, "joined", f"incident {into}")
    add_event(write, into, "took in", f"incident {known.id}")
    if not _is_open(known):
        return None
    return Step(known.id, event, "joined", model, known.found, f"It is part of incident {into}.")


def _end(write: Write, claim: Claim, known: Known, runs: Sequence[Ran]) -> Step | None:
    """An incident of which nothing was found: closed, unless a monitor of it is paused.

    Where its monitors look at no periods it is over once all its series were seen calm, and lasts
    until then: a look without data ends nothing.
    """
    if not _is_open(known):
        return None
    monitors = {name.partition(" | ")[0] for name in known.found.alerts}
    policy = {str(m.get("id") or m["name"]): m for m in claim.policy}
    if any(policy.get(name, {}).get("paused") for name in monitors):
        return None
    singles = {ran.monitor for ran in runs if ran.is_single}
    mine = {s for s in _series(known.found) if s.partition(" | ")[0] in singles}
    if mine - {s for ran in runs for s in ran.calm}:
        return None
    if mine and mine == _series(known.found):
        over = replace(known.found, resolved=write.database.clock())
        return _change(write, claim.model, known, over)
    told = [known.found.facts.get(part) or {} for part in ("cause", "consequence")]
    names = {str(t["monitor_id"]): str(t["monitor"]) for t in told if "monitor_id" in t}
    deleted = sorted(names.get(name, name) for name in monitors if name not in policy)
    has_names = all(" | " in name for name in known.found.alerts)
    why = f"its monitor {', '.join(deleted)} was deleted" if deleted and has_names else GONE
    event = close(write, known.id, why)
    return Step(known.id, event, "closed", claim.model, known.found, f"Closed: {why}.")


def _is_open(known: Known) -> bool:
    return known.found.resolved is None and not known.closed_by and not known.is_joined
