"""A few names with a number each, as bars from the top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.words import short_name, write_value
from app.charts.style import SERIES, Chart, finish

ROW_PX = 24


def bars_by_name(
    names: Sequence[str], values: Sequence[float], said: Sequence[str]
) -> Chart | None:
    """One bar a name; ``said`` is what stands beside the mouse."""
    import plotly.graph_objects as go

    if not names:
        return None
    shown = [short_name(name, 22) for name in names]
    figure = go.Figure(
        go.Bar(
            y=shown, x=list(values), orientation="h",
            marker={"color": SERIES[0], "line": {"width": 0}},
            text=[write_value(v, "score") for v in values], textposition="outside",
            cliponaxis=False, hovertext=[short_name(text, 120) for text in said],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=max(120, ROW_PX * len(names) + 40), right=36)
    figure.update_layout(bargap=0.35)
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(shown) + 1
    )
    figure.update_xaxes(range=[0, max(1e-9, *values) * 1.02], nticks=5)
    table: dict[str, list[Any]] = {"name": list(names), "value": list(values), "says": list(said)}
    best = f"{names[0]} most, {write_value(values[0], 'score')}"
    return Chart(figure, f"{len(names)} numbers by name: {best}.", table)
