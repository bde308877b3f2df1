"""One budget of false alarms for a comparison: which family pays how much, and what stays as it is."""

from __future__ import annotations

from typing import Any

from analytics.compare.comparison import Comparison
from analytics.core import Result, Verdict, Window
from analytics.evaluate.budget import share_alarms


def result(
    p: float | None, verdict: Verdict = "critical", value: float = -0.3, **more: Any
) -> Result:
    detail = {"p_value": p, "above_floor": 0.3, "tolerance": [0.1, 0.2], **more}
    return Result("accuracy", value, n=100, verdict=verdict, window=Window(), detail=detail)


def compared(*families: tuple[Result, ...]) -> Comparison:
    return share_alarms(Comparison("v2", "v1", "plain", *families))


def test_the_strongest_family_pays_for_all_three() -> None:
    found = compared((result(0.02),), (result(0.001), result(0.9)), (result(0.04),))
    assert [r.detail["p_adjusted"] for r in found.guards] == [0.006, 1.0]
    assert [r.detail["p_adjusted"] for r in (*found.results, *found.served)] == [0.04, 0.04]
    assert [r.verdict for r in found.guards] == ["critical", "ok"]


def test_chance_in_each_family_alone_is_silent() -> None:
    found = compared((result(0.02),), (result(0.02),), (result(0.02),))
    assert {r.verdict for r in (*found.results, *found.guards, *found.served)} == {"ok"}


def test_a_gain_is_sure_only_within_the_budget() -> None:
    gains = [compared((result(p, is_better=True),), (result(0.9),)) for p in (0.03, 0.02)]
    assert [g.results[0].detail["is_better"] for g in gains] == [False, True]


def test_what_was_not_judged_stays_as_it_is_and_broken_slices_come_first() -> None:
    thin, free = result(1e-9, "undefined"), result(None, "ok")
    guards = (result(0.9, "ok", -0.9), result(1e-9, "ok", -0.2))
    found = compared((thin, free), guards)
    assert [r.verdict for r in found.results] == ["undefined", "ok"]
    assert found.results[1] is free
    assert [r.value for r in found.guards] == [-0.2, -0.9]
