"""Labels in the order of the rows of some parts: how they are put there, and the files that hold them.

A file of labels has no ids: its rows stand in the order of the parts that the line of JSON beside it
names. It is made from the logs and from nothing else, so that it may go at any time; it is read only
where everything that decides which label counts is as it was, and no such line is there before the file
is whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics.core import Dataset, Log, LogName, Part, Scope
from analytics.query.settled import arrived_sql, counting_sql, is_final, settled_sql
from analytics.sources.relation import quote_text, relation

if TYPE_CHECKING:
    from analytics.query.engine import Kept

VERSION = 1  # of what a file holds
FOLDER = "beside"  # of a home
MOST_KEYS = 32  # that are remembered
REPLACED = ""  # stands where the name of a part stood whose labels are in another file now


class _Same:
    """Parts that are the same only as themselves: thousands of them need not be compared each time."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts

    def __hash__(self) -> int:
        return id(self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.parts is other.parts


@lru_cache(maxsize=MOST_KEYS)
def _key(labels: _Same, how: tuple[Any, ...], with_corrections: bool) -> str:
    parts = [(name_of(p), p.n_rows, p.mapping, p.file_types) for p in labels.parts]
    told = (VERSION, parts, *how)
    return hashlib.sha256(repr((told, with_corrections)).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Rows:
    """Whose labels, and which of them."""

    dataset: Dataset
    log: LogName
    with_corrections: bool = False

    @property
    def name(self) -> Hashable:
        """What is kept under one name replaces what was kept before."""
        return self.dataset.model, self.log, self.with_corrections

    @property
    def labels(self) -> Log:
        """The label log."""
        return self.dataset.log("labels", self.log)

    @property
    def predictions(self) -> Log:
        """The log whose rows they stand beside."""
        return self.dataset.log("predictions", self.log)

    @property
    def state(self) -> Hashable:
        """Everything that decides which label counts."""
        labels = self.labels
        return labels.parts, labels.columns, labels.is_unique, self.dataset.label_precedence

    @property
    def key(self) -> str:
        """The same as a name for files, wherever the home stands."""
        labels = self.labels
        how = (labels.columns, labels.is_unique, self.dataset.label_precedence)
        return _key(_Same(labels.parts), how, self.with_corrections)

    @property
    def rest(self) -> str:
        """What decides which label counts besides the labels themselves."""
        labels = self.labels
        types = sorted({part.file_types for part in labels.parts})
        attached = [(name_of(p), p.mapping) for p in labels.parts if p.mapping is not None]
        told = (VERSION, types, attached, labels.columns, labels.is_unique)
        by = (self.dataset.label_precedence, self.with_corrections)
        return hashlib.sha256(repr((told, by)).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Labels in the order of the rows of some parts: a relation with ``_at``, and where each begins.

    Held in the engine's memory (``kept``), or read from a ``file`` of ``n_bytes``. ``n_replaced`` of
    its rows count no more: labels of theirs came later, and stand in another file.
    """

    source: str
    starts: dict[Part, int]
    n_rows: int
    kept: Kept | None = None
    file: Path | None = None
    n_bytes: int = 0
    n_replaced: int = 0
    stamps: dict[Part, str] = field(default_factory=dict)  # of the labels of parts, where known

    @property
    def is_holed(self) -> bool:
        """Whether rows of it are of parts that are gone."""
        return sum(part.n_rows for part in self.starts) + self.n_replaced < self.n_rows

    @property
    def is_there(self) -> bool:
        """Whether it can be read still."""
        return self.file is None or _size(self.file) == self.n_bytes


def name_of(part: Part) -> tuple[str, str]:
    """What a part is called wherever the home stands, and the hash of its content."""
    return "/".join(part.path.rsplit("/", 2)[-2:]), part.fingerprint


def starts_of(parts: Sequence[Part]) -> dict[Part, int]:
    """Where each of some parts begins when they follow one another."""
    ends = accumulate(part.n_rows for part in parts)
    return {part: end - part.n_rows for part, end in zip(parts, ends, strict=True)}


def aligned_sql(rows: Rows, parts: Sequence[Part], *, is_known_once: bool) -> str:
    """The labels of the parts in the order of their rows.

    ``is_known_once`` takes it that no row has two labels, which is cheaper: where some have, more
    rows come out than went in.
    """
    columns = set(rows.labels.columns)
    picks = ["_at", "label AS _label"]
    picks += ["known_at AS _known_at"] if "known_at" in columns else []
    picks += ["_weight AS _sampled"] if "sampling_p" in columns else []
    select, scope = f"SELECT {', '.join(picks)} FROM", Scope(rows.log)
    ids = f"(SELECT prediction_id, row_number() OVER () - 1 AS _at FROM {relation(rows.predictions, parts)})"
    if not is_final(rows.labels) or rows.labels.is_unique:
        settled = settled_sql(rows.dataset, scope, {}, rows.with_corrections)
        return f"{select} {ids} LEFT JOIN ({settled}) USING (prediction_id) ORDER BY _at"
    arrived = arrived_sql(rows.dataset, scope, {}, rows.with_corrections)
    joined = f"{ids} LEFT JOIN ({arrived}) USING (prediction_id)"
    if not is_known_once:
        joined = f"({counting_sql(f'SELECT * FROM {joined}', '_at')})"
    return f"{select} {joined} ORDER BY _at"


def folder_of(home: Path, rows: Rows) -> Path:
    """Where the files of one log stand."""
    return home / rows.dataset.model / rows.log


def stamp_sql(source: str, start: int, part: Part, labels: Log) -> str:
    """One text for all labels and weights of a part in the order of its rows: another, another text."""
    weight = "coalesce(_sampled, 1)" if "sampling_p" in labels.columns else "CAST(1 AS DOUBLE)"
    return (
        f"SELECT CAST(bit_xor(hash(_at - {start}, _label, {weight})) AS VARCHAR) AS label"
        f" FROM {source} WHERE _at >= {start} AND _at < {start + part.n_rows}"
    )


def describe(
    rows: Rows, parts: Sequence[Part], n_bytes: int, stamps: Mapping[Part, str] | None = None
) -> str:
    """The line of JSON that says what a file holds."""
    told = [[*name_of(part), part.n_rows, (stamps or {}).get(part, "")] for part in parts]
    labels = [name_of(part) for part in rows.labels.parts]
    about = {"key": rows.key, "rest": rows.rest, "labels": labels}
    return json.dumps({**about, "bytes": n_bytes, "parts": told})


def read_aligned(home: Path, rows: Rows) -> list[Aligned]:
    """The files that hold labels of a log as they count now, the widest first."""
    there = {name_of(part): part for part in rows.predictions.parts}
    found = []
    for line in sorted(folder_of(home, rows).glob(f"{rows.key}-*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(line.read_text())
            aligned = _aligned(line.with_suffix(".parquet"), told, there)
            if told["key"] == rows.key and aligned.starts and aligned.is_there:
                found.append(aligned)
    return sorted(found, key=lambda a: -len(a.starts))


def _aligned(file: Path, told: dict[str, Any], there: dict[tuple[str, str], Part]) -> Aligned:
    starts, stamps, n, n_replaced = dict[Part, int](), dict[Part, str](), 0, 0
    for name, fingerprint, n_rows, *stamp in told["parts"]:
        n_replaced += n_rows if name == REPLACED else 0
        part = there.get((name, fingerprint))
        if part is not None and part.mapping is None and part.n_rows == n_rows:
            starts[part] = n
            stamps |= {part: stamp[0]} if stamp and stamp[0] else {}
        n += n_rows
    source = f"read_parquet({quote_text(str(file))}, hive_partitioning = false)"
    how = (None, file, told["bytes"], n_replaced, stamps)
    return Aligned(source, starts, n, *how)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1


def chosen(
    tables: Iterable[Aligned], parts: Iterable[Part]
) -> list[tuple[Aligned, list[Part]]] | None:
    """Which table gives which parts, in its order; None where some part is in none of them."""
    left, found = dict.fromkeys(parts), []
    for table in tables:
        mine = sorted(left.keys() & table.starts.keys(), key=table.starts.__getitem__)
        if mine:
            found.append((table, mine))
        for part in mine:
            del left[part]
    return None if left else found
