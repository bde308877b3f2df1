"""Two sides cut into the same cells: rows, and what the metric adds up over them, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analytics.core import Column, Condition, Cut, Dataset, Scope
from analytics.query.cells import MISSING, MOST_LEVELS, OTHER, joint_sql
from analytics.query.compare import renamed
from analytics.query.engine import Engine
from analytics.query.frame import Frame, frame
from analytics.query.ripeness import DELAY, Ripeness, ripe_sql
from analytics.query.terms import Terms
from analytics.sources.relation import quote_name

UNSEEN = "\x1dunseen"  # all values that the reference never had, beyond those named
BELOW, ABOVE = "\x1dbelow", "\x1dabove"
JOINT = ""  # the column that joint cells stand under
Sums = tuple[float, float, float, float, float]  # over, under, over^2, over * under, under^2
MOST_HELD = 6_000_000  # values that one statement may hold to find their quarters
N_BINS = 4
AT_ONCE = 6  # columns counted by one statement: it holds what is read of them


@dataclass(frozen=True, slots=True)
class Binned:
    """How a column is cut: numbers at ``edges`` and by their range before, else by level."""

    column: str
    is_numeric: bool = False
    edges: tuple[float, ...] = ()
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True)
class CellSums:
    """One cell on both sides: all rows, rows that count, and the sums over those."""

    code: str
    n_all: tuple[int, int]  # (before, now)
    n: tuple[int, int]
    sums: tuple[Sums, Sums]


@dataclass(frozen=True, slots=True)
class Coded:
    """The cell of a row in SQL, whose column it is, and its code as text from the ``k`` it is named."""

    sql: str
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose rows, both scopes (before, now), what is added up, and the weights of late labels."""

    dataset: Dataset
    scopes: tuple[Scope, Scope]
    terms: Terms
    ripeness: Ripeness | None = None


