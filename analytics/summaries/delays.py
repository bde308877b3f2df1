"""How long labels take, counted by day in narrow bins that stay in memory: each day is read once.

A quantile read from the bins lies within ``BOUND`` of that of the rows. Days that hold a label of no
delay or less are told by the rows themselves, as short logs are.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
_HELD_BYTES = 1_000_000  # about: some hundred bins a day


@dataclass(slots=True)
class _Counted:
    """Labels by bin of each day of a log, as far as it was read; the largest delay of all."""

    days: dict[int, Counter[int]] = field(default_factory=dict)
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
    found = _read(engine, dataset, scope, window, held)
    if found[LOWEST]:
        return label_delay(engine, dataset, scope)
    counted = latency_of(sorted(found.items()), held.largest, SHARES) if found else None
    if counted is None:
        return None
    return Delay(counted.n, *(value for value, _low, _high in counted.quantiles))


def _inside(window: Window, first: int, last: int) -> Window:
    """The window as far as the log reaches, its open ends on whole days."""
    start = moment_of(first // DAY * DAY) if window.start is None else window.start
    end = moment_of(-(-last // DAY) * DAY) if window.end is None else window.end
    return Window(start, end)


def _read(
    engine: Engine, dataset: Dataset, scope: Scope, window: Window, held: _Counted
) -> Counter[int]:
    """Labels of the window by bin."""
    spans = spans_of(window, None, with_hours=False)
    found: Counter[int] = Counter()
    for start, end in spans.days:
        assert start is not None and end is not None
        days = range(start, end, DAY)
        with held.lock:  # who asks for the same days meanwhile waits for them
            lacking = [day for day in days if day not in held.days]
            if lacking:
                for day in range(lacking[0], lacking[-1] + DAY, DAY):
                    held.days.setdefault(day, Counter())
                try:
                    _count(engine, dataset, scope, (lacking[0], lacking[-1] + DAY), held)
                except BaseException:
                    for day in lacking:
                        held.days.pop(day, None)
                    raise
        for day in days:
            found.update(held.days[day])
    for edge in spans.edges:
        beside = _Counted()
        _count(engine, dataset, scope, edge, beside)
        held.largest = max(held.largest, beside.largest)
        for counted in beside.days.values():
            found.update(counted)
    return found


def _count(engine: Engine, dataset: Dataset, scope: Scope, span: Span, into: _Counted) -> None:
    """Count the labels of a span by day and bin."""
    start, end = span
    assert start is not None and end is not None
    inside = Scope(scope.log, Window(moment_of(start), moment_of(end)))
    rows = frame(dataset, inside, with_labels=True, engine=engine)
    if rows is None:
        return
    sql = rows.select(
        f"SELECT epoch_us(date_trunc('day', timestamp)), {BIN_SQL.format('delay')} AS bin, count(*),"
        f" max(delay) FROM ({delays_sql(dataset, scope)}) WHERE delay IS NOT NULL GROUP BY ALL"
    )
    counted: dict[int, Counter[int]] = {}
    for day, at, n, largest in engine.rows(sql, rows.values):
        counted.setdefault(day, Counter())[int(at)] = int(n)
        into.largest = max(into.largest, float(largest))
    into.days |= counted
