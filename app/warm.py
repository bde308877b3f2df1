"""What the first visitor would wait for, done at the start while nobody waits: imports and answers."""

from __future__ import annotations

import gc
import importlib
import logging
from contextlib import suppress

from analytics.errors import TelltaleError

MODULES = (
    "pandas",
    "plotly.graph_objects",
    "streamlit_authenticator.views.authentication_view",
    "duckdb",
    "app.widgets.frame",
    "scipy.special",
    "analytics.evaluate.serving",
    "analytics.evaluate.slices",
)
MOST_MODELS = 3
MOST_ROWS = 20_000_000  # a larger log is asked when somebody looks at it
THREAD = "warm-up"


def warm_up() -> None:
    """Import what is slow, then ask what the Overview of the first models asks."""
    for logger in ("scriptrunner_utils.script_run_context", "caching.cache_data_api"):
        quiet = logging.getLogger(f"streamlit.runtime.{logger}")
        quiet.addFilter(lambda record: record.threadName != THREAD)
    for name in MODULES:
        with suppress(ImportError):
            importlib.import_module(name)
    with suppress(TelltaleError):
        warm_answers()
    settle_memory()


def settle_memory() -> None:
    """Keep what stays for good out of every later collection of garbage.

    Streamlit collects after each run of a page, all of it: with the libraries loaded that takes
    longer than most pages take to draw.
    """
    gc.collect()
    gc.freeze()


def warm_answers() -> int:
    """Fill the shelf with the answers of the Overview pages; how many models were asked about."""
    from app.auth.viewer import operator
    from app.cache import dataset_of
    from app.session import Selection
    from app.widgets.choices import default_every, headline_metrics
    from app.widgets.overview_answers import read_overview
    from app.widgets.view import default_window, view_of, visible_models

    viewer, n = operator(THREAD), 0
    for model in visible_models(viewer)[:MOST_MODELS]:
        with suppress(TelltaleError):
            dataset = dataset_of(model, viewer)
            if not 0 < dataset.log("predictions").n_rows <= MOST_ROWS:
                continue
            selection = Selection(model=model, window=default_window(dataset))
            view = view_of(viewer, dataset, selection, "Overview")
            found = read_overview(view, headline_metrics(view)[:2], default_every(view))
            found.changes()
            if found.is_quality_left:
                view.ask("quality", every="day")
            n += 1
    return n
