"""Claim the next items: leased to one person, never beyond the overlap, never twice to the same.

A lease says who is looking at what for a few minutes; it is no act, and leaves no audit row.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.auth.viewer import Viewer
from app.labelling.access import (
    check_annotator,
    check_open,
    find_project,
    hidden_columns,
    without,
)
from app.state.database import Database, Write
from app.state.labels import (
    Project,
    Task,
    annotation_table,
    lease_table,
    task_table,
    to_task,
)

LEAST_LEASE_S, MOST_LEASE_S, FIRST_LEASE_S = 60.0, 600.0, 180.0
LEASE_TIMES = 3.0  # a lease lasts that many median lead times
MOST_CLAIMED = 50
SKIPPED = "skipped"  # the queue of what the viewer left out
PLAIN_REASONS = {  # queues whose reasons would give away what the model said
    "misclassified": "the model and the label on record differ",
    "disagreement": "versions or users disagree",
}
SHOWN_IN = 10  # of so many cards, one shows what the model said
_task, _lease, _answer = task_table.c, lease_table.c, annotation_table.c


@dataclass(frozen=True, slots=True)
class Card:
    """What may be shown before the answer: no gold label, and no prediction unless the policy says so.

    A gold item looks like any other; ``is_practice`` is told.
    """

    task_id: int
    prediction_id: str
    data: Mapping[str, Any]
    queue: str
    reason: str
    slice: str | None
    prediction: Mapping[str, Any] | None
    is_practice: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """Open items that somebody else has now: how many, and until when at most."""

    person: str
    n: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """Cards to label in this order, and where there are fewer than asked, who holds the rest.

    ``n_open`` counts the open items of the queue, whoever may have them.
    """

    cards: tuple[Card, ...]
    held: tuple[Held, ...]
    n_open: int
    lease_s: float


def claim_next(
    database: Database, viewer: Viewer, project_id: int, n: int = 1, queue: str | None = None
) -> Claim:
    """The viewer's next ``n`` cards of a queue (None: of any), leased until they are answered.

    What the viewer holds already comes first, so that a reload resumes; all of it is renewed.
    ``skipped`` is the queue of what the viewer skipped. Practice comes before anything else.
    """
    now = database.clock()
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        check_annotator(viewer, project)
        check_open(project)
        lease_s = lease_of(write.connection, project_id)
        desk = _Desk(write, project, viewer.user, now, now + timedelta(seconds=lease_s))
        tasks = desk.take(min(max(n, 1), MOST_CLAIMED), queue)
        hidden = hidden_columns(write.connection, viewer, project.model)
        is_short = len(tasks) < n
        return Claim(
            tuple(
                card_of(project, without(task, hidden), viewer.user, desk.expires_at)
                for task in tasks
            ),
            tuple(_held(write.connection, project_id, viewer.user, queue, now)) if is_short else (),
            _count_open(write.connection, project_id, queue),
            lease_s,
        )


def claim_one(database: Database, viewer: Viewer, project_id: int, prediction_id: str) -> bool:
    """Lease one item by its prediction, before all others that the viewer holds.

    False where the project has no such item, or it is not open to the viewer.
    """
    now = database.clock()
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        check_annotator(viewer, project)
        check_open(project)
        found = sa.select(task_table).where(
            _task.project_id == project_id, _task.prediction_id == prediction_id
        )
        row = write.execute(found).first()
        if row is None or row.purpose == "gold":
            return False
        task = to_task(row)
        stands = _answer.superseded_by.is_(None) & _answer.undone_at.is_(None)
        own = sa.select(_answer.id).where(
            _answer.task_id == task.id, _answer.person == viewer.user, stands
        )
        if write.execute(own).first() is not None:
            return False
        until = now + timedelta(seconds=lease_of(write.connection, project_id))
        return lease_first(write, task, viewer.user, (now, until))


def lease_first(write: Write, task: Task, person: str, span: tuple[datetime, datetime]) -> bool:
    """Lease an open task to somebody, before all else that they hold; whether there was room."""
    now, until = span
    held = (_lease.task_id == task.id) & (_lease.person == person)
    write.execute(lease_table.delete().where(held))
    if task.state != "open" or not has_room(write.connection, task, person, now):
        return False
    earliest = sa.select(sa.func.min(_lease.taken_at)).where(_lease.person == person)
    taken_at = min(write.execute(earliest).scalar() or now, now) - timedelta(seconds=1)
    values = {"task_id": task.id, "person": person, "taken_at": taken_at, "expires_at": until}
    write.execute(lease_table.insert().values(**values))
    return True


def renew(database: Database, viewer: Viewer, project_id: int) -> None:
    """The viewer is still there: what they hold stays theirs for another lease."""
    with database.write(viewer.user) as write:
        check_annotator(viewer, find_project(write.connection, project_id))
        renew_leases(write, project_id, viewer.user)


def release(database: Database, viewer: Viewer, project_id: int) -> None:
    """Give back what the viewer holds, for others to take at once."""
    with database.write(viewer.user) as write:
        check_annotator(viewer, find_project(write.connection, project_id))
        write.execute(lease_table.delete().where(_mine(project_id, viewer.user)))


def lease_of(connection: Connection, project_id: int) -> float:
    """How long a lease lasts: three times the median of the last hundred lead times, 60 to 600 s."""
    last = (
        sa.select(_answer.lead_time)
        .where(_answer.project_id == project_id, _answer.lead_time.is_not(None))
        .order_by(_answer.id.desc())
        .limit(100)
    )
    times = connection.execute(last).scalars().all()
    if not times:
        return FIRST_LEASE_S
    middle = float(median(times))
    return min(max(LEASE_TIMES * middle, LEAST_LEASE_S), MOST_LEASE_S)


def renew_leases(write: Write, project_id: int, person: str) -> None:
    """Whatever the person holds in the project lasts another lease from now; part of a write."""
    now = write.database.clock()
    until = now + timedelta(seconds=lease_of(write.connection, project_id))
    mine = _mine(project_id, person) & (_lease.expires_at > now)
    write.execute(lease_table.update().where(mine).values(expires_at=until))


def has_room(connection: Connection, task: Task, person: str, now: datetime) -> bool:
    """Whether one more answer of that person stays within the task's overlap."""
    held = sa.select(sa.func.count()).where(
        _lease.task_id == task.id, _lease.person != person, _lease.expires_at > now
    )
    n_held = int(connection.execute(held).scalar_one())
    return task.purpose != "work" or task.n_answers + n_held < task.overlap


