"""Evidence as it grew: what somebody who looked every day saw, and when it was enough."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analytics.compare.comparison import Look
from app.charts.style import GREY_LINE, QUIET, SERIES, Chart, annotate, finish, thin

ENOUGH = 20.0  # 20 to 1: reached by chance in at most one of twenty endless comparisons


def looks_chart(looks: Sequence[Look], candidate: str, baseline: str) -> Chart | None:
    """Odds that fair bets on either side have won by each day, on a logarithmic axis."""
    import plotly.graph_objects as go

    if len(looks) < 2:
        return None
    chosen = [looks[i] for i in thin(len(looks), 400)]
    x = [look.end or look.n for look in chosen]
    figure = go.Figure()
    sides = (
        ("for " + candidate, [look.log_wealth for look in chosen]),
        ("for " + baseline, [look.log_wealth_against for look in chosen]),
    )
    top = max(math.log10(ENOUGH) * 1.3, *(v / math.log(10) for _n, line in sides for v in line))
    for i, (name, line) in enumerate(sides):
        y = [max(v / math.log(10), -2.0) for v in line]
        figure.add_trace(
            go.Scatter(
                x=x, y=y, mode="lines", line={"color": SERIES[i], "width": 2},
                text=[f"{10**v:,.3g} to 1" for v in y],
                hovertemplate=f"{name}: %{{text}}<extra></extra>",
            )
        )  # fmt: skip
        annotate(
            figure, name, x=x[-1], y=y[-1], xanchor="right", yshift=10,
            font={"size": 12, "color": SERIES[i]},
        )  # fmt: skip
    finish(figure, height=240)
    figure.add_hline(
        y=math.log10(ENOUGH), line={"color": GREY_LINE, "width": 1, "dash": "dot"},
        annotation={"text": "20 to 1: enough", "font": {"size": 12, "color": QUIET}},
    )  # fmt: skip
    ticks = list(range(-2, math.ceil(top) + 1))[:: max(1, math.ceil(top / 8))]
    words = [f"{10**k:,} to 1" if k >= 0 else f"1 to {10**-k}" for k in ticks]
    figure.update_yaxes(range=[-2.1, top * 1.08], tickvals=ticks, ticktext=words)
    table: dict[str, list[object]] = {
        "until": [str(look.end or look.n) for look in chosen],
        "rows": [look.n for look in chosen],
        "gain": [look.gain for look in chosen],
        "low": [look.low for look in chosen],
        "high": [look.high for look in chosen],
        "candidate closer": [look.n_for for look in chosen],
        "baseline closer": [look.n_against for look in chosen],
        "odds for the candidate": [math.exp(min(look.log_wealth, 700)) for look in chosen],
    }
    last = chosen[-1]
    alt = (
        f"Evidence by day: after {last.n:,} rows {math.exp(min(last.log_wealth, 700)):,.3g} to 1 for"
        f" {candidate}, {math.exp(min(last.log_wealth_against, 700)):,.3g} to 1 for {baseline}."
    )
    return Chart(figure, alt, table)
