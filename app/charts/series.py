"""One number over time: versions as colours, intervals as bands, the reference in grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from analytics.core import Result, Window
from analytics.findings.levels import say_level
from analytics.words import (
    short_name,
    write_count,
    write_half_width,
    write_period,
    write_value,
)
from app.charts.draft import Draft
from app.charts.levels import draw_levels
from app.charts.marks import Line, Word, draw_changes, draw_margin, draw_names, draw_reference
from app.charts.running import draw_running
from app.charts.style import MAX_POINTS, QUIET, SPLIT, Chart, colour_of, finish, thin, tint
from app.charts.style import time_axis as use_time

ESTIMATE = "rgba(124,135,150,0.07)"  # it is often wide: what came true stands before it


@dataclass(frozen=True, slots=True)
class Look:
    """How a series is drawn: its unit for words, height in pixels, and whether a box selects."""

    unit: str | None = None
    height: int = 300
    is_selectable: bool = False
    versions: tuple[str, ...] = ()  # the model's versions in order, so that colours stay
    notes: tuple[tuple[datetime, str], ...] = ()  # moments with a few words
    estimated: tuple[Result, ...] = ()  # the same number before labels come, as a dotted line
    levels: tuple[Result, ...] = ()  # changes of its level, each a span in which it came
    running: tuple[Result, ...] = ()  # its mean over all periods so far, with a band for all looks


def series_chart(results: Sequence[Result], look: Look) -> Chart | None:
    """Results of one number over periods; None when no period has enough rows to draw."""
    lines = _lines(results, look)
    drawn = [y for line in lines for y in line.y if y is not None]
    if not drawn:
        return None
    figure = Draft()
    low, high = _range(lines, results, look)
    words = draw_reference(figure, results, look.unit)
    for line in () if look.running else lines:
        _band(figure, line)
    words += draw_running(figure, lines, look.running)
    for line in lines:
        _draw(figure, line, look.unit)
    words += [*draw_names(figure, lines), *_draw_estimated(figure, look)]
    n_rows = draw_changes(figure, lines, (*look.notes, *draw_levels(figure, look.levels)))
    right = draw_margin(figure, words, low, high, look.height)
    finish(figure, height=look.height, right=right, top=8 + 17 * n_rows)
    figure.update_yaxes(range=[low, high], tickformat=_ticks(look.unit))
    _time(figure, results)
    if look.is_selectable:
        figure.update_layout(dragmode="select", selectdirection="h")
    return Chart(figure.figure(), _alt(lines, look, results), series_table(results, look.unit))


def _lines(results: Sequence[Result], look: Look) -> list[Line]:
    names = list(dict.fromkeys(r.version for r in results))
    order = list(look.versions) or sorted(n for n in names if n)
    most = MAX_POINTS // (5 * max(len(names), 1))
    lines = []
    for name in names:
        chosen = [r for r in results if r.version == name]
        chosen = [chosen[i] for i in thin(len(chosen), most)]
        if not any(is_drawn(r) for r in chosen):
            continue
        colour = colour_of(order.index(name) if name in order else 0)
        y = tuple(r.value if is_drawn(r) else None for r in chosen)
        label = name if len(names) > 1 or len(order) > 1 else None
        lines.append(Line(label, colour, tuple(chosen), tuple(place(r.window) for r in chosen), y))
    return lines


def is_drawn(result: Result) -> bool:
    """Whether a period has enough behind it to be a point: thin ones are gaps."""
    if result.value is None:
        return False
    return result.verdict != "undefined" or "compare with" in (result.reason or "")


def place(window: Window) -> Any:
    """Where a window stands on the axis: its middle in time, or its first row."""
    if window.first_row is not None:
        return window.first_row
    if window.start is None or window.end is None:
        return 0
    if window.end - window.start <= timedelta(days=1):
        return window.start
    return window.start + (window.end - window.start) / 2


def _range(lines: Sequence[Line], results: Sequence[Result], look: Look) -> tuple[float, float]:
    values = [y for line in lines for y in line.y if y is not None]
    values += [r.value for r in look.estimated if r.value is not None]
    later = look.running[len(look.running) // 4 :]  # the first bands are wide
    values += [e for r in later for e in (r.low, r.high) if e is not None]
    ends = [
        e
        for line in lines
        for r in line.results
        if is_drawn(r)
        for e in (r.low, r.high)
        if e is not None
    ]
    bands = [
        float(r.detail[k]) for r in results[:1] for k in ("band_low", "band_high") if k in r.detail
    ]
    inner = np.quantile(ends, [0.02, 0.98]).tolist() if ends else []
    low, high = min(values + bands + inner), max(values + bands + inner)
    pad = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    return low - pad, high + pad


def _band(figure: Draft, line: Line) -> None:
    for run in _runs(line):
        upper = [(line.x[i], line.results[i].high) for i in run]
        lower = [(line.x[i], line.results[i].low) for i in reversed(run)]
        both = upper + lower
        figure.add_scatter(
            x=[x for x, _y in both],
            y=[y for _x, y in both],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=tint(line.colour),
            hoverinfo="skip",
        )


def _draw_estimated(figure: Draft, look: Look) -> list[Word]:
    """The dotted line of what was expected without labels, and its word for the right margin."""
    there = [r for r in look.estimated if r.value is not None]
    if not there:
        return []
    chosen = [there[i] for i in thin(len(there), MAX_POINTS // 5)]
    hover = [f"estimated without labels, {_hover(r, look.unit)}" for r in chosen]
    ends = [r for r in chosen if r.low is not None and r.high is not None]
    if len(ends) > 1:
        _between(figure, ends)
    figure.add_scatter(
        x=[place(r.window) for r in chosen], y=[r.value for r in chosen], mode="lines",
        line={"color": QUIET, "width": 1.5, "dash": "dot"}, text=hover,
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    return [(float(chosen[-1].value or 0.0), "estimated", QUIET)]


def _between(figure: Draft, ends: Sequence[Result]) -> None:
    """The band of the estimate, quieter than that of what came true."""
    x = [place(r.window) for r in ends]
    figure.add_scatter(
        x=[*x, *reversed(x)], y=[*(r.high for r in ends), *(r.low for r in reversed(ends))],
        mode="lines", line={"width": 0}, fill="toself", fillcolor=ESTIMATE, hoverinfo="skip",
    )  # fmt: skip


def _runs(line: Line) -> list[list[int]]:
    """Neighbouring points that are drawn and have an interval; a single one makes no band."""
    runs: list[list[int]] = [[]]
    for i, (y, r) in enumerate(zip(line.y, line.results, strict=True)):
        if y is None or r.low is None or r.high is None:
            runs.append([])
        else:
            runs[-1].append(i)
    return [run for run in runs if len(run) > 1]


def _draw(figure: Draft, line: Line, unit: str | None) -> None:
    lonely = len(line.x) <= 70
    hover = [_hover(r, unit) for r in line.results]
    figure.add_scatter(
        x=list(line.x),
        y=list(line.y),
        mode="lines+markers" if lonely else "lines",
        connectgaps=False,
        line={"color": line.colour, "width": 2},
        marker={"size": 4, "color": line.colour},
        text=hover,
        customdata=[mark_of(r) for r in line.results],
        hovertemplate="%{text}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def mark_of(r: Result) -> str | None:
    """What a click on a period's point says: when the period begins, and whose it is."""
    return (
        None if r.window.start is None else f"{r.window.start.isoformat()}{SPLIT}{r.version or ''}"
    )


