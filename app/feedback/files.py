"""Feedback as files: CSV for people, JSON lines for programs; one row an item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from app.auth.viewer import Viewer
from app.spreadsheet import write_table
from app.state.database import Database
from app.state.feedback import Item
from app.state.inbox import Filter, list_after

Kind = Literal["csv", "jsonl"]
COLUMNS = tuple(name for name in Item.__slots__ if name != "seq")
AT_ONCE = 2000


def export(database: Database, viewer: Viewer, which: Filter, kind: Kind) -> bytes:
    """Every item of the filter as a file, with an audit row; needs the right to export."""
    viewer.check("feedback", which.model)
    viewer.check("export", which.model)
    items = list(_all(database, which))
    with database.write(viewer.user) as write:
        write.audit("export", "feedback", which.model, n_rows=len(items), format=kind)
    return to_csv(items) if kind == "csv" else to_jsonl(items)


def to_jsonl(items: Iterable[Item]) -> bytes:
    """One JSON object a line."""
    lines = [json.dumps(_row(item), ensure_ascii=False) for item in items]
    return "".join(f"{line}\n" for line in lines).encode()


def to_csv(items: Iterable[Item]) -> bytes:
    """A table, safe to open in a spreadsheet."""
    return write_table(COLUMNS, (_row(item).values() for item in items)).encode()


def _all(database: Database, which: Filter) -> Iterator[Item]:
    after = 0
    while found := list_after(database, which, after, AT_ONCE):
        yield from found
        after = found[-1].seq


def _row(item: Item) -> dict[str, Any]:
    row = {name: getattr(item, name) for name in COLUMNS}
    return {
        name: f"{value.isoformat()}Z" if hasattr(value, "isoformat") else value
        for name, value in row.items()
    }
