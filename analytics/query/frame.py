"""The rows that a question is about: one CTE with window, version, segment and settled labels.

Quoting and WHERE are made here and nowhere else. Values are always bound. The CTE is named
``rows`` and always has ``_period`` (BIGINT of microseconds or of the first row; NULL when the
window is not cut) and ``_version`` (NULL unless asked for by version). Names
with an underscore in front are ours: a feature may be called period, version or weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analytics.core import Condition, Dataset, Log, Part, Scope, Segment, Window
from analytics.query.aligned import Rows
from analytics.query.beside import Placed
from analytics.query.cells import mixed_sql
from analytics.query.segment import is_numeric
from analytics.query.settled import settled_sql, where
from analytics.sources.relation import quote_name, quote_text, relation

if TYPE_CHECKING:
    from analytics.query.engine import Engine

_BASE = ("prediction_id", "timestamp", "model_version", "row", "date")
_TIMES = ("hour", "day", "week", "month")
_TYPES = {"timestamp": "TIMESTAMP", "score": "DOUBLE", "latency_ms": "DOUBLE", "row": "BIGINT"}


@dataclass(frozen=True, slots=True)
class Frame:
    """SQL up to and including the CTE ``rows``, and the values bound in it.

    ``held`` keeps what the SQL reads in the engine's memory: run it while the frame is there.
    ``most`` rows at most are in the parts that it reads; without ``is_weighted`` all weights are 1.
    """

    sql: str
    values: dict[str, Any] = field(default_factory=dict)
    held: Placed | None = None
    most: int = 0
    is_weighted: bool = True

    def select(self, text: str) -> str:
        """A whole statement over ``rows``."""
        return f"{self.sql}\n{text}"


@dataclass(frozen=True, slots=True)
class Worked:
    """What is worked out of one column where the rows are read, so that it need not be carried."""

    name: str
    column: str
    sql: str


def frame(
    dataset: Dataset,
    scope: Scope,
    columns: Iterable[str | Worked] = (),
    *,
    with_labels: bool = False,
    with_corrections: bool = False,
    engine: Engine | None = None,
) -> Frame | None:
    """The rows of a scope with the named columns; None when no part can hold any.

    With labels, ``rows`` also has ``label`` (settled, NULL where unknown), ``known_at`` and
    ``_weight`` (1 / sampling probability, 1 for labels that arrive by themselves). With corrections,
    labels of rows that people chose for being hard are there too: what is known, not what counts.
    With the engine that will run the statement, labels that it keeps beside the rows are not joined.
    Values in the SQL of what is worked out are bound by whoever runs the statement.
    """
    log = dataset.log("predictions", scope.log)
    parts = touched(log, scope)
    if not parts:
        return None
    values: dict[str, Any] = {}
    columns = list(columns)
    worked = [column for column in columns if isinstance(column, Worked)]
    wanted = {column for column in columns if isinstance(column, str)}
    if scope.segment is not None:
        wanted |= {c.column for c in scope.segment.conditions}
    if scope.mix is not None:
        wanted |= {cut.column for cut in scope.mix.cuts}
    has_label = with_labels or "label" in wanted
    wanted -= {"label", *_BASE}
    placed = None
    until = _known_until(scope)
    if has_label and engine is not None and scope.as_of is None and until is None:
        placed = engine.beside.place(engine, Rows(dataset, scope.log, with_corrections), parts)
    read = _reader(dataset, log, worked)
    inner = read(parts) if placed is None else placed.sql(read)
    picks = (*(placed.picks if placed else ()), *(quote_name(work.name) for work in worked))
    ctes = [f"picked AS ({_picked(dataset, log, (inner, picks), scope, sorted(wanted), values)})"]
    source = "SELECT * FROM picked"
    if has_label and placed is None:
        settled = settled_sql(dataset, scope, values, with_corrections, until)
        ctes.append(f"settled AS ({settled})")
        source = (
            "SELECT picked.*, settled.label, settled.known_at,"
            " coalesce(settled._weight, 1) AS _weight"
            " FROM picked LEFT JOIN settled USING (prediction_id)"
        )
    if scope.mix is not None:
        source = mixed_sql(scope.mix, source, values, has_label=has_label)
    conditions = _conditions(dataset, scope, values)
    ctes.append(f"rows AS (SELECT * FROM ({source}){where(conditions)})")
    is_weighted = scope.mix is not None or "sampling_p" in dataset.log("labels", scope.log).columns
    most = sum(part.n_rows for part in parts)
    return Frame("WITH " + ",\n".join(ctes), values, placed, most, is_weighted)


def _reader(
    dataset: Dataset, log: Log, worked: Sequence[Worked]
) -> Callable[[Sequence[Part]], str]:
    """How some parts are read: the log's columns, and what is worked out of them."""
    present = set(log.columns)
    lacking = sorted({work.column for work in worked} - present)
    absent = "".join(f", {_column(name, present, dataset)}" for name in lacking)
    more = "".join(f", {work.sql} AS {quote_name(work.name)}" for work in worked)

    def read(parts: Sequence[Part]) -> str:
        text = relation(log, parts)
        text = f"(SELECT *{absent} FROM {text})" if absent else text
        return f"(SELECT *{more} FROM {text})" if more else text

    return read


