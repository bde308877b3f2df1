"""Files of summaries: which parts each counts, and which of them answer a question.

A sheet is one Parquet file; its rows are tagged ``grp``, the ordinal of a group of parts that were
counted together. The line of JSON beside it names the parts of each group, and is written last: half
a sheet is never read. A group counts while all its parts are in the manifest as they were. Sheets are
made from the logs and from nothing else, so that they may go at any time.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytics.core import LogName, Part

VERSION = 1  # of what sheets hold: another number, and all are made anew
FOLDER = "summaries"  # of a home
MIN_ROWS = 50_000  # fewer are counted on reading
HELD_BYTES = 128 << 20
Grains = tuple[str, ...]
Told = tuple[str, str, int]  # a part's name, the hash of its content, its rows


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file of summaries of a ``kind``; ``key`` is what they depend on besides the parts."""

    file: Path
    kind: str
    key: str
    n_bytes: int
    columns: tuple[str, ...]
    groups: tuple[tuple[Told, ...], ...]
    grains: tuple[Grains, ...]  # of each group: few rows an hour, no "hour"; few a day, none at all

    @property
    def is_there(self) -> bool:
        """Whether the file can be read still."""
        try:
            return self.file.stat().st_size == self.n_bytes
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Piece:
    """Some groups of one sheet, with the parts that each counts."""

    sheet: Sheet
    groups: tuple[tuple[int, tuple[Part, ...]], ...]

    def of_grain(self, grain: str) -> tuple[int, ...]:
        """The ordinals of the groups that have rows of the grain."""
        return tuple(i for i, _parts in self.groups if grain in self.sheet.grains[i])

    def without(self, grain: str) -> list[Part]:
        """The parts of the groups that have no rows of the grain."""
        return [p for i, parts in self.groups if grain not in self.sheet.grains[i] for p in parts]


@dataclass(frozen=True, slots=True)
class Taken:
    """Which groups of which sheets answer, and the parts that are in none."""

    pieces: tuple[Piece, ...]
    lacking: tuple[Part, ...]

    @property
    def name(self) -> Hashable:
        """What is read of the sheets may be kept under it: they never change."""
        return tuple(
            (piece.sheet.file.name, tuple(piece.sheet.groups[i] for i, _parts in piece.groups))
            for piece in self.pieces
        )


def folder_of(home: Path, model: str, log: LogName) -> Path:
    """Where the sheets of one log stand."""
    return model_folder(home, model) / log


def model_folder(home: Path, model: str) -> Path:
    """Where everything of one model stands."""
    return home / hashlib.sha256(model.encode()).hexdigest()[:24]


def tell(part: Part) -> Told:
    """What a part is called wherever the home stands, the hash of its content, and its rows."""
    return "/".join(part.path.rsplit("/", 2)[-2:]), part.fingerprint, part.n_rows


def key_of(*facts: object) -> str:
    """A name for what summaries depend on, the code's version among it."""
    return hashlib.sha256(repr((VERSION, *facts)).encode()).hexdigest()[:40]


def describe(sheet: Sheet) -> str:
    """The line of JSON that stands beside a sheet."""
    told = {
        "kind": sheet.kind,
        "key": sheet.key,
        "bytes": sheet.n_bytes,
        "columns": sheet.columns,
        "groups": sheet.groups,
        "grains": sheet.grains,
    }
    return json.dumps(told)


