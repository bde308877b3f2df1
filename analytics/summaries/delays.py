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
from analytics.query.frame import frame, touched
from analytics.query.groups import Delay, delays_sql, label_delay
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
    parts = touched(dataset.log("predictions", scope.log), scope)
    starts = [micros(part.start) for part in parts if part.start]
    ends = [micros(part.end) + 1 for part in parts if part.end]
    is_short = sum(part.n_rows for part in parts) < MIN_ROWS or len(starts) < len(parts)
    is_free = can_answer(scope) and scope.version is None
    has_times = "known_at" in dataset.log("labels", scope.log).columns
    if is_short or not is_free or not has_times:
        return label_delay(engine, dataset, scope)
    window = _inside(scope.window, min(starts), max(ends))
    rows = Rows(dataset, scope.log)
    held: _Counted = engine.summaries.hold(
        ("days of delays", rows.state, rows.predictions.parts),
        lambda: (_HELD_BYTES, _Counted()),
    )
    counted = _added(_read(engine, dataset, scope, window, held))
    if not counted:
        return None
    found = None if counted[0][0] == LOWEST else latency_of(counted, held.largest, SHARES)
    if found is None:
        return label_delay(engine, dataset, scope)
    return Delay(found.n, *(value for value, _low, _high in found.quantiles))


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
    """The labels of a span by day and bin, and the largest delay."""
    start, end = span
    assert start is not None and end is not None
    inside = Scope(scope.log, Window(moment_of(start), moment_of(end)))
    rows = frame(dataset, inside, with_labels=True, engine=engine)
    if rows is None:
        return {}, 0.0
    sql = rows.select(
        f"SELECT epoch_us(date_trunc('day', timestamp)) AS day, {BIN_SQL.format('delay')} AS bin,"
        f" count(*) AS n, max(delay) AS largest FROM ({delays_sql(dataset, scope)})"
        " WHERE delay IS NOT NULL GROUP BY ALL ORDER BY day"
    )
    found = engine.arrays(sql, rows.values)
    days, first = np.unique(found["day"], return_index=True)
    if not len(days):
        return {}, 0.0
    pieces = (np.split(np.asarray(found[name]), first[1:]) for name in ("bin", "n"))
    read = dict(zip(days.tolist(), zip(*pieces, strict=True), strict=True))
    return read, float(found["largest"].max())
