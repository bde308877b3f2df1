"""What is worked out while nobody is about gives way to whoever comes, and is begun again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from analytics.errors import QueryCancelled, UsageError
from app import cache, quiet
from app.counters import COUNTERS
from app.quiet import Quiet, n_asked


class Screen:
    """A shelf on which one question takes until it is let go; ``view`` is a look at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shelf, self.n_begun = cache.Shelf(9), 0
        self.begun, self.go = threading.Event(), threading.Event()
        self.view: Any = SimpleNamespace(
            model="m",
            viewer=None,
            asked=lambda **_changes: None,
            is_known=lambda name, **_changes: name in self.shelf,
        )
        monkeypatch.setattr(cache, "FIRST_S", 0.01)
        monkeypatch.setattr(cache, "STEP_S", 0.01)
        monkeypatch.setattr(cache, "answers", self.answers)

    def answers(self, name: str, *_words: Any, watch: Callable[[float], None]) -> Any:
        return self.shelf.get(name, self.work, watch)

    def work(self, cancel: Any) -> str:
        self.n_begun += 1
        self.begun.set()
        while not (self.go.is_set() or cancel.is_pressed):
            self.go.wait(0.01)
        if cancel.is_pressed:
            raise QueryCancelled("The question was cancelled.")
        return "looked at"


def test_whoever_comes_stops_it_and_it_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch)
    thread = threading.Thread(target=Quiet(0.01).ask, args=(screen.view, "why", {}), daemon=True)
    thread.start()
    assert screen.begun.wait(10)
    screen.begun.clear()
    screen.shelf.get("another", lambda _cancel: 1)  # somebody came
    assert screen.begun.wait(10)
    assert "why" not in screen.shelf and screen.n_begun == 2
    screen.go.set()
    thread.join(10)
    assert not thread.is_alive() and "why" in screen.shelf


def test_what_is_known_or_fails_is_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, asked = Screen(monkeypatch), []

    def fail(name: str, *_words: Any, **_more: Any) -> None:
        asked.append(name)
        raise UsageError("No.", "", "")

    monkeypatch.setattr(cache, "answers", fail)
    questions = [("held", {}), ("known", {}), ("why", {})]
    monkeypatch.setattr(quiet, "long_questions", lambda _view: questions)
    screen.shelf.get("known", lambda _cancel: 1)
    quiet.ask_all([screen.view], quiet_s=0.0)
    assert asked == ["held", "why"]


def test_it_is_quiet_when_nobody_has_asked_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    comers, pauses = iter([3, 2]), []

    class Pause:
        def wait(self, seconds: float) -> None:
            pauses.append(seconds)
            COUNTERS.add("answers", "kept", next(comers, 0))

    monkeypatch.setattr(quiet, "threading", SimpleNamespace(Event=Pause))
    now, n = Quiet(7.0), n_asked()
    now.wait()
    assert pauses == [7.0, 7.0, 7.0] and now.n_before == n + 5
    now.wait()  # nobody came since: on with the next question at once
    assert len(pauses) == 3
