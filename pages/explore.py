"""Explore: the rows behind every number; one prediction with its features, label and history."""

from __future__ import annotations

import streamlit as st

from analytics.query.explore import Listing, shown_columns
from analytics.words import write_count
from app.auth import guarded, require
from app.auth.current import read_token
from app.explore import Format, export_file, list_rows
from app.widgets.empty_state import draw_empty
from app.widgets.header import draw_header
from app.widgets.prediction import draw_opened, draw_rows, forget_other_model, row_filters
from app.widgets.view import open_view

NUMBER = 50

view = open_view(require("explore", st.query_params.get("m")), "Explore")
require("explore", view.model)
draw_header(view)
forget_other_model(view.model)
asked, token = view.asked(), read_token()


@guarded("explore", view.model)
def pick(key: str, shown: list[str]) -> None:
    """Put the picked row's id into the URL: a link to one prediction can be shared."""
    rows = st.session_state[key].selection.rows
    if rows:
        st.query_params["id"] = shown[rows[0]]
    else:
        st.query_params.pop("id", None)


@guarded("explore", view.model)
def begin_again() -> None:
    """Other rows or another order: the first page."""
    st.session_state.pop("page", None)


@guarded("explore", view.model)
def close() -> None:
    """Close the prediction and take the tick off its row."""
    st.query_params.pop("id", None)
    st.session_state.rows_round = st.session_state.get("rows_round", 0) + 1


def file_of(kind: Format) -> bytes:
    """The file of a download button; asked at the click, outside of any run: the token says who."""
    return export_file(require("export", view.model, token), view.model, asked, kind)


with st.container(horizontal=True, vertical_alignment="top"):
    names = row_filters(view.dataset)
    only = st.segmented_control(
        "Rows", list(names), format_func=names.__getitem__, default="all", key="only",
        required=True, on_change=begin_again,
    ) or "all"  # fmt: skip
    columns = (*shown_columns(view.dataset), "label")
    at = columns.index("timestamp") if "timestamp" in columns else 0
    order = st.selectbox("Order by", columns, index=at, width=180, on_change=begin_again)
    ways = ("descending", "ascending") if view.has_times else ("ascending", "descending")
    direction = st.selectbox("Direction", ways, width=140, on_change=begin_again)

page_number = st.session_state.get("page", 1)
listing = Listing(order, direction == "descending", only, (page_number - 1) * NUMBER, NUMBER)
found = list_rows(view.viewer, view.model, asked, listing)
if not found.rows and page_number > 1:  # fewer rows than before: begin again
    st.session_state.pop("page")
    st.rerun()

opened = st.query_params.get("id")
table, panel = st.columns([3, 2]) if opened else (st.container(), None)
with table:
    if found.rows:
        span = (write_count(listing.at + 1), write_count(listing.at + len(found.rows)))
        hint = "" if opened else " · tick one to open it"
        st.caption(f"Showing {span[0]} to {span[1]} of {write_count(found.n)} rows{hint}")
        key = (
            f"rows_{st.session_state.get('rows_round', 0)}_{only}_{order}_{direction}_{page_number}"
        )
        draw_rows(found, key, pick, opened)
    else:
        draw_empty("No row matches.", "Choose a longer window, drop the segment, or show all rows.")
if opened and panel is not None:
    with panel, st.container(border=True):
        draw_opened(view, opened, close)
if found.rows:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.pagination(max(1, -(-found.n // NUMBER)), key="page")
        if view.viewer.may("export", view.model):
            with st.container(horizontal=True, horizontal_alignment="right", width="content"):
                for kind, name in (("csv", "CSV"), ("parquet", "Parquet")):
                    st.download_button(
                        f"Export {name}", lambda kind=kind: file_of(kind), on_click="ignore",
                        file_name=f"{view.model}.{kind}", key=f"rows_{kind}",
                        help="All rows of the window and segment, with their labels",
                    )  # fmt: skip
