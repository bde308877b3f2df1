"""From rows to what drift and data quality need of each column: sorted values, level counts, tallies."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from analytics.core import Column, Dataset, Scope
from analytics.needs import Floats
from analytics.query.by_group import join_known
from analytics.query.engine import Arrays, Engine
from analytics.query.frame import Frame, frame, whole
from analytics.query.groups import Key
from analytics.query.performance import split_groups
from analytics.query.weeks import add_counts, in_days, put_together, week_of
from analytics.sources.relation import quote_name
from analytics.together import together

Values = tuple[Floats, int]  # sorted values without missing ones, number missing
Levels = tuple[dict[str, float], int]  # rows by level, number missing
EMPTY: Floats = np.empty(0)
N_BINS = 1000
N_SPANS = 50  # of each period, where a column is followed through many
_NO_PERIOD = np.iinfo(np.int64).min
LONG = 500_000  # rows from which columns are looked at one by one for what lies outside
MAX_AT_ONCE = 5  # numeric columns fetched by one statement: bounded memory at full speed


def numeric_values(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str]
) -> dict[str, dict[Key, Values]]:
    """Each column's values, sorted, for every group of the scope."""
    answers: dict[str, dict[Key, Values]] = {name: {} for name in columns}
    for i in range(0, len(columns), MAX_AT_ONCE):
        chosen = columns[i : i + MAX_AT_ONCE]
        asked = scope if scope.by_version else in_days(engine, scope)
        rows = frame(dataset, asked, chosen, with_labels="label" in chosen, engine=engine)
        if rows is None:
            continue
        picks = ", ".join(f"CAST({quote_name(c)} AS DOUBLE) AS c{j}" for j, c in enumerate(chosen))
        if scope.every is None and not scope.by_version:
            found = engine.arrays(rows.select(f"SELECT {picks} FROM rows"), rows.values)
            columns_found = [found.pop(f"c{j}") for j in range(len(chosen))]
            for name, values in zip(chosen, together(_sorted, columns_found), strict=True):
                answers[name][(None, None)] = values
            continue
        pieces = [
            (name, key, found[f"c{j}"][at])
            for found, key, at in _grouped(engine, rows, picks, (asked, scope))
            for j, name in enumerate(chosen)
        ]
        ordered = together(_sorted, (values for _name, _key, values in pieces))
        for (name, key, _values), values in zip(pieces, ordered, strict=True):
            answers[name][key] = values
    return answers


def _sorted(column: Any) -> Values:
    values = np.asarray(np.ma.getdata(column), dtype=float)
    if np.ma.getmask(column) is not np.ma.nomask:
        values = values[~np.ma.getmaskarray(column)]
    ordered = np.sort(values)  # NaN, which is missing, goes to the end
    n = int(np.searchsorted(ordered, np.nan))
    return ordered[:n], len(np.ma.getdata(column)) - n


def _grouped(
    engine: Engine, rows: Frame, picks: str, scopes: tuple[Scope, Scope]
) -> Iterator[tuple[Arrays, Key, slice]]:
    """The columns of every period and version; parts come in the order of time: mostly no sort."""
    if scopes[1].by_version:
        sql = f"SELECT _period, _version, {picks} FROM rows ORDER BY _period, _version"
        found = engine.arrays(rows.select(sql), rows.values)
        for key, at in split_groups(found, lambda _found, at: at):
            yield found, key, at
        return
    found = engine.arrays(rows.select(f"SELECT _period, {picks} FROM rows"), rows.values)
    period = np.ma.filled(found.pop("_period"), _NO_PERIOD)
    if not len(period):
        return
    if scopes[0] is not scopes[1]:
        period = np.where(period == _NO_PERIOD, period, week_of(period))
    if not (period[1:] >= period[:-1]).all():
        order = np.argsort(period, kind="stable")
        period, found = period[order], {name: values[order] for name, values in found.items()}
    starts = [0, *(np.flatnonzero(period[1:] != period[:-1]) + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], len(period)], strict=True):
        first = int(period[start])
        yield found, (None if first == _NO_PERIOD else first, None), slice(start, end)


