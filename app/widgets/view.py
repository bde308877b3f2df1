"""What a page stands on: who looks, at which model, which rows; and how it asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.auth.viewer import Viewer
from app.cache import answers, dataset_of, desk, is_known
from app.lately import Answer
from app.questions import Asked, clock
from app.session import KEYS, Selection, parse_selection
from app.state.logs import list_imports
from app.state.models import list_models
from app.widgets.empty_state import Waiting, draw_no_data, draw_no_model, draw_stopped, was_stopped

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.core import Dataset
    from analytics.evaluate.headline import Facts

LIVE_WINDOW = "30d"


@dataclass(frozen=True, slots=True)
class View:
    """One page's look at one model."""

    viewer: Viewer
    dataset: Dataset
    selection: Selection
    facts: Facts
    now: datetime
    title: str

    @property
    def model(self) -> str:
        """The model's name."""
        return self.dataset.model

    @property
    def versions(self) -> tuple[str, ...]:
        """The model's versions in the order in which they appeared."""
        return tuple(seen.version for seen in self.facts.versions)

    @property
    def has_times(self) -> bool:
        """Whether the log has timestamps; else periods are cut by rows."""
        return self.dataset.first_event is not None

    @property
    def has_labels(self) -> bool:
        """Whether any label arrived for the window."""
        return bool(self.facts.now and self.facts.now.n_labelled)

    @property
    def has_reference(self) -> bool:
        """Whether there is something to compare with."""
        return self.facts.reference is not None

    def asked(self, **changes: Any) -> Asked:
        """The sidebar's choice as the words of a question, with some of them changed."""
        return replace(asked_of(self.selection, self.dataset), **changes)

    def ask(
        self,
        name: str,
        what: str | Waiting = "Reading the log",
        other: str | None = None,
        **changes: Any,
    ) -> Any:
        """The answer to a question about this view; shows that it is under way, can be stopped.

        ``other`` is a second model that the question is about.
        """
        asked = self.asked(**changes)
        return fetch(self.viewer, self.model, name, asked, what, other).value

    def is_known(self, name: str, **changes: Any) -> bool:
        """Whether the answer to a question about this view costs nothing."""
        return is_known(name, self.model, self.asked(**changes), self.viewer)

    def answer_of(self, name: str, asked: Asked) -> Answer:
        """The answer to a question in words of its own, with the question as it was understood."""
        return fetch(self.viewer, self.model, name, asked, "Reading the log")


def fetch(
    viewer: Viewer,
    model: str,
    name: str,
    asked: Asked,
    what: str | Waiting,
    other: str | None = None,
) -> Answer:
    """One answer, with its waiting shown after a moment and stopped when nobody waits."""
    waiting = Waiting(what) if isinstance(what, str) else what
    found = answers(name, model, asked, viewer, watch=waiting.tick, other=other)
    waiting.clear()
    if found.as_of is not None:
        waiting.tell((desk().now() - found.as_of).total_seconds())
    return found


def visible_models(viewer: Viewer) -> list[str]:
    """The models that the viewer may see, by name."""
    return viewer.models([model.name for model in list_models(desk().database)])


def selected_model(viewer: Viewer) -> str | None:
    """The model of the URL, else the first that the viewer may see."""
    return st.query_params.get(KEYS["model"]) or opening_model(viewer)


def opening_model(viewer: Viewer) -> str | None:
    """The model that a bare address opens: of those that the viewer may see, the one imported first."""
    models = visible_models(viewer)
    for row in reversed(list_imports(desk().database)):
        if row.model in models:
            return row.model
    return models[0] if models else None


def read_selection(model: str | None, default_window: str) -> Selection:
    """The sidebar's choice as it stands in the URL; words are checked where they are asked."""
    found = parse_selection(st.query_params.to_dict(), default_window)
    return replace(found, model=model)


def default_window(dataset: Dataset) -> str:
    """A log that is replayed is seen whole, a live one in its last 30 days."""
    wall = desk().now()
    if dataset.first_event is None or clock(dataset, wall) is not wall:
        return "all"
    return LIVE_WINDOW


def asked_of(selection: Selection, dataset: Dataset) -> Asked:
    """The words of a question about a selection."""
    window = selection.window
    if dataset.first_event is None and "rows" not in window:
        window = "all"
    return Asked(
        version=selection.version,
        window=window,
        reference=selection.reference,
        segment=selection.segment,
        as_of=None if selection.as_of is None else selection.as_of.isoformat(),
    )


def open_view(viewer: Viewer, title: str) -> View:
    """Everything a page needs; draws what to do instead and stops where there is nothing to see."""
    model = selected_model(viewer)
    if model is None:
        draw_no_model(viewer)
        st.stop()
    dataset = dataset_of(model, viewer)
    if was_stopped():
        draw_stopped()
        st.stop()
    if not dataset.log("predictions").n_rows:
        draw_no_data(viewer, model)
        st.stop()
    return view_of(viewer, dataset, read_selection(model, default_window(dataset)), title)


def view_of(viewer: Viewer, dataset: Dataset, selection: Selection, title: str) -> View:
    """The view of a selection, with the facts that stand under its title."""
    model = dataset.model
    found = fetch(viewer, model, "facts", asked_of(selection, dataset), f"Opening {model}")
    moment = selection.as_of or clock(dataset, desk().now())
    return View(viewer, found.dataset, selection, found.value, moment, title)
