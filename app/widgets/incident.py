"""One incident: what happened, the evidence, some of its rows, and links that look at them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.errors import TelltaleError
from analytics.query.explore import Listing, Only
from analytics.words import unit_of, write_count
from app.cache import desk
from app.charts import Look
from app.charts.incident import incident_chart
from app.explore import list_rows
from app.monitors.asking import question_of
from app.monitors.saying import (
    link_params,
    say_when,
    sentence_of,
    span_of,
    title_of,
)
from app.session import KEYS
from app.settings import settings_in_force
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty, link_to
from app.widgets.incident_list import chip_of, say_care
from app.widgets.lead import Step, draw_steps
from app.widgets.over_time import say_caption
from app.widgets.prediction import ordered
from app.widgets.problem import plain, problem, title_text

if TYPE_CHECKING:
    from analytics.core import Result
    from app.state.incidents import Case
    from app.widgets.view import View

AROUND = timedelta(days=120)
ROWS = 8
LABELS = {
    "explore": "Open its rows",
    "performance": "The metric",
    "why": "Why it moved",
    "drift": "The drift",
    "quality": "The column's data",
    "slices": "Where it does worse",
}


def draw_told(view: View, case: Case) -> None:
    """The lead: what, when, and where to look; the rows first."""
    zone = settings_in_force().text("display_zone")
    found = case.found
    with st.container(border=True, key="lead", gap="xsmall"):
        st.markdown(f"{chip_of(case)} :gray[{plain(say_when(found, zone))}]")
        st.header(title_text(title_of(found)), anchor=False)
        st.markdown(plain(sentence_of(found)))
        st.caption(plain(f"Incident {case.id}, {say_care(case, desk().database.clock())}."))
        steps = _steps(view, case)
        draw_steps(steps[:3])
    rest = steps[3:]
    if rest:
        with st.container(horizontal=True, gap="small"):
            for step in rest:
                link_to(step.page, step.label, dict(step.params))


def _steps(view: View, case: Case) -> list[Step]:
    params = link_params(case.found, case.model, _ends(view))
    order = ("explore", "why", "performance", "quality", "drift", "slices")
    may = view.viewer.may("explore", case.model)
    shown = [p for p in order if p in params and (may or p not in ("explore", "why", "slices"))]
    return [Step(page, LABELS[page], params[page]) for page in shown]


def _ends(view: View) -> datetime:
    """The end of a link's window where the incident lasts: the day after the log's present."""
    return datetime.combine(view.now.date() + timedelta(days=1), datetime.min.time())


def draw_evidence(view: View, case: Case) -> None:
    """The number that raised it, over time; for a loss with a fault, the fault beside it."""
    facts = case.found.facts
    fact, loss = facts.get("cause") or {}, facts.get("consequence")
    shown = [fact] if not loss or loss.get("name") == fact.get("name") else [fact, loss]
    for i, (column, one) in enumerate(zip(st.columns(len(shown)), shown, strict=True)):
        with column, st.container(border=True, height="stretch", gap="xsmall"):
            where = f" of {one['column']}" if one.get("column") else ""
            st.subheader(plain(f"{one.get('label')}{where} by {one.get('every')}"), anchor=False)
            try:
                _draw_series(view, case, one, f"evidence_{i}")
            except TelltaleError as error:
                problem(error)


def _draw_series(view: View, case: Case, fact: dict[str, Any], key: str) -> None:
    found = series_of(view, case, fact)
    unit = unit_of(found[0]) if found else None
    span = span_of(case.found)
    ends = (span.first_row, span.last_row) if span.is_rows else (span.start, span.end)
    chart = incident_chart(
        found, Look(unit, 260, versions=view.versions), ends, is_quiet=case.is_quiet
    )
    said = say_caption(found, str(fact.get("every")), is_selectable=False)
    draw_chart(chart, key, caption=f"Tinted: the incident. {said}")


def series_of(view: View, case: Case, fact: dict[str, Any]) -> list[Result]:
    """The answers of the monitor's question, period by period, around the incident."""
    span, column = span_of(case.found), fact.get("column")
    window = "all"
    if not span.is_rows and span.start is not None:
        last = (span.end or view.now) + AROUND
        window = f"{(span.start - AROUND):%Y-%m-%d}..{last:%Y-%m-%d}"
    question, is_frozen = str(fact["question"]), fact.get("name") == "frozen"
    is_whole = question in ("drift", "quality", "feedback", "behaviour", "fairness")
    found: list[Result] = view.ask(
        question_of(question, column), "Reading the evidence", window=window, every=fact.get("every"),
        reference=fact.get("compared"), segment=fact.get("segment"), version=fact.get("version"),
        names=(str(fact["name"]),) if is_frozen or not is_whole else (),
        columns=(str(column),) if column and column in _features(view) else (),
    )  # fmt: skip
    return [
        r for r in found
        if r.name == fact.get("name") and r.column == column and "class" not in r.detail
    ]  # fmt: skip


def _features(view: View) -> set[str]:
    return {c.name for c in view.dataset.schema.features}


def draw_some_rows(view: View, case: Case) -> None:
    """A few of the rows behind it: the wrong ones of a loss, those that a fault touches."""
    import pandas as pd

    if not view.viewer.may("explore", case.model):
        return
    params = link_params(case.found, case.model, _ends(view))["explore"]
    is_loss = case.found.kind == "harm" and view.dataset.schema.task != "none"
    order = "timestamp" if view.has_times else "prediction"
    asked = view.asked(window=params[KEYS["window"]], segment=params.get(KEYS["segment"]))
    only: Only = "wrong" if is_loss and KEYS["segment"] not in params else "all"
    found = list_rows(view.viewer, view.model, asked, Listing(order, False, only, 0, ROWS))
    st.subheader("Some of its rows", anchor=False)
    if not found.rows:
        draw_empty("No row is left.", "The window holds none; open Explore to look around.")
        return
    which = "rows on which the model was wrong" if only == "wrong" else "rows"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"The first {len(found.rows)} of {write_count(found.n)} {which}")
        link_to("explore", "All of them in Explore", params)
    st.dataframe(
        pd.DataFrame(found.rows, columns=list(found.columns)), hide_index=True,
        key="incident_rows", column_order=ordered(found), placeholder="–", height=240,
        alt=f"{len(found.rows)} rows",
    )  # fmt: skip