def level_counts(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str]
) -> dict[str, dict[Key, Levels]]:
    """Each column's rows by level, for every group of the scope, in one pass."""
    answers: dict[str, dict[Key, Levels]] = {name: {} for name in columns}
    asked = in_days(engine, scope)
    rows = frame(dataset, asked, columns, with_labels="label" in columns, engine=engine)
    if rows is None or not columns:
        return answers
    picks = ", ".join(f"CAST({quote_name(c)} AS VARCHAR) AS c{i}" for i, c in enumerate(columns))
    sets = ", ".join(f"(_period, _version, c{i})" for i in range(len(columns)))
    names = ", ".join(f"c{i}" for i in range(len(columns)))
    sql = rows.select(
        f"SELECT _period, _version, GROUPING({names}) AS which, {names}, count(*) AS n"
        f" FROM (SELECT _period, _version, {picks} FROM rows) GROUP BY GROUPING SETS ({sets})"
    )
    last = len(columns) - 1
    which = {(1 << len(columns)) - 1 - (1 << (last - i)): i for i in range(len(columns))}
    for period, version, mask, *rest in engine.rows(sql, rows.values):
        i = which[mask]
        levels, missing = answers[columns[i]].get((period, version), ({}, 0))
        level, n = rest[i], rest[-1]
        if level is None:
            missing += n
        else:
            levels[level] = float(n)
        answers[columns[i]][(period, version)] = (levels, missing)
    return {n: put_together(asked, scope, found, _add_levels) for n, found in answers.items()}


def _add_levels(one: Levels, other: Levels) -> Levels:
    """Both together; the first is written to."""
    for level, n in other[0].items():
        one[0][level] = one[0].get(level, 0.0) + n
    return one[0], one[1] + other[1]


def missing_counts(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[Column]
) -> dict[str, dict[Key, tuple[int, int]]]:
    """(rows, missing) of every column and group; NaN counts as missing."""
    names = [c.name for c in columns]
    answers: dict[str, dict[Key, tuple[int, int]]] = {name: {} for name in names}
    asked = in_days(engine, scope)
    rows = frame(dataset, asked, names)
    if rows is None or not names:
        return answers
    tallies = ", ".join(_missing(column) for column in columns)
    sql = rows.select(f"SELECT _period, _version, count(*), {tallies} FROM rows GROUP BY ALL")
    for period, version, n, *counted in engine.rows(sql, rows.values):
        for name, missing in zip(names, counted, strict=True):
            answers[name][(period, version)] = (n, missing)
    return {n: put_together(asked, scope, found, add_counts) for n, found in answers.items()}


def _missing(column: Column) -> str:
    name = quote_name(column.name)
    if column.type == "numeric":
        name = f"nullif(CAST({name} AS DOUBLE), 'nan'::DOUBLE)"
    return f"count(*) - count({name})"


def longest_runs(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str]
) -> dict[str, tuple[int, int, int]]:
    """For every column: rows in its longest and second longest run of one value, and in all.

    The window is cut into ``N_BINS`` spans of equal length (of rows where there are no times); a
    run is a row of neighbouring spans that hold one and the same value, so a value that moves
    inside each span has none, and the length is exact to a span at each end. One scan.
    """
    found = _runs(engine, dataset, whole(scope), columns, N_BINS)
    return {name: groups[None, None] for name, groups in found.items() if groups}


def runs_by_group(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str]
) -> dict[str, dict[Key, tuple[int, int, int]]]:
    """The same for every period and version, each cut into ``N_SPANS`` spans of its own."""
    return _runs(engine, dataset, scope, columns, N_SPANS)


def _runs(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str], n_spans: int
) -> dict[str, dict[Key, tuple[int, int, int]]]:
    rows = frame(dataset, scope, columns)
    if rows is None or not columns:
        return {}
    tallies = ", ".join(
        f"count({c}), CASE WHEN min({c}) = max({c}) THEN CAST(min({c}) AS VARCHAR) END"
        for c in map(quote_name, columns)
    )
    log = dataset.log("predictions", scope.log)
    place = "epoch_us(timestamp)" if "timestamp" in log.columns else "row"
    extents = engine.rows(
        rows.select(f"SELECT _period, _version, min({place}), max({place}) FROM rows GROUP BY ALL"),
        rows.values,
    )
    if not extents:
        return {name: {} for name in columns}
    known = join_known(extents, (("_low", "DOUBLE"), ("_high", "DOUBLE")))
    sql = rows.select(
        f"SELECT _period, _version, CAST(floor((_place - _low) * {n_spans - 1}"
        f" / greatest(_high - _low, 1)) AS BIGINT) AS _bin, {tallies}"
        f" FROM (SELECT *, {place} AS _place FROM rows) {known}"
        " GROUP BY _period, _version, _bin ORDER BY _period, _version, _bin"
    )
    spans: dict[Key, list[tuple[Any, ...]]] = {}
    for period, version, _bin, *tallied in engine.rows(sql, rows.values):
        spans.setdefault((period, version), []).append(tuple(tallied))
    return {
        name: {
            key: _longest_run([(r[2 * i], r[2 * i + 1]) for r in found])
            for key, found in spans.items()
        }
        for i, name in enumerate(columns)
    }


