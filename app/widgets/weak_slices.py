"""The ranked list of weak slices: what each costs, its line over time, and what to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Result
from analytics.errors import TelltaleError
from analytics.findings import say_conditions, say_cost, say_gap
from analytics.words import unit_of, write_count, write_half_width, write_value
from app.auth import require
from app.cache import desk
from app.charts import DARK, LIGHT, sparkline
from app.long_work import find_work, stop_work
from app.questions import clock
from app.search import KIND, arguments_of, ask_search, is_long, results_of
from app.widgets.empty_state import draw_empty, link_to
from app.widgets.finding_row import chip
from app.widgets.problem import plain, problem
from app.widgets.slice_builder import DRAFT, conditions_of, look_at
from app.widgets.slice_click import row_clicks
from app.widgets.slice_keys import draw_keys, marked_of
from app.widgets.slice_link import has_own_truth, label_params
from app.widgets.slice_saved import pin_b

if TYPE_CHECKING:
    from app.questions import Asked
    from app.widgets.slice_builder import Shown
    from app.widgets.view import View

BEAT_S = 1.0


def find_weak(view: View, asked: Asked) -> list[Result] | None:
    """The answer of the search; None while the worker is at it, which is then shown."""
    if not is_long(view.dataset):
        found: list[Result] = view.answer_of("slices", asked).value
        return found
    moment = view.selection.as_of or clock(view.dataset, desk().now())
    arguments = arguments_of(view.dataset, asked, moment)
    job = ask_search(view.viewer, desk().database, arguments)
    if job.state == "done":
        return results_of(job)
    if job.state == "failed" and job.error is not None:
        problem(TelltaleError(*job.error))
        return None
    _draw_search(view.model, arguments)
    return None


@st.fragment(run_every=BEAT_S)
def _draw_search(model: str, arguments: dict[str, object]) -> None:
    viewer = require("explore", model)
    job = find_work(desk().database, KIND, arguments)
    if job is None or job.state not in ("queued", "running"):
        st.rerun(scope="app")
    assert job is not None
    st.progress(job.progress, text=f"◌ Looking for weak slices: {plain(job.message)}")
    if st.button("Stop", key="stop_search", type="tertiary"):
        stop_work(viewer, desk().database, job)
        st.session_state.search_stopped = True
        st.rerun(scope="app")


def draw_weak(view: View, results: Sequence[Result], least: int, shown: Shown | None) -> None:
    """The weak slices with enough rows; what was looked at and found sound stands below."""
    most = 3 if shown else 5
    weak = [r for r in results if r.verdict in ("warning", "critical")]
    large = [r for r in weak if is_large(r, least)]
    if not view.has_labels:
        draw_empty(
            "No labelled row in this window.", "Slices are judged by labels: import them first."
        )
    elif not large:
        draw_empty(
            "No weak slice." if not weak else f"No weak slice has {write_count(least)} rows.",
            "Nothing is clearly worse than the rest here."
            if not weak
            else "Lower the least number of rows to see smaller ones.",
        )
    can_label = not has_own_truth(view) and view.viewer.may("label", view.model)
    if large or shown:
        draw_keys(large[:most], shown)
    marked = marked_of(len(large[:most]))
    for i, r in enumerate(large[:most]):
        draw_slice(r, i, can_label=can_label, is_marked=i == marked)
    if len(large) > most or len(weak) < len(results):
        _draw_more(view, results)


def is_large(r: Result, least: int) -> bool:
    """Whether a slice has the labelled rows that are asked for."""
    return int(r.detail["n_all"]) >= least


def draw_slice(r: Result, i: int, *, can_label: bool, is_marked: bool = False) -> None:
    """One slice as a row."""
    conditions = conditions_of(r)
    unit = unit_of(r)
    width = write_half_width(r.low, r.high, unit)
    new = (
        f" :blue-badge[new since {plain(str(r.detail['since']))}]" if r.detail.get("is_new") else ""
    )
    with st.container(key=f"finding_slice_{i}", gap="xsmall"):
        left, line, right = st.columns([8, 2, 3], vertical_alignment="center", gap="small")
        said = (
            f"{write_value(r.value, unit)} {width} · {say_gap(r)} ({_ends(r)}) ·"
            f" {write_count(int(r.detail['n_all']))} rows,"
            f" {write_value(r.detail['share'], 'rate')} · {say_cost(r)}"
        )
        mark = ":blue[▸] " if is_marked else ""
        left.markdown(
            f"{mark}{chip(r.verdict)} **{plain(say_conditions(r.segment))}**{new}  \n:small[:gray[{plain(said)}]]"
        )
        trend = r.detail.get("trend") or []
        if sum(v is not None for v in trend) > 1:
            ink = DARK if st.context.theme.type == "dark" else LIGHT
            alt = f"{r.detail['label']} where {say_conditions(r.segment)}, over time"
            line.image(sparkline(trend, ink), width="stretch", alt=alt)
        with right.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            st.button("Open", key=f"open_{i}", on_click=look_at, args=(conditions,))
            st.button(
                "Compare", key=f"pin_{i}", on_click=pin_b, args=(str(r.segment),), type="tertiary",
                help="Put it beside the slice that is open",
            )  # fmt: skip
            if can_label:
                link_to("label", "Label 20", label_params(str(r.segment)))


def _ends(r: Result) -> str:
    """The interval of the gap, smallest first."""
    low, high = sorted(abs(float(r.detail[k])) for k in ("gap_low", "gap_high"))
    if float(r.detail["gap_low"]) <= 0:
        low = float(r.detail["gap_low"])
    if unit_of(r) == "share":
        return f"{100 * low:.1f} to {100 * high:.1f}"
    return f"{write_value(low)} to {write_value(high)}"


def _draw_more(view: View, results: Sequence[Result]) -> None:
    import pandas as pd

    with st.expander(f"All {len(results)} that were checked", key="all_slices", type="compact"):
        table = pd.DataFrame(
            {
                "slice": [say_conditions(r.segment) for r in results],
                "says": [chip_text(r) for r in results],
                "value": [write_value(r.value, unit_of(r)) for r in results],
                "than the rest": [say_gap(r) for r in results],
                "adjusted p": [write_value(r.detail.get("p_adjusted"), "p") for r in results],
                "labelled rows": [int(r.detail["n_all"]) for r in results],
                "cost": [round(float(r.detail["gain"])) for r in results],
            }
        )
        ways = [{DRAFT: str(r.segment)} for r in results]
        st.dataframe(
            table, hide_index=True, key="slices_table", alt=f"{len(table)} slices",
            **row_clicks(view, "slices_table", ways),
        )  # fmt: skip
        st.caption(
            "Value and gap come from the half of the rows that the search did not see; p-values are"
            " adjusted for all slices checked (Benjamini-Hochberg)."
        )


def chip_text(r: Result) -> str:
    """The verdict of a slice in a word."""
    return {"critical": "▲ weak", "warning": "◆ weak"}.get(r.verdict, "● not clearly")
