"""Two slices on the same axes, and their difference with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Result
from analytics.errors import TelltaleError
from analytics.findings import say_conditions, say_gap
from analytics.query.segment import parse_segment
from analytics.words import unit_of, write_count, write_half_width, write_interval, write_value
from app.auth import guarded
from app.charts import Look, series_chart
from app.widgets.chart_box import draw_chart
from app.widgets.choices import default_every, headline_metrics, say_every
from app.widgets.empty_state import draw_empty
from app.widgets.finding_row import chip
from app.widgets.over_time import say_caption
from app.widgets.problem import plain, problem
from app.widgets.slice_saved import SIDE_B
from app.widgets.slice_view import named

if TYPE_CHECKING:
    from analytics.evaluate.behind import Share
    from app.widgets.slice_builder import Shown
    from app.widgets.view import View


def read_b(view: View) -> str | None:
    """The other slice of the URL; None where none is kept or it cannot be read."""
    text = st.query_params.get(SIDE_B)
    try:
        found = parse_segment(text, view.dataset.schema)
    except TelltaleError as error:
        problem(error)
        return None
    return text if found is not None else None


@guarded("explore")
def _drop_b() -> None:
    st.query_params.pop(SIDE_B, None)


def draw_compared(view: View, shown: Shown, metric: str) -> None:
    """A is the slice that is open, B the one kept with Compare."""
    other = read_b(view)
    if other is None:
        draw_empty("No second slice.", "Press Compare on a slice of the list, or on a saved one.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**A** {plain(say_conditions(shown.text))}  \n**B** {plain(say_conditions(other))}"
        )
        st.button("Drop B", key="drop_b", on_click=_drop_b, type="tertiary")
    names = tuple(dict.fromkeys((metric, *headline_metrics(view))))
    found: list[Result] = view.ask(
        "performance", "Comparing A with B", names=names, segment=shown.text,
        reference=f"segment:{other}",
    )  # fmt: skip
    whole = [r for r in found if "class" not in r.detail]
    lead = next((r for r in whole if r.name == metric), None)
    if lead is not None:
        st.markdown(_say(lead))
    _draw_both(view, shown, other, metric)
    _draw_table([r for r in whole if r.detail.get("reference") is not None])
    both: Share = view.ask("share", "Counting", segment=f"{shown.text} AND {other}")
    if both.n:
        st.caption(
            f"{write_count(both.n)} rows lie in both: the interval of the difference takes A and B as"
            " different rows, and is wide for that."
        )


def _say(r: Result) -> str:
    unit = unit_of(r)
    if r.value is None or r.detail.get("change_low") is None:
        return f"{chip('undefined')} {plain(r.reason or 'B has no number to compare with')}"
    ends = write_interval(r.detail["change_low"], r.detail["change_high"], unit)
    return (
        f"{plain(str(r.detail['label']))} of A is **{say_gap(r)}** than of B"
        f" :gray[(A minus B, 95 %: {ends})]"
    )


def _draw_both(view: View, shown: Shown, other: str, metric: str) -> None:
    every = default_every(view)
    lines: list[Result] = []
    for name, text in (("A", shown.text), ("B", other)):
        found: list[Result] = view.ask(
            "performance", f"Cutting by {every}", names=(metric,), segment=text, every=every,
            reference="none",
        )  # fmt: skip
        lines += [named(r, name, is_rest=True) for r in found if "class" not in r.detail]
    unit = unit_of(lines[0]) if lines else None
    chart = series_chart(lines, Look(unit, 260, versions=("A", "B")))
    said = say_caption(lines, every, is_selectable=False)
    draw_chart(chart, f"compare_over_{metric}_{every}", caption=f"By {say_every(every)}. {said}")


def _draw_table(results: list[Result]) -> None:
    import pandas as pd

    table = pd.DataFrame(
        {
            "metric": [str(r.detail["label"]) for r in results],
            "A": [
                f"{write_value(r.value, unit_of(r))} {write_half_width(r.low, r.high, unit_of(r))}"
                for r in results
            ],
            "B": [write_value(float(r.detail["reference"]), unit_of(r)) for r in results],
            "A minus B": [write_value(r.detail.get("change"), unit_of(r)) for r in results],
            "95 % interval": [
                write_interval(r.detail.get("change_low"), r.detail.get("change_high"), unit_of(r))
                for r in results
            ],
        }
    )
    st.dataframe(table, hide_index=True, key="compared", alt="Metrics of both slices")
