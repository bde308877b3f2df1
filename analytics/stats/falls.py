"""Whether a metric fell over a stretch of periods, beyond its interval and what the reference itself wanders.

A fall that counts by its tolerance raises an alarm of its own. To say that something did *no* harm
takes more: no metric may have fallen surely at all. Periods are pooled, each by its labels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.core import Result
from analytics.stats.intervals import Z95

ALPHA = 0.05  # that any metric fell by chance, all of them together
MIN_LABELLED = 100
SIGNS = {"higher": -1.0, "lower": 1.0}


@dataclass(frozen=True, slots=True)
class Pooled:
    """The periods of one metric as one number, with its standard error and labels."""

    value: float
    se: float
    n: int


def fallen(results: Sequence[Result], before: Sequence[Result] = ()) -> list[Result]:
    """The metrics that surely got worse over ``results`` (one or more periods), the worst first.

    Each is a Result over all periods: its change against the reference with a 95 % interval that
    holds labels, the reference, and the spread of the reference's own pieces beyond chance
    (``detail.spread``). Where periods ``before`` are given it must also be worse than they were: what
    was lost already is not lost again. Bonferroni over the metrics asked.
    """
    named: dict[tuple[str, object], list[Result]] = {}
    for r in results:
        if _counts(r):
            named.setdefault(_key(r), []).append(r)
    found = []
    for key, mine in named.items():
        earlier = [r for r in before if _key(r) == key and _counts(r)]
        one = _fall(mine, earlier, ALPHA / len(named))
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda r: (-r.detail["share_of_tolerance"], r.name))


def spread_beyond_chance(pieces: Sequence[Result]) -> float:
    """The standard deviation of a metric over pieces of the reference that their labels do not explain.

    >>> from analytics.core import Window
    >>> far = [Result("accuracy", 0.9 + 0.05 * (-1) ** k, 500, "ok", Window(), detail={"se": 0.01})
    ...        for k in range(10)]
    >>> round(spread_beyond_chance(far), 3)
    0.052
    """
    known = [
        (float(r.value), float(r.detail["se"]))
        for r in pieces
        if _has_se(r) and r.value is not None
    ]
    if len(known) < 3:
        return 0.0
    mean = sum(v for v, _se in known) / len(known)
    scatter = sum((v - mean) ** 2 for v, _se in known) / (len(known) - 1)
    told = sum(se**2 for _v, se in known) / len(known)
    return math.sqrt(max(scatter - told, 0.0))


def _fall(mine: Sequence[Result], earlier: Sequence[Result], alpha: float) -> Result | None:
    detail = mine[0].detail
    sign, now = SIGNS[str(detail["better"])], pool(mine)
    if now.n < MIN_LABELLED:
        return None
    then = Pooled(float(detail["reference"]), float(detail.get("se_reference") or 0.0), 0)
    spread = float(detail.get("spread") or 0.0)
    against = [then]
    if earlier and (then_too := pool(earlier)).n >= MIN_LABELLED:
        against.append(then_too)
    for one in against:
        worse = sign * (now.value - one.value)
        error = math.hypot(now.se, one.se, spread)
        if worse <= 0 or (error > 0 and math.erfc(worse / error / math.sqrt(2)) >= alpha):
            return None
    return _told(mine, now, then, spread)


def _told(mine: Sequence[Result], now: Pooled, then: Pooled, spread: float) -> Result:
    """The fall as a Result: value, change, their intervals, and how it stands to the tolerance."""
    first, last = mine[0], mine[-1]
    change = now.value - then.value
    half = Z95 * math.hypot(now.se, then.se, spread)
    low, high = first.detail["tolerance"]
    scale = abs(then.value) if first.detail["unit"] not in ("share", "score") else 1.0
    size = abs(change) / scale if scale else 0.0
    verdict = "critical" if size > high else "warning" if size > low else "ok"
    window = replace(first.window, end=last.window.end, last_row=last.window.last_row)
    detail = {
        **first.detail, "change": change, "change_low": change - half, "change_high": change + half,
        "share_of_tolerance": size / low if low else 0.0, "n_periods": len(mine), "se": now.se,
    }  # fmt: skip
    return replace(
        first, value=now.value, low=now.value - Z95 * now.se, high=now.value + Z95 * now.se,
        interval="pooled over its periods", n=sum(r.n for r in mine), n_labelled=now.n,
        window=window, verdict=verdict, detail=detail,  # type: ignore[arg-type]
    )  # fmt: skip


def pool(results: Sequence[Result]) -> Pooled:
    """Periods as one number: their mean by labels.

    >>> from analytics.core import Window
    >>> def week(v, n): return Result("accuracy", v, n, "ok", Window(), n_labelled=n, detail={"se": 0.01})
    >>> found = pool([week(0.9, 100), week(0.8, 300)])
    >>> round(found.value, 3), round(found.se, 4), found.n
    (0.825, 0.0079, 400)
    """
    weights = [r.n_labelled or 0 for r in results]
    total = sum(weights)
    if not total:
        return Pooled(0.0, 0.0, 0)
    value = sum(w * float(r.value or 0.0) for w, r in zip(weights, results, strict=True)) / total
    errors = [w * float(r.detail.get("se") or 0.0) for w, r in zip(weights, results, strict=True)]
    return Pooled(value, math.hypot(*errors) / total, total)


def _key(r: Result) -> tuple[str, object]:
    return r.name, r.detail.get("class")


def _has_se(r: Result) -> bool:
    return r.value is not None and r.detail.get("se") is not None


def _counts(r: Result) -> bool:
    """Whether a period's number can be pooled and has a better side and a reference."""
    is_known = _has_se(r) and r.verdict != "undefined" and bool(r.n_labelled)
    return is_known and r.detail.get("better") in SIGNS and r.detail.get("reference") is not None
