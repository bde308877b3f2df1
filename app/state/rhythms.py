"""When a webhook for alerts is told: at once or in a digest, not in quiet hours, and who comes next."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import UsageError
from app.state.database import Database, Write
from app.state.hooks import get_hook
from app.state.spans import Weekly, check_span

How = Literal["each", "daily", "weekly"]
MOST_MINUTES = 7 * 24 * 60
metadata = sa.MetaData()
rhythm_table = sa.Table(
    "webhook_rhythm",
    metadata,
    sa.Column("hook_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("how", sa.String(10), nullable=False),
    sa.Column("hour", sa.Integer, nullable=False),
    sa.Column("zone", sa.String(60), nullable=False),
    sa.Column("quiet_days", sa.String(7), nullable=False),
    sa.Column("quiet_start", sa.Integer, nullable=False),
    sa.Column("quiet_minutes", sa.Integer, nullable=False),
    sa.Column("lets_critical", sa.Boolean, nullable=False),
    sa.Column("next_hook", sa.Integer),
    sa.Column("next_after", sa.Integer, nullable=False),
)
_rhythm = rhythm_table.c


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``how``: each step at once, or a digest at ``hour``, daily or on Mondays.

    Quiet hours hold messages until they end, critical ones only if ``lets_critical`` is false; no
    quiet days, no quiet hours. What nobody looks after within ``next_after`` minutes is told to
    ``next_hook``.
    """

    how: How = "each"
    hour: int = 8
    zone: str = "UTC"
    quiet_days: str = ""
    quiet_start: int = 22 * 60
    quiet_minutes: int = 9 * 60
    lets_critical: bool = True
    next_hook: int | None = None
    next_after: int = 30

    @property
    def quiet(self) -> Weekly | None:
        """The quiet hours, if there are any."""
        if not self.quiet_days:
            return None
        return Weekly(self.quiet_days, self.quiet_start, self.quiet_minutes, self.zone)

    def told_at(self, now: datetime, *, is_critical: bool) -> datetime:
        """When a message that is asked for now may go."""
        if self.quiet is None or (is_critical and self.lets_critical):
            return now
        return self.quiet.free_from(now)


def set_rhythm(write: Write, hook_id: int, rhythm: Rhythm) -> None:
    """Keep a webhook's rhythm."""
    hook = get_hook(write.connection, hook_id)
    if hook.purpose != "alert" or hook.removed_at is not None:
        raise UsageError("Only webhooks for alerts have a rhythm.", "", "Choose one of them.")
    if rhythm.how not in get_args(How) or not 0 <= rhythm.hour <= 23:
        raise UsageError("A digest comes daily or weekly, at an hour of 0 to 23.", "", "")
    check_span(rhythm.quiet or Weekly("0", 0, 1, rhythm.zone))
    if rhythm.next_hook is not None:
        _check_next(write.connection, hook.model, hook_id, rhythm)
    values = asdict(rhythm)
    there = rhythm_table.update().where(_rhythm.hook_id == hook_id).values(**values)
    if not write.execute(there).rowcount:
        write.execute(rhythm_table.insert().values(hook_id=hook_id, **values))
    write.audit("change", "webhook", str(hook_id), rhythm=values)


def _check_next(connection: Connection, model: str, hook_id: int, rhythm: Rhythm) -> None:
    following = get_hook(connection, rhythm.next_hook or 0)
    is_fit = following.purpose == "alert" and following.removed_at is None
    if not is_fit or following.model != model or following.id == hook_id:
        raise UsageError(
            "What nobody looks after goes to another webhook for alerts of the same model.", "", ""
        )
    if not 1 <= rhythm.next_after <= MOST_MINUTES:
        raise UsageError("The next is told after 1 minute to 7 days.", "", "Choose how long.")


def rhythm_of(where: Database | Write, hook_id: int) -> Rhythm:
    """The rhythm of a webhook; each step at once where nobody chose another."""
    mine = sa.select(rhythm_table).where(_rhythm.hook_id == hook_id)
    if isinstance(where, Write):
        return _read(where.execute(mine).first())
    with where.read() as connection:
        return _read(connection.execute(mine).first())


def _read(row: Any) -> Rhythm:
    if row is None:
        return Rhythm()
    return Rhythm(**{name: getattr(row, name) for name in Rhythm.__slots__})
