"""On page Why: the columns that the model leans on by a surrogate, now and in the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.findings.leaning import SURROGATE, say_leaning
from analytics.words import write_amount, write_interval, write_value
from app.widgets.problem import plain, problem
from app.widgets.tables import data_table

if TYPE_CHECKING:
    from analytics.core import Result
    from app.widgets.view import View

MARKS = {"critical": "▲ critical", "warning": "◆ warning", "ok": "● ok", "undefined": "○"}


def draw_leaning(view: View) -> None:
    """The sentence and every column's share; surrogates are taught when somebody looks, and can be stopped."""
    try:
        found: list[Result] = view.ask("leaning", "Teaching surrogates what the model says")
    except TelltaleError as error:
        problem(error)
        return
    said = say_leaning(found)
    st.markdown(f"**{plain(said.title)}.** {plain(said.sentence)}")
    known = [r for r in found if r.value is not None]
    if known:
        data_table(leaning_table(known), "leaning_table")
    st.caption(plain(SURROGATE))


def leaning_table(results: Sequence[Result]) -> dict[str, list[object]]:
    """Columns by their share now, each with its interval, the reference's share and the change."""
    ordered = sorted(results, key=lambda r: -float(r.value or 0.0))
    return {
        "column": [r.column for r in ordered],
        "verdict": [MARKS[r.verdict] for r in ordered],
        "share now": [write_value(r.value, "rate") for r in ordered],
        "95 % interval": [write_interval(r.low, r.high, "rate") for r in ordered],
        "in the reference": [write_value(r.detail["reference"], "rate") for r in ordered],
        "change in points": [_change(r) for r in ordered],
        "rows": [r.n for r in ordered],
    }


def _change(r: Result) -> str:
    def signed(x: float) -> str:
        return f"{'+' if x > 0 else '−'}{write_amount(abs(x), 'share')}"

    ends = f"{signed(r.detail['change_low'])} to {signed(r.detail['change_high'])}"
    return f"{signed(r.detail['change'])} ({ends})"
