"""Which parts may hold an id: sorted hashes of a part's ids, kept beside the logs, made when missing.

A new row is looked up there first, so that most rows never meet the log they go into. Hashes are
derived: a part that is gone takes its file with it, and one without a file gets one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.core import Log, Part
from analytics.sources.relation import relation
from app.ingest.parts import sync
from app.ingest.retire import alone
from app.ingest.workspace import Workspace, size_of

if TYPE_CHECKING:
    import numpy as np

FOLDER = "ids"
MOST = 1_000_000  # rows to look up; for more the database compares, which spills to the disk
MOST_OF_A_PART = 4_000_000  # a larger part is read by whoever may stand in it
RUNS = "runs.json"
RUN_FROM, JOINED = 16, 4  # parts without a run that become one; runs of a like size that do
MOST_OF_A_RUN = 4_000_000  # hashes: 32 MB
UNREADABLE = (OSError, ValueError, EOFError)


def holding(workspace: Workspace, model: str, existing: Log, table: str) -> Log:
    """The log with only those parts that may hold an id of the staged table."""
    if not existing.parts or workspace.value(f"SELECT count(*) FROM {table}") > MOST:
        return existing
    folder = workspace.place.home / FOLDER / model / existing.kind
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    wanted = workspace.array(f"SELECT hash(prediction_id) AS h FROM {table}")
    wanted.sort()
    with alone(workspace.place, f"ids-{model}-{existing.kind}"):
        index = _Index(workspace, folder, existing)
        wanted = wanted[index.find(wanted)]
        parts = [part for part in index.parts if len(wanted) and index.may_hold(part, wanted)]
    large = [part for part in existing.parts if part.n_rows > MOST_OF_A_PART]
    return replace(existing, parts=tuple(p for p in existing.parts if p in {*large, *parts}))


class _Index:
    """The hashes of a log: a file for each part, and runs, each with the hashes of many parts.

    A new id is looked up in a few runs instead of in every part. A run may hold hashes of parts that
    are gone: what it finds is looked up in the parts themselves.
    """

    def __init__(self, workspace: Workspace, folder: Path, existing: Log) -> None:
        self._workspace, self._folder, self._log = workspace, folder, existing
        self.parts = {p: _name(p) for p in existing.parts if p.n_rows <= MOST_OF_A_PART}
        names = set(self.parts.values())
        self._runs = {f: held for f, held in _read_runs(folder).items() if names & held}
        self._near = set[str]()  # parts of which one hash at least was found
        for gone in {file.name for file in folder.glob("*.npy")} - names - self._runs.keys():
            (folder / gone).unlink(missing_ok=True)

    def find(self, wanted: np.ndarray) -> np.ndarray:
        """Which hashes stand somewhere, or are those of a part that is gone."""
        import numpy as np

        self._merge()
        found = np.zeros(len(wanted), bool)
        for file, names in self._runs.items():
            there = _stand(_load(self._folder / file), wanted)
            self._near |= names if there.any() else set()
            found |= there
        for part in self._alone():
            there = _stand(self._hashes(part), wanted)
            self._near |= {self.parts[part]} if there.any() else set()
            found |= there
        return found

    def may_hold(self, part: Part, wanted: np.ndarray) -> bool:
        """Whether a part has one of the hashes that were found."""
        if self.parts[part] not in self._near:
            return False
        return bool(_stand(self._hashes(part), wanted).any())

    def _hashes(self, part: Part) -> np.ndarray:
        return _hashes(self._workspace, self._folder / self.parts[part], self._log, part)

    def _alone(self) -> list[Part]:
        held = {name for names in self._runs.values() for name in names}
        return [part for part, name in self.parts.items() if name not in held]

    def _merge(self) -> None:
        """Parts without a run become one, and runs of a like size become one, up to MOST_OF_A_RUN."""
        alone = self._alone()
        if len(alone) >= RUN_FROM:
            n = 0
            for i, part in enumerate(alone):
                n += part.n_rows
                if n > MOST_OF_A_RUN:
                    alone = alone[: max(i, 1)]
                    break
            self._join([self._hashes(p) for p in alone], {self.parts[p] for p in alone}, ())
        sizes: dict[int, list[str]] = {}
        for file in self._runs:
            n = size_of(self._folder / file) // 8
            if n <= MOST_OF_A_RUN // JOINED:
                sizes.setdefault(n.bit_length() // 2, []).append(file)
        for files in sizes.values():
            if len(files) >= JOINED:
                four = files[:JOINED]
                hashes = [_load(self._folder / file) for file in four]
                self._join(hashes, {name for f in four for name in self._runs[f]}, four)

    def _join(self, hashes: list[np.ndarray], names: set[str], old: Iterable[str]) -> None:
        """One run of several; it counts once the list names it."""
        import numpy as np

        joined = np.concatenate(hashes)
        joined.sort()
        file = f"run-{secrets.token_hex(8)}.npy"
        with (self._folder / file).open("wb") as stream:
            np.save(stream, joined, allow_pickle=False)
        sync(self._folder / file)
        self._runs = {f: held for f, held in self._runs.items() if f not in set(old)} | {
            file: names
        }
        new = self._folder / f"runs.{os.getpid()}.new"
        new.write_text(json.dumps({f: sorted(held) for f, held in self._runs.items()}))
        new.replace(self._folder / RUNS)
        for gone in old:
            (self._folder / gone).unlink(missing_ok=True)


def _read_runs(folder: Path) -> dict[str, set[str]]:
    """The runs that can be read, and the names of the parts in each."""
    try:
        told: dict[str, list[str]] = json.loads((folder / RUNS).read_text())
    except (OSError, ValueError):
        return {}
    found = {}
    for file, held in told.items():
        try:
            _load(folder / file)
        except UNREADABLE:
            continue
        found[file] = set(held)
    return found


def _stand(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which of the wanted hashes are known; both are sorted."""
    import numpy as np

    if not len(known):
        return np.zeros(len(wanted), bool)
    at = np.searchsorted(known, wanted)
    there: np.ndarray = known[np.minimum(at, len(known) - 1)] == wanted
    return there


def _load(file: Path) -> np.ndarray:
    import numpy as np

    found: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
    return found


def _name(part: Part) -> str:
    import duckdb

    text = f"{part.path} {part.fingerprint} {duckdb.__version__}"
    return hashlib.sha256(text.encode()).hexdigest()[:32] + ".npy"


def _hashes(workspace: Workspace, file: Path, existing: Log, part: Part) -> np.ndarray:
    import numpy as np

    try:
        return _load(file)
    except UNREADABLE:
        pass  # none yet, or one that was cut
    alone = relation(replace(existing, parts=(part,)))
    found = workspace.array(f"SELECT hash(prediction_id) AS h FROM {alone}")
    found.sort()
    new = file.with_suffix(f".{os.getpid()}.new")
    with new.open("wb") as stream:
        np.save(stream, found, allow_pickle=False)
    new.replace(file)
    return found
