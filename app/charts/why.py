"""A change from before to now as steps that sum to it, and where errors stand beside before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.core import Result
from analytics.findings.reason import Story
from analytics.words import short_name, unit_of, write_amount, write_value
from app.charts.style import GREY_BAR, GREY_LINE, QUIET, SERIES, Chart, annotate, finish, tint

ROW_PX, TOP_PX = 34, 38
MOST_STEPS = 7
MOST_CELLS = 8
NAME = 30


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the way from before to now; no interval where it is a remainder."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    segment: str | None = None


def name_part(r: Result) -> str:
    """What a part is, short: the slice, and whether its share or its own number moved.

    >>> from analytics.core import Window
    >>> detail = {"part": "mix", "slice": "hour above 17", "share_now": 0.6, "share_before": 0.2}
    >>> name_part(Result("accuracy", -0.1, 9, "ok", Window(), detail=detail))
    'more hour above 17'
    """
    part = r.detail["part"]
    if part == "maturity":
        return "labels still on their way"
    if part == "covariate":
        return f"other {r.detail.get('base', 'rows')} came"
    if part == "concept":
        return f"same kinds of {r.detail.get('base', 'rows')}"
    name = str(r.detail["slice"])
    if part == "mix":
        more = float(r.detail["share_now"]) >= float(r.detail["share_before"])
        return f"{'more' if more else 'fewer'} {name}"
    if part != "within":
        return name
    worse = _worse(r) * float(r.value or 0.0)
    return f"{name} judged {'worse' if worse > 0 else 'better'}" if worse else f"{name} itself"


def steps_of_change(results: Sequence[Result], column: str | None) -> list[Step]:
    """The parts of one column (None: other rows or the same), largest first, the rest as one."""
    story = Story(results)
    names = ("maturity",) if column else ("maturity", "covariate", "concept")
    parts = [r for r in map(story.part, names) if r is not None]
    parts += story.slices(column) if column else []
    there = [r for r in parts if r.value]
    there.sort(key=lambda r: -abs(r.value or 0.0))
    steps = [
        Step(_short(r, column), float(r.value or 0.0), r.low, r.high, r.segment)
        for r in there[:MOST_STEPS]
    ]
    rest = there[MOST_STEPS:]
    if rest:
        steps.append(Step(f"{len(rest)} smaller parts", sum(float(r.value or 0.0) for r in rest)))
    return steps


def _short(r: Result, column: str | None) -> str:
    """The part's name without the name of the column that all of them share."""
    is_truth = r.detail.get("role") == "truth"
    name = name_part(r)
    return name if column is None or is_truth else name.replace(f"{column} ", "", 1)


def waterfall_chart(results: Sequence[Result], column: str | None) -> Chart | None:
    """Bars from where the metric stood to where it stands; each begins where the last one ended."""
    import plotly.graph_objects as go

    total = Story(results).total
    steps = steps_of_change(results, column)
    if total.value is None or not steps:
        return None
    unit, worse = unit_of(total), _worse(total)
    before, now = float(total.detail["before"]), float(total.detail["now"])
    names, at, starts = [], before, []
    figure = go.Figure()
    for i, step in enumerate(steps):
        name = short_name(step.name, NAME)
        names.append(name if name not in names else f"{name} ({i + 1})")
        starts.append(at)
        colour = SERIES[1] if step.value * worse > 0 else SERIES[0]
        figure.add_trace(
            go.Bar(
                x=[step.value], base=[at], y=[names[-1]], orientation="h",
                customdata=[step.segment],
                marker={"color": tint(colour, 0.75), "line": {"width": 0}},
                hovertemplate=f"{names[-1]}: {_say(step, total)}<extra></extra>",
            )
        )  # fmt: skip
        if step.low is not None and step.high is not None:
            figure.add_trace(
                go.Scatter(
                    x=[at + step.low, at + step.high], y=[names[-1]] * 2, mode="lines",
                    line={"color": GREY_LINE, "width": 2}, hoverinfo="skip",
                )
            )  # fmt: skip
        at += step.value
    _finish(figure, (before, now), names, unit)
    _write_amounts(figure, steps, starts, total)
    table: dict[str, list[object]] = {
        "part": [s.name for s in steps],
        "value": [s.value for s in steps],
        "low": [s.low for s in steps],
        "high": [s.high for s in steps],
    }
    said = "; ".join(f"{s.name} {_say(s, total)}" for s in steps)
    alt = f"From {write_value(before, unit)} to {write_value(now, unit)}: {said}."
    return Chart(figure, alt, table)


def _worse(total: Result) -> float:
    """The sign of a change for the worse; 0 where neither side is."""
    return {"higher": -1.0, "lower": 1.0}.get(str(total.detail.get("better")), 0.0)


def _say(step: Step, total: Result) -> str:
    return say_amount(step.value, step.low, step.high, total)


