"""How far a project is, how an annotator does, and which keys they like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import UsageError
from app.auth.viewer import Viewer
from app.label_keys import ACTIONS, RESERVED
from app.labelling.access import check_reader, find_project
from app.labelling.answer import undoable
from app.state.database import Database
from app.state.labels import annotation_table, keys_table, task_table

DEFAULT_KEYS = {name: key for name, (_title, key) in ACTIONS.items()}
RATE_S = 300  # the pace is that of the last five minutes
_answer, _task = annotation_table.c, task_table.c


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a project is, and the viewer in it.

    Counts of tasks are of work items; ``n_mine`` of the viewer's answers that stand, practice left
    out. ``gold`` and ``practice`` are (right, answered).
    """

    n_tasks: int
    n_open: int
    n_done: int
    n_disputed: int
    n_for_me: int  # open ones that the viewer has neither answered nor skipped
    n_mine: int
    n_mine_today: int
    n_skipped: int
    n_undo: int
    per_minute: float | None
    gold: tuple[int, int]
    practice: tuple[int, int]
    n_practice: int
    by_queue: Mapping[str, int]  # open items
    budget: int | None
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Work:
    """One annotator's work in a project: counts, pace, and gold items answered right.

    ``n`` counts answers without practice, ``n_shown`` all items that were answered or skipped.
    """

    person: str
    n: int
    n_shown: int
    n_skipped: int
    n_flagged: int
    n_unsure: int
    median_s: float | None
    gold: tuple[int, int]
    practice: tuple[int, int]
    n_accepted: int
    n_rejected: int
    last_at: datetime | None


def progress(database: Database, viewer: Viewer, project_id: int) -> Progress:
    """How far the project is, for anybody who labels or reviews in it."""
    now = database.clock()
    with database.read() as connection:
        project = find_project(connection, project_id)
        check_reader(viewer, project)
        states = _states(connection, project_id)
        mine = _rows(connection, project_id, viewer.user)
        n_undo = len(undoable(connection, project_id, viewer.user))
        n_for_me, by_queue = _open_for(connection, project_id, viewer.user)
        n_practice = _count(connection, project_id, "practice")
    work = [r for r in mine if r.purpose != "practice"]
    said = [r for r in work if not r.was_cancelled]
    today = datetime(now.year, now.month, now.day)
    return Progress(
        n_tasks=sum(states.values()),
        n_open=states.get("open", 0),
        n_done=states.get("done", 0),
        n_disputed=states.get("disputed", 0),
        n_for_me=n_for_me,
        n_mine=len(said),
        n_mine_today=sum(r.created_at >= today for r in said),
        n_skipped=sum(bool(r.was_cancelled) for r in work),
        n_undo=n_undo,
        per_minute=_pace([r.created_at for r in work], now),
        gold=_right(mine, "gold"),
        practice=_right(mine, "practice"),
        n_practice=min(n_practice, project.setup.n_practice),
        by_queue=by_queue,
        budget=project.setup.budget,
        deadline=project.setup.deadline,
    )


def count_slice(database: Database, viewer: Viewer, project_id: int, segment: str) -> int:
    """How many open items of the queue ``slice`` were chosen from that segment."""
    mine = (_task.project_id == project_id) & (_task.state == "open")
    statement = sa.select(sa.func.count()).where(
        mine, _task.queue == "slice", _task.slice == segment
    )
    with database.read() as connection:
        check_reader(viewer, find_project(connection, project_id))
        return int(connection.execute(statement).scalar_one())


def list_work(database: Database, viewer: Viewer, project_id: int) -> list[Work]:
    """What everybody did in the project, for reviewers; by name."""
    with database.read() as connection:
        project = find_project(connection, project_id)
        viewer.check("review", project.model)
        rows = _rows(connection, project_id, None)
    people = sorted({*project.setup.people, *(row.person for row in rows)})
    return [_work(person, [r for r in rows if r.person == person]) for person in people]


def key_map(database: Database, viewer: Viewer) -> dict[str, str]:
    """The viewer's keys: action (or ``class:NAME``) to key; the defaults where nothing was changed."""
    with database.read() as connection:
        statement = sa.select(keys_table.c["keys"]).where(keys_table.c.person == viewer.user)
        found = connection.execute(statement).scalar()
    return {**DEFAULT_KEYS, **(json.loads(found) if found else {})}


