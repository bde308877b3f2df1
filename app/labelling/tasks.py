"""Put predictions into a project's queues, and finished items back into them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import UsageError
from app.auth.viewer import Viewer
from app.labelling.access import check_open, check_set_up, find_project
from app.state.database import Database, Write
from app.state.labels import Purpose, annotation_table, task_table

QUEUES = ("uncertain", "misclassified", "disagreement", "diverse", "slice", "active", "random")
REQUEUED = "requeued"


@dataclass(frozen=True, slots=True)
class Item:
    """A prediction to label, and why; ``sampling_p`` None where it was chosen for being hard."""

    prediction_id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    prediction: Mapping[str, Any] = field(default_factory=dict)
    model_version: str | None = None
    queue: str = "random"
    reason: str = ""
    score: float | None = None
    slice: str | None = None
    sampling_p: float | None = None
    purpose: Purpose = "work"
    gold_label: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """How many items became tasks, and how many were left out: there already, or over the budget."""

    n: int
    n_known: int = 0
    n_over_budget: int = 0


def add_tasks(database: Database, viewer: Viewer, project_id: int, items: Sequence[Item]) -> Added:
    """Make tasks of items, behind those that wait; a prediction is a task of a project once.

    Who reads feedback may send what a user disagreed with, and nothing else.
    """
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        if not (viewer.may("feedback", project.model) and all(map(_is_correction, items))):
            check_set_up(viewer, project.model)
        check_open(project)
        known = _known(write.connection, project_id, [item.prediction_id for item in items])
        fresh = {i.prediction_id: i for i in items if i.prediction_id not in known}
        chosen = list(fresh.values())
        left = _budget_left(write.connection, project_id, project.setup.budget)
        if left is not None:
            work = [item for item in chosen if item.purpose == "work"]
            over = {item.prediction_id for item in work[max(left, 0) :]}
            chosen = [item for item in chosen if item.prediction_id not in over]
        _insert(write, project_id, project.setup.overlap, chosen)
        counts = {q: sum(i.queue == q for i in chosen) for q in {i.queue for i in chosen}}
        write.audit("queue", "label_project", str(project_id), n=len(chosen), queues=counts)
    n_known = len({item.prediction_id for item in items} & known)
    return Added(len(chosen), n_known, len(fresh) - len(chosen))


def requeue(database: Database, viewer: Viewer, project_id: int, task_ids: Sequence[int]) -> int:
    """Ask again for items that are done or disputed; the number asked again.

    The answers stay but count no more, so that the same people may be asked; a label that was
    accepted holds until a new one is.
    """
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        viewer.check("review", project.model)
        check_open(project)
        tasks = task_table.c
        closed = sa.select(tasks.id).where(
            tasks.project_id == project_id, tasks.id.in_(task_ids), tasks.state != "open"
        )
        found = list(write.execute(closed).scalars())
        now = database.clock()
        answers = annotation_table.c
        standing = answers.task_id.in_(found) & answers.superseded_by.is_(None)
        write.execute(
            annotation_table.update()
            .where(standing, answers.undone_at.is_(None))
            .values(superseded_by=REQUEUED, updated_at=now)
        )
        again = {"state": "open", "n_answers": 0, "overlap": project.setup.overlap}
        write.execute(
            task_table.update().where(tasks.id.in_(found)).values(**again, updated_at=now)
        )
        write.audit("requeue", "label_project", str(project_id), tasks=found)
    return len(found)


def _is_correction(item: Item) -> bool:
    """Whether an item is a prediction that somebody disagreed with, to be looked at by annotators."""
    return (item.queue, item.purpose, item.sampling_p) == ("disagreement", "work", None)


def _known(connection: Connection, project_id: int, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for at in range(0, len(ids), 500):
        some = task_table.c.prediction_id.in_(ids[at : at + 500])
        mine = task_table.c.project_id == project_id
        found |= set(
            connection.execute(sa.select(task_table.c.prediction_id).where(mine, some)).scalars()
        )
    return found


def _budget_left(connection: Connection, project_id: int, budget: int | None) -> int | None:
    if budget is None:
        return None
    n = sa.select(sa.func.count()).where(
        task_table.c.project_id == project_id, task_table.c.purpose == "work"
    )
    return budget - int(connection.execute(n).scalar_one())


def _insert(write: Write, project_id: int, overlap: int, items: Sequence[Item]) -> None:
    last = sa.select(sa.func.max(task_table.c.priority)).where(
        task_table.c.project_id == project_id
    )
    first = float(write.execute(last).scalar() or 0.0) + 1.0
    now = write.database.clock()
    rows = [
        {
            "project_id": project_id,
            "prediction_id": item.prediction_id,
            "model_version": item.model_version,
            "data": _json(item.data),
            "prediction": _json(item.prediction),
            "queue": item.queue,
            "score": item.score,
            "reason": item.reason,
            "slice": item.slice,
            "sampling_p": item.sampling_p,
            "purpose": item.purpose,
            "gold_label": item.gold_label,
            "overlap": overlap,
            "priority": first + i,
            "state": "open",
            "n_answers": 0,
            "created_at": now,
            "updated_at": now,
        }
        for i, item in enumerate(items)
    ]
    for row in rows:
        if row["purpose"] != "work" and row["gold_label"] is None:
            raise UsageError(f"{row['prediction_id']} has no known label.", "Gold needs one.", "")
    if rows:
        write.execute(task_table.insert(), rows)


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), ensure_ascii=False, sort_keys=True, default=str)