def read_sheets(folder: Path) -> list[Sheet]:
    """The sheets in a folder, the largest first."""
    found = []
    for line in folder.glob("*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append(_sheet(line.with_suffix(".parquet"), json.loads(line.read_text())))
    return sorted(found, key=lambda sheet: (-sheet.n_bytes, sheet.file.name))


def _sheet(file: Path, told: dict[str, Any]) -> Sheet:
    groups = tuple(tuple((str(a), str(b), int(n)) for a, b, n in g) for g in told["groups"])
    return Sheet(
        file=file,
        kind=str(told["kind"]),
        key=str(told["key"]),
        n_bytes=int(told["bytes"]),
        columns=tuple(told["columns"]),
        groups=groups,
        grains=tuple(tuple(grains) for grains in told["grains"]),
    )


def is_countable(part: Part) -> bool:
    """Whether a part can have a summary: written by Telltale, with rows and times."""
    return part.mapping is None and part.start is not None and part.n_rows > 0


def take(sheets: Iterable[Sheet], there: Iterable[Part], asked: Sequence[Part]) -> Taken:
    """The groups that count some of the asked parts, each part once.

    ``there`` are all parts of the log as it is now: a group of which one is gone counts no more.
    """
    known = {tell(part): part for part in there if is_countable(part)}
    left = dict.fromkeys(asked)
    done: set[Part] = set()
    pieces = []
    for sheet in sheets:
        groups = []
        for i, told in enumerate(sheet.groups):
            parts = tuple(known[name] for name in told if name in known)
            is_whole = len(parts) == len(told) and not done.intersection(parts)
            if is_whole and sheet.grains[i] and any(part in left for part in parts):
                groups.append((i, parts))
                done.update(parts)
        if groups and sheet.is_there:
            pieces.append(Piece(sheet, tuple(groups)))
            for _i, parts in groups:
                for part in parts:
                    left.pop(part, None)
        else:
            done.difference_update(part for _i, parts in groups for part in parts)
    return Taken(tuple(pieces), tuple(left))


def living(sheet: Sheet, there: Iterable[Part]) -> dict[int, tuple[Part, ...]]:
    """The groups of a sheet whose parts are all there, those without rows among them."""
    known = {tell(part): part for part in there if is_countable(part)}
    return {
        i: tuple(known[name] for name in told)
        for i, told in enumerate(sheet.groups)
        if all(name in known for name in told)
    }


def group_parts(parts: Iterable[Part]) -> list[tuple[Part, ...]]:
    """Parts to be counted together: large ones alone, small ones in the order of time.

    Small ones that are too few together are left out.
    """
    groups: list[tuple[Part, ...]] = []
    small: list[Part] = []
    n_small = 0
    for part in sorted(filter(is_countable, parts), key=lambda p: (str(p.start), p.path)):
        if part.n_rows >= MIN_ROWS:
            groups.append((part,))
            continue
        small.append(part)
        n_small += part.n_rows
        if n_small >= MIN_ROWS:
            groups.append(tuple(small))
            small, n_small = [], 0
    return groups


class Summaries:
    """The summaries that one engine may read: files in ``folder``, and what was read of them.

    At most ``max_bytes`` of decoded arrays are kept; what was least used goes first.
    """

    def __init__(self, folder: Path | None = None, max_bytes: int = HELD_BYTES) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self._listed: dict[Path, tuple[int, list[Sheet]]] = {}
        self._held: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._n_bytes = 0
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Bytes of what is kept now."""
        with self._lock:
            return sum(size for size, _value in self._held.values())

    def sheets(self, model: str, log: LogName, kind: str, key: str) -> list[Sheet]:
        """The sheets of a log that hold this kind under this key."""
        if self.folder is None:
            return []
        folder = folder_of(self.folder, model, log)
        try:
            at = folder.stat().st_mtime_ns
        except OSError:
            return []
        with self._lock:
            seen, found = self._listed.get(folder, (None, []))
        if seen != at:
            found = read_sheets(folder)
            with self._lock:
                self._listed[folder] = (at, found)
        return [sheet for sheet in found if sheet.kind == kind and sheet.key == key]

    def hold(self, name: Hashable, make: Callable[[], tuple[int, Any]]) -> Any:
        """What was made under that name before, or ``make`` it: (its bytes, the value)."""
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
                return self._held[name][1]
        size, value = make()
        with self._lock:
            self._n_bytes += size - self._held.get(name, (0, None))[0]
            self._held[name] = (size, value)
            while self._n_bytes > self.max_bytes and self._held:
                _name, (n, _value) = self._held.popitem(last=False)
                self._n_bytes -= n
        return value
