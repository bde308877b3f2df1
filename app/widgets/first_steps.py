"""What a log lacks before it can be judged, and the click that brings it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import streamlit as st

from app.session import KEYS, selection_params
from app.widgets.empty_state import draw_empty, link_to, step_to
from app.widgets.lead import Step

if TYPE_CHECKING:
    from analytics.core import Dataset
    from app.widgets.view import View

MIN_ROWS = 100  # with fewer there is nothing to see
SPANS = (30, 7, 1)  # days; the longest of which the log holds two


def newest_beside_before(dataset: Dataset) -> tuple[str, Mapping[str, str]] | None:
    """Words and link of the newest days beside as many before; None where the log is too short."""
    first, last = dataset.first_event, dataset.last_event
    if first is None or last is None or dataset.log("predictions").n_rows < MIN_ROWS:
        return None
    days = next((n for n in SPANS if last - first >= timedelta(days=2 * n)), None)
    if days is None:
        return None
    span = "last day with the one before" if days == 1 else f"last {days} days with those before"
    return f"Compare the {span}", {KEYS["window"]: f"{days}d", KEYS["reference"]: "previous"}


def draw_no_reference(view: View, page: str) -> None:
    """A page that compares, and a log with nothing beside it: one click compares it with itself."""
    draw_empty(
        "There is nothing to compare with.",
        "Choose 'Previous period' under Compare with (and a window shorter than the log), or import"
        " a reference, such as the rows that the model learned from.",
    )
    may_import = view.viewer.may("import", view.model)
    found = newest_beside_before(view.dataset)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if found is not None:
            carried = selection_params(st.query_params.to_dict()) | {KEYS["model"]: view.model}
            step_to(page, found[0], carried | dict(found[1]))
            if may_import:
                link_to("add_data", "Add a reference")
        elif may_import:
            step_to("add_data", "Add a reference")
    if may_import:
        st.caption(f"From a shell: `telltale import FILE --model {view.model} --as reference`")


def steps_to_a_verdict(view: View) -> list[Step]:
    """What to do about a log that nothing can be said of: compare it with itself, bring what it lacks."""
    found = newest_beside_before(view.dataset) if not view.has_reference else None
    steps = [Step("drift", *found)] if found is not None else []
    if view.viewer.may("import", view.model):
        if not view.has_labels and view.dataset.schema.task != "none":
            steps.append(Step("add_data", "Add labels", {}))
        if not view.has_reference:
            steps.append(Step("add_data", "Add a reference", {}))
    return steps
