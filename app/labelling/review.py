"""Settle what annotators disagree about; their answers stay as they were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import UsageError
from analytics.findings.review import Round
from analytics.sources.relation import canonical_text
from app.auth.viewer import Viewer
from app.labelling.accept import answers_of, recount
from app.labelling.access import find_project, find_task, hidden_columns, without
from app.labelling.answer import as_value
from app.state.database import Database, Write
from app.state.labels import (
    Annotation,
    Project,
    Task,
    annotation_table,
    task_table,
    to_annotation,
    to_task,
)

Only = Literal["disputed", "flagged", "unsure", "commented", "done", "gold"]
_answer, _task = annotation_table.c, task_table.c


@dataclass(frozen=True, slots=True)
class Case:
    """A task with every answer it got, in order; those that count have ``counts``."""

    task: Task
    answers: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decided; ``unique_id`` is made once for each press."""

    unique_id: str
    answer: str | float
    comment: str = ""
    lead_time: float | None = None
    prediction_shown: str = "before"


def list_cases(
    database: Database, viewer: Viewer, project_id: int, only: Only = "disputed", limit: int = 100
) -> list[Case]:
    """Tasks for a reviewer, in the order of the queue.

    Disputed ones, those that somebody flagged, was unsure of or commented, those that are done, or
    gold items with their answers.
    """
    with database.read() as connection:
        project = find_project(connection, project_id)
        viewer.check("review", project.model)
        statement = sa.select(task_table).where(_task.project_id == project_id, _where(only))
        order = (_task.priority, _task.id)
        found = [to_task(r) for r in connection.execute(statement.order_by(*order).limit(limit))]
        answers = _answers(connection, [task.id for task in found])
        hidden = hidden_columns(connection, viewer, project.model)
    return [Case(without(task, hidden), tuple(answers.get(task.id, ()))) for task in found]


def count_cases(database: Database, viewer: Viewer, project_id: int) -> dict[str, int]:
    """How many tasks each list of ``list_cases`` has."""
    kinds: tuple[Only, ...] = ("disputed", "flagged", "unsure", "commented", "done", "gold")
    found: dict[str, int] = {}
    with database.read() as connection:
        viewer.check("review", find_project(connection, project_id).model)
        for only in kinds:
            n = sa.select(sa.func.count()).where(_task.project_id == project_id, _where(only))
            found[only] = int(connection.execute(n).scalar_one())
    return found


def read_round(database: Database, viewer: Viewer, project_id: int) -> Round:
    """The round as it stands: how much is done and disputed, by whom, and what was marked."""
    counts = count_cases(database, viewer, project_id)
    with database.read() as connection:
        project = find_project(connection, project_id)
        mine = (_task.project_id == project_id) & (_task.purpose == "work")
        n_items = connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
        each = (
            _counted(project_id)
            .with_only_columns(
                sa.func.count(sa.distinct(_answer.person)).label("people"),
                sa.func.count(sa.distinct(_answer.answer)).label("answers"),
            )
            .group_by(_answer.task_id)
            .subquery()
        )
        twice, split = each.c.people > 1, (each.c.people > 1) & (each.c.answers > 1)
        numbers = [sa.func.sum(sa.case((condition, 1), else_=0)) for condition in (twice, split)]
        seen = connection.execute(sa.select(sa.func.count(), *numbers).select_from(each)).one()
        disputed = _counted(project_id).where(_task.state == "disputed")
        rows = [(int(r.task_id), r.person, r.answer) for r in connection.execute(disputed)]
    setup = project.setup
    return Round(
        n_items=int(n_items),
        n_done=counts["done"],
        n_twice=int(seen[1] or 0),
        n_split=int(seen[2] or 0),
        disputed=rows,
        n_flagged=counts["flagged"],
        n_unsure=counts["unsure"],
        n_commented=counts["commented"],
        n_answered=int(seen[0]),
        people=setup.people,
        overlap=setup.overlap,
        is_number=setup.kind == "value",
    )


def adjudicate(
    database: Database,
    viewer: Viewer,
    project_id: int,
    task_id: int,
    decision: Decision,
) -> Task:
    """Settle a task: the label that counts from now on, over any annotator's; the task as it is now.

    Sent again with the same number it changes nothing. A later decision supersedes an earlier one.
    """
    now = database.clock()
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        viewer.check("review", project.model)
        task = find_task(write.connection, project, task_id)
        answers = answers_of(write.connection, task_id)
        if any(a.unique_id == decision.unique_id for a in answers):
            return task
        value = _checked(project, decision)
        standing = [a for a in answers if a.superseded_by is None and a.undone_at is None]
        for answer in standing:
            _judge(write, answer, value, (viewer.user, now, decision.unique_id))
        picked = next((a for a in standing if a.answer == value and not a.is_adjudication), None)
        write.execute(
            annotation_table.insert().values(
                unique_id=decision.unique_id,
                task_id=task_id,
                project_id=project_id,
                person=viewer.user,
                answer=value,
                was_cancelled=False,
                is_flagged=False,
                is_unsure=False,
                is_adjudication=True,
                ground_truth=task.purpose != "work",
                lead_time=decision.lead_time,
                comment=decision.comment,
                prediction_shown=decision.prediction_shown,
                parent_annotation=None if picked is None else picked.unique_id,
                guideline_version=project.guideline_version,
                review_status="none",
                created_at=now,
                updated_at=now,
            )
        )
        if task.purpose != "work":
            write.execute(task_table.update().where(_task.id == task_id).values(gold_label=value))
        task = recount(write, project, task_id)
        write.audit("adjudicate", "label_task", str(task_id), label=value)
    return task


