"""Verdicts of a run: the rule written out beside SciPy's adjustment, for few tests and for many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.core import Estimate
from analytics.stats.decision import ALPHA, FEW, decide, judge, judge_families

P = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1e-9, 0.01, 0.02, 0.04, 0.05, 1.0]))
TEST = st.tuples(P, st.floats(-1, 1), st.sampled_from([(0.1, 0.2), (0.0, 0.5)]))


def family_of(tests: list[Any]) -> list[Any]:
    return [({"p_value": p, "above_floor": above}, limits) for p, above, limits in tests]


def ruled(tests: list[Any]) -> tuple[list[str], list[float]]:
    """The rule in words: an effect above the tolerance, and a p-value that survives."""
    adjusted = stats.false_discovery_control([p for p, _above, _limits in tests], method="bh")
    verdicts = []
    for (_p, above, (warning, critical)), p in zip(tests, adjusted, strict=True):
        passed = "critical" if above > critical else "warning"
        verdicts.append(passed if p < ALPHA and above > warning else "ok")
    return verdicts, adjusted.tolist()


@given(st.lists(TEST, min_size=1, max_size=FEW + 8))
def test_verdicts_follow_the_rule(tests: list[Any]) -> None:
    verdicts, adjusted = ruled(tests)
    found = judge(family_of(tests))
    assert [p for _verdict, p in found] == pytest.approx(adjusted, abs=1e-15)
    for (verdict, p), expected in zip(found, verdicts, strict=True):
        assert verdict == expected or p == pytest.approx(ALPHA, abs=1e-12)


@given(st.lists(TEST, min_size=1, max_size=FEW))
def test_a_few_tests_come_out_as_they_do_among_families(tests: list[Any]) -> None:
    family = family_of(tests)
    alone, beside = judge(family), judge_families([family, []])[0]
    assert alone == beside  # to the last digit: which way they went is nobody's business


def test_nothing_tested_is_nothing_judged() -> None:
    assert judge([]) == []
    untested = Estimate(0.4, detail={"above_floor": 0.3})
    assert decide([(untested, (0.1, 0.2))]) == [("undefined", None)]


def test_levels_are_plain_numbers() -> None:
    (verdict, p), *_rest = judge(family_of([(np.float64(0.001), np.float64(0.9), (0.1, 0.2))]))
    assert verdict == "critical" and type(p) is float
