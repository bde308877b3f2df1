"""Which parts may hold an id: sorted hashes of a part's ids, kept beside the logs, made when missing.

A new row is looked up there first, so that most rows never meet the log they go into. Hashes are
derived: a part that is gone takes its file with it, and one without a file gets one.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.core import Log, Part
from analytics.sources.relation import relation
from app.ingest.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

FOLDER = "ids"
MOST = 1_000_000  # rows to look up; for more the database compares, which spills to the disk
MOST_OF_A_PART = 4_000_000  # a larger part is read by whoever may stand in it


def holding(workspace: Workspace, model: str, existing: Log, table: str) -> Log:
    """The log with only those parts that may hold an id of the staged table."""
    import numpy as np

    if not existing.parts or workspace.value(f"SELECT count(*) FROM {table}") > MOST:
        return existing
    folder = workspace.place.home / FOLDER / model / existing.kind
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = [_name(part) for part in existing.parts]
    for gone in {file.name for file in folder.glob("*.npy")} - set(names):
        (folder / gone).unlink(missing_ok=True)
    wanted = workspace.array(f"SELECT hash(prediction_id) AS h FROM {table}")
    wanted.sort()
    parts = []
    for name, part in zip(names, existing.parts, strict=True):
        if part.n_rows > MOST_OF_A_PART:
            parts.append(part)
            continue
        known = _hashes(workspace, folder / name, existing, part)
        at = np.searchsorted(known, wanted)
        if len(known) and (known[np.minimum(at, len(known) - 1)] == wanted).any():
            parts.append(part)
    return replace(existing, parts=tuple(parts))


def _name(part: Part) -> str:
    import duckdb

    text = f"{part.path} {part.fingerprint} {duckdb.__version__}"
    return hashlib.sha256(text.encode()).hexdigest()[:32] + ".npy"


def _hashes(workspace: Workspace, file: Path, existing: Log, part: Part) -> np.ndarray:
    import numpy as np

    try:
        found: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
        return found
    except (OSError, ValueError, EOFError):
        pass  # none yet, or one that was cut
    alone = relation(replace(existing, parts=(part,)))
    found = workspace.array(f"SELECT hash(prediction_id) AS h FROM {alone}")
    found.sort()
    new = file.with_suffix(f".{os.getpid()}.new")
    with new.open("wb") as stream:
        np.save(stream, found, allow_pickle=False)
    new.replace(file)
    return found