def save_keys(database: Database, viewer: Viewer, keys: Mapping[str, str]) -> None:
    """Keep the viewer's keys; UsageError where one is used twice or is not free."""
    viewer.check("label")
    chosen = {action: key.strip().lower() for action, key in keys.items()}
    for action, key in chosen.items():
        if action not in ACTIONS and not action.startswith("class:"):
            raise UsageError(
                f"There is no action {action!r}.", "", f"There are: {', '.join(ACTIONS)}."
            )
        if len(key) != 1 or not key.isascii() or not key.isalnum():
            raise UsageError(f"{key!r} cannot be a key.", "", "Take one letter or digit.")
        if key in RESERVED:
            raise UsageError(f"The key {key} is the screen's own.", "", "Take another.")
    full = {**DEFAULT_KEYS, **chosen}
    twice = next((k for k in full.values() if list(full.values()).count(k) > 1), None)
    if twice is not None:
        raise UsageError(f"The key {twice} is used twice.", "", "Give each action its own.")
    with database.write(viewer.user) as write:
        mine = keys_table.c.person == viewer.user
        write.execute(keys_table.delete().where(mine))
        values = {"person": viewer.user, "keys": json.dumps(chosen), "updated_at": database.clock()}
        write.execute(keys_table.insert().values(**values))
        write.audit("change keys", "user", viewer.user, keys=chosen)


def _states(connection: Connection, project_id: int) -> dict[str, int]:
    statement = sa.select(_task.state, sa.func.count()).where(
        _task.project_id == project_id, _task.purpose == "work"
    )
    return {row[0]: int(row[1]) for row in connection.execute(statement.group_by(_task.state))}


def _count(connection: Connection, project_id: int, purpose: str) -> int:
    statement = sa.select(sa.func.count()).where(
        _task.project_id == project_id, _task.purpose == purpose
    )
    return int(connection.execute(statement).scalar_one())


def _open_for(connection: Connection, project_id: int, person: str) -> tuple[int, dict[str, int]]:
    """(open items the person has not had, open items by queue)."""
    stands = _answer.superseded_by.is_(None) & _answer.undone_at.is_(None)
    had = sa.exists().where(_answer.task_id == _task.id, _answer.person == person, stands)
    is_open = (_task.project_id == project_id) & (_task.state == "open") & (_task.purpose == "work")
    n = sa.select(sa.func.count()).where(is_open, ~had)
    queues = sa.select(_task.queue, sa.func.count()).where(is_open).group_by(_task.queue)
    counted = {row[0]: int(row[1]) for row in connection.execute(queues)}
    return int(connection.execute(n).scalar_one()), counted


def _rows(connection: Connection, project_id: int, person: str | None) -> list[Any]:
    """Answers that stand, with what their task is for and its gold label."""
    both = annotation_table.join(task_table, _answer.task_id == _task.id)
    columns = ("person", "answer", "was_cancelled", "is_flagged", "is_unsure", "lead_time")
    picks = [_answer[name] for name in (*columns, "review_status", "created_at")]
    statement = (
        sa.select(*picks, _task.purpose, _task.gold_label)
        .select_from(both)
        .where(_answer.project_id == project_id, ~_answer.is_adjudication)
        .where(_answer.superseded_by.is_(None), _answer.undone_at.is_(None))
    )
    if person is not None:
        statement = statement.where(_answer.person == person)
    return list(connection.execute(statement.order_by(_answer.id)).all())


def _right(rows: list[Any], purpose: str) -> tuple[int, int]:
    said = [r for r in rows if r.purpose == purpose and not r.was_cancelled]
    return sum(r.answer == r.gold_label for r in said), len(said)


def _pace(moments: list[datetime], now: datetime) -> float | None:
    """Answers a minute over the last five minutes, from the first of them on; None without two."""
    recent = sorted(m for m in moments if now - m <= timedelta(seconds=RATE_S))
    if len(recent) < 2:
        return None
    span = (recent[-1] - recent[0]).total_seconds()
    return 60 * (len(recent) - 1) / span if span > 0 else None


def _work(person: str, rows: list[Any]) -> Work:
    said = [r for r in rows if not r.was_cancelled and r.purpose != "practice"]
    times = [r.lead_time for r in said if r.lead_time is not None]
    return Work(
        person=person,
        n=len(said),
        n_shown=len(rows),
        n_skipped=sum(bool(r.was_cancelled) for r in rows),
        n_flagged=sum(bool(r.is_flagged) for r in rows),
        n_unsure=sum(bool(r.is_unsure) for r in rows),
        median_s=median(times) if times else None,
        gold=_right(rows, "gold"),
        practice=_right(rows, "practice"),
        n_accepted=sum(r.review_status == "accepted" for r in rows),
        n_rejected=sum(r.review_status == "rejected" for r in rows),
        last_at=max((r.created_at for r in rows), default=None),
    )
