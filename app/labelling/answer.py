"""Answer, skip, flag, be unsure, undo: each once, whatever the browser sends again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import UsageError
from analytics.sources.relation import canonical_text
from app.auth.viewer import Viewer
from app.labelling.accept import answers_of, recount
from app.labelling.access import (
    check_annotator,
    check_open,
    find_project,
    find_task,
    hidden_columns,
    without,
)
from app.labelling.claim import (
    Card,
    card_of,
    has_room,
    is_shown_first,
    lease_first,
    lease_of,
    renew_leases,
)
from app.state.database import Database, Write
from app.state.labels import (
    Annotation,
    Project,
    Task,
    annotation_table,
    lease_table,
    to_annotation,
)

Action = Literal["answer", "skip", "flag", "unsure"]
UNDO_DEEP = 20
MOST_COMMENT = 4000
_answer = annotation_table.c


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person did with a card.

    ``unique_id`` is made in the browser, once for each press: sent again, it is stored once.
    ``lead_time`` are the seconds for which the card was seen, measured there. ``answer`` is a class
    or a value; None for anything but "answer". ``prediction_shown`` is none, before or after.
    """

    unique_id: str
    task_id: int
    answer: str | float | None = None
    action: Action = "answer"
    lead_time: float | None = None
    comment: str = ""
    confidence: float | None = None
    prediction_shown: str = "none"
    client_seq: int | None = None
    is_flagged: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer: stored now, known already (sent again), or refused and why.

    ``prediction`` is what the model said, where the project shows it after the answer.
    ``is_right`` is told for practice items only.
    """

    unique_id: str
    task_id: int
    status: Literal["stored", "known", "refused"]
    why: str = ""
    prediction: Mapping[str, Any] | None = None
    is_right: bool | None = None
    gold_label: str | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """The card that came back, and what had been answered."""

    card: Card
    annotation: Annotation
    n_left: int  # further steps that can be undone


def give_answers(
    database: Database, viewer: Viewer, project_id: int, answers: Sequence[Answer]
) -> list[Outcome]:
    """Take some answers of the viewer in order, all in one transaction; what became of each.

    Refused ones (seen too shortly, no class of this project, meanwhile answered by somebody else)
    are not stored, and say why; the others are.
    """
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        check_annotator(viewer, project)
        outcomes = [_give(write, project, viewer.user, answer) for answer in answers]
        renew_leases(write, project_id, viewer.user)
    return outcomes


def give_answer(database: Database, viewer: Viewer, project_id: int, answer: Answer) -> Outcome:
    """Take one answer of the viewer; see ``give_answers``."""
    return give_answers(database, viewer, project_id, [answer])[0]


def undo(database: Database, viewer: Viewer, project_id: int) -> Undone | None:
    """Take back the viewer's last answer and give the card back; None when there is none to undo.

    Twenty deep, whatever was reloaded meanwhile. A label that had been accepted is taken back too.
    """
    now = database.clock()
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        check_annotator(viewer, project)
        check_open(project)
        stack = undoable(write.connection, project_id, viewer.user)
        if not stack:
            return None
        last = stack[0]
        mine = annotation_table.update().where(_answer.unique_id == last.unique_id)
        write.execute(mine.values(undone_at=now, updated_at=now))
        write.execute(
            annotation_table.update()
            .where(_answer.task_id == last.task_id, _answer.superseded_by == last.unique_id)
            .values(superseded_by=None, updated_at=now)
        )
        task = recount(write, project, last.task_id)
        until = now + timedelta(seconds=lease_of(write.connection, project_id))
        lease_first(write, task, viewer.user, (now, until))
        write.audit("undo", "label_task", str(task.id), unique_id=last.unique_id)
        seen = without(task, hidden_columns(write.connection, viewer, project.model))
        return Undone(card_of(project, seen, viewer.user, until), last, len(stack) - 1)


def undoable(connection: Connection, project_id: int, person: str) -> list[Annotation]:
    """The person's answers that can be taken back, the latest first."""
    last = (
        sa.select(annotation_table)
        .where(_answer.project_id == project_id, _answer.person == person)
        .where(~_answer.is_adjudication)
        .order_by(_answer.id.desc())
        .limit(UNDO_DEEP)
    )
    found = [to_annotation(row) for row in connection.execute(last).all()]
    return [a for a in found if a.undone_at is None and a.superseded_by is None]