def bin_columns(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[Column]
) -> tuple[Binned, ...]:
    """How the columns are cut: numbers at the scope's quarters, the rest by level."""
    numeric = [c.name for c in columns if c.type == "numeric"]
    levelled = [Binned(c.name) for c in columns if c.type in ("categorical", "boolean")]
    rows = frame(dataset, scope, numeric, with_labels="label" in numeric, engine=engine)
    if rows is None or not numeric:
        return tuple(levelled)
    shares = [i / N_BINS for i in range(N_BINS + 1)]
    picks = [f"quantile_cont({_number(c)}, {shares})" for c in numeric]
    n = max(MOST_HELD // max(rows.most, 1), 1)  # columns at once
    found = [
        cut
        for at in range(0, len(picks), n)
        for cut in engine.rows(
            rows.select(f"SELECT {', '.join(picks[at : at + n])} FROM rows"), rows.values
        )[0]
    ]
    binned = []
    for name, cut in zip(numeric, found, strict=True):
        if cut:
            inner = sorted({float(e) for e in cut[1:-1] if math.isfinite(e)})
            edges = tuple(e for e in inner if e < float(cut[-1])) or (float(cut[0]),)
            binned.append(Binned(name, True, edges, float(cut[0]), float(cut[-1])))
    order = {c.name: i for i, c in enumerate(columns)}
    return tuple(sorted([*binned, *levelled], key=lambda b: order[b.column]))


def _number(name: str) -> str:
    return f"nullif(CAST({quote_name(name)} AS DOUBLE), 'nan'::DOUBLE)"


def _code(binned: Binned) -> str:
    """The cell of a row: a text, of a number a small number (which is counted faster)."""
    if not binned.is_numeric:
        return f"coalesce(CAST({quote_name(binned.column)} AS VARCHAR), '{MISSING}')"
    number = _number(binned.column)
    cuts = [f"{number} >= {_float(binned.low)}"]
    cuts += [f"{number} > {_float(edge)}" for edge in (*binned.edges, binned.high)]
    return f"coalesce({' + '.join(f'({cut})::INT' for cut in cuts)}, {len(cuts) + 1})"


def _named(binned: Binned, key: str) -> str:
    """The code of a cell as text, from what ``_code`` gave."""
    if not binned.is_numeric:
        return key
    last = len(binned.edges) + 2
    return (
        f"CASE {key} WHEN 0 THEN '{BELOW}' WHEN {last} THEN '{ABOVE}'"
        f" WHEN {last + 1} THEN '{MISSING}' ELSE CAST({key} - 1 AS VARCHAR) END"
    )


def _float(value: float) -> str:
    return f"'{value!r}'::DOUBLE"  # infinities have no literal of their own


def conditions_of(binned: Binned, code: str) -> tuple[Condition, ...] | None:
    """A cell as conditions of a segment; None where it has no name."""
    name = binned.column
    if code == MISSING:
        return (Condition(name, "is null"),)
    if code in (OTHER, UNSEEN):
        return None
    if code == BELOW:
        return (Condition(name, "<", binned.low),)
    if code == ABOVE:
        return (Condition(name, ">", binned.high),)
    if not binned.is_numeric:
        return (Condition(name, "=", code),)
    at = int(code)
    if at == 0 and math.isinf(binned.low):
        low: tuple[Condition, ...] = ()
    else:
        low = (
            (Condition(name, ">=", binned.low),)
            if at == 0
            else (Condition(name, ">", binned.edges[at - 1]),)
        )
    last = at == len(binned.edges)
    end = binned.high if last else binned.edges[at]
    return low if math.isinf(end) else (*low, Condition(name, "<=", end))


def cells_by_column(
    engine: Engine, asked: Asked, columns: Sequence[Binned]
) -> dict[str, list[CellSums]]:
    """Every column's cells on both sides; of many levels the rarest stand together."""
    found: dict[str, list[CellSums]] = {}
    for first in range(0, len(columns), AT_ONCE):
        some = columns[first : first + AT_ONCE]
        codes = [Coded(_code(b), b.column, _named(b, f"k{i}")) for i, b in enumerate(some)]
        found |= _cells(engine, asked, codes, [b.column for b in some], {})
    return found


def joint_cells(engine: Engine, asked: Asked, cuts: Sequence[Cut]) -> list[CellSums]:
    """The joint cells of some columns on both sides."""
    values: dict[str, Any] = {}
    code = joint_sql(cuts, values, "joint")
    found = _cells(engine, asked, [Coded(code, JOINT, "k0")], [cut.column for cut in cuts], values)
    return found.get(JOINT, [])


def _cells(
    engine: Engine,
    asked: Asked,
    codes: Sequence[Coded],
    columns: Iterable[str],
    values: dict[str, Any],
) -> dict[str, list[CellSums]]:
    reads = tuple(columns), values
    then, now = (_side(engine, asked, i, codes, reads) for i in range(2))
    if then is None or now is None:
        return {}
    most = MOST_LEVELS if codes[0].column != JOINT else 1_000_000
    both = ", ".join(f"t.x{i} AS t{i}, n.x{i} AS n{i}" for i in range(7))
    sums = ", ".join(f"coalesce(sum({s}{i}), 0)" for s in ("t", "n") for i in range(7))
    found = engine.rows(
        f"WITH t AS ({then.sql}), n AS ({now.sql}), beside AS (SELECT col, code, {both},"
        " coalesce(t.x0, 0) + coalesce(n.x0, 0) AS n_rows FROM t FULL JOIN n USING (col, code)),"
        " ranked AS (SELECT *, row_number() OVER (PARTITION BY col ORDER BY n_rows DESC, code)"
        " AS place FROM beside)"
        f" SELECT col, CASE WHEN code = '{MISSING}' OR place <= {most} THEN code"
        f" WHEN coalesce(t0, 0) = 0 THEN '{UNSEEN}' ELSE '{OTHER}' END AS cell, {sums}"
        " FROM ranked GROUP BY ALL ORDER BY col, cell",
        {**then.values, **now.values},
    )
    cells: dict[str, list[CellSums]] = {}
    for at, code, *x in found:
        before, after = x[:7], x[7:]
        one = CellSums(
            str(code),
            (int(before[0]), int(after[0])),
            (int(before[1]), int(after[1])),
            (_sums(before), _sums(after)),
        )
        if sum(one.n):
            cells.setdefault(codes[int(at)].column, []).append(one)
    return cells


def _sums(x: Sequence[Any]) -> Sums:
    a, b, aa, ab, bb = (float(v) for v in x[2:])
    return a, b, aa, ab, bb


_ADDED = (
    "count(*) AS x0, count(_b) AS x1, coalesce(sum(_w * _a), 0) AS x2,"
    " coalesce(sum(_w * _b), 0) AS x3, coalesce(sum(_w * _w * _a * _a), 0) AS x4,"
    " coalesce(sum(_w * _w * _a * _b), 0) AS x5, coalesce(sum(_w * _w * _b * _b), 0) AS x6"
)


def _side(
    engine: Engine,
    asked: Asked,
    side: int,
    codes: Sequence[Coded],
    reads: tuple[Sequence[str], dict[str, Any]],
) -> Frame | None:
    """One side's GROUP BY as a statement of its own, its values under names of its own."""
    columns, values = reads
    terms, ripeness = asked.terms, asked.ripeness
    with_labels = terms.needs_labels or "label" in columns
    wanted, scope = (*terms.columns, *columns), asked.scopes[side]
    rows = frame(asked.dataset, scope, wanted, with_labels=with_labels, engine=engine)
    if rows is None:
        return None
    weight = "_weight" if terms.needs_labels else "1"
    if ripeness is not None:
        weight = f"({weight} * {ripe_sql(ripeness, side)})"
    keys = ", ".join(code.text for code in codes)
    cells = ", ".join(f"{code.sql} AS k{i}" for i, code in enumerate(codes))
    sets = ", ".join(f"(k{i})" for i in range(len(codes)))
    at = " + ".join(f"(1 - grouping(k{i})) * {i}" for i in range(len(codes)))
    sql = rows.select(
        f"SELECT {at} AS col, coalesce({keys}) AS code, {_ADDED} FROM (SELECT {cells},"
        f" CASE WHEN {terms.keep} THEN CAST({terms.over} AS DOUBLE) END AS _a,"
        f" CASE WHEN {terms.keep} THEN CAST({terms.under} AS DOUBLE) END AS _b,"
        f" CAST({weight} AS DOUBLE) AS _w FROM rows) GROUP BY GROUPING SETS ({sets})"
    )
    bound = {k: v for k, v in {**rows.values, **terms.values, **values}.items() if f"${k}" in sql}
    return renamed(replace(rows, sql=sql, values=bound), f"side{side}_")


def sums_by_delay(
    engine: Engine, asked: Asked, edges: Sequence[float]
) -> tuple[list[Sums], list[Sums]]:
    """Sums of both sides (before, now) by how long the label took; unknown delays last."""
    answers: list[list[Sums]] = []
    for scope in asked.scopes:
        terms = asked.terms
        rows = frame(asked.dataset, scope, terms.columns, with_labels=True, engine=engine)
        found: list[Sums] = [(0.0, 0.0, 0.0, 0.0, 0.0)] * (len(edges) + 2)
        if rows is not None:
            above = " + ".join(f"({DELAY} > {edge!r}::DOUBLE)::INT" for edge in edges)
            sql = rows.select(
                f"SELECT coalesce({above}, {len(edges) + 1}) AS bin, {_ADDED} FROM (SELECT *,"
                f" CASE WHEN {terms.keep} THEN CAST({terms.over} AS DOUBLE) END AS _a,"
                f" CASE WHEN {terms.keep} THEN CAST({terms.under} AS DOUBLE) END AS _b,"
                " _weight AS _w FROM rows) GROUP BY ALL"
            )
            for at, *x in engine.rows(sql, {**rows.values, **terms.values}):
                found[int(at)] = _sums(x)
        answers.append(found)
    return answers[0], answers[1]
