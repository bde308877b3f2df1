"""What several estimates of one number say together, in words."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.core import Result
from analytics.words import unit_of, write_half_width, write_value

METHODS = {
    "cbpe": "calibrated scores (CBPE)",
    "dle": "learned losses (DLE)",
    "weighted": "calibrated on rows like these (weighted CBPE)",
    "importance": "the reference counted like these rows",
    "blend": "CBPE, corrected for the change of the mix",
    "atc": "confidence past a threshold (ATC)",
}
EACH = {
    "cbpe": "What scores as these meant on the reference.",
    "dle": "What rows like each of these lost on the reference.",
    "weighted": "What scores as these meant on those rows of the reference that are like these.",
    "importance": "What the model did on those rows of the reference that are like these.",
    "blend": "Plain CBPE, moved towards the mean of these two as far as they say more than chance.",
    "atc": "How many rows are as sure as the right ones of the reference were; accuracy only.",
}


def opinions_sentence(results: Sequence[Result]) -> str:
    """What the methods say of one number: that they agree, or which do not and what that means."""
    headline = next((r for r in results if r.detail.get("is_headline")), None)
    if headline is None or headline.value is None:
        return "No method has an estimate of these rows."
    there = [r for r in results if r.value is not None and r.detail["method"] != "blend"]
    if len(there) < 2:
        reasons = [r.reason for r in results if r.reason]
        why = f": {reasons[0]}" if reasons else ""
        return f"There is no second estimate to hold this one against{why}."
    apart = headline.detail.get("disagree")
    if not apart:
        return f"{len(there)} ways to estimate it agree within their intervals."
    said = [_say(r) for r in there if r.detail.get("method") in apart]
    return (
        f"Two ways to estimate it disagree: {' and '.join(said)}. What one of them assumes does not"
        " hold here, and only labels can say which. A plan needs few of them."
    )


def _say(result: Result) -> str:
    unit = unit_of(result)
    number = f"{write_value(result.value, unit)} {write_half_width(result.low, result.high, unit)}"
    return f"{METHODS[str(result.detail['method'])]} says {number.strip()}"
