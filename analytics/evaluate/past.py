"""Estimates with their own past: every period as it would have been estimated then, and what came."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from analytics.core import Dataset, Every, Question, Result, Scope, Window
from analytics.errors import UsageError
from analytics.estimate.cbpe import RANKED
from analytics.estimate.past import MIN_PERIODS, Pair, judge_past, own_error, pair_up
from analytics.evaluate.opinions import leading
from analytics.evaluate.performance import performance
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import label_delay, last_label
from analytics.stats.intervals import Z95
from analytics.summaries.delays import quick_delay

MOST_AGAIN = 24  # periods that are estimated once more, with the labels known then
N_PERIODS, MIN_ROWS = 20, 500  # of a log without times
Key = tuple[str, str | None, str | None, datetime | int | None]
Make = Callable[[Engine, Dataset, Question], list[Result]]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who makes the estimates of a question, over which log."""

    engine: Engine
    dataset: Dataset
    make: Make


def estimate_with_past(
    engine: Engine,
    dataset: Dataset,
    question: Question,
    *,
    now: datetime | None = None,
    make: Make = leading,
) -> list[Result]:
    """Estimates as ``make`` gives them, with ``detail.past``: how far they were off before.

    The past is by the question's periods, weeks where it has none. A period that is labelled has
    ``detail.later``: what its labels said. Intervals are widened by what the estimates of earlier
    periods were off beyond theirs (``detail.own_error``), as far as labels had come by then. Only what was known at a period's end is used: periods
    inside the reference are left out, and one that ended before the last label of the reference
    came is estimated anew with the labels of that day.
    """
    results = make(engine, dataset, question)
    every = question.scope.every or _every(dataset)
    asked = replace(question, scope=replace(question.scope, every=every))
    cut = results if question.scope.every else make(engine, dataset, asked)
    then, left = _as_known_then(Asker(engine, dataset, make), asked, cut)
    names = tuple(dict.fromkeys(r.name for r in cut))
    realised = performance(engine, dataset, replace(asked, reference=None, names=names), now=now)
    came = {_key(r): r for r in realised}
    find = label_delay if question.is_exact else quick_delay
    delay = find(engine, dataset, whole(asked.scope))
    wait = timedelta(seconds=delay.p98_s if delay else 0.0)
    known = {_key(r): r for r in then}
    bare = {k: pair for k, r in known.items() if (pair := pair_up(r, came.get(k))) is not None}
    own = {_key(r): own_error(_before(known.get(_key(r), r), known, bare, wait)) for r in cut}
    pairs = {k: replace(pair, own_error=own[k]) for k, pair in bare.items()}
    past = _by_series(cut, pairs, every, left)
    found = []
    for r in results:
        k, about = _key(r), past[_series(r)]
        error = own.get(k, 0.0) if question.scope.every else _of_whole(r, bare)
        told = _widen(replace(r, detail={**r.detail, "past": about}), error)
        found.append(_with_later(told, pairs.get(k), came.get(k)))
    return found


def _before(
    result: Result, known: Mapping[Key, Result], pairs: Mapping[Key, Pair], wait: timedelta
) -> list[Pair]:
    """The pairs of the same series whose labels had come when this period ended."""
    end, at = result.window.end, _key(result)[-1]
    found = []
    for key, pair in pairs.items():
        if key[:3] != _series(result) or key[-1] == at:
            continue
        other = known[key].window.end
        is_earlier = other is not None and end is not None and other + wait <= end
        if is_earlier or (end is None and (key[-1] or 0) < (at or 0)):  # type: ignore[operator]
            found.append(pair)
    return found


def _of_whole(result: Result, pairs: Mapping[Key, Pair]) -> float:
    """What all periods together were off by: their mean miss, and their scatter about it."""
    mine = [pair for key, pair in pairs.items() if key[:3] == _series(result)]
    if len(mine) < MIN_PERIODS:
        return 0.0
    mean = sum(p.miss for p in mine) / len(mine)
    told = [replace(p, estimated=p.estimated - mean) for p in mine]
    return math.hypot(mean, own_error(told) / math.sqrt(len(mine)))


