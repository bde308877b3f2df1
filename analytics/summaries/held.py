"""What was read of sheets before stays in memory: they never change, so that an equal statement has an
equal answer. Only for statements that read nothing but sheets.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.query.engine import Arrays, Engine


def read_arrays(engine: Engine, sql: str, values: Mapping[str, Any]) -> Arrays:
    """The columns of a statement over sheets, which nobody may write to; where it was asked before, those."""

    def read() -> tuple[int, Arrays]:
        found = engine.arrays(sql, values)
        for array in found.values():
            array.flags.writeable = False
        return sum(array.nbytes for array in found.values()) + len(sql), found

    name: Hashable = ("arrays", sql, tuple(sorted(values.items())))
    return dict(engine.summaries.hold(name, read))