def touched(log: Log, scope: Scope) -> list[Part]:
    """Parts whose span of time can hold rows of the scope."""
    start, end = scope.window.start, scope.window.end
    if scope.as_of is not None:
        end = min(end, scope.as_of) if end else scope.as_of
    return [
        part
        for part in log.parts
        if part.n_rows
        and not (start and part.end and part.end < start)
        and not (end and part.start and part.start > end)
        and not ((start or end) and part.start is None)
    ]


def _picked(
    dataset: Dataset,
    log: Log,
    source: tuple[str, tuple[str, ...]],
    scope: Scope,
    wanted: list[str],
    values: dict[str, Any],
) -> str:
    inner, labels = source
    present = set(log.columns)
    names = (*_BASE[:3], *wanted)
    pieces = [_column(name, present, dataset) for name in names]
    pieces.append(f"{period_sql(scope)} AS _period")
    pieces.append(
        "model_version AS _version" if _has_version(scope, present) else "NULL AS _version"
    )
    row_cut = isinstance(scope.every, int) or scope.window.first_row is not None
    if row_cut:
        inner = _numbered(inner, present, scope, values, log.n_rows - _rows_from(log, scope))
    pieces += ["row" if "row" in present else "NULL AS row", *labels]
    return (
        f"SELECT {', '.join(pieces)} FROM {inner}{where(_times(scope, present, values, row_cut))}"
    )


def _has_version(scope: Scope, present: set[str]) -> bool:
    return scope.by_version and "model_version" in present


def _column(name: str, present: set[str], dataset: Dataset) -> str:
    if name in present:
        return quote_name(name)
    kind = _TYPES.get(name, "DOUBLE" if is_numeric(name, dataset.schema) else "VARCHAR")
    return f"CAST(NULL AS {kind}) AS {quote_name(name)}"


def period_sql(scope: Scope) -> str:
    """The period that a row belongs to, as a number that sorts; NULL where nothing is cut."""
    if scope.every is None:
        return "CAST(NULL AS BIGINT)"
    if isinstance(scope.every, int):
        return f"(_ordinal - _first) // {int(scope.every)} * {int(scope.every)} + _first"
    return f"epoch_us(date_trunc({quote_text(scope.every)}, timestamp))"


def _known_until(scope: Scope) -> str | None:
    """The moment at which a row's period is judged, in SQL: so many periods after its own end."""
    if scope.wait is None or scope.every not in _TIMES:
        return None
    return f"make_timestamp(_period) + INTERVAL {1 + int(scope.wait)} {scope.every}"


def _rows_from(log: Log, scope: Scope) -> int:
    """Rows of the parts that do not end before the window starts."""
    start = scope.window.start
    return sum(p.n_rows for p in log.parts if not (start and p.end and p.end < start))


