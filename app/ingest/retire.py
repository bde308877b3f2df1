"""Files made from the logs beside a line of JSON each: who makes them, how they come and how they go.

Each is written aside, synced and moved into place, and counts from the moment on at which its line
stands beside it: what a process that died left behind is never read.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.ingest.parts import sync
from app.ingest.words import Place
from app.ingest.workspace import reach

KEEP_OLD_S = 600.0


def put_in_place(file: Path, line: str, target: Path, what: str) -> None:
    """Move a file that was written aside into place, then its line."""
    told = file.with_suffix(".json")
    told.write_text(line)
    for written in (file, told):
        sync(written)
    reach(f"{what}-written")
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)
    reach(f"{what}-moved")
    told.replace(target.with_suffix(".json"))
    sync(target.parent)
    reach(f"{what}-placed")


def retire(folder: Path, keep: Sequence[str]) -> None:
    """Files that no longer count are found no more, and go ten minutes later."""
    for line in folder.glob("*.json"):
        if line.stem not in keep:
            line.replace(line.with_suffix(".old"))
            os.utime(line.with_suffix(".old"))
    for old in folder.glob("*.old"):
        if time.time() - old.stat().st_mtime > KEEP_OLD_S:
            old.with_suffix(".parquet").unlink(missing_ok=True)
            old.unlink()
    for file in folder.glob("*.parquet"):
        if not any(file.with_suffix(end).exists() for end in (".json", ".old")):
            file.unlink()


@contextmanager
def alone(place: Place, name: str) -> Iterator[None]:
    """One process at a time does what has this name."""
    folder = place.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
