"""The bell: how many incidents are new to the viewer, and the latest that are open."""

from __future__ import annotations

import streamlit as st

from app.auth.current import state
from app.auth.viewer import Viewer
from app.monitors.saying import title_of
from app.session import KEYS
from app.state.incidents import count_unread, list_cases
from app.state.monitors import watched
from app.widgets.empty_state import link_to
from app.widgets.incident_list import INCIDENT, LASTING, chip_of, draw_opener
from app.widgets.problem import plain

MOST, PAGE = 5, "incidents"


def draw_bell(viewer: Viewer, here: str) -> None:
    """A small menu; its list is read only when it is opened."""
    database = state()[0]
    models = viewer.models(sorted(watched(database)))
    if not models:
        return
    n = count_unread(database, viewer.user, models)
    label = f"Alerts :red-badge[{n} new]" if n else "Alerts"
    with st.popover(label, key="bell", type="tertiary", on_change="rerun") as box:
        if not box.open:
            return
        now = database.clock()
        cases = list_cases(database, models)
        lasting = [c for c in cases if not c.is_quiet and c.status(now) in LASTING]
        for case in lasting[:MOST]:
            st.markdown(f"{chip_of(case)} {plain(title_of(case.found))}")
            label = f"{case.model}, incident {case.id}"
            if here == PAGE:
                draw_opener(case, label, f"bell_{case.id}")
            else:
                link_to(PAGE, label, {KEYS["model"]: case.model, INCIDENT: str(case.id)})
        if not lasting:
            st.caption("No incident is open.")
        elif len(lasting) > MOST:
            st.caption(
                f"{len(lasting) - MOST} more are open; see the page Incidents of each model."
            )
