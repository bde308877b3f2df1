"""The machine behind a model on the page Serving: what was full first, what it costs, silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from analytics.serving.resources import FULL, MIN_FULL, first_full, has_gpu, share_full
from analytics.words import write_count, write_half_width, write_moment, write_value
from app.auth import guarded, require
from app.cache import desk
from app.settings import settings_in_force
from app.terms import MOST_CURRENCY, Terms, in_currency, set_terms, terms_of
from app.widgets.empty_state import draw_empty
from app.widgets.metric_card import draw_cards
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.serving.resources import Use
    from app.widgets.view import View

NO_GPU = "No GPU was measured."


def draw_machine(view: View) -> None:
    """Which resource was full first, all of them as a table, and what predictions cost."""
    found: Sequence[Use] = view.ask("machine", "Reading resources")
    if not found:
        draw_empty(
            "No resources were measured.",
            "Send samples with `telltale agent`, or import a file with --kind resources.",
        )
    else:
        st.markdown(plain(_say(found)))
        _draw_uses(found)
    _draw_cost(view)


def _say(found: Sequence[Use]) -> str:
    first = first_full(found)
    gpu = "" if has_gpu([u.resource.column for u in found]) else f" {NO_GPU}"
    if first is None or first.first_full is None:
        return f"No resource was at {FULL:g} % or more in {MIN_FULL} samples or more.{gpu}"
    share = share_full(first)
    ends = write_half_width(share.low, share.high, "rate")
    return (
        f"{first.resource.name} was full first: {FULL:g} % or more from {_moment(first.first_full)}"
        f" on, in {write_value(share.value, 'rate')} {ends} of {write_count(first.n)} samples.{gpu}"
    )


def _moment(moment: datetime) -> str:
    return write_moment(moment, settings_in_force().text("display_zone"))


def _draw_uses(found: Sequence[Use]) -> None:
    import pandas as pd

    st.dataframe(
        pd.DataFrame([_row(use) for use in found]),
        hide_index=True,
        key="resources",
        width="stretch",
        alt=f"{len(found)} resources",
    )
    st.caption(
        f"Full is {FULL:g} % or more. ± is half of Wilson's 95 % interval; samples that follow each"
        " other are alike, so it is on the narrow side."
    )


def _row(use: Use) -> dict[str, object]:
    share = share_full(use)
    full = "no limit known"
    if share.value is not None:
        ends = write_half_width(share.low, share.high, "rate")
        full = f"{write_value(share.value, 'rate')} {ends}"
    return {
        "resource": use.resource.name,
        "unit": use.resource.unit or "not named",
        "mean": f"{use.mean:,.4g}",
        "95 % of samples under": f"{use.p95:,.4g}",
        "highest": f"{use.largest:,.4g}",
        "full": full,
        "full from": _moment(use.first_full) if use.was_full and use.first_full else "",
        "samples": use.n,
    }


def _draw_cost(view: View) -> None:
    st.subheader("Cost", anchor=False)
    saved = terms_of(desk().database, view.model)
    with st.container(horizontal=True, vertical_alignment="bottom", key="cost_fields"):
        price = st.number_input(
            "All machines, an hour", min_value=0.0, value=saved.price_per_hour or 0.0, width=180,
            key=f"price_{view.model}", format="%g",
        )  # fmt: skip
        currency = st.text_input(
            "Currency", saved.currency or "", max_chars=MOST_CURRENCY, width=110,
            key=f"currency_{view.model}",
        )  # fmt: skip
        typed = replace(saved, price_per_hour=price or None, currency=currency.strip() or None)
        if view.viewer.may("configure", view.model) and typed != saved:
            st.button(
                "Save for this model", key="save_price", on_click=_save, args=(view.model, typed)
            )
    if not price:
        draw_empty("No price was given.", "Say what an hour of all machines together costs.")
        return
    found: list[Result] = view.ask(f"cost:{price!r}", "Counting answers")
    cards = [(in_currency(r, typed.currency), (), f"{r.detail['hours']:,.0f} h") for r in found]
    draw_cards(cards)
    st.caption(
        "The price of all hours of the window, busy or not, over the requests that were answered."
        " ± is what chance in their number makes (Poisson)."
    )


@guarded("configure")
def _save(model: str, terms: Terms) -> None:
    set_terms(desk().database, require("configure", model), model, terms)


def draw_silences(view: View) -> None:
    """The longest times without a request, beside what is usual."""
    import pandas as pd

    st.subheader("Silences", anchor=False)
    found: list[Result] = view.ask("silences", "Looking for silences")
    longest = [r for r in found if r.name == "silence"]
    if not longest:
        draw_empty(
            "No silence of a minute or more.", "" if found else "This log has no timestamps."
        )
        return
    st.caption(plain(_say_usual(found[0])))
    st.dataframe(
        pd.DataFrame([_silence_row(r) for r in longest]),
        hide_index=True,
        key="silences",
        width="stretch",
        alt=f"The {len(longest)} longest silences",
    )


def _say_usual(usual: Result) -> str:
    if usual.value is None:
        return f"What is usual cannot be said: not enough data ({usual.reason})."
    ends = f"{write_value(usual.low, 's')} to {write_value(usual.high, 's')}"
    return (
        f"On half of {write_count(usual.n)} days the longest silence that began was shorter than"
        f" {write_value(usual.value, 's')} (95 % interval {ends}). Silences under a minute are left out."
    )


def _silence_row(r: Result) -> dict[str, object]:
    times = r.detail.get("times_usual")
    return {
        "from": _moment(r.window.start) if r.window.start else "",
        "to": _moment(r.window.end) if r.window.end else "",
        "silent for": write_value(r.value, "s"),
        "beside the usual": "not enough data" if times is None else f"{times:,.1f} times",
    }
