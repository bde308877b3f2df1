"""The rows of Telltale's own parts, read for counting without a query: pieces of some columns.

A part is Parquet that Telltale wrote. Columns whose type in the file is plain are read as they stand,
which costs a fraction of fetching them through a statement; the others are left to SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Part
from analytics.errors import FileUnreadable
from analytics.needs import Floats

PIECE_ROWS = 250_000  # in memory at a time
CELLS = 2_000_000  # rows times columns that are read together, where the least of columns are fewer
Codes = npt.NDArray[np.int64]


def chunks(names: Sequence[str], parts: Sequence[Part], least: int) -> list[Sequence[str]]:
    """Columns to be read together: the fewer rows, the more, so that times are read few times.

    >>> chunks(["a", "b", "c"], [Part("p", 1_000_000, "")], 2)
    [['a', 'b'], ['c']]
    >>> chunks(["a", "b", "c"], [Part("p", 20_000, "")], 2)
    [['a', 'b', 'c']]
    """
    size = max(least, CELLS // max(sum(part.n_rows for part in parts), 1))
    return [names[i : i + size] for i in range(0, len(names), size)]


def plain_columns(parts: Sequence[Part], names: Sequence[str], kind: str) -> list[str]:
    """Those of the columns that every part has in a plain type: of "number", or of "level"."""
    found = list(names)
    for part in parts:
        with _opened(part, []) as file:
            types = {field.name: field.type for field in file.schema_arrow}
            if not _is_time(types.get("timestamp")):
                return []
            if "model_version" in types and not _is_text(types["model_version"]):
                return []
            found = [n for n in found if n in types and _is_plain(types[n], kind)]
    return found


def _is_time(kind: Any) -> bool:
    return str(kind) == "timestamp[us]"


def _is_text(kind: Any) -> bool:
    return str(kind) in ("string", "large_string")


def _is_plain(kind: Any, what: str) -> bool:
    whole = {f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64)}
    if what == "number":
        return str(kind) in ("double", "float", *whole)
    return _is_text(kind) or str(kind) in ("bool", *whole)


@contextmanager
def _opened(part: Part, dictionaries: Sequence[str]) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(part.path, read_dictionary=list(dictionaries)) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        name = part.path.rsplit("/", 1)[-1]
        raise FileUnreadable(
            f"A part of the log cannot be read: {name}.",
            "It was moved, cut or changed after it was imported.",
            "Import it again; the other parts are untouched.",
        ) from error


class Piece:
    """Some rows of a part: their hours, their versions, and the columns that were asked for."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch
        self.names = set(batch.schema.names)
        self.n = int(batch.num_rows)

    def periods(self, unit: int) -> Codes:
        """The start of each row's hour, or of another unit, in microseconds."""
        import pyarrow as pa

        times = self._batch.column("timestamp").cast(pa.int64()).to_numpy(zero_copy_only=False)
        found: Codes = times // unit * unit
        return found

    def numbers(self, name: str) -> Floats:
        """A column as numbers of their own memory; NaN where there is none."""
        return np.array(self._batch.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)

    def levels(self, name: str) -> tuple[list[str], Codes]:
        """The levels of a column, and which of them each row has: -1 for none."""
        import pyarrow as pa

        column = self._batch.column(name)
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return column.dictionary.to_pylist(), codes.astype(np.int64)


def pieces(
    parts: Sequence[Part], names: Sequence[str], *, has_version: bool, are_levels: bool = False
) -> Iterator[Piece]:
    """The rows of parts in pieces, with their times, their versions where asked, and some columns."""
    texts = [*(names if are_levels else ()), *(["model_version"] if has_version else [])]
    for part in parts:
        with _opened(part, texts) as file:
            there = file.schema_arrow.names
            versions = ["model_version"] if has_version and "model_version" in there else []
            chosen = ["timestamp", *versions, *(n for n in names if n not in versions)]
            for batch in file.iter_batches(PIECE_ROWS, columns=chosen):
                yield Piece(batch)
