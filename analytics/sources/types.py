"""What type a column had in the files it came from, beside the type it has in the log."""

from __future__ import annotations

from analytics.core import Column, Log, Part, Window

_KINDS = {"numeric": "numeric", "boolean": "boolean", "time": "time"}
_WORDS = {"categorical": "categorical", "text": "categorical"}  # a matter of how many levels
TYPES = _KINDS | _WORDS


def other_types(log: Log, column: Column, window: Window) -> tuple[float | None, tuple[str, ...]]:
    """The share of rows from files where the column was of another type, and those types.

    Files are parts: one that the window touches counts with all of its rows, whatever the version
    or the segment. Files in which the column had no value count for neither. (None, ()) where no
    file says.
    """
    wanted = TYPES.get(column.type)
    rows: dict[str, int] = {}
    for part in log.parts:
        if _is_outside(part, window):
            continue
        found = dict(part.file_types).get(column.name, "")
        if found in TYPES:
            rows[found] = rows.get(found, 0) + part.n_rows
    total = sum(rows.values())
    if wanted is None or not total:
        return None, ()
    other = {name: n for name, n in rows.items() if TYPES[name] != wanted}
    return sum(other.values()) / total, tuple(sorted(other, key=lambda name: -other[name]))


def _is_outside(part: Part, window: Window) -> bool:
    if part.start is None or window.start is None or window.end is None:
        return False
    return part.start >= window.end or (part.end or part.start) < window.start