def _longest_run(bins: Sequence[tuple[int, str | None]]) -> tuple[int, int, int]:
    """Of spans with their rows and the one value that they hold, None where there are several."""
    runs = [0, 0]
    total = 0
    before = None
    for n, value in bins:
        if n == 0:
            continue
        total += n
        if value is None:
            before = None
            continue
        if value == before:
            runs[-1] += n
        else:
            runs.append(n)
        before = value
    second, longest = sorted(runs)[-2:]
    return longest, second, total


def extremes(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """(smallest, largest) finite value of every numeric column; absent where there is none."""
    rows = frame(dataset, scope, columns)
    if rows is None or not columns:
        return {}
    numbers = [f"CAST({quote_name(name)} AS DOUBLE)" for name in columns]
    picks = ", ".join(f"{agg}({c})" for c in numbers for agg in ("min", "max"))
    found = list(engine.rows(rows.select(f"SELECT {picks} FROM rows"), rows.values)[0])
    endless = [i for i in range(len(columns)) if not _is_finite(found[2 * i : 2 * i + 2])]
    if endless:  # NaN and infinities lie at the ends: these columns are looked at again without
        picks = ", ".join(
            f"{agg}({numbers[i]}) FILTER (isfinite({numbers[i]}))"
            for i in endless
            for agg in ("min", "max")
        )
        again = engine.rows(rows.select(f"SELECT {picks} FROM rows"), rows.values)[0]
        for place, i in enumerate(endless):
            found[2 * i : 2 * i + 2] = again[2 * place : 2 * place + 2]
    return {
        name: (found[2 * i], found[2 * i + 1])
        for i, name in enumerate(columns)
        if found[2 * i] is not None
    }


def _is_finite(ends: Sequence[float | None]) -> bool:
    """Whether both ends are numbers, or there are no values at all."""
    return all(end is None or math.isfinite(end) for end in ends)


def outside_counts(
    engine: Engine, dataset: Dataset, scope: Scope, bounds: Mapping[str, tuple[float, float]]
) -> dict[str, dict[Key, int]]:
    """Rows of every group whose value is below the reference's smallest or above its largest.

    Groups without any may be left out. Of a long log each column is asked by itself: files say
    which of their pieces have no such value, and these are not read.
    """
    answers: dict[str, dict[Key, int]] = {name: {} for name in bounds}
    asked = in_days(engine, scope)
    rows = frame(dataset, asked, list(bounds))
    if rows is None or not bounds:
        return answers
    if rows.most < LONG:
        picks = ", ".join(f"count(*) FILTER ({_outside(n, i)})" for i, n in enumerate(bounds))
        sql = rows.select(f"SELECT _period, _version, {picks} FROM rows GROUP BY ALL")
        for period, version, *counted in engine.rows(sql, rows.values | _ends(bounds)):
            for name, n in zip(bounds, counted, strict=True):
                answers[name][(period, version)] = int(n)
        return {n: put_together(asked, scope, f, operator.add) for n, f in answers.items()}
    for i, name in enumerate(bounds):
        one = frame(dataset, scope, [name])
        assert one is not None
        sql = one.select(
            f"SELECT _period, _version, count(*) FROM rows WHERE {_outside(name, i)} GROUP BY ALL"
        )
        values = one.values | _ends({name: bounds[name]}, i)
        answers[name] = {(p, v): int(n) for p, v, n in engine.rows(sql, values)}
    return answers


def _outside(name: str, i: int) -> str:
    number = f"CAST({quote_name(name)} AS DOUBLE)"
    return f"({number} < $low{i} OR ({number} > $high{i} AND NOT isnan({number})))"


def _ends(bounds: Mapping[str, tuple[float, float]], first: int = 0) -> dict[str, float]:
    lows = {f"low{i}": low for i, (low, _high) in enumerate(bounds.values(), first)}
    return lows | {f"high{i}": high for i, (_low, high) in enumerate(bounds.values(), first)}
