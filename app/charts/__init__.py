"""Results to Plotly figures: pure, tested without a screen."""

from app.charts.bars import bars_by_name
from app.charts.behind import SCORES, behind_charts, column_chart
from app.charts.columns import bars_chart, distribution_chart, heat_chart, levels_chart
from app.charts.curves import (
    delay_chart,
    precision_recall_chart,
    reliability_chart,
    roc_chart,
    score_chart,
)
from app.charts.errors import confusion_chart, leaning_chart, residual_chart
from app.charts.forest import forest_chart, guard_rows, metric_rows
from app.charts.groups import groups_chart
from app.charts.latency import latency_chart
from app.charts.looks import looks_chart
from app.charts.pace import pace_chart
from app.charts.people import (
    confidence_chart,
    funnel_chart,
    hours_chart,
    retention_chart,
    say_gain,
    say_share,
    waits_chart,
    worth_chart,
)
from app.charts.plan import need_chart, path_chart
from app.charts.room import make_room
from app.charts.series import Look, is_drawn, mark_of, picked_span, series_chart
from app.charts.spark import DARK, LIGHT, Ink, sparkline
from app.charts.style import CONFIG, MAX_POINTS, Chart, n_points
from app.charts.threshold import threshold_chart
from app.charts.timeline import Mark, Strip, serving_strips, timeline_chart, version_marks
from app.charts.why import apart_chart, apart_columns, waterfall_chart

__all__ = [
    "CONFIG",
    "DARK",
    "LIGHT",
    "MAX_POINTS",
    "SCORES",
    "Chart",
    "Ink",
    "Look",
    "Mark",
    "Strip",
    "apart_chart",
    "apart_columns",
    "bars_by_name",
    "bars_chart",
    "behind_charts",
    "column_chart",
    "confidence_chart",
    "confusion_chart",
    "delay_chart",
    "distribution_chart",
    "forest_chart",
    "funnel_chart",
    "groups_chart",
    "guard_rows",
    "heat_chart",
    "hours_chart",
    "is_drawn",
    "latency_chart",
    "leaning_chart",
    "levels_chart",
    "looks_chart",
    "make_room",
    "mark_of",
    "metric_rows",
    "n_points",
    "need_chart",
    "pace_chart",
    "path_chart",
    "picked_span",
    "precision_recall_chart",
    "reliability_chart",
    "residual_chart",
    "retention_chart",
    "roc_chart",
    "say_gain",
    "say_share",
    "score_chart",
    "series_chart",
    "serving_strips",
    "sparkline",
    "threshold_chart",
    "timeline_chart",
    "version_marks",
    "waits_chart",
    "waterfall_chart",
    "worth_chart",
]