def _hover(r: Result, unit: str | None) -> str:
    who = f"<b>{short_name(r.version)}</b>, " if r.version else ""
    n = (
        f"{write_count(r.n_labelled)} labels"
        if r.n_labelled is not None
        else f"{write_count(r.n)} rows"
    )
    number = f"{write_value(r.value, unit)} {write_half_width(r.low, r.high, unit)}".strip()
    return f"{who}{write_period(r.window)}<br><b>{number}</b>, {n}"


def _time(figure: Draft, results: Sequence[Result]) -> None:
    starts = [r.window.start for r in results if r.window.start]
    ends = [r.window.end for r in results if r.window.end]
    if any(r.window.first_row is not None for r in results) or not starts:
        figure.update_xaxes(title={"text": "row", "standoff": 4}, tickformat=",d")
        return
    use_time(figure, min(starts), max(ends))


def _ticks(unit: str | None) -> str | None:
    return {"share": ".2f", "score": ".2f", "rate": ".0%", "nats": ".2f"}.get(unit or "")


def _alt(lines: Sequence[Line], look: Look, results: Sequence[Result]) -> str:
    label = str(results[0].detail.get("label", results[0].name))
    pieces = []
    for line in lines:
        at = [i for i, y in enumerate(line.y) if y is not None]
        low, high = (f(at, key=lambda i: float(line.y[i] or 0.0)) for f in (min, max))
        who = f"{line.name}: " if line.name else ""
        pieces.append(
            f"{who}lowest {write_value(line.y[low], look.unit)}"
            f" {write_period(line.results[low].window)}, highest"
            f" {write_value(line.y[high], look.unit)} {write_period(line.results[high].window)}"
        )
    pieces += [say_level(change) for change in look.levels]
    return f"{label} over time. {'; '.join(pieces)}."


def series_table(results: Sequence[Result], unit: str | None) -> dict[str, list[Any]]:
    """The same numbers as columns, thin periods among them."""
    del unit
    return {
        "period": [write_period(r.window) for r in results],
        "version": [r.version or "all" for r in results],
        "value": [r.value for r in results],
        "low": [r.low for r in results],
        "high": [r.high for r in results],
        "rows": [r.n for r in results],
        "labels": [r.n_labelled for r in results],
        "verdict": [r.verdict if not r.reason else f"{r.verdict}: {r.reason}" for r in results],
    }


def picked_span(box: Sequence[Any] | None) -> tuple[datetime, datetime] | None:
    """The span of time of a box that somebody drew; None for no box or one without width."""
    if not box or len(box) < 2:
        return None
    try:
        ends = sorted(datetime.fromisoformat(str(end).replace(" ", "T")[:19]) for end in box)
    except ValueError:
        return None
    return (ends[0], ends[-1]) if ends[0] < ends[-1] else None
