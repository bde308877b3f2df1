"""Files as SQL: what columns a file has, and the relation that reads it as it stands.

Text files give every column as text, so that nothing (ids above 2^63, leading zeros) is lost to a
type; Parquet keeps its types. Nested fields are flattened to three levels, with dots.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytics.errors import LogEmpty
from analytics.sources.relation import quote_name, quote_text
from app.ingest.files import file_head
from app.ingest.words import SourceFile
from app.ingest.workspace import Workspace

DEPTH = 3
SAMPLE_LINES = 20_000
LINE_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of one file: its name with dots, its pieces, and its SQL type there."""

    name: str
    path: tuple[str, ...]
    sql_type: str


def read_columns(
    workspace: Workspace, file: SourceFile, *, is_full: bool = False
) -> tuple[FileColumn, ...]:
    """The columns of a file; LogEmpty where it has none. ``is_full`` reads all of a JSON file."""
    if file.format == "csv":
        columns = _csv_columns(file)
    elif file.format == "parquet":
        rows = workspace.run(f"DESCRIBE SELECT * FROM read_parquet({quote_text(file.path)})")
        columns = [c for row in rows for c in _flatten((row[0],), row[1])]
    else:
        columns = _json_columns(workspace, file, is_full)
    if not columns:
        raise LogEmpty(
            f"{file.path} has no columns.",
            "No line of it could be read.",
            "Look at its first lines, and name the format with --format.",
        )
    return tuple(columns)


def source_sql(file: SourceFile, columns: Sequence[FileColumn], rejects: str | None = None) -> str:
    """The relation (in parentheses) of a file: columns r0, r1, ... in the order given.

    JSON has ``is_broken`` and ``line`` beside them. ``rejects`` is the name under which broken CSV
    lines are kept.
    """
    if file.format == "csv":
        names = ", ".join(f"{quote_name(c.name)} AS r{i}" for i, c in enumerate(columns))
        return f"(SELECT {names} FROM {_csv(file, [c.name for c in columns], rejects)})"
    if file.format == "parquet":
        pieces = ", ".join(f"{_field(c)} AS r{i}" for i, c in enumerate(columns))
        return f"(SELECT {pieces} FROM read_parquet({quote_text(file.path)}))"
    paths = ", ".join(quote_text(_json_path(c.path)) for c in columns)
    picks = ", ".join(f"picked[{i + 1}] AS r{i}" for i in range(len(columns)))
    return (
        f"(SELECT {picks}, is_broken, line FROM (SELECT line, is_broken, CASE WHEN NOT is_broken"
        f" THEN json_extract_string(line, [{paths}]) END AS picked FROM {_lines(file)}))"
    )


def _field(column: FileColumn) -> str:
    expression = ".".join(quote_name(piece) for piece in column.path)
    is_plain = not column.sql_type.endswith("]") and not column.sql_type.startswith(
        ("STRUCT", "MAP", "UNION", "VARIANT")
    )
    if column.sql_type == "VARCHAR" and not is_plain:
        return f"CAST({expression} AS VARCHAR)"
    return expression if is_plain else f"CAST(to_json({expression}) AS VARCHAR)"


def _csv(file: SourceFile, names: Sequence[str], rejects: str | None) -> str:
    """Every column as text under the names of the header; nothing is sniffed, so nothing surprises."""
    keep = (
        f", store_rejects = true, rejects_limit = 0, rejects_table = {quote_text(rejects)},"
        f" rejects_scan = {quote_text(rejects + '_scan')}"
        if rejects
        else ", ignore_errors = true"
    )
    declared = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({quote_text(file.path)}, header = true, auto_detect = false,"
        f" columns = {{{declared}}}, delim = {quote_text(file.delimiter)},"
        f" quote = '\"', escape = '\"'{keep})"
    )


