"""One budget of false alarms for all that a comparison may say."""

from __future__ import annotations

from dataclasses import replace

from analytics.compare.comparison import Comparison
from analytics.core import Result, Verdict
from analytics.evaluate.guards import worst_first
from analytics.stats.decision import ALPHA, judge_families


def share_alarms(found: Comparison) -> Comparison:
    """The same comparison with verdicts that hold over metrics, guard-rails and serving at once.

    Each is a family of its own, weighed against the others by Holm's procedure. Where nothing
    changed, the page speaks of a loss or a sure gain in at most 5 of 100 comparisons.
    """
    families = (found.results, found.guards, found.served)
    tested = [[r for r in family if _is_tested(r)] for family in families]
    asked = [[(r.detail, tuple(r.detail["tolerance"])) for r in family] for family in tested]
    answers = judge_families(asked)
    judged = {
        id(r): _with(r, *answer)
        for family, given in zip(tested, answers, strict=True)
        for r, answer in zip(family, given, strict=True)
    }
    results, guards, served = ([judged.get(id(r), r) for r in family] for family in families)
    return replace(
        found, results=tuple(results), guards=tuple(worst_first(guards)), served=tuple(served)
    )


def _is_tested(result: Result) -> bool:
    facts = (result.value, result.detail.get("p_value"), result.detail.get("above_floor"))
    return all(fact is not None for fact in facts)


def _with(result: Result, verdict: Verdict, p_adjusted: float) -> Result:
    detail = {**result.detail, "p_adjusted": p_adjusted}
    if "is_better" in detail:
        detail["is_better"] = bool(detail["is_better"] and p_adjusted < ALPHA)
    thin = result.verdict == "undefined"
    return replace(result, verdict="undefined" if thin else verdict, detail=detail)
