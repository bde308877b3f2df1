"""How long labels take, counted by day in narrow bins that stay in memory: each day is read once.

A quantile read from the bins lies within ``BOUND`` of that of the rows. Days that hold a label of no
delay or less are told by the rows themselves, as short logs are.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.core import Dataset, Scope, Window
from analytics.query.aligned import Rows
from analytics.query.blocks import spans_of as pieces_of
from analytics.query.frame import frame, touched
from analytics.query.groups import Delay, delays_sql, label_delay
from analytics.query.histograms import CURVE_SHARES, DAY_S, Curve, delay_curve
from analytics.query.ranks import LOWEST
from analytics.summaries.serving import BIN_SQL, latency_of
from analytics.summaries.spans import DAY, Span, can_answer, micros, moment_of, spans_of

if TYPE_CHECKING:
    from analytics.query.engine import Engine

MIN_ROWS = 500_000  # with fewer the rows are as fast
SHARES = (0.5, 0.9, 0.98)
NONE = (np.zeros(0, np.int64), np.zeros(0, np.int64))
_HELD_BYTES = 1_000_000  # about: some hundred bins a day


Bins = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]  # numbers of bins, and labels in each


@dataclass(slots=True)
class _Counted:
    """Labels by bin of each day of a log, as far as it was read; the largest delay of all."""

    days: dict[int, Bins] = field(default_factory=dict)
    largest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def quick_delay(engine: Engine, dataset: Dataset, scope: Scope) -> Delay | None:
    """The delays of the scope's labels: of a long log within half a per cent, else exact."""
    found = _quantiles(engine, dataset, scope, SHARES)
    if found is None:
        return label_delay(engine, dataset, scope)
    n, seconds = found
    return Delay(n, *seconds) if n else None


def quick_curve(engine: Engine, dataset: Dataset, scope: Scope) -> Curve:
    """What ``delay_curve`` tells: of a long log within half a per cent, else exact."""
    log = dataset.log("labels", scope.log)
    is_asked = any(("label_asked", "yes") in part.file_types for part in log.parts)
    found = None if is_asked else _quantiles(engine, dataset, scope, CURVE_SHARES)
    if found is None:
        return delay_curve(engine, dataset, scope)
    n, seconds = found
    return (tuple(s / DAY_S for s in seconds), CURVE_SHARES) if n else ((), ())


def _quantiles(
    engine: Engine, dataset: Dataset, scope: Scope, shares: Sequence[float]
) -> tuple[int, tuple[float, ...]] | None:
    """(labels, quantiles in seconds) from the days that were counted; None where they cannot tell."""
    parts = touched(dataset.log("predictions", scope.log), scope)
    starts = [micros(part.start) for part in parts if part.start]
    ends = [micros(part.end) + 1 for part in parts if part.end]
    is_short = sum(part.n_rows for part in parts) < MIN_ROWS or len(starts) < len(parts)
    is_free = can_answer(scope) and scope.version is None
    has_times = "known_at" in dataset.log("labels", scope.log).columns
    if is_short or not is_free or not has_times:
        return None
    window = _inside(scope.window, min(starts), max(ends))
    rows = Rows(dataset, scope.log)
    held: _Counted = engine.summaries.hold(
        ("days of delays", rows.state, rows.predictions.parts),
        lambda: (_HELD_BYTES, _Counted()),
    )
    counted = _added(_read(engine, dataset, scope, window, held))
    if not counted:
        return 0, ()
    found = None if counted[0][0] == LOWEST else latency_of(counted, held.largest, shares)
    return None if found is None else (found.n, tuple(value for value, *_ends in found.quantiles))


def _inside(window: Window, first: int, last: int) -> Window:
    """The window as far as the log reaches, its open ends on whole days."""
    start = moment_of(first // DAY * DAY) if window.start is None else window.start
    end = moment_of(-(-last // DAY) * DAY) if window.end is None else window.end
    return Window(start, end)


def _added(days: Sequence[Bins]) -> list[tuple[int, int]]:
    """Labels by bin, in order of the bins."""
    if not days:
        return []
    bins, counts = (np.concatenate(each) for each in zip(*days, strict=True))
    names, at = np.unique(bins, return_inverse=True)
    summed = np.bincount(at, counts).astype(np.int64)
    return list(zip(names.tolist(), summed.tolist(), strict=True))


def _read(
    engine: Engine, dataset: Dataset, scope: Scope, window: Window, held: _Counted
) -> list[Bins]:
    """Labels of the window by bin: of each whole day, and of the pieces of days at its ends."""
    spans = spans_of(window, None, with_hours=False)
    found: list[Bins] = []
    for start, end in spans.days:
        assert start is not None and end is not None
        days = range(start, end, DAY)
        with held.lock:  # who asks for the same days meanwhile waits for them
            lacking = [day for day in days if day not in held.days]
            if lacking:
                span = (lacking[0], lacking[-1] + DAY)
                read, largest = _count(engine, dataset, scope, span)
                held.largest = max(held.largest, largest)
                held.days |= {day: read.get(day, NONE) for day in range(*span, DAY)}
        found += [held.days[day] for day in days]
    for edge in spans.edges:
        read, largest = _count(engine, dataset, scope, edge)
        held.largest = max(held.largest, largest)
        found += read.values()
    return found


def _count(
    engine: Engine, dataset: Dataset, scope: Scope, span: Span
) -> tuple[dict[int, Bins], float]:
    """The labels of a span by day and bin, and the largest delay.

    Days are read some at a time: labels are laid beside rows in memory, all that one statement reads.
    """
    start, end = span
    assert start is not None and end is not None
    inside = Scope(scope.log, Window(moment_of(start), moment_of(end)))
    read: dict[int, Bins] = {}
    largest = 0.0
    for piece in pieces_of(dataset, inside):
        days, longest = _count_piece(engine, dataset, piece)
        read, largest = read | days, max(largest, longest)
    return read, largest


def _count_piece(engine: Engine, dataset: Dataset, inside: Scope) -> tuple[dict[int, Bins], float]:
    rows = frame(dataset, inside, with_labels=True, engine=engine)
    if rows is None:
        return {}, 0.0
    sql = rows.select(
        f"SELECT epoch_us(date_trunc('day', timestamp)) AS day, {BIN_SQL.format('delay')} AS bin,"
        f" count(*) AS n, max(delay) AS largest FROM ({delays_sql(dataset, inside)})"
        " WHERE delay IS NOT NULL GROUP BY ALL ORDER BY day"
    )
    found = engine.arrays(sql, rows.values)
    days, first = np.unique(found["day"], return_index=True)
    if not len(days):
        return {}, 0.0
    pieces = (np.split(np.asarray(found[name]), first[1:]) for name in ("bin", "n"))
    read = dict(zip(days.tolist(), zip(*pieces, strict=True), strict=True))
    return read, float(found["largest"].max())
