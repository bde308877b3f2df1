"""Watches, their runs and incidents. One watch a model: a lease with a fencing number guards it.

Whoever claims a watch gets a number that only grows; a run is kept only under the latest number,
so a worker that was thought dead and comes back cannot keep its run a second time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import NameUnknown, UsageError
from app.state.database import Database, Write

LEASE = timedelta(minutes=10)
FIRST_AFTER = timedelta(minutes=2)  # a new model's first run leaves the machine to its import
EVERY = timedelta(hours=1)
metadata = sa.MetaData()
watch_table = sa.Table(
    "watch",
    metadata,
    sa.Column("model", sa.String(63), primary_key=True),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("next_at", sa.DateTime, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("lease_until", sa.DateTime),
)
run_table = sa.Table(
    "monitor_run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("monitor", sa.String(120), nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("duration_s", sa.Float, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.UniqueConstraint("model", "monitor", "fence"),
)
incident_table = sa.Table(
    "incident",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("severity", sa.String(20), nullable=False),
    sa.Column("started", sa.DateTime),
    sa.Column("resolved", sa.DateTime),
    sa.Column("alerts", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("acknowledged_by", sa.String(120)),
    sa.Column("created_at", sa.DateTime, nullable=False),
)
event_table = sa.Table(
    "incident_event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incident_id", sa.ForeignKey("incident.id"), nullable=False, index=True),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("what", sa.String(40), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
_watch, _incident = watch_table.c, incident_table.c


Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Watch:
    """The monitors of a model as plain values, and when they run next."""

    model: str
    policy: Sequence[Mapping[str, Any]]
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A watch that is mine to run, under its fencing number; the policy is plain monitors.

    ``due`` is when it was to run: who asks for a run meanwhile is not forgotten.
    """

    model: str
    policy: Sequence[Mapping[str, Any]]
    fence: int
    due: datetime


@dataclass(frozen=True, slots=True)
class Ran:
    """How one monitor's run ended.

    One that looks at a window as a whole (``is_single``) has no history but ``series``, how each of
    them stands after this look; ``calm`` names those that it saw calm often enough, and only those
    are over.
    """

    monitor: str
    state: str
    duration_s: float
    error: str = ""
    calm: frozenset[str] = frozenset()
    series: Sequence[Sequence[Any]] | None = None

    @property
    def is_single(self) -> bool:
        """Whether it looked at no periods."""
        return self.series is not None


@dataclass(frozen=True, slots=True)
class Found:
    """An incident as it was found: ``alerts`` are names that stay the same from run to run."""

    kind: str
    severity: str
    started: datetime | None
    resolved: datetime | None
    alerts: frozenset[str]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to an incident in a run: raised, worse, resolved, again, joined, closed.

    ``event`` is unique; ``text`` says why, where that is not plain from the incident.
    """

    incident: int
    event: int
    what: str
    model: str
    found: Found
    text: str = ""


Tell = Callable[[Write, Step], None]


@dataclass(frozen=True, slots=True)
class StoredIncident:
    """An incident as it is kept."""

    id: int
    model: str
    found: Found
    acknowledged_by: str | None


def add_watch(write: Write, model: str, policy: Sequence[Mapping[str, Any]]) -> bool:
    """Watch a model under a policy; False where it is watched already."""
    if write.execute(sa.select(_watch.model).where(_watch.model == model)).first():
        return False
    values = {"model": model, "policy": json.dumps(policy), "fence": 0}
    next_at = write.database.clock() + FIRST_AFTER
    write.execute(watch_table.insert().values(**values, next_at=next_at))
    write.audit("create", "watch", model, monitors=[m["name"] for m in policy])
    return True


def watched(database: Database) -> set[str]:
    """The models that are watched."""

    def read(connection: Connection) -> frozenset[str]:
        return frozenset(connection.execute(sa.select(_watch.model)).scalars())

    return set(database.held("watched", read))


def get_watch(database: Database, model: str) -> Watch | None:
    """The watch of a model, if a worker made one yet."""
    with database.read() as connection:
        row = connection.execute(sa.select(watch_table).where(_watch.model == model)).first()
    if row is None:
        return None
    return Watch(model, json.loads(row.policy), row.next_at)


def change_policy(write: Write, model: str, change: Change, **told: Any) -> None:
    """Give a watch the policy that a function makes of the present one, and run it at once."""
    row = write.execute(sa.select(watch_table).where(_watch.model == model)).first()
    if row is None:
        raise NameUnknown(f"{model} is not watched yet.", "", "Wait a minute: a worker adds it.")
    policy = change(json.loads(row.policy))
    values = {"policy": json.dumps(policy), "next_at": write.database.clock()}
    write.execute(watch_table.update().where(_watch.model == model).values(**values))
    write.audit("change", "watch", model, **told)


def hurry(write: Write, model: str) -> None:
    """Run a model's monitors as soon as a worker is free."""
    due = watch_table.update().where(_watch.model == model).values(next_at=write.database.clock())
    if not write.execute(due).rowcount:
        raise NameUnknown(f"{model} is not watched yet.", "", "Wait a minute: a worker adds it.")
    write.audit("hurry", "watch", model)


