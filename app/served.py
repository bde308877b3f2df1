"""How promise, load, machine, silences and errors are told: the same words on the page and in a report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.evaluate.failing import frames_of, share_of
from analytics.serving.promise import Promise
from analytics.serving.resources import FULL, MIN_FULL, first_full, has_gpu, share_full
from analytics.words import write_count, write_half_width, write_moment, write_value
from app.charts import Strip

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.evaluate.promise import LoadMap
    from analytics.query.serving import Failure
    from analytics.query.stacks import Stack
    from analytics.serving.resources import Use

TARGET = 0.99
MOST_FRAMES = 30
NO_GPU = "No GPU was measured."
EXAMPLE = "Nobody has promised this for the model yet; it is an example near its 99th percentile."
COST = (
    "The price of all hours of the window, busy or not, over the requests that were answered."
    " ± is what chance in their number makes (Poisson)."
)


def example_promise(whole: Sequence[Result]) -> Promise | None:
    """A promise near the 99th percentile, where nobody made one; None without latency."""
    slow = next((r.value for r in whole if r.name == "latency_p99" and r.value), None)
    return None if slow is None else Promise(_tidy(slow), TARGET)


def _tidy(value: float) -> float:
    """The next number of one digit: an example should look like one."""
    from math import ceil, floor, log10

    size = 10.0 ** floor(log10(value))
    return float(ceil(round(value / size, 9)) * size)


def promise_strips(series: Sequence[Result]) -> list[Strip]:
    """What was kept, the budget and apdex over time, one strip each."""
    labels = {r.name: str(r.detail["label"]) for r in series}
    return [
        Strip(label, [("", [r for r in series if r.name == name])], is_close=True)
        for name, label in labels.items()
    ]


def say_promise(promise: Promise, found: Sequence[Result]) -> str:
    """What was promised, what a budget is, and what is left out."""
    share = f"{100 * promise.target:g} %"
    unknown = int(found[0].detail["n_unknown"]) if found else 0
    left_out = f" {write_count(unknown)} answers without a latency are left out." if unknown else ""
    return (
        f"Promised: {share} of requests answered without an error within"
        f" {promise.threshold_ms:g} ms. The budget of the window is the rest; it is"
        f" spent from left to right.{left_out}"
    )


def note_of(result: Result) -> str:
    """What stands beside a number of the promise."""
    if result.name == "budget_left" and "n_allowed" in result.detail:
        broken, allowed = int(result.detail["n_broken"]), float(result.detail["n_allowed"])
        return f"{write_count(broken)} of {allowed:,.0f} spent"
    if result.name == "within_target":
        return f"promised {100 * float(result.detail['target']):g} %"
    return f"T = {float(result.detail['threshold_ms']):g} ms"


def say_load(found: LoadMap, whose: str, zone: str = "UTC") -> str:
    """The busiest period that kept the promise, and what is usual; ``whose`` says who made it."""
    promise, best = found.promise, found.capacity
    said = f"Promise: {100 * promise.target:g} % within {promise.threshold_ms:g} ms{whose}."
    if best.at is None or best.usual is None:
        return f"{said} {(found.results[0].reason or '').capitalize()}."
    start = best.at.window.start
    when = f", from {write_moment(start, zone)} on" if start else ""
    limit = (
        f"{best.n_above} busier {found.every}{'s' if best.n_above != 1 else ''} broke it"
        if best.n_above
        else "no busier one broke it, so both numbers are at least that"
    )
    return (
        f"{said} The busiest {found.every} that kept it had {write_count(best.at.kept.n)} requests"
        f"{when}; {limit}. Usual is the median {found.every}: {write_value(best.usual, 'per_s')}."
    )


def explain_dots(found: LoadMap) -> str:
    """How the chart of load reads."""
    return (
        f"A dot is one {found.every}. Filled: kept; diamond: broken beyond chance; ring: not sure."
    )


def say_machine(found: Sequence[Use], zone: str = "UTC") -> str:
    """Which resource was full first, or that none was."""
    first = first_full(found)
    gpu = "" if has_gpu([u.resource.column for u in found]) else f" {NO_GPU}"
    if first is None or first.first_full is None:
        return (
            f"No resource whose limit is known was at {FULL:g} % or more in {MIN_FULL} samples or"
            f" more.{gpu}"
        )
    return (
        f"{first.resource.name} was full first: {FULL:g} % or more from"
        f" {write_moment(first.first_full, zone)} on, in {_full(first)} of {write_count(first.n)}"
        f" samples.{gpu}"
    )


def _full(use: Use) -> str:
    share = share_full(use)
    if share.value is None:
        return "no limit known"
    ends = write_half_width(share.low, share.high, "rate")
    return f"{write_value(share.value, 'rate')} {ends}"


def use_row(use: Use, zone: str = "UTC") -> dict[str, object]:
    """A resource as a row: what it is and how long it was full first, for a narrow screen."""
    return {
        "resource": use.resource.name,
        "full": _full(use),
        "mean": f"{use.mean:,.4g}",
        "95 % of samples under": f"{use.p95:,.4g}",
        "highest": f"{use.largest:,.4g}",
        "unit": use.resource.unit or "not named",
        "full from": write_moment(use.first_full, zone) if use.was_full and use.first_full else "",
        "samples": use.n,
    }


def say_usual(usual: Result) -> str:
    """The longest silence of a usual day."""
    if usual.value is None:
        return f"What is usual cannot be said: not enough data ({usual.reason})."
    ends = f"{write_value(usual.low, 's')} to {write_value(usual.high, 's')}"
    return (
        f"On half of {write_count(usual.n)} days the longest silence that began was shorter than"
        f" {write_value(usual.value, 's')} (95 % interval {ends}). Silences under a minute are left out."
    )


def silence_row(r: Result, zone: str = "UTC") -> dict[str, object]:
    """A silence as a row, its length first."""
    times = r.detail.get("times_usual")
    return {
        "silent for": write_value(r.value, "s"),
        "from": _when(r.window.start, zone),
        "to": _when(r.window.end, zone),
        "beside the usual": "not enough data" if times is None else f"{times:,.1f} times",
    }


def write_share(failure: Failure | Stack) -> str:
    """The share of all requests that failed so, with half of its interval."""
    share, low, high = share_of(failure)
    return f"{write_value(share, 'rate')} {write_half_width(low, high, 'rate')}"


def seen_row(failure: Failure | Stack, zone: str = "UTC") -> dict[str, object]:
    """Since which version and when it failed so."""
    return {
        "first version": failure.first_version or "",
        "first seen": _when(failure.first, zone),
        "last seen": _when(failure.last, zone),
    }


def _when(moment: datetime | None, zone: str) -> str:
    return write_moment(moment, zone) if moment else ""


def write_frames(stack: Stack) -> list[str]:
    """Where the program stood, a line each, the place that failed first."""
    frames = frames_of(stack)
    lines = [f"{f.file}:{f.line}" + (f" in {f.function}" if f.function else "") for f in frames]
    if len(lines) > MOST_FRAMES:
        lines = [*lines[:MOST_FRAMES], f"… and {len(lines) - MOST_FRAMES} more"]
    return lines
