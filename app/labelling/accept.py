"""When answers make a label: counted after every change, and put into the outbox with it.

A task with as many equal answers as its overlap is done; with unlike ones it is disputed until a
reviewer settles it. What was accepted goes to the label log once; whatever changes it later is a
new row, and a row without label takes it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.labelling.access import find_task
from app.state.database import Write
from app.state.labels import (
    Annotation,
    Project,
    Task,
    TaskState,
    annotation_table,
    task_table,
    to_annotation,
)
from app.state.outbox import put


def answers_of(connection: Connection, task_id: int) -> list[Annotation]:
    """Every annotation of a task in the order in which it was given."""
    statement = sa.select(annotation_table).where(annotation_table.c.task_id == task_id)
    rows = connection.execute(statement.order_by(annotation_table.c.id)).all()
    return [to_annotation(row) for row in rows]


def recount(write: Write, project: Project, task_id: int) -> Task:
    """Bring a task in line with its answers, and its accepted label into the outbox if it changed."""
    task = find_task(write.connection, project, task_id)
    answers = answers_of(write.connection, task_id)
    counting = [a for a in answers if a.counts and not a.is_adjudication]
    state, label, source = settle(task, answers)
    values: dict[str, Any] = {"n_answers": len(counting), "state": state}
    if task.purpose == "work":
        values |= _accept(write, project, task, (label, source))
    values["updated_at"] = write.database.clock()
    write.execute(task_table.update().where(task_table.c.id == task_id).values(**values))
    return find_task(write.connection, project, task_id)


def settle(task: Task, answers: Sequence[Annotation]) -> tuple[TaskState, str | None, str | None]:
    """(state, label, source) that the answers of a task make; the label is None while none is due."""
    settled = [a for a in answers if a.counts and a.is_adjudication]
    if settled:
        return "done", settled[-1].answer, "adjudicated"
    if task.purpose != "work":
        return "open", None, None
    said = [a.answer for a in answers if a.counts]
    if len(said) < task.overlap:
        return "open", None, None
    if len(set(said)) > 1:
        return "disputed", None, None
    return "done", said[0], "annotator" if task.overlap == 1 else "agreed"


def _accept(
    write: Write, project: Project, task: Task, now_said: tuple[str | None, str | None]
) -> dict[str, Any]:
    """Put what changed into the outbox; the values of the task's row."""
    label, source = now_said
    if (label, source) == (task.accepted_label, task.accepted_source):
        return {}
    if source is None and task.state == "open":  # asked again: what was accepted holds until then
        return {}
    moment = write.database.clock()
    if task.accepted_at is not None:  # a correction is always later than what it corrects
        moment = max(moment, task.accepted_at + timedelta(microseconds=2))
    # What takes a label back carries its chance too: without one it would be no headline row itself.
    chance = {"queue": task.queue, "sampling_p": task.sampling_p}
    row = {"prediction_id": task.prediction_id, **chance}
    rows: list[dict[str, Any]] = []
    if task.accepted_source is not None and task.accepted_source != source:
        before = moment - timedelta(microseconds=1)
        rows.append({**row, "label": None, "known_at": before, "source": task.accepted_source})
    if source is not None:
        rows.append({**row, "label": label, "known_at": moment, "source": source})
    put(write, project.model, "labels", rows)
    write.audit("accept", "label_task", str(task.id), label=label, source=source)
    return {"accepted_label": label, "accepted_source": source, "accepted_at": moment}