def _give(write: Write, project: Project, person: str, answer: Answer) -> Outcome:
    """One answer: known already, refused, or stored with its task brought in line."""
    mine = sa.select(annotation_table).where(_answer.unique_id == answer.unique_id)
    known = write.execute(mine).first()
    if known is not None:
        is_same = (known.person, known.task_id) == (person, answer.task_id)
        status: Literal["known", "refused"] = "known" if is_same else "refused"
        why = "" if is_same else "This number belongs to another answer."
        return Outcome(answer.unique_id, answer.task_id, status, why)
    task = find_task(write.connection, project, answer.task_id)
    try:
        check_open(project)
        value = _checked(project, answer)
        before = _check_turn(write.connection, task, person, write.database.clock())
    except UsageError as error:
        return Outcome(answer.unique_id, task.id, "refused", f"{error.what} {error.do}".strip())
    _store(write, project, task, person, (answer, value))
    if before is not None:
        old = annotation_table.update().where(_answer.unique_id == before.unique_id)
        write.execute(old.values(superseded_by=answer.unique_id))
    held = (lease_table.c.task_id == task.id) & (lease_table.c.person == person)
    write.execute(lease_table.delete().where(held))
    recount(write, project, task.id)
    write.audit(answer.action, "label_task", str(task.id), answer=value, unique_id=answer.unique_id)
    return _told(project, task, answer, value)


def _told(project: Project, task: Task, answer: Answer, value: str | None) -> Outcome:
    is_shown = project.setup.policy != "hidden" and answer.action == "answer"
    prediction = task.prediction if is_shown else None
    if task.purpose != "practice" or answer.action != "answer":
        return Outcome(answer.unique_id, task.id, "stored", prediction=prediction)
    is_right = is_equal(value, task.gold_label)
    return Outcome(answer.unique_id, task.id, "stored", "", prediction, is_right, task.gold_label)


def is_equal(answer: str | None, gold: str | None) -> bool:
    """Whether an answer is the known label."""
    return answer is not None and answer == gold


def _checked(project: Project, answer: Answer) -> str | None:
    """The answer as it is kept; UsageError where it cannot be one."""
    guard_s = project.setup.guard_ms / 1000
    if guard_s and (answer.lead_time is None or answer.lead_time < guard_s):
        seen = "an unknown time" if answer.lead_time is None else f"{answer.lead_time:.2f} s"
        raise UsageError(
            f"The card was seen for {seen}.",
            "Nobody can have read it.",
            f"Look at it for {guard_s:g} s or longer, and press again.",
        )
    if not answer.unique_id or len(answer.unique_id) > 80:
        raise UsageError("An answer needs a number of its own, of 1 to 80 characters.")
    if len(answer.comment) > MOST_COMMENT:
        raise UsageError("A comment has at most 4,000 characters.", "", "Say it shorter.")
    if answer.action != "answer":
        return None
    if project.setup.kind == "value":
        return as_value(answer.answer)
    value = canonical_text(answer.answer) if answer.answer is not None else None
    if value not in project.setup.classes:
        raise UsageError(
            f"{answer.answer!r} is no class here.",
            "",
            f"Take one of: {', '.join(project.setup.classes)}.",
        )
    return value


def as_value(answer: object) -> str:
    """The canonical text of a number; UsageError where it is none."""
    try:
        number = float(str(answer).replace(",", ".") if isinstance(answer, str) else answer)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{answer!r} is no number.", "", "Type a number.")
    return canonical_text(number) or "0"


def _check_turn(
    connection: Connection, task: Task, person: str, now: datetime
) -> Annotation | None:
    """The person's own answer that this one replaces (a skipped one); UsageError where none is due."""
    own = [
        a
        for a in answers_of(connection, task.id)
        if a.person == person and a.superseded_by is None and a.undone_at is None
        if not a.is_adjudication
    ]
    if own and not own[-1].was_cancelled:
        raise UsageError("You have answered this item already.", "", "Undo (Z) to change it.")
    if task.state != "open":
        raise UsageError("This item has all its answers already.", "", "Go on with the next.")
    if not has_room(connection, task, person, now):
        raise UsageError(
            "This item was given to somebody else.",
            "",
            "You held it too long; go on with the next.",
        )
    return own[-1] if own else None


def _store(
    write: Write, project: Project, task: Task, person: str, given: tuple[Answer, str | None]
) -> None:
    answer, value = given
    now = write.database.clock()
    is_known = task.gold_label is not None and task.purpose != "work"
    prediction = task.prediction.get("prediction")
    is_first = is_shown_first(project, task, person)
    write.execute(
        annotation_table.insert().values(
            unique_id=answer.unique_id,
            task_id=task.id,
            project_id=project.id,
            person=person,
            answer=value,
            was_cancelled=answer.action != "answer",
            cancel_reason=None if answer.action == "answer" else answer.action,
            is_flagged=answer.is_flagged or answer.action == "flag",
            is_unsure=answer.action == "unsure",
            is_adjudication=False,
            ground_truth=is_known,
            lead_time=answer.lead_time,
            comment=answer.comment,
            confidence=answer.confidence,
            prediction_shown="before" if is_first else answer.prediction_shown,
            parent_prediction=None if prediction is None else str(prediction),
            guideline_version=project.guideline_version,
            client_seq=answer.client_seq,
            review_status="none",
            created_at=now,
            updated_at=now,
        )
    )