def _widen(result: Result, error: float) -> Result:
    """The interval with what past estimates were off by beyond theirs."""
    if error <= 0 or result.value is None or result.low is None or result.high is None:
        return result
    below = math.hypot(result.value - result.low, Z95 * error)
    above = math.hypot(result.high - result.value, Z95 * error)
    low, high = result.value - below, result.value + above
    is_share = result.detail.get("unit") == "share" or result.name in RANKED
    least = -1.0 if result.name == "mcc" else 0.0
    if result.low >= least:
        low = max(low, least)
    return replace(
        result,
        low=low,
        high=min(high, 1.0) if is_share and result.high <= 1 else high,
        interval=f"{result.interval}, widened by its own past",
        detail={**result.detail, "own_error": error},
    )


def _every(dataset: Dataset) -> Every:
    if dataset.first_event is not None:
        return "week"
    return max(dataset.log("predictions").n_rows // N_PERIODS, MIN_ROWS)


def _series(result: Result) -> tuple[str, str | None, str | None]:
    return result.name, result.detail.get("class"), result.version


def _key(result: Result) -> Key:
    window = result.window
    at = window.first_row if window.first_row is not None else window.start
    return (*_series(result), at)


def _by_series(
    cut: Sequence[Result], pairs: Mapping[Key, Pair], every: Every, left: Mapping[str, int]
) -> dict[tuple[str, str | None, str | None], dict[str, Any]]:
    """The past of each metric, class and version; why there is none where periods are too few."""
    found = {}
    for series in dict.fromkeys(map(_series, cut)):
        mine = [pair for key, pair in pairs.items() if key[:3] == series]
        about = {"every": every, **left}
        past = judge_past(mine)
        if past is None:
            reason = f"too few periods with settled labels ({len(mine)}, at least {MIN_PERIODS})"
            found[series] = {**about, "n_periods": len(mine), "reason": reason}
        else:
            found[series] = {**about, **past.as_detail()}
    return found


def _with_later(result: Result, pair: Pair | None, came: Result | None) -> Result:
    if pair is None or came is None:
        return result
    later = {
        "value": came.value, "low": came.low, "high": came.high, "n_labelled": came.n_labelled,
        "miss": pair.miss, "is_held": pair.is_held,
    }  # fmt: skip
    return replace(result, detail={**result.detail, "later": later})


def _as_known_then(
    asker: Asker, question: Question, cut: Sequence[Result]
) -> tuple[list[Result], dict[str, int]]:
    """Each period as it was estimated at its end, and how many periods could not be."""
    reference = question.reference
    if reference is None or reference.log == "reference":
        return list(cut), {}
    outside = [r for r in cut if not _overlap(reference, r.window)]
    known = last_label(asker.engine, asker.dataset, reference)
    early = [r for r in outside if known is not None and r.window.end and r.window.end < known]
    moments = sorted({r.window.end for r in early if r.window.end}, reverse=True)
    again: list[Result] = []
    for end in moments[:MOST_AGAIN]:
        again += _again(asker, question, [r for r in early if r.window.end == end])
    n_inside = len({r.window.start for r in cut}) - len({r.window.start for r in outside})
    left = {"n_inside": n_inside, "n_again": min(len(moments), MOST_AGAIN)}
    gone = {_key(r) for r in early}
    return [*(r for r in outside if _key(r) not in gone), *again], left


def _overlap(reference: Scope, window: Window) -> bool:
    """Whether a period lies in the reference or before its end, in part or whole."""
    if reference.window.first_row is not None and window.first_row is not None:
        return window.first_row <= (reference.window.last_row or 0)
    end = reference.window.end
    return end is None or window.start is None or window.start < end


def _again(asker: Asker, question: Question, results: Sequence[Result]) -> list[Result]:
    """One period once more, with what was known at its end; nothing where that was too little."""
    window, scope = results[0].window, question.scope
    at = Window(window.start, window.end)
    if window.first_row is not None:
        at = Window(first_row=window.first_row, last_row=window.last_row)
    asked = replace(
        question,
        scope=replace(scope, window=at, every=None, as_of=window.end),
        reference=replace(question.reference or scope, as_of=window.end),
        names=tuple(dict.fromkeys(r.name for r in results)),
    )
    try:
        found = asker.make(asker.engine, asker.dataset, asked)
    except UsageError:
        return []
    wanted = {_series(r): r.window for r in results}
    return [replace(r, window=wanted[_series(r)]) for r in found if _series(r) in wanted]
