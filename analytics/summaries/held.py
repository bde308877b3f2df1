"""What was read of sheets before stays in memory: they never change, so that an equal statement has an
equal answer. Only for statements that read nothing but sheets.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.query.engine import Arrays, Engine

A_ROW = 400  # bytes that a kept row may come to, about


def read_rows(engine: Engine, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement over sheets; those of the same before, where it was asked."""

    def read() -> tuple[int, tuple[tuple[Any, ...], ...]]:
        found = tuple(engine.rows(sql, values))
        return A_ROW * len(found) + len(sql), found

    return list(engine.summaries.hold(_name("rows", sql, values), read))


def read_arrays(engine: Engine, sql: str, values: Mapping[str, Any]) -> Arrays:
    """The same as arrays, which nobody may write to."""

    def read() -> tuple[int, Arrays]:
        found = engine.arrays(sql, values)
        for array in found.values():
            array.flags.writeable = False
        return sum(array.nbytes for array in found.values()) + len(sql), found

    return dict(engine.summaries.hold(_name("arrays", sql, values), read))


def _name(form: str, sql: str, values: Mapping[str, Any]) -> Hashable:
    return form, sql, tuple(sorted(values.items()))