def is_due(database: Database) -> bool:
    """Whether a watch is due that nobody holds."""
    with database.read() as connection:
        return connection.execute(_due(database.clock())).first() is not None


def count_due(database: Database) -> int:
    """How many watches are due that nobody holds."""
    due = sa.select(sa.func.count()).select_from(_due(database.clock(), None).subquery())
    with database.read() as connection:
        return int(connection.execute(due).scalar_one())


def claim_watch(database: Database) -> Claim | None:
    """The next watch that is due and nobody holds; missed runs are caught up by one."""
    if not is_due(database):  # most of the time nothing is: take no lock for that
        return None
    with database.write("worker") as write:
        now = database.clock()
        row = write.execute(_due(now)).first()
        if row is None:
            return None
        taken = {"fence": row.fence + 1, "lease_until": now + LEASE}
        write.execute(watch_table.update().where(_watch.model == row.model).values(**taken))
        return Claim(row.model, json.loads(row.policy), row.fence + 1, row.next_at)


def _due(now: datetime, most: int | None = 1) -> sa.Select[Any]:
    """The watches to run next; moments further ahead than any that is written mean a clock set back."""
    free = _watch.lease_until.is_(None) | (_watch.lease_until < now)
    free |= _watch.lease_until > now + 2 * LEASE
    is_time = (_watch.next_at <= now) | (_watch.next_at > now + 2 * EVERY)
    return sa.select(watch_table).where(is_time, free).order_by(_watch.next_at).limit(most)


def renew(database: Database, claim: Claim) -> bool:
    """Hold a claimed watch for longer; False where another took it over."""
    with database.write("worker") as write:
        mine = (_watch.model == claim.model) & (_watch.fence == claim.fence)
        mine &= _watch.lease_until.is_not(None)
        longer = watch_table.update().where(mine).values(lease_until=database.clock() + LEASE)
        return bool(write.execute(longer).rowcount)


def add_event(write: Write, number: int, what: str, text: str = "") -> int:
    """One line of an incident's story; its number."""
    values = {"incident_id": number, "what": what, "text": text, "actor": write.actor}
    made = write.execute(event_table.insert().values(**values, at=write.database.clock()))
    write.audit(what, "incident", str(number))
    return int(made.inserted_primary_key[0])


def acknowledge(write: Write, number: int) -> None:
    """Say that somebody looks after it."""
    mine = incident_table.update().where(_incident.id == number)
    if not write.execute(mine.values(acknowledged_by=write.actor)).rowcount:
        raise NameUnknown(f"There is no incident {number}.", "", "Load the page again.")
    add_event(write, number, "acknowledged")


def comment(write: Write, number: int, text: str) -> None:
    """Add words to its story."""
    if not text.strip() or len(text) > 2_000:
        raise UsageError("A comment has 1 to 2,000 characters.", "", "Write a little, or less.")
    add_event(write, number, "comment", text.strip())


def list_incidents(database: Database, model: str) -> list[StoredIncident]:
    """The incidents of a model: open ones first, then the latest."""
    statement = sa.select(incident_table).where(_incident.model == model)
    order = (_incident.resolved.is_not(None), _incident.started.desc())
    with database.read() as connection:
        return [stored(r) for r in connection.execute(statement.order_by(*order))]


def list_events(database: Database, number: int) -> list[Any]:
    """The story of an incident: rows with at, actor, what and text."""
    statement = sa.select(event_table).where(event_table.c.incident_id == number)
    with database.read() as connection:
        return list(connection.execute(statement.order_by(event_table.c.id)).all())


def last_runs(database: Database, model: str) -> list[Any]:
    """The latest run of each monitor: rows with monitor, at, state, error and duration_s."""

    def read(connection: Connection) -> list[Any]:
        newest = sa.select(sa.func.max(run_table.c.id)).where(run_table.c.model == model)
        wanted = run_table.c.id.in_(newest.group_by(run_table.c.monitor))
        statement = sa.select(run_table).where(wanted).order_by(run_table.c.monitor)
        return list(connection.execute(statement).all())

    return list(database.held(("last runs", model), read))


def stored(row: Any) -> StoredIncident:
    """A row as an incident."""
    alerts = frozenset(json.loads(row.alerts))
    facts = json.loads(row.facts)
    found = Found(row.kind, row.severity, row.started, row.resolved, alerts, facts)
    return StoredIncident(row.id, row.model, found, row.acknowledged_by)
