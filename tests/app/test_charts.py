"""Figures: the grammar, the limit on points, the words for a screen reader; no screen needed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from analytics.core import Result, Verdict, Window
from analytics.curves.precision_recall import precision_recall
from analytics.curves.reliability import reliability
from analytics.curves.residuals import residuals
from analytics.curves.roc import roc
from analytics.curves.score_histogram import score_histogram
from analytics.needs import Confusion, Pairs, Scores
from app import charts
from app.charts import DARK, MAX_POINTS, Look, n_points, picked_span, series_chart, sparkline
from app.charts.style import SERIES, finish, spread, thin

T0 = datetime(2013, 1, 7)
LOOK = Look("score", 300, versions=("v1", "v2"))


def point(week: int, value: float | None, version: str | None = None, **more: Any) -> Result:
    window = Window(T0 + timedelta(weeks=week), T0 + timedelta(weeks=week + 1))
    verdict: Verdict = more.pop("verdict", "ok")
    detail = {"label": "ROC AUC", "reference": 0.72, "band_low": 0.7, "band_high": 0.74, **more}
    ends = (None, None) if value is None else (value - 0.02, value + 0.02)
    return Result(
        "roc_auc", value, 900, verdict, window, *ends, "DeLong", 800, version=version, detail=detail
    )


def chart(results: list[Result], look: Look = LOOK) -> charts.Chart:
    made = series_chart(results, look)
    assert made is not None
    return made


def lines(figure: go.Figure) -> list[Any]:
    return [t for t in figure.data if t.fill is None]


def texts(figure: go.Figure) -> list[str]:
    return [a.text for a in figure.layout.annotations]


def two_versions(n: int = 30) -> list[Result]:
    first = [point(i, 0.72 + 0.001 * i, "v1") for i in range(n // 2)]
    return first + [point(i, 0.70, "v2") for i in range(n // 3, n)]


def test_versions_are_colours_named_at_their_lines() -> None:
    figure = chart(two_versions()).figure
    assert [t.line.color for t in lines(figure)] == list(SERIES[:2])
    assert {"v1", "v2"} <= set(texts(figure))
    assert figure.layout.showlegend is False


def test_a_version_keeps_its_colour_when_it_is_alone() -> None:
    assert lines(chart([point(i, 0.7, "v2") for i in range(4)]).figure)[0].line.color == SERIES[1]


def test_the_reference_is_a_grey_band_with_its_value_in_the_margin() -> None:
    figure = chart([point(i, 0.72) for i in range(4)]).figure
    band = next(s for s in figure.layout.shapes if s.type == "rect")
    assert (band.y0, band.y1) == (0.7, 0.74)
    (word,) = [a for a in figure.layout.annotations if a.text.startswith("reference")]
    assert word.text.endswith("0.720") and word.x == 1 and word.xanchor == "left"


def test_words_of_the_margin_never_stand_on_each_other() -> None:
    figure = chart([point(i, 0.72, v) for i in range(6) for v in ("v1", "v2")]).figure
    heights = sorted(a.y for a in figure.layout.annotations if a.xref == "paper")
    low, high = figure.layout.yaxis.range
    px = [(b - a) / (high - low) * (300 - 60) for a, b in pairwise(heights)]
    assert len(heights) == 3 and min(px) >= 14


def test_intervals_are_bands_of_the_same_colour_at_14_per_cent() -> None:
    figure = chart([point(i, 0.72) for i in range(4)]).figure
    (band,) = [t for t in figure.data if t.fill == "toself"]
    assert band.fillcolor == f"{SERIES[0]}24"


def test_thin_periods_are_gaps() -> None:
    results = [point(i, 0.72) for i in range(3)]
    results += [point(3, 0.1, verdict="undefined"), point(4, 0.72), point(5, 0.72)]
    figure = chart(results).figure
    (line,) = lines(figure)
    assert line.y[3] is None and line.connectgaps is False
    assert len([t for t in figure.data if t.fill == "toself"]) == 2
    assert figure.layout.yaxis.range[0] > 0.6


def test_a_version_change_is_a_dotted_vertical_with_a_word() -> None:
    figure = chart(two_versions()).figure
    assert {"v2 begins", "v1 ends"} <= set(texts(figure))
    assert sum(s.line.dash == "dot" for s in figure.layout.shapes) == 2


def test_near_changes_take_two_rows_of_words() -> None:
    results = [point(i, 0.7, "v1") for i in range(16)] + [
        point(i, 0.7, "v2") for i in range(14, 30)
    ]
    figure = chart(results).figure
    shifts = [a.yshift for a in figure.layout.annotations if a.text in ("v2 begins", "v1 ends")]
    assert sorted(shifts) == [0, 16]


def test_months_are_spelled_out_and_nothing_decorates() -> None:
    figure = chart([point(i, 0.72) for i in range(40)]).figure
    formats = [stop.value for stop in figure.layout.xaxis.tickformatstops]
    assert "%B" in formats and not any("%b" in f for f in formats)
    by_month = next(s for s in figure.layout.xaxis.tickformatstops if "M1" in s.dtickrange)
    assert by_month.value == "%B"  # "1 September" has no room beside "1 October" on a phone
    assert charts.CONFIG["displayModeBar"] is False
    assert figure.layout.xaxis.showgrid is False


def test_names_are_harmless_in_a_figure() -> None:
    results = [point(i, 0.7, v) for i in range(4) for v in ("<b>x</b>", "v2")]
    assert "&lt;b&gt;x&lt;/b&gt;" in texts(chart(results, Look("score")).figure)


def test_rows_take_the_place_of_time() -> None:
    results = []
    for i in range(4):
        rows = Window(first_row=5000 * i, last_row=5000 * i + 4999)
        results.append(Result("mae", 3.0, 5000, "ok", rows, detail={"label": "MAE"}))
    made = chart(results, Look("label"))
    assert list(lines(made.figure)[0].x) == [0, 5000, 10000, 15000]
    assert made.table["period"][0] == "rows 0 to 4,999"


def test_a_series_of_nothing_is_none() -> None:
    assert series_chart([point(0, None, verdict="undefined")], LOOK) is None
    assert series_chart([], LOOK) is None


def test_alt_text_and_table_say_the_numbers() -> None:
    made = chart([point(0, 0.70), point(1, 0.75)])
    assert "lowest 0.700 7 to 13 January" in made.alt and "highest 0.750" in made.alt
    assert made.table["value"] == [0.70, 0.75] and made.table["labels"] == [800, 800]


@pytest.mark.parametrize("n", [400, 9000])
def test_no_series_sends_more_than_the_limit(n: int) -> None:
    results = [point(i, 0.7, v) for i in range(n) for v in ("v1", "v2", "v3")]
    assert n_points(chart(results, Look("score")).figure) <= MAX_POINTS


def test_a_figure_above_the_limit_is_refused() -> None:
    figure = go.Figure(go.Scatter(x=list(range(MAX_POINTS + 1)), y=list(range(MAX_POINTS + 1))))
    with pytest.raises(ValueError, match="at most 2000"):
        finish(figure, height=100)


def test_a_box_is_a_span() -> None:
    span = picked_span(["2013-09-03 12:00:00.123", "2013-09-01"])
    assert span == (datetime(2013, 9, 1), datetime(2013, 9, 3, 12))
    assert picked_span([]) is None and picked_span(["x", "y"]) is None


def test_spread_keeps_the_order_and_the_gap() -> None:
    moved = spread([3.0, 1.0, 1.1], 1.0)
    assert moved[1] < moved[2] < moved[0] and moved[2] - moved[1] >= 0.999
    assert thin(10_000, 50)[[0, -1]].tolist() == [0, 9999]


def test_a_sparkline_has_gaps_and_a_band() -> None:
    picture = sparkline([0.7, None, 0.8, 0.9], DARK, band=(0.75, 0.85))
    assert picture.count("<polyline") == 1 and picture.count("<circle") == 1
    assert picture.count("<rect") == 1 and DARK.line in picture
    assert sparkline([], DARK).startswith("<svg")
    assert len(re.findall(r"[\d.]+,[\d.]+", sparkline(list(np.arange(5000.0)), DARK))) <= 120


@pytest.fixture(scope="module")
def scores() -> Scores:
    rng = np.random.default_rng(7)
    score = rng.random(20_000)
    return Scores.from_arrays(rng.random(20_000) < score, score)


def test_curves_stand_beside_the_reference_and_under_the_limit(scores: Scores) -> None:
    pairs = (
        (charts.roc_chart, roc(scores)),
        (charts.precision_recall_chart, precision_recall(scores)),
        (charts.reliability_chart, reliability(scores)),
    )
    for make, curve in pairs:
        made = make(curve, curve)  # type: ignore[operator]
        assert n_points(made.figure) <= MAX_POINTS
        assert "beside the reference" in made.alt and "Grey: the reference" in made.caption
        assert made.table and len({len(v) for v in made.table.values()}) == 1
        assert "beside" not in make(curve).alt  # type: ignore[operator]


def test_reliability_shows_its_intervals_and_rows(scores: Scores) -> None:
    curve = reliability(scores)
    assert curve is not None
    made = charts.reliability_chart(curve)
    assert any(t.fill == "toself" for t in made.figure.data)
    assert sum(made.table["rows"]) == pytest.approx(20_000, abs=15)


def test_scores_by_label_name_both_classes(scores: Scores) -> None:
    curve = score_histogram(scores)
    assert curve is not None
    made = charts.score_chart(curve, "late", "on time")
    assert "label late" in made.caption and "label on time" in made.caption


def test_residuals(scores: Scores) -> None:
    rng = np.random.default_rng(1)
    true = rng.normal(size=5000)
    curve = residuals(Pairs.from_arrays(true, true + rng.normal(size=5000)))
    assert curve is not None
    for make in (charts.residual_chart, charts.leaning_chart):
        made = make(curve, curve)
        assert n_points(made.figure) <= MAX_POINTS and made.alt


def test_confusion_shows_the_largest_classes_with_themed_colours() -> None:
    names = [f"c{i:02}" for i in range(40)]
    made = charts.confusion_chart(Confusion.from_arrays(names * 3, names * 3))
    assert made.figure.data[0].colorscale[1][1].startswith(SERIES[0])
    assert "most frequent of 40 classes" in made.caption
    assert n_points(made.figure) <= MAX_POINTS
    small = charts.confusion_chart(Confusion.from_arrays(["0", "1", "1"], ["0", "0", "1"]))
    assert small.table["predicted 0"] == [1, 1]


def test_a_distribution_has_the_reference_in_grey_on_the_same_axes() -> None:
    made = charts.distribution_chart([0, 1, 2], [0.4, 0.6], [0.5, 0.5], "temp")
    grey, colour, bins = made.figure.data
    assert "124,135,150" in grey.line.color and colour.line.color == SERIES[0]
    assert list(grey.x) == list(colour.x) == [0, 1, 1, 2]
    assert list(bins.customdata) == list(bins.x) == [0.5, 1.5] and bins.marker.opacity == 0


def test_levels_show_the_largest() -> None:
    levels = [f"l{i}" for i in range(50)]
    share = (np.arange(50) / np.arange(50).sum()).tolist()
    made = charts.levels_chart(levels, share, None, "dest")
    assert made.figure.data[0].y[0] == "l49" and "of 50 levels" in made.caption


def test_a_heat_strip_keeps_the_worst_columns_and_the_limit() -> None:
    days = [T0 + timedelta(days=i) for i in range(365)]
    rates: dict[str, list[float | None]] = {f"c{i}": [0.001 * i] * 365 for i in range(30)}
    rates["weather"] = [0.0] * 364 + [1.0]
    made = charts.heat_chart(days, rates, "Missing")
    assert made is not None and n_points(made.figure) <= MAX_POINTS
    assert made.figure.data[0].y[0] == "weather" and "highest 100.0 %" in made.alt
    assert charts.heat_chart(days, {}, "Missing") is None


def test_counts_by_day_mark_the_unusual_ones() -> None:
    days = [T0 + timedelta(days=i) for i in range(3)]
    made = charts.bars_chart(days, [10, 2, 11], word="predictions", marked=[False, True, False])
    assert made.figure.data[0].marker.color[1] == SERIES[1]
    assert "23 in all" in made.alt


def test_the_delay_curve_marks_its_quantiles() -> None:
    made = charts.delay_chart([0.0, 1.0, 2.0], [0.0, 0.5, 0.9], {"half after 1.0 days": 1.0})
    assert "half after<br>1.0 days" in texts(made.figure)  # narrow between two lines on a phone
