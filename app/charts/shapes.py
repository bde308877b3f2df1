"""Shapes that several charts of curves are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.words import short_name
from app.charts.style import GREY_LINE, SERIES, finish, thin

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 280
MOST = 600  # points a line
DIAGONAL: dict[str, Any] = {"color": GREY_LINE, "width": 1, "dash": "dot"}


def new_figure() -> go.Figure:
    """An empty figure."""
    import plotly.graph_objects as go

    return go.Figure()


def stroke(colour: str) -> dict[str, Any]:
    """A line in that colour."""
    return {"color": colour, "width": 2 if colour == SERIES[0] else 1.5}


def draw_line(figure: Any, x: Any, y: Any, line: dict[str, Any], hover: str | None = None) -> None:
    """A thin line through at most ``MOST`` points."""
    import plotly.graph_objects as go

    at = thin(len(x), MOST)
    trace = go.Scatter(
        x=[float(x[i]) for i in at], y=[float(y[i]) for i in at], mode="lines", line=line
    )
    trace.update(hovertemplate=hover) if hover else trace.update(hoverinfo="skip")
    figure.add_trace(trace)


def draw_bars(figure: Any, edges: Any, share: Any, colour: str, name: str) -> None:
    """A histogram as bars."""
    import plotly.graph_objects as go

    centres = (np.asarray(edges[:-1]) + np.asarray(edges[1:])) / 2
    figure.add_trace(
        go.Bar(
            x=centres.tolist(),
            y=np.asarray(share).tolist(),
            width=np.diff(np.asarray(edges)).tolist(),
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{short_name(name)}, about %{{x:.3~g}}: %{{y:.1%}}<extra></extra>",
        )
    )


def draw_steps(figure: Any, edges: Any, share: Any) -> None:
    """A histogram as grey steps."""
    import plotly.graph_objects as go

    x = np.repeat(np.asarray(edges), 2)[1:-1]
    y = np.repeat(np.asarray(share), 2)
    figure.add_trace(
        go.Scatter(
            x=x.tolist(), y=y.tolist(), mode="lines", line={"color": GREY_LINE, "width": 1},
            fill="tozeroy", fillcolor="rgba(124,135,150,0.25)", hoverinfo="skip",
        )
    )  # fmt: skip


def square(figure: Any, x: str, y: str) -> None:
    """Both axes from 0 to 1."""
    finish(figure, height=HEIGHT, right=16)
    figure.update_xaxes(range=[0, 1], title={"text": x, "standoff": 4}, tickformat=".1~f", nticks=6)
    figure.update_yaxes(range=[0, 1.02], title={"text": y, "standoff": 6}, tickformat=".1~f")


def finite(value: Any) -> float | None:
    """The number, None where it is infinite."""
    return float(value) if np.isfinite(value) else None


def beside(reference: object) -> str:
    """Words for a screen reader."""
    return " beside the reference" if reference is not None else ""


def key_of(reference: object) -> str:
    """What the colours mean."""
    return "Colour: this window. Grey: the reference." if reference is not None else ""
