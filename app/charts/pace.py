"""Latency against load: a dot a period, where the promise was kept and where it broke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.words import pace_of, write_count, write_half_width, write_period, write_value
from app.charts.style import (
    GREY_BAR,
    GREY_LINE,
    MAX_POINTS,
    QUIET,
    SERIES,
    Chart,
    annotate,
    finish,
    thin,
)

if TYPE_CHECKING:
    from analytics.evaluate.promise import LoadMap
    from analytics.serving.capacity import Pace

HEIGHT = 300
# shape as well as colour: whoever sees no colours sees the shape
MARKS = {
    "kept": ("circle", SERIES[0], "kept"),
    "unsure": ("circle-open", GREY_BAR, "not sure"),
    "broken": ("diamond", SERIES[1], "broken"),
}


def pace_chart(found: LoadMap) -> Chart | None:
    """Load to the right, latency upwards; dotted are the promise and the highest rate that kept it."""
    import plotly.graph_objects as go

    paces = [p for p in found.paces if p.latency_ms is not None]
    if not paces:
        return None
    seconds, name = pace_of(max(p.rate for p in paces))
    figure = go.Figure()
    shown = [paces[i] for i in thin(len(paces), MAX_POINTS)]
    for outcome, (symbol, colour, _word) in MARKS.items():
        own = [p for p in shown if p.outcome == outcome]
        figure.add_trace(
            go.Scatter(
                x=[p.rate * seconds for p in own],
                y=[p.latency_ms for p in own],
                mode="markers",
                marker={"symbol": symbol, "color": colour, "size": 6},
                text=[_hover(p, found.promise.target) for p in own],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    finish(figure, height=HEIGHT, top=24)
    share = f"{100 * found.promise.target:g} %"
    figure.update_xaxes(title={"text": f"requests /{name}", "standoff": 4}, rangemode="tozero")
    figure.update_yaxes(
        title={"text": f"{share} stay under", "standoff": 6}, ticksuffix=" ms", tickformat="~s",
        rangemode="tozero",
    )  # fmt: skip
    dotted = {"color": GREY_LINE, "width": 1, "dash": "dot"}
    figure.add_hline(y=found.promise.threshold_ms, line=dotted)
    annotate(
        figure, f"promised {found.promise.threshold_ms:g} ms", x=0, xref="paper",
        xanchor="left", y=found.promise.threshold_ms, yanchor="bottom",
        font={"size": 12, "color": QUIET},
    )  # fmt: skip
    if found.capacity.at is not None:
        figure.add_vline(x=found.capacity.at.rate * seconds, line=dotted)
        annotate(
            figure, "highest that kept it", x=found.capacity.at.rate * seconds, y=1, yref="paper",
            yanchor="bottom", xanchor="right", font={"size": 12, "color": QUIET},
        )  # fmt: skip
    return Chart(figure, _alt(found, paces), _table(paces))


def _hover(p: Pace, target: float) -> str:
    share = f"{write_value(p.share.value, 'rate')} {write_half_width(p.share.low, p.share.high, 'rate')}"
    return (
        f"<b>{write_period(p.window)}</b>, {write_count(p.kept.n)} requests"
        f"<br>{100 * target:g} % stay under {write_value(p.latency_ms, 'ms')}"
        f"<br>{share.strip()} kept the promise"
    )


def _alt(found: LoadMap, paces: list[Pace]) -> str:
    count = {word: sum(p.outcome == key for p in paces) for key, (_s, _c, word) in MARKS.items()}
    said = ", ".join(f"{n} {word}" for word, n in count.items())
    at = found.capacity.at
    top = f" Highest rate that kept it: {write_value(at.rate, 'per_s')}." if at else ""
    return f"Latency against load in {len(paces)} periods: {said}.{top}"


def _table(paces: list[Pace]) -> dict[str, list[Any]]:
    return {
        "period": [write_period(p.window) for p in paces],
        "requests": [p.kept.n for p in paces],
        "a second": [p.rate for p in paces],
        "latency_ms": [p.latency_ms for p in paces],
        "share kept": [p.share.value for p in paces],
        "low": [p.share.low for p in paces],
        "high": [p.share.high for p in paces],
        "promise": [MARKS[p.outcome][2] for p in paces],
    }
