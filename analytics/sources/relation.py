"""A log as one SQL relation with canonical columns, whatever its files look like.

Paths and column names go into the text quoted by ``quote_text`` and ``quote_name``; they come
from the manifest, never from a viewer. Values of a question are bound in ``analytics.query``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from analytics.core import Log, Part
from analytics.errors import LogError

PATH_SEPARATOR = "\x1f"
MANY = 100_000  # rows of a relation from which its SQL says how many they are
_REMARK = re.compile(r"/\* (\d+) rows \*/")


def quote_name(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def canonical_class(expression: str) -> str:
    """SQL for the canonical text of a class: 1.0 = 1 = true = "1", trimmed, empty is NULL."""
    text = f"trim(CAST({expression} AS VARCHAR))"
    number = f"TRY_CAST({text} AS DOUBLE)"
    return (
        f"CASE WHEN {text} = '' THEN NULL"
        f" WHEN lower({text}) = 'true' THEN '1' WHEN lower({text}) = 'false' THEN '0'"
        f" WHEN {number} IS NOT NULL AND {number} = floor({number}) AND abs({number}) < 1e15"
        f" THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) ELSE {text} END"
    )


def canonical_text(value: object) -> str | None:
    """The canonical text of a class, as ``canonical_class`` gives it in SQL."""
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return "1" if text.lower() == "true" else "0"
    try:
        number = float(text)
    except ValueError:
        return text or None
    if number == number and abs(number) < 1e15 and number == int(number):
        return str(int(number))
    return text


def quote_path(path: str) -> str:
    """An SQL expression for a column, or for a field inside it (pieces joined by PATH_SEPARATOR)."""
    return ".".join(quote_name(piece) for piece in path.split(PATH_SEPARATOR))


def convert(expression: str, conversion: str) -> str:
    """SQL that turns a file's column into its canonical type; NULL where it cannot be read.

    Conversions: keep, text (empty is NULL), json (lists as text), class, double (NaN is NULL),
    boolean, seconds (to ms), truth (text true or false), utc (text or timestamp in UTC, or with
    an offset), zone:<name> (naive local time), instant (a timestamp that knows its zone),
    epoch_s, epoch_ms, epoch_us, epoch_ns, constant:<text>.
    """
    name, _, argument = conversion.partition(":")
    epochs = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1, "epoch_ns": 1e-3}
    number = f"nullif(TRY_CAST({expression} AS DOUBLE), 'NaN'::DOUBLE)"
    simple = {
        "keep": expression,
        "text": f"nullif(CAST({expression} AS VARCHAR), '')",
        "json": f"CAST(to_json({expression}) AS VARCHAR)",
        "double": number,
        "seconds": f"{number} * 1000",
        "boolean": f"TRY_CAST({expression} AS BOOLEAN)",
        "truth": f"CAST(TRY_CAST({expression} AS BOOLEAN) AS VARCHAR)",
        "instant": f"({expression} AT TIME ZONE 'UTC')",
        "constant": quote_text(argument),
    }
    if name in simple:
        return simple[name]
    if name == "class":
        return canonical_class(expression)
    if name in epochs:
        micros = f"TRY_CAST(TRY_CAST({expression} AS DOUBLE) * {epochs[name]} AS BIGINT)"
        return f"make_timestamp({micros})"
    if name in ("utc", "zone"):
        return _time(expression, argument or "UTC")
    raise LogError(
        f"Unknown conversion {conversion!r}.", "The manifest was written by a newer version."
    )


def _time(expression: str, zone: str) -> str:
    text = f"CAST({expression} AS VARCHAR)"
    has_offset = f"regexp_matches({text}, '(Z|UTC|GMT|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$')"
    aware = f"(TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
    naive = f"TRY_CAST({text} AS TIMESTAMP)"
    if zone != "UTC":
        naive = f"(({naive} AT TIME ZONE {quote_text(zone)}) AT TIME ZONE 'UTC')"
    return f"CASE WHEN {has_offset} AND length({text}) > 10 THEN {aware} ELSE {naive} END"


def relation(log: Log, parts: Iterable[Part] | None = None) -> str:
    """SQL (in parentheses) of the log's rows with canonical columns.

    ``parts`` narrows to those that a window can touch. A canonical column that no file has is
    absent: ask ``log.columns`` first. Every relation has ``date`` (text, 'none' without times).
    """
    chosen = list(log.parts if parts is None else parts)
    own = [part for part in chosen if part.mapping is None]
    pieces = []
    if own:
        files = ", ".join(quote_text(part.path) for part in own)
        pieces.append(
            f"SELECT * FROM{_told(own)} read_parquet([{files}], union_by_name = true,"
            " hive_partitioning = true, hive_types = {'date': VARCHAR})"
        )
    pieces.extend(_attached(part) for part in chosen if part.mapping is not None)
    if not pieces:
        return "(SELECT NULL WHERE false)"
    pieces += _absent(log, chosen)
    return "(" + " UNION ALL BY NAME ".join(pieces) + ")"


def _told(parts: Sequence[Part]) -> str:
    """A remark for ``rows_read``, where the parts have many rows."""
    n = sum(part.n_rows for part in parts)
    return f" /* {n} rows */" if n >= MANY else ""


def rows_read(sql: str) -> int:
    """How many rows the long relations of a statement have in all.

    >>> rows_read("SELECT 1 FROM /* 200000 rows */ a, /* 100000 rows */ b")
    300000
    """
    return sum(int(n) for n in _REMARK.findall(sql))


def _absent(log: Log, chosen: list[Part]) -> list[str]:
    """No row, but every column that only parts outside the window have: they are missing here."""
    here = {name for part in chosen for name, _type in part.file_types}
    types: dict[str, set[str]] = {}
    for part in log.parts:
        for name, kind in part.file_types:
            if name not in here and name in log.columns:
                types.setdefault(name, set()).add(kind)
    if not types:
        return []
    columns = (f"CAST(NULL AS {_sql_type(t)}) AS {quote_name(n)}" for n, t in types.items())
    return [f"SELECT {', '.join(columns)} WHERE false"]


def _sql_type(types: set[str]) -> str:
    if "numeric" in types:
        return "DOUBLE"
    return (
        "VARCHAR" if types & {"categorical", "text", "boolean", "time", "other", ""} else '"NULL"'
    )


def _attached(part: Part) -> str:
    """A file read through its mapping.

    Two conversions make values from the row's number in the file: ``row_id:<prefix>`` an id,
    ``row_number:<first>`` the row ordinal.
    """
    mapping = part.mapping or ()
    pieces = []
    for canonical, column, conversion in mapping:
        name, _, argument = conversion.partition(":")
        if name == "row_id":
            expression = f"{quote_text(argument)} || CAST(file_row_number AS VARCHAR)"
        elif name == "row_number":
            expression = f"file_row_number + {int(argument)}"
        else:
            expression = convert(quote_path(column), conversion)
        pieces.append(f"{expression} AS {quote_name(canonical)}")
    names = {canonical for canonical, _column, _conversion in mapping}
    pieces += ["file_row_number AS row"] if "row" not in names else []
    pieces += ["'none' AS date"] if "date" not in names else []
    return (
        f"SELECT {', '.join(pieces)}"
        f" FROM read_parquet({quote_text(part.path)}, file_row_number = true)"
    )
