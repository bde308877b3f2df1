"""What an estimate's own past says of it, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.core import Result
from analytics.estimate.past import Past, past_of
from analytics.words import unit_of, write_amount, write_count

NAMES = {"hour": "hours", "day": "days", "week": "weeks", "month": "months"}


def write_miss(size: float, unit: str) -> str:
    """How far off, in points where the number is a share.

    >>> write_miss(0.011, "share"), write_miss(0.0113, "score")
    ('1.1 points', '0.011')
    """
    amount = write_amount(size, unit)
    return f"{amount} points" if unit in ("share", "rate") else amount


def past_sentence(results: Sequence[Result]) -> str:
    """How far past estimates of one number were off; empty where nothing was looked up."""
    detail = next((r.detail for r in results if r.detail.get("past")), None)
    if detail is None:
        return ""
    past, about = past_of(detail), detail["past"]
    if past is None:
        return f"How far past estimates were off is not known: {about['reason']}."
    periods = NAMES.get(str(about["every"]), "periods")
    n, unit = write_count(past.n_periods), unit_of(results[0])
    worst = (
        f", at worst {write_miss(past.worst, unit)} off" if past.n_within < past.n_periods else ""
    )
    said = (
        f"Past estimates were within {write_miss(past.within, unit)} of what the labels said in"
        f" {write_count(past.n_within)} of {n} {periods}{worst}; their intervals held it in"
        f" {write_count(past.n_held)}."
    )
    wider = any(r.detail.get("own_error") for r in results)
    widened = "Intervals are widened by what earlier estimates missed." if wider else ""
    return " ".join(filter(None, (said, widened, _warn(past, unit), _left(about, periods))))


def _warn(past: Past, unit: str) -> str:
    if not past.is_too_sure:
        return ""
    side = "high" if past.mean_miss > 0 else "low"
    return (
        f"That is less than their 95 % promises: scores no longer meant what they meant. On average"
        f" they were {write_miss(abs(past.mean_miss), unit)} too {side}."
    )


def _left(about: Mapping[str, Any], periods: str) -> str:
    if not about.get("n_inside"):
        return ""
    return f"{write_count(about['n_inside'])} {periods} up to the reference's end do not count."
