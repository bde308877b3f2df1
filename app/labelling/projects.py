"""Make, change, close and wipe labelling projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.core import Schema
from analytics.errors import NameUnknown, UsageError
from analytics.sources.relation import canonical_text
from app.auth.viewer import Viewer, viewer_of
from app.labelling.access import check_reader, check_set_up, find_project
from app.state.database import Database, Write
from app.state.grants import list_grants
from app.state.labels import (
    Guide,
    Project,
    ProjectState,
    Setup,
    annotation_table,
    handover_table,
    lease_table,
    project_table,
    setup_values,
    task_table,
    to_project,
)
from app.state.models import Model, find_model
from app.state.users import get_user, list_users

MOST_OVERLAP = 5
MOST_GUARD_MS = 10_000
POLICIES = ("hidden", "after", "before", "tenth")


def default_setup(model: Model, people: Sequence[str] = ()) -> Setup:
    """What the set-up form opens with: the question and classes of the model's own task."""
    schema = model.schema
    is_value = schema.task == "regression"
    what = model.title or model.name
    question = f"{what}: which value is right?" if is_value else f"{what}: which class is right?"
    if model.description.endswith("?"):
        question = model.description
    return Setup(
        question=question,
        kind="value" if is_value else "classes",
        classes=() if is_value else schema.classes,
        people=tuple(people),
    )


def people_who_label(database: Database, viewer: Viewer, model: str) -> list[str]:
    """Active users with the right to label that model, by name."""
    check_set_up(viewer, model)
    users = [user for user in list_users(database) if user.is_active]
    with database.read() as connection:
        return [
            user.name
            for user in users
            if viewer_of(user, list_grants(connection, user.id)).may("label", model)
        ]


def make_project(database: Database, viewer: Viewer, model: str, setup: Setup) -> int:
    """Make a labelling project; its number. Raises UsageError where the set-up cannot work."""
    check_set_up(viewer, model)
    with database.write(viewer.user) as write:
        return _insert(write, model, _checked(write, model, setup))


def make_first_project(database: Database, viewer: Viewer, model: str, setup: Setup) -> int | None:
    """Make the model's first labelling project; None where it ever had one."""
    check_set_up(viewer, model)
    with database.write(viewer.user) as write:
        mine = sa.select(project_table.c.id).where(project_table.c.model == model)
        if write.execute(mine.limit(1)).first() is not None:
            return None
        return _insert(write, model, _checked(write, model, setup))


def change_project(database: Database, viewer: Viewer, project_id: int, setup: Setup) -> None:
    """Change the set-up; answers stand. A new question, class or guideline is a new version of it.

    A new overlap counts for tasks that are not done yet.
    """
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        check_set_up(viewer, project.model)
        setup = _checked(write, project.model, setup)
        old = project.setup
        said = (setup.question, setup.classes, dict(setup.guideline))
        is_new = said != (old.question, old.classes, dict(old.guideline))
        version = project.guideline_version + is_new
        values = {**setup_values(setup), "guideline_version": version}
        _store(write, project_id, **values)
        if setup.overlap != old.overlap:
            open_tasks = (task_table.c.project_id == project_id) & (task_table.c.state == "open")
            least = sa.case(
                (task_table.c.n_answers > setup.overlap, task_table.c.n_answers),
                else_=setup.overlap,
            )
            write.execute(task_table.update().where(open_tasks).values(overlap=least))
        changed = [n for n in Setup.__slots__ if getattr(setup, n) != getattr(old, n)]
        write.audit("change", "label_project", str(project_id), changed=changed, version=version)


def set_state(database: Database, viewer: Viewer, project_id: int, state: ProjectState) -> None:
    """Close the project, or open it again; leases end when it closes."""
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        check_set_up(viewer, project.model)
        _store(write, project_id, state=state)
        if state == "closed":
            write.execute(lease_table.delete().where(lease_table.c.task_id.in_(_tasks(project_id))))
        write.audit("close" if state == "closed" else "open", "label_project", str(project_id))


def wipe_project(database: Database, viewer: Viewer, project_id: int) -> int:
    """Remove the project's tasks and answers; the number of answers removed.

    What was accepted stays in the label log: that is never changed.
    """
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        viewer.check("review", project.model)
        tasks = _tasks(project_id)
        write.execute(lease_table.delete().where(lease_table.c.task_id.in_(tasks)))
        mine = annotation_table.delete().where(annotation_table.c.project_id == project_id)
        n = int(write.execute(mine).rowcount)
        write.execute(task_table.delete().where(task_table.c.project_id == project_id))
        write.audit("wipe", "label_project", str(project_id), n_annotations=n)
    return n


def get_project(database: Database, viewer: Viewer, project_id: int) -> Project:
    """A project, for whoever labels, reviews or sets it up."""
    with database.read() as connection:
        project = find_project(connection, project_id)
    check_reader(viewer, project)
    return project


