"""Columns cut into cells: quantile bins of numbers, the frequent levels of the rest, as SQL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analytics.core import Column, Condition, Cut, Dataset, Mix, Scope
from analytics.query.engine import Engine
from analytics.query.segment import format_condition
from analytics.sources.relation import quote_name

MISSING, OTHER, SEPARATOR = "\x1dmissing", "\x1dother", "\x1f"
BELOW, ABOVE = "\x1dbelow", "\x1dabove"  # and the place of an edge: all on one side of it
MOST_LEVELS = 20
SAMPLE = 100_000  # rows, or a part of more, that tell where a search cuts numbers,
PLAIN_SAMPLE = 40_000  # and so many where all rows of the window count
LONG = 500_000  # rows from which that holds for all cuts
PARTS = 12  # parts of a log that such a sample comes from at least, spread over its time
STEPS = 200  # the edges of a search lie on so many numbers between the outer ones


def cut_columns(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    columns: Sequence[Column],
    n_bins: int = 4,
    n_fine: int = 1,
) -> tuple[Cut, ...]:
    """How the columns are cut: numbers at the scope's quantiles, levels by how often they come.

    With ``n_fine`` each bin is cut into so many finer ones, and all edges are numbers of few digits.
    Of a long log a sample that is always the same tells where edges lie: exact quantiles hold every
    value of every column at once. What is then counted in the cells is exact.
    """
    from analytics.query.frame import frame

    numeric = [c.name for c in columns if c.type == "numeric"]
    levelled = [c.name for c in columns if c.type in ("categorical", "boolean")]
    names = [*numeric, *levelled]
    rows = frame(dataset, scope, names)
    if rows is None or not names:
        return ()
    shares = [i / (n_bins * n_fine) for i in range(1, n_bins * n_fine)]
    is_sampled = n_fine > 1 or rows.most >= LONG
    sampled, some = _sample(dataset, scope) if is_sampled else (dataset, "")
    quantiles = [
        f"quantile_cont(nullif(CAST({quote_name(c)} AS DOUBLE), 'nan'::DOUBLE), {shares})"
        for c in numeric
    ]
    counts = [f"histogram(CAST({quote_name(c)} AS VARCHAR))" for c in levelled]
    found: list[Any] = []
    few = frame(sampled, scope, names) if some else None
    asked = [(few, quantiles), (rows, counts)] if few else [(rows, [*quantiles, *counts])]
    for source, picks in asked:
        if picks:
            sql = source.select(
                f"SELECT {', '.join(picks)} FROM rows{some if source is few else ''}"
            )
            found += engine.rows(sql, source.values)[0]
    cuts = []
    for name, answer in zip(names, found, strict=True):
        if not answer:
            continue
        if name in numeric:
            cuts.append(_numbers(name, [float(edge) for edge in answer], n_fine))
        else:
            ranked = sorted(answer.items(), key=lambda item: (-item[1], item[0]))
            cuts.append(Cut(name, levels=tuple(level for level, _n in ranked[:MOST_LEVELS])))
    return tuple(cuts)


def _sample(dataset: Dataset, scope: Scope) -> tuple[Dataset, str]:
    """Every so many of a long log's parts, where none is large, and which of their rows to take.

    A version or a segment may lie in few parts, and rows are numbered through all of them.
    """
    from analytics.query.frame import touched

    log = dataset.log("predictions", scope.log)
    parts = touched(log, scope)
    n = sum(part.n_rows for part in parts)
    is_plain = scope.version is None and scope.segment is None and scope.window.first_row is None
    every, step = n // (PLAIN_SAMPLE if is_plain else SAMPLE), 1
    if every < 2:
        return dataset, ""
    if is_plain and max(part.n_rows for part in parts) * PARTS <= 2 * n:
        step = max(min(every, len(parts) // PARTS), 1)
        step -= step % 7 == 0  # days come in weeks
        some = replace(log, parts=tuple(parts[::step]))
        dataset = replace(dataset, logs={**dataset.logs, (scope.log, "predictions"): some})
    key = "row" if "row" in log.columns else "prediction_id"  # a number is cheaper to read
    return dataset, f" WHERE hash({key}) % {every // step} = 0"


def _numbers(name: str, found: Sequence[float], n_fine: int) -> Cut:
    if n_fine == 1:
        edges = sorted({edge for edge in found if math.isfinite(edge)})
        return Cut(name, tuple(edges) or (0.0,))
    known = [edge for edge in found if math.isfinite(edge)]
    spread = (max(known) - min(known)) if known else 0.0
    digits = math.ceil(-math.log10(spread / STEPS)) if spread > 0 else 0
    tidy = [round(edge, digits) if math.isfinite(edge) else edge for edge in found]
    fine = sorted({edge for edge in tidy if math.isfinite(edge)}) or [0.0]
    edges = sorted({edge for edge in tidy[n_fine - 1 :: n_fine] if math.isfinite(edge)}) or fine[:1]
    return Cut(name, tuple(edges), fine=tuple(fine))


def cell_sql(cut: Cut, values: dict[str, Any], key: str) -> str:
    """The code of the cell that a row lies in, as text; missing values are a cell of their own."""
    name = quote_name(cut.column)
    if cut.edges:
        number, above = _above_sql(cut)
        return f"CASE WHEN {number} IS NULL THEN '{MISSING}' ELSE CAST({above} AS VARCHAR) END"
    values[f"{key}_levels"] = list(cut.levels)
    text = f"CAST({name} AS VARCHAR)"
    return (
        f"CASE WHEN {text} IS NULL THEN '{MISSING}'"
        f" WHEN list_contains(${key}_levels, {text}) THEN {text} ELSE '{OTHER}' END"
    )


def place_sql(cut: Cut, values: dict[str, Any], key: str) -> str:
    """The same cell as its place among ``codes_of``: a small number is counted faster than a text."""
    name = quote_name(cut.column)
    if cut.edges:
        _number, above = _above_sql(cut)
        return f"coalesce({above}, {len(cut.edges) + 1})"
    values[f"{key}_levels"] = [*cut.levels, MISSING]
    text = f"coalesce(CAST({name} AS VARCHAR), '{MISSING}')"
    return f"coalesce(list_position(${key}_levels, {text}), 0)"


def _above_sql(cut: Cut) -> tuple[str, str]:
    """A column as a number, missing where it is none, and how many edges lie below it."""
    number = f"nullif(CAST({quote_name(cut.column)} AS DOUBLE), 'nan'::DOUBLE)"
    return number, " + ".join(f"({number} > {edge!r}::DOUBLE)::INT" for edge in cut.edges)


def codes_of(cut: Cut) -> tuple[str, ...]:
    """The codes of a column's cells."""
    if cut.edges:
        return (*map(str, range(len(cut.edges) + 1)), MISSING)
    return (OTHER, *cut.levels, MISSING)


