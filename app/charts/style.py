"""One chart grammar: colours, axes, margins, and the limit on what travels to the browser.

Colours are the slots that Streamlit fills with the theme's own in the browser, so that a figure
is right in light and in dark; greys are transparent and right on both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from app.charts.draft import Draft

F = TypeVar("F", "go.Figure", "Draft")
MAX_POINTS = 2000
SERIES = tuple(f"#00000{i}" for i in range(1, 9))  # chartCategoricalColors of the theme
QUIET, TEXT = "#000036", "#000037"  # the theme's quiet and full text
GREY = "rgba(124,135,150,0.16)"
GREY_LINE = "rgba(124,135,150,0.85)"
GREY_BAR = "rgba(124,135,150,0.45)"
GRID = "rgba(124,135,150,0.18)"
BAND = 0.14
SPLIT = "\x1f"  # between the two names that a mark carries
CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False}
# Days, then months, then years: Plotly picks how many fit, the words are spelled out.
A_FEW_DAYS, TWO_MONTHS, MOST_DAYS = 4, 62, 3.5  # days; labels of days on one axis
DAY_MS = 86_400_000
TIME_FORMATS = (
    {"dtickrange": [None, 3600000], "value": "%H:%M\n%-d %B"},
    {"dtickrange": [3600000, 86400000], "value": "%H:%M\n%-d %B"},
    {"dtickrange": [86400000, 1814400000], "value": "%-d %B"},  # up to three weeks
    {"dtickrange": ["M1", "M12"], "value": "%B"},
    {"dtickrange": ["M12", None], "value": "%Y"},
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure, what a screen reader says of it, and the numbers behind it as columns."""

    figure: go.Figure
    alt: str
    table: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    caption: str = ""


def tint(colour: str, share: float = BAND) -> str:
    """The colour with an alpha of ``share``, as eight hex digits.

    >>> tint("#000001", 0.14)
    '#00000124'
    """
    return f"{colour}{round(255 * share):02x}"


def colour_of(i: int) -> str:
    """The i-th series colour; they repeat after eight."""
    return SERIES[i % len(SERIES)]


def thin(n: int, most: int) -> npt.NDArray[np.int64]:
    """Indices of at most ``most`` of ``n`` points, evenly spread, first and last kept.

    >>> thin(5, 3).tolist()
    [0, 2, 4]
    """
    if n <= most:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, max(most, 2)).round().astype(np.int64))


def n_points(figure: go.Figure | Draft) -> int:
    """How many points a figure sends to the browser."""
    return sum(_trace_points(trace) for trace in figure.data)


def _trace_points(trace: Any) -> int:
    x, y, z = (
        trace.get(name) if isinstance(trace, dict) else getattr(trace, name, None) for name in "xyz"
    )
    if z is not None:
        return int(np.asarray(z, dtype=object).size)
    return max((len(v) for v in (x, y) if v is not None), default=0)


def finish(figure: F, *, height: int, right: int = 16, top: int = 16) -> F:
    """Give the figure the house's axes and margins; ValueError above the limit of points."""
    found = n_points(figure)
    if found > MAX_POINTS:
        raise ValueError(f"The figure has {found} points; at most {MAX_POINTS} may travel.")
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": right, "t": top, "b": 4},
        showlegend=False,
        hovermode="closest",
        dragmode=False,
        bargap=0.08,
        hoverlabel={"align": "left"},
        font={"size": 12},
    )
    figure.update_xaxes(showgrid=False, zeroline=False, fixedrange=True, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, fixedrange=True, automargin=True, nticks=6)
    return figure


def time_axis(figure: go.Figure | Draft, start: datetime, end: datetime) -> None:
    """Time from left to right, months and days spelled out."""
    figure.update_xaxes(
        type="date", range=[start, end], tickformatstops=TIME_FORMATS, ticklabelmode="period",
        tickangle=0, tickfont={"size": 10},
    )  # fmt: skip
    days = (end - start) / timedelta(days=1)
    if A_FEW_DAYS < days < TWO_MONTHS:  # months would give one label, or none
        step = next(n for n in (2, 3, 7, 14, 28) if days / n <= MOST_DAYS)
        figure.update_xaxes(dtick=step * DAY_MS, ticklabelmode="instant")


def annotate(figure: go.Figure | Draft, text: str, **place: Any) -> None:
    """A word in the chart, without arrow."""
    figure.add_annotation(**{"text": text, "showarrow": False, "font": {"size": 12}} | place)


def dots_with_ends(
    numbers: Sequence[Sequence[float | None]],
    names: Sequence[str],
    said: Sequence[str],
    colour: str = SERIES[0],
) -> tuple[Any, Any]:
    """The lines and the dots of rows of (value, low, high), two traces however many rows there are."""
    import plotly.graph_objects as go

    hover = "%{text}<extra></extra>"
    lines = go.Scatter(
        x=[x for _value, low, high in numbers for x in (low, high, None)],
        y=[y for name in names for y in (name, name, None)],
        text=[text for text in said for _ in range(3)],
        mode="lines", line={"color": colour, "width": 2}, hovertemplate=hover,
    )  # fmt: skip
    dots = go.Scatter(
        x=[value for value, _low, _high in numbers], y=list(names), text=list(said),
        mode="markers", marker={"color": colour, "size": 8}, hovertemplate=hover,
    )  # fmt: skip
    return lines, dots


def spread(places: Sequence[float], gap: float) -> list[float]:
    """The same heights moved apart by at least ``gap``, in their order, about where they were.

    >>> spread([1.0, 1.0, 5.0], 1.0)
    [0.5, 1.5, 5.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for _ in range(20):
        for a in range(len(moved) - 1):
            short = gap - (moved[a + 1] - moved[a])
            if short > 1e-12:
                moved[a] -= short / 2
                moved[a + 1] += short / 2
    answer = [0.0] * len(places)
    for i, value in zip(order, moved, strict=True):
        answer[i] = value
    return answer
