"""Figures about people: within the limit of points, with words, and nothing drawn from too little."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from analytics.behaviour.return_weeks import retention
from analytics.behaviour.shares import share_of
from analytics.behaviour.time_to_action import decided_by, wait_estimate
from analytics.core import Estimate
from analytics.evaluate.decisions import Side, Worth
from analytics.evaluate.panels import CURVE_S, Funnel, Hours, Level, Levels, Step
from app.charts import (
    MAX_POINTS,
    confidence_chart,
    funnel_chart,
    hours_chart,
    n_points,
    retention_chart,
    say_gain,
    say_share,
    waits_chart,
    worth_chart,
)

NONE = Estimate.undefined("only 3 decisions", 3)
MONDAY = datetime(2026, 3, 2)


def level(at: float, n: int) -> Level:
    share = share_of(n // 2, n, "decisions")
    return Level(f"{at:.0%}", at, n, share, share, share, share, share)


def test_the_funnel_says_share_n_and_times() -> None:
    took = wait_estimate(np.arange(1.0, 101.0), 0.5)
    steps = (
        Step("opened", "Opened", share_of(40, 100, "shown"), 40, 100, took, took),
        Step("decided", "Decided", share_of(80, 100, "shown"), 80, 100, took, NONE),
        Step("settled", "Outcome known", NONE, 3, 80, NONE, NONE),
    )
    made = funnel_chart(Funnel(steps, 100, share_of(20, 100, "shown")))
    texts = [a.text for a in made.figure.layout.annotations]
    assert "40.0 % ± 9.4 · n 40" in texts and "– · n 3" in texts
    assert "median 50 s · p90 50 s" in texts
    assert made.table["n"] == [100, 40, 80, 3] and "Decided 80" in made.alt


def test_waits_name_what_stays_undecided() -> None:
    curve = decided_by(np.arange(1.0, 41.0), np.full(10, 900.0), [float(s) for s in CURVE_S])
    assert curve is not None
    made = waits_chart(curve)
    assert any("20.0 % not decided" in a.text for a in made.figure.layout.annotations)
    assert decided_by(np.arange(5.0), np.empty(0), [1.0]) is None


def test_a_week_of_hours_names_its_zone_and_peak() -> None:
    counts = tuple(tuple(day * hour for hour in range(24)) for day in range(7))
    made = hours_chart(Hours(counts, counts, "Europe/Berlin", 99, 9, NONE))
    assert made.alt == "Events by weekday and hour (Europe/Berlin); most on Sunday from 23:00."
    assert n_points(made.figure) <= MAX_POINTS


def test_thin_bins_of_confidence_are_gaps_and_nothing_is_drawn_of_thin_ones_alone() -> None:
    made = confidence_chart(Levels(None, (level(0.5, 80), level(0.55, 5), level(0.6, 90))))
    assert made is not None and len(made.table["confidence"]) == 3
    assert made.table["accepted"][1] is None
    assert max(len(t.x) for t in made.figure.data if t.fill is None) == 2
    assert confidence_chart(Levels(None, (level(0.5, 5),))) is None


def test_the_triangle_counts_people_and_shares_only_many() -> None:
    counts = [(MONDAY, 0, 40), (MONDAY, 1, 30), (MONDAY + timedelta(weeks=1), 0, 4)]
    found = retention(counts, MONDAY + timedelta(weeks=4))
    assert found is not None
    made = retention_chart(found)
    trace = made.figure.data[0]
    assert list(trace.text[1][:2]) == ["40", "30"] and trace.text[2][0] == "4"
    assert trace.text[0][1] == "68"  # 30 of the 44 whose second week is over
    assert trace.z[2][0] == 0.0  # four people make no share
    assert n_points(made.figure) <= MAX_POINTS
    many = [(MONDAY + timedelta(weeks=i), k, 1) for i in range(60) for k in range(13)]
    large = retention(many, MONDAY + timedelta(weeks=90))
    assert large is not None and n_points(retention_chart(large).figure) <= MAX_POINTS


def test_worth_is_drawn_where_it_is_known() -> None:
    side = Side("People", Estimate(1.0, 0.5, 1.5, "t", 80))
    found = Worth((side, Side("Nobody", NONE)), (), None, None, ())
    made = worth_chart(found)
    assert made is not None and "People 1.000 ± 0.500 · n 80" in made.alt
    assert worth_chart(Worth((Side("Nobody", NONE),), (), None, None, ())) is None
    assert say_gain(Estimate(-0.25, -0.4, -0.1)) == "−0.250 ± 0.150"
    assert say_gain(NONE) == say_share(NONE) == "–"
