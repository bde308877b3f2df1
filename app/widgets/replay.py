"""A replay on the screen: asked for, under way, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.core import Verdict
from analytics.errors import TelltaleError
from analytics.query.engine import Cancel
from analytics.words import write_moment
from app.auth import guarded, require
from app.auth.current import read_token
from app.cache import desk
from app.charts.replay import replay_chart
from app.long_work import find_work, stop_work
from app.monitors.asked import KIND, MASKED, PERIODS, arguments_of, ask_replay, find_older
from app.monitors.replayed import say_raised, speak_of_replay
from app.report.replay import RULES, peers_table, replay_file
from app.settings import settings_in_force
from app.state.jobs import Job
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty, link_to
from app.widgets.finding_row import chip
from app.widgets.lead import draw_lead
from app.widgets.problem import plain, problem
from app.widgets.tables import data_table

if TYPE_CHECKING:
    from app.widgets.view import View

Plain = Mapping[str, Any]
BEAT_S = 1.0
PERIOD = "replay_period"


def draw_replay(view: View, place: Any) -> None:
    """The choice of a period, and the replay of it: under way, failed, done, or not asked for yet."""
    may = view.viewer.may("explore", view.model)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        arguments = arguments_of(desk(), view.dataset, _draw_period(view))
        job = find_work(desk().database, KIND, arguments)
        if may and (job is None or job.state not in ("queued", "running")):
            word = "Walk the log again" if job is not None else "Walk the log"
            kind: Any = "secondary" if job is not None else "primary"
            st.button(word, key="replay_go", type=kind, on_click=_ask, args=(view.model,))
    if job is not None and job.state in ("queued", "running"):
        _draw_work(view.model, arguments)
        return
    if job is not None and job.state == "failed" and job.error is not None:
        problem(TelltaleError(*job.error))
        return
    older = job or find_older(desk().database, arguments)
    if older is None or not older.result:
        do = "Press Walk the log." if may else "A data scientist may ask for it."
        draw_empty(
            "Bring last year's log, see last year's incidents.",
            "Telltale walks the log period by period, each with only what was known then, and lists"
            f" the incidents that it would have raised, beside the alerts of other rules. {do}",
        )
        return
    if job is None:
        _say_older(older)
    draw_told(view, older, place)


def _draw_period(view: View) -> str:
    if not view.has_times:
        return "all"
    chosen = st.segmented_control(
        "Period", list(PERIODS), default="all", key=PERIOD, format_func=PERIODS.__getitem__,
        required=True,
    )  # fmt: skip
    return str(chosen or "all")


@guarded("explore")
def _ask(model: str) -> None:
    viewer = require("explore", model)
    dataset = desk().dataset(model)
    seen = dataset if viewer.may("see_sensitive", model) else dataset.without_sensitive()
    period = str(st.session_state.get(PERIOD) or "all")
    ask_replay(viewer, desk().database, arguments_of(desk(), seen, period))


@st.fragment(run_every=BEAT_S)
def _draw_work(model: str, arguments: dict[str, Any]) -> None:
    viewer = require("view", model)
    job = find_work(desk().database, KIND, arguments)
    if job is None or job.state not in ("queued", "running"):
        st.rerun(scope="app")
    assert job is not None
    st.progress(job.progress, text=f"◌ Walking the log: {plain(job.message)}")
    if viewer.may("explore", model) and st.button("Stop", key="stop_replay", type="tertiary"):
        stop_work(viewer, desk().database, job)
        st.rerun(scope="app")


def _say_older(job: Job) -> None:
    zone = settings_in_force().text("display_zone")
    at = write_moment(job.finished_at, zone) if job.finished_at else ""
    st.caption(f"◌ Walked {at}: log, period or monitors have changed since.")


def draw_told(view: View, job: Job, place: Any) -> None:
    """What a replay found: the sentence, the line of time, the incidents, the other rules."""
    told: Plain = job.result or {}
    draw_lead(speak_of_replay(told))
    _draw_export(view, job, place)
    caption = (
        "A dot: raised, with what was known then. A diamond: labels that had all come showed it."
    )
    draw_chart(
        replay_chart(told), "replay_chart", title="What it would have raised", caption=caption
    )
    incidents = told["incidents"]
    for title, is_quiet in (("Incidents", False), ("Drifted, harmless", True)):
        chosen = [i for i in incidents if (i["kind"] == "harmless") == is_quiet]
        if chosen:
            st.subheader(title, anchor=False)
            for i, incident in enumerate(chosen):
                _draw_incident(view, incident, f"{is_quiet:d}_{i}")
    if told["peers"]:
        st.subheader("Other tools' default rules", anchor=False)
        st.caption(f"{RULES} Counted, whatever they are.")
        data_table(peers_table(told["peers"]), "replay_peers")
    for monitor in told["monitors"]:
        if monitor["error"]:
            st.warning(plain(f"{monitor['name']} could not look: {monitor['error']}"))


def _draw_incident(view: View, incident: Plain, key: str) -> None:
    zone = settings_in_force().text("display_zone")
    verdict: Verdict = "critical" if incident["severity"] == "critical" else "warning"
    badge = ":gray-badge[○ harmless]" if incident["kind"] == "harmless" else chip(verdict)
    with st.container(key=f"finding_replay_{key}", gap="xsmall"):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            st.markdown(f"{badge} :gray[{plain(incident['when'])}]", width="content")
            with st.container(horizontal=True, gap="small", width="content"):
                if view.viewer.may("explore", view.model):
                    link_to("explore", "Its rows", dict(incident["links"]["explore"]))
                if "performance" in incident["links"]:
                    link_to("performance", "The metric", dict(incident["links"]["performance"]))
                elif "drift" in incident["links"]:
                    link_to("drift", "The column", dict(incident["links"]["drift"]))
        st.markdown(f"**{plain(incident['title'])}**")
        then = f" It was told as: {incident['then']}." if incident["then"] else ""
        st.caption(plain(f"{say_raised(incident, zone)}{then} {incident['sentence']}"))


def _draw_export(view: View, job: Job, place: Any) -> None:
    if not view.viewer.may("export", view.model):
        return
    with place.popover("Export"):
        st.download_button(
            "Replay (HTML)", partial(make_file, view.model, job, read_token()),
            f"{view.model}-replay.html", "text/html", key="replay_html", on_click="ignore",
            help="One file with its charts in it; it opens without a network.", width="stretch",
        )  # fmt: skip


def make_file(model: str, job: Job, token: str | None) -> bytes:
    """The file of the button; asked at the click, outside of any run: the token says who."""
    viewer = require("export", model, token)
    is_masked = str(job.arguments["print"]).endswith(MASKED)
    seen = desk().under(Cancel(), is_masked=is_masked)
    text = replay_file(seen, job.result or {}, str(job.arguments["window"]), actor=viewer.user)
    return text.encode()
