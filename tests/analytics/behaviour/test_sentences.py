"""What is said about people: acceptance never alone, chance named, too little called too little."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analytics.catalog import all_behaviours
from analytics.core import Estimate, Result, Verdict, Window
from analytics.findings import find, speak_of_people
from analytics.needs import Acts

WINDOW = Window(datetime(2026, 3, 1), datetime(2026, 4, 1))
GOOD = Acts(
    9, None, None, n=900, shown=900, decided=800, accepted=600, overridden=200,
    right=500, right_overridden=50, wrong=200, wrong_accepted=60,
)  # fmt: skip


def results(counts: Acts, **changes: Any) -> list[Result]:
    found = []
    for metric in all_behaviours():
        estimate: Estimate = metric.compute(counts)
        verdict: Verdict = "undefined"
        detail: dict[str, Any] = {"label": metric.label, "unit": "rate", "page": "behaviour"}
        detail |= {"better": metric.better, "tolerance": list(metric.tolerance)}
        if metric.name in changes:
            verdict, change = "critical", changes[metric.name]
            detail |= {"reference": (estimate.value or 0) - change, "change": change}
            detail |= {"p_value": 1e-9, "above_floor": abs(change)}
        found.append(
            Result(
                metric.name, estimate.value, estimate.n, verdict, WINDOW, estimate.low,
                estimate.high, estimate.interval, reason=estimate.reason, detail=detail,
            )
        )  # fmt: skip
    return found


def test_acceptance_stands_beside_the_wrong_ones() -> None:
    said = speak_of_people(results(GOOD))
    assert said.title == "People accept 75.0 % of predictions, and 30.0 % of the wrong ones"
    assert "overrode 10.0 %" in said.sentence and "60.0 points" in said.sentence
    assert said.verdict == "ok" and "700 decisions" in said.sentence


def test_who_does_not_tell_them_apart_is_a_warning() -> None:
    blind = Acts(
        9, None, None, n=900, shown=900, decided=800, accepted=720, overridden=80,
        right=400, right_overridden=40, wrong=200, wrong_accepted=180,
    )  # fmt: skip
    said = speak_of_people(results(blind))
    assert said.title == "People do not tell wrong predictions from right ones"
    assert said.verdict == "warning" and "may be chance" in said.sentence


def test_without_truth_nothing_is_praised() -> None:
    unknown = Acts(9, None, None, n=900, shown=900, decided=800, accepted=700, overridden=100)
    said = speak_of_people(results(unknown))
    assert "whether rightly is not known" in said.title and said.verdict == "undefined"
    few = Acts(9, None, None, n=20, shown=20, decided=10, accepted=9, overridden=1)
    assert speak_of_people(results(few)).title == "Too few decisions to say how people act"
    assert speak_of_people([]).verdict == "undefined"


def test_what_moved_comes_first_and_acceptance_never_moves_alone() -> None:
    said = speak_of_people(results(GOOD, acceptance=0.12))
    assert said.title == "Acceptance rose by 12.0 points against the reference"
    assert "Of the wrong ones they accepted 30.0 %" in said.sentence
    worse = speak_of_people(results(GOOD, over_reliance=0.2, acceptance=0.12))
    assert worse.title.startswith("Over-reliance rose by 20.0 points")


def test_findings_about_people_lead_to_their_page() -> None:
    (found,) = find(results(GOOD, over_reliance=0.2))
    assert found.page == "behaviour" and "acts of people" in found.sentence
