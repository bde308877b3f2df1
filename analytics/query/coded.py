"""Labelled rows as small codes: what each loses, and the cell of every column that it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analytics.core import Cut, Segment
from analytics.query.cells import ABOVE, BELOW, MISSING, OTHER, conditions_of, sides_of
from analytics.query.compare import Side, Sums
from analytics.query.engine import Arrays, Engine
from analytics.query.frame import Frame, Worked, frame, segment_sql
from analytics.query.groups import Key
from analytics.query.losses import RowLoss
from analytics.sources.relation import quote_name

NO_VALUE = 255


def loss_frame(
    engine: Engine, side: Side, loss: RowLoss, columns: Sequence[str | Worked] = ()
) -> Frame | None:
    """The rows that count for a loss, with the named columns."""
    wanted = (*loss.columns, *columns)
    rows = frame(side.dataset, side.scope, wanted, with_labels=loss.needs_labels, engine=engine)
    return None if rows is None else replace(rows, values={**rows.values, **loss.values})


def _counts(loss: RowLoss) -> tuple[str, str]:
    """(which rows count, their weight)."""
    if loss.needs_labels:
        return f"label IS NOT NULL AND {loss.keep}", "_weight"
    return loss.keep, "1"


def coded_rows(engine: Engine, side: Side, loss: RowLoss, cuts: Sequence[Cut]) -> Arrays | None:
    """``loss``, ``first`` (the half to look in) and ``k0``, ``k1``, ... of every row.

    ``weight`` is there where some rows count more than others.
    A code counts a number's fine edges below it, or is a level's place; ``NO_VALUE`` is a missing
    one, and levels beyond the listed ones come after the last.
    """
    values: dict[str, Any] = {}
    worked = [
        Worked(f"_k{i}", cut.column, _code(cut, values, f"l{i}")) for i, cut in enumerate(cuts)
    ]
    rows = loss_frame(engine, side, loss, [*worked, _half(side)])
    if rows is None:
        return None
    keep, weight = _counts(loss)
    kind = "UTINYINT" if loss.is_share else "DOUBLE"
    codes = "".join(f", _k{i} AS k{i}" for i in range(len(cuts)))
    if loss.needs_labels and rows.is_weighted:
        codes += f", CAST({weight} AS FLOAT) AS weight"
    sql = rows.select(
        f"SELECT CAST({loss.loss} AS {kind}) AS loss, _first AS first{codes} FROM rows WHERE {keep}"
    )
    return engine.arrays(sql, {**rows.values, **values})


def _half(side: Side) -> Worked:
    """Whether a row is in the half in which a search looks, by what never changes of it."""
    columns = side.dataset.log("predictions", side.scope.log).columns
    key = "row" if "row" in columns else "prediction_id"  # a number is cheaper to read
    return Worked("_first", key, f"hash({key}) % 2 = 0")


def _code(cut: Cut, values: dict[str, Any], key: str) -> str:
    name = quote_name(cut.column)
    if not cut.levels:
        return _bisect(f"CAST({name} AS DOUBLE)", cut.fine, 0, len(cut.fine))
    values[key] = list(cut.levels)
    place = f"coalesce(list_position(${key}, CAST({name} AS VARCHAR)) - 1, {len(cut.levels)})"
    return f"CASE WHEN {name} IS NULL THEN {NO_VALUE} ELSE {place} END::UTINYINT"


def _bisect(number: str, edges: Sequence[float], low: int, high: int) -> str:
    """SQL of how many edges lie below a number, in as few comparisons as that takes.

    What is missing is below no edge: it ends where the largest numbers do, and is told apart there.
    """
    if low == high == len(edges):
        return f"CASE WHEN {number} IS NULL OR isnan({number}) THEN {NO_VALUE}::UTINYINT ELSE {low}::UTINYINT END"
    if low == high:
        return f"{low}::UTINYINT"
    at = (low + high) // 2
    lower, upper = (_bisect(number, edges, *ends) for ends in ((low, at), (at + 1, high)))
    return f"CASE WHEN {number} <= {edges[at]!r}::DOUBLE THEN {lower} ELSE {upper} END"


def code_names(cut: Cut) -> dict[int, tuple[str, ...]]:
    """The cells that rows of each code lie in: a level; or a quarter, and a side of every edge."""
    found: dict[int, tuple[str, ...]] = {NO_VALUE: (MISSING,)}
    if cut.levels:
        found |= {i: (level,) for i, level in enumerate(cut.levels)}
        return found | {len(cut.levels): (OTHER,)}
    sides = sides_of(cut)
    at = [cut.fine.index(edge) for edge in sides]
    below = [k for k, edge in enumerate(sides) if edge != cut.edges[0]]  # else it is a quarter
    above = [k for k, edge in enumerate(sides) if edge != cut.edges[-1]]
    for code in range(len(cut.fine) + 1):
        quarter = str(sum(edge in cut.edges for edge in cut.fine[:code]))
        low = tuple(f"{BELOW}{k}" for k in below if code <= at[k])
        found[code] = (quarter, *low, *(f"{ABOVE}{k}" for k in above if code > at[k]))
    return found


def sums_inside(
    engine: Engine, side: Side, loss: RowLoss, segments: Sequence[Segment]
) -> dict[Key, list[tuple[int, Sums]]]:
    """By period: rows and sums of the loss of all rows, then of the rows in each segment."""
    columns = {c.column for segment in segments for c in segment.conditions} - {"label"}
    rows = loss_frame(engine, side, loss, sorted(columns))
    if rows is None:
        return {}
    values, (keep, weight) = dict(rows.values), _counts(loss)
    held = [segment_sql(s, side.dataset, values, f"i{i}_") for i, s in enumerate(segments)]
    inner = "".join(f", {sql} AS i{i}" for i, sql in enumerate(held))
    picks = []
    for which in ("true", *(f"i{i}" for i in range(len(held)))):
        for what in ("w", "w * w", "w * loss", "w * loss * loss"):
            picks.append(f"coalesce(sum({what}) FILTER ({which} AND loss IS NOT NULL), 0)")
        picks.append(f"count(*) FILTER ({which})")
        picks.append(f"count(loss) FILTER ({which})")
    sql = rows.select(
        f"SELECT _period, _version, {', '.join(picks)} FROM (SELECT _period, _version,"
        f" CASE WHEN {keep} THEN CAST({loss.loss} AS DOUBLE) END AS loss,"
        f" CAST({weight} AS DOUBLE) AS w{inner} FROM rows) GROUP BY ALL ORDER BY _period, _version"
    )
    found: dict[Key, list[tuple[int, Sums]]] = {}
    for period, version, *row in engine.rows(sql, values):
        found[(period, version)] = [
            (int(n), (int(n_known), float(w), float(w2), float(s), float(s2)))
            for w, w2, s, s2, n, n_known in (row[at : at + 6] for at in range(0, len(row), 6))
        ]
    return found


def conditions_at(cuts: Sequence[Cut], key: Sequence[tuple[int, str]]) -> list[Any]:
    """The conditions of a slice's key."""
    return [c for i, code in key for c in conditions_of(cuts[i], code) or ()]
