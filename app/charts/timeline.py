"""Several numbers over one span of time, one strip each, with the same moments under each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from analytics.core import Result
from analytics.query.histograms import Seen
from analytics.words import (
    pace_of,
    short_name,
    unit_of,
    write_half_width,
    write_period,
    write_value,
)
from app.charts.marks import ROW_PX, draw_moments
from app.charts.series import is_drawn, place
from app.charts.style import (
    MAX_POINTS,
    QUIET,
    Chart,
    annotate,
    colour_of,
    finish,
    spread,
    thin,
    time_axis,
)

STRIP_PX, GAP_PX, TOP_PX = 96, 22, 34
NAME_PX = 14


@dataclass(frozen=True, slots=True)
class Strip:
    """One number, or a few of one unit: a title and lines, each a name and its Results.

    Rates stand on zero, but for those that lie close together far from it (``is_close``).
    """

    title: str
    lines: Sequence[tuple[str, Sequence[Result]]]
    is_close: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that runs through a chart, with a word and what it tells of."""

    at: datetime
    word: str
    kind: Literal["note", "version", "incident"] = "note"


MOST_RESOURCES = 10
APART = re.compile(r"(cpu|gpu)\d+_|container_\w+_limit")  # one core, one card, what never changes
QUANTILES = ("latency_p50", "latency_p95", "latency_p99")


def serving_strips(series: Sequence[Result], metric: Sequence[Result] = ()) -> list[Strip]:
    """Latency, errors, load and resources by period, and the main metric by version below."""
    by_name: dict[str, list[Result]] = {}
    for r in series:
        by_name.setdefault(r.name, []).append(r)
    latency = [(n.removeprefix("latency_"), by_name[n]) for n in QUANTILES if n in by_name]
    strips = [Strip("Latency", latency)] if latency else []
    sampled = dict.fromkeys(r.name for r in series if r.detail.get("n_samples"))
    resources = [name for name in sampled if not APART.match(name)][:MOST_RESOURCES]
    for name in ("error_rate", "throughput", *resources):
        if name in by_name:
            strips.append(Strip(str(by_name[name][0].detail["label"]), [("", by_name[name])]))
    if metric:
        versions = dict.fromkeys(r.version for r in metric)
        lines = [(v or "", [r for r in metric if r.version == v]) for v in versions]
        strips.append(Strip(str(metric[0].detail.get("label", metric[0].name)), lines))
    return strips


def version_marks(versions: Sequence[Seen]) -> list[Mark]:
    """Where the model's later versions begin."""
    seen = sorted(((s.first, s.version) for s in versions if s.first), key=lambda pair: pair[0])
    return [Mark(first, f"{version} begins", "version") for first, version in seen[1:]]


def timeline_chart(strips: Sequence[Strip], marks: Sequence[Mark] = ()) -> Chart | None:
    """The strips under each other on one axis of time; None when nothing can be drawn."""
    from plotly.subplots import make_subplots

    drawn = [s for s in strips if any(is_drawn(r) for _name, rs in s.lines for r in rs)]
    if not drawn:
        return None
    n = len(drawn)
    height = n * STRIP_PX + (n - 1) * GAP_PX + TOP_PX + 24
    figure = make_subplots(
        rows=n, cols=1, shared_xaxes=True, vertical_spacing=GAP_PX / (height - TOP_PX - 24)
    )
    most = MAX_POINTS // sum(len(s.lines) for s in drawn)
    for row, strip in enumerate(drawn, 1):
        _draw_strip(figure, row, strip, most)
    results = [r for s in drawn for _name, rs in s.lines for r in rs]
    n_rows = _draw_marks(figure, marks, results)
    top = TOP_PX + ROW_PX * max(0, n_rows - 1)
    finish(figure, height=height - TOP_PX + top, right=74, top=top)
    _axes(figure, drawn, results)
    return Chart(figure, _alt(drawn), _table(drawn))


def _draw_strip(figure: Any, row: int, strip: Strip, most: int) -> None:
    import plotly.graph_objects as go

    ends: list[tuple[float, str, str]] = []
    numbers: list[float] = []
    scale = _scale(strip)[0]
    for i, (name, results) in enumerate(strip.lines):
        chosen = [results[j] for j in thin(len(results), max(most, 2))]
        y = [r.value * scale if r.value is not None and is_drawn(r) else None for r in chosen]
        colour = colour_of(i)
        figure.add_trace(
            go.Scatter(
                x=[place(r.window) for r in chosen],
                y=y,
                mode="lines+markers" if len(chosen) <= 40 else "lines",
                connectgaps=False,
                line={"color": colour, "width": 1.75},
                marker={"size": 3, "color": colour},
                text=[_hover(name, r) for r in chosen],
                hovertemplate="%{text}<extra></extra>",
            ),
            row=row,
            col=1,
        )
        known = [v for v in y if v is not None]
        numbers += known
        if known and len(strip.lines) > 1:
            ends.append((known[-1], name, colour))
    _name_lines(figure, row, ends, numbers)
    suffix = "" if row == 1 else str(row)
    annotate(
        figure, strip.title, x=0, xref="paper", xanchor="left", y=1, yref=f"y{suffix} domain",
        yanchor="bottom", font={"size": 12, "color": QUIET},
    )  # fmt: skip


