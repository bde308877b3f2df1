"""Rows of a plan that nobody could label, on both databases."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from analytics.estimate.plan import Need, Plan
from app.labelling.answer import undo
from app.labelling.plans import QUEUE, lost_rows, open_project
from app.labelling.projects import set_state
from app.state.plans import Asking, StoredPlan, add_plan, get_plan

_spec = importlib.util.spec_from_file_location("fixtures", Path(__file__).parent / "conftest.py")
assert _spec is not None and _spec.loader is not None
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)


def keep(world: Any) -> StoredPlan:
    """A plan of three rows, all of them in the queue."""
    some = np.array([0.2, 0.3, 0.1])
    need = Need(0.1, 3, 5, 9, 0.2)
    plan = Plan("accuracy", 0.1, need, 0, 0.0, 1.0, 0, 0, ("p0", "p1", "p2"), some, some, some)
    world.fill(*(_fixtures.item(i, queue=QUEUE, sampling_p=0.5) for i in range(3)))
    with world.database.write("boss") as write:
        number = add_plan(write, Asking("m"), plan, open_project(world.database, "m"))
    return get_plan(world.database, number)


def test_a_row_is_lost_when_everybody_passed_over_it(world: Any) -> None:
    world.fill(_fixtures.item(9))  # of another queue: never lost to the plan
    stored = keep(world)
    (card,) = world.claim(world.ann, 1, QUEUE).cards
    world.answer(world.ann, card.task_id, None, action="skip")
    assert lost_rows(world.database, stored) == {"p0"}
    undo(world.database, world.ann, world.project)
    assert lost_rows(world.database, stored) == set()
    world.answer(world.ann, card.task_id, "1")
    assert lost_rows(world.database, stored) == set()


def test_a_plan_goes_to_the_project_that_is_open(world: Any) -> None:
    assert open_project(world.database, "m") == world.project
    set_state(world.database, world.boss, world.project, "closed")
    try:
        open_project(world.database, "m")
    except KeyError as error:
        assert "no open labelling project" in str(error)
    else:
        raise AssertionError("a closed project takes no rows")
