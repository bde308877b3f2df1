"""Stacks of failed requests by their frames; a stack's messages and values are never read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.core import Dataset, Kind, Scope
from analytics.query.engine import Engine
from analytics.query.frame import frame, time_conditions
from analytics.query.serving import SUCCEEDED
from analytics.query.settled import where
from analytics.sources.names import normal_name
from analytics.sources.relation import quote_name, relation

NAMES = frozenset(
    {"stack_trace", "stacktrace", "stack", "traceback", "error_stack", "exc_info"}
    | {"exception_stacktrace", "exception_stack_trace"}
)
# A line of a stack as Python, C#, Java and JavaScript, Firefox, and our client and Go write it.
FRAME = (
    r'(?m)^\s*File "[^"\n]+", line \d+(?:, in [^\n]+)?'
    r"|^\s*at [^\n]+ in [^\n]+:line \d+"
    r"|^\s*at (?:[^\n(]+\([^()\n]+:\d+(?::\d+)?\)|[^\s()]+:\d+:\d+)"
    r"|^\s*[^\s@]*@[a-z]+://[^\s@]+:\d+:\d+"
    r"|^\s*(?:[A-Za-z]:)?[^\n:]+\.(?:py|go):\d+(?: in [^\n]+)?"
)
QUERY = r"\?[^\s:)]*"  # what an address carries behind its question mark


@dataclass(frozen=True, slots=True)
class Stack:
    """Failures whose stacks have the same frames: how many, since when, which to look at.

    ``frames`` are lines as they were written, without values; empty where no line can be read.
    """

    kind: str
    frames: tuple[str, ...]
    n: int
    first: datetime | None
    last: datetime | None
    versions: tuple[str, ...]
    first_version: str | None
    examples: tuple[str, ...]
    n_all: int  # requests of the window, failed or not


def stacks(engine: Engine, dataset: Dataset, scope: Scope, most: int = 100) -> tuple[Stack, ...]:
    """Stacks of the window by frames, the most frequent first.

    They come from the log of errors, else from the failed predictions themselves: a column that is
    named like a stack, else messages that hold one.
    """
    for kind, column in _places(dataset, scope):
        found = _stacks(engine, dataset, scope, (kind, column), most)
        if any(stack.frames for stack in found):
            return found
    return ()


def _places(dataset: Dataset, scope: Scope) -> Iterator[tuple[Kind, str]]:
    kinds: tuple[Kind, ...] = ("errors", "predictions")
    for kind in kinds:
        log = dataset.log(kind, scope.log)
        if log.parts:
            yield from ((kind, c) for c in log.columns if normal_name(c) in NAMES)
    for kind in kinds:
        log = dataset.log(kind, scope.log)
        if log.parts and "error_message" in log.columns:
            yield kind, "error_message"


def _stacks(
    engine: Engine, dataset: Dataset, scope: Scope, place: tuple[Kind, str], most: int
) -> tuple[Stack, ...]:
    kind, column = place
    wanted = ("status", "error_type", *([column] if kind == "predictions" else []))
    rows = frame(dataset, scope, wanted)
    if rows is None:
        return ()
    values = {**rows.values, "frame": FRAME, "query": QUERY}
    if kind == "predictions":
        source = (
            "SELECT prediction_id, timestamp AS moment, model_version AS version,"
            f" coalesce(error_type, status) AS kind, CAST({quote_name(column)} AS VARCHAR) AS stack"
            f" FROM rows WHERE {quote_name(column)} IS NOT NULL AND NOT {SUCCEEDED}"
        )
    else:
        source = _of_errors(dataset, scope, column, values)
    sql = rows.select(
        "SELECT frames, mode(kind), count(*) AS n, min(moment), max(moment), list(DISTINCT version),"
        " arg_min(version, moment), list(prediction_id ORDER BY moment DESC NULLS LAST)[:3],"
        " (SELECT count(*) FROM rows) FROM (SELECT *,"
        " [regexp_replace(trim(f, chr(9) || chr(10) || chr(13) || ' '), $query, '', 'g')"
        f" for f in regexp_extract_all(stack, $frame)] AS frames FROM ({source}))"
        f" GROUP BY frames ORDER BY n DESC, frames LIMIT {int(most)}"
    )
    return tuple(_stack(row) for row in engine.rows(sql, values))


def _of_errors(dataset: Dataset, scope: Scope, column: str, values: dict[str, Any]) -> str:
    """Rows of the log of errors; what it does not say is taken from the prediction of the same id."""
    log = dataset.log("errors", scope.log)
    has = set(log.columns)
    is_inside = scope.segment is not None or scope.version is not None
    is_inside |= "timestamp" not in has or scope.window.first_row is not None
    conditions = [f"{quote_name(column)} IS NOT NULL"]
    if not is_inside:
        conditions += time_conditions(Scope(window=scope.window, as_of=scope.as_of), values)

    def pick(name: str, alias: str, or_else: str) -> str:
        given = f"e.{name}, " if name in has else ""
        return f"coalesce({given}{or_else}) AS {alias}"

    picks = (
        pick("timestamp", "moment", "r.timestamp"),
        pick("model_version", "version", "r.model_version"),
        pick("error_type", "kind", "r.error_type, r.status, 'error'"),
    )
    inner = f"SELECT * FROM {relation(log)}{where(conditions)}"
    return (
        f"SELECT e.prediction_id, {', '.join(picks)}, CAST(e.{quote_name(column)} AS VARCHAR) AS"
        f" stack FROM ({inner}) e {'JOIN' if is_inside else 'LEFT JOIN'} rows r USING (prediction_id)"
    )


def _stack(row: tuple[Any, ...]) -> Stack:
    frames, kind, n, first, last, versions, first_version, ids, n_all = row
    return Stack(
        str(kind), tuple(frames), int(n), first, last,
        tuple(sorted(str(v) for v in versions if v is not None)), first_version, tuple(ids),
        int(n_all),
    )  # fmt: skip
