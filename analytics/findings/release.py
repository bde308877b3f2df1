"""Promote, hold or roll back: what a comparison says should happen, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analytics.compare.comparison import Comparison
from analytics.core import Finding, Result, Verdict
from analytics.findings.slices import say_conditions
from analytics.words import (
    unit_of,
    write_change,
    write_count,
    write_half_width,
    write_list,
    write_value,
)

Action = Literal["promote", "hold", "roll back"]
VERDICTS: dict[Action, Verdict] = {"promote": "ok", "hold": "warning", "roll back": "critical"}
HOW = {
    "paired": "on the same {n} rows",
    "adjusted": "with the mix of rows made alike",
    "plain": "on rows of the same mix",
}
BAD = ("warning", "critical")
TRADE = "One was traded for the other: what each error costs decides, and the threshold moves it."


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with the candidate, in one word, and the reasons in the order of their weight."""

    action: Action
    reasons: tuple[str, ...]
    finding: Finding


def decide_release(found: Comparison) -> Decision:
    """The decision, from the same Results that are shown.

    Roll back: some metric is worse than its tolerance, with evidence, and the main metric is not
    better for it. Hold: one error was traded for another while the main metric got better, too few
    labels, a guard-rail is broken, or the main metric's interval reaches beyond what is tolerated.
    Promote: nothing speaks against it, and the main metric is better or surely as good.
    """
    counted = [r for r in found.results if r.detail.get("better") != "neither"]
    known = [r for r in counted if r.value is not None and r.verdict != "undefined"]
    if not known:
        why = counted[0].reason if counted else "no metric could be compared"
        return _decision(found, "hold", [f"There is not enough to judge: {why}."], counted[:1])
    worse = [r for r in known if r.verdict in BAD]
    main = _main(known)
    if worse and main not in worse and main.detail["is_better"]:
        said = [_say(r) for r in worse]
        return _decision(found, "hold", [*said, _say(main), TRADE], [*worse, main])
    if worse:
        return _decision(found, "roll back", [_say(r) for r in worse], worse)
    broken = [*_broken_slices(found.guards), *_broken_serving(found.served)]
    if broken:
        return _decision(found, "hold", [*broken, _say(main)], [main])
    if not main.detail["is_better"] and not _is_as_good(main):
        return _decision(found, "hold", [_say(main), _needed(main)], [main])
    others = [r for r in known if r is not main and r.detail["is_better"]]
    return _decision(found, "promote", [_say(main), *_also(others)], [main])


def _main(known: Sequence[Result]) -> Result:
    """The number that decides: ranking for scores, else accuracy or the error, else the first."""
    order = ("roc_auc", "accuracy", "mae")
    by_name = {r.name: r for r in known if "class" not in r.detail}
    return next((by_name[name] for name in order if name in by_name), known[0])


def _tolerated(result: Result) -> float:
    return float(result.detail["tolerance"][0]) * float(result.detail.get("scale", 1.0))


def _worst_end(result: Result) -> float | None:
    """How much worse the candidate may be at the end of the interval; above zero is worse."""
    if result.low is None or result.high is None:
        return None
    return -result.low if result.detail["better"] == "higher" else result.high


def _is_as_good(result: Result) -> bool:
    end = _worst_end(result)
    return end is not None and end < _tolerated(result)


def _say(result: Result) -> str:
    detail, unit = result.detail, unit_of(result)
    change = write_change(result.value, unit, detail.get("baseline"))
    width = write_half_width(result.low, result.high, unit, detail.get("baseline"))
    sides = (
        f"{write_value(detail['candidate'], unit)} against {write_value(detail['baseline'], unit)}"
    )
    which = f" of class {detail['class']}" if "class" in detail else ""
    sure = "" if _is_sure(result) else ", which may be chance"
    return f"{detail['label']}{which} {change} {width} ({sides}){sure}."


def _is_sure(result: Result) -> bool:
    return float(result.detail.get("p_adjusted") or 1.0) < 0.05


def _also(others: Sequence[Result]) -> list[str]:
    names = [str(r.detail["label"]) for r in others]
    if not names:
        return []
    return [f"{write_list(names)} {'is' if len(names) == 1 else 'are'} better too."]


def _needed(main: Result) -> str:
    """How many labels would settle it, were the difference what it seems now."""
    end, value, tolerated = _worst_end(main), main.value, _tolerated(main)
    if end is None or value is None:
        return "It has no interval yet."
    gain = value if main.detail["better"] == "higher" else -value
    half, room = end + gain, tolerated + gain
    limit = write_value(tolerated, unit_of(main))
    if room <= 0:
        return f"As it stands, it is worse than the {limit} that is tolerated, but not surely so."
    labels = math.ceil((main.n_labelled or 0) * (half / room) ** 2)
    return (
        f"The interval reaches beyond the {limit} that is tolerated; about {write_count(labels)}"
        f" labels would settle it if the difference stays, {write_count(main.n_labelled or 0)} are here."
    )


def _broken_slices(guards: Sequence[Result]) -> list[str]:
    broken = [r for r in guards if r.verdict in BAD]
    said = [
        f"Worse where {say_conditions(r.segment)}: {r.detail['label'].lower()}"
        f" {write_value(r.detail['candidate'], unit_of(r))} against"
        f" {write_value(r.detail['baseline'], unit_of(r))} ({write_count(r.n)} rows)."
        for r in broken[:3]
    ]
    if len(broken) > 3:
        said.append(f"And in {len(broken) - 3} more slices.")
    return said


def _broken_serving(served: Sequence[Result]) -> list[str]:
    return [
        f"{r.detail['label']} {write_value(r.value, unit_of(r))} against"
        f" {write_value(r.detail['reference'], unit_of(r))}."
        for r in served
        if r.verdict in BAD
    ]


def _decision(
    found: Comparison, action: Action, reasons: Sequence[str], results: Sequence[Result]
) -> Decision:
    how = HOW[found.method].format(n=write_count(found.n_shared))
    verb = {"promote": "Promote", "hold": "Hold", "roll back": "Roll back"}[action]
    undefined = action == "hold" and bool(results) and results[0].verdict == "undefined"
    finding = Finding(
        title=f"{verb} {found.candidate}",
        sentence=f"Against {found.baseline}, {how}: {reasons[0][:1].lower()}{reasons[0][1:]}"
        if reasons[0].startswith(("There", "Worse"))
        else f"Against {found.baseline}, {how}: {reasons[0]}",
        verdict="undefined" if undefined else VERDICTS[action],
        weight=100.0,
        page="compare",
        results=tuple(results),
    )
    return Decision(action, tuple(reasons), finding)
