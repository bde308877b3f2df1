"""The line of time of a replay: one lane an incident, marks where they were raised, counts below."""

from __future__ import annotations

from typing import Any

from app.charts import MAX_POINTS, n_points
from app.charts.replay import replay_chart

CAUSE = {"label": "Missing values", "column": "x", "value": 0.4, "low": 0.3, "high": 0.5, "n": 900}


def incident(**changes: Any) -> dict[str, Any]:
    plain = {
        "kind": "data", "severity": "critical", "title": "x is missing <b>", "when": "in May",
        "start": "2024-05-01T00:00:00", "end": None, "first_row": None, "last_row": None,
        "raised": "2024-05-08T00:00:00", "raised_row": None, "mature": "2024-06-01T00:00:00",
        "lead_days": 24.0, "cause": CAUSE,
    }  # fmt: skip
    return plain | changes


def told(*incidents: dict[str, Any], n_periods: int = 3) -> dict[str, Any]:
    periods = [
        {"start": f"2024-05-{1 + i % 28:02d}T00:00:00", "first_row": None, "n": 10,
         "evidently": 2, "nannyml": 1}
        for i in range(n_periods)
    ]  # fmt: skip
    counts = {"alerts": 2 * n_periods}
    peers = {"by_period": periods, "evidently": counts, "nannyml": counts} if n_periods else None
    ends = {"start": "2024-05-03T00:00:00", "end": "2024-07-01T00:00:00", "n": 1000}
    return {"incidents": list(incidents), "peers": peers, **ends}


def test_lanes_marks_and_words() -> None:
    chart = replay_chart(told(incident(), incident(kind="harmless", mature=None)))
    assert chart is not None
    symbols = [t.marker.symbol for t in chart.figure.data if t.mode == "markers"]
    assert symbols == ["circle", "diamond-open", "circle"]
    words = [a.text for a in chart.figure.layout.annotations]
    assert "x is missing &lt;b&gt;" in words and "<b>" not in "".join(map(str, words))
    first = chart.figure.layout.xaxis2.range[0]
    assert all(a.x >= first for a in chart.figure.layout.annotations if a.xref == "x")
    assert "x is missing <b>, in May" in chart.alt and "Evidently 6" in chart.alt
    assert chart.table["first cause"] == ["Missing values of x"] * 2


def test_a_log_in_file_order_is_drawn_by_row_and_many_periods_are_thinned() -> None:
    rows = incident(
        start=None, raised=None, mature=None, first_row=100, last_row=700, raised_row=200
    )
    plain = told(rows, n_periods=5000) | {"start": None, "end": None}
    for i, period in enumerate(plain["peers"]["by_period"]):
        period |= {"start": None, "first_row": i}
    chart = replay_chart(plain)
    assert chart is not None
    assert list(chart.figure.data[0].x) == [100, 700]
    assert n_points(chart.figure) <= MAX_POINTS


def test_nothing_to_draw() -> None:
    assert replay_chart(told(n_periods=0)) is None
