"""All curves of a side beside the reference's, and the distribution of one column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.charts.columns import distribution_chart, levels_chart
from app.charts.curves import precision_recall_chart, reliability_chart, roc_chart, score_chart
from app.charts.errors import confusion_chart, leaning_chart, residual_chart
from app.charts.style import Chart

if TYPE_CHECKING:
    from analytics.core import Schema
    from analytics.evaluate.behind import Behind
    from analytics.query.histograms import Histogram, LevelShares

SCORES = "Scores by label"


def behind_charts(
    found: Behind, schema: Schema, class_name: str | None = None
) -> list[tuple[str, Chart]]:
    """(title, chart) of every curve that the task has."""
    now, then = found.current, found.reference
    charts: list[tuple[str, Chart]] = []
    if now.confusion is not None:
        charts.append(("Confusion", confusion_chart(now.confusion)))
    if now.reliability is not None:
        charts.append(("Reliability", reliability_chart(now.reliability, then.reliability)))
    if now.roc is not None:
        charts.append(("ROC", roc_chart(now.roc, then.roc)))
    if now.precision_recall is not None:
        chart = precision_recall_chart(now.precision_recall, then.precision_recall)
        charts.append(("Precision and recall", chart))
    if now.score_histogram is not None:
        yes = schema.positive or class_name or "this class"
        other = [c for c in schema.classes if c != yes]
        rest = other[0] if len(other) == 1 else "other"
        charts.append((SCORES, score_chart(now.score_histogram, yes, rest)))
    if now.residuals is not None:
        charts.append(("Errors", residual_chart(now.residuals, then.residuals)))
        leaning = leaning_chart(now.residuals, then.residuals)
        charts.append(("Errors along the prediction", leaning))
    return charts


def column_chart(found: Histogram | LevelShares, name: str) -> Chart:
    """The window in colour, the reference in grey, on the same axes."""
    from analytics.query.histograms import LevelShares

    reference = None if found.reference is None else found.reference.tolist()
    if isinstance(found, LevelShares):
        return levels_chart(found.levels, found.current.tolist(), reference, name)
    return distribution_chart(found.edges.tolist(), found.current.tolist(), reference, name)
