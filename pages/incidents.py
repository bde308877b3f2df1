"""Incidents: what deserves attention, what it cost, who looks after it; one of them with its evidence."""

from __future__ import annotations

import streamlit as st

from app.auth import require
from app.auth.current import read_token, state
from app.monitors.files import export_incidents
from app.monitors.verbs import open_case
from app.state.incidents import list_cases, see_all
from app.state.monitors import last_runs
from app.widgets.empty_state import draw_empty
from app.widgets.header import draw_header
from app.widgets.incident import draw_evidence, draw_some_rows, draw_told
from app.widgets.incident_care import draw_care, draw_story
from app.widgets.incident_list import (
    INCIDENT,
    LASTING,
    draw_cases,
    draw_opener,
    open_incident,
    speak_of_cases,
    worst_of,
)
from app.widgets.lead import draw_lead
from app.widgets.silences import draw_silences
from app.widgets.view import open_view, selected_model

database = state()[0]
number = st.query_params.get(INCIDENT, "")
case = open_case(database, require("view"), int(number)) if number.isdecimal() else None
if case is not None and st.query_params.get("m") != case.model:  # the link names the incident alone
    st.query_params["m"] = case.model
    st.rerun()
view = open_view(require("view", selected_model(require("view"))), "Incidents")
place = draw_header(view)
token = read_token()


def file_of() -> bytes:
    """The file of a download button; asked at the click, outside of any run: the token says who."""
    return export_incidents(state()[0], require("export", view.model, token), view.model)


if case is not None:
    back = (view.model, None)
    st.button("All incidents", key="all", type="tertiary", on_click=open_incident, args=back)
    draw_told(view, case)
    draw_care(case, may=view.viewer.may("respond", case.model))
    draw_evidence(view, case)
    draw_some_rows(view, case)
    draw_story(case)
    st.stop()

cases = list_cases(database, [view.model])
runs = last_runs(database, view.model)
if not runs:
    draw_empty(
        "No monitor has run yet.",
        "The worker runs them some minutes after a model's first import: telltale run starts one.",
    )
    st.stop()
if cases and view.viewer.may("export", view.model):
    with place.popover("Export"):
        st.download_button(
            f"Incidents (CSV, {len(cases)})", file_of, f"{view.model}-incidents.csv",
            key="incidents_csv", on_click="ignore", width="stretch",
        )  # fmt: skip
now = database.clock()
worst = worst_of(cases, now)
with draw_lead(speak_of_cases(cases, now)):
    if worst is not None:
        draw_opener(worst, "Open it", "open_worst", is_first=True)
blind = [run for run in runs if run.error]
for run in blind:
    st.warning(f"{run.monitor} could not look: {run.error}")
loud = [c for c in cases if not c.is_quiet]
groups = {
    "Needs attention": [c for c in loud if c.status(now) in LASTING],
    "Over": [c for c in loud if c.status(now) not in LASTING],
    "Drifted, harmless": [c for c in cases if c.is_quiet],
}
for title, chosen in groups.items():
    if chosen:
        st.subheader(title, anchor=False)
        draw_cases(chosen, title.partition(",")[0].replace(" ", "_"))
draw_silences(view)
see_all(database, view.viewer.user)
