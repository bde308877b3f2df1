"""Overview: one sentence, the numbers that matter, the main metric over time, what changed most."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analytics.findings import choose
from app.auth import require
from app.widgets.choices import default_every, headline_metrics, say_every
from app.widgets.export import draw_export
from app.widgets.finding_row import draw_findings
from app.widgets.first_steps import steps_to_a_verdict
from app.widgets.header import draw_header
from app.widgets.health import draw_health
from app.widgets.label.home import draw_home
from app.widgets.label.step import with_label_step
from app.widgets.lead import draw_lead, draw_steps, steps_of
from app.widgets.metric_card import Card, draw_cards
from app.widgets.over_time import draw_over_time
from app.widgets.overview_answers import read_overview
from app.widgets.owner import draw_owner, is_owner
from app.widgets.quality_parts import draw_volume
from app.widgets.view import open_view, selected_model

if require("view").only_labels:
    draw_home(require("label"))
    st.stop()
viewer = require("view", selected_model(require("view")))
view = open_view(viewer, "Overview")
place = draw_header(view)
lead, cards, owner, middle = st.container(), st.empty(), st.container(), st.container()
every = default_every(view)
names = headline_metrics(view)[:2]


def draw_early(first: Sequence[Card]) -> None:
    """The first numbers stand while the rest is being worked out."""
    with cards.container():
        draw_cards(first, "early_")


found = read_overview(view, names, every, draw_early)
opening = found.opening()
with lead:
    steps = draw_lead(opening)
with cards.container():
    draw_cards(found.cards)
if is_owner(view):
    with owner:
        draw_owner(view, every)
with middle:
    left, right = st.columns([5, 3], gap="small")
    with left, st.container(border=True, height="stretch", gap="xsmall"):
        if names:
            st.subheader(f"{found.label} by {say_every(every)}", anchor=False)
            draw_over_time(view, found.split, every, height=335)
        else:
            cut = "day" if view.has_times else every
            draw_volume(view, view.ask("quality", "Checking the data", every=cut), cut)
    side = right.container(border=True, height="stretch", gap="small")

is_quality_left = found.is_quality_left
changes = found.changes()
with steps:
    ways = with_label_step(view, opening, steps_of([opening, *changes], "overview"))
    is_open = opening.verdict == "undefined"
    draw_steps([*steps_to_a_verdict(view), *ways] if is_open else ways)
with side:
    st.subheader("What changed most", anchor=False)
    if changes:
        draw_findings(choose([f for f in changes if f.title != opening.title]))
    else:
        calm = "Nothing moved beyond its band in this window."
        st.markdown(
            calm if view.has_reference else "◌ Without a reference it cannot be said what changed."
        )
    if is_quality_left:
        st.caption("Values of so many rows are checked on the page Data quality, then here too.")
draw_export(place, view, [*found.whole, *found.head, *found.split], "overview", {"every": every})
draw_health(view)
