"""Which columns of a model are sensitive, and the way to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import require
from app.cache import desk
from app.sensitive import set_sensitive
from app.widgets.problem import problem

if TYPE_CHECKING:
    from app.widgets.view import View

KEY = "sensitive_columns"


def draw_sensitive(view: View) -> None:
    """A choice of columns; only for who may change the model and see all of it."""
    may = view.viewer.may
    if not (may("configure", view.model) and may("see_sensitive", view.model)):
        return
    features = view.dataset.schema.features
    marked = [c.name for c in features if c.is_sensitive]
    with st.expander(f"Sensitive columns: {len(marked) or 'none'}"):
        st.caption(
            "Who has no right to see sensitive columns does not see these: not on pages, not in"
            " exports, answers or shared links."
        )
        st.multiselect("Columns", [c.name for c in features], default=marked, key=KEY)
        st.button("Save", on_click=_save, args=(view.model,), key="save_sensitive")


def _save(model: str) -> None:
    try:
        viewer = require("configure", model)
        set_sensitive(desk().database, viewer, model, st.session_state[KEY])
    except TelltaleError as error:
        problem(error)