def _scale(strip: Strip) -> tuple[float, str]:
    """What the values are multiplied with on the axis, and the unit there: 14 /h, not 0.004 /s."""
    unit = unit_of(strip.lines[0][1][0])
    if unit == "per_s":
        top = max((r.value or 0.0 for _n, rs in strip.lines for r in rs), default=0.0)
        seconds, name = pace_of(top)
        return float(seconds), f" /{name}"
    return 1.0, {"ms": " ms", "percent": " %", "MB": " MB"}.get(unit, "")


def _name_lines(
    figure: Any, row: int, ends: Sequence[tuple[float, str, str]], numbers: Sequence[float]
) -> None:
    """Each line named at its end, moved apart where they would stand on each other."""
    if not ends:
        return
    span = (max(numbers) - min(numbers)) or 1.0
    places = spread([y for y, _n, _c in ends], span * NAME_PX / STRIP_PX)
    suffix = "" if row == 1 else str(row)
    for y, (_y, name, colour) in zip(places, ends, strict=True):
        annotate(
            figure, short_name(name, 9), x=1, xref="paper", xanchor="left", xshift=4, y=y,
            yref=f"y{suffix}", font={"size": 12, "color": colour},
        )  # fmt: skip


def _axes(figure: Any, strips: Sequence[Strip], results: Sequence[Result]) -> None:
    for row, strip in enumerate(strips, 1):
        unit = unit_of(strip.lines[0][1][0])
        score = ".3f" if strip.is_close else ".2f"
        formats = {"rate": ".1~%", "share": score, "score": score, "ms": "~s"}
        figure.update_yaxes(
            row=row, col=1, nticks=4, tickformat=formats.get(unit), ticksuffix=_scale(strip)[1],
            rangemode="tozero" if unit == "rate" and not strip.is_close else "normal",
        )  # fmt: skip
    starts = [r.window.start for r in results if r.window.start]
    stops = [r.window.end for r in results if r.window.end]
    if starts and stops and all(r.window.first_row is None for r in results):
        time_axis(figure, min(starts), max(stops))


def _draw_marks(figure: Any, marks: Sequence[Mark], results: Sequence[Result]) -> int:
    """The marks inside the strips' time; the rows that their words take above the first title."""
    starts = [r.window.start for r in results if r.window.start]
    stops = [r.window.end for r in results if r.window.end]
    if not starts or not stops:
        return 0
    span = min(starts), max(stops)
    inside = [(m.at, short_name(m.word, 26)) for m in marks if span[0] < m.at < span[1]]
    return draw_moments(figure, inside, span, NAME_PX + 2)


def _hover(name: str, r: Result) -> str:
    unit = unit_of(r)
    number = f"{write_value(r.value, unit)} {write_half_width(r.low, r.high, unit)}".strip()
    return f"<b>{short_name(name, 24)}</b>, {write_period(r.window)}<br><b>{number}</b>, n {r.n:,}"


def _alt(strips: Sequence[Strip]) -> str:
    pieces = []
    for strip in strips:
        for name, results in strip.lines:
            known = [r for r in results if is_drawn(r)]
            if not known:
                continue
            top = max(known, key=lambda r: float(r.value or 0.0))
            pieces.append(
                f"{strip.title} {name}: highest {write_value(top.value, unit_of(top))}"
                f" {write_period(top.window)}"
            )
    return f"One timeline. {'; '.join(pieces)}."


def _table(strips: Sequence[Strip]) -> dict[str, list[Any]]:
    rows = [(s.title, name, r) for s in strips for name, results in s.lines for r in results]
    return {
        "number": [title for title, _n, _r in rows],
        "line": [name for _t, name, _r in rows],
        "period": [write_period(r.window) for _t, _n, r in rows],
        "value": [r.value for _t, _n, r in rows],
        "low": [r.low for _t, _n, r in rows],
        "high": [r.high for _t, _n, r in rows],
        "n": [r.n for _t, _n, r in rows],
    }
