"""What a person would say about slices: where the model does worse, and how one stands to the rest."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.core import Finding, Result
from analytics.findings.find import RANK, params_of
from analytics.words import unit_of, write_count, write_half_width, write_span, write_value


def speak_of_slices(results: Sequence[Result], n_rows: int) -> Finding:
    """The slice in which most is lost, and how many others there are; calm where none is weak."""
    weak = [r for r in results if r.verdict in ("warning", "critical")]
    if not weak and not n_rows:
        return Finding(
            "There are too few labelled rows to compare slices",
            "Import labels of the same ids, or choose a longer window.",
            "undefined",
            0.0,
        )
    if not weak:
        return Finding(
            "No slice does clearly worse than the rest",
            f"Up to three conditions were looked for in one half of {write_count(n_rows)} labelled rows"
            " and checked on the other.",
            "ok",
            0.0,
        )
    worst = weak[0]
    new = sum(bool(r.detail.get("is_new")) for r in weak)
    others = f" {len(weak) - 1} more do worse too." if len(weak) > 1 else ""
    since = f" {new} are new since {worst.detail['since']}." if new else ""
    return Finding(
        title=f"{worst.detail['label']} is {say_gap(worst)} where {say_conditions(worst.segment)}",
        sentence=(
            f"{_number(worst)} against {write_value(worst.detail['rest'], unit_of(worst))} in the rest;"
            f" {write_value(worst.detail['share'], 'rate')} of the labelled rows.{others}{since}"
        ),
        verdict=worst.verdict,
        weight=RANK[worst.verdict] + 50.0 + _size(worst),
        page="slices",
        params={**params_of(worst), "seg": str(worst.segment)},
        results=(worst,),
    )


def speak_of_slice(found: Result) -> Finding:
    """One slice beside the rest: a Result whose reference is the rest."""
    unit, where = unit_of(found), say_conditions(found.segment)
    label = str(found.detail["label"])
    rest = found.detail.get("reference")
    if found.value is None or rest is None or found.verdict == "undefined":
        reason = found.reason or "the rest has no number to compare with"
        title = f"Too little is known where {where}"
        return Finding(title, f"{reason[:1].upper()}{reason[1:]}.", "undefined", 0.0)
    is_clear = float(found.detail.get("change_low") or 0.0) * float(
        found.detail.get("change_high") or 0.0
    )
    how = say_gap(found) if is_clear > 0 else "about the same"
    return Finding(
        title=f"{label} is {how} where {where}",
        sentence=(
            f"{_number(found)} against {write_value(float(rest), unit)} in the rest;"
            f" {write_count(found.n_labelled or 0)} labels."
        ),
        verdict=found.verdict,
        weight=RANK[found.verdict],
        results=(found,),
    )


def say_gap(result: Result) -> str:
    """How far a slice's number lies from the rest's: 20.1 points lower.

    >>> from analytics.core import Window
    >>> say_gap(Result("accuracy", 0.5, 9, "ok", Window(), detail={"unit": "share", "change": -0.2}))
    '20.0 points lower'
    """
    change = float(result.detail.get("change") or 0.0)
    way = "higher" if change > 0 else "lower"
    unit = unit_of(result)
    if unit in ("share", "rate"):
        return f"{100 * abs(change):.1f} points {way}"
    return f"{write_value(abs(change), unit)} {way}"


def say_conditions(segment: str | None) -> str:
    """The conditions of a segment as a person says them."""
    return (segment or "").replace(" AND ", " and ")


def say_cost(result: Result) -> str:
    """What would be gained if the slice were like the rest: its rows times its gap.

    >>> from analytics.core import Window
    >>> detail = {"unit": "share", "gain": 432.1}
    >>> say_cost(Result("accuracy", 0.5, 9, "ok", Window(), detail=detail))
    'costs about 432 errors'
    """
    gain = float(result.detail.get("gain") or 0.0)
    what = {"share": "errors", "nats": "nats"}.get(unit_of(result), "in all")
    return f"costs about {write_count(round(gain))} {what}"


def _size(result: Result) -> float:
    """How large the gap is, less what chance shows, in units of what is tolerated."""
    above = float(result.detail.get("above_floor") or 0.0)
    return min(above / float(result.detail["tolerance"][0]), 10.0)


def _number(result: Result) -> str:
    unit = unit_of(result)
    width = write_half_width(result.low, result.high, unit)
    span = "" if result.window.is_whole else f" {write_span(result.window)}"
    return f"{write_value(result.value, unit)} {width}{span}".strip()
