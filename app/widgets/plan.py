"""Label few, know much: how many labels a number needs, the queue of them, and when to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.findings.plan import NAMES, plan_sentence, progress_sentence
from analytics.words import write_count, write_half_width, write_value
from app.auth import guarded, require
from app.cache import dataset_of, desk
from app.charts import need_chart, path_chart
from app.labelling.access import may_set_up
from app.labelling.plans import (
    QUEUE,
    fixed_asking,
    open_project,
    plan_progress,
    put_aside,
    queue_plan,
    start_plan,
)
from app.state.plans import Asking, list_plans
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty, link_to, step_to
from app.widgets.plan_slices import draw_plan_slices
from app.widgets.problem import plain, problem
from app.widgets.view import fetch

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.estimate.plan import Plan
    from app.state.plans import StoredPlan
    from app.widgets.view import View

MORE = 50
POINTS = 100.0
REFRESH_S = 10
_SAID = "_plan_said"


def draw_plan(view: View) -> None:
    """Plans under way, and a form for another; what cannot be planned says why."""
    from analytics.evaluate.plan import plannable_metrics

    metrics = plannable_metrics(view.dataset)
    if not metrics:
        draw_empty("There is nothing to plan.", "A plan needs a log with predictions in it.")
        return
    said = st.session_state.pop(_SAID, None)
    if said is not None:
        problem(said) if isinstance(said, TelltaleError) else st.success(plain(said))
    kept = list_plans(desk().database, view.model)
    for stored in kept:
        _draw_kept(view, stored)
        draw_plan_slices(view, stored)
    if not kept:
        _draw_new(view, metrics)
        return
    with st.expander("Plan another number", key="plan_another", type="compact"):
        _draw_new(view, metrics)


def _draw_new(view: View, metrics: tuple[str, ...]) -> None:
    """What is to be known, how closely, and what that takes."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="plan_goal"):
        metric = st.selectbox(
            "To know",
            metrics,
            format_func=lambda name: NAMES[name].removeprefix("the ").capitalize(),
            key=f"plan_metric_{view.model}",
            width=220,
        )
        scale, unit = _scale(metric)
        within = st.number_input(
            "to within ± points" if unit else "to within ±",
            min_value=0.01,
            value=2.0 if unit else 1.0,
            step=0.5,
            key=f"plan_within_{view.model}_{metric}",
            width=160,
        )
        key = f"plan_asked_{view.model}"
        if st.button("Work out how many labels", key="plan_work_out"):
            st.session_state[key] = (metric, within / scale)
    st.caption("Of the window, version and segment of this page, as they are now.")
    asked = st.session_state.get(key)
    if asked is None or asked != (metric, within / scale):
        return
    name = f"plan:{metric}:{within / scale!r}"
    try:
        found = fetch(view.viewer, view.model, name, view.asked(), "Learning where errors are")
    except TelltaleError as error:
        problem(error)
        return
    _draw_found(view, fixed_asking(found.dataset, found.question), found.value)


def _draw_found(view: View, asking: Asking, plan: Plan) -> None:
    scale, unit = _scale(plan.metric)
    with st.container(border=True, key="plan_found", gap="xsmall"):
        st.markdown(f"**{plain(plan_sentence(plan))}**")
        st.caption(plain(_resting_on(plan)))
        if not may_set_up(view.viewer, view.model):
            st.caption("Somebody who may set up labelling can make a queue of these rows.")
        elif not _has_project(view.model):
            st.caption("Set up labelling for this model first; then these rows can be queued.")
        else:
            st.button(
                f"Queue these {write_count(plan.need.n)} rows",
                key="plan_queue",
                type="primary",
                on_click=_queue,
                args=(asking, plan),
            )
    chart = need_chart(plan, scale, unit)
    if chart is not None:
        caption = "Half of the 95 % interval that is expected after so many labels."
        draw_chart(chart, "plan_need", caption=caption)


def _resting_on(plan: Plan) -> str:
    learned = (
        f"Errors are expected where {write_count(plan.n_history)} labelled rows had them"
        if plan.n_history
        else "No row is labelled yet, so errors are expected where the model is unsure"
    )
    return (
        f"{learned}; a tenth of the chances is spread evenly, so a wrong expectation costs labels"
        f" and never truth. {write_count(plan.n_known)} of {write_count(plan.n_rows)} rows have a"
        " label already and count as they are."
    )


def _has_project(model: str) -> bool:
    try:
        return open_project(desk().database, model) > 0
    except TelltaleError:
        return False


