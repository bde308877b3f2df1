"""An estimate's past: which periods count, how far off it was, and when its intervals were too narrow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analytics.core import Result, Window
from analytics.estimate.past import MIN_PERIODS, Pair, judge_past, own_error, pair_up, past_of
from analytics.findings.past import past_sentence

THERE = Result("accuracy", 0.90, 400, "ok", Window(), 0.87, 0.93, detail={"unit": "share"})
CAME = Result("accuracy", 0.88, 400, "ok", Window(), n_labelled=400, detail={"se": 0.016})


def test_a_period_counts_once_its_labels_have_settled() -> None:
    found = pair_up(THERE, CAME)
    assert found is not None and found.miss == pytest.approx(0.02) and found.is_held
    assert pair_up(THERE, None) is None
    assert pair_up(replace(THERE, value=None), CAME) is None
    assert pair_up(THERE, replace(CAME, verdict="undefined")) is None
    assert pair_up(THERE, replace(CAME, detail={"maturity": "provisional"})) is None


def test_few_labels_may_lie_further_off_by_their_own_chance() -> None:
    far = replace(CAME, value=0.86)
    assert not pair_up(THERE, far).is_held
    few = replace(far, n_labelled=100)  # three of four rows have no label
    assert pair_up(THERE, few).is_held
    reach = np.hypot(0.03, 1.959964 * 0.016 * np.sqrt(0.75))
    edge = replace(few, value=0.90 - reach - 1e-3)
    assert not pair_up(THERE, edge).is_held


@given(st.lists(st.tuples(st.floats(-1, 1), st.booleans()), max_size=80))
def test_the_distance_holds_nineteen_of_twenty(found: list[tuple[float, bool]]) -> None:
    past = judge_past([Pair(miss, 0.0, 2.0 * held, 2.0 * held) for miss, held in found])
    if len(found) < MIN_PERIODS:
        assert past is None
        return
    off = np.sort(np.abs([miss for miss, _held in found]))
    assert past.within == off[int(0.95 * len(off)) - 1]
    assert past.n_held == sum(held or abs(miss) <= 1e-9 for miss, held in found)
    assert past.worst == off[-1]
    assert past.n_within == sum(off <= past.within) >= int(0.95 * len(off))
    ends = binomtest(past.n_held, past.n_periods).proportion_ci(method="wilson")
    assert (past.low, past.high) == pytest.approx((ends.low, ends.high), abs=1e-6)
    assert past_of({"past": past.as_detail()}) == past


def said(pairs: list[Pair], **about: object) -> str:
    past = judge_past(pairs)
    detail = {"unit": "share", "past": {"every": "week", **about, **past.as_detail()}}
    return past_sentence([replace(THERE, detail=detail)])


def test_it_is_said_in_points_and_weeks() -> None:
    pairs = [Pair(0.9 + k / 4000, 0.9, 0.1, 0.1) for k in range(1, 51)]
    text = said(pairs)
    assert text.startswith(
        "Past estimates were within 1.2 points of what the labels said in 47 of 50"
    )
    assert text.endswith("weeks, at worst 1.2 points off; their intervals held it in 50.")
    assert "3 weeks up to the reference's end do not count." in said(pairs, n_inside=3)


def test_intervals_that_held_too_little_are_said_to() -> None:
    text = said([Pair(0.95, 0.9, 0.1 * (k < 10), 0.0) for k in range(20)])
    assert "less than their 95 % promises" in text and "5.0 points too high" in text
    few = {"every": "month", "n_periods": 2, "reason": "too few periods"}
    assert "is not known: too few periods" in past_sentence([replace(THERE, detail={"past": few})])
    assert past_sentence([THERE]) == ""


def test_what_was_missed_beyond_the_intervals_widens_the_next() -> None:
    rng = np.random.default_rng(4)
    calm = [Pair(0.9, 0.9 + e, 0.02, 0.02) for e in rng.normal(0, 0.02 / 1.96, 400)]
    assert own_error(calm) < 0.004
    off = [Pair(0.9, 0.9 + e, 0.02, 0.02) for e in rng.normal(0, np.hypot(0.02 / 1.96, 0.05), 400)]
    assert own_error(off) == pytest.approx(0.05, rel=0.1)
    few = own_error(off[:6])
    alone = np.mean([p.miss**2 for p in off[:6]]) - (0.02 / 1.959964) ** 2
    assert few == pytest.approx(np.sqrt(alone) * 2.446912 / 1.959964, rel=1e-4)  # t of 6
    one = replace(off[0], estimated=0.9, later=0.96)
    assert not one.is_held and replace(one, own_error=0.05).is_held
