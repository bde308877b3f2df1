"""What people do with predictions, in one sentence that never praises acceptance alone."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.core import Finding, Result, Verdict
from analytics.findings.find import RANK, params_of
from analytics.words import (
    write_count,
    write_half_width,
    write_value,
)

BAD = ("warning", "critical")
SPOKEN = ("over_reliance", "under_reliance", "acceptance", "engagement", "undecided", "fast_accept")


def speak_of_people(results: Sequence[Result]) -> Finding:
    """What moved against the reference, else how well people tell right from wrong predictions."""
    by_name = {r.name: r for r in results}
    moved = [by_name[n] for n in SPOKEN if n in by_name and by_name[n].verdict in BAD]
    if moved:
        return _moved(max(moved, key=lambda r: RANK[r.verdict]), by_name)
    acceptance, over = by_name.get("acceptance"), by_name.get("over_reliance")
    if acceptance is None or acceptance.value is None:
        reason = acceptance.reason if acceptance else "no events in this window"
        return _say(
            "Too few decisions to say how people act", f"{reason}.", "undefined", acceptance
        )
    accept = write_value(acceptance.value, "rate")
    if over is None or over.value is None:
        unknown = (
            "too few were wrong to say more" if over and over.n else "whether rightly is not known"
        )
        title = f"People accept {accept} of predictions; {unknown}"
        said = f"{_number(acceptance)} of {write_count(acceptance.n)} decisions"
        why = over.reason if over and over.reason else "a number is neither right nor wrong"
        return _say(title, f"{said}; {why}.", "undefined", acceptance)
    return _discern(by_name, accept)


def _discern(by_name: dict[str, Result], accept: str) -> Finding:
    over, found = by_name["over_reliance"], by_name["discernment"]
    wrong = write_value(over.value, "rate")
    title = f"People accept {accept} of predictions, and {wrong} of the wrong ones"
    verdict: Verdict = "ok"
    if found.value is None or found.low is None:
        return _say(title, f"{_both(by_name)}.", "undefined", by_name["acceptance"])
    if found.low <= 0:
        title = "People do not tell wrong predictions from right ones"
        verdict = "warning"
    width = write_half_width(found.low, found.high, "rate")
    apart = f"{_points(found.value)} {width}"
    said = f"{_both(by_name)}: right ones are accepted {apart} more often"
    if found.low <= 0:
        said = f"{_both(by_name)}: the difference, {apart}, may be chance"
    return _say(
        title,
        f"{said}; {write_count(found.n)} decisions whose truth is known.",
        verdict,
        by_name["acceptance"],
    )


def _both(by_name: dict[str, Result]) -> str:
    """Both kinds of error side by side."""
    over, under = by_name["over_reliance"], by_name["under_reliance"]
    said = f"They accepted {_number(over)} of the wrong ones"
    if under.value is not None:
        said += f" and overrode {_number(under)} of the right ones"
    return said


def _number(result: Result) -> str:
    width = write_half_width(result.low, result.high, "rate")
    return f"{write_value(result.value, 'rate')} {width}".strip()


def _moved(result: Result, by_name: dict[str, Result]) -> Finding:
    change = float(result.detail.get("change") or 0.0)
    verb = "rose" if change > 0 else "fell"
    title = f"{result.detail['label']} {verb} by {_points(change)} against the reference"
    before = write_value(result.detail.get("reference"), "rate")
    said = f"{_number(result)} against {before}; {write_count(result.n)} of them counted"
    beside = ""
    over = by_name.get("over_reliance")
    if result.name == "acceptance" and over is not None and over.value is not None:
        beside = f" Of the wrong ones they accepted {_number(over)}."
    return _say(title, f"{said}.{beside}", result.verdict, result)


def _points(change: float) -> str:
    return f"{100 * abs(change):.1f} points"


def _say(title: str, sentence: str, verdict: Verdict, about: Result | None) -> Finding:
    return Finding(
        title=title,
        sentence=sentence[:1].upper() + sentence[1:],
        verdict=verdict,
        weight=RANK[verdict] + 10.0,
        page="behaviour",
        params=params_of(about) if about and about.detail.get("change") else {},
        results=(about,) if about else (),
    )
