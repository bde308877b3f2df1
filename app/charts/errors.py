"""Errors of a regression, and what a classifier takes for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.words import short_name, write_count
from app.charts.shapes import (
    HEIGHT,
    beside,
    draw_bars,
    draw_line,
    draw_steps,
    key_of,
    new_figure,
    stroke,
)
from app.charts.style import GREY_LINE, SERIES, SPLIT, TEXT, Chart, finish, tint

if TYPE_CHECKING:
    from analytics.curves.residuals import Residuals
    from analytics.needs import Confusion

MOST_CLASSES = 20


def residual_chart(current: Residuals, reference: Residuals | None = None, unit: str = "") -> Chart:
    """How errors are spread: prediction minus label."""
    figure = new_figure()
    if reference is not None:
        draw_steps(figure, reference.edges, reference.share)
    draw_bars(figure, current.edges, current.share, tint(SERIES[0], 0.6), "this window")
    figure.add_vline(x=0, line={"color": GREY_LINE, "width": 1})
    finish(figure, height=HEIGHT)
    figure.update_layout(bargap=0)
    text = f"prediction minus label{f', {unit}' if unit else ''}"
    figure.update_xaxes(title={"text": text, "standoff": 4})
    figure.update_yaxes(tickformat=".1%", rangemode="tozero")
    table = {
        "from": current.edges[:-1].tolist(),
        "to": current.edges[1:].tolist(),
        "share": current.share.tolist(),
    }
    said = f"{key_of(reference)} {write_count(current.n_outside)} rows lie beyond the middle 99 %."
    return Chart(figure, f"Errors{beside(reference)}.", table, said)


def leaning_chart(current: Residuals, reference: Residuals | None = None) -> Chart:
    """Whether errors lean along the prediction: median and the middle 80 %."""
    import plotly.graph_objects as go

    figure = new_figure()
    figure.add_hline(y=0, line={"color": GREY_LINE, "width": 1})
    if reference is not None:
        draw_line(figure, reference.predicted, reference.middle, stroke(GREY_LINE))
    x = np.concatenate([current.predicted, current.predicted[::-1]])
    y = np.concatenate([current.high, current.low[::-1]])
    figure.add_trace(
        go.Scatter(
            x=x.tolist(), y=y.tolist(), mode="lines", line={"width": 0}, fill="toself",
            fillcolor=tint(SERIES[0]), hoverinfo="skip",
        )
    )  # fmt: skip
    hover = "prediction %{x:.3~g}: median error %{y:.3~g}<extra></extra>"
    draw_line(figure, current.predicted, current.middle, stroke(SERIES[0]), hover)
    finish(figure, height=HEIGHT)
    figure.update_xaxes(title={"text": "prediction", "standoff": 4})
    table = {
        "prediction": current.predicted.tolist(),
        "10 %": current.low.tolist(),
        "median": current.middle.tolist(),
        "90 %": current.high.tolist(),
    }
    said = f"{key_of(reference)} Line: median error; band: the middle 80 % of errors."
    return Chart(figure, f"Error over prediction{beside(reference)}.", table, said)


def confusion_chart(confusion: Confusion) -> Chart:
    """Counts of label by prediction; the colour is the share of the label's row."""
    import plotly.graph_objects as go

    chosen = _largest(confusion)
    counts = confusion.counts[np.ix_(chosen, chosen)]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)
    names = [short_name(confusion.classes[i], 10) for i in chosen]
    text = [[write_count(round(float(v))) for v in row] for row in counts]
    few = len(names) <= 12
    figure = go.Figure(
        go.Heatmap(
            z=share.tolist(),
            x=names,
            y=names,
            text=[[f"{t}<br>{s:.0%}" for t, s in zip(a, b, strict=True)] for a, b in zip(text, share, strict=True)]
            if len(names) <= 4
            else text,
            texttemplate="%{text}" if few else "",
            colorscale=[[0, tint(SERIES[0], 0.02)], [1, tint(SERIES[0], 0.45)]],
            zmin=0,
            zmax=1,
            showscale=False,
            textfont={"color": TEXT},
            xgap=2,
            ygap=2,
            hovertemplate="label %{y}, predicted %{x}<br>%{z:.1%} of the label's rows<extra></extra>",
        )
    )  # fmt: skip
    places = [(i, j) for i in range(len(chosen)) for j in range(len(chosen)) if counts[i, j]]
    figure.add_trace(
        go.Scatter(
            x=[names[j] for _i, j in places], y=[names[i] for i, _j in places], mode="markers",
            marker={"size": 30, "symbol": "square", "opacity": 0, "color": SERIES[0]},
            customdata=[
                SPLIT.join((confusion.classes[chosen[i]], confusion.classes[chosen[j]]))
                for i, j in places
            ],
            text=[f"{share[i, j]:.1%}" for i, j in places],
            hovertemplate="label %{y}, predicted %{x}<br>%{text} of the label's rows<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=max(HEIGHT, min(34 * len(names) + 60, 520)))
    figure.update_xaxes(type="category", title={"text": "predicted", "standoff": 4})
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(names),
        title={"text": "label", "standoff": 4},
    )  # fmt: skip
    table: dict[str, list[Any]] = {"label": [confusion.classes[i] for i in chosen]}
    for j, i in enumerate(chosen):
        table[f"predicted {confusion.classes[i]}"] = [round(float(v)) for v in counts[:, j]]
    right = float(np.trace(confusion.counts)) / max(float(confusion.counts.sum()), 1e-300)
    said = "Counts; the colour is the share of the label's row."
    if len(chosen) < len(confusion.classes):
        said += f" The {len(chosen)} most frequent of {len(confusion.classes)} classes."
    alt = f"Confusion of {len(names)} classes, {right:.1%} on the diagonal."
    return Chart(figure, alt, table, said)


def _largest(confusion: Confusion) -> list[int]:
    size = confusion.counts.sum(axis=1) + confusion.counts.sum(axis=0)
    return sorted(np.argsort(-size, kind="stable")[:MOST_CLASSES].tolist())
