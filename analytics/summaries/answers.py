"""Answers of periods that are over, kept by what they rest on: nothing is worked out twice of rows that stay.

A question has one file, its answers a line a period: a stamp of everything that decides them, then the
results as plain JSON. Another part, label, reference, setting or version of the code gives another stamp
or another file, so that nothing is ever out of date; a file that is cut or torn counts as none. They stand
beside a model's summaries and may go at any time. Rounds of monitors put them there and read them.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics.core import Result, Window
from analytics.summaries.store import VERSION, model_folder

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.engine import Engine

FOLDER = "answers"
MOST = 64  # files of a model: what was used longest ago goes first
MOST_BYTES = 32 << 20  # of a file's lines: periods that were put there first go first
_LIBRARIES = ("duckdb", "numpy", "scipy", "scikit-learn")
_PLAIN = ("name", "value", "n", "verdict")
_REST = ("low", "high", "interval", "n_labelled", "column", "version", "segment", "reason")
_FIELDS = (*_PLAIN, *_REST, "is_exact", "detail")


class Answers:
    """The answers of one question by stamp, as they were found and as they are to be left."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines = _read(file)
        self._new: dict[str, str] = {}

    def get(self, stamp: str) -> list[Result] | None:
        """The results under a stamp, else None."""
        line = self._lines.get(stamp)
        if line is None:
            return None
        try:
            return _results_of(json.loads(line))
        except (ValueError, TypeError, IndexError):  # written by something else
            return None

    def put(self, stamp: str, window: Window, results: Sequence[Result]) -> None:
        """Keep the results of a period; those that say more than plain values are not kept."""
        with suppress(TypeError):
            self._new[stamp] = _line_of(window, results)

    def close(self, stamps: Sequence[str]) -> None:
        """Write what is new, and what was there of these ``stamps``; the file is whole or not there."""
        if not self._new:
            with suppress(OSError):
                os.utime(self._file)
            return
        known = self._lines | self._new
        lines = [f"{stamp}\t{known[stamp]}" for stamp in stamps if stamp in known]
        while lines and sum(map(len, lines)) > MOST_BYTES:
            del lines[: max(len(lines) // 4, 1)]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        aside = self._file.parent / f"{secrets.token_hex(8)}.tmp"
        aside.write_bytes(zlib.compress("\n".join(lines).encode(), 1))
        aside.replace(self._file)
        _tidy(self._file.parent)


def answers_of(engine: Engine, dataset: Dataset, *facts: object) -> Answers | None:
    """The answers of the question that rests on these facts; None where nothing is kept."""
    home = engine.summaries.folder
    if home is None or not engine.is_remembering:
        return None
    name = hashlib.sha256(repr((VERSION, code_print(), *facts)).encode()).hexdigest()[:40]
    return Answers(model_folder(home, dataset.model) / FOLDER / f"{name}.z")


@cache
def code_print() -> str:
    """A fingerprint of all that works answers out: the code of this package, and the libraries."""
    from importlib.metadata import version

    told = hashlib.sha256(repr([version(name) for name in _LIBRARIES]).encode())
    folder = Path(__file__).resolve().parents[1]
    for file in sorted(folder.rglob("*.py")):
        told.update(file.relative_to(folder).as_posix().encode())
        told.update(file.read_bytes())
    return told.hexdigest()


def _read(file: Path) -> dict[str, str]:
    try:
        text = zlib.decompress(file.read_bytes()).decode()
    except (OSError, zlib.error, UnicodeDecodeError):  # none, or torn
        return {}
    return dict(line.split("\t", 1) for line in text.split("\n") if "\t" in line)


def _line_of(window: Window, results: Sequence[Result]) -> str:
    if any(r.window != window for r in results):
        raise TypeError("an answer of another period")
    rows = [[getattr(r, name) for name in _FIELDS] for r in results]
    ends = [t.isoformat() if t else None for t in (window.start, window.end)]
    return json.dumps([ends, rows], separators=(",", ":"), default=_as_plain)


def _as_plain(value: Any) -> Any:
    """A NumPy number as Python's; anything else is nothing that comes back as it was."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value)} is no plain value")


def _results_of(told: Any) -> list[Result]:
    (start, end), rows = told
    window = Window(_moment(start), _moment(end))
    n, found = len(_PLAIN), []
    for row in rows:
        name, value, n_rows, verdict = row[:n]
        found.append(Result(name, value, n_rows, verdict, window, *row[n:]))
    return found


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def _tidy(folder: Path) -> None:
    known = []
    for file in folder.iterdir():
        with suppress(OSError):  # gone meanwhile
            known.append((file.stat().st_mtime, file))
    for _at, file in sorted(known)[: max(len(known) - MOST, 0)]:
        file.unlink(missing_ok=True)
