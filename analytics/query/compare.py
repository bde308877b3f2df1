"""Two sides beside each other: rows that both scored, and losses by cell of the columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from analytics.core import Cut, Dataset, Scope
from analytics.needs import Floats
from analytics.query.cells import codes_of, joint_sql, place_sql
from analytics.query.engine import Engine
from analytics.query.frame import Frame, frame
from analytics.query.performance import predicted_class

MOST_PACKED = 4_096  # joint cells of the columns that are counted together
_BOUND = re.compile(r"'(?:[^']|'')*'|\$(\w+)")
Sums = tuple[int, float, float, float, float]  # rows, weight, weight^2, loss, loss^2 (weighted)


@dataclass(frozen=True, slots=True)
class Shared:
    """Rows that both sides scored and whose label is known: label, predictions, scores, moment."""

    label: np.ndarray[Any, Any]
    candidate: np.ndarray[Any, Any]
    baseline: np.ndarray[Any, Any]
    candidate_score: Floats | None
    baseline_score: Floats | None
    weight: Floats
    period: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two things that are compared: whose log, and which rows of it."""

    dataset: Dataset
    scope: Scope


def loss_sql(dataset: Dataset) -> str:
    """The loss of a labelled row: wrong or not, or the distance of prediction and label."""
    if dataset.schema.task == "regression":
        return "abs(prediction - label)"
    return f"({predicted_class(dataset)} <> label)::INT"


def _predicted(dataset: Dataset) -> str:
    return "prediction" if dataset.schema.task == "regression" else predicted_class(dataset)


def shared_rows(engine: Engine, candidate: Side, baseline: Side) -> Shared | None:
    """The labelled rows of one id on both sides; None when there are none.

    Both logs may hold the label; the candidate's counts first. ``period`` is the row's day.
    """
    found = _both(candidate, baseline, ())
    if found is None:
        return None
    sql, values = found
    arrays = engine.arrays(f"{sql} SELECT * FROM shared ORDER BY day NULLS FIRST", values)
    if not len(arrays["truth"]):
        return None
    scored = all(side.dataset.schema.has("score") for side in (candidate, baseline))
    is_binary = candidate.dataset.schema.task == "binary" and scored
    return Shared(
        np.ma.getdata(arrays["truth"]),
        np.ma.getdata(arrays["predicted"]),
        np.ma.getdata(arrays["other"]),
        _floats(arrays["score"]) if is_binary else None,
        _floats(arrays["other_score"]) if is_binary else None,
        _floats(arrays["_weight"]),
        np.ma.getdata(arrays["day"]),
    )


def _floats(values: Any) -> Floats:
    return np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)


def _both(
    candidate: Side, baseline: Side, columns: Sequence[str]
) -> tuple[str, dict[str, Any]] | None:
    """The CTE ``shared``: rows that both sides scored, with their label and the named columns."""
    mine = frame(
        candidate.dataset, candidate.scope, ("prediction", "score", *columns), with_labels=True
    )
    theirs = frame(baseline.dataset, baseline.scope, ("prediction", "score"), with_labels=True)
    if mine is None or theirs is None:
        return None
    theirs = renamed(theirs, "b_")
    keep = ", ".join(['"' + c.replace('"', '""') + '"' for c in columns])
    picks = (
        f"SELECT prediction_id, timestamp, row, label, _weight, {_predicted(candidate.dataset)}"
        f" AS predicted, {_score(candidate)} AS score{', ' + keep if keep else ''} FROM rows"
    )
    other = (
        f"SELECT prediction_id, label AS other_label, {_predicted(baseline.dataset)} AS other,"
        f" {_score(baseline)} AS other_score FROM rows"
    )
    sql = (
        f"WITH mine AS ({mine.select(picks)}), theirs AS ({theirs.select(other)}), shared AS"
        " (SELECT * FROM (SELECT *, coalesce(label, other_label) AS truth,"
        " date_trunc('day', timestamp) AS day FROM mine JOIN theirs USING (prediction_id))"
        " WHERE truth IS NOT NULL AND predicted IS NOT NULL AND other IS NOT NULL)"
    )
    return sql, {**mine.values, **theirs.values}


def _score(side: Side) -> str:
    return "score" if side.dataset.schema.has("score") else "CAST(NULL AS DOUBLE)"


def renamed(found: Frame, prefix: str) -> Frame:
    """The same frame with its bound names prefixed; texts in quotes stay as they are."""
    sql = _BOUND.sub(
        lambda m: f"${prefix}{m.group(1)}" if m.group(1) is not None else m.group(0), found.sql
    )
    return replace(found, sql=sql, values={f"{prefix}{k}": v for k, v in found.values.items()})


