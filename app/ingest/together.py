"""What came in several forms as one table: a column has one type, or is text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

TIMES = ("timestamp", "known_at", "received_at")


class Block:
    """Rows as columns of plain values in the order in which names first stood; None where one lacks."""

    def __init__(self, rows: Sequence[Mapping[str, Any]] = ()) -> None:
        self.n, self.columns = 0, dict[str, list[Any]]()
        if rows:
            self.add(to_columns(rows))

    def __len__(self) -> int:
        return self.n

    def table(self) -> pa.Table:
        """The rows as a table, which takes a quarter of the memory."""
        import pyarrow as pa

        return _times(pa.table({name: _array(values) for name, values in self.columns.items()}))

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """More rows beneath, as columns of one length."""
        n = len(next(iter(columns.values()), ()))
        for name in columns:
            if name not in self.columns:
                self.columns[name] = [None] * self.n
        for name, values in self.columns.items():
            values += columns.get(name) or (None,) * n
        self.n += n


def to_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    """Rows as columns, in the order in which names first stood."""
    names = tuple(rows[0])
    if all(tuple(row) == names for row in rows):
        return dict(zip(names, zip(*(row.values() for row in rows), strict=True), strict=True))
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def together(found: Sequence[Block | pa.Table]) -> pa.Table:
    """Rows and tables in their order as one table, without losing a digit or a column."""
    import pyarrow as pa

    tables = [part.table() if isinstance(part, Block) else _times(part) for part in found]
    types: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for name, kind in zip(table.column_names, table.schema.types, strict=True):
            types.setdefault(name, set()).add(kind)
    torn = {name for name, kinds in types.items() if len(kinds - {pa.null()}) > 1}
    numbers = {n for n in torn if types[n] - {pa.null()} == {pa.int64(), pa.float64()}}
    tables, whole = _as_numbers(tables, numbers)
    tables = [_as_text(table, torn - whole) for table in tables]
    one = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="default")
    return _as_text(one, {f.name for f in one.schema if pa.types.is_null(f.type)})


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


def _as_numbers(
    tables: Sequence[pa.Table], names: Iterable[str]
) -> tuple[list[pa.Table], set[str]]:
    """Columns that hold whole numbers here and others there, as numbers where no digit is lost; which."""
    import pyarrow as pa

    found, whole = list(tables), set()
    for name in names:
        try:
            cast = [_cast(table, name, pa.float64()) for table in found]
        except pa.ArrowInvalid:  # beyond 2^53
            continue
        found = cast
        whole.add(name)
    return found, whole


def _cast(table: pa.Table, name: str, kind: pa.DataType) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table if at < 0 else table.set_column(at, name, table.column(at).cast(kind))


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
