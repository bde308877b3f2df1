"""Claims: in turn, never beyond the overlap, free again when abandoned; gold and practice in them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import AccessDenied
from app.labelling.claim import FIRST_LEASE_S, claim_one, release, renew
from app.labelling.people import list_work, progress
from app.labelling.projects import change_project, get_project
from app.labelling.review import followed, list_cases, ratings
from app.state.labels import annotation_table, lease_table, task_table
from app.state.outbox import outbox_table
from tests.app.labelling.conftest import item, make_person, make_world

ROOT = Path(__file__).resolve().parents[3]
LABELLER = """
import sys
from app.auth.viewer import viewer_of
from app.labelling.answer import Answer, give_answers
from app.labelling.claim import claim_next
from app.state.database import Database
from app.state.grants import list_grants
from app.state.users import get_user

url, project, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
database = Database(url)
with database.read() as connection:
    user = get_user(connection, name)
    viewer = viewer_of(user, list_grants(connection, user.id))
n = 0
while cards := claim_next(database, viewer, project, 20).cards:
    answers = [Answer(f"{name}-{c.task_id}", c.task_id, "1", lead_time=1.0) for c in cards]
    n += sum(o.status == "stored" for o in give_answers(database, viewer, project, answers))
print(n)
"""


def change(world: Any, **setup: Any) -> None:
    old = get_project(world.database, world.boss, world.project).setup
    change_project(world.database, world.boss, world.project, replace(old, **setup))


def test_two_never_hold_the_same_and_a_reload_resumes(world) -> None:
    world.fill(n=4)
    mine = world.claim(world.ann, 2).cards
    assert [c.prediction_id for c in mine] == ["p0", "p1"]
    assert [c.prediction_id for c in world.claim(world.bob, 2).cards] == ["p2", "p3"]
    assert [c.task_id for c in world.claim(world.ann, 2).cards] == [c.task_id for c in mine]
    world.answer(world.ann, mine[0].task_id)
    assert [c.prediction_id for c in world.claim(world.ann, 2).cards] == ["p1"]


def test_what_others_hold_is_said_with_its_end(world, clock) -> None:
    world.fill(n=3)
    world.claim(world.bob, 3)
    claim = world.claim(world.ann, 2)
    assert (claim.cards, claim.n_open) == ((), 3)
    (held,) = claim.held
    assert (held.person, held.n) == ("bob", 3)
    assert (held.until - clock.now).total_seconds() == FIRST_LEASE_S
    release(world.database, world.bob, world.project)
    assert len(world.claim(world.ann, 3).cards) == 3


def test_one_item_is_leased_by_name_before_all_others_unless_it_is_taken(world) -> None:
    world.fill(n=4)
    world.claim(world.ann, 1)

    def one(viewer: Any, name: str) -> bool:
        return claim_one(world.database, viewer, world.project, name)

    assert one(world.ann, "p3") and not one(world.ann, "nobody")
    assert [c.prediction_id for c in world.claim(world.ann, 2).cards] == ["p3", "p0"]
    assert not one(world.bob, "p3")  # the overlap is one
    held = world.claim(world.ann, 2).cards
    world.answer(world.ann, held[0].task_id)
    assert not one(world.ann, "p3")  # it has its answer


def test_an_abandoned_lease_is_free_when_it_ends_and_activity_renews_it(world, clock) -> None:
    world.fill(n=2)
    (card, _other) = world.claim(world.bob, 2).cards
    clock.pass_s(FIRST_LEASE_S - 1)
    renew(world.database, world.bob, world.project)
    clock.pass_s(FIRST_LEASE_S - 1)
    assert world.claim(world.ann, 2).cards == ()
    clock.pass_s(2)
    assert [c.task_id for c in world.claim(world.ann).cards] == [card.task_id]
    assert world.answer(world.bob, card.task_id).why.startswith("This item was given to somebody")
    assert world.answer(world.ann, card.task_id).status == "stored"
    assert world.answer(world.bob, card.task_id).why.startswith("This item has all its answers")


def test_late_but_nobody_took_it_is_kept(world, clock) -> None:
    world.fill(n=1)
    (card,) = world.claim(world.ann).cards
    clock.pass_s(10_000)
    assert world.answer(world.ann, card.task_id).status == "stored"


@pytest.mark.parametrize(("lead", "lease"), [(1.0, 60.0), (50.0, 150.0), (3600.0, 600.0)])
def test_a_lease_lasts_three_median_lead_times(world, lead, lease) -> None:
    world.fill(n=3)
    for card in world.claim(world.ann, 2).cards:
        world.answer(world.ann, card.task_id, lead_time=lead)
    assert world.claim(world.ann).lease_s == lease


def test_eight_annotators_at_once_never_exceed_the_overlap(world, blank_url: str) -> None:
    change(world, overlap=3)
    n = 300
    world.fill(*(item(i) for i in range(n)))
    names = [f"a{i}" for i in range(8)]
    for name in names:
        make_person(world.database, name)
    command = [sys.executable, "-c", LABELLER, blank_url, str(world.project)]
    running = [
        subprocess.Popen([*command, name], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    assert sum(int(process.communicate(timeout=280)[0]) for process in running) == 3 * n
    with world.database.read() as connection:
        answers = connection.execute(annotation_table.select()).all()
        tasks = connection.execute(task_table.select()).all()
        assert connection.execute(lease_table.select()).all() == []
        waiting = connection.execute(outbox_table.select()).all()
    each = Counter(a.task_id for a in answers)
    assert set(each.values()) == {3}
    assert len({(a.task_id, a.person) for a in answers}) == len(answers)
    assert {(t.state, t.n_answers, t.accepted_source) for t in tasks} == {("done", 3, "agreed")}
    assert Counter(json.loads(w.row)["prediction_id"] for w in waiting) == {
        f"p{i}": 1 for i in range(n)
    }


def test_practice_comes_first_and_tells_gold_hides_and_does_not(database) -> None:
    world = make_world(database, n_practice=2, gold_share=0.5)
    world.fill(
        *(item(i) for i in range(40)),
        *(item(100 + i, purpose="practice", gold_label="1") for i in range(3)),
        *(item(200 + i, purpose="gold", gold_label="2", queue="random") for i in range(40)),
    )
    cards = world.claim(world.ann, 5).cards
    assert [c.is_practice for c in cards] == [True, True]
    told = [world.answer(world.ann, c.task_id, v) for c, v in zip(cards, "12", strict=True)]
    assert [(o.is_right, o.gold_label) for o in told] == [(True, "1"), (False, "1")]
    seen: list[str] = []
    while len(seen) < 30:
        for card in world.claim(world.ann, 5).cards:
            seen.append(card.prediction_id)
            assert (card.queue, card.reason, card.is_practice) == (
                "uncertain",
                "margin 0.03",
                False,
            )
            outcome = world.answer(world.ann, card.task_id, "2")
            assert (outcome.status, outcome.is_right, outcome.gold_label) == ("stored", None, None)
    n_gold = sum(int(p[1:]) >= 200 for p in seen)
    assert 5 <= n_gold <= 25  # half of thirty, by chance
    found = progress(world.database, world.ann, world.project)
    assert (found.practice, found.gold) == ((1, 2), (n_gold, n_gold))
    assert (found.n_tasks, found.n_mine) == (40, len(seen))
    work = {w.person: w for w in list_work(world.database, world.boss, world.project)}
    assert work["ann"].gold == (n_gold, n_gold)
    with database.read() as connection:
        rows = connection.execute(outbox_table.select()).all()
    accepted = [json.loads(row.row)["prediction_id"] for row in rows]
    assert accepted == [p for p in seen if int(p[1:]) < 200]
    assert len(ratings(world.database, world.boss, world.project)) == len(accepted)
    gold = ratings(world.database, world.boss, world.project, with_gold=True)
    assert len(gold) == len(seen)
    assert len(list_cases(world.database, world.boss, world.project, "gold")) == 40


def test_a_gold_item_is_never_seen_twice_by_one(database) -> None:
    world = make_world(database, gold_share=0.5)
    world.fill(*(item(i) for i in range(20)), item(200, purpose="gold", gold_label="2"))
    seen: list[str] = []
    while cards := world.claim(world.ann, 3).cards:
        for card in cards:
            seen.append(card.prediction_id)
            world.answer(world.ann, card.task_id)
    assert Counter(seen).most_common(1)[0][1] == 1
    assert {f"p{i}" for i in range(20)} <= set(seen)


def test_what_the_model_said_is_on_no_card_that_hides_it(database) -> None:
    world = make_world(database)
    world.fill(
        item(0, queue="misclassified", reason="the model said 2, the label is 3"),
        item(1, queue="disagreement", reason="v2 says 1"),
    )
    for card in world.claim(world.ann, 2).cards:
        assert card.prediction is None
        assert not set("123") & set(card.reason)
    change(world, policy="before")
    (card, _second) = world.claim(world.ann, 2).cards
    assert card.prediction is not None
    assert card.reason == "the model said 2, the label is 3"
    change(world, policy="hidden")
    assert world.answer(world.ann, card.task_id).prediction is None


def test_a_queue_gives_its_own_and_lets_go_of_the_others(world) -> None:
    world.fill(item(0), item(1, queue="diverse"), item(2, queue="diverse"))
    assert len(world.claim(world.ann, 5).cards) == 3
    assert [c.queue for c in world.claim(world.ann, 5, "diverse").cards] == ["diverse"] * 2
    assert [c.queue for c in world.claim(world.bob, 5).cards] == ["uncertain"]
    counted = progress(world.database, world.ann, world.project).by_queue
    assert counted == {"uncertain": 1, "diverse": 2}


def test_the_budget_is_kept_and_what_is_there_is_not_added_again(world) -> None:
    from app.labelling.tasks import Added, add_tasks

    change(world, budget=3)
    given = [item(i) for i in range(2)]
    assert add_tasks(world.database, world.boss, world.project, given) == Added(2)
    given = [item(i) for i in range(5)]
    assert add_tasks(world.database, world.boss, world.project, given) == Added(1, 2, 2)


def test_a_column_marked_sensitive_later_is_on_no_card(world) -> None:
    from app.labelling.answer import undo
    from app.labelling.exchange import export_project
    from app.state.models import mark_sensitive

    world.fill(item(0))
    with world.database.write("test") as write:
        mark_sensitive(write, "m", ["x"])
    (card,) = world.claim(world.ann).cards
    assert card.data == {}
    world.answer(world.ann, card.task_id)
    undone = undo(world.database, world.ann, world.project)
    assert undone is not None and undone.card.data == {}
    (seen,) = world.claim(world.boss).cards or world.claim(world.ann).cards
    world.answer(world.ann, seen.task_id)
    (case,) = list_cases(world.database, world.boss, world.project, "done")
    assert case.task.data == {"x": 0}  # the reviewer holds the right
    assert export_project(world.database, world.boss, world.project)[0]["data"] == {"x": 0}


def test_who_reads_feedback_sends_corrections_and_nothing_else(world) -> None:
    from analytics.errors import AccessDenied
    from app.labelling.tasks import add_tasks

    owner = make_person(world.database, "owner", "product_owner")
    given = [item(1, queue="disagreement")]
    assert add_tasks(world.database, owner, world.project, given).n == 1
    for wrong in (
        item(2),
        item(3, queue="disagreement", purpose="gold", gold_label="1"),
        item(4, queue="disagreement", sampling_p=0.5),
    ):
        with pytest.raises(AccessDenied):
            add_tasks(world.database, owner, world.project, [*given, wrong])


def test_a_tenth_of_the_cards_shows_what_the_model_said_and_its_effect_is_counted(world) -> None:
    change(world, policy="tenth")
    world.fill(n=400)
    seen: dict[bool, int] = {True: 0, False: 0}
    while cards := world.claim(world.ann, 20).cards:
        again = world.claim(world.ann, 20).cards
        assert [c.prediction for c in again] == [c.prediction for c in cards]  # drawn once
        for card in cards:
            is_first = card.prediction is not None
            seen[is_first] += 1
            # Ann follows the model where she sees it; else she says something of her own.
            world.answer(world.ann, card.task_id, "2" if is_first else "1")
    assert 20 <= seen[True] <= 62  # within five standard deviations of 40
    assert followed(world.database, world.boss, world.project) == (
        (seen[True], seen[True]),
        (0, seen[False]),
    )
    with pytest.raises(AccessDenied):
        followed(world.database, world.ann, world.project)