def is_shown_first(project: Project, task: Task, person: str) -> bool:
    """Whether that person sees the model's answer before their own: by chance, and each time the same."""
    if project.setup.policy != "tenth":
        return project.setup.policy == "before"
    drawn = hashlib.sha256(f"{project.id}\x1f{task.id}\x1f{person}".encode()).digest()
    return int.from_bytes(drawn[:8]) % SHOWN_IN == 0


def card_of(project: Project, task: Task, person: str, expires_at: datetime) -> Card:
    """What of a task that person may see before it is answered."""
    is_open = is_shown_first(project, task, person)
    reason = task.reason if is_open else PLAIN_REASONS.get(task.queue, task.reason)
    return Card(
        task.id,
        task.prediction_id,
        task.data,
        task.queue,
        reason,
        task.slice,
        task.prediction if is_open else None,
        task.purpose == "practice",
        expires_at,
    )


@dataclass(slots=True)
class _Desk:
    """One claim inside its transaction."""

    write: Write
    project: Project
    person: str
    now: datetime
    expires_at: datetime

    def take(self, n: int, queue: str | None) -> list[Task]:
        """Held ones first, then practice, then work with gold hidden in it."""
        write = self.write
        mine = _mine(self.project.id, self.person)
        write.execute(lease_table.delete().where(_lease.expires_at <= self.now))
        if queue is not None:  # what was held for another queue goes back
            others = self._elsewhere(queue)
            write.execute(lease_table.delete().where(mine, _lease.task_id.in_(others)))
        write.execute(lease_table.update().where(mine).values(expires_at=self.expires_at))
        held = sa.select(task_table).join(lease_table, _lease.task_id == _task.id).where(mine)
        tasks = self._tasks(held.order_by(_lease.taken_at, _task.priority, _task.id).limit(n))
        practice = self._practice(n - len(tasks)) if queue != SKIPPED else []
        if practice or any(task.purpose == "practice" for task in tasks):
            fresh = practice
        else:
            fresh = self._work(n - len(tasks), queue)
        if fresh:
            times = {"taken_at": self.now, "expires_at": self.expires_at}
            rows = [{"task_id": t.id, "person": self.person, **times} for t in fresh]
            write.execute(lease_table.insert(), rows)
        return self._disguised([*tasks, *fresh], queue)

    def _tasks(self, statement: Any) -> list[Task]:
        return [to_task(row) for row in self.write.execute(statement).all()]

    def _practice(self, n: int) -> list[Task]:
        done = sa.select(sa.func.count()).select_from(
            annotation_table.join(task_table, _answer.task_id == _task.id)
        )
        mine = (_answer.person == self.person) & (_answer.project_id == self.project.id)
        n_done = self.write.execute(
            done.where(mine, _task.purpose == "practice", _answer.undone_at.is_(None))
        ).scalar_one()
        left = min(n, self.project.setup.n_practice - int(n_done))
        if left <= 0:
            return []
        return self._tasks(self._fresh("practice").order_by(_task.id).limit(left))

    def _work(self, n: int, queue: str | None) -> list[Task]:
        if n <= 0:
            return []
        if queue == SKIPPED:
            return self._tasks(self._room(self._skipped()).order_by(_task.priority).limit(n))
        fresh = self._room(self._fresh("work"))
        if queue is not None:
            fresh = fresh.where(_task.queue == queue)
        order = (_task.priority, _task.id)
        work = self._tasks(
            fresh.order_by(*order).limit(n).with_for_update(skip_locked=True, of=task_table)
        )
        return self._with_gold(work) if work else []

    def _with_gold(self, work: list[Task]) -> list[Task]:
        """Some of the cards are gold instead: which ones, nobody can tell beforehand."""
        share = self.project.setup.gold_share
        n_given = self.write.execute(
            sa.select(sa.func.count()).where(
                _answer.project_id == self.project.id, _answer.person == self.person
            )
        ).scalar_one()
        spots = [
            i
            for i in range(len(work))
            if random.Random(f"{self.project.id}/{self.person}/{n_given + i}").random() < share  # noqa: S311
        ]
        if not spots:
            return work
        gold = self._tasks(self._fresh("gold"))
        random.Random(f"{self.project.id}/{self.person}").shuffle(gold)  # noqa: S311
        for spot, task in zip(spots, gold, strict=False):
            work.insert(min(spot, len(work)), task)
        return work[: len(work) - min(len(spots), len(gold))] or work

    def _fresh(self, purpose: str) -> Any:
        """Open tasks of that purpose that the person neither answered nor holds."""
        stands = (_answer.superseded_by.is_(None)) & (_answer.undone_at.is_(None))
        answered = sa.exists().where(
            _answer.task_id == _task.id, _answer.person == self.person, stands
        )
        held = sa.exists().where(_lease.task_id == _task.id, _lease.person == self.person)
        return sa.select(task_table).where(
            _task.project_id == self.project.id,
            _task.purpose == purpose,
            _task.state == "open",
            ~answered,
            ~held,
        )

    def _elsewhere(self, queue: str) -> Any:
        """Work items that are not of that queue."""
        work = sa.select(_task.id).where(_task.purpose == "work")
        return work.where(~self._was_skipped() if queue == SKIPPED else _task.queue != queue)

    def _was_skipped(self) -> Any:
        stands = (_answer.superseded_by.is_(None)) & (_answer.undone_at.is_(None))
        return sa.exists().where(
            _answer.task_id == _task.id,
            _answer.person == self.person,
            _answer.was_cancelled,
            stands,
        )

    def _skipped(self) -> Any:
        held = sa.exists().where(_lease.task_id == _task.id, _lease.person == self.person)
        mine = (_task.project_id == self.project.id) & (_task.state == "open")
        return sa.select(task_table).where(mine, self._was_skipped(), ~held)

    def _room(self, statement: Any) -> Any:
        """Only tasks with fewer answers and leases than their overlap; expired leases are gone."""
        n_held = sa.select(sa.func.count()).where(_lease.task_id == _task.id).scalar_subquery()
        return statement.where(_task.n_answers + n_held < _task.overlap)

    def _disguised(self, tasks: Sequence[Task], queue: str | None) -> list[Task]:
        """Gold items carry queue and reason of some work item, the same one each time."""
        if not any(task.purpose == "gold" for task in tasks):
            return list(tasks)
        work = (_task.project_id == self.project.id) & (_task.purpose == "work")
        if queue not in (None, SKIPPED):
            work &= _task.queue == queue
        like = sa.select(_task.queue, _task.reason, _task.slice).where(work).order_by(_task.id)
        n = int(
            self.write.execute(sa.select(sa.func.count()).select_from(like.subquery())).scalar_one()
        )
        return [self._like(task, like, n) if task.purpose == "gold" else task for task in tasks]

    def _like(self, task: Task, like: Any, n: int) -> Task:
        at = task.id * 7919 % max(n, 1)
        row = self.write.execute(like.limit(1).offset(at)).first()
        if row is None:
            return task
        return replace(task, queue=row.queue, reason=row.reason, slice=row.slice)