def ratings(
    database: Database, viewer: Viewer, project_id: int, *, with_gold: bool = False
) -> list[tuple[int, str, str]]:
    """(task, person, answer) of every answer that counts, for measures of agreement.

    Work items only; with gold, gold items too (never practice).
    """
    purposes = ("work", "gold") if with_gold else ("work",)
    statement = _counted(project_id, purposes).order_by(_answer.task_id, _answer.person)
    with database.read() as connection:
        viewer.check("review", find_project(connection, project_id).model)
        return [(int(r.task_id), r.person, r.answer) for r in connection.execute(statement)]


def followed(
    database: Database, viewer: Viewer, project_id: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(the model's answer, answers) where it was seen first, and where it was not."""
    both = annotation_table.join(task_table, _answer.task_id == _task.id)
    same = sa.func.sum(sa.case((_answer.answer == _answer.parent_prediction, 1), else_=0))
    is_first = _answer.prediction_shown == "before"
    statement = (
        sa.select(is_first, same, sa.func.count())
        .select_from(both)
        .where(_answer.project_id == project_id, _task.purpose == "work")
        .where(_answer.superseded_by.is_(None), _answer.undone_at.is_(None))
        .where(~_answer.was_cancelled, ~_answer.is_adjudication, _answer.answer.is_not(None))
        .where(_answer.parent_prediction.is_not(None))
        .group_by(is_first)
    )
    with database.read() as connection:
        viewer.check("review", find_project(connection, project_id).model)
        found = {bool(first): (int(s), int(n)) for first, s, n in connection.execute(statement)}
    return found.get(True, (0, 0)), found.get(False, (0, 0))


def _counted(project_id: int, purposes: Sequence[str] = ("work",)) -> Any:
    """The answers that count as somebody's own, as a statement."""
    both = annotation_table.join(task_table, _answer.task_id == _task.id)
    return (
        sa.select(_answer.task_id, _answer.person, _answer.answer)
        .select_from(both)
        .where(_answer.project_id == project_id, _task.purpose.in_(purposes))
        .where(_answer.superseded_by.is_(None), _answer.undone_at.is_(None))
        .where(~_answer.was_cancelled, ~_answer.is_adjudication, _answer.answer.is_not(None))
    )


def _where(only: Only) -> Any:
    """The tasks of a list, as a condition."""
    stands = _answer.superseded_by.is_(None) & _answer.undone_at.is_(None)
    marks = {
        "flagged": _answer.is_flagged,
        "unsure": _answer.is_unsure,
        "commented": _answer.comment != "",
    }
    if only in marks:
        said = sa.exists().where(_answer.task_id == _task.id, stands, marks[only])
        return (_task.purpose != "practice") & said
    if only == "gold":
        return _task.purpose == "gold"
    return (_task.purpose == "work") & (_task.state == only)


def _answers(connection: Connection, task_ids: Sequence[int]) -> dict[int, list[Annotation]]:
    statement = sa.select(annotation_table).where(_answer.task_id.in_(task_ids))
    found: dict[int, list[Annotation]] = {}
    for row in connection.execute(statement.order_by(_answer.id)):
        found.setdefault(int(row.task_id), []).append(to_annotation(row))
    return found


def _judge(write: Write, answer: Annotation, value: str, by: tuple[str, Any, str]) -> None:
    """Say of an answer whether the reviewer agrees; an earlier decision is superseded."""
    person, now, unique_id = by
    values: dict[str, Any] = {"reviewed_by": person, "reviewed_at": now, "updated_at": now}
    if answer.is_adjudication:
        values["superseded_by"] = unique_id
    elif answer.answer is not None:
        values["review_status"] = "accepted" if answer.answer == value else "rejected"
    mine = annotation_table.update().where(_answer.unique_id == answer.unique_id)
    write.execute(mine.values(**values))


def _checked(project: Project, decision: Decision) -> str:
    if not decision.unique_id or len(decision.unique_id) > 80:
        raise UsageError("A decision needs a number of its own, of 1 to 80 characters.")
    if project.setup.kind == "value":
        return as_value(decision.answer)
    value = canonical_text(decision.answer)
    if value not in project.setup.classes:
        raise UsageError(
            f"{decision.answer!r} is no class here.",
            "",
            f"Take one of: {', '.join(project.setup.classes)}.",
        )
    return value
