"""The machine behind a model on the page Serving: what was full first, what it costs, silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from analytics.serving.resources import FULL
from app.auth import guarded, require
from app.cache import desk
from app.served import COST, say_machine, say_usual, silence_row, use_row
from app.settings import settings_in_force
from app.terms import MOST_CURRENCY, Terms, in_currency, set_terms, terms_of
from app.widgets.empty_state import draw_empty
from app.widgets.metric_card import draw_cards
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.serving.resources import Use
    from app.widgets.view import View


def draw_machine(view: View) -> None:
    """Which resource was full first, all of them as a table, and what predictions cost."""
    found: Sequence[Use] = view.ask("machine", "Reading resources")
    if not found:
        draw_empty(
            "No resources were measured.",
            "Send samples with `telltale agent`, or import a file with --kind resources.",
        )
    else:
        st.markdown(plain(say_machine(found, _zone())))
        _draw_uses(found)
    _draw_cost(view)


def _zone() -> str:
    return settings_in_force().text("display_zone")


def _draw_uses(found: Sequence[Use]) -> None:
    import pandas as pd

    st.dataframe(
        pd.DataFrame([use_row(use, _zone()) for use in found]),
        hide_index=True,
        key="resources",
        width="stretch",
        alt=f"{len(found)} resources",
    )
    st.caption(
        f"Full is {FULL:g} % or more. ± is half of Wilson's 95 % interval; samples that follow each"
        " other are alike, so it is on the narrow side."
    )


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
    st.caption(COST)


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
    st.caption(plain(say_usual(found[0])))
    st.dataframe(
        pd.DataFrame([silence_row(r, _zone()) for r in longest]),
        hide_index=True,
        key="silences",
        width="stretch",
        alt=f"The {len(longest)} longest silences",
    )
