"""Explore: the rows behind every number; one prediction with its features, label and history."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.query.explore import Listing, shown_columns
from analytics.words import write_count
from app.auth import guarded, require
from app.explore import Format, export_file, list_rows, open_one
from app.widgets.empty_state import draw_empty
from app.widgets.header import draw_header
from app.widgets.prediction import draw_prediction
from app.widgets.problem import plain
from app.widgets.view import open_view

NUMBER = 50
ONLY = {"all": "All rows", "wrong": "Wrong", "unlabelled": "Without label", "errors": "Errors"}

view = open_view(require("explore", st.query_params.get("m")), "Explore")
require("explore", view.model)
draw_header(view)
asked = view.asked()


@guarded("explore", view.model)
def pick(shown: list[str]) -> None:
    """Put the picked row's id into the URL: a link to one prediction can be shared."""
    rows = st.session_state.rows.selection.rows
    if rows:
        st.query_params["id"] = shown[rows[0]]
    elif "id" in st.query_params:
        del st.query_params["id"]


def file_of(kind: Format) -> bytes:
    """The file of a download button; the right is asked again at the click."""
    return export_file(require("export", view.model), view.model, asked, kind)


with st.container(horizontal=True, vertical_alignment="bottom"):
    wanted = "Missed by more than half" if view.dataset.schema.task == "regression" else "Wrong"
    names = ONLY | {"wrong": wanted}
    only = st.segmented_control(
        "Rows", list(ONLY), format_func=lambda k: names[k], default="all", key="only", required=True
    )
    order = st.selectbox("Order by", (*shown_columns(view.dataset), "label"), index=1, width=180)
    direction = st.selectbox("Direction", ("descending", "ascending"), width=130)

page_number = st.session_state.get("page", 1)
listing = Listing(
    order, direction == "descending", only or "all", (page_number - 1) * NUMBER, NUMBER
)
found = list_rows(view.viewer, view.model, asked, listing)
if not found.rows and page_number > 1:  # fewer rows than before: begin again
    st.session_state.pop("page")
    st.rerun()

if not found.rows:
    draw_empty("No row matches.", "Choose another window, take the segment off, or show all rows.")
else:
    first = listing.at + 1
    last = listing.at + len(found.rows)
    st.caption(
        f"Showing {write_count(first)} to {write_count(last)} of {write_count(found.n)} rows"
    )
    ids = [str(row[0]) for row in found.rows]
    st.dataframe(
        pd.DataFrame(found.rows, columns=list(found.columns)),
        hide_index=True,
        key="rows",
        on_select=lambda: pick(ids),
        selection_mode="single-row",
        height=320,
        alt=f"{len(ids)} rows of the log",
    )
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.pagination(max(1, -(-found.n // NUMBER)), key="page")
        if view.viewer.may("export", view.model):
            with st.container(horizontal=True, horizontal_alignment="right"):
                for kind in ("csv", "parquet"):
                    st.download_button(
                        f"Export {'CSV' if kind == 'csv' else 'Parquet'}",
                        lambda kind=kind: file_of(kind),
                        file_name=f"{view.model}.{kind}",
                        on_click="ignore",
                        help="All rows of the window and segment, with their labels",
                        key=f"rows_{kind}",
                    )

if st.query_params.get("id"):
    with st.container(border=True):
        draw_prediction(view.dataset, open_one(view.viewer, view.model, st.query_params["id"]))
elif found.rows:
    st.caption(plain("Pick a row to see its features beside the reference, and its labels."))
