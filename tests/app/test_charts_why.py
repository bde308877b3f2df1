"""The charts of Why: bars that lead from before to now, and where errors stand."""

from __future__ import annotations

import pytest

from analytics.core import Result, Window
from app.charts import (
    Look,
    apart_chart,
    apart_columns,
    n_points,
    series_chart,
    waterfall_chart,
)
from app.charts.why import say_amount, steps_of_change

BASE = {"label": "Accuracy", "unit": "share", "better": "higher", "before": 0.8, "n_reference": 900}


def part(value: float, name: str, **detail: object) -> Result:
    found = {**BASE, "part": name, "se": 0.01, **detail}
    return Result(
        "accuracy", value, 1000, "ok", Window(), value - 0.02, value + 0.02, "delta method", 1000,
        str(detail["column"]) if "column" in detail else None, detail=found,
    )  # fmt: skip


def slice_of(value: float, name: str, code: str, score: float = 0.0) -> Result:
    shares = {"share_now": 0.6, "share_before": 0.4, "value_now": 0.7, "value_before": 0.8}
    return part(
        value, name, column="hour", slice=f"hour {code}", level="slice", role="feature",
        score=score, column_score=-0.05, **shares,
    )  # fmt: skip


def change(n: int = 3) -> list[Result]:
    slices = [slice_of(-0.01, "mix" if i % 2 else "within", f"= {i}") for i in range(n)]
    total = part(-0.01 * n - 0.03, "total", now=0.77 - 0.01 * n)
    kinds = [part(-0.02, "covariate", columns=["hour"]), part(-0.01 * n - 0.01, "concept")]
    return [total, *kinds, *slices, slice_of(-0.03, "missing", "missing")]


@pytest.mark.parametrize("n", [2, 7, 30])
@pytest.mark.parametrize("column", ["hour", None])
def test_every_bar_begins_where_the_last_one_ended(n: int, column: str | None) -> None:
    results = change(n)
    chart = waterfall_chart(results, column)
    assert chart is not None
    bars = [t for t in chart.figure.data if t.type == "bar"]
    at = 0.8
    for bar in bars:
        assert bar.base[0] == pytest.approx(at)
        at += bar.x[0]
    assert at == pytest.approx(results[0].detail["now"])
    assert len(bars) <= 8 and n_points(chart.figure) < 100
    assert sum(chart.table["value"]) == pytest.approx(results[0].value)
    assert chart.alt.startswith("From 0.800 to ")


def test_the_largest_step_comes_first_and_the_rest_is_one() -> None:
    steps = steps_of_change(change(12), "hour")
    assert steps[0].name == "missing" and steps[-1].name == "6 smaller parts"
    assert steps[-1].low is None


def test_names_that_are_alike_keep_bars_of_their_own() -> None:
    long = "x" * 40
    results = [change(0)[0], slice_of(-0.02, "mix", f"{long}a"), slice_of(-0.01, "mix", f"{long}b")]
    chart = waterfall_chart(results, "hour")
    assert chart is not None
    names = [t.y[0] for t in chart.figure.data if t.type == "bar"]
    assert len(set(names)) == 2


def test_no_part_draws_nothing() -> None:
    assert waterfall_chart([part(-0.1, "total", now=0.7)], "hour") is None
    total = part(-0.1, "total", now=0.7)
    empty = Result("accuracy", None, 0, "undefined", Window(), detail=total.detail)
    assert waterfall_chart([empty, *change()[1:]], "hour") is None


def test_amounts_are_written_in_points_or_in_the_metric_decimals() -> None:
    assert say_amount(-0.0312, -0.05, -0.0124, part(0, "mix")) == "−3.1 ± 1.9"
    like = part(0, "mix", unit="label", before=23.4)
    assert say_amount(1.8034, None, None, like) == "+1.8"


def test_errors_stand_where_they_moved_to() -> None:
    def cell(code: str, now: float, before: float, distance: float, column: str = "hour") -> Result:
        return part(
            now - before, "apart", column=column, slice=f"{column} {code}", role="feature",
            apart_now=now, apart_before=before, rows_now=0.5, distance=distance, of="errors",
        )  # fmt: skip

    results = [
        cell("low", 0.3, 0.5, 0.2), cell("high", 0.7, 0.5, 0.2),
        cell("a", 0.5, 0.5, 0.0, "town"), cell("b", 0.5, 0.5, 0.0, "town"),
    ]  # fmt: skip
    (cells,) = apart_columns(results)
    chart = apart_chart(cells)
    assert "70.0 % of the errors now" in chart.alt or "30.0 % of the errors now" in chart.alt
    assert chart.table["errors now"] == [0.3, 0.7] and n_points(chart.figure) == 6


def test_what_was_estimated_is_a_dotted_line_inside_the_axes() -> None:
    periods = [Window(first_row=i, last_row=i + 99) for i in (0, 100, 200)]
    known = [Result("accuracy", 0.8, 100, "ok", w, 0.75, 0.85, detail=BASE) for w in periods]
    early = [Result("accuracy", 0.95, 100, "ok", w, 0.9, 1.0, detail=BASE) for w in periods]
    chart = series_chart(known, Look("share", estimated=tuple(early)))
    assert chart is not None
    dotted = [t for t in chart.figure.data if t.line.dash == "dot"]
    assert len(dotted) == 1 and list(dotted[0].y) == [0.95] * 3
    (band,) = [t for t in chart.figure.data if t.fill == "toself" and max(t.y) == 1.0]
    assert sorted(band.y) == [0.9] * 3 + [1.0] * 3
    assert chart.figure.layout.yaxis.range[1] > 0.95
    assert "estimated" in [a.text for a in chart.figure.layout.annotations]
    without = series_chart(known, Look("share"))
    assert without is not None and not [t for t in without.figure.data if t.line.dash == "dot"]