def _csv_columns(file: SourceFile) -> list[FileColumn]:
    """The names in the first line; an empty one is named by its place, a repeated one numbered."""
    text = file_head(Path(file.path)).decode("utf-8", "replace").lstrip("\ufeff")
    header = next(csv.reader(io.StringIO(text), delimiter=file.delimiter), [])
    if header and all(re.fullmatch(r"-?[0-9.]+(e[+-]?[0-9]+)?", n.strip()) for n in header):
        raise LogEmpty(
            f"{file.path} has no line of column names.",
            f"Its first line is {', '.join(header[:5])}.",
            "Put the names of the columns into the first line.",
        )
    names: list[str] = []
    for i, given in enumerate(header):
        name, n = given.strip() or f"column{i}", 0
        while name.lower() in (known.lower() for known in names):
            n += 1
            name = f"{given.strip()}_{n}"
        names.append(name)
    return [FileColumn(name, (name,), "VARCHAR") for name in names]


def _lines(file: SourceFile) -> str:
    if file.format == "json":
        source = f"read_json_objects({quote_text(file.path)}, format = 'array')"
        return f"(SELECT CAST(json AS VARCHAR) AS line, json_type(json) <> 'OBJECT' AS is_broken FROM {source})"
    source = (
        f"read_csv({quote_text(file.path)}, columns = {{'line': 'VARCHAR'}}, delim = '\x01',"
        f" quote = '', escape = '', header = false, auto_detect = false,"
        f" max_line_size = {LINE_LIMIT})"
    )
    valid = "CASE WHEN json_valid(line) THEN json_type(line) <> 'OBJECT' ELSE true END"
    return f"(SELECT line, {valid} AS is_broken FROM {source} WHERE trim(line) <> '')"


def _json_columns(workspace: Workspace, file: SourceFile, is_full: bool) -> list[FileColumn]:
    """The columns of all rows: rows of one structure count once, the commonest comes first."""
    limit = "" if is_full else f" LIMIT {SAMPLE_LINES}"
    structures = workspace.batches(
        f"SELECT json_structure(line) FROM (SELECT line FROM {_lines(file)} WHERE NOT is_broken{limit})"
        " GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    merged: dict[str, Any] = {}
    for (structure,) in structures:
        merged = _merge(merged, json.loads(structure))
    return _walk((), merged)


def _merge(one: Any, other: Any) -> Any:
    """Two structures as one: a name that is an object here and a value there is a value."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **{k: _merge(one[k], v) if k in one else v for k, v in other.items()}}
    return other if one == "NULL" else one if isinstance(other, dict) or other == "NULL" else other


def _walk(path: tuple[str, ...], structure: dict[str, Any]) -> list[FileColumn]:
    columns: list[FileColumn] = []
    for key, value in structure.items():
        inner = (*path, key)
        if isinstance(value, dict) and value and len(inner) < DEPTH:
            columns.extend(_walk(inner, value))
        else:
            columns.append(FileColumn(".".join(inner), inner, "VARCHAR"))
    return columns


def _json_path(path: tuple[str, ...]) -> str:
    pieces = (piece.replace("\\", "\\\\").replace('"', '\\"') for piece in path)
    return "$" + "".join(f'."{piece}"' for piece in pieces)


def _flatten(path: tuple[str, ...], sql_type: str) -> list[FileColumn]:
    if not sql_type.startswith("STRUCT(") or sql_type.endswith("]") or len(path) >= DEPTH:
        return [FileColumn(".".join(path), path, sql_type)]
    columns: list[FileColumn] = []
    for name, inner in _struct_fields(sql_type[len("STRUCT(") : -1]):
        columns.extend(_flatten((*path, name), inner))
    return columns


def _struct_fields(text: str) -> list[tuple[str, str]]:
    """Names and types of a struct's fields from DuckDB's text of the type."""
    fields, depth, start, is_quoted = [], 0, 0, False
    for position, sign in enumerate(text + ","):
        if sign == '"':
            is_quoted = not is_quoted
        elif not is_quoted and sign in "([":
            depth += 1
        elif not is_quoted and sign in ")]":
            depth -= 1
        elif sign == "," and depth == 0 and not is_quoted:
            fields.append(text[start:position].strip())
            start = position + 1
    result = []
    for entry in fields:
        if entry.startswith('"'):
            end = entry.index('" ', 1)
            result.append((entry[1:end].replace('""', '"'), entry[end + 2 :]))
        else:
            name, _, inner = entry.partition(" ")
            result.append((name, inner))
    return result
