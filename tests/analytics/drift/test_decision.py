"""The one rule: evidence and effect, both or nothing."""

from __future__ import annotations

from analytics.core import Estimate
from analytics.stats.decision import decide

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
    pairs = [(estimate(p, 0.3), TOLERANCE) for p in (0.01, 0.02, 0.9)]
    answers = decide(pairs, n_families=2)
    assert [round(p or 0, 3) for _v, p in answers] == [0.06, 0.06, 1.0]
    assert [v for v, _p in decide(pairs)] == ["critical", "critical", "ok"]
    assert [v for v, _p in answers] == ["ok", "ok", "ok"]
