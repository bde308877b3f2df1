"""What came in several forms as one table: a column has one type, or is text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

TIMES = ("timestamp", "known_at", "received_at")


def together(found: Sequence[Sequence[Mapping[str, Any]] | pa.Table]) -> pa.Table:
    """Rows and tables in their order as one table, without losing a digit or a column."""
    import pyarrow as pa

    tables = [_table(part) if isinstance(part, list) else _times(part) for part in found]
    types: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for name, kind in zip(table.column_names, table.schema.types, strict=True):
            types.setdefault(name, set()).add(kind)
    torn = {name for name, kinds in types.items() if len(kinds - {pa.null()}) > 1}
    tables = [_as_text(table, torn) for table in tables]
    one = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="default")
    return _as_text(one, {f.name for f in one.schema if pa.types.is_null(f.type)})


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as columns, in the order in which names first stood."""
    import pyarrow as pa

    names = tuple(rows[0])
    if any(tuple(row) != names for row in rows):
        names = tuple(dict.fromkeys(name for row in rows for name in row))
    return _times(pa.table({name: _array([row.get(name) for row in rows]) for name in names}))


def _array(values: list[Any]) -> pa.Array:
    """The values under their own type; as text, as JSON writes them, where they have several."""
    import pyarrow as pa

    try:
        array = pa.array(values)
        if not pa.types.is_nested(array.type):
            return array
    except (pa.ArrowException, OverflowError, TypeError):
        pass
    return pa.array([None if v is None else _said(v) for v in values], pa.string())


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _times(table: pa.Table) -> pa.Table:
    """Moments of ours, written as text, as moments."""
    import pyarrow as pa

    for name in TIMES:
        at = table.schema.get_field_index(name)
        if at >= 0 and pa.types.is_string(table.schema.field(at).type):
            moments = table.column(at).cast(pa.timestamp("us"))
            table = table.set_column(at, name, moments)
    return table


def _as_text(table: pa.Table, names: Iterable[str]) -> pa.Table:
    """Some columns as text."""
    import pyarrow as pa

    for name in names:
        at = table.schema.get_field_index(name)
        if at >= 0 and not pa.types.is_string(table.schema.field(at).type):
            column = table.column(at)
            if pa.types.is_floating(column.type):  # as JSON writes them
                values = [None if v is None else repr(v) for v in column.to_pylist()]
                table = table.set_column(at, name, pa.array(values, pa.string()))
            else:
                table = table.set_column(at, name, column.cast(pa.string()))
    return table
