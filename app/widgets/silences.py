"""Silences of a model: spans in which its incidents tell nobody. Callbacks ask for the right again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_moment
from app.auth import guarded, require
from app.auth.current import state
from app.monitors.verbs import end_silence, silence
from app.settings import settings_in_force
from app.state.incidents import list_silences
from app.state.maintenance import list_maintenance
from app.widgets.maintenance import EVERY_COLUMN, draw_maintenance
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from app.widgets.view import View

SPANS = {"1 hour": 1, "4 hours": 4, "1 day": 24, "1 week": 168, "30 days": 720}


def draw_silences(view: View) -> None:
    """Those in force, and a form for another, behind a fold."""
    error = st.session_state.pop("silence_problem", None)
    if error is not None:
        problem(error)
    found = list_silences(state()[0], view.model)
    plans = list_maintenance(state()[0], view.model)
    title = f"Silences: {len(found)} in force" if found else "Silences and maintenance"
    if plans:
        title += f", {len(plans)} planned"
    with st.expander(title, key="silences", type="compact", on_change="rerun") as box:
        if not box.open:
            return
        may = view.viewer.may("respond", view.model)
        zone = settings_in_force().text("display_zone")
        for one in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                what = one.column or EVERY_COLUMN
                said = f"{what} until {write_moment(one.ends, zone)}, {one.author}: {one.comment}"
                st.markdown(plain(said))
                if may:
                    arguments = (view.model, one.id)
                    st.button("End", key=f"end_{one.id}", on_click=_end, args=arguments)
        if not found:
            st.caption("None: every incident that may do harm tells those whom an admin named.")
        if may:
            _draw_form(view)
        draw_maintenance(view, plans)


def _draw_form(view: View) -> None:
    names = [EVERY_COLUMN, *(c.name for c in view.dataset.schema.features)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox("Tell nobody about", names, key="silence_what", width=220)
        st.selectbox("For", list(SPANS), key="silence_span", width=130)
        st.text_input("Why", key="silence_why", placeholder="The feed is moved", width=260)
        st.button("Silence", key="silence_make", on_click=_make, args=(view.model,))


@guarded("respond")
def _make(model: str) -> None:
    chosen = st.session_state
    what = str(chosen.get("silence_what") or EVERY_COLUMN)
    hours, why = SPANS[str(chosen.get("silence_span"))], str(chosen.get("silence_why") or "")
    column = "" if what == EVERY_COLUMN else what
    try:
        silence(state()[0], require("respond", model), model, hours, why, column)
    except TelltaleError as error:
        chosen["silence_problem"] = error
    else:
        chosen["silence_why"] = ""


@guarded("respond")
def _end(model: str, number: int) -> None:
    try:
        end_silence(state()[0], require("respond", model), model, number)
    except TelltaleError as error:
        st.session_state["silence_problem"] = error
