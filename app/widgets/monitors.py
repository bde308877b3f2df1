"""The monitors of a model: how they stand, and one to make or change, with its rehearsal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.core import Finding
from analytics.errors import TelltaleError
from analytics.explain.detectors import DETECTORS
from analytics.monitors.policy import Monitor
from analytics.words import write_list, write_moment, write_value
from app.auth import guarded, require
from app.auth.current import state
from app.cache import desk
from app.monitors.editing import delete_monitor, monitors_of, pause_monitor, save_monitor
from app.monitors.policies import default_monitors
from app.monitors.rehearsal import rehearse_monitor, say_fitted, say_rehearsal
from app.settings import settings_in_force
from app.state.monitors import get_watch, last_runs
from app.widgets.choices import say_number
from app.widgets.lead import Step, draw_lead
from app.widgets.monitor_form import draw_fields, fresh
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from analytics.core import Schema
    from app.widgets.view import View

NEW = "A new one"
SHAPE = {
    "firing": "▲ firing", "pending": "◆ pending", "resolved": "● over", "inactive": "● ok",
    "no data": "◌ no data", "error": "◌ error",
}  # fmt: skip


def condition_of(monitor: Monitor, schema: Schema) -> str:
    """The condition in words."""
    names = [say_number(schema, name) for name in monitor.names or monitor.kind.names]
    what = ", ".join(names) or {
        "drift": "any column", "quality": "any check",
    }.get(monitor.question, "any number")  # fmt: skip
    if monitor.question == "fairness":
        what = f"{what} between {', '.join(monitor.columns)}"
    if monitor.question == "slice":
        what = f"{what} where {monitor.segment}"
    by = f" by {monitor.every}" if monitor.every else ""
    if monitor.rule == "change":
        return f"{what}{by}: {monitor.severity} change, {monitor.n_hold} in a row"
    if monitor.is_detector:
        return f"{what}{by}: {DETECTORS[monitor.rule]} alarms"
    if monitor.rule == "promise":
        return f"{what}{by}: bets against a promise of {write_value(monitor.limit)}"
    return f"{what}{by}: {monitor.rule} {write_value(monitor.limit)}, {monitor.n_hold} in a row"


def standing(states: Mapping[str, str]) -> Finding:
    """The page's sentence: who fires, who is about to, or that all are calm.

    >>> standing({"Drift": "firing", "ROC AUC": "pending", "Volume": "inactive"}).title
    'Drift is firing'
    """
    by = {word: [name for name, state in states.items() if state == word] for word in SHAPE}
    firing, pending = by["firing"], by["pending"]
    silent = len(by["no data"]) + len(by["error"])
    n = f"{len(states)} monitor{'' if len(states) == 1 else 's'}"
    more = f" {write_list(pending)} {_be(pending)} pending: bad once, not yet often enough."
    said = f"{len(firing)} of {n}.{more if pending else ''}"
    if firing:
        return Finding(f"{write_list(firing)} {_be(firing)} firing", said, "critical", 0.0)
    if pending:
        title = f"Nothing is firing; {write_list(pending)} {_be(pending)} pending"
        return Finding(title, f"{n}; bad once, not yet often enough.", "warning", 0.0)
    if silent or not any(by.values()):
        title = "Monitors have not run yet" if not silent else "Not every monitor could judge"
        said = f"{silent} of {n} had no data or an error; the table says why."
        return Finding(title, said if silent else "The worker runs them.", "undefined", 0.0)
    return Finding("Nothing is firing", f"{n}, all calm.", "ok", 0.0)


def _be(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def draw_standing(view: View) -> None:
    """The sentence above the table, with the way to what was found."""
    database = state()[0]
    runs = {run.monitor: run.state for run in last_runs(database, view.model)}
    awake = [m for m in monitors_of(database, view.model) if not m.paused]
    finding = standing({m.name: runs.get(m.identity, "") for m in awake})
    draw_lead(finding, [Step("incidents", "See what they found", {"m": view.model})])


def draw_table(view: View) -> None:
    """One row a monitor: what it asks, how it stands, when it ran and runs next."""
    import pandas as pd

    database, zone = state()[0], settings_in_force().text("display_zone")
    runs = {run.monitor: run for run in last_runs(database, view.model)}
    watch = get_watch(database, view.model)
    rows = []
    for monitor in monitors_of(database, view.model):
        run = runs.get(monitor.identity)
        stands = SHAPE.get(run.state, run.state) if run else "◌ not run yet"
        rows.append(
            {
                "monitor": monitor.name,
                "state": "paused"
                if monitor.paused
                else stands,  # second: a phone shows two columns
                "asks": monitor.question,
                "condition": condition_of(monitor, view.dataset.schema),
                "last run": write_moment(run.at, zone) if run else "–",
                "took": f"{run.duration_s:.1f} s" if run else "–",
                "next run": "–"
                if monitor.paused or not watch
                else write_moment(watch.next_at, zone),
                "trouble": run.error if run else "",
            }
        )
    if all(not row["trouble"] for row in rows):
        for row in rows:
            del row["trouble"]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="monitors", alt=f"{len(rows)} monitors")


def draw_editor(view: View) -> None:
    """Choose one to change, or make one: five fields, the rest behind a fold."""
    error = st.session_state.pop("monitor_problem", None)
    if error is not None:
        problem(error)
    known = {m.name: m for m in monitors_of(state()[0], view.model)}
    chosen = st.selectbox("Monitor", [NEW, *known], key="monitor_chosen", width=320)
    start = known.get(str(chosen)) or fresh(view)
    key = f"mon_{view.model}_{chosen}"
    values = draw_fields(view, start, key)
    name = None if chosen == NEW else str(chosen)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Save",
            type="primary",
            key="monitor_save",
            on_click=_save,
            args=(view.model, values, name),
        )
        is_asked = st.button("Rehearse", key="monitor_try")
        if name is not None:
            word = "Resume" if start.paused else "Pause"
            st.button(
                word,
                key="monitor_pause",
                on_click=_pause,
                args=(view.model, name, not start.paused),
            )
            st.button("Delete", key="monitor_delete", on_click=_delete, args=(view.model, name))
        wanted = st.number_input(
            "Alerts a month", 0.0, 30.0, 1.0, 0.5, key="monitor_wanted", width=150
        )
    saved = st.session_state.pop("monitor_saved", None)
    if saved:
        st.markdown(f"**{plain(saved)} is saved.** It runs within a minute.")
    if is_asked or saved:
        draw_rehearsal(view, values, float(wanted))


def draw_rehearsal(view: View, values: dict[str, Any], wanted: float) -> None:
    """What would have happened over the log's history."""
    from app.monitors.policies import monitor_of

    metric = next(
        (m.name for m in default_monitors(view.dataset) if m.question == "performance"), ""
    )
    try:
        with st.spinner("Rehearsing over the whole log"):
            monitor = monitor_of(values)
            found = rehearse_monitor(desk(), monitor, wanted)
    except TelltaleError as error:
        problem(error)
        return
    with st.container(border=True, key="rehearsal", gap="xsmall"):
        st.markdown(f"**{plain(say_rehearsal(found, metric))}**")
        st.caption(plain(say_fitted(monitor, found, wanted)))
        for alert in found.fired[-8:]:
            where = " of ".join(filter(None, (str(alert.key[0]), alert.key[1])))
            when = f"{alert.fired_at:%Y-%m-%d}" if alert.fired_at and alert.first.start else "–"
            end = (
                f" to {alert.resolved_at:%Y-%m-%d}"
                if alert.resolved_at and alert.first.start
                else ""
            )
            mark = " · a real fall" if found.real and alert in found.real else ""
            st.caption(plain(f"{when}{end}: {where} {write_value(alert.result.value)}{mark}"))


@guarded("configure")
def _save(model: str, values: dict[str, Any], instead: str | None) -> None:
    from app.monitors.policies import monitor_of

    try:
        monitor = monitor_of(values)
        save_monitor(state()[0], require("configure", model), monitor, instead)
    except TelltaleError as error:
        st.session_state["monitor_problem"] = error
    else:
        st.session_state["monitor_saved"] = monitor.name
        st.session_state["monitor_chosen"] = monitor.name


@guarded("configure")
def _pause(model: str, name: str, is_paused: bool) -> None:
    try:
        pause_monitor(state()[0], require("configure", model), model, name, is_paused=is_paused)
    except TelltaleError as error:
        st.session_state["monitor_problem"] = error


@guarded("configure")
def _delete(model: str, name: str) -> None:
    try:
        delete_monitor(state()[0], require("configure", model), model, name)
    except TelltaleError as error:
        st.session_state["monitor_problem"] = error
    else:
        st.session_state["monitor_chosen"] = NEW
