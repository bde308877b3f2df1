"""One number of several groups, each with its interval, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.core import Result
from analytics.words import short_name, write_count, write_half_width, write_value
from app.charts.style import GREY_LINE, Chart, dots_with_ends, finish

ROW_PX = 30


def groups_chart(results: Sequence[Result], unit: str = "rate") -> Chart | None:
    """A dot and its interval for each group (``detail.group``), from the top."""
    import plotly.graph_objects as go

    known = [r for r in results if r.value is not None]
    if not known:
        return None
    names = [short_name(str(r.detail["group"]), 20) for r in known]
    said = [
        f"{name}: {write_value(r.value, unit)} {write_half_width(r.low, r.high, unit)}"
        f"<br>{write_count(r.n)} rows"
        for name, r in zip(names, known, strict=True)
    ]
    figure = go.Figure(dots_with_ends([(r.value, r.low, r.high) for r in known], names, said))
    figure.data[-1].customdata = [r.segment for r in known]
    finish(figure, height=ROW_PX * len(known) + 48)
    if any(float(r.low or 0.0) < 0 for r in known):
        figure.add_vline(x=0, line={"color": GREY_LINE, "width": 1})
    figure.update_xaxes(
        tickformat=".1%" if unit == "rate" else ".2~f", nticks=5, ticksuffix=" ms" if unit == "ms" else "",
    )  # fmt: skip
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(names) + 1
    )
    table: dict[str, list[Any]] = {
        "group": [r.detail["group"] for r in known],
        "value": [r.value for r in known],
        "low": [r.low for r in known],
        "high": [r.high for r in known],
        "rows": [r.n for r in known],
    }
    label = str(known[0].detail.get("label", known[0].name))
    ends = sorted(known, key=lambda r: float(r.value or 0.0))
    alt = (
        f"{label} of {len(known)} groups: lowest {ends[0].detail['group']}"
        f" {write_value(ends[0].value, unit)}, highest {ends[-1].detail['group']}"
        f" {write_value(ends[-1].value, unit)}."
    )
    return Chart(figure, alt, table)
