"""What is read of sheets for a scope, and the rows that no sheet has, each once.

Whole hours and days come from the groups that sheets count; the edges of the window that cut an hour,
and parts without a sheet, are scanned and counted by the same SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from analytics.core import Log, Part, Scope
from analytics.sources.relation import quote_text, relation
from analytics.summaries.spans import Span, Spans, micros, moment_of, spans_of, within
from analytics.summaries.store import Piece, Taken

Reader = Callable[[Sequence[Part]], str | None]  # parts as a relation; None where it cannot be told


@dataclass(frozen=True, slots=True)
class Rest:
    """Parts and the spans of them that are scanned."""

    parts: tuple[Part, ...]
    spans: tuple[Span, ...]

    @property
    def n_rows(self) -> int:
        """Rows of the parts, whether in the spans or not."""
        return sum(part.n_rows for part in self.parts)


def touched_by(parts: Iterable[Part], spans: Sequence[Span]) -> tuple[Part, ...]:
    """Parts that can have rows in one of the spans."""
    return tuple(part for part in parts if part.n_rows and any(_overlaps(part, s) for s in spans))


def _overlaps(part: Part, span: Span) -> bool:
    start, end = span
    if part.start is None or part.end is None:
        return start is None and end is None
    return (start is None or micros(part.end) >= start) and (
        end is None or micros(part.start) < end
    )


def rests(taken: Taken, scope: Scope) -> list[Rest]:
    """What has to be scanned."""
    span: Span = tuple(
        None if at is None else micros(at) for at in (scope.window.start, scope.window.end)
    )  # type: ignore[assignment]
    fine = [p for piece in taken.pieces for i, ps in piece.groups for p in ps if _is_fine(piece, i)]
    coarse = [p for piece in taken.pieces for p in piece.without("hour")]
    pairs = (
        (taken.lacking, (span,)),
        (fine, spans_of(scope.window, scope.every).edges),
        (coarse, spans_of(scope.window, scope.every, with_hours=False).edges),
    )
    found = (Rest(touched_by(parts, spans), spans) for parts, spans in pairs)
    return [rest for rest in found if rest.parts]


def _is_fine(piece: Piece, group: int) -> bool:
    return "hour" in piece.sheet.grains[group]


def scanned_sql(log: Log, rest: Rest, read: Reader | None = None) -> str | None:
    """The rows of the parts that lie in the spans, with the columns of the log (and what ``read`` adds)."""
    inner = relation(log, rest.parts) if read is None else read(rest.parts)
    if inner is None or "timestamp" not in log.columns:
        return inner
    conditions = [_is_in(span) for span in rest.spans]
    return f"(SELECT * FROM {inner} WHERE {' OR '.join(conditions)})"


def _is_in(span: Span) -> str:
    start, end = span
    found = []
    if start is not None:
        month = quote_text(f"{moment_of(start):%Y-%m}")
        found += [f"timestamp >= make_timestamp({start})", f"(date >= {month} OR date = 'none')"]
    if end is not None:
        day = quote_text(f"{moment_of(end):%Y-%m-%d}")
        found += [f"timestamp < make_timestamp({end})", f"(date <= {day} OR date = 'none')"]
    return f"({' AND '.join(found)})" if found else "true"


def sheets_sql(taken: Taken, scope: Scope, columns: str, grains: Sequence[str] = ()) -> list[str]:
    """A SELECT of ``columns`` for each sheet: rows of whole days, and of whole hours beside them.

    With ``grains`` it is their rows instead of days' and hours', over the same spans.
    """
    selects = []
    for piece in taken.pieces:
        fine = [i for i, _parts in piece.groups if _is_fine(piece, i)]
        coarse = [i for i, _parts in piece.groups if not _is_fine(piece, i)]
        for groups, with_hours in ((fine, True), (coarse, False)):
            spans = spans_of(scope.window, scope.every, with_hours=with_hours)
            if groups and (spans.days or spans.hours):
                listed = ", ".join(map(str, groups))
                file = quote_text(str(piece.sheet.file))
                selects.append(
                    f"SELECT {columns} FROM read_parquet({file}, hive_partitioning = false)"
                    f" WHERE grp IN ({listed}) AND {_of_spans(spans, grains)}"
                )
    return selects


def _of_spans(spans: Spans, grains: Sequence[str]) -> str:
    if grains:
        told = ", ".join(map(quote_text, grains))
        return f"grain IN ({told}) AND {within('period', (*spans.days, *spans.hours))}"
    days, hours = within("period", spans.days), within("period", spans.hours)
    return f"(grain = 'day' AND {days} OR grain = 'hour' AND {hours})"
