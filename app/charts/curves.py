"""What stands behind the metrics: ROC, precision-recall, reliability, scores, errors, confusion.

Each takes the current curve and, where there is one, the reference's, which is drawn in grey on
the same axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.words import short_name, write_count, write_value
from app.charts.shapes import (
    DIAGONAL,
    HEIGHT,
    MOST,
    beside,
    draw_bars,
    draw_line,
    finite,
    key_of,
    new_figure,
    square,
    stroke,
)
from app.charts.style import GREY_BAR, GREY_LINE, QUIET, SERIES, Chart, annotate, finish, thin, tint

if TYPE_CHECKING:
    from analytics.curves.precision_recall import PrecisionRecall
    from analytics.curves.reliability import Reliability
    from analytics.curves.roc import Roc
    from analytics.curves.score_histogram import ScoreHistogram


def roc_chart(current: Roc, reference: Roc | None = None) -> Chart:
    """True positive rate over false positive rate."""
    figure = new_figure()
    draw_line(figure, [0, 1], [0, 1], DIAGONAL)
    for curve, colour in ((reference, GREY_LINE), (current, SERIES[0])):
        if curve is not None:
            hover = "%{y:.1%} found at %{x:.1%} false alarms<extra></extra>"
            draw_line(figure, curve.false_rate, curve.true_rate, stroke(colour), hover)
    square(figure, "false positive rate", "true positive rate")
    at = thin(len(current.false_rate), 50)
    table: dict[str, Sequence[Any]] = {
        "false positive rate": [float(current.false_rate[i]) for i in at],
        "true positive rate": [float(current.true_rate[i]) for i in at],
        "threshold": [finite(current.threshold[i]) for i in at],
    }
    return Chart(figure, f"ROC curve{beside(reference)}.", table, key_of(reference))


def precision_recall_chart(
    current: PrecisionRecall, reference: PrecisionRecall | None = None
) -> Chart:
    """Precision over recall, with the base rate dotted."""
    figure = new_figure()
    draw_line(figure, [0, 1], [current.base_rate] * 2, DIAGONAL)
    for curve, colour in ((reference, GREY_LINE), (current, SERIES[0])):
        if curve is not None:
            hover = "precision %{y:.1%} at recall %{x:.1%}<extra></extra>"
            draw_line(figure, curve.recall, curve.precision, stroke(colour), hover)
    square(figure, "recall", "precision")
    at = thin(len(current.recall), 50)
    table: dict[str, Sequence[Any]] = {
        "recall": [float(current.recall[i]) for i in at],
        "precision": [float(current.precision[i]) for i in at],
        "threshold": [finite(current.threshold[i]) for i in at],
    }
    rate = f"Dotted: the base rate, {write_value(current.base_rate, 'rate')}."
    return Chart(
        figure, f"Precision over recall{beside(reference)}.", table, f"{key_of(reference)} {rate}"
    )


def reliability_chart(current: Reliability, reference: Reliability | None = None) -> Chart:
    """Observed rate over mean score, with Wilson intervals; the diagonal is honest."""
    import plotly.graph_objects as go

    figure = new_figure()
    draw_line(figure, [0, 1], [0, 1], DIAGONAL)
    if reference is not None:
        draw_line(figure, reference.score, reference.rate, stroke(GREY_LINE))
    both = np.concatenate([current.score, current.score[::-1]])
    ends = np.concatenate([current.high, current.low[::-1]])
    figure.add_trace(
        go.Scatter(
            x=both.tolist(), y=ends.tolist(), mode="lines", line={"width": 0}, fill="toself",
            fillcolor=tint(SERIES[0]), hoverinfo="skip",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=current.score.tolist(),
            y=current.rate.tolist(),
            mode="lines+markers",
            line=stroke(SERIES[0]),
            marker={"size": 6, "color": SERIES[0]},
            customdata=[write_count(round(float(n))) for n in current.n],
            hovertemplate="score %{x:.3f}: %{y:.1%} observed<br>%{customdata} rows<extra></extra>",
        )
    )
    square(figure, "mean score", "observed rate")
    top = min(1.0, 1.1 * float(max(current.high.max(), current.score.max(), 0.1)))
    figure.update_xaxes(range=[0, top]).update_yaxes(range=[0, top])
    table = {
        "mean score": current.score.tolist(),
        "observed rate": current.rate.tolist(),
        "low": current.low.tolist(),
        "high": current.high.tolist(),
        "rows": [round(float(n)) for n in current.n],
    }
    said = "Dotted: scores that mean what they say. Bands: Wilson, 95 %."
    return Chart(figure, f"Reliability{beside(reference)}.", table, f"{key_of(reference)} {said}")


def score_chart(current: ScoreHistogram, positive: str, negative: str) -> Chart:
    """Scores of both classes on the same axes, each summing to one."""
    figure = new_figure()
    for share, colour, name in (
        (current.negatives, GREY_BAR, negative),
        (current.positives, tint(SERIES[0], 0.6), positive),
    ):
        draw_bars(figure, current.edges, share, colour, name)
    finish(figure, height=HEIGHT)
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_xaxes(title={"text": "score", "standoff": 4})
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    table = {
        "from": current.edges[:-1].tolist(),
        "to": current.edges[1:].tolist(),
        f"share of {positive}": current.positives.tolist(),
        f"share of {negative}": current.negatives.tolist(),
    }
    said = f"Colour: label {short_name(positive)}. Grey: label {short_name(negative)}. Each sums to 100 %."
    return Chart(figure, f"Scores by label, {positive} and {negative}.", table, said)


def delay_chart(days: Sequence[float], share: Sequence[float], marks: dict[str, float]) -> Chart:
    """The share of labels known so many days after the prediction; hours where all come soon."""
    figure = new_figure()
    at = thin(len(days), MOST)
    unit, times = ("hours", 24) if max(days, default=0) < 2 else ("days", 1)
    x = [times * days[i] for i in at]
    hover = f"%{{y:.0%}} after %{{x:.3~g}} {unit}<extra></extra>"
    draw_line(figure, x, [share[i] for i in at], stroke(SERIES[0]), hover)
    for i, (text, day) in enumerate(marks.items()):
        figure.add_vline(x=times * day, line=DIAGONAL)
        where = {
            "x": times * day,
            "y": 0.04 + 0.24 * i,
            "yref": "paper",
            "yanchor": "bottom",
            "xanchor": "left",
        }
        text = text.replace(
            " after ", " after<br>", 1
        )  # narrow enough between two lines on a phone
        quiet = {"size": 12, "color": QUIET}
        annotate(figure, text, **where, xshift=4, align="left", font=quiet)
    finish(figure, height=220)
    figure.update_xaxes(
        title={"text": f"{unit} after the prediction", "standoff": 4}, rangemode="tozero"
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.04])
    table = {unit: x, "share known": [share[i] for i in at]}
    return Chart(figure, f"Share of labels known by {unit} after the prediction.", table)
