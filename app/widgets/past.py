"""Under an estimate: how far it was off before, period by period behind More."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.findings.past import past_sentence
from analytics.words import unit_of, write_change, write_interval, write_period, write_value
from app.widgets.problem import plain
from app.widgets.tables import data_table

if TYPE_CHECKING:
    from analytics.core import Result

MORE = "Past estimates"


def draw_past(estimated: Sequence[Result], key: str) -> None:
    """One sentence; every period's estimate beside what its labels said, once opened."""
    said = past_sentence(estimated)
    if not said:
        return
    st.markdown(plain(said))
    if not any("later" in r.detail for r in estimated):
        return
    with st.expander(MORE, key=f"past_{key}", type="compact", on_change="rerun") as box:
        if box.open:
            data_table(past_table(estimated), f"past_table_{key}")


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
