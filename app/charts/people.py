"""How people act on predictions: funnel, waits, hours of the week, confidence, weeks of return, worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analytics.words import (
    short_name,
    write_change,
    write_count,
    write_day,
    write_half_width,
    write_interval,
    write_value,
)
from app.charts.style import (
    GREY_LINE,
    GRID,
    QUIET,
    SERIES,
    TEXT,
    Chart,
    annotate,
    finish,
    spread,
    tint,
)

if TYPE_CHECKING:
    from analytics.behaviour.return_weeks import Retention
    from analytics.behaviour.time_to_action import Curve
    from analytics.core import Estimate
    from analytics.evaluate.decisions import Side, Worth
    from analytics.evaluate.panels import Funnel, Hours, Levels

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HEIGHT = 250
FUNNEL_PX = 272
MOST_COHORTS = 10
TICKS_S = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 86400, 7 * 86400)


def say_share(estimate: Estimate) -> str:
    """A share with its plus-minus; a dash where there is none."""
    if estimate.value is None:
        return "–"
    width = write_half_width(estimate.low, estimate.high, "rate")
    return f"{write_value(estimate.value, 'rate')} {width}".strip()


def funnel_chart(found: Funnel) -> Chart:
    """Bars from the top: shown, opened, decided, outcome known; shares and times as words."""
    import plotly.graph_objects as go

    names = ["Shown", *(step.label for step in found.steps)]
    counts = [found.shown, *(step.n for step in found.steps)]
    words = [f"n {write_count(found.shown)}", *(_say_step(step) for step in found.steps)]
    figure = go.Figure()
    for x, colour in (([found.shown] * len(names), "rgba(124,135,150,0.16)"), (counts, SERIES[0])):
        figure.add_trace(
            go.Bar(
                y=list(range(len(names))), x=x, orientation="h", width=0.2, hoverinfo="skip",
                marker={"color": colour, "line": {"width": 0}},
            )
        )  # fmt: skip
    finish(figure, height=FUNNEL_PX, top=8)
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(visible=False, range=[0, found.shown])
    figure.update_yaxes(visible=False, autorange="reversed", range=None)
    for i, (name, word) in enumerate(zip(names, words, strict=True)):
        place = {"y": i, "yanchor": "bottom", "yshift": 9, "xref": "paper"}
        annotate(figure, f"<b>{name}</b>", x=0, xanchor="left", **place)
        quiet = {"size": 12, "color": QUIET}
        annotate(figure, word, x=1, xanchor="right", font=quiet, **place)
        below = {"y": i, "yanchor": "top", "yshift": -7, "xref": "paper", "x": 0, "xanchor": "left"}
        annotate(figure, _say_times(found.steps[i - 1]) if i else "", font=quiet, **below)
    figure.update_yaxes(range=[len(names) - 0.5, -0.6], autorange=False)
    table: dict[str, list[Any]] = {
        "step": names,
        "n": counts,
        "of": [found.shown, *(s.of for s in found.steps)],
        "share": [None, *(s.share.value for s in found.steps)],
        "low": [None, *(s.share.low for s in found.steps)],
        "high": [None, *(s.share.high for s in found.steps)],
        "median in s": [None, *(s.median.value for s in found.steps)],
        "p90 in s": [None, *(s.p90.value for s in found.steps)],
    }
    said = ", ".join(f"{n} {write_count(c)}" for n, c in zip(names, counts, strict=True))
    return Chart(figure, f"Funnel: {said}.", table)


def _say_step(step: Any) -> str:
    return f"{say_share(step.share)} · n {write_count(step.n)}"


def _say_times(step: Any) -> str:
    pieces = []
    if step.median.value is not None:
        pieces.append(f"median {write_value(step.median.value, 's')}")
    if step.p90.value is not None:
        pieces.append(f"p90 {write_value(step.p90.value, 's')}")
    return " · ".join(pieces)


def waits_chart(found: Curve) -> Chart:
    """The share decided by each moment after being shown, on a scale that shows seconds and days."""
    import plotly.graph_objects as go

    figure = go.Figure()
    x = list(found.at_s)
    figure.add_trace(
        go.Scatter(
            x=x + x[::-1], y=[*found.high, *found.low[::-1]], mode="lines", line={"width": 0},
            fill="toself", fillcolor=tint(SERIES[0]), hoverinfo="skip",
        )
    )  # fmt: skip
    hover = [
        f"<b>{write_value(share, 'rate')}</b> decided within {write_value(at, 's')}"
        f"<br>{write_interval(low, high, 'rate')}"
        for at, share, low, high in zip(x, found.share, found.low, found.high, strict=True)
    ]
    figure.add_trace(
        go.Scatter(
            x=x, y=list(found.share), mode="lines+markers", text=hover,
            line={"color": SERIES[0], "width": 2}, marker={"size": 4, "color": SERIES[0]},
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    last = found.share[-1]
    figure.add_hline(y=last, line={"color": GREY_LINE, "width": 1, "dash": "dot"})
    annotate(
        figure, f"{write_value(1 - last, 'rate')} not decided", x=0, xref="paper", xanchor="left",
        y=last, yanchor="bottom", font={"size": 12, "color": QUIET},
    )  # fmt: skip
    finish(figure, height=HEIGHT)
    ticks = [t for t in TICKS_S if t <= x[-1]]
    figure.update_xaxes(
        type="log", tickvals=ticks, ticktext=[_tick(t) for t in ticks],
        title={"text": "after being shown", "standoff": 4},
    )  # fmt: skip
    figure.update_yaxes(tickformat=".0%", range=[0, 1.06])
    table: dict[str, Sequence[Any]] = {
        "seconds": x,
        "share decided": found.share,
        "low": found.low,
        "high": found.high,
    }
    alt = f"Share decided by time after being shown; {write_value(last, 'rate')} in the end."
    return Chart(figure, alt, table)


def _tick(seconds: float) -> str:
    for size, name in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            n = round(seconds / size)
            return f"{n} {name}{'s' if name == 'day' and n > 1 else ''}"
    return f"{seconds} s"


def hours_chart(found: Hours) -> Chart:
    """A week of hours, the stronger the colour the more happened."""
    import plotly.graph_objects as go

    most = max(max(row) for row in found.counts)
    texts = [
        [
            f"<b>{DAYS[day]} {hour:02d}:00</b><br>{write_count(n)} events of"
            f" {write_count(found.people[day][hour])} people"
            for hour, n in enumerate(row)
        ]
        for day, row in enumerate(found.counts)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=[[n or None for n in row] for row in found.counts], x=list(range(24)),
            y=[day[:3] for day in DAYS], text=texts, zmin=0, zmax=most, showscale=False,
            xgap=2, ygap=2, colorscale=[[0, tint(SERIES[0], 0.06)], [1, SERIES[0]]],
            hoverongaps=False, hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=HEIGHT)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, nticks=8)
    figure.update_xaxes(
        tickvals=list(range(0, 24, 3)), ticktext=[f"{h:02d}:00" for h in range(0, 24, 3)]
    )
    day, hour = max(
        ((d, h) for d in range(7) for h in range(24)), key=lambda at: found.counts[at[0]][at[1]]
    )
    alt = f"Events by weekday and hour ({found.zone}); most on {DAYS[day]} from {hour:02d}:00."
    table: dict[str, Sequence[Any]] = {"hour": [f"{h:02d}:00" for h in range(24)]}
    table |= {DAYS[d]: found.counts[d] for d in range(7)}
    return Chart(figure, alt, table)


def confidence_chart(found: Levels) -> Chart | None:
    """Acceptance beside accuracy by how sure the model was; None where all bins are thin."""
    import plotly.graph_objects as go

    from analytics.evaluate.panels import BIN

    rows = [r for r in found.levels if r.low is not None]
    figure = go.Figure()
    ends: list[tuple[float, str, str]] = []
    lines = (("accepted", "acceptance", SERIES[0]), ("right", "accuracy", SERIES[1]))
    for name, field, colour in lines:
        points = [
            (float(r.low or 0) + BIN / 2, getattr(r, field), r.name)
            for r in rows
            if getattr(r, field).value is not None
        ]
        if not points:
            continue
        x = [p[0] for p in points]
        figure.add_trace(
            go.Scatter(
                x=x + x[::-1], y=[p[1].high for p in points] + [p[1].low for p in points[::-1]],
                mode="lines", line={"width": 0}, fill="toself", fillcolor=tint(colour),
                hoverinfo="skip",
            )
        )  # fmt: skip
        hover = [
            f"<b>{say_share(e)}</b> {name}, confidence {n}<br>n {e.n:,}" for _x, e, n in points
        ]
        figure.add_trace(
            go.Scatter(
                x=x, y=[p[1].value for p in points], mode="lines+markers", text=hover,
                line={"color": colour, "width": 2}, marker={"size": 5, "color": colour},
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
        ends.append((float(points[-1][1].value), name, colour))
    if not ends:
        return None
    finish(figure, height=HEIGHT, right=64)
    for y, (_y, name, colour) in zip(spread([e[0] for e in ends], 0.07), ends, strict=True):
        annotate(
            figure, name, x=1, xref="paper", xanchor="left", xshift=4, y=y,
            font={"size": 12, "color": colour},
        )  # fmt: skip
    figure.update_yaxes(tickformat=".0%")
    figure.update_xaxes(
        tickformat=".0%", title={"text": "confidence of the model", "standoff": 4}, nticks=8
    )
    table: dict[str, Sequence[Any]] = {"confidence": [r.name for r in rows]}
    for name, field, _colour in lines:
        table |= {name: [getattr(r, field).value for r in rows]}
        table |= {f"{name} low": [getattr(r, field).low for r in rows]}
        table |= {f"{name} high": [getattr(r, field).high for r in rows]}
        table |= {f"n {name}": [getattr(r, field).n for r in rows]}
    return Chart(figure, "Share accepted and share right by confidence of the model.", table)


def retention_chart(found: Retention) -> Chart:
    """The triangle of returns: people by their first week and the weeks after; all of them on top."""
    import plotly.graph_objects as go

    largest = sorted(range(len(found.cohorts)), key=lambda i: (-found.sizes[i], -i))
    cohorts = sorted(largest[:MOST_COHORTS])
    names = [f"{write_day(found.cohorts[i])} · {found.sizes[i]}" for i in cohorts]
    n_weeks = len(found.pooled)
    z: list[list[float | None]] = [[e.value for e in found.pooled]]
    texts = [["" if e.value is None else f"{100 * e.value:.0f}" for e in found.pooled]]
    hover = [[f"all: {say_share(e)}, n {e.n:,}" for e in found.pooled]]
    for i in cohorts:
        row = found.there[i]
        big = found.sizes[i] >= 30
        z.append([n / found.sizes[i] if n is not None and big else None for n in row])
        texts.append(["" if n is None else str(n) for n in row])
        hover.append(["" if n is None else f"{n} of {found.sizes[i]} people" for n in row])
    figure = go.Figure(
        go.Heatmap(
            z=[[0.0 if v is None and t else v for v, t in zip(r, ts, strict=True)]
               for r, ts in zip(z, texts, strict=True)],
            x=list(range(n_weeks)), y=["all people, %", *names], text=texts, customdata=hover,
            texttemplate="%{text}", textfont={"size": 10, "color": TEXT}, zmin=0, zmax=2.5,
            showscale=False, xgap=2, ygap=2, hoverongaps=False,
            colorscale=[[0, "rgba(124,135,150,0.12)"], [0.001, tint(SERIES[0], 0.08)], [1, SERIES[0]]],
            hovertemplate="%{y}, week %{x}<br>%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    finish(figure, height=max(HEIGHT, 26 * (len(names) + 1) + 44))
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, nticks=len(names) + 2
    )
    figure.update_xaxes(
        title={"text": "weeks after the first", "standoff": 4}, tickvals=list(range(n_weeks))
    )
    last = max((i for i, e in enumerate(found.pooled) if e.value is not None), default=0)
    alt = f"Who came back: {say_share(found.pooled[last])} {last} weeks after their first."
    table: dict[str, Sequence[Any]] = {
        "first week": [c.date().isoformat() for c in found.cohorts],
        "people": found.sizes,
    }
    table |= {f"week {k}": [row[k] for row in found.there] for k in range(n_weeks)}
    return Chart(figure, alt, table)


def worth_chart(found: Worth) -> Chart | None:
    """What a decision is worth by who took it and by version: a dot and its interval each."""
    import plotly.graph_objects as go

    rows: list[tuple[Side, str]] = [(side, SERIES[0]) for side in found.sides]
    rows += [(side, SERIES[2]) for side in found.versions if len(found.versions) > 1]
    drawn = [(s, c) for s, c in rows if s.worth.value is not None and s.worth.low is not None]
    if not drawn:
        return None
    figure = go.Figure()
    for i, (side, colour) in enumerate(drawn):
        hover = f"{short_name(side.name, 40)}: {_say_worth(side.worth)}<extra></extra>"
        figure.add_trace(
            go.Scatter(
                x=[side.worth.low, side.worth.high], y=[i, i], mode="lines", hovertemplate=hover,
                line={"color": colour, "width": 2},
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=[side.worth.value], y=[i], mode="markers", hovertemplate=hover,
                marker={"color": colour, "size": 8},
            )
        )  # fmt: skip
    finish(figure, height=38 * len(drawn) + 48, top=8)
    for i, (side, _colour) in enumerate(drawn):
        place = {"y": i, "yanchor": "bottom", "yshift": 5, "xref": "paper"}
        annotate(figure, short_name(side.name, 40), x=0, xanchor="left", **place)
        quiet = {"size": 12, "color": QUIET}
        annotate(figure, _say_worth(side.worth), x=1, xanchor="right", font=quiet, **place)
    figure.update_yaxes(visible=False, range=[len(drawn) - 0.6, -0.8])
    ends = [end for s, _c in drawn for end in (s.worth.low, s.worth.high) if end is not None]
    room = 0.06 * (max(ends) - min(ends)) or 1.0
    figure.update_xaxes(
        showgrid=True, gridcolor=GRID, nticks=6, range=[min(ends) - room, max(ends) + room],
        title={"text": "worth of one decision, in the unit of your values", "standoff": 4},
    )  # fmt: skip
    table: dict[str, Sequence[Any]] = {
        "who": [s.name for s, _c in rows],
        "worth of a decision": [s.worth.value for s, _c in rows],
        "low": [s.worth.low for s, _c in rows],
        "high": [s.worth.high for s, _c in rows],
        "decisions": [s.worth.n for s, _c in rows],
    }
    said = "; ".join(f"{s.name} {_say_worth(s.worth)}" for s, _c in drawn)
    return Chart(figure, f"Value of a decision. {said}.", table)


def _say_worth(worth: Estimate) -> str:
    width = write_half_width(worth.low, worth.high, "label", worth.value)
    return f"{write_value(worth.value)} {width} · n {worth.n:,}"


def say_gain(gain: Estimate) -> str:
    """A difference of worth in words."""
    if gain.value is None or gain.low is None or gain.high is None:
        return "–"
    half = (gain.high - gain.low) / 2
    digits = 3 if not math.isfinite(half) or half < 1 else 1
    return f"{write_change(gain.value, None)} ± {half:.{digits}f}"
