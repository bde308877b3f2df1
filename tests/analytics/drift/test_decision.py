"""The one rule: evidence and effect, both or nothing."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate
from analytics.stats.decision import decide, judge, judge_families

TOLERANCE = (0.1, 0.2)


def estimate(p: float | None, above: float | None) -> Estimate:
    return Estimate(0.5, n=100, detail={"p_value": p, "above_floor": above})


def verdicts(*pairs: tuple[float | None, float | None]) -> list[str]:
    return [v for v, _p in decide([(estimate(*pair), TOLERANCE) for pair in pairs])]


def test_both_are_needed() -> None:
    assert verdicts((1e-9, 0.05), (0.9, 0.5), (1e-9, 0.15), (1e-9, 0.25)) == [
        "ok",
        "ok",
        "warning",
        "critical",
    ]


def test_the_edge_belongs_to_the_milder_verdict() -> None:
    assert verdicts((1e-9, 0.1), (1e-9, 0.2)) == ["ok", "warning"]
    assert verdicts((0.05, 0.9)) == ["ok"]


def test_what_has_no_evidence_is_undefined_and_stays_out_of_the_family() -> None:
    answers = decide(
        [
            (estimate(0.04, 0.3), TOLERANCE),
            (Estimate.undefined("too few rows"), TOLERANCE),
            (estimate(None, 0.3), TOLERANCE),
            (estimate(0.001, None), TOLERANCE),
        ]
    )
    assert answers == [("critical", 0.04)] + [("undefined", None)] * 3
    assert decide([]) == []


def test_p_values_are_adjusted_over_the_run() -> None:
    answers = decide([(estimate(p, 0.3), TOLERANCE) for p in (0.01, 0.04, 0.5, 0.6)])
    assert [round(p or 0, 3) for _v, p in answers] == [0.04, 0.08, 0.6, 0.6]
    assert [v for v, _p in answers] == ["critical", "ok", "ok", "ok"]


def test_families_side_by_side_share_the_false_alarms() -> None:
    """By hand: BH within, then three, two and one times, never less than the family before."""
    family = lambda *ps: [({"p_value": p, "above_floor": 0.3}, TOLERANCE) for p in ps]  # noqa: E731
    answers = judge_families([family(0.02, 0.9), family(), family(0.004, 0.5), family(0.03)])
    assert [[round(p, 4) for _v, p in found] for found in answers] == [
        [0.06, 0.9],
        [],
        [0.024, 1.0],
        [0.06],
    ]
    assert [[v for v, _p in found] for found in answers] == [
        ["ok", "ok"],
        [],
        ["critical", "ok"],
        ["ok"],
    ]


def test_pages_of_chance_speak_as_seldom_as_promised() -> None:
    """Three families without a change, any effect tolerated by none: 5 % of pages, not 14 %."""
    rng = np.random.default_rng(3)
    spoke, runs = 0, 4000
    for _ in range(runs):
        page = [
            [({"p_value": p, "above_floor": 1.0}, TOLERANCE) for p in rng.random(n)]
            for n in (6, 20, 2)
        ]
        spoke += any(v != "ok" for found in judge_families(page) for v, _p in found)
    assert 0.035 < spoke / runs < 0.06


def test_one_family_is_judged_as_ever() -> None:
    family = [({"p_value": p, "above_floor": 0.15}, TOLERANCE) for p in (0.01, 0.02, 0.9)]
    assert judge_families([family]) == [judge(family)]
    assert judge_families([family, []])[0] == judge(family)
