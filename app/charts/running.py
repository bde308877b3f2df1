"""The mean over all periods so far, dashed, in a band that holds however often somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.core import Result
from analytics.words import short_name, unit_of, write_count, write_half_width, write_value
from app.charts.marks import Line, Word
from app.charts.style import MAX_POINTS, QUIET, thin, tint


def draw_running(figure: Any, lines: Sequence[Line], running: Sequence[Result]) -> list[Word]:
    """One band a version in its line's colour; the word for the right margin."""
    ends: list[float] = []
    for line in lines:
        version = line.results[0].version
        there = [r for r in running if r.version == version and r.low is not None]
        if len(there) < 2:
            continue
        chosen = [there[i] for i in thin(len(there), MAX_POINTS // (10 * len(lines)))]
        _draw(figure, chosen, line.colour)
        ends.append(float(chosen[-1].value or 0.0))
    return [(sum(ends) / len(ends), "mean so far", QUIET)] if ends else []


def _draw(figure: Any, chosen: Sequence[Result], colour: str) -> None:
    x = [r.window.end if r.window.first_row is None else r.window.last_row for r in chosen]
    figure.add_scatter(
        x=[*x, *reversed(x)], y=[*(r.high for r in chosen), *(r.low for r in reversed(chosen))],
        mode="lines", line={"width": 0}, fill="toself", fillcolor=tint(colour), hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=[r.value for r in chosen], mode="lines", text=[_hover(r) for r in chosen],
        line={"color": colour, "width": 1.5, "dash": "dash"},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _hover(r: Result) -> str:
    who = f"<b>{short_name(r.version)}</b>, " if r.version else ""
    number = f"{write_value(r.value, unit_of(r))} {write_half_width(r.low, r.high, unit_of(r))}"
    return f"{who}mean of all periods so far<br><b>{number}</b>, {write_count(r.n_labelled or r.n)} labels"
