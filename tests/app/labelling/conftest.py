"""A labelling project with people in it, on SQLite and PostgreSQL."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analytics.core import Column, Schema
from app.auth.viewer import Viewer, viewer_of
from app.labelling.answer import Answer, Outcome, give_answer, give_answers
from app.labelling.claim import Claim, claim_next
from app.labelling.projects import make_project
from app.labelling.tasks import Item, add_tasks
from app.state.database import Database
from app.state.grants import Grant, add_grant, list_grants
from app.state.labels import Setup
from app.state.models import save_schema
from app.state.users import NO_PASSWORD, add_user, get_user

_spec = importlib.util.spec_from_file_location(
    "state_fixtures", Path(__file__).parents[1] / "state" / "conftest.py"
)
assert _spec is not None and _spec.loader is not None
_state = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_state)
clock, cluster, blank_url = _state.clock, _state.cluster, _state.blank_url
connect, database = _state.connect, _state.database

CLASSES = ("1", "2", "3")
COLUMNS = (
    Column("prediction_id", "prediction_id", "text"),
    Column("prediction", "prediction", "categorical"),
    Column("x", "feature", "numeric"),
)


def make_person(database: Database, name: str, role: str = "annotator", model: str = "m") -> Viewer:
    """A user with a role on the model."""
    with database.write("test") as write:
        user = add_user(write, name, role, NO_PASSWORD)
        add_grant(write, user, Grant(role, model))
    return person(database, name)


def person(database: Database, name: str) -> Viewer:
    """The viewer that a user is now."""
    with database.read() as connection:
        user = get_user(connection, name)
        return viewer_of(user, list_grants(connection, user.id))


class World(SimpleNamespace):
    """A project and the people in it, with verbs that are short to write."""

    database: Database
    boss: Viewer
    ann: Viewer
    bob: Viewer
    project: int
    numbers: Any

    def fill(self, *items: Item, n: int = 0) -> None:
        rows = [*items, *(item(i) for i in range(n))]
        add_tasks(self.database, self.boss, self.project, rows)

    def claim(self, who: Viewer, n: int = 1, queue: str | None = None) -> Claim:
        return claim_next(self.database, who, self.project, n, queue)

    def answer(self, who: Viewer, task: int, value: Any = "1", **more: Any) -> Outcome:
        return give_answer(self.database, who, self.project, self.make(task, value, **more))

    def answers(self, who: Viewer, answers: Sequence[Answer]) -> list[Outcome]:
        return give_answers(self.database, who, self.project, answers)

    def make(self, task: int, value: Any = "1", **more: Any) -> Answer:
        given = {"unique_id": f"u{next(self.numbers)}", "lead_time": 1.0, **more}
        return Answer(task_id=task, answer=value, **given)


def item(number: int, **more: Any) -> Item:
    said = {"model_version": "v1", "prediction": "2", "score": 0.5}
    given = {"queue": "uncertain", "reason": "margin 0.03", "model_version": "v1", **more}
    return Item(f"p{number}", {"x": number}, said, **given)


def make_world(database: Database, **setup: Any) -> World:
    with database.write("test") as write:
        save_schema(write, "m", Schema("multiclass", COLUMNS, CLASSES), {})
    boss = make_person(database, "boss", "data_scientist")
    ann, bob = make_person(database, "ann"), make_person(database, "bob")
    given = {"question": "Which?", "classes": CLASSES, "gold_share": 0.0, "n_practice": 0, **setup}
    number = make_project(database, boss, "m", Setup(**given))
    return World(database=database, boss=boss, ann=ann, bob=bob, project=number, numbers=count())


@pytest.fixture
def world(database: Database) -> World:
    """One answer a task, no gold, no practice."""
    return make_world(database)
