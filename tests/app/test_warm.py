"""What is done at the start: in the order of need, giving way to whoever comes, settled in memory."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analytics.errors import QueryCancelled
from app import cache, warm
from app.counters import COUNTERS
from app.navigation import existing_pages
from app.warm import imports_of, settle_memory


def test_what_is_loaded_is_not_looked_at_again() -> None:
    kept = [{"a": i} for i in range(1000)]
    n, often = gc.get_freeze_count(), gc.get_threshold()
    try:
        settle_memory()
        assert gc.get_freeze_count() - n >= len(kept)
        assert not any(found is kept[0] for found in gc.get_objects())
        assert gc.isenabled() and gc.get_threshold() == warm.COLLECT
    finally:
        gc.unfreeze()
        gc.set_threshold(*often)


def test_garbage_is_not_looked_for_after_each_run() -> None:
    from app.server import streamlit_config
    from app.settings import read_settings

    assert streamlit_config(read_settings())["runner.postScriptGC"] is False


def test_a_script_tells_what_it_imports(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text(
        '"""A page."""\nfrom __future__ import annotations\nimport json, csv as c\nfrom a.b import d\n'
        "from a.b import e\nif True:\n    import late\n"
    )
    assert imports_of(page) == ["json", "csv", "a.b"]
    every = [name for entry in existing_pages() for name in imports_of(entry.path)]
    assert {"streamlit", "app.widgets.view"} <= set(every)


def test_one_broken_module_keeps_no_other_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json.tool", "wave"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    warm.import_all(["json.tool", "not_there.at_all", "wave"])
    assert {"json.tool", "wave"} <= set(sys.modules)


def test_the_model_of_a_bare_address_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.widgets import view

    monkeypatch.setattr(view, "visible_models", lambda _viewer: ["a", "b", "c", "d"])
    viewer: Any = None
    for first, expected in (("c", ["c", "a", "b"]), (None, ["a", "b", "c"])):
        monkeypatch.setattr(view, "opening_model", lambda _viewer, first=first: first)
        assert warm.first_models(viewer) == expected


class Screen:
    """A shelf on which one question takes until it is let go."""

    def __init__(self) -> None:
        self.shelf, self.n_begun = cache.Shelf(9), 0
        self.begun, self.go = threading.Event(), threading.Event()

    def ask(self, watch: Callable[[float], None] | None) -> Any:
        return self.shelf.get("quality", self.work, watch)

    def work(self, cancel: Any) -> str:
        self.n_begun += 1
        self.begun.set()
        while not (self.go.is_set() or cancel.is_pressed):
            self.go.wait(0.01)
        if cancel.is_pressed:
            raise QueryCancelled("The question was cancelled.")
        return "looked at"


def test_whoever_comes_stops_what_is_done_while_nobody_is_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "FIRST_S", 0.01)
    monkeypatch.setattr(cache, "STEP_S", 0.01)
    screen = Screen()
    monkeypatch.setattr(cache, "answers", lambda *_words, watch, **_more: screen.ask(watch))
    view: Any = SimpleNamespace(model="m", viewer=None, asked=lambda **_changes: None)
    thread = threading.Thread(target=warm.ask_when_quiet, args=(view, 0.01), daemon=True)
    thread.start()
    assert screen.begun.wait(10)
    screen.begun.clear()
    screen.shelf.get("another", lambda _cancel: 1)  # somebody came
    assert screen.begun.wait(10)  # it was stopped, and began again when they had gone
    assert "quality" not in screen.shelf and screen.n_begun == 2
    screen.go.set()
    thread.join(10)
    assert not thread.is_alive() and "quality" in screen.shelf


def test_quiet_is_when_nobody_asks() -> None:
    asked = iter([3, 2, 1])

    class Pause:
        def wait(self, _seconds: float) -> None:
            COUNTERS.add("answers", "kept", next(asked, 0))

    real, threading.Event = threading.Event, Pause  # type: ignore[misc, assignment]
    try:
        n = warm.n_asked()
        assert warm.wait_for_quiet(1.0) == n + 6 == warm.n_asked()
    finally:
        threading.Event = real  # type: ignore[misc]


def test_the_screen_starts_without_what_only_the_api_needs() -> None:
    code = "import sys, app.server; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
