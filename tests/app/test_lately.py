"""A log that goes on: what takes a while is answered with what is in place, honestly and not for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.core import Dataset, Log, Part, Schema
from app import cache, lately
from app.ask import Desk
from app.auth.viewer import operator
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.lately import Answer, Lately, Made, has_only_grown
from app.questions import Asked
from app.settings import settings_in_force
from app.state.database import Database

SCHEMA = Schema("none", ())


def log_of(*names: str, schema: Schema = SCHEMA) -> Dataset:
    parts = tuple(Part(name, 1, name) for name in names)
    return Dataset("m", schema, {("production", "predictions"): Log("predictions", parts)}, "f")


def test_only_rows_may_have_come() -> None:
    before = log_of("a", "b")
    assert has_only_grown(before, log_of("a", "b")) and has_only_grown(
        before, log_of("b", "c", "a")
    )
    assert not has_only_grown(before, log_of("a", "c"))  # another part in the place of one
    assert not has_only_grown(before, Dataset("m", SCHEMA, {}, "f"))
    assert not has_only_grown(before, log_of("a", "b", schema=Schema("binary", ())))
    assert not has_only_grown(before, replace(before, label_precedence=("feedback",)))


@pytest.mark.parametrize(
    ("parts", "is_grown"),
    [
        ({"d/m": 20, "e/c": 9}, True),  # both of a day became one
        ({"d/m": 25, "e/c": 9, "d/x": 1}, True),  # with what came since
        ({"d/m": 19, "e/c": 9}, False),  # a row was erased on the way
        ({"d/a": 10, "d/y": 9, "e/c": 9}, False),  # erased
        ({"d/x": 9, "d/y": 11, "e/c": 8}, False),
        ({"d/x": 10, "d/y": 10, "e/c": 9}, False),  # as many rows, and nobody knows which
        ({"d/m": 20}, False),
        ({"e/m": 20, "e/c": 9}, False),  # of another day
    ],
)
def test_small_parts_may_have_become_a_large_one(parts: dict[str, int], is_grown: bool) -> None:
    def log(parts: dict[str, int]) -> Dataset:
        found = tuple(Part(name, n, f"{name}-{n}") for name, n in parts.items())
        return Dataset("m", SCHEMA, {("production", "predictions"): Log("predictions", found)}, "f")

    assert has_only_grown(log({"d/a": 10, "d/b": 10, "e/c": 9}), log(parts)) is is_grown


@pytest.mark.parametrize(
    ("age_s", "took_s", "is_given"),
    [(5, 0.1, False), (5, 2, True), (59, 2, True), (61, 2, False), (80, 30, True), (91, 30, False)],
)
def test_given_where_it_took_a_while_and_not_for_long(
    monkeypatch: pytest.MonkeyPatch, age_s: float, took_s: float, is_given: bool
) -> None:
    kept, dataset = Lately(), log_of("a")
    answer: Any = Answer(dataset, None, 1)  # type: ignore[arg-type]
    kept.put("words", Made(answer, None, 1000.0, took_s))
    monkeypatch.setattr(lately, "monotonic", lambda: 1000.0 + age_s)
    assert (kept.get("words", log_of("a", "b"), None) is answer) is is_given
    assert (
        kept.get("words", log_of("a", "b"), dataset) is None
    )  # beside another log: another question


def test_it_keeps_no_more_than_it_may() -> None:
    kept, dataset = Lately(most=2), log_of("a")
    for words in "abc":
        kept.put(words, Made(Answer(dataset, None, words), None, 1e18, 9))  # type: ignore[arg-type]
    found = [kept.get(words, dataset, None) for words in "abc"]
    assert [f and f.value for f in found] == [None, "b", "c"]


@dataclass
class Live:
    """A screen on a log that goes on, on which an answer takes until it is let go."""

    desk: Desk
    folder: Path
    shelf: cache.Shelf = field(default_factory=lambda: cache.Shelf(9))
    go: threading.Event = field(default_factory=threading.Event)
    n_made: int = 0

    def add(self, name: str) -> None:
        """Rows of the last hours."""
        now, file = self.desk.now(), self.folder / f"{name}.csv"
        lines = [f"{name}{i},{now - timedelta(minutes=i):%Y-%m-%dT%H:%M:%S},1,1" for i in range(60)]
        file.write_text("\n".join(["prediction_id,timestamp,prediction,label", *lines]))
        place = Place(self.desk.settings.home, self.desk.database, "ada")
        run_import(place, plan_import(place, [file], ImportOptions("m", positive="1")))

    def answer(self, _engine: Any, asking: Any) -> int:
        assert self.go.wait(20)
        self.n_made += 1
        return sum(part.n_rows for part in asking.dataset.log("predictions").parts)

    def ask(self) -> Answer:
        return cache.answers("facts", "m", Asked(window="7d"), operator())


@pytest.fixture
def live(home: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    del home
    now = datetime(2026, 3, 1, 12, 0, 30)
    with Desk(settings_in_force(), now=lambda: now) as desk:
        found, kept = Live(desk, tmp_path), Lately()
        monkeypatch.setattr(cache, "desk", lambda: desk)
        monkeypatch.setattr(cache, "shelf", lambda: found.shelf)
        monkeypatch.setattr(cache, "_lately", lambda: kept)
        monkeypatch.setattr(cache, "answer", found.answer)
        monkeypatch.setattr(lately, "QUICK_S", 0.0)
        monkeypatch.setattr(cache, "clock", lambda _dataset, wall: wall)
        found.add("a")
        yield found
        found.go.set()


def test_a_new_part_keeps_nobody_waiting(live: Live) -> None:
    live.go.set()
    assert (live.ask().value, live.ask().as_of) == (60, None)
    live.go.clear()
    live.add("b")
    for _ in range(3):  # while the next is made: what is in place, and of when it is
        found = live.ask()
        assert (found.value, found.as_of) == (60, live.desk.now())
    assert cache.is_known("facts", "m", Asked(window="7d"), operator())
    live.go.set()
    for _ in range(1000):
        if len(live.shelf) == 2:
            break
        threading.Event().wait(0.02)
    found = live.ask()
    assert (found.value, found.as_of, live.n_made) == (120, None, 2)


def test_what_is_at_hand_will_do_however_soon_the_next_is_made(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lately, "QUICK_S", 1e9)  # all are quick
    live.go.set()

    def at_hand() -> Answer:
        return cache.at_hand("facts", "m", Asked(window="7d"), operator())

    assert (at_hand().value, at_hand().as_of) == (60, None)
    live.go.clear()
    live.add("b")
    assert (at_hand().value, at_hand().as_of) == (60, live.desk.now())
    live.go.set()
    assert live.ask().value == 120  # what a page is about is waited for


def test_a_failure_of_the_next_is_told_when_it_is_due(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.go.set()
    live.ask()
    live.add("b")
    failed = threading.Event()

    def fail(*_words: Any) -> None:
        failed.set()
        raise ValueError("no")

    monkeypatch.setattr(cache, "answer", fail)
    assert live.ask().value == 60
    assert failed.wait(10)
    monkeypatch.setattr(lately, "LONGEST_S", -1.0)
    monkeypatch.setattr(lately, "monotonic", lambda: 1e12)
    with pytest.raises(ValueError, match="no"):
        live.ask()
