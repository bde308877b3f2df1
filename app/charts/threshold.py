"""Rates and worth by threshold: one line each, the chosen threshold and the best span marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.curves.thin import keep
from analytics.curves.threshold import Best, Thresholds, Worth
from app.charts.shapes import finite
from app.charts.style import GREY, GREY_LINE, QUIET, SERIES, Chart, annotate, finish

LINES = ("precision", "recall")


def threshold_chart(found: Thresholds, values: Worth, chosen: float, best: Best) -> Chart:
    """Precision and recall above, the mean worth of a row below, on one axis of thresholds."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    kept = keep(found.fp, found.tp, 400)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.12)
    said = found.tp + found.fp
    known = np.where(said > 0, said, np.nan)
    drawn = {
        "precision": found.tp / known,
        "recall": found.tp / (found.tp + found.fn),
        "worth": found.worth(values),
    }
    for i, (name, line) in enumerate(drawn.items()):
        figure.add_trace(
            go.Scatter(
                x=found.at[kept].tolist(), y=[finite(v) for v in line[kept]],
                mode="lines", line={"color": SERIES[i], "width": 2},
                hovertemplate=f"{name} from %{{x:.3f}} on: %{{y:.3f}}<extra></extra>",
            ),
            row=2 if name == "worth" else 1,
            col=1,
        )  # fmt: skip
    finish(figure, height=360, top=28, right=16)
    _name(figure, drawn)
    figure.add_vrect(
        x0=best.low, x1=best.high, fillcolor=GREY, line_width=0, layer="below", row=2, col=1
    )
    figure.add_vline(x=chosen, line={"color": GREY_LINE, "width": 1, "dash": "dot"})
    low, high = float(found.at[0]), float(found.at[-1])
    figure.update_xaxes(range=[low - 0.01 * (high - low), high + 0.01 * (high - low)])
    figure.update_xaxes(title={"text": "threshold", "standoff": 4}, row=2, col=1)
    alt = (
        f"Precision, recall and worth by threshold. The best is {best.at:.3f}; from {best.low:.3f}"
        f" to {best.high:.3f} may be as good. Chosen: {chosen:.3f}."
    )
    table: dict[str, list[Any]] = {
        "threshold": found.at[kept].tolist(),
        "true positives": found.tp[kept].tolist(),
        "false positives": found.fp[kept].tolist(),
        "false negatives": found.fn[kept].tolist(),
        "true negatives": found.tn[kept].tolist(),
        "worth of a row": drawn["worth"][kept].tolist(),
    }
    return Chart(figure, alt, table)


def _name(figure: Any, drawn: dict[str, Any]) -> None:
    """The strips' names above them, in the colours of their lines."""
    places = (
        ("precision", 0.0, "y domain"),
        ("recall", 0.13, "y domain"),
        ("worth", 0.0, "y2 domain"),
    )
    colours = dict(zip(drawn, SERIES, strict=False))
    for name, x, axis in places:
        text = "mean worth of a row" if name == "worth" else name
        annotate(
            figure, text, x=x, xref="paper", xanchor="left", y=1, yref=axis, yanchor="bottom",
            font={"size": 12, "color": colours.get(name, QUIET)},
        )  # fmt: skip