def say_amount(value: float, low: float | None, high: float | None, like: Result) -> str:
    """A part with its sign and half its interval, in the decimals of the metric it is a part of."""
    unit, size = unit_of(like), float(like.detail.get("before") or 0.0)
    said = f"{'+' if value > 0 else '−'}{write_amount(abs(value), unit, size)}"
    if low is None or high is None:
        return said
    return f"{said} ± {write_amount((high - low) / 2, unit, size)}"


def _finish(figure: Any, ends: tuple[float, float], names: Sequence[str], unit: str) -> None:
    finish(figure, height=ROW_PX * len(names) + TOP_PX + 30, top=TOP_PX)
    words = zip(ends, ("before", "now"), strict=True)
    left = min(ends)
    for value, word in words:
        figure.add_vline(x=value, line={"color": GREY_LINE, "width": 1, "dash": "dot"})
        annotate(
            figure, f"{word}<br>{write_value(value, unit)}", x=value, y=1, yref="paper",
            yanchor="bottom", xanchor="right" if value == left else "left",
            align="right" if value == left else "left",  # two lines: a phone has room for no more
            font={"size": 12, "color": QUIET},
        )  # fmt: skip
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(names) + 1
    )
    ticks = ".0%" if unit in ("share", "rate") else ".3~g"
    figure.update_xaxes(tickformat=ticks, nticks=6)
    figure.update_layout(bargap=0.35)


def _write_amounts(
    figure: Any, steps: Sequence[Step], starts: Sequence[float], total: Result
) -> None:
    """Each amount beside its bar, on the side that has more room; the axis holds them all."""
    reach = [
        x
        for s, at in zip(steps, starts, strict=True)
        for x in (at, at + s.value, at + (s.low or s.value), at + (s.high or s.value))
    ]
    low, high = min(reach), max(reach)
    room = 0.42 * (high - low or 1.0)
    for i, (step, at) in enumerate(zip(steps, starts, strict=True)):
        end = max(at, at + step.value, at + (step.high or step.value))
        annotate(
            figure, _say(step, total), x=end, y=i, xanchor="left", xshift=6,
            font={"size": 12, "color": QUIET},
        )  # fmt: skip
    figure.update_xaxes(range=[low - 0.12 * (high - low or 1.0), high + room])


def apart_columns(results: Sequence[Result], most: int = 6) -> list[list[Result]]:
    """The columns in which errors stand elsewhere than before, the furthest first."""
    by_column: dict[str, list[Result]] = {}
    for r in results:
        if r.detail["part"] == "apart" and float(r.detail["distance"]) > 0:
            by_column.setdefault(str(r.column), []).append(r)
    ranked = sorted(by_column.values(), key=lambda rs: -float(rs[0].detail["distance"]))
    return ranked[:most]


def apart_chart(cells: Sequence[Result]) -> Chart:
    """One column: errors by cell now, before in grey, and a mark for all rows now."""
    import plotly.graph_objects as go

    column = str(cells[0].column)
    ranked = sorted(cells, key=lambda r: -abs(float(r.value or 0.0)))[:MOST_CELLS]
    names = [short_name(str(r.detail["slice"]).removeprefix(f"{column} "), 22) for r in ranked]
    figure = go.Figure()
    for key, colour, who in (
        ("apart_before", GREY_BAR, "errors before"),
        ("apart_now", SERIES[0], "errors now"),
    ):
        figure.add_trace(
            go.Bar(
                y=names, x=[float(r.detail[key]) for r in ranked], orientation="h",
                customdata=[r.segment for r in ranked],
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate=f"{who}, %{{y}}: %{{x:.1%}}<extra></extra>",
            )
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            y=names, x=[float(r.detail["rows_now"]) for r in ranked], mode="markers",
            marker={"symbol": "line-ns-open", "size": 16, "color": QUIET, "line": {"width": 2}},
            hovertemplate="all rows now, %{y}: %{x:.1%}<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=max(150, 34 * len(names) + 40))
    figure.update_layout(barmode="group", bargap=0.3, bargroupgap=0.05)
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(names) + 1
    )
    figure.update_xaxes(tickformat=".0%", showgrid=True, gridcolor="rgba(124,135,150,0.18)")
    table: dict[str, list[object]] = {
        "cell": [r.detail["slice"] for r in cells],
        "errors now": [r.detail["apart_now"] for r in cells],
        "errors before": [r.detail["apart_before"] for r in cells],
        "all rows now": [r.detail["rows_now"] for r in cells],
        "rows": [r.n for r in cells],
    }
    first = ranked[0]
    alt = (
        f"{column}: {write_value(first.detail['apart_now'], 'rate')} of the errors now are with"
        f" {first.detail['slice']}, before {write_value(first.detail['apart_before'], 'rate')}."
    )
    return Chart(figure, alt, table)
