"""Rows chosen by a hash of their id, the same ones every time: of a long log without sorting it.

Of every group the ``most`` rows with the least hashes are taken. Where there are many rows, a
count says how small the hash of a chosen row surely is, and only rows below that are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.query.by_group import Group, join_known
from analytics.query.engine import Arrays, Engine
from analytics.query.frame import Frame

LONG = 50_000  # rows from which counting first is cheaper than comparing all
_HASH = "hash(prediction_id, row)"
_LARGEST = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Choice:
    """What to take of the rows for which ``keep`` holds: ``most`` of a group, in some order."""

    picks: str
    most: int
    keep: str = "true"
    order: str = "place"


def choose(engine: Engine, rows: Frame, choice: Choice) -> Arrays:
    """The chosen rows by group, with ``place`` among them and ``total``: the group's rows in all."""
    if rows.most >= LONG:
        groups = engine.rows(
            rows.select(
                f"SELECT _period, _version, count(*) FROM rows WHERE {choice.keep} GROUP BY ALL"
            ),
            rows.values,
        )
        if any(cutoff(n, choice.most) < _LARGEST for _period, _version, n in groups):
            found = engine.arrays(rows.select(_below_sql(choice, groups)), rows.values)
            if _is_whole(found, choice.most, groups):
                return found
    return engine.arrays(rows.select(_all_sql(choice)), rows.values)


def cutoff(n_rows: int, most: int) -> int:
    """A hash below which ``most`` of ``n_rows`` rows lie, unless chance is eight deviations off."""
    wanted = most + 8 * math.sqrt(most) + 64
    return _LARGEST if wanted >= n_rows else int(wanted / n_rows * _LARGEST)


def _all_sql(choice: Choice) -> str:
    return (
        f"SELECT * FROM (SELECT _period, _version, {choice.picks}, count(*) OVER g AS total,"
        f" row_number() OVER (g ORDER BY {_HASH}, prediction_id, row) AS place"
        f" FROM rows WHERE {choice.keep} WINDOW g AS (PARTITION BY _period, _version))"
        f" WHERE place <= {int(choice.most)} ORDER BY _period, _version, {choice.order}"
    )


def _below_sql(choice: Choice, groups: Sequence[Group]) -> str:
    """The same, of rows whose hash is small enough to be among the chosen ones of their group."""
    cuts = [(period, version, n, cutoff(n, choice.most)) for period, version, n in groups]
    known = join_known(cuts, (("_total", "BIGINT"), ("_cut", "UBIGINT")))
    widest = max(cut for *_group, cut in cuts)
    return (
        f"SELECT * FROM (SELECT _period, _version, {choice.picks}, _total AS total,"
        f" row_number() OVER (g ORDER BY {_HASH}, prediction_id, row) AS place"
        f" FROM rows {known}"
        f" WHERE {choice.keep} AND {_HASH} <= {widest}::UBIGINT AND {_HASH} <= _cut"
        " WINDOW g AS (PARTITION BY _period, _version))"
        f" WHERE place <= {int(choice.most)} ORDER BY _period, _version, {choice.order}"
    )


def _is_whole(found: Arrays, most: int, groups: Sequence[Group]) -> bool:
    """Whether every group has as many rows as it should: ids may not be spread evenly."""
    n_chosen = sum(min(int(n), most) for *_group, n in groups)
    return len(found["place"]) == n_chosen
