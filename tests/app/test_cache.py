"""The shelf: equal questions are worked on once, the least used goes, nobody waits for nobody."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from analytics.errors import AccessDenied, QueryCancelled
from app import cache
from app.auth.viewer import Viewer, operator
from app.cache import Shelf
from app.questions import Asked
from app.state.database import Database
from app.state.grants import Grant


def test_an_answer_is_made_once() -> None:
    shelf, made = Shelf(4), []
    for _ in range(3):
        assert shelf.get("a", lambda _cancel: made.append(1) or "x") == "x"
    assert made == [1]


def test_the_least_used_goes_first() -> None:
    shelf = Shelf(2)
    for key in ("a", "b", "a", "c"):
        shelf.get(key, lambda _cancel: 1)
    again: list[str] = []
    for key in ("a", "c", "b"):
        shelf.get(key, lambda _cancel, key=key: again.append(key))  # type: ignore[misc]
    assert again == ["b"] and len(shelf) == 2


def test_answers_take_no_more_bytes_than_they_may() -> None:
    import numpy as np

    shelf = Shelf(100, max_bytes=2_500_000)
    for key in range(5):
        shelf.get(key, lambda _cancel: [np.zeros(125_000), "words"])
        assert shelf.n_bytes <= 2_500_000
    assert len(shelf) == 2 and 4 in shelf and 0 not in shelf
    shelf.get("large", lambda _cancel: np.zeros(1_000_000))
    assert len(shelf) == 1 and "large" in shelf  # the last stays, whatever its size


def test_two_who_ask_share_the_work() -> None:
    shelf, started, go, made = Shelf(2), threading.Event(), threading.Event(), []

    def make(_cancel: object) -> str:
        made.append(1)
        started.set()
        go.wait(10)
        return "x"

    answers: list[str] = []
    both = [threading.Thread(target=lambda: answers.append(shelf.get("a", make))) for _ in range(2)]
    both[0].start()
    started.wait(10)
    both[1].start()
    go.set()
    for thread in both:
        thread.join(10)
    assert answers == ["x", "x"] and made == [1]


def test_work_that_nobody_waits_for_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "FIRST_S", 0.01)
    monkeypatch.setattr(cache, "STEP_S", 0.01)
    shelf, stopped = Shelf(2), threading.Event()

    def make(cancel: cache.Cancel) -> str:
        while not cancel.is_pressed:
            threading.Event().wait(0.01)
        stopped.set()
        raise QueryCancelled("The question was cancelled.")

    def leave(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shelf.get("a", make, leave)
    assert stopped.wait(10)
    assert shelf.get("a", lambda _cancel: "fresh") == "fresh"


def test_whoever_waits_is_told_soon_and_then_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "SOON_S", 0.01)
    monkeypatch.setattr(cache, "FIRST_S", 0.05)
    monkeypatch.setattr(cache, "STEP_S", 0.01)
    shelf, told, go = Shelf(2), list[float](), threading.Event()

    def watch(seconds: float) -> None:
        told.append(seconds)
        if len(told) == 3:
            go.set()

    assert shelf.get("a", lambda _cancel: go.wait(10), watch) is True
    assert 0.01 <= told[0] < told[1] < told[2] and told[1] >= 0.05
    assert shelf.get("a", lambda _cancel: None, watch) is True and len(told) == 3


def test_a_failure_is_told_and_not_kept() -> None:
    shelf = Shelf(2)

    def fail(_cancel: object) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        shelf.get("a", fail)
    assert shelf.get("a", lambda _cancel: 1) == 1


def test_rights_are_checked_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "desk", lambda: pytest.fail("the desk was asked"))
    nobody = Viewer("bob", "Bob", "viewer", (Grant("viewer", "other"),))
    with pytest.raises(AccessDenied):
        cache.answers("performance", "secret", Asked(), nobody)


def test_what_people_say_leaves_other_answers_as_they_are() -> None:
    from dataclasses import replace

    from analytics.core import Dataset, Log, Part, Schema
    from app.state.logs import _fingerprint

    def logs(kind: str, print_: str) -> dict:  # type: ignore[type-arg]
        own = {("production", "predictions"): Log("predictions", (Part("p", 1, "same"),))}
        return {**own, ("production", kind): Log(kind, (Part("x", 1, print_),))}  # type: ignore[arg-type]

    schema = Schema("none", ())
    for kind, is_people in (("feedback", True), ("events", True), ("labels", False)):
        one, two = (_fingerprint(schema, (), logs(kind, p)) for p in ("a", "b"))
        assert (one == two) is is_people
        dataset = Dataset("m", schema, logs(kind, "a"), one)
        other = replace(dataset, logs=logs(kind, "b"))
        assert (dataset.people != other.people) is is_people


def test_words_that_mean_the_same_are_one_question(
    home: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.ask import Desk
    from app.ingest.plan import plan_import
    from app.ingest.run import run_import
    from app.ingest.words import ImportOptions, Place
    from app.settings import settings_in_force

    file = tmp_path / "log.csv"
    lines = [f"{i},2024-01-{1 + i % 28:02d},{i % 2},{i % 3 % 2}" for i in range(100)]
    file.write_text("\n".join(["prediction_id,timestamp,prediction,label", *lines]))
    with Desk(settings_in_force()) as desk:
        place = Place(desk.settings.home, desk.database, "ada")
        run_import(place, plan_import(place, [file], ImportOptions("m", positive="1")))
        shelf, viewer = Shelf(9), operator()
        monkeypatch.setattr(cache, "desk", lambda: desk)
        monkeypatch.setattr(cache, "shelf", lambda: shelf)
        one = cache.answers("facts", "m", Asked(), viewer)
        same = cache.answers("facts", "m", Asked(window="all", version=""), viewer)
        assert one.value is same.value and len(shelf) == 1
        assert cache.is_known("facts", "m", Asked(window="all"), viewer)
        assert not cache.is_known("facts", "m", Asked(window="7d"), viewer)
