"""Differences in a row: a dot and its interval each, against the line of no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.core import Result
from analytics.findings import say_conditions
from analytics.words import short_name, unit_of, write_count, write_value
from app.charts.style import GREY_LINE, QUIET, SERIES, Chart, annotate, dots_with_ends, finish

ROW_PX = 30
SIGNS = {"critical": SERIES[1], "warning": SERIES[1], "ok": SERIES[0], "undefined": GREY_LINE}


@dataclass(frozen=True, slots=True)
class Row:
    """One difference for the better, in units of what is tolerated: 0 is no difference."""

    name: str
    value: float
    low: float
    high: float
    verdict: str
    said: str


def forest_chart(rows: Sequence[Row], worse: str = "worse", better: str = "better") -> Chart | None:
    """The rows from the top; beyond the dotted line more is lost than is tolerated."""
    import plotly.graph_objects as go

    if not rows:
        return None
    names = [short_name(row.name, 34) for row in rows]
    widest = max(2.0, *(min(max(abs(r.low), abs(r.high)), 12.0) for r in rows)) * 1.05
    edge = widest * 0.97  # room for a whole mark
    figure = go.Figure()
    for colour in dict.fromkeys(SIGNS[row.verdict] for row in rows):
        mine = [(n, r) for n, r in zip(names, rows, strict=True) if SIGNS[r.verdict] == colour]
        inside = [[min(max(x, -edge), edge) for x in (r.value, r.low, r.high)] for _n, r in mine]
        said = [short_name(r.said, 120) for _n, r in mine]
        lines, dots = dots_with_ends(inside, [n for n, _r in mine], said, colour)
        dots.marker.symbol = [_symbol(r.value, edge) for _n, r in mine]
        figure.add_traces((lines, dots))
    finish(figure, height=ROW_PX * len(rows) + 70, top=40)
    figure.add_vline(x=0, line={"color": GREY_LINE, "width": 1})
    figure.add_vline(x=-1, line={"color": GREY_LINE, "width": 1, "dash": "dot"})
    for x, word, anchor in ((-widest, f"← {worse}", "left"), (widest, f"{better} →", "right")):
        annotate(
            figure, word, x=x, y=1, yref="paper", yanchor="bottom", xanchor=anchor,
            font={"size": 12, "color": QUIET},
        )  # fmt: skip
    annotate(
        figure, "tolerated", x=-1, y=1, yref="paper", yanchor="bottom", yshift=14, xanchor="left",
        font={"size": 12, "color": QUIET},
    )  # fmt: skip
    figure.update_xaxes(range=[-widest, widest], tickformat=".2~f", nticks=7)
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(rows) + 1,
        categoryorder="array", categoryarray=names,
    )  # fmt: skip
    alt = "; ".join(row.said for row in rows[:8])
    table: dict[str, list[object]] = {
        "what": [row.name for row in rows],
        "said": [row.said for row in rows],
        "times the tolerance": [row.value for row in rows],
        "low": [row.low for row in rows],
        "high": [row.high for row in rows],
        "verdict": [row.verdict for row in rows],
    }
    return Chart(figure, f"Differences for the better or worse. {alt}.", table)


def _symbol(value: float, edge: float) -> str:
    """A dot, or an arrow at the edge to what lies beyond it."""
    if abs(value) <= edge:
        return "circle"
    return "triangle-right" if value > 0 else "triangle-left"


def metric_rows(results: Sequence[Result]) -> list[Row]:
    """The differences of metrics in units of their tolerance, better to the right."""
    return [row for r in results if (row := _metric_row(r)) is not None]


def _metric_row(r: Result) -> Row | None:
    if r.value is None or r.low is None or r.high is None or r.detail.get("better") == "neither":
        return None
    unit = unit_of(r)
    scale = float(r.detail["tolerance"][0]) * float(r.detail.get("scale", 1.0))
    better = r.detail.get("better", "higher")
    sign = -1.0 if better == "lower" else 1.0
    ends = sorted((sign * r.low / scale, sign * r.high / scale))
    value = sign * r.value / scale
    if better == "zero":
        gain = abs(float(r.detail["baseline"])) - abs(float(r.detail["candidate"]))
        half = (r.high - r.low) / 2
        value, ends = gain / scale, [(gain - half) / scale, (gain + half) / scale]
    label = str(r.detail["label"])
    name = f"{label}, {r.detail['class']}" if "class" in r.detail else label
    said = (
        f"{name}: {write_value(r.detail['candidate'], unit)} against"
        f" {write_value(r.detail['baseline'], unit)}"
    )
    return Row(name, value, ends[0], ends[1], r.verdict, said)


def guard_rows(guards: Sequence[Result]) -> list[Row]:
    """The differences of slices in units of their tolerance."""
    return [
        Row(
            _say(r),
            _per_tolerance(r, r.value),
            _per_tolerance(r, r.low),
            _per_tolerance(r, r.high),
            r.verdict,
            f"{_say(r)}: {write_value(r.detail['candidate'], unit_of(r))} against"
            f" {write_value(r.detail['baseline'], unit_of(r))}, {write_count(r.n)} rows",
        )
        for r in guards
    ]


def _say(r: Result) -> str:
    return say_conditions(r.segment).replace("<=", "≤").replace(">=", "≥")


def _per_tolerance(r: Result, value: float | None) -> float:
    relative = float(r.detail["baseline"]) if r.name == "mae" else 1.0
    return float(value or 0.0) / (float(r.detail["tolerance"][0]) * (relative or 1.0))
