"""Plans of labels on both databases: kept as they were drawn, closed once."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.errors import NameUnknown
from analytics.estimate.plan import Need, Plan
from app.state.audit import list_entries
from app.state.database import Database
from app.state.plans import Asking, add_plan, close_plan, get_plan, list_plans

PLAN = Plan(
    metric="accuracy",
    within=0.01,
    need=Need(0.01, 2, 5, 40, 0.1),
    n_known=7,
    known_loss=1.0,
    expected_total=4.0,
    n_history=300,
    seed=3,
    ids=("b", "a", "d"),
    q=np.array([0.1, 0.2, 1 / 3]),
    p=np.array([0.5, 0.7, np.nan]),
    expected=np.array([0.01, 0.9, 0.25]),
)
ASKING = Asking("digits", "2025-04-07..2025-04-28", "v1", "hour > 3")


def test_a_plan_comes_back_as_it_was_drawn(database: Database) -> None:
    with database.write("ann") as write:
        number = add_plan(write, ASKING, PLAN, 4)
        add_plan(write, Asking("other"), PLAN)
    (found,) = list_plans(database, "digits")
    assert (found.id, found.asking, found.project_id) == (number, ASKING, 4)
    assert (found.created_by, found.closed_at) == ("ann", None)
    for name in Plan.__slots__:
        one, other = getattr(found.plan, name), getattr(PLAN, name)
        if isinstance(other, np.ndarray):
            np.testing.assert_array_equal(one, other)
        else:
            assert one == other
    assert get_plan(database, number).plan.ids == PLAN.ids


def test_closing_is_audited_and_happens_once(database: Database) -> None:
    with database.write("ann") as write:
        number = add_plan(write, ASKING, PLAN)
    with database.write("bo") as write:
        close_plan(write, number)
    assert list_plans(database, "digits") == []
    assert len(list_plans(database, "digits", with_closed=True)) == 1
    with pytest.raises(NameUnknown), database.write("bo") as write:
        close_plan(write, number)
    with pytest.raises(NameUnknown):
        get_plan(database, 99)
    done = [(e.actor, e.action) for e in list_entries(database) if e.object_type == "label_plan"]
    assert sorted(done) == [("ann", "create"), ("bo", "close")]