def _numbered(
    inner: str, present: set[str], scope: Scope, values: dict[str, Any], n_before: int
) -> str:
    """Rows with their ordinal in the whole log's order; cut before version and segment apply."""
    order = "timestamp, row" if "timestamp" in present else "row"
    numbered = (
        f"SELECT *, row_number() OVER (ORDER BY {order}) - 1 + {n_before} AS _ordinal FROM {inner}"
    )
    keep = _times(Scope(window=scope.window, as_of=scope.as_of), present, values, True)
    return f"(SELECT *, min(_ordinal) OVER () AS _first FROM ({numbered}){where(keep)})"


def _times(scope: Scope, present: set[str], values: dict[str, Any], row_cut: bool) -> list[str]:
    conditions = time_conditions(scope, values) if "timestamp" in present else []
    window = scope.window
    if row_cut and window.first_row is not None:
        values["first_row"], values["last_row"] = window.first_row, window.last_row
        conditions.append("_ordinal BETWEEN $first_row AND $last_row")
    if scope.version is not None and "model_version" in present:
        values["version"] = scope.version
        conditions.append("model_version = $version")
    return conditions


def time_conditions(scope: Scope, values: dict[str, Any]) -> list[str]:
    """The window and the moment of asking, beside the folders' dates; values are bound."""
    conditions = []
    bounds: tuple[tuple[str, datetime | None, str], ...] = (
        (">=", scope.window.start, "start"),
        ("<", scope.window.end, "end"),
        ("<=", scope.as_of, "as_of"),
    )
    for sign, moment, name in bounds:
        if moment is not None:
            values[name] = moment
            conditions.append(f"timestamp {sign} ${name}")
            conditions.append(_date(sign, moment, name, values))
    return conditions


def _date(sign: str, moment: datetime, name: str, values: dict[str, Any]) -> str:
    """The folder's predicate beside the timestamp's: 'YYYY-MM' or 'YYYY-MM-DD' sorts as text."""
    key = f"{name}_date"
    values[key] = moment.strftime("%Y-%m" if sign == ">=" else "%Y-%m-%d")
    return f"(date {'>=' if sign == '>=' else '<='} ${key} OR date = 'none')"


def _conditions(dataset: Dataset, scope: Scope, values: dict[str, Any]) -> list[str]:
    if scope.segment is None:
        return []
    if scope.segment.is_rest:
        return [f"NOT {segment_sql(scope.segment, dataset, values, 's')}"]
    return [
        condition_sql(condition, dataset, values, f"s{i}")
        for i, condition in enumerate(scope.segment.conditions)
    ]


def segment_sql(segment: Segment, dataset: Dataset, values: dict[str, Any], key: str) -> str:
    """Whether all conditions of a segment hold in a row, never NULL; values are bound under ``key``."""
    held = [
        condition_sql(c, dataset, values, f"{key}{i}") for i, c in enumerate(segment.conditions)
    ]
    return f"coalesce({' AND '.join(held)}, false)"


def condition_sql(condition: Condition, dataset: Dataset, values: dict[str, Any], key: str) -> str:
    """One condition as SQL; its values are bound under ``key``."""
    name = quote_name(condition.column)
    if condition.operator in ("is null", "is not null"):
        return f"{name} {condition.operator.upper()}"
    if is_numeric(condition.column, dataset.schema):
        left = f"nullif(CAST({name} AS DOUBLE), 'nan'::DOUBLE)"  # NaN is missing, not the largest
    else:
        left = f"CAST({name} AS VARCHAR)"
    if condition.operator in ("in", "not in"):
        items = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        keys = []
        for i, item in enumerate(items):
            values[f"{key}_{i}"] = item
            keys.append(f"${key}_{i}")
        return f"{left} {condition.operator.upper()} ({', '.join(keys)})"
    values[key] = condition.value
    return f"{left} {condition.operator} ${key}"


def whole(scope: Scope) -> Scope:
    """The same rows as one period and all versions together."""
    return replace(scope, every=None, by_version=False, wait=None)


def in_window(scope: Scope, window: Window) -> Scope:
    """The same question about another window."""
    return replace(scope, window=window)
