"""Who may do what with a labelling project; every verb of this room begins here."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import AccessDenied, NameUnknown, UsageError
from app.auth.viewer import Viewer
from app.state.labels import Project, Task, project_table, task_table, to_project, to_task
from app.state.models import find_model


def find_project(connection: Connection, project_id: int) -> Project:
    """The project of that number; NameUnknown where there is none."""
    statement = sa.select(project_table).where(project_table.c.id == project_id)
    row = connection.execute(statement).first()
    if row is None:
        raise NameUnknown(
            f"There is no labelling project {project_id}.", "", "See `telltale label status`."
        )
    return to_project(row)


def find_task(connection: Connection, project: Project, task_id: int) -> Task:
    """The task of that number in the project; NameUnknown where there is none."""
    mine = (task_table.c.id == task_id) & (task_table.c.project_id == project.id)
    row = connection.execute(sa.select(task_table).where(mine)).first()
    if row is None:
        raise NameUnknown(
            f"There is no task {task_id} in this project.", "It may have been wiped.", "Reload."
        )
    return to_task(row)


def hidden_columns(connection: Connection, viewer: Viewer, model: str) -> frozenset[str]:
    """The sensitive columns that the viewer may not see, as they are marked now."""
    found = find_model(connection, model)
    if found is None or viewer.may("see_sensitive", model):
        return frozenset()
    return frozenset(c.name for c in found.schema.columns if c.is_sensitive)


def without(task: Task, hidden: frozenset[str]) -> Task:
    """The task without some of its columns, whenever they were marked."""
    if not hidden & task.data.keys():
        return task
    return replace(task, data={k: v for k, v in task.data.items() if k not in hidden})


def may_set_up(viewer: Viewer, model: str) -> bool:
    """Whether the viewer may make and change labelling projects of the model."""
    return viewer.may("review", model) or viewer.may("configure", model)


def check_set_up(viewer: Viewer, model: str) -> None:
    """AccessDenied unless the viewer may make and change labelling projects of the model."""
    if not may_set_up(viewer, model):
        viewer.check("review", model)


def check_reader(viewer: Viewer, project: Project) -> None:
    """AccessDenied unless the viewer labels, reviews or sets up this project."""
    if not may_set_up(viewer, project.model):
        check_annotator(viewer, project)


def check_annotator(viewer: Viewer, project: Project) -> None:
    """AccessDenied unless the viewer labels in this project: the right, and being asked."""
    viewer.check("label", project.model)
    people = project.setup.people
    if people and viewer.user not in people:
        raise AccessDenied(
            "You are not among the people of this labelling project.",
            f"It was set up for {', '.join(people)}.",
            "Ask whoever set it up to add you.",
        )


def check_open(project: Project) -> None:
    """UsageError where the project takes no answers any more."""
    if project.state != "open":
        raise UsageError(
            "This labelling project is closed.",
            "Its answers stand as they are.",
            "Open it again on the page Review, Set-up.",
        )
