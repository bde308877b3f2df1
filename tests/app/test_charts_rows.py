"""Rows of dots with their intervals: two traces however many rows, each in its own place."""

from __future__ import annotations

from app.charts.forest import Row, forest_chart
from app.charts.room import make_room, text_width
from app.charts.style import CONFIG, dots_with_ends


def test_each_row_has_its_line_its_dot_and_its_words() -> None:
    lines, dots = dots_with_ends([(2, 1, 3), (5, 4, 7)], ["a", "b"], ["A", "B"])
    assert list(lines.x) == [1, 3, None, 4, 7, None]
    assert list(lines.y) == ["a", "a", None, "b", "b", None]
    assert (list(dots.x), list(dots.y), list(dots.text)) == ([2, 5], ["a", "b"], ["A", "B"])


def test_rows_stand_in_their_order_whatever_their_verdict() -> None:
    rows = [
        Row(str(i), float(i), i - 0.5, i + 0.5, verdict, f"row {i}")
        for i, verdict in enumerate(("ok", "critical", "ok", "undefined", "critical"))
    ]
    chart = forest_chart(rows)
    assert chart is not None
    assert list(chart.figure.layout.yaxis.categoryarray) == ["0", "1", "2", "3", "4"]
    dots = [trace for trace in chart.figure.data if trace.mode == "markers"]
    drawn = {name: x for trace in dots for name, x in zip(trace.y, trace.x, strict=True)}
    assert drawn == {str(i): float(i) for i in range(5)}
    assert len(chart.figure.data) == 6  # a line and a dot for each colour


def test_what_lies_beyond_the_scale_is_an_arrow_at_its_edge_and_whole() -> None:
    rows = [
        Row(n, x, x - 1, x + 1, "ok", n) for n, x in (("near", 3.0), ("far", 34.0), ("low", -40.0))
    ]
    chart = forest_chart(rows)
    assert chart is not None
    (dots,) = [trace for trace in chart.figure.data if trace.mode == "markers"]
    assert list(dots.marker.symbol) == ["circle", "triangle-right", "triangle-left"]
    low, high = chart.figure.layout.xaxis.range
    assert all(low < x < high for x in dots.x)
    assert chart.table["times the tolerance"] == [3.0, 34.0, -40.0]


def test_a_chart_is_not_drawn_again_for_a_width_that_the_page_gives_it() -> None:
    assert "responsive" not in CONFIG


def test_margins_hold_the_words_beside_the_axes() -> None:
    import plotly.graph_objects as go

    figure = go.Figure(go.Bar(x=[1, 2], y=["short", "a name that is long"], orientation="h"))
    figure.update_layout(margin={"l": 4, "b": 4, "r": 16, "t": 16})
    made = make_room(figure)
    assert made.layout.margin.l > text_width("a name that is long") > text_width("short")
    untitled = made.layout.margin.b
    figure.update_xaxes(title_text="minutes")
    assert make_room(figure).layout.margin.b > untitled
    assert made.layout.margin.r == 16


def test_wider_margins_than_the_guess_stay() -> None:
    import plotly.graph_objects as go

    figure = go.Figure(go.Scatter(x=[1, 2], y=[0.1, 0.2]), layout={"margin": {"l": 300, "b": 200}})
    made = make_room(figure)
    assert (made.layout.margin.l, made.layout.margin.b) == (300, 200)
