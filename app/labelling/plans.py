"""Plans of labels: keep one, put its rows into a queue, read its number, put it aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from analytics.core import Dataset, Window
from analytics.errors import NameUnknown
from app.auth.viewer import Viewer
from app.labelling.access import check_set_up, find_project
from app.labelling.arrival import check_wanted
from app.labelling.choose import make_items
from app.labelling.tasks import Added, add_tasks
from app.questions import Asked, build_question, clock
from app.state.database import Database, utc_now
from app.state.labels import annotation_table, project_table, task_table
from app.state.plans import Asking, StoredPlan, add_plan, close_plan, get_plan

if TYPE_CHECKING:
    from analytics.core import Cut, Question, Result
    from analytics.estimate.plan import Plan
    from analytics.evaluate.plan import Progress
    from analytics.query.engine import Engine

QUEUE = "active"


def fixed_asking(dataset: Dataset, question: Question) -> Asking:
    """The rows of a question in words that stay the same when more rows come."""
    scope = question.scope
    return Asking(
        dataset.model,
        _fixed(dataset, scope.window),
        scope.version,
        scope.segment.text if scope.segment else None,
    )


def _fixed(dataset: Dataset, window: Window) -> str:
    if window.first_row is not None and window.last_row is not None:
        return f"{window.first_row}..{window.last_row}rows"
    start, end = window.start or dataset.first_event, window.end
    if end is None and dataset.last_event is not None:
        end = dataset.last_event + timedelta(microseconds=1)
    if start is None or end is None:
        return f"0..{max(dataset.log('predictions').n_rows - 1, 0)}rows"
    return f"{start.isoformat()}..{end.isoformat()}"


def question_of(dataset: Dataset, asking: Asking) -> Question:
    """The question that a plan is about."""
    asked = Asked(asking.version, asking.window, "none", asking.segment)
    return build_question(dataset, asked, clock(dataset, utc_now()))


def start_plan(
    engine: Engine,
    database: Database,
    viewer: Viewer,
    dataset: Dataset,
    asking: Asking,
    plan: Plan,
) -> int:
    """Keep a plan for the model's open labelling project; its number.

    Raises AccessDenied without the right to set up labelling, UsageError where the truth arrives by
    itself, NameUnknown where the model has no open project.
    """
    check_set_up(viewer, asking.model)
    check_wanted(engine, dataset, clock(dataset, database.clock()))
    project = open_project(database, asking.model)
    with database.write(viewer.user) as write:
        return add_plan(write, asking, plan, project)


def open_project(database: Database, model: str) -> int:
    """The number of the model's latest open labelling project; NameUnknown where it has none."""
    chosen = (project_table.c.model == model) & (project_table.c.state == "open")
    with database.read() as connection:
        latest = sa.select(sa.func.max(project_table.c.id)).where(chosen)
        number = connection.execute(latest).scalar()
    if number is None:
        raise NameUnknown(
            f"{model} has no open labelling project.",
            "A plan's rows are put into the queue of one.",
            "Set one up on the page Review, Set-up.",
        )
    return int(number)


def queue_plan(
    engine: Engine, database: Database, viewer: Viewer, dataset: Dataset, number: int, n: int
) -> Added:
    """Put the first ``n`` rows of a plan into the queue of its project; those there already stay.

    Each carries the chance with which it was drawn; rows beyond the plan's size carry none.
    """
    from analytics.sampling.candidates import Choice

    stored = get_plan(database, number)
    check_set_up(viewer, stored.asking.model)
    plan, size = stored.plan, stored.plan.need.n
    rows = range(min(n, len(plan.ids)))
    choice = Choice(
        plan.ids[:n],
        tuple(float(plan.p[i]) if i < size else None for i in rows),
        tuple(float(plan.q[i]) for i in rows),
        tuple(f"row {i + 1} of {size} drawn to know {plan.metric}" for i in rows),
    )
    items = make_items(engine, dataset, choice, QUEUE, stored.asking.segment)
    return add_tasks(database, viewer, stored.project_id or 0, items)


def plan_progress(
    engine: Engine, database: Database, viewer: Viewer, dataset: Dataset, stored: StoredPlan
) -> Progress:
    """The plan's number from the labels that are in the log by now."""
    from analytics.evaluate.plan import read_plan

    viewer.check("view", stored.asking.model)
    scope = question_of(dataset, stored.asking).scope
    lost = lost_rows(database, stored)
    return read_plan(engine, dataset, scope, stored.plan, lost)


def cut_asked(stored: StoredPlan) -> Asked:
    """The question that cuts a column into slices of a plan's rows: its window and its version."""
    return Asked(stored.asking.version, stored.asking.window, "none")


def slices_of(cut: Cut | None) -> list[str]:
    """The slices of a column as segments: its levels, or the quarters of its numbers."""
    from analytics.query.cells import conditions_of, segment_text

    if cut is None:
        return []
    codes = cut.levels or tuple(str(i) for i in range(len(cut.edges) + 1))
    found = (conditions_of(cut, code) for code in codes)
    return [segment_text(conditions) for conditions in found if conditions]


def read_slices(
    engine: Engine,
    database: Database,
    viewer: Viewer,
    dataset: Dataset,
    stored: StoredPlan,
    texts: Sequence[str],
) -> list[Result]:
    """The plan's number for slices of its rows, from the same labels."""
    from analytics.evaluate.plan_slice import read_plan_slice

    viewer.check("view", stored.asking.model)
    lost, asking = lost_rows(database, stored), stored.asking
    found = []
    for text in texts:
        mine = f"{asking.segment} AND {text}" if asking.segment else text
        scope = question_of(dataset, replace(asking, segment=mine)).scope
        found.append(read_plan_slice(engine, dataset, scope, stored.plan, stored.created_at, lost))
    return found


def lost_rows(database: Database, stored: StoredPlan) -> set[str]:
    """Rows of the plan that everybody who was asked passed over."""
    if stored.project_id is None:
        return set()
    task, answer = task_table.c, annotation_table.c
    passed = sa.func.count(sa.distinct(answer.person))
    statement = (
        sa.select(task.prediction_id, passed)
        .join(annotation_table, answer.task_id == task.id)
        .where(task.project_id == stored.project_id, task.queue == QUEUE, task.state == "open")
        .where(answer.was_cancelled, answer.undone_at.is_(None), answer.superseded_by.is_(None))
        .group_by(task.prediction_id)
    )
    with database.read() as connection:
        n_people = len(find_project(connection, stored.project_id).setup.people)
        rows = connection.execute(statement).all()
    return {name for name, n in rows if n >= max(n_people, 1)}


def put_aside(database: Database, viewer: Viewer, number: int) -> None:
    """Close a plan; its rows stay in the queue, their labels in the log."""
    check_set_up(viewer, get_plan(database, number).asking.model)
    with database.write(viewer.user) as write:
        close_plan(write, number)
