"""Incidents on the line of time as they would have been raised, and under them the alerts of other rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from analytics.words import short_name
from app.charts.style import (
    GREY_BAR,
    MAX_POINTS,
    QUIET,
    SERIES,
    TEXT,
    Chart,
    annotate,
    finish,
    thin,
    tint,
)
from app.charts.style import time_axis as use_time

Plain = Mapping[str, Any]
LANE_PX, COUNTS_PX, MOST_LANES, MOST_WORD = 44, 110, 12, 44
NAMES = {"evidently": "Evidently", "nannyml": "NannyML"}


def replay_chart(told: Plain) -> Chart | None:
    """One lane an incident: its span, a dot where it was raised, a diamond where labels showed it."""
    from plotly.subplots import make_subplots

    incidents = [i for i in told["incidents"] if _ends(i, told) is not None][:MOST_LANES]
    periods = (told["peers"] or {}).get("by_period", [])
    if not incidents and not periods:
        return None
    heights = [max(1, len(incidents)) * LANE_PX, COUNTS_PX if periods else 1]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=heights,
                           vertical_spacing=0.07)  # fmt: skip
    for lane, incident in enumerate(incidents):
        _draw_lane(figure, len(incidents) - lane, incident, told)
    figure.update_yaxes(
        row=1, col=1, range=[0.4, len(incidents) + 0.75], visible=False, showgrid=False
    )
    if periods:
        _draw_counts(figure, periods)
    finish(figure, height=sum(heights) + 60, top=8)
    figure.update_yaxes(row=1, col=1, visible=False)
    _axis(figure, told, incidents, periods)
    return Chart(figure, _alt(incidents, told), _table(told["incidents"]))


def _place(incident: Plain, time: str, row: str) -> Any:
    value = incident.get(row)
    if value is not None:
        return value
    found = incident.get(time)
    return datetime.fromisoformat(found) if found else None


def _ends(incident: Plain, told: Plain) -> tuple[Any, Any] | None:
    start = _place(incident, "start", "first_row")
    end = _place(incident, "end", "last_row")
    raised = _place(incident, "raised", "raised_row")
    if start is None or raised is None:
        return None
    last = _last(told)
    return start, end if end is not None else (last if last is not None else raised)


def _last(told: Plain) -> Any:
    if told.get("end"):
        return datetime.fromisoformat(told["end"])
    return told.get("n")


def _draw_lane(figure: Any, y: int, incident: Plain, told: Plain) -> None:
    import plotly.graph_objects as go

    ends = _ends(incident, told)
    assert ends is not None
    is_quiet = incident["kind"] == "harmless"
    ink = QUIET if is_quiet else SERIES[0 if incident["severity"] == "warning" else 1]
    figure.add_trace(
        go.Scatter(
            x=list(ends), y=[y, y], mode="lines",
            line={"color": GREY_BAR if is_quiet else tint(ink, 0.35), "width": 9}, hoverinfo="skip",
        ),
        row=1, col=1,
    )  # fmt: skip
    mature = _place(incident, "mature", "mature_row")
    marks = [(_place(incident, "raised", "raised_row"), "circle", "raised")]
    marks += [(mature, "diamond-open", "shown by labels that had all come")] if mature else []
    for x, symbol, word in marks:
        figure.add_trace(
            go.Scatter(
                x=[x], y=[y], mode="markers", marker={"color": ink, "size": 10, "symbol": symbol},
                text=[f"{word} {x:%-d %B %Y}" if isinstance(x, datetime) else f"{word} at row {x:,}"],
                hovertemplate="%{text}<extra></extra>",
            ),
            row=1, col=1,
        )  # fmt: skip
    first, last = _span(told)
    is_late = first is not None and last is not None and (ends[0] - first) > 0.45 * (last - first)
    annotate(
        figure, short_name(str(incident["title"]), MOST_WORD), x=1 if is_late else max(ends[0], first),
        xref="paper" if is_late else "x", y=y, yref="y", yshift=13,
        xanchor="right" if is_late else "left", font={"size": 12, "color": QUIET if is_quiet else TEXT},
    )  # fmt: skip


def _draw_counts(figure: Any, periods: Sequence[Plain]) -> None:
    import plotly.graph_objects as go

    chosen = [periods[i] for i in thin(len(periods), MAX_POINTS // 4)]
    for i, (key, name) in enumerate(NAMES.items()):
        x = [_place(p, "start", "first_row") for p in chosen]
        figure.add_trace(
            go.Scatter(
                x=x, y=[p[key] for p in chosen], mode="lines", line_shape="hv",
                line={"color": SERIES[2 + i], "width": 1.5},
                text=[f"{name}: {p[key]} column alerts, {p['n']:,} rows" for p in chosen],
                hovertemplate="%{text}<extra></extra>",
            ),
            row=2, col=1,
        )  # fmt: skip
        annotate(
            figure, name, x=0.8 + 0.2 * i, xref="paper", y=1, yref="y2 domain", yanchor="bottom",
            xanchor="right", font={"size": 12, "color": SERIES[2 + i]},
        )  # fmt: skip
    annotate(
        figure, "Column alerts", x=0, xref="paper", xanchor="left", y=1,
        yref="y2 domain", yanchor="bottom", font={"size": 12, "color": QUIET},
    )  # fmt: skip
    figure.update_yaxes(row=2, col=1, rangemode="tozero", nticks=3)


def _span(told: Plain) -> tuple[Any, Any]:
    start = told.get("start")
    return (datetime.fromisoformat(start) if start else 0), _last(told)


def _axis(figure: Any, told: Plain, incidents: Sequence[Plain], periods: Sequence[Plain]) -> None:
    first, last = _span(told)
    if isinstance(first, datetime) and isinstance(last, datetime):
        mature = [m for i in incidents if (m := _place(i, "mature", "mature_row")) is not None]
        raised = [_place(i, "raised", "raised_row") for i in incidents]
        end = max([last, *mature, *raised])
        use_time(figure, first, end + 0.015 * (end - first))
    else:
        figure.update_xaxes(range=[0, last], tickformat=",d")
    figure.update_xaxes(showticklabels=not periods, row=1, col=1)


def _alt(incidents: Sequence[Plain], told: Plain) -> str:
    said = "; ".join(f"{i['title']}, {i['when']}" for i in incidents) or "no incident"
    peers = told["peers"]
    rest = ""
    if peers:
        counts = [f"{NAMES[k]} {peers[k]['alerts']:,}" for k in NAMES]
        rest = f" Column alerts of default rules: {', '.join(counts)}."
    return f"Incidents over time: {said}.{rest}"


def _table(incidents: Sequence[Plain]) -> dict[str, list[Any]]:
    return {
        "incident": [i["title"] for i in incidents],
        "says": ["harmless" if i["kind"] == "harmless" else i["severity"] for i in incidents],
        "when": [i["when"] for i in incidents],
        "raised": [i["raised"] or i["raised_row"] for i in incidents],
        "mature labels": [i["mature"] for i in incidents],
        "lead in days": [i["lead_days"] for i in incidents],
        "first cause": [_cause(i) for i in incidents],
        "value": [i["cause"]["value"] for i in incidents],
        "low": [i["cause"]["low"] for i in incidents],
        "high": [i["cause"]["high"] for i in incidents],
        "n": [i["cause"]["n"] for i in incidents],
    }


def _cause(incident: Plain) -> str:
    cause = incident["cause"]
    return f"{cause['label']} of {cause['column']}" if cause["column"] else str(cause["label"])
