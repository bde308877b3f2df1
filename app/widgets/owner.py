"""The product owner's part of the Overview: is the model helping, what people do and say, what is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_count, write_day, write_half_width, write_value
from app.cache import desk
from app.navigation import existing_pages
from app.session import selection_params
from app.widgets.behaviour import SIMULATED_NOTE, say_worth
from app.widgets.empty_state import link_to
from app.widgets.metric_card import Card, draw_cards
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.evaluate.decisions import Worth
    from analytics.evaluate.panels import Seen
    from app.widgets.view import View

OWNER = "product_owner"
CARDS = ("decision_gain", "acceptance", "over_reliance", "under_reliance", "negative_rate")


@dataclass(frozen=True, slots=True)
class Owned:
    """What an owner is told: numbers about people, what they say, what is open, what it is worth."""

    people: Sequence[Result] = ()
    people_series: Sequence[Result] = ()
    said: Sequence[Result] = ()
    said_series: Sequence[Result] = ()
    worth: Worth | None = None
    seen: Seen | None = None
    n_open: int = 0
    oldest: Any = None
    problems: list[TelltaleError] = field(default_factory=list)


def is_owner(view: View) -> bool:
    """Whether this is the home of somebody who owns the product."""
    return view.viewer.role == OWNER


def read_owned(view: View, every: str) -> Owned:
    """Ask what people do and say; a part that cannot be answered leaves the others."""
    found: dict[str, Any] = {}
    problems: list[TelltaleError] = []

    def ask(name: str, key: str, what: str, **changes: Any) -> None:
        try:
            found[key] = view.ask(name, what, **changes)
        except TelltaleError as error:
            problems.append(error)

    cut = {"every": every} if view.has_times else {}
    if view.dataset.log("events").n_rows:
        ask("behaviour", "people", "Counting what people do")
        ask("behaviour", "people_series", f"Cutting by {every}", **cut)
        ask("behaviour:seen", "seen", "Reading events")
        ask("behaviour:worth", "worth", "Adding up what decisions are worth")
    if view.dataset.log("feedback").n_rows:
        ask("feedback", "said", "Reading feedback")
        ask("feedback", "said_series", f"Cutting by {every}", **cut)
    if view.viewer.may("feedback", view.model):
        from app.state.inbox import load_of

        load = load_of(desk().database, view.model)
        found |= {"n_open": load.n_open, "oldest": load.oldest}
    return Owned(**found, problems=problems)


def draw_owner(view: View, every: str) -> None:
    """Sentences first, then their numbers; nothing where nobody has told anything."""
    found = read_owned(view, every)
    if not (found.people or found.said or found.n_open or found.problems):
        return
    with st.container(border=True, key="owner", gap="xsmall"):
        st.subheader("Is it helping?", anchor=False)
        for sentence, page, label in sentences(found):
            _line(sentence, page, label)
        if found.seen is not None and found.seen.extent.n_simulated:
            st.caption(SIMULATED_NOTE)
        cards = cards_of(found)
        if cards:
            draw_cards(cards)
        for error in found.problems[:1]:
            problem(error)


def _line(sentence: str, page: str, label: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(sentence)
        if any(entry.file == page for entry in existing_pages()):
            link_to(page, label, selection_params(st.query_params.to_dict()))


def sentences(found: Owned) -> list[tuple[str, str, str]]:
    """(sentence, page, what its link says) in plain words."""
    said = []
    if found.worth is not None:
        said.append((say_worth(found.worth), "behaviour", "What a decision is worth"))
    by_name = {r.name: r for r in found.people}
    accept, over = by_name.get("acceptance"), by_name.get("over_reliance")
    if accept is not None and accept.value is not None:
        text = f"People accept **{_number(accept)}** of predictions"
        if over is not None and over.value is not None:
            text += f", and **{_number(over)}** of the wrong ones"
        said.append((f"{text} ({write_count(accept.n)} decisions).", "behaviour", "What people do"))
    rate = next((r for r in found.said if r.name == "negative_rate"), None)
    opened = _open(found)
    if rate is not None and rate.value is not None:
        text = f"**{_number(rate)}** of what users judged was negative ({write_count(rate.n)} judgements)"
        said.append((f"{text}; {opened}.", "feedback", "The inbox"))
    elif found.n_open:
        said.append((f"{opened[:1].upper()}{opened[1:]}.", "feedback", "The inbox"))
    return said


def _open(found: Owned) -> str:
    if not found.n_open:
        return "nothing is open"
    verb = "item is" if found.n_open == 1 else "items are"
    since = f", the oldest since {plain(write_day(found.oldest))}" if found.oldest else ""
    return f"**{write_count(found.n_open)}** {verb} open{since}"


def _number(result: Result) -> str:
    width = write_half_width(result.low, result.high, "rate")
    return f"{write_value(result.value, 'rate')} {width}".strip()


def cards_of(found: Owned) -> list[Card]:
    """Acceptance beside both ways to be wrong, and the share of bad judgements."""
    whole = {r.name: r for r in (*found.people, *found.said)}
    series = [*found.people_series, *found.said_series]
    return [
        (whole[name], [s for s in series if s.name == name], "") for name in CARDS if name in whole
    ]