def joint_sql(cuts: Sequence[Cut], values: dict[str, Any], key: str) -> str:
    """The code of the joint cell of several columns."""
    pieces = [cell_sql(cut, values, f"{key}{i}") for i, cut in enumerate(cuts)]
    return f"concat_ws('{SEPARATOR}', {', '.join(pieces)})" if pieces else "''"


def mixed_sql(mix: Mix, source: str, values: dict[str, Any], *, has_label: bool) -> str:
    """The rows of ``source`` inside the mix's cells, labelled ones with the cells' weights."""
    values["mix_cells"], values["mix_weights"] = list(mix.cells), list(mix.weights)
    weighed = " REPLACE (_weight * _mix AS _weight)" if has_label else ""
    cell = joint_sql(mix.cuts, values, "mix")
    return (
        f"SELECT *{weighed} FROM (SELECT *, {cell} AS _cell FROM ({source}))"
        " JOIN (SELECT unnest($mix_cells) AS _cell,"
        " CAST(unnest($mix_weights) AS DOUBLE) AS _mix) USING (_cell)"
    )


def sides_of(cut: Cut) -> tuple[float, ...]:
    """The edges of a cut with its split among them, in order."""
    return tuple(sorted({*cut.edges, *(() if cut.split is None else (cut.split,))}))


def conditions_of(cut: Cut, code: str) -> tuple[Condition, ...] | None:
    """A cell in words that a segment can be made of; None for the cell of all other levels."""
    if code == MISSING:
        return (Condition(cut.column, "is null"),)
    if code == OTHER:
        return None
    for side, operator in ((BELOW, "<="), (ABOVE, ">")):
        if code.startswith(side):
            edge = sides_of(cut)[int(code.removeprefix(side))]
            return (Condition(cut.column, operator, edge),)  # type: ignore[arg-type]
    if not cut.edges:
        return (Condition(cut.column, "=", code),)
    at = int(code)
    low = () if at == 0 else (Condition(cut.column, ">", cut.edges[at - 1]),)
    high = () if at == len(cut.edges) else (Condition(cut.column, "<=", cut.edges[at]),)
    return (*low, *high)


def segment_text(conditions: Sequence[Condition]) -> str:
    """Conditions as the text of a segment."""
    return " AND ".join(format_condition(c) for c in conditions)
