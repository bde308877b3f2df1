"""Files of other systems into JSON lines in an import's own folder, a record at a time.

What a reader cannot take stands in a file beside them, with the reason, and is set aside by the
import. What waits for its other half waits in a database of the folder, not in memory.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from analytics.errors import UsageError
from app.ingest.formats import FOREIGN
from app.ingest.formats.records import read_records
from app.ingest.formats.words import Reading, Reject
from app.ingest.readers import FileColumn, source_sql
from app.ingest.words import ImportOptions, SourceFile
from app.ingest.workspace import Workspace

NO_TIME = ("ignore", "inferenceTime")  # the mapping that takes captures without their time


@dataclass(slots=True)
class Converted:
    """The files to read instead, what was set aside by reason, and where it stands."""

    files: tuple[SourceFile, ...]
    rejects: Path
    n_records: int = 0
    n_rows: int = 0
    names: dict[str, None] = field(default_factory=dict)
    aside: Counter[str] = field(default_factory=Counter)
    times: Counter[str] = field(default_factory=Counter)  # of these, those with a bad time only

    @property
    def n_without_time(self) -> int:
        """Records that were set aside for nothing but their time."""
        return sum(self.times.values())


class Waiting(MutableMapping[str, str]):
    """A mapping of text to text on the disk, in the order of its keys' first writing."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE waiting (key TEXT PRIMARY KEY, text TEXT)")
        self._database.execute("BEGIN")  # never ended: it dies with the folder

    def __getitem__(self, key: str) -> str:
        row = self._run("SELECT text FROM waiting WHERE key = ?", key).fetchone()
        if row is None:
            raise KeyError(key)
        return str(row[0])

    def __setitem__(self, key: str, text: str) -> None:
        again = "ON CONFLICT (key) DO UPDATE SET text = excluded.text"
        self._run(f"INSERT INTO waiting VALUES (?, ?) {again}", key, text)

    def __delitem__(self, key: str) -> None:
        self._run("DELETE FROM waiting WHERE key = ?", key)

    def __iter__(self) -> Iterator[str]:
        return (key for (key,) in self._run("SELECT key FROM waiting ORDER BY rowid"))

    def __len__(self) -> int:
        return int(self._run("SELECT count(*) FROM waiting").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _run(self, sql: str, *values: str) -> sqlite3.Cursor:
        return self._database.execute(sql, values)


def is_foreign(files: Sequence[SourceFile]) -> bool:
    """Whether the files have to be converted."""
    return files[0].format in FOREIGN


def as_lines(
    workspace: Workspace,
    files: Sequence[SourceFile],
    options: ImportOptions,
    *,
    most: int | None = None,
    skips_time: bool = False,
) -> Converted:
    """Write the rows of the files as JSON lines; ``most`` stops after so many, for a look."""
    folder = workspace.folder / f"read-{len(list(workspace.folder.glob('read-*')))}"
    folder.mkdir()
    result = Converted((), folder / "rejects.jsonl")
    targets = [folder / f"{i:05d}" / Path(file.path).name for i, file in enumerate(files)]
    with ExitStack() as stack:
        waiting = stack.enter_context(closing(Waiting(folder / "waiting.db")))
        reading = Reading(skips_time or NO_TIME in options.mapping, waiting)
        source = _Source(files, workspace)
        rejects = stack.enter_context(result.rejects.open("w", encoding="utf-8"))
        outs: dict[int, TextIO] = {}
        for n, item in enumerate(FOREIGN[files[0].format].read(iter(source), reading)):
            if isinstance(item, Reject):
                _keep(rejects, result, item, (targets[source.at].name, n))
                continue
            if source.at not in outs:
                targets[source.at].parent.mkdir()
                outs[source.at] = stack.enter_context(
                    targets[source.at].open("w", encoding="utf-8")
                )
            outs[source.at].write(json.dumps(item) + "\n")
            result.names.update(dict.fromkeys(item))
            result.n_rows += 1
            if result.n_rows == most:
                break
        result.n_records = source.n
    result.files = tuple(
        replace(file, path=str(target), n_bytes=target.stat().st_size, format="jsonl")
        for file, target in zip(files, targets, strict=True)
        if target.exists()
    )
    return result


class _Source:
    """The records of all files, one after another; ``at`` is the file that is being read."""

    def __init__(self, files: Sequence[SourceFile], workspace: Workspace) -> None:
        self.at, self.n, self._files, self._workspace = 0, 0, files, workspace

    def __iter__(self) -> Iterator[str]:
        for at, file in enumerate(self._files):
            self.at = at
            for record in read_records(Path(file.path), self._reach):
                self.n += 1
                yield record

    def _reach(self, n_bytes: int) -> None:
        """So far the present file was read; stop where cancel was pressed."""
        before = sum(file.n_bytes for file in self._files[: self.at])
        total = sum(file.n_bytes for file in self._files) or 1
        self._workspace.portion(min(1.0, (before + n_bytes) / total), 1.0)


def _keep(rejects: TextIO, result: Converted, item: Reject, place: tuple[str, int]) -> None:
    file, n = place
    line = {"file": file, "ord": n, "reason": item.reason, "raw": item.record}
    rejects.write(json.dumps(line) + "\n")
    result.aside[item.reason] += 1
    if item.is_time:
        result.times[item.reason] += 1


def check_taken(result: Converted) -> None:
    """Raise UsageError where no record can be taken."""
    if not result.n_rows:
        raise UsageError(
            "No record can be taken from these files.",
            "; ".join(f"{n:,} records: {reason}" for reason, n in result.aside.most_common(3))
            or "They hold no record.",
            "Check the format, or name another with --format.",
        )


def load_rejects(workspace: Workspace, result: Converted) -> None:
    """Set aside, in the table ``broken``, what the reader could not take."""
    if not result.aside:
        return
    file = SourceFile(str(result.rejects), 0, "jsonl")
    columns = [FileColumn(name, (name,), "VARCHAR") for name in ("file", "ord", "reason", "raw")]
    workspace.run(
        f"INSERT INTO broken SELECT r0, CAST(r1 AS BIGINT), r2, r3 FROM {source_sql(file, columns)}"
    )
