"""Rows of dots with their intervals: two traces however many rows, each in its own place."""

from __future__ import annotations

from app.charts.forest import Row, forest_chart
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


def test_a_chart_is_not_drawn_again_for_a_width_that_the_page_gives_it() -> None:
    assert "responsive" not in CONFIG
