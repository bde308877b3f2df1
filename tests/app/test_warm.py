"""What is done at the start: in the order of need, giving way to whoever comes, settled in memory."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app import warm
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


def test_the_screen_starts_without_what_only_the_api_needs() -> None:
    code = "import sys, app.server; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
