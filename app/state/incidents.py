"""What people do about incidents: take, pass on, put off, close; what they have seen; silences.

The incident itself is found by a worker and never changed here: care for it stands beside it, so
that a run which finds it again leaves what people did alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import NameUnknown, UsageError
from app.state.database import Database, Write
from app.state.joins import join_table
from app.state.monitors import Found, add_event, event_table, incident_table, stored
from app.state.users import find_user

Status = Literal["open", "taken", "put off", "closed", "over", "joined"]
QUIET = "harmless"
TOLD = ("raised", "again", "worse")  # steps of a story that a person is told of
MOST_DAYS = 90

metadata = sa.MetaData()
care_table = sa.Table(
    "incident_care",
    metadata,
    sa.Column("incident_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("assigned_to", sa.String(120)),
    sa.Column("snoozed_until", sa.DateTime),
    sa.Column("closed_by", sa.String(120)),
    sa.Column("closed_at", sa.DateTime),
)
seen_table = sa.Table(
    "incident_seen",
    metadata,
    sa.Column("user", sa.String(120), primary_key=True),
    sa.Column("event_id", sa.Integer, nullable=False),
)
silence_table = sa.Table(
    "silence",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("column", sa.String(200), nullable=False),
    sa.Column("starts", sa.DateTime, nullable=False),
    sa.Column("ends", sa.DateTime, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
)
_incident, _care, _silence = incident_table.c, care_table.c, silence_table.c


@dataclass(frozen=True, slots=True)
class Case:
    """An incident with what people did about it."""

    id: int
    model: str
    found: Found
    created_at: datetime
    acknowledged_by: str | None = None
    assigned_to: str | None = None
    snoozed_until: datetime | None = None
    closed_by: str | None = None
    joined_to: int | None = None

    def status(self, now: datetime) -> Status:
        """Where it stands: what ended by itself is over, whatever people said."""
        if self.joined_to is not None:
            return "joined"
        if self.found.resolved is not None:
            return "over"
        if self.closed_by:
            return "closed"
        if self.snoozed_until is not None and self.snoozed_until > now:
            return "put off"
        return "taken" if self.acknowledged_by or self.assigned_to else "open"

    @property
    def is_quiet(self) -> bool:
        """Whether it did no harm and calls nobody."""
        return self.found.kind == QUIET


@dataclass(frozen=True, slots=True)
class Silence:
    """A span in which incidents of a model (or of one column) tell nobody."""

    id: int
    model: str
    column: str
    starts: datetime
    ends: datetime
    comment: str
    author: str


def list_cases(database: Database, models: Iterable[str]) -> list[Case]:
    """The incidents of these models: those that last first, then the latest."""
    wanted = list(models)
    order = (_incident.resolved.is_not(None), _incident.started.desc(), _incident.id.desc())

    def read(connection: Connection) -> tuple[Case, ...]:
        statement = _cases().where(_incident.model.in_(wanted)).order_by(*order)
        return tuple(_case(row) for row in connection.execute(statement))

    return list(database.held(("cases", *wanted), read))


def get_case(database: Database, number: int) -> Case:
    """The incident of that number."""
    with database.read() as connection:
        row = connection.execute(_cases().where(_incident.id == number)).first()
    if row is None:
        raise NameUnknown(f"There is no incident {number}.", "", "See the page Incidents.")
    return _case(row)


def _cases() -> sa.Select[Any]:
    joined = incident_table.outerjoin(care_table, _care.incident_id == _incident.id)
    joined = joined.outerjoin(join_table, join_table.c.incident_id == _incident.id)
    care = (_care.assigned_to, _care.snoozed_until, _care.closed_by, join_table.c.joined_to)
    return sa.select(incident_table, *care).select_from(joined)


def _case(row: Any) -> Case:
    kept = stored(row)
    return Case(
        kept.id, kept.model, kept.found, row.created_at, kept.acknowledged_by,
        row.assigned_to, row.snoozed_until, row.closed_by, row.joined_to,
    )  # fmt: skip


def assign(write: Write, number: int, who: str | None) -> None:
    """Give it to somebody who is known here, or to nobody."""
    name = (who or "").strip()
    if name and find_user(write.connection, name) is None:
        raise NameUnknown(f"There is no user {name!r}.", "", "Admins see all on the page Admin.")
    _change(write, number, assigned_to=name or None)
    add_event(write, number, "assigned", name or "nobody")


def snooze(write: Write, number: int, hours: int) -> None:
    """Put it off: no reminder of it for so many hours."""
    if not 1 <= hours <= 24 * MOST_DAYS:
        raise UsageError(f"An incident is put off for 1 hour to {MOST_DAYS} days.", "", "")
    until = write.database.clock() + timedelta(hours=hours)
    _change(write, number, snoozed_until=until)
    add_event(write, number, "put off", f"until {until:%Y-%m-%d %H:%M} UTC")


def close(write: Write, number: int, text: str) -> int:
    """Say that it is dealt with, and how; should it come again, it is open again. The event."""
    if not text.strip() or len(text) > 2_000:
        raise UsageError("Say in a few words what came of it.", "", "1 to 2,000 characters.")
    _change(write, number, closed_by=write.actor, closed_at=write.database.clock())
    return add_event(write, number, "closed", text.strip())


def reopen(write: Write, number: int) -> None:
    """Take back that it was dealt with."""
    _change(write, number, closed_by=None, closed_at=None, snoozed_until=None)
    add_event(write, number, "reopened")


def _change(write: Write, number: int, **values: Any) -> None:
    mine = sa.select(_incident.id).where(_incident.id == number)
    if write.execute(mine).first() is None:
        raise NameUnknown(f"There is no incident {number}.", "", "Load the page again.")
    there = write.execute(care_table.update().where(_care.incident_id == number).values(**values))
    if not there.rowcount:
        write.execute(care_table.insert().values(incident_id=number, **values))


def count_unread(database: Database, user: str, models: Sequence[str]) -> int:
    """Incidents that were raised, or came again, since the user last looked at the list."""
    told = event_table.c
    last = sa.select(seen_table.c.event_id).where(seen_table.c.user == user).scalar_subquery()
    statement = (
        sa.select(sa.func.count(sa.distinct(told.incident_id)))
        .select_from(event_table.join(incident_table, _incident.id == told.incident_id))
        .where(told.what.in_(TOLD), told.id > sa.func.coalesce(last, 0))
        .where(_incident.model.in_(list(models)), _incident.kind != QUIET)
    )
    with database.read() as connection:
        return int(connection.execute(statement).scalar_one())


def see_all(database: Database, user: str) -> None:
    """Remember that the user has seen what there is now; nothing is written where nothing is new."""
    with database.read() as connection:
        last = connection.execute(sa.select(sa.func.max(event_table.c.id))).scalar() or 0
        mine = sa.select(seen_table.c.event_id).where(seen_table.c.user == user)
        before = connection.execute(mine).scalar()
    if (before or 0) >= last:
        return
    with database.write(user) as write:
        newer = seen_table.update().where(seen_table.c.user == user).values(event_id=last)
        if not write.execute(newer).rowcount:
            write.execute(seen_table.insert().values(user=user, event_id=last))


def add_silence(
    write: Write, model: str, column: str, span: tuple[datetime, datetime], comment: str
) -> int:
    """Tell nobody of the model's incidents (of one column's, if named) in a span of time."""
    starts, ends = span
    if starts >= ends or ends - starts > timedelta(days=MOST_DAYS):
        raise UsageError(
            f"A silence ends after it starts, and within {MOST_DAYS} days.", "", "Choose its ends."
        )
    if not comment.strip():
        raise UsageError("A silence says why.", "Whoever misses an alert will look here.", "")
    values = {"model": model, "column": column.strip(), "starts": starts, "ends": ends}
    values |= {"comment": comment.strip()[:2_000], "author": write.actor}
    made = silence_table.insert().values(**values, created_at=write.database.clock())
    number = int(write.execute(made).inserted_primary_key[0])
    write.audit("create", "silence", str(number), model=model, column=column.strip())
    return number


def end_silence(write: Write, model: str, number: int) -> None:
    """Speak again at once."""
    now = write.database.clock()
    mine = silence_table.update().where(_silence.id == number, _silence.model == model)
    mine = mine.where(_silence.ends > now)
    if not write.execute(mine.values(ends=now)).rowcount:
        raise NameUnknown("That silence is over already.", "", "Load the page again.")
    write.audit("end", "silence", str(number))


def list_silences(database: Database, model: str) -> list[Silence]:
    """The silences of a model that are not over, the first to end first."""
    c = _silence
    statement = sa.select(silence_table).where(c.model == model, c.ends > database.clock())
    with database.read() as connection:
        return [_spoken(row) for row in connection.execute(statement.order_by(c.ends))]


def is_silent(write: Write, model: str, columns: Iterable[str]) -> Silence | None:
    """The silence in force that covers an incident of these columns."""
    now, names = write.database.clock(), {"", *columns}
    c = _silence
    found = sa.select(silence_table).where(c.model == model, c.starts <= now, c.ends > now)
    return next((_spoken(row) for row in write.execute(found) if row.column in names), None)


def _spoken(row: Any) -> Silence:
    return Silence(**{name: getattr(row, name) for name in Silence.__slots__})


def is_put_off(write: Write, number: int) -> bool:
    """Whether somebody put the incident off, and that is not over."""
    mine = sa.select(_care.snoozed_until).where(_care.incident_id == number)
    until = write.execute(mine).scalar()
    return until is not None and until > write.database.clock()


def forget_closing(write: Write, number: int) -> None:
    """An incident that came again is open again, whatever was said of it."""
    mine = care_table.update().where(_care.incident_id == number)
    write.execute(mine.values(closed_by=None, closed_at=None))
