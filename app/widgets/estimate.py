"""Under an estimate: how far it was off before, what other methods say, and what to do if they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.findings.opinions import EACH, METHODS, opinions_sentence
from analytics.findings.past import past_sentence
from analytics.words import (
    unit_of,
    write_change,
    write_half_width,
    write_interval,
    write_period,
    write_value,
)
from app.session import selection_params
from app.widgets.empty_state import link_to
from app.widgets.problem import plain, problem
from app.widgets.tables import data_table, draw_list

if TYPE_CHECKING:
    from analytics.core import Result
    from app.widgets.view import View

LABELLED = 0.5  # share of rows with a label, from which nobody has to go by an estimate


def draw_estimate(view: View, estimated: Sequence[Result], key: str) -> None:
    """One sentence on the past; the other methods at once where labels lack, else behind More."""
    if not estimated:
        return
    name = estimated[0].name
    said = past_sentence(estimated)
    if said:
        st.markdown(plain(said))
    is_needed = not _is_labelled(view)
    if is_needed:
        _say_opinions(view, _ask(view, name))
    with st.expander(
        "Behind the estimate", key=f"past_{key}", type="compact", on_change="rerun"
    ) as box:
        if not box.open:
            return
        found = _ask(view, name)
        if not is_needed:
            _say_opinions(view, found)
        draw_list(opinions_rows(found), "No method has an estimate of these rows.")
        if any("later" in r.detail for r in estimated):
            data_table(past_table(estimated), f"past_table_{key}")


def _is_labelled(view: View) -> bool:
    now = view.facts.now
    return now is not None and now.n > 0 and now.n_labelled >= LABELLED * now.n


def _ask(view: View, name: str) -> list[Result]:
    try:
        found: list[Result] = view.ask("estimate:all", "Estimating in several ways", names=(name,))
    except TelltaleError as error:
        problem(error)
        return []
    return [r for r in found if "class" not in r.detail]


def _say_opinions(view: View, found: Sequence[Result]) -> None:
    """Whether the methods agree; where they do not, the way to a plan of labels."""
    if not found:
        return
    st.markdown(plain(opinions_sentence(found)))
    if any(r.detail.get("disagree") for r in found) and view.viewer.may("review", view.model):
        carried = selection_params(st.query_params.to_dict())
        link_to(
            "review", "Plan which rows to label", carried | {"m": view.model, "tab": "Estimate"}
        )


def opinions_rows(found: Sequence[Result]) -> list[dict[str, object]]:
    """Each method: what it says of the whole window, what it goes by, and why it has no number."""
    rows: list[dict[str, object]] = []
    for r in found:
        unit, method = unit_of(r), str(r.detail["method"])
        number = f"{write_value(r.value, unit)} {write_half_width(r.low, r.high, unit)}".strip()
        worth = r.detail.get("n_effective")
        rows.append(
            {
                "method": METHODS.get(method, method)
                + (" (headline)" if r.detail["is_headline"] else ""),
                "estimate": number,
                "goes by": EACH.get(method, ""),
                "note": r.reason or (f"reference worth {worth:,.0f} rows" if worth else ""),
            }
        )
    return rows


def past_table(estimated: Sequence[Result]) -> dict[str, list[object]]:
    """Periods with labels: estimate, its interval, what came, and how far that is apart."""
    known = [r for r in estimated if "later" in r.detail]
    unit = unit_of(estimated[0])
    later = [r.detail["later"] for r in known]
    return {
        "period": [write_period(r.window) for r in known],
        "estimated": [write_value(r.value, unit) for r in known],
        "95 % interval": [write_interval(r.low, r.high, unit) for r in known],
        "labels said": [write_value(o["value"], unit) for o in later],
        "off by": [write_change(o["miss"], unit, o["value"]) for o in later],
        "interval held it": ["yes" if o["is_held"] else "no" for o in later],
        "rows": [r.n for r in known],
        "labels": [o["n_labelled"] for o in later],
    }
