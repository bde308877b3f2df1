"""Arrow batches of predictions checked by column: what is plain goes into the write-ahead log as it came.

A batch that is not plain as a whole (a value that is no number, an id without text, a column of
another shape) is None here and is judged row by row, so that each row is told its reason.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.api.records import AHEAD, MOST_FEATURES, as_features

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

TEXTS = ("model_version", "status", "error_type", "user_id", "session_id")
NUMBERS = ("score", "latency_ms")
OTHERS = ("prediction_id", "timestamp", "prediction")
LONGEST = {"prediction_id": 300, "prediction": 300, **dict.fromkeys(TEXTS, 300)}
LONGEST_FEATURE = 20_000


@dataclass(frozen=True, slots=True)
class Columns:
    """A batch that can be kept: flat columns under the names of the log, ids, and a digest of each row."""

    table: pa.Table
    ids: list[str]
    digests: list[bytes]


class _NotPlain(Exception):
    """The rows have to be looked at one by one."""


def read_columns(table: pa.Table, now: datetime) -> Columns | None:
    """The batch by columns; None where a row of it may have to be rejected or changed."""
    import pyarrow as pa

    try:
        found = _flat(table)
        columns = {name: _checked(name, column, now) for name, column in found.items()}
    except (_NotPlain, pa.ArrowException, ValueError):
        return None
    ids: list[str] = columns["prediction_id"].to_pylist()
    if len(set(ids)) < len(ids):
        return None
    return Columns(pa.table(columns), ids, _digests(columns))


def _flat(table: pa.Table) -> dict[str, pa.Array]:
    """Columns by name; members of ``features`` beside the others."""
    import pyarrow as pa

    own: dict[str, pa.Array] = {}
    features: dict[str, pa.Array] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        array = column.combine_chunks()
        head, dot, rest = name.partition(".")
        if name == "features" and pa.types.is_struct(array.type):
            if array.null_count:
                raise _NotPlain(name)
            members = zip([f.name for f in array.type], array.flatten(), strict=True)
        elif dot and head == "features":
            members = zip((rest,), (array,), strict=True)
        elif name in (*OTHERS, *NUMBERS, *TEXTS) and name not in own:
            own[name] = array
            continue
        else:
            raise _NotPlain(name)
        for member, values in members:
            if member in features or len(member) > 200:
                raise _NotPlain(member)
            features[member] = values
    if len(features) > MOST_FEATURES or "prediction_id" not in own or "timestamp" not in own:
        raise _NotPlain("columns")
    return own | as_features(features)


def _checked(name: str, column: pa.Array, now: datetime) -> pa.Array:
    import pyarrow as pa

    kind = column.type
    if name in ("prediction_id", "timestamp") and column.null_count:
        raise _NotPlain(name)
    if name == "timestamp":
        return _moments(column, now)
    if pa.types.is_string(kind):
        if name in NUMBERS:
            raise _NotPlain(name)
        return _texts(column, LONGEST.get(name, LONGEST_FEATURE), name == "prediction_id")
    if name in TEXTS or (name == "prediction_id" and not pa.types.is_integer(kind)):
        raise _NotPlain(name)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return _numbers(name, column)
    if pa.types.is_boolean(kind) and name not in NUMBERS:
        return column
    raise _NotPlain(name)


def _numbers(name: str, column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if name == "prediction_id":
        return column.cast(pa.string())
    if pa.types.is_integer(column.type):
        column = column.cast(pa.int64())  # refuses what does not fit
    else:
        column = column.cast(pa.float64())
        if pc.all(pc.is_finite(column)).as_py() is False:
            raise _NotPlain(name)
    if name == "latency_ms" and pc.any(pc.less(column, 0)).as_py():
        raise _NotPlain(name)
    return column


def _texts(column: pa.Array, most: int, is_id: bool) -> pa.Array:
    import pyarrow.compute as pc

    bounds = pc.min_max(pc.utf8_length(column)).as_py()
    is_wrong = (bounds["max"] or 0) > most or (is_id and not bounds["min"])
    if is_wrong or pc.any(pc.match_substring(column, "\x00")).as_py():
        raise _NotPlain("text")
    return column


def _moments(column: pa.Array, now: datetime) -> pa.Array:
    """Times of one zone, or of none, as UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type):
        is_zoned = pc.all(pc.match_substring_regex(column, "(Z|[+-][0-9:]+)$")).as_py()
        column = column.cast(pa.timestamp("us", tz="UTC" if is_zoned else None))
    if not pa.types.is_timestamp(column.type):
        raise _NotPlain("timestamp")
    column = column.cast(pa.timestamp("us", tz=column.type.tz))
    if column.type.tz is not None:
        column = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
    bounds = pc.min_max(column).as_py()
    if bounds["min"] is not None and (bounds["min"].year < 1971 or bounds["max"] > now + AHEAD):
        raise _NotPlain("timestamp")
    return column


def _digests(columns: dict[str, pa.Array]) -> list[bytes]:
    """A digest of each row, from its values and the names and types of the columns; of this process."""
    import numpy as np

    shape = repr([(name, str(column.type)) for name, column in columns.items()])
    seed = hashlib.blake2b(shape.encode(), digest_size=8).digest()
    total = np.full(len(columns["prediction_id"]), np.frombuffer(seed, np.uint64)[0])
    for column in columns.values():
        total = (total ^ _as_bits(column)) * np.uint64(0x9E3779B97F4A7C15)
        total ^= total >> np.uint64(29)
    return [b"a" + row.tobytes() for row in total]


def _as_bits(column: pa.Array) -> np.ndarray:
    import numpy as np
    import pyarrow as pa

    kind = column.type
    if pa.types.is_string(kind):
        return np.array([hash(v) for v in column.to_pylist()], np.int64).view(np.uint64)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8()).cast(pa.int64())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    is_missing = column.is_null().to_numpy(zero_copy_only=False)
    filled = column.fill_null(0).to_numpy(zero_copy_only=False)
    bits: np.ndarray = filled.view(np.uint64) ^ (is_missing * np.uint64(0xD6E8FEB86659FD93))
    return bits
