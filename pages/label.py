"""Label: one card, one key, the next card; what was answered is stored and says so."""

from __future__ import annotations

import streamlit as st

from app.auth import require
from app.widgets.header import draw_header
from app.widgets.label.fast import draw_fast
from app.widgets.label.fill import draw_fill, draw_said
from app.widgets.label.item import bring_item
from app.widgets.label.native import draw_native
from app.widgets.label.start import (
    draw_choices,
    draw_no_project,
    draw_notes,
    is_fast,
    is_queue_empty,
    labelled_model,
    may_fill,
    open_desk,
    project_of,
)
from app.widgets.view import open_view

view = open_view(require("label", labelled_model(require("label"))), "Label")
require("label", view.model)
place = draw_header(view)
project = project_of(view.viewer, view.model)
if project is None:
    draw_no_project(view)
    st.stop()
bring_item(view, project)
is_empty, can_fill = is_queue_empty(view, project), may_fill(view)
with place.container(horizontal=True, gap="small", width="content"):
    draw_notes(view, project)
    if can_fill and not is_empty:
        with st.popover("Add rows"):
            draw_fill(view, project)
draw_choices(view, project)
draw_said()
if can_fill and is_empty:
    draw_fill(view, project, st.query_params.get("q"))
    st.stop()
desk = open_desk(view, project)
if is_fast():
    draw_fast(desk)
else:
    draw_native(desk)
