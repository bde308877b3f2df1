"""Changes of level on a chart: where they are shaded, what is written over them, and on which axis."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from analytics.core import Result, Window
from analytics.evaluate.changes import changes_of
from app.charts import Look, series_chart

T0 = datetime(2026, 1, 5)


def weeks(by_rows: bool = False) -> list[Result]:
    found = []
    for i in range(20):
        value = (0.9 if i < 12 else 0.8) + 0.004 * (-1) ** i
        window = Window(T0 + timedelta(weeks=i), T0 + timedelta(weeks=i + 1))
        if by_rows:
            window = Window(first_row=100 * i, last_row=100 * i + 99)
        detail = {"label": "Accuracy", "unit": "share", "se": 0.01}
        found.append(
            Result("accuracy", value, 100, "ok", window, value - 0.02, value + 0.02, "Wilson", 100,
                   detail=detail)
        )  # fmt: skip
    return found


@pytest.mark.parametrize("by_rows", [False, True])
def test_the_span_is_shaded_and_its_word_says_when_and_by_how_much(by_rows: bool) -> None:
    results = weeks(by_rows)
    (change,) = changes_of(results)
    made = series_chart(results, Look("share", levels=(change,)))
    plain = series_chart(results, Look("share"))
    assert made is not None and plain is not None
    at = 1200 if by_rows else T0 + timedelta(weeks=12)
    (shade,) = [s for s in made.figure.layout.shapes if s.type == "rect"]
    assert shade.x0 < at < shade.x1  # one period at least, whatever is likely
    width = shade.x1 - shade.x0
    assert width == (100 if by_rows else timedelta(weeks=1))
    words = [a.text for a in made.figure.layout.annotations]
    when = "1,200" if by_rows else "30 Mar"
    assert any(w.startswith(f"{when}: 0.900 → 0.800 ± 0.0") for w in words)
    (step,) = [s for s in made.figure.layout.shapes if s.type == "line" and s.y0 == s.y1]
    assert step.y0 == pytest.approx(change.detail["after"])
    assert "The level of Accuracy fell" in made.alt and "level" not in plain.alt


def test_a_wide_span_is_drawn_as_wide_as_it_is() -> None:
    results = weeks()
    (change,) = changes_of(results)
    ends = (T0 + timedelta(weeks=10), T0 + timedelta(weeks=14))
    wide = replace(change, detail={**change.detail, "between": [e.isoformat() for e in ends]})
    made = series_chart(results, Look("share", levels=(wide,)))
    assert made is not None
    (shade,) = [s for s in made.figure.layout.shapes if s.type == "rect"]
    assert (shade.x0, shade.x1) == ends
