"""Incidents as rows: what happened, since when, who looks after it, and the link that opens it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from analytics.core import Finding
from analytics.words import write_count
from app.auth import guarded
from app.cache import desk
from app.monitors.saying import say_when, sentence_of, title_of, verdict_of, word_of
from app.session import KEYS
from app.settings import settings_in_force
from app.state.incidents import Case
from app.widgets.finding_row import chip
from app.widgets.problem import plain

INCIDENT = "incident"
WORKER = "worker"
MOST = 12
LASTING = ("open", "taken", "put off")


def chip_of(case: Case) -> str:
    """Shape and word: what it is, then where it stands."""
    found = case.found
    if found.kind == "harmless":
        return ":gray-badge[○ harmless]"
    return chip(verdict_of(found), word_of(found))


def say_care(case: Case, now: datetime) -> str:
    """Where it stands and who looks after it."""
    status = case.status(now)
    if status == "put off" and case.snoozed_until is not None:
        return f"put off until {case.snoozed_until:%-d %B, %H:%M} UTC"
    who = case.assigned_to or case.acknowledged_by
    if status == "joined":
        return f"part of incident {case.joined_to}"
    if status == "closed":
        return "closed" if case.closed_by == WORKER else f"closed by {case.closed_by}"
    if status == "over":
        return str(status)
    return f"{status}, {who} looks after it" if who else f"{status}, nobody looks after it yet"


def draw_cases(cases: Sequence[Case], key: str, *, with_model: bool = False) -> None:
    """One row an incident; the older ones behind a fold."""
    _draw_rows(cases[:MOST], key, with_model=with_model)
    if len(cases) > MOST:
        with st.expander(f"{write_count(len(cases) - MOST)} older ones", key=f"older_{key}"):
            _draw_rows(cases[MOST : 10 * MOST], f"{key}_older", with_model=with_model)


def _draw_rows(cases: Sequence[Case], key: str, *, with_model: bool) -> None:
    now, zone = desk().database.clock(), settings_in_force().text("display_zone")
    for i, case in enumerate(cases):
        with st.container(key=f"finding_{key}_{i}", gap="xsmall"):
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                st.markdown(
                    f"{chip_of(case)} :gray[{plain(say_when(case.found, zone))}]", width="content"
                )
                draw_opener(case, f"Incident {case.id}", f"open_{key}_{case.id}")
            st.markdown(f"**{plain(title_of(case.found))}**")
            model = f"{case.model} · " if with_model else ""
            care = say_care(case, now)
            st.caption(plain(f"{model}{care[:1].upper()}{care[1:]}. {sentence_of(case.found)}"))


def draw_opener(case: Case, label: str, key: str, *, is_first: bool = False) -> None:
    """A button that opens an incident on this page: a link to the same page keeps the old address."""
    kind = "primary" if is_first else "tertiary"
    st.button(label, key=key, type=kind, on_click=open_incident, args=(case.model, case.id))  # type: ignore[arg-type]


def draw_opener_of(model: str, number: int) -> None:
    """A button that opens an incident by its number."""
    label, key = f"Open incident {number}", f"open_part_{number}"
    st.button(label, key=key, type="tertiary", on_click=open_incident, args=(model, number))


@guarded("view")
def open_incident(model: str, number: int | None) -> None:
    """Put the incident into the address, or take it out: the page checks the right to the model."""
    st.query_params[KEYS["model"]] = model
    if number is None:
        st.query_params.pop(INCIDENT, None)
    else:
        st.query_params[INCIDENT] = str(number)


def worst_of(cases: Sequence[Case], now: datetime) -> Case | None:
    """The incident that the page speaks of: the most severe that lasts."""
    lasting = [c for c in cases if not c.is_quiet and c.status(now) in LASTING]
    return min(lasting, key=lambda c: (c.found.severity != "critical", -c.id), default=None)


def speak_of_cases(cases: Sequence[Case], now: datetime) -> Finding:
    """What the page says first: the worst that lasts, or that nothing does."""
    loud = [c for c in cases if not c.is_quiet]
    lasting = [c for c in loud if c.status(now) in LASTING]
    n_quiet = len(cases) - len(loud)
    quiet = f" {write_count(n_quiet)} drifted and did no harm." if n_quiet else ""
    if not lasting:
        over = f"{write_count(len(loud))} are over." if loud else "None was raised so far."
        return Finding("No incident is open.", f"{over}{quiet}", "ok", 0.0)
    worst, n = worst_of(lasting, now) or lasting[0], len(lasting)
    rest = f" {write_count(n - 1)} more {'is' if n == 2 else 'are'} open." if n > 1 else ""
    return Finding(
        title_of(worst.found),
        f"{sentence_of(worst.found)}{rest}{quiet}",
        verdict_of(worst.found),
        1.0,
    )
