"""The words and lines around a series: reference, version changes, names at the lines' ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.core import Result
from analytics.words import short_name, write_value
from app.charts.style import GREY, GREY_LINE, QUIET, annotate, spread

LABEL_PX, ROW_PX = 15, 16
CHARACTER_PX = 7
NOTE, MOST_MARKS, MOST_ROWS = 30, 10, 3
CHARACTER_SHARE = 0.009  # of a usual chart's width
NEAR_END = 0.9  # a line that ends before this share of the width is named where it ends
Word = tuple[float, str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One version's numbers, gaps where the verdict is undefined."""

    name: str | None
    colour: str
    results: tuple[Result, ...]
    x: tuple[Any, ...]
    y: tuple[float | None, ...]

    @property
    def last(self) -> int:
        """The last point that is drawn."""
        return max(i for i, y in enumerate(self.y) if y is not None)


def draw_reference(figure: Any, results: Sequence[Result], unit: str | None) -> list[Word]:
    """The grey band and line of the reference, and its word for the right margin."""
    detail = next((r.detail for r in results if r.detail.get("reference") is not None), None)
    if detail is None:
        return []
    if "band_low" in detail:
        figure.add_hrect(
            y0=detail["band_low"],
            y1=detail["band_high"],
            fillcolor=GREY,
            line={"width": 0},
            layer="below",
        )
    value = float(detail["reference"])
    figure.add_hline(y=value, line={"color": GREY_LINE, "width": 1}, layer="below")
    return [(value, f"reference<br>{write_value(value, unit)}", QUIET)]


def draw_changes(figure: Any, lines: Sequence[Line], notes: Sequence[tuple[Any, str]] = ()) -> int:
    """A dotted vertical where a version begins or ends, and at notes; the rows of words it takes."""
    first = min(_edge(line, 0) for line in lines)
    last = max(_edge(line, -1) for line in lines)
    named = [line for line in lines if line.name] if len(lines) > 1 else []
    marks = [
        (_edge(line, 0), f"{short_name(line.name)} begins")
        for line in named
        if _edge(line, 0) > first
    ]
    marks += [
        (_edge(line, -1), f"{short_name(line.name)} ends")
        for line in named
        if _edge(line, -1) < last
    ]
    marks += [
        (at, short_name(text, NOTE))
        for at, text in notes
        if isinstance(first, datetime) == isinstance(at, datetime) and first <= at <= last
    ]
    return draw_moments(figure, marks, (first, last))


def draw_moments(
    figure: Any, marks: Sequence[tuple[Any, str]], span: tuple[Any, Any], lift: int = 0
) -> int:
    """Dotted verticals with their words above, ``lift`` pixels up; the rows of words it takes."""
    first, last = span
    ends: list[Any] = []  # where the last word of each row ends, as a share of the width
    for x, text in sorted(marks, key=lambda m: m[0])[:MOST_MARKS]:
        share = (x - first) / (last - first) if last > first else 0.0
        width = CHARACTER_SHARE * len(text)
        row = next((i for i, end in enumerate(ends) if end <= share), len(ends))
        row = row if row < MOST_ROWS else MOST_ROWS - 1
        if row == len(ends):
            ends.append(0.0)
        ends[row] = share + width
        figure.add_vline(x=x, line={"color": GREY_LINE, "width": 1, "dash": "dot"})
        anchor = "right" if share + width > 1 else "left"
        where = {"x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": anchor}
        shift, up = (3 if anchor == "right" else -3), lift + ROW_PX * row
        annotate(figure, text, **where, yshift=up, xshift=shift, font={"size": 12, "color": QUIET})
    return len(ends)


def _edge(line: Line, at: int) -> Any:
    window = line.results[at].window
    if window.first_row is not None and window.last_row is not None:
        return window.first_row if at == 0 else window.last_row + 1
    return window.start if at == 0 else window.end


def draw_names(figure: Any, lines: Sequence[Line]) -> list[Word]:
    """Versions named where their lines end; those that end at the right edge go to the margin."""
    words: list[Word] = []
    ends = [line.x[line.last] for line in lines]
    starts = [line.x[0] for line in lines]
    for line, end in zip(lines, ends, strict=True):
        if not line.name:
            continue
        y = float(line.y[line.last] or 0.0)
        span = max(ends) - min(starts)
        if span and (end - min(starts)) < NEAR_END * span:
            place = {"x": end, "y": y, "xanchor": "left", "xshift": 4, "yshift": 9}
            annotate(
                figure, short_name(line.name), **place, font={"size": 12, "color": line.colour}
            )
        else:
            words.append((y, short_name(line.name), line.colour))
    return words


def draw_margin(figure: Any, words: Sequence[Word], low: float, high: float, height: int) -> int:
    """The words of the right margin, none on another; the pixels that they take."""
    for y, text, colour in _fit(words, low, high, height):
        place = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 6, "y": y, "align": "left"}
        annotate(figure, text, **place, font={"size": 12, "color": colour})
    return 12 + CHARACTER_PX * max((_width(text) for _y, text, _c in words), default=0)


def _width(text: str) -> int:
    return max(len(piece) for piece in text.split("<br>"))


def _fit(words: Sequence[Word], low: float, high: float, height: int) -> list[Word]:
    """The words of the right margin moved apart so that none stands on another."""
    per_px = (high - low) / max(height - 60, 1)
    extra = any("<br>" in text for _y, text, _c in words)
    places = spread([y for y, _t, _c in words], per_px * LABEL_PX * (1.8 if extra else 1.0))
    return [(y, text, colour) for y, (_y, text, colour) in zip(places, words, strict=True)]
