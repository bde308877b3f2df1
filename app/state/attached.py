"""Files that are read where they stand: their fingerprint, and what changed since they were attached."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from analytics.core import Part


def file_fingerprint(path: str | Path) -> str:
    """Size, time of change and footer of a Parquet file as one digest."""
    file = Path(path)
    status = file.stat()
    digest = hashlib.sha256(f"{status.st_size}:{status.st_mtime_ns}:".encode())
    with file.open("rb") as stream:
        stream.seek(max(0, status.st_size - 8))
        tail = stream.read(8)
        length = int.from_bytes(tail[:4], "little")
        stream.seek(max(0, status.st_size - 8 - length))
        digest.update(stream.read())
    return f"attached:{digest.hexdigest()}"


def refresh(part: Part, notes: list[str]) -> Part | None:
    """The part as its file is now; None, and a note, where the file is gone or broken."""
    try:
        fingerprint = file_fingerprint(part.path)
    except OSError as error:
        notes.append(f"The attached file {part.path} cannot be read: {error.strerror}.")
        return None
    if fingerprint == part.fingerprint:
        return part
    measured = _measure(replace(part, fingerprint=fingerprint))
    if measured is None:
        notes.append(f"The attached file {part.path} changed and cannot be read as Parquet now.")
    return measured


@lru_cache(maxsize=4096)
def _measure(part: Part) -> Part | None:
    import duckdb

    from analytics.core import Log
    from analytics.sources.relation import relation

    times = [name for name, _c, _v in part.mapping or () if name in ("timestamp", "known_at")]
    span = f'min("{times[0]}"), max("{times[0]}")' if times else "NULL, NULL"
    source = relation(Log("predictions", (part,)))
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        row = connection.execute(f"SELECT count(*), {span} FROM {source}").fetchone()
    except duckdb.Error:
        return None
    finally:
        connection.close()
    assert row is not None
    size = Path(part.path).stat().st_size
    return replace(part, n_rows=row[0], start=row[1], end=row[2], n_bytes=size)
