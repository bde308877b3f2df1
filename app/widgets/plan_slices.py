"""What a plan's labels say of slices: the values of a column, or the slices that were saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_count, write_half_width, write_value
from app.cache import dataset_of, desk
from app.labelling.plans import cut_asked, read_slices, slices_of
from app.state.slices import list_slices
from app.widgets.empty_state import draw_empty
from app.widgets.problem import problem
from app.widgets.slice_click import row_clicks, segment_way
from app.widgets.slice_link import MOST_LINKS, is_sliced
from app.widgets.view import fetch

if TYPE_CHECKING:
    from app.state.plans import StoredPlan
    from app.widgets.view import View

SAVED = "saved slices"


def draw_plan_slices(view: View, stored: StoredPlan) -> None:
    """The plan's number for each slice, from the labels that it has by now."""
    key = f"plan_slices_{stored.id}"
    with st.expander("By slice", key=key, type="compact", on_change="rerun") as box:
        if not box.open:
            return
        saved = list_slices(desk().database, view.viewer.user, view.model)
        columns = [c.name for c in view.dataset.schema.features if is_sliced(c)]
        options = [*columns, *([SAVED] if saved else [])]
        if not options:
            draw_empty("No column makes slices.", "Import features, or save a slice.")
            return
        chosen = str(st.selectbox("Slices of", options, key=f"{key}_of", width=220))
        texts = [s.segment for s in saved] if chosen == SAVED else _cells(view, stored, chosen)
        _draw_numbers(view, stored, texts[:MOST_LINKS])


def _cells(view: View, stored: StoredPlan, column: str) -> list[str]:
    what = f"Reading {column}"
    return slices_of(fetch(view.viewer, view.model, f"cut:{column}", cut_asked(stored), what).value)


def _draw_numbers(view: View, stored: StoredPlan, texts: list[str]) -> None:
    import pandas as pd

    dataset = dataset_of(view.model, view.viewer)
    try:
        found = read_slices(desk().engine, desk().database, view.viewer, dataset, stored, texts)
    except TelltaleError as error:
        problem(error)
        return
    unit = "rate" if stored.plan.metric == "accuracy" else "label"
    said = [
        f"{write_value(r.value, unit)} {write_half_width(r.low, r.high, unit)}".strip()
        if r.value is not None
        else str(r.reason)
        for r in found
    ]
    columns = {
        "slice": [text.replace(" AND ", " and ") for text in texts],
        stored.plan.metric: said,
        "labels of the plan": [r.detail["n_from_plan"] for r in found],
        "labelled": [r.n_labelled for r in found],
        "rows": [r.n for r in found],
    }
    key = f"plan_slice_rows_{stored.id}"
    st.dataframe(
        pd.DataFrame(columns), hide_index=True, key=key, alt=f"{len(found)} slices",
        **row_clicks(view, key, [segment_way(text) for text in texts]),
    )  # fmt: skip
    st.caption(
        f"From the same {write_count(len(stored.plan.ids))} drawn rows and their chances; ± is half of"
        " the 95 % interval of one slice, not of all at once."
    )
