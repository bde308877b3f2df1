"""The spread of latency over time: a column a period, as dark as the share of its requests."""

from __future__ import annotations

from analytics.evaluate.serving import LatencyMap
from analytics.words import write_period, write_value
from app.charts.series import place
from app.charts.style import MAX_POINTS, SERIES, TIME_FORMATS, Chart, finish, thin, tint

HEIGHT = 240


def latency_chart(found: LatencyMap) -> Chart:
    """Bins of latency upwards, time to the right; bins are powers of two, so tails stay visible."""
    import plotly.graph_objects as go

    n_bins = len(found.shares)
    at = thin(len(found.windows), max(MAX_POINTS // n_bins, 2)).tolist()
    names = [f"{edge:,.3g} ms" for edge in found.edges_ms[:-1]]
    # A dark cell is half of the requests or more; a single slow one in thousands is still seen.
    z = [[row[i] ** 0.5 if row[i] else None for i in at] for row in found.shares]
    texts = [[f"{100 * row[i]:.2g} %" for i in at] for row in found.shares]
    x = [place(found.windows[i]) for i in at]
    figure = go.Figure(
        go.Heatmap(
            z=z, x=x, y=names, text=texts, zmin=0, zmax=0.7, showscale=False, ygap=1,
            colorscale=[[0, tint(SERIES[0], 0.12)], [1, SERIES[0]]], hoverongaps=False,
            hovertemplate="from %{y}, %{x|%-d %B}<br>%{text} of requests<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=max(HEIGHT, 16 * n_bins + 40))
    figure.update_yaxes(type="category", showgrid=False, nticks=min(n_bins, 12))
    if found.windows[0].start is not None:
        figure.update_xaxes(type="date", tickformatstops=TIME_FORMATS)
    top = max(i for i, row in enumerate(found.shares) if any(row))
    alt = f"Latency by period: from {names[0]} to {write_value(found.edges_ms[top + 1], 'ms')}."
    table: dict[str, list[object]] = {"period": [write_period(found.windows[i]) for i in at]}
    table |= {
        f"from {name}": [row[i] for i in at] for name, row in zip(names, found.shares, strict=True)
    }
    return Chart(figure, alt, table)
