"""A rehearsal counts what a walk would have raised, and fits a condition to a wanted number."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Result, Window
from analytics.monitors.policy import Monitor
from analytics.monitors.rehearse import fit, rehearse
from analytics.monitors.run import run

START, WEEK = datetime(2026, 1, 5), timedelta(days=7)
BELOW = Monitor(
    "Low", "m", "performance", ("accuracy",), every="week", rule="below", limit=0.8, calm=1
)
CHANGE = Monitor("Fell", "m", "performance", ("accuracy",), every="week", hold=1, calm=1)


def answers(values: list[float]) -> list[Result]:
    return [
        Result(
            "accuracy", v, 1000, "critical" if v < 0.7 else "warning" if v < 0.8 else "ok",
            Window(START + i * WEEK, START + (i + 1) * WEEK), v, v, "exact", 1000,
            detail={"p_adjusted": 1e-9, "reference": 0.9},
        )
        for i, v in enumerate(values)
    ]  # fmt: skip


def test_it_counts_alerts_and_those_with_a_real_fall() -> None:
    results = answers([0.9, 0.6, 0.9, 0.75, 0.9, 0.9])
    losses = run(replace(CHANGE, severity="critical"), results)
    found = rehearse(BELOW, results, losses, most=1)
    assert (len(found.fired), found.n_periods, found.days) == (2, 6, 42.0)
    assert found.real is not None and [a.result.value for a in found.real] == [0.6]
    assert found.fitted is not None and 0.6 < (found.fitted.limit or 0) <= 0.75
    assert found.n_fitted == 1
    assert rehearse(BELOW, results, None, most=1).real is None


@given(st.lists(st.floats(0.4, 1.0), min_size=1, max_size=40), st.integers(0, 5))
def test_what_is_fitted_fires_no_more_often_than_was_wanted(values: list[float], most: int) -> None:
    for monitor in (BELOW, CHANGE):
        fitted = fit(monitor, answers(values), most)
        if fitted is not None:
            assert len(run(fitted, answers(values)).alerts) <= most
    assert fit(BELOW, answers(values), most) is not None  # below the lowest value nothing fires
