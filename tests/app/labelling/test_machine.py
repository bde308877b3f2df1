"""Any order of answering, undoing, skipping and settling leaves a state that the rules explain."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.labelling.answer import UNDO_DEEP, undo
from app.labelling.people import progress
from app.labelling.review import Decision, adjudicate
from app.state.database import Database
from app.state.labels import annotation_table, task_table
from app.state.migrations import migrate
from app.state.outbox import outbox_table
from tests.app.labelling.conftest import make_world

N, OVERLAP = 4, 2
values = st.sampled_from(["1", "2", "3"])
people = st.sampled_from(["ann", "bob"])
tasks = st.integers(0, N - 1)


def machine(make: Callable[[], Database], clock: Any) -> type[RuleBasedStateMachine]:
    """The machine on databases of one kind."""

    class Labelling(RuleBasedStateMachine):
        """The model: a stack of (person, task, answer or None) and decisions by task."""

        @initialize()
        def begin(self) -> None:
            self.database = make()
            migrate(self.database)
            self.world = make_world(self.database, overlap=OVERLAP)
            self.world.fill(n=N)
            with self.database.read() as connection:
                found = connection.execute(task_table.select().order_by(task_table.c.id)).all()
            self.ids = [row.id for row in found]
            self.given: dict[str, list[tuple[int, str | None, bool]]] = {"ann": [], "bob": []}
            self.decided: dict[int, str] = {}
            self.sent: list[tuple[str, Any]] = []

        def standing(self, who: str) -> dict[int, str | None]:
            return {task: said for task, said, stands in self.given[who] if stands}

        def said(self, task: int) -> list[str]:
            found = [self.standing(who).get(task) for who in ("ann", "bob")]
            return [value for value in found if value is not None]

        def state(self, task: int) -> str:
            said = self.said(task)
            if task in self.decided:
                return "done"
            if len(said) < OVERLAP:
                return "open"
            return "done" if len(set(said)) == 1 else "disputed"

        def act(self, who: str, task: int, value: str | None, action: str) -> None:
            clock.pass_s(1)
            viewer = getattr(self.world, who)
            own = self.standing(who)
            is_due = own.get(task) is None and self.state(task) == "open"
            answer = self.world.make(self.ids[task], value, action=action)
            (outcome,) = self.world.answers(viewer, [answer])
            assert outcome.status == ("stored" if is_due else "refused"), outcome
            if is_due:
                self.sent.append((who, answer))
                kept = [(t, v, s and t != task) for t, v, s in self.given[who]]
                self.given[who] = [*kept, (task, value, True)]

        @rule(who=people, task=tasks, value=values)
        def answer(self, who: str, task: int, value: str) -> None:
            self.act(who, task, value, "answer")

        @rule(who=people, task=tasks, action=st.sampled_from(["skip", "unsure", "flag"]))
        def leave(self, who: str, task: int, action: str) -> None:
            self.act(who, task, None, action)

        @rule(data=st.data())
        def send_again(self, data: Any) -> None:
            if self.sent:
                who, answer = data.draw(st.sampled_from(self.sent))
                (outcome,) = self.world.answers(getattr(self.world, who), [answer])
                assert outcome.status == "known"

        @rule(who=people)
        def take_back(self, who: str) -> None:
            clock.pass_s(1)
            undone = undo(self.database, getattr(self.world, who), self.world.project)
            last = self.given[who][-UNDO_DEEP:]
            at = next((i for i in range(len(last) - 1, -1, -1) if last[i][2]), None)
            if at is None:
                assert undone is None
                return
            task, value, _stands = last[at]
            assert undone is not None
            assert (undone.card.task_id, undone.annotation.answer) == (self.ids[task], value)
            stack = self.given[who]
            place = len(stack) - len(last) + at
            stack[place] = (task, value, False)
            before = next(
                (i for i in range(place - 1, -1, -1) if self.replaced(who, i, task)), None
            )
            if before is not None:
                stack[before] = (task, stack[before][1], True)

        def replaced(self, who: str, at: int, task: int) -> bool:
            """Whether that answer was a skipped one that a later answer took the place of."""
            with self.database.read() as connection:
                rows = connection.execute(
                    annotation_table.select()
                    .where(annotation_table.c.person == who, ~annotation_table.c.is_adjudication)
                    .order_by(annotation_table.c.id)
                ).all()
            row = rows[at]
            return (
                row.task_id == self.ids[task]
                and row.superseded_by is None
                and (row.undone_at is None)
            )

        @rule(task=tasks, value=values)
        def settle(self, task: int, value: str) -> None:
            clock.pass_s(1)
            decision = Decision(f"d{next(self.world.numbers)}", value)
            project = self.world.project
            adjudicate(self.database, self.world.boss, project, self.ids[task], decision)
            self.decided[task] = value

        @invariant()
        def the_tasks_are_what_the_answers_make(self) -> None:
            with self.database.read() as connection:
                rows = {r.id: r for r in connection.execute(task_table.select())}
                put = connection.execute(outbox_table.select().order_by(outbox_table.c.id)).all()
            for number, key in enumerate(self.ids):
                row, said = rows[key], self.said(number)
                assert (row.state, row.n_answers) == (self.state(number), len(said))
                assert row.n_answers <= OVERLAP
                agreed = said[0] if len(said) == OVERLAP and len(set(said)) == 1 else None
                label = self.decided.get(number, agreed)
                assert row.accepted_label == label
                assert self.in_the_log(put, f"p{number}") == label

        def in_the_log(self, put: list[Any], prediction: str) -> str | None:
            """What the rows put so far say: each source's last word, adjudicated before agreed."""
            last: dict[str, Any] = {}
            for row in (json.loads(p.row) for p in put):
                if row["prediction_id"] == prediction:
                    assert row["known_at"] > last.get(row["source"], row)["known_at"] or (
                        row["source"] not in last
                    )
                    last[row["source"]] = row
            said = [last[s]["label"] for s in ("adjudicated", "agreed") if s in last]
            return next((label for label in said if label is not None), None)

        @invariant()
        def progress_counts_what_stands(self) -> None:
            for who in ("ann", "bob"):
                found = progress(self.database, getattr(self.world, who), self.world.project)
                stands = self.standing(who)
                assert found.n_mine == sum(v is not None for v in stands.values())
                assert found.n_skipped == sum(v is None for v in stands.values())

        def teardown(self) -> None:
            self.database.close()

    return Labelling


@pytest.mark.parametrize("blank_url", ["sqlite"], indirect=True)
def test_any_order_on_sqlite(blank_url: str, tmp_path: Path, clock: Any) -> None:
    def make() -> Database:
        return Database(f"sqlite:///{tmp_path / os.urandom(6).hex()}.db", clock)

    run_state_machine_as_test(
        machine(make, clock), settings=settings(max_examples=12, stateful_step_count=25)
    )


def test_a_later_moment_never_comes_first(world, clock) -> None:
    """Corrections in the same microsecond are still in order."""
    world.fill(n=1)
    (card,) = world.claim(world.ann).cards
    for value in ("1", "2", "1", "3"):
        world.answer(world.ann, card.task_id, value)
        undo(world.database, world.ann, world.project)
    with world.database.read() as connection:
        rows = connection.execute(outbox_table.select().order_by(outbox_table.c.id)).all()
    moments = [json.loads(row.row)["known_at"] for row in rows]
    assert moments == sorted(set(moments))