def _mine(project_id: int, person: str) -> Any:
    """The person's leases in the project; found from the few leases there are, not from the tasks."""
    lease = lease_table.alias()
    held = sa.select(lease.c.task_id).join(task_table, _task.id == lease.c.task_id)
    held = held.where(lease.c.person == person, _task.project_id == project_id)
    return (_lease.person == person) & _lease.task_id.in_(held)


def _count_open(connection: Connection, project_id: int, queue: str | None) -> int:
    statement = sa.select(sa.func.count()).where(
        _task.project_id == project_id, _task.state == "open", _task.purpose == "work"
    )
    if queue not in (None, SKIPPED):
        statement = statement.where(_task.queue == queue)
    return int(connection.execute(statement).scalar_one())


def _held(
    connection: Connection, project_id: int, person: str, queue: str | None, now: datetime
) -> list[Held]:
    """Who else holds open items of the queue: those who hold most first."""
    both = lease_table.join(task_table, _lease.task_id == _task.id)
    statement = (
        sa.select(
            _lease.person, sa.func.count().label("n"), sa.func.max(_lease.expires_at).label("u")
        )
        .select_from(both)
        .where(_task.project_id == project_id, _task.purpose == "work", _task.state == "open")
        .where(_lease.person != person, _lease.expires_at > now)
        .group_by(_lease.person)
        .order_by(sa.func.count().desc(), _lease.person)
    )
    if queue not in (None, SKIPPED):
        statement = statement.where(_task.queue == queue)
    return [Held(row.person, int(row.n), row.u) for row in connection.execute(statement)]