@st.fragment(run_every=REFRESH_S)
@guarded("view")
def _draw_kept(view: View, stored: StoredPlan) -> None:
    """One plan under way: the number so far, its interval shrinking, and whether to go on."""
    plan = stored.plan
    scale, unit = _scale(plan.metric)
    dataset = dataset_of(view.model, view.viewer)
    try:
        found = plan_progress(desk().engine, desk().database, view.viewer, dataset, stored)
    except TelltaleError as error:
        problem(error)
        return
    result, n = found.result, int(found.result.detail["n_from_plan"])
    with st.container(border=True, key=f"plan_{stored.id}", gap="xsmall"):
        st.markdown(f":gray[{plain(_about(stored))}]")
        st.header(plain(_headline(result, found.is_reached)), anchor=False)
        st.markdown(plain(progress_sentence(plan, result, is_reached=found.is_reached)))
        st.progress(min(n / max(plan.need.n, 1), 1.0), f"{n} of {write_count(plan.need.n)} labels")
        notes = []
        if found.n_behind:
            notes.append(f"{found.n_behind} labels further down count once those before them came.")
        if found.n_lost:
            notes.append(f"{found.n_lost} rows that nobody could label are left out.")
        if result.detail.get("is_provisional"):
            notes.append("Provisional: fewer than 300 labels.")
        if notes:
            st.caption(plain(" ".join(notes)))
        _draw_steps(view, stored, n, found.is_reached)
    if chart := path_chart(found, plan, scale, unit):
        caption = (
            "95 % interval after so many labels; grey lines: the width that is the goal."
            f" {result.interval}, {write_count(result.n_labelled or 0)} labels of"
            f" {write_count(result.n)} rows."
        )
        draw_chart(chart, f"plan_path_{stored.id}", caption=caption)


def _draw_steps(view: View, stored: StoredPlan, n: int, is_reached: bool) -> None:
    params = {"m": view.model, "q": QUEUE}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if not is_reached and view.viewer.may("label", view.model):
            step_to("label", "Continue labelling", params)
        elif view.viewer.may("label", view.model):
            link_to("label", "Label more all the same", params)
        if not may_set_up(view.viewer, view.model):
            return
        queued = max(n, stored.plan.need.n)
        left = len(stored.plan.ids) - queued
        if n >= stored.plan.need.n and not is_reached and left > 0:
            more = min(MORE, left)
            st.button(
                f"Queue {more} more", key=f"plan_more_{stored.id}", on_click=_more,
                args=(view.model, stored.id, queued + more),
            )  # fmt: skip
        st.button(
            "Put aside", key=f"plan_close_{stored.id}", type="tertiary", on_click=_close,
            args=(view.model, stored.id),
        )  # fmt: skip


def _headline(result: Result, is_reached: bool) -> str:
    if result.value is None:
        return f"{NAMES[result.name].removeprefix('the ').capitalize()} is not known yet"
    unit = "rate" if result.name == "accuracy" else "label"
    value = write_value(result.value, unit)
    width = write_half_width(result.low, result.high, unit)
    done = "is known" if is_reached else "so far"
    return f"{NAMES[result.name].removeprefix('the ').capitalize()} {done}: {value} {width}"


def _about(stored: StoredPlan) -> str:
    asking = stored.asking
    pieces = [asking.window.replace("T00:00:00", "").replace("..", " to ")]
    pieces += [p for p in (asking.version, asking.segment) if p]
    return f"Plan {stored.id} by {stored.created_by}: {', '.join(pieces)}"


def _scale(metric: str) -> tuple[float, str]:
    return (POINTS, " %") if metric == "accuracy" else (1.0, "")


def _attempt(text: str, error: TelltaleError | None = None) -> None:
    st.session_state[_SAID] = error or text


@guarded()
def _queue(asking: Asking, plan: Plan) -> None:
    viewer = require("view", asking.model)
    try:
        dataset = dataset_of(asking.model, viewer)
        number = start_plan(desk().engine, desk().database, viewer, dataset, asking, plan)
        added = queue_plan(desk().engine, desk().database, viewer, dataset, number, plan.need.n)
    except TelltaleError as error:
        _attempt("", error)
        return
    st.session_state.pop(f"plan_asked_{asking.model}", None)
    known = f"; {added.n_known} were there already" if added.n_known else ""
    over = f"; {added.n_over_budget} were over the budget" if added.n_over_budget else ""
    _attempt(f"{added.n} rows are in the queue{known}{over}.")


@guarded()
def _more(model: str, number: int, n: int) -> None:
    viewer = require("view", model)
    dataset = dataset_of(model, viewer)
    try:
        added = queue_plan(desk().engine, desk().database, viewer, dataset, number, n)
    except TelltaleError as error:
        _attempt("", error)
        return
    _attempt(f"{added.n} more rows are in the queue.")


@guarded()
def _close(model: str, number: int) -> None:
    try:
        put_aside(desk().database, require("view", model), number)
    except TelltaleError as error:
        _attempt("", error)
