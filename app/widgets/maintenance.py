"""Planned maintenance of a model: spans that come again every week. Callbacks ask for the right again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.current import state
from app.monitors.verbs import end_maintenance, plan_maintenance
from app.state.maintenance import Maintenance
from app.state.spans import DAYS, Weekly
from app.widgets.problem import plain
from app.widgets.weekdays import ZONES, minutes_between, say_days

if TYPE_CHECKING:
    from app.widgets.view import View

EVERY_COLUMN = "the whole model"


def draw_maintenance(view: View, plans: Sequence[Maintenance]) -> None:
    """What is planned, and a form for more."""
    may = view.viewer.may("respond", view.model)
    for plan in plans:
        with st.container(horizontal=True, vertical_alignment="center"):
            what = plan.column or EVERY_COLUMN
            st.markdown(plain(f"{what}, {plan.span.say()}, {plan.author}: {plan.comment}"))
            if may:
                arguments = (view.model, plan.id)
                st.button("End", key=f"end_plan_{plan.id}", on_click=_end, args=arguments)
    if not may:
        return
    names = [EVERY_COLUMN, *(c.name for c in view.dataset.schema.features)]
    st.caption(
        "Maintenance that comes again: nobody is told in it, and what lasts is told after it."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox("Maintenance of", names, key="plan_what", width=160)
        st.multiselect("On", list(DAYS), ["6"], key="plan_days", format_func=say_days, width=200)
        st.time_input("From", time(2), key="plan_from", width=110)
        st.time_input("To", time(4), key="plan_to", width=110)
        st.selectbox("Zone", ZONES, key="plan_zone", width=140, accept_new_options=True)
        st.text_input("Why", key="plan_why", placeholder="Nightly reload", width=170)
        st.button("Plan it", key="plan_make", on_click=_make, args=(view.model,))


@guarded("respond")
def _make(model: str) -> None:
    chosen = st.session_state
    what = str(chosen.get("plan_what") or EVERY_COLUMN)
    start, minutes = minutes_between(chosen["plan_from"], chosen["plan_to"])
    span = Weekly("".join(chosen["plan_days"]), start, minutes, str(chosen["plan_zone"]))
    column, why = "" if what == EVERY_COLUMN else what, str(chosen.get("plan_why") or "")
    try:
        plan_maintenance(state()[0], require("respond", model), model, span, why, column)
    except TelltaleError as error:
        chosen["silence_problem"] = error
    else:
        chosen["plan_why"] = ""


@guarded("respond")
def _end(model: str, number: int) -> None:
    try:
        end_maintenance(state()[0], require("respond", model), model, number)
    except TelltaleError as error:
        st.session_state["silence_problem"] = error