def list_projects(
    database: Database, viewer: Viewer, model: str | None = None, *, with_closed: bool = False
) -> list[Project]:
    """The projects in which the viewer labels, or which they review or set up; the latest first."""
    from app.labelling.access import may_set_up

    statement = sa.select(project_table).order_by(project_table.c.id.desc())
    if model is not None:
        statement = statement.where(project_table.c.model == model)
    if not with_closed:
        statement = statement.where(project_table.c.state == "open")
    with database.read() as connection:
        found = [to_project(row) for row in connection.execute(statement)]
    return [
        p
        for p in found
        if may_set_up(viewer, p.model)
        or (viewer.may("label", p.model) and (not p.setup.people or viewer.user in p.setup.people))
    ]


def leave_note(database: Database, viewer: Viewer, project_id: int, body: str) -> None:
    """A hand-over note for whoever goes on; empty removes nothing and is refused."""
    text = body.strip()
    if not text or len(text) > 2000:
        raise UsageError(
            "A note has 1 to 2,000 characters.", "", "Say what the next one must know."
        )
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        check_reader(viewer, project)
        values = {"project_id": project_id, "author": viewer.user, "body": text}
        write.execute(handover_table.insert().values(**values, created_at=database.clock()))
        write.audit("leave note", "label_project", str(project_id), text=text)


def list_notes(database: Database, viewer: Viewer, project_id: int) -> list[Mapping[str, object]]:
    """Hand-over notes, the latest first: author, body, created_at."""
    with database.read() as connection:
        check_reader(viewer, find_project(connection, project_id))
        columns = (handover_table.c.author, handover_table.c.body, handover_table.c.created_at)
        statement = sa.select(*columns).where(handover_table.c.project_id == project_id)
        return [
            dict(r._mapping)
            for r in connection.execute(statement.order_by(handover_table.c.id.desc()))
        ]


def _tasks(project_id: int) -> sa.Select[tuple[int]]:
    return sa.select(task_table.c.id).where(task_table.c.project_id == project_id)


def _insert(write: Write, model: str, setup: Setup) -> int:
    now = write.database.clock()
    values = {"model": model, "guideline_version": 1, "state": "open"}
    values |= {"created_by": write.actor, "created_at": now, "updated_at": now}
    statement = project_table.insert().values(**values, **setup_values(setup))
    number = int(write.execute(statement).inserted_primary_key[0])
    write.audit("create", "label_project", str(number), model=model, question=setup.question)
    return number


def _store(write: Write, project_id: int, **values: object) -> None:
    mine = project_table.update().where(project_table.c.id == project_id)
    write.execute(mine.values(**values, updated_at=write.database.clock()))


def _checked(write: Write, model: str, setup: Setup) -> Setup:
    """The set-up with canonical classes; UsageError says what cannot work."""
    found = find_model(write.connection, model)
    if found is None:
        raise NameUnknown(f"There is no model {model!r}.", "", "List them with `telltale models`.")
    if not setup.question.strip():
        raise UsageError("The question is empty.", "Everybody must know what is asked.", "Ask it.")
    if not 1 <= setup.overlap <= MOST_OVERLAP:
        raise UsageError(f"The overlap is {setup.overlap}.", "", f"Choose 1 to {MOST_OVERLAP}.")
    if not 0 <= setup.guard_ms <= MOST_GUARD_MS:
        raise UsageError(f"The guard is {setup.guard_ms} ms.", "", "Choose 0 (off) to 10,000.")
    if not 0 <= setup.gold_share <= 0.5 or setup.n_practice < 0:
        raise UsageError("The share of gold items is 0 to 0.5, practice items 0 or more.")
    if setup.budget is not None and setup.budget < 1:
        raise UsageError(f"The budget is {setup.budget} labels.", "", "Give 1 or more, or none.")
    if setup.policy not in POLICIES:
        raise UsageError(
            f"{setup.policy!r} is no policy.", "", f"Take one of: {', '.join(POLICIES)}."
        )
    _check_people(write.connection, model, setup.people)
    return _with_classes(setup, found.schema)


def _with_classes(setup: Setup, schema: Schema) -> Setup:
    if setup.kind == "value":
        if schema.task != "regression":
            raise UsageError(
                "This model answers with classes, not with a value.",
                f"Its task is {schema.task}.",
                "Ask for classes.",
            )
        return replace(setup, classes=())
    if schema.task == "regression":
        raise UsageError("This model answers with a value.", "", "Ask for a value.")
    classes = tuple(dict.fromkeys(filter(None, map(canonical_text, setup.classes))))
    if len(classes) < 2:
        raise UsageError(
            f"There are {len(classes)} classes to choose from.",
            "One answer that is always right teaches nothing.",
            "Name two classes or more.",
        )
    guideline: dict[str, Guide] = {
        canonical_text(name) or name: guide for name, guide in setup.guideline.items()
    }
    unknown = [name for name in guideline if name and name not in classes]  # "" is about all
    if unknown:
        raise UsageError(f"The guideline speaks of {unknown[0]!r}.", "It is no class here.", "")
    return replace(setup, classes=classes, guideline=guideline)


def _check_people(connection: Connection, model: str, people: Sequence[str]) -> None:
    for name in people:
        user = get_user(connection, name)
        if not viewer_of(user, list_grants(connection, user.id)).may("label", model):
            raise UsageError(
                f"{name} has no right to label predictions of {model}.",
                "Their answers would be refused.",
                f"Grant it: telltale user grant {name} annotator {model}.",
            )
