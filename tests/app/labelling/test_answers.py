"""Answering: once, in turn, by whoever may; and taking it back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from analytics.errors import AccessDenied, UsageError
from app.labelling.answer import undo
from app.labelling.claim import claim_next
from app.labelling.people import progress
from app.labelling.projects import change_project, get_project, set_state
from app.labelling.review import Decision, adjudicate, list_cases
from app.labelling.tasks import add_tasks, requeue
from app.state.audit import list_entries, verify
from app.state.labels import Setup
from app.state.outbox import outbox_table
from app.state.users import NO_PASSWORD, add_user


def waiting(world: Any) -> list[tuple[Any, ...]]:
    """(prediction, label, source) of what waits for the log, in the order in which it was put."""
    with world.database.read() as connection:
        rows = connection.execute(outbox_table.select().order_by(outbox_table.c.id)).all()
    found = [json.loads(row.row) for row in rows]
    assert [r["known_at"] for r in found] == sorted(r["known_at"] for r in found)
    return [(r["prediction_id"], r["label"], r["source"]) for r in found]


def test_an_answer_becomes_a_label(world) -> None:
    world.fill(n=2)
    (card,) = world.claim(world.ann).cards
    assert (card.prediction_id, card.data, card.prediction) == ("p0", {"x": 0}, None)
    outcome = world.answer(world.ann, card.task_id, 3.0)
    assert (outcome.status, outcome.prediction["prediction"]) == ("stored", "2")
    assert waiting(world) == [("p0", "3", "annotator")]
    assert world.claim(world.ann).cards[0].prediction_id == "p1"
    assert verify(world.database).is_intact
    assert {e.action for e in list_entries(world.database, 3)} >= {"answer", "accept"}


def test_sent_again_is_stored_once(world) -> None:
    world.fill(n=2)
    first, second = world.claim(world.ann, 2).cards
    answer = world.make(first.task_id)
    given = world.answers(world.ann, [answer, answer, world.make(second.task_id, "2")])
    assert [o.status for o in given] == ["stored", "known", "stored"]
    assert world.answers(world.ann, [answer])[0].status == "known"
    assert waiting(world) == [("p0", "1", "annotator"), ("p1", "2", "annotator")]
    stolen = world.answers(world.bob, [answer])[0]
    assert (stolen.status, stolen.why) == ("refused", "This number belongs to another answer.")


@pytest.mark.parametrize("lead", [None, 0.0, 0.2499])
def test_the_guard_refuses_what_nobody_can_have_read(world, lead) -> None:
    world.fill(n=1)
    (card,) = world.claim(world.ann).cards
    outcome = world.answer(world.ann, card.task_id, lead_time=lead)
    assert outcome.status == "refused"
    assert "0.25 s" in outcome.why
    assert waiting(world) == []
    assert world.answer(world.ann, card.task_id, lead_time=0.25).status == "stored"


@pytest.mark.parametrize("value", ["4", "", None, "one"])
def test_an_answer_must_be_a_class(world, value) -> None:
    world.fill(n=1)
    (card,) = world.claim(world.ann).cards
    assert world.answer(world.ann, card.task_id, value).status == "refused"


def test_who_may_not_is_refused_and_nothing_is_kept(world) -> None:
    world.fill(n=1)
    (card,) = world.claim(world.ann).cards
    stranger = type(world.ann)("eve", "Eve", "viewer", ())
    for verb in (
        lambda: world.answer(stranger, card.task_id),
        lambda: world.claim(stranger),
        lambda: undo(world.database, stranger, world.project),
        lambda: progress(world.database, stranger, world.project),
        lambda: list_cases(world.database, world.ann, world.project),
        lambda: adjudicate(
            world.database, world.ann, world.project, card.task_id, Decision("d", "1")
        ),
        lambda: requeue(world.database, world.ann, world.project, [card.task_id]),
        lambda: add_tasks(world.database, world.ann, world.project, []),
        lambda: change_project(world.database, world.ann, world.project, Setup("?")),
        lambda: set_state(world.database, world.ann, world.project, "closed"),
    ):
        with pytest.raises(AccessDenied):
            verb()
    assert waiting(world) == []


def test_only_the_people_of_a_project_label_in_it(world) -> None:
    setup = Setup("Which?", classes=("1", "2"), people=("bob",))
    change_project(world.database, world.boss, world.project, setup)
    with pytest.raises(AccessDenied, match="not among the people"):
        world.claim(world.ann)
    world.claim(world.bob)
    make_viewer(world, "eve")
    with pytest.raises(UsageError, match="no right to label"):
        change_project(
            world.database,
            world.boss,
            world.project,
            Setup("?", classes=("1", "2"), people=("eve",)),
        )


def make_viewer(world: Any, name: str) -> None:
    with world.database.write("test") as write:
        add_user(write, name, "viewer", NO_PASSWORD)


def test_skipped_comes_back_when_asked_for(world) -> None:
    world.fill(n=2)
    (card,) = world.claim(world.ann).cards
    world.answer(world.ann, card.task_id, None, action="skip", comment="blurred")
    assert [c.prediction_id for c in world.claim(world.ann, 5).cards] == ["p1"]
    (again,) = world.claim(world.ann, 5, "skipped").cards
    assert again.task_id == card.task_id
    assert world.answer(world.ann, card.task_id, "2").status == "stored"
    assert waiting(world) == [("p0", "2", "annotator")]


def test_what_one_skips_another_gets(world) -> None:
    world.fill(n=1)
    (card,) = world.claim(world.ann).cards
    world.answer(world.ann, card.task_id, None, action="unsure")
    assert world.claim(world.bob).cards[0].task_id == card.task_id
    world.answer(world.bob, card.task_id, None, action="flag")
    assert waiting(world) == []
    (case,) = list_cases(world.database, world.boss, world.project, "flagged")
    assert [a.is_flagged for a in case.answers] == [False, True]
    assert len(list_cases(world.database, world.boss, world.project, "unsure")) == 1


def test_undo_gives_the_card_back_and_takes_the_label_back(world) -> None:
    world.fill(n=2)
    (card,) = world.claim(world.ann).cards
    world.answer(world.ann, card.task_id, "1", comment="sure?")
    undone = undo(world.database, world.ann, world.project)
    assert undone is not None
    assert (undone.card.task_id, undone.annotation.answer) == (card.task_id, "1")
    assert undone.annotation.comment == "sure?"
    assert waiting(world) == [("p0", "1", "annotator"), ("p0", None, "annotator")]
    assert world.claim(world.ann).cards[0].task_id == card.task_id
    assert world.answer(world.ann, card.task_id, "2").status == "stored"
    assert waiting(world)[-1] == ("p0", "2", "annotator")
    assert undo(world.database, world.bob, world.project) is None


def test_undo_is_twenty_deep(world) -> None:
    world.fill(n=25)
    cards = world.claim(world.ann, 25).cards
    for card in cards:
        world.answer(world.ann, card.task_id)
    steps = []
    while (step := undo(world.database, world.ann, world.project)) is not None:
        steps.append((step.card.task_id, step.n_left))
    assert [task for task, _left in steps] == [c.task_id for c in reversed(cards[5:])]
    assert [left for _task, left in steps] == list(range(19, -1, -1))
    found = progress(world.database, world.ann, world.project)
    assert (found.n_mine, found.n_undo, found.n_for_me, found.n_open) == (5, 0, 20, 20)


def test_equal_answers_agree_and_unlike_ones_are_settled(world) -> None:
    setup = get_project(world.database, world.boss, world.project).setup
    change_project(world.database, world.boss, world.project, replace(setup, overlap=2))
    world.fill(n=2)
    first, second = (c.task_id for c in world.claim(world.ann, 2).cards)
    world.answer(world.ann, first, "1")
    world.answer(world.ann, second, "1")
    assert waiting(world) == []
    world.claim(world.bob, 2)
    world.answer(world.bob, first, "1")
    world.answer(world.bob, second, "3")
    assert waiting(world) == [("p0", "1", "agreed")]
    (case,) = list_cases(world.database, world.boss, world.project)
    assert [(a.person, a.answer) for a in case.answers] == [("ann", "1"), ("bob", "3")]
    decided = Decision("d1", "3", "a tail")
    task = adjudicate(world.database, world.boss, world.project, second, decided)
    assert (task.state, task.accepted_label, task.accepted_source) == ("done", "3", "adjudicated")
    adjudicate(world.database, world.boss, world.project, second, decided)
    assert waiting(world)[1:] == [("p1", "3", "adjudicated")]
    adjudicate(world.database, world.boss, world.project, second, Decision("d2", "2"))
    assert waiting(world)[2:] == [("p1", "2", "adjudicated")]
    (case,) = [
        c
        for c in list_cases(world.database, world.boss, world.project, "done")
        if c.task.id == second
    ]
    assert [(a.answer, a.review_status, a.superseded_by) for a in case.answers] == [
        ("1", "rejected", None),
        ("3", "rejected", None),
        ("3", "none", "d2"),
        ("2", "none", None),
    ]
    assert case.answers[2].parent_annotation == case.answers[1].unique_id


def test_asked_again_counts_anew_and_holds_until_then(world) -> None:
    world.fill(n=1)
    (card,) = world.claim(world.ann).cards
    world.answer(world.ann, card.task_id, "1")
    assert requeue(world.database, world.boss, world.project, [card.task_id]) == 1
    assert world.claim(world.ann).cards[0].task_id == card.task_id
    assert waiting(world) == [("p0", "1", "annotator")]
    world.answer(world.ann, card.task_id, None, action="skip")
    assert len(waiting(world)) == 1
    world.claim(world.bob)
    world.answer(world.bob, card.task_id, "2")
    assert waiting(world) == [("p0", "1", "annotator"), ("p0", "2", "annotator")]


def test_a_closed_project_takes_nothing(world) -> None:
    world.fill(n=1)
    (card,) = world.claim(world.ann).cards
    set_state(world.database, world.boss, world.project, "closed")
    assert world.answer(world.ann, card.task_id).status == "refused"
    with pytest.raises(UsageError, match="closed"):
        claim_next(world.database, world.ann, world.project)
    set_state(world.database, world.boss, world.project, "open")
    assert world.claim(world.ann).cards[0].task_id == card.task_id
