"""What the first visitor would wait for, done at the start while nobody waits: imports and answers.

In the order in which it is needed: what a run of the first page takes, its answers, then what other
pages take. What takes long waits until nobody is about (``app.quiet``).
"""

from __future__ import annotations

import ast
import gc
import importlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.errors import TelltaleError
from app.navigation import existing_pages
from app.quiet import ask_all

if TYPE_CHECKING:
    from app.auth.viewer import Viewer
    from app.widgets.view import View

FIRST = ("duckdb", "pandas", "app.widgets.frame", "scipy.special", "app.widgets.pickers")
LATER = (
    "plotly.graph_objects",
    "streamlit_authenticator.views.authentication_view",
    "analytics.evaluate.serving",
    "analytics.evaluate.slices",
)
FIRST_PAGE = "overview"
MOST_MODELS = 3
MOST_ROWS = 20_000_000  # a larger log is asked when somebody looks at it
THREAD = "warm-up"
COLLECT = (10_000, 20, 10)  # objects between collections: a run of a page makes thousands


def warm_up() -> None:
    """Everything, in its order."""
    for logger in ("scriptrunner_utils.script_run_context", "caching.cache_data_api"):
        quiet = logging.getLogger(f"streamlit.runtime.{logger}")
        quiet.addFilter(lambda record: record.threadName != THREAD)
    pages = {page.file: page.path for page in existing_pages()}
    import_all([*FIRST, *imports_of(pages.pop(FIRST_PAGE))])
    views: list[View] = []
    with suppress(TelltaleError):
        views = warm_answers()
    settle_memory()
    import_all([*LATER, *(name for path in pages.values() for name in imports_of(path))])
    settle_memory()
    ask_all(views)


def import_all(names: Sequence[str]) -> None:
    """Import modules; what cannot be imported is told by the page that needs it."""
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)


def imports_of(page: Path) -> list[str]:
    """The modules that a script imports when it begins, in their order."""
    found: list[str] = []
    for statement in ast.parse(page.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            found.append(statement.module)
        elif isinstance(statement, ast.Import):
            found += [alias.name for alias in statement.names]
    return [name for name in dict.fromkeys(found) if name != "__future__"]


def settle_memory() -> None:
    """Keep what stays for good out of every later collection of garbage.

    With the libraries loaded, looking through all of it takes longer than most pages take to draw;
    so it is not done after each run of a page either, but when enough has come together.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def warm_answers() -> list[View]:
    """Fill the shelf with the answers of the Overview of the first models; those that were asked."""
    from app.auth.viewer import operator
    from app.cache import dataset_of
    from app.session import Selection
    from app.widgets.choices import default_every, headline_metrics
    from app.widgets.overview_answers import read_overview
    from app.widgets.view import default_window, view_of

    viewer, views = operator(THREAD), []
    for model in first_models(viewer):
        with suppress(TelltaleError):
            dataset = dataset_of(model, viewer)
            if not 0 < dataset.log("predictions").n_rows <= MOST_ROWS:
                continue
            selection = Selection(model=model, window=default_window(dataset))
            view = view_of(viewer, dataset, selection, "Overview")
            found = read_overview(view, headline_metrics(view)[:2], default_every(view))
            found.changes()
            views.append(view)
    return views


def first_models(viewer: Viewer) -> list[str]:
    """The model that a bare address opens, then others by name."""
    from app.widgets.view import opening_model, visible_models

    first = opening_model(viewer)
    rest = [model for model in visible_models(viewer) if model != first]
    return [*([first] if first else []), *rest][:MOST_MODELS]
