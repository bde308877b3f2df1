"""Long work as rows: asked for by a page or a schedule, claimed by one worker, cancelled by anyone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from analytics.errors import NameUnknown, TelltaleError
from app.state.database import Database

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
HEARTBEAT_S = 5
DEAD_AFTER_S = 60
MAX_ATTEMPTS = 2

metadata = sa.MetaData()
job_table = sa.Table(
    "job",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("arguments", sa.Text, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("progress", sa.Float, nullable=False, default=0.0),
    sa.Column("message", sa.Text, nullable=False, default=""),
    sa.Column("result", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("is_cancelled", sa.Boolean, nullable=False, default=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("worker", sa.String(120)),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("started_at", sa.DateTime),
    sa.Column("finished_at", sa.DateTime),
    sa.Column("heartbeat_at", sa.DateTime),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One row. ``error`` is what, why and do; ``is_cancelled`` says that somebody pressed cancel."""

    id: int
    kind: str
    arguments: Mapping[str, Any]
    state: JobState
    actor: str
    progress: float
    message: str
    result: Mapping[str, Any] | None
    error: tuple[str, str, str] | None
    is_cancelled: bool
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def ask(database: Database, actor: str, kind: str, arguments: Mapping[str, Any]) -> int:
    """Queue a job; its id."""
    with database.write(actor) as write:
        statement = job_table.insert().values(
            kind=kind,
            arguments=json.dumps(arguments),
            state="queued",
            actor=actor,
            progress=0.0,
            message="Waiting for the worker.",
            is_cancelled=False,
            attempts=0,
            created_at=database.clock(),
        )
        job_id = int(write.execute(statement).inserted_primary_key[0])
        write.audit("ask", "job", str(job_id), kind=kind)
    return job_id


def get(database: Database, job_id: int) -> Job:
    """The job of that id; NameUnknown where there is none."""
    with database.read() as connection:
        row = connection.execute(sa.select(job_table).where(job_table.c.id == job_id)).first()
    if row is None:
        raise NameUnknown(f"There is no job {job_id}.", "", "Jobs stand on the Add data page.")
    return _job(row)


def list_jobs(database: Database, kind: str | None = None, limit: int = 50) -> list[Job]:
    """Jobs, the latest first."""
    statement = sa.select(job_table).order_by(job_table.c.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(job_table.c.kind == kind)
    with database.read() as connection:
        return [_job(row) for row in connection.execute(statement)]


def list_open(database: Database, kind: str) -> list[Job]:
    """Jobs of a kind that wait or run."""
    is_open = job_table.c.state.in_(("queued", "running"))
    with database.read() as connection:
        statement = sa.select(job_table).where(job_table.c.kind == kind, is_open)
        return [_job(row) for row in connection.execute(statement)]


def claim(database: Database, worker: str, kinds: tuple[str, ...]) -> Job | None:
    """Take the oldest queued job of those kinds; two workers never get the same one."""
    now = database.clock()
    with database.write(f"worker {worker}") as write:
        waiting = (
            sa.select(job_table)
            .where(job_table.c.state == "queued", job_table.c.kind.in_(kinds))
            .order_by(job_table.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = write.execute(waiting).first()
        if row is None:
            return None
        _set(
            write,
            row.id,
            state="running",
            worker=worker,
            attempts=row.attempts + 1,
            started_at=now,
            heartbeat_at=now,
        )
        return _job(write.execute(sa.select(job_table).where(job_table.c.id == row.id)).one())


def beat(database: Database, job_id: int, worker: str, progress: float, message: str) -> bool:
    """Say that the job is alive and how far it is; False when it must stop.

    It must stop when somebody cancelled it, or when it was given to another worker.
    """
    with database.write(f"worker {worker}") as write:
        row = write.execute(sa.select(job_table).where(job_table.c.id == job_id)).one()
        if row.state != "running" or row.worker != worker or row.is_cancelled:
            return False
        progress = max(float(row.progress), min(1.0, progress))
        _set(write, job_id, progress=progress, message=message, heartbeat_at=write.database.clock())
    return True


def finish(database: Database, job_id: int, worker: str, result: Mapping[str, Any]) -> None:
    """The job is done."""
    _end(
        database, job_id, worker, state="done", progress=1.0, result=json.dumps(result), message=""
    )


def fail(database: Database, job_id: int, worker: str, error: TelltaleError) -> None:
    """The job failed, and why."""
    text = json.dumps([error.what, error.why, error.do])
    _end(database, job_id, worker, state="failed", error=text, message=error.what)


def stop(database: Database, job_id: int, worker: str) -> None:
    """The job stopped because somebody cancelled it."""
    _end(database, job_id, worker, state="cancelled", message="Cancelled; nothing was kept.")


def cancel(database: Database, actor: str, job_id: int) -> None:
    """Press cancel: a queued job is cancelled at once, a running one at its next beat."""
    with database.write(actor) as write:
        row = write.execute(sa.select(job_table).where(job_table.c.id == job_id)).first()
        if row is None or row.state not in ("queued", "running"):
            return
        values: dict[str, Any] = {"is_cancelled": True}
        if row.state == "queued":
            values |= {"state": "cancelled", "finished_at": database.clock()}
        _set(write, job_id, **values)
        write.audit("cancel", "job", str(job_id), kind=row.kind)


def rescue(database: Database) -> list[int]:
    """Queue again what a dead worker left, or fail it after two attempts; the ids touched.

    A heartbeat from the future is a dead worker's too: the clock was set back since.
    """
    dead = timedelta(seconds=DEAD_AFTER_S)
    with database.write("worker rescue") as write:
        now, beat_at = database.clock(), job_table.c.heartbeat_at
        lost = sa.select(job_table).where(
            job_table.c.state == "running", (beat_at < now - dead) | (beat_at > now + dead)
        )
        rows = write.execute(lost).all()
        for row in rows:
            if row.is_cancelled:
                _set(write, row.id, state="cancelled", finished_at=database.clock())
            elif row.attempts < MAX_ATTEMPTS:
                _set(write, row.id, state="queued", worker=None, message="Its worker died: again.")
            else:
                error = (
                    f"The job stopped {row.attempts} times before it ended.",
                    "Its worker was killed, perhaps for want of memory.",
                    "Nothing of it was kept; ask for it again, or lower TELLTALE_QUERY_MEMORY.",
                )
                end = {"finished_at": database.clock(), "error": json.dumps(error)}
                _set(write, row.id, state="failed", message=error[0], **end)
    return [row.id for row in rows]


def _end(database: Database, job_id: int, worker: str, **values: Any) -> None:
    with database.write(f"worker {worker}") as write:
        mine = job_table.update().where(
            job_table.c.id == job_id,
            job_table.c.worker == worker,
            job_table.c.state == "running",
        )
        write.execute(mine.values(finished_at=database.clock(), **values))


def _set(write: Any, job_id: int, **values: Any) -> None:
    write.execute(job_table.update().where(job_table.c.id == job_id).values(**values))


def _job(row: Any) -> Job:
    values = {name: getattr(row, name) for name in Job.__slots__}
    values["arguments"] = json.loads(row.arguments)
    values["result"] = None if row.result is None else json.loads(row.result)
    values["error"] = None if row.error is None else tuple(json.loads(row.error))
    values["is_cancelled"] = bool(row.is_cancelled)
    return Job(**values)
