"""One column, or all of them: distributions beside the reference, heat strips by day, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from analytics.words import short_name, write_count, write_day, write_value
from app.charts.shapes import beside, key_of
from app.charts.style import (
    GREY_BAR,
    GREY_LINE,
    MAX_POINTS,
    SERIES,
    SPLIT,
    Chart,
    finish,
    time_axis,
    tint,
)

HEIGHT = 240
MOST_LEVELS = 14


def distribution_chart(
    edges: Sequence[float], current: Sequence[float], reference: Sequence[float] | None, name: str
) -> Chart:
    """Shares of rows by value: the reference as grey steps, the window in colour."""
    import plotly.graph_objects as go

    figure = go.Figure()
    x = np.repeat(np.asarray(edges, dtype=float), 2)[1:-1].tolist()
    for share, line, fill in (
        (reference, GREY_LINE, "rgba(124,135,150,0.28)"),
        (current, SERIES[0], tint(SERIES[0])),
    ):
        if share is None:
            continue
        figure.add_trace(
            go.Scatter(
                x=x, y=np.repeat(np.asarray(share, dtype=float), 2).tolist(), mode="lines",
                line={"color": line, "width": 1.5}, fill="tozeroy", fillcolor=fill,
                hoverinfo="skip",
            )
        )  # fmt: skip
    figure.add_trace(_bins(edges, current, reference))
    finish(figure, height=HEIGHT)
    figure.update_yaxes(tickformat=".1~%", rangemode="tozero")
    figure.update_xaxes(title={"text": short_name(name, 40), "standoff": 4})
    table: dict[str, Sequence[Any]] = {
        "from": list(edges[:-1]),
        "to": list(edges[1:]),
        "this window": list(current),
    }
    if reference is not None:
        table["reference"] = list(reference)
    return Chart(figure, f"Distribution of {name}{beside(reference)}.", table, key_of(reference))


def _bins(
    edges: Sequence[float], current: Sequence[float], reference: Sequence[float] | None
) -> Any:
    """What the mouse meets: a column a bin, unseen, that carries its middle."""
    import plotly.graph_objects as go

    ends = np.asarray(edges, dtype=float)
    middle = ((ends[:-1] + ends[1:]) / 2).tolist()
    beside_it = [f", reference {share:.1%}" for share in reference or ()] or [""] * len(middle)
    top = max([*current, *(reference or ())], default=0.0)
    return go.Bar(
        x=middle, y=[top] * len(middle), width=np.diff(ends).tolist(), customdata=middle,
        marker={"color": SERIES[0], "opacity": 0, "line": {"width": 0}},
        text=[f"{share:.1%}{then}" for share, then in zip(current, beside_it, strict=True)],
        textposition="none", hovertemplate="about %{x:.3~g}: %{text}<extra></extra>",
        selected={"marker": {"opacity": 0.2}}, unselected={"marker": {"opacity": 0}},
    )  # fmt: skip


def levels_chart(
    levels: Sequence[str], current: Sequence[float], reference: Sequence[float] | None, name: str
) -> Chart:
    """Shares of rows by level, the most moved or most frequent first; grey is the reference."""
    import plotly.graph_objects as go

    now = np.asarray(current, dtype=float)
    then = None if reference is None else np.asarray(reference, dtype=float)
    size = now if then is None else np.maximum(now, then)
    chosen = np.argsort(-size, kind="stable")[:MOST_LEVELS]
    names = [short_name(levels[i], 18) for i in chosen]
    figure = go.Figure()
    for share, colour, who in ((then, GREY_BAR, "reference"), (now, SERIES[0], "this window")):
        if share is None:
            continue
        figure.add_trace(
            go.Bar(
                y=names, x=[float(share[i]) for i in chosen], orientation="h",
                customdata=[levels[i] for i in chosen],
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate=f"{who}, %{{y}}: %{{x:.1%}}<extra></extra>",
            )
        )  # fmt: skip
    finish(figure, height=max(150, 30 * len(names) + 40))
    figure.update_layout(barmode="group", bargap=0.3, bargroupgap=0.05)
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(names) + 1
    )
    figure.update_xaxes(tickformat=".0%", showgrid=True, gridcolor="rgba(124,135,150,0.18)")
    table: dict[str, Sequence[Any]] = {"level": list(levels), "this window": now.tolist()}
    if then is not None:
        table["reference"] = then.tolist()
    said = key_of(reference)
    if len(levels) > len(chosen):
        said += f" The {len(chosen)} largest of {write_count(len(levels))} levels."
    return Chart(figure, f"Levels of {name}{beside(reference)}.", table, said)


def heat_chart(
    days: Sequence[datetime], rates: Mapping[str, Sequence[float | None]], label: str
) -> Chart | None:
    """A strip a column, a cell a day, as dark as the rate; None without a column to show.

    Rows are the columns with the highest rate on any day, as many as the limit of points allows.
    """
    import plotly.graph_objects as go

    most = max(MAX_POINTS // max(len(days), 1), 1)
    ranked = sorted(rates, key=lambda c: -max((r or 0.0 for r in rates[c]), default=0.0))
    chosen = ranked[:most]
    if not chosen or not days:
        return None
    z = [[None if r is None else 100 * r for r in rates[c]] for c in chosen]
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=list(days),
            y=[short_name(c, 18) for c in chosen],
            colorscale=[
                [0, "rgba(124,135,150,0.10)"],
                [0.02, tint(SERIES[1], 0.25)],
                [1, SERIES[1]],
            ],
            zmin=0,
            zmax=100,
            showscale=False,
            ygap=3,
            hoverongaps=False,
            hovertemplate="%{y}, %{x|%-d %B}<br>%{z:.1f} %<extra></extra>",
        )
    )
    figure.add_trace(_cells(days, {c: rates[c] for c in chosen}))
    finish(figure, height=28 * len(chosen) + 44)
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(chosen) + 1
    )
    time_axis(figure, days[0], days[-1])
    figure.update_xaxes(range=None, ticklabelmode="instant")
    worst, day = max(
        ((rates[c][i] or 0.0, i) for c in chosen for i in range(len(days))), default=(0.0, 0)
    )
    alt = f"{label} by day and column; highest {write_value(worst, 'rate')} on {write_day(days[day])}."
    table: dict[str, Sequence[Any]] = {"day": [d.date().isoformat() for d in days]}
    table |= {c: list(rates[c]) for c in chosen}
    return Chart(figure, alt, table)


def _cells(days: Sequence[datetime], rates: Mapping[str, Sequence[float | None]]) -> Any:
    """What can be clicked: cells with a rate, the highest first, that carry their column and day."""
    import plotly.graph_objects as go

    there = [(r, c, i) for c, row in rates.items() for i, r in enumerate(row) if r]
    there.sort(key=lambda cell: -cell[0])
    there = there[: max(MAX_POINTS - len(days) * len(rates), 0)]
    return go.Scatter(
        x=[days[i] for _r, _c, i in there], y=[short_name(c, 18) for _r, c, _i in there],
        mode="markers", customdata=[f"{c}{SPLIT}{days[i].isoformat()}" for _r, c, i in there],
        marker={"size": 16, "symbol": "square", "opacity": 0, "color": SERIES[1]},
        text=[f"{100 * r:.1f} %" for r, _c, _i in there],
        hovertemplate="%{y}, %{x|%-d %B}<br>%{text}<extra></extra>",
    )  # fmt: skip


def bars_chart(
    x: Sequence[Any],
    y: Sequence[float],
    *,
    word: str,
    marked: Sequence[bool] = (),
    height: int = 200,
    unit: str = "",
) -> Chart:
    """Counts by day; marked days in the second colour. ``unit`` stands behind the axis' numbers."""
    import plotly.graph_objects as go

    colours = [
        SERIES[1] if i < len(marked) and marked[i] else tint(SERIES[0], 0.6) for i in range(len(x))
    ]
    hover = f"%{{x|%-d %B}}: %{{y:,.0f}} {word}<extra></extra>"
    is_time = bool(x) and isinstance(x[0], datetime)
    figure = go.Figure(
        go.Bar(
            x=list(x),
            y=list(y),
            customdata=[d.isoformat() if isinstance(d, datetime) else None for d in x],
            marker={"color": colours, "line": {"width": 0}},
            hovertemplate=hover if is_time else f"%{{x}}: %{{y:,.0f}} {word}<extra></extra>",
        )
    )
    finish(figure, height=height)
    figure.update_yaxes(rangemode="tozero", nticks=4, ticksuffix=unit)
    if is_time:
        time_axis(figure, x[0], x[-1])
        figure.update_xaxes(range=None, ticklabelmode="instant")
    days = [d.date().isoformat() if isinstance(d, datetime) else d for d in x]
    alt = f"{word.capitalize()} over time, {write_count(round(sum(y)))} in all."
    return Chart(figure, alt, {"period": days, word: list(y)})