def loss_by_cell(
    engine: Engine, side: Side, cuts: Sequence[Cut], *, is_joint: bool = False
) -> dict[tuple[str, str], Sums]:
    """Sums of the loss over labelled rows by (column, cell); joint cells stand under column ""."""
    columns = [cut.column for cut in cuts]
    rows = frame(
        side.dataset, side.scope, ("prediction", "score", *columns), with_labels=True, engine=engine
    )
    if rows is None or not cuts:
        return {}
    values = dict(rows.values)
    keep = f"label IS NOT NULL AND {_predicted(side.dataset)} IS NOT NULL"
    loss = f"{loss_sql(side.dataset)} AS loss"
    return _sums(
        engine, rows.sql, values, (f"FROM rows WHERE {keep}", loss, "_weight"), cuts, is_joint
    )


def shared_loss_by_cell(
    engine: Engine, candidate: Side, baseline: Side, cuts: Sequence[Cut]
) -> dict[tuple[str, str], Sums]:
    """Sums of (candidate's loss minus baseline's) over shared rows by (column, cell)."""
    found = _both(candidate, baseline, [cut.column for cut in cuts])
    if found is None or not cuts:
        return {}
    sql, values = found
    if candidate.dataset.schema.task == "regression":
        loss = "abs(predicted - truth) - abs(other - truth) AS loss"
    else:
        loss = "(predicted <> truth)::INT - (other <> truth)::INT AS loss"
    return _sums(engine, sql, values, ("FROM shared", loss, "_weight"), cuts, False)


def _sums(
    engine: Engine,
    sql: str,
    values: dict[str, Any],
    parts: tuple[str, str, str],
    cuts: Sequence[Cut],
    is_joint: bool,
) -> dict[tuple[str, str], Sums]:
    source, loss, weight = parts
    packs = [] if is_joint else _packs(cuts)
    codes = [joint_sql(cuts, values, "j")] if is_joint else [
        _packed_sql(pack, values, f"c{i}_") for i, pack in enumerate(packs)
    ]  # fmt: skip
    cells = ", ".join(f"{code} AS k{i}" for i, code in enumerate(codes))
    sets = ", ".join(f"(k{i})" for i in range(len(codes)))
    keys = ", ".join(f"k{i}" for i in range(len(codes)))
    grouping = " + ".join(f"(1 - grouping(k{i})) * {i}" for i in range(len(codes)))
    found = engine.rows(
        f"{sql} SELECT {grouping}, coalesce({keys}), count(*), sum(w), sum(w * w), sum(w * loss),"
        f" sum(w * loss * loss) FROM (SELECT {cells}, {loss}, {weight} AS w {source})"
        f" GROUP BY GROUPING SETS ({sets}) ORDER BY ALL",
        _used(values, f"{sql} {cells}"),
    )
    counted = [
        (int(at), key, (int(n), float(w), float(w2), float(one), float(two)))
        for at, key, n, w, w2, one, two in found
    ]
    if is_joint:
        return {("", str(key)): sums for _at, key, sums in counted}
    return _unpacked(packs, counted)


def _packs(cuts: Sequence[Cut]) -> list[list[Cut]]:
    """Columns that are counted in their joint cells: fewer groupings of all rows, few cells each."""
    packs: list[list[Cut]] = []
    n_cells = MOST_PACKED
    for cut in cuts:
        n_cells *= len(codes_of(cut))
        if n_cells > MOST_PACKED:
            packs.append([])
            n_cells = len(codes_of(cut))
        packs[-1].append(cut)
    return packs


def _packed_sql(pack: Sequence[Cut], values: dict[str, Any], key: str) -> str:
    places = [place_sql(cut, values, f"{key}{i}") for i, cut in enumerate(pack)]
    found = places[-1]
    for place, cut in zip(places[-2::-1], pack[-2::-1], strict=True):
        found = f"{place} + {len(codes_of(cut))} * ({found})"
    return f"CAST({found} AS INTEGER)"


def _unpacked(
    packs: Sequence[Sequence[Cut]], counted: Iterable[tuple[int, int, Sums]]
) -> dict[tuple[str, str], Sums]:
    """The sums of every column's cells, added over the joint cells."""
    found: dict[tuple[str, str], Sums] = {}
    for at, packed, sums in counted:
        key = packed
        for cut in packs[at]:
            codes = codes_of(cut)
            key, place = divmod(key, len(codes))
            n, *rest = found.get((cut.column, codes[place]), (0, 0.0, 0.0, 0.0, 0.0))
            w, w2, loss, loss2 = (a + b for a, b in zip(rest, sums[1:], strict=True))
            found[cut.column, codes[place]] = (n + sums[0], w, w2, loss, loss2)
    return found


def _used(values: Mapping[str, Any], sql: str) -> dict[str, Any]:
    return {k: v for k, v in values.items() if f"${k}" in sql}


def span_of(engine: Engine, side: Side) -> tuple[datetime, datetime] | None:
    """First and last moment of a side's labelled rows."""
    rows = frame(side.dataset, side.scope, with_labels=True, engine=engine)
    if rows is None:
        return None
    first, last = engine.rows(
        rows.select("SELECT min(timestamp), max(timestamp) FROM rows WHERE label IS NOT NULL"),
        rows.values,
    )[0]
    return None if first is None or last is None else (first, last)
