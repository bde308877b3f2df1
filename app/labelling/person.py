"""One annotator of a project, closer: how long answers took, and what was skipped or marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.auth.viewer import Viewer
from app.labelling.access import find_project
from app.state.database import Database
from app.state.labels import annotation_table, task_table

_answer, _task = annotation_table.c, task_table.c
MARKS = ("skipped", "unsure", "flagged")
LATEST = 20


@dataclass(frozen=True, slots=True)
class Marked:
    """An item that somebody skipped, was unsure of or flagged, and what they said of it."""

    prediction_id: str
    queue: str
    marks: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Person:
    """Seconds from card to answer, items by queue with how many of them were marked, the latest marked."""

    times: tuple[float, ...]
    by_queue: Mapping[str, Mapping[str, int]]
    marked: tuple[Marked, ...]


def read_person(database: Database, viewer: Viewer, project_id: int, person: str) -> Person:
    """What one person did in a project, practice left out; for reviewers."""
    both = annotation_table.join(task_table, _answer.task_id == _task.id)
    picks = (
        _answer.was_cancelled, _answer.is_unsure, _answer.is_flagged,
        _answer.comment, _answer.lead_time, _task.prediction_id, _task.queue, _task.purpose,
    )  # fmt: skip
    statement = (
        sa.select(*picks)
        .select_from(both)
        .where(_answer.project_id == project_id, _answer.person == person)
        .where(~_answer.is_adjudication, _task.purpose != "practice")
        .where(_answer.superseded_by.is_(None), _answer.undone_at.is_(None))
        .order_by(_answer.id.desc())
    )
    with database.read() as connection:
        viewer.check("review", find_project(connection, project_id).model)
        rows = list(connection.execute(statement))
    by_queue: dict[str, Counter[str]] = {}
    marked, times = [], []
    for row in rows:
        held = (row.was_cancelled, row.is_unsure, row.is_flagged)
        marks = tuple(mark for mark, is_set in zip(MARKS, held, strict=True) if is_set)
        queue = "gold" if row.purpose == "gold" else row.queue
        by_queue.setdefault(queue, Counter()).update(["items", *marks])
        if row.lead_time is not None and not row.was_cancelled:
            times.append(float(row.lead_time))
        if marks:
            marked.append(Marked(row.prediction_id, queue, marks, row.comment or ""))
    return Person(tuple(times), by_queue, tuple(marked[:LATEST]))
