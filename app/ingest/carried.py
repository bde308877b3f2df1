"""Labels that stand beside rows stay there when labels of other rows arrive, and few files hold them.

Which rows a new label belongs to is looked up in the hashes of their ids: a day of labels costs a day,
whatever the log's length. Files of like size become one, read and written as they stand.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analytics.core import Part
from analytics.query.aligned import (
    FOLDER,
    REPLACED,
    Aligned,
    Rows,
    describe,
    folder_of,
    name_of,
    stamp_sql,
    starts_of,
)
from analytics.sources.relation import quote_text, relation
from app.ingest.known import holding
from app.ingest.parts import sync
from app.ingest.workspace import Workspace

TIER = 4  # files of like size become one
FEW = 4  # parts of labels that are read as they are, without looking ids up
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Before:
    """A file from before the last labels: what its line says, and which parts of labels it knew."""

    line: Path
    told: dict[str, Any]
    labels: frozenset[Name]


def before(home: Path, rows: Rows) -> list[Before]:
    """Files that lack nothing but the labels that came last, those that know most."""
    there = {name_of(part) for part in rows.labels.parts}
    found = []
    for line in sorted(folder_of(home / FOLDER, rows).glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(line.read_text())
            labels = frozenset((str(name), str(digest)) for name, digest in told["labels"])
            if told["key"] != rows.key and told["rest"] == rows.rest and labels < there:
                found.append(Before(line, told, labels))
    most = max((one.labels for one in found), key=len, default=frozenset())
    return [one for one in found if one.labels == most]


def carry(work: Workspace, rows: Rows, files: Sequence[Before]) -> None:
    """Let files count on, without the parts of which a row may have one of the new labels."""
    new = [part for part in rows.labels.parts if name_of(part) not in files[0].labels]
    ids = f"(SELECT prediction_id FROM {relation(rows.labels, new)})"
    touched = holding(work, rows.dataset.model, rows.predictions, ids).parts
    names = set(map(name_of, touched))
    for i, one in enumerate(files):
        parts = [
            [REPLACED, "", n, ""] if (name, digest) in names else [name, digest, n, *stamp]
            for name, digest, n, *stamp in one.told["parts"]
        ]
        n_rows = sum(part[2] for part in parts)
        if 2 * sum(part[2] for part in parts if part[0] == REPLACED) <= n_rows:
            _link(work, rows, one, i, parts)


def _link(work: Workspace, rows: Rows, one: Before, i: int, parts: list[list[Any]]) -> None:
    """The same file under another name, with a line that says what counts of it now."""
    target = one.line.with_name(f"{rows.key}-{work.id}-{i}.parquet")
    try:
        os.link(one.line.with_suffix(".parquet"), target)
    except OSError:  # no such thing on this disk, or it is gone: its labels are put there anew
        return
    line = work.folder / "carried.json"
    told = json.loads(describe(rows, (), one.told["bytes"])) | {"parts": parts}
    line.write_text(json.dumps(told))
    sync(line)
    line.replace(target.with_suffix(".json"))
    sync(target.parent)


def near(work: Workspace, rows: Rows, parts: Sequence[Part]) -> Rows:
    """The rows with those parts of labels alone that may have labels of these parts' rows."""
    labels = rows.labels
    if len(labels.parts) <= FEW or len({part.file_types for part in labels.parts}) > 1:
        return rows
    ids = f"(SELECT prediction_id FROM {relation(rows.predictions, parts)})"
    found = holding(work, rows.dataset.model, labels, ids)
    if not found.parts:
        found = replace(labels, parts=labels.parts[:1])
    logs = {**rows.dataset.logs, (rows.log, "labels"): found}
    return replace(rows, dataset=replace(rows.dataset, logs=logs))


def alike(tables: Iterable[Aligned]) -> list[list[Aligned]]:
    """Files of like size that are to become one."""
    tiers: dict[int, list[Aligned]] = {}
    for table in tables:
        tiers.setdefault(int(math.log(max(table.n_rows, 1), TIER)), []).append(table)
    return [found for found in tiers.values() if len(found) >= TIER]


def join_sql(tables: Sequence[Aligned]) -> tuple[str, list[Part]]:
    """The rows of some files as those of one, and the parts that they are of, in order."""
    parts: list[Part] = []
    n, selects = 0, []
    for table, first, last, mine in _spans(tables):
        selects.append(
            f"SELECT * REPLACE (_at - {first - n} AS _at) FROM {table.source}"
            f" WHERE _at >= {first} AND _at < {last}"
        )
        n += last - first
        parts += mine
    return " UNION ALL BY NAME ".join(selects), parts


def _spans(tables: Sequence[Aligned]) -> Iterator[tuple[Aligned, int, int, list[Part]]]:
    """Stretches of rows that count, and the parts that stand there."""
    for table in tables:
        first = last = 0
        mine: list[Part] = []
        for part in sorted(table.starts, key=table.starts.__getitem__):
            if table.starts[part] != last and mine:
                yield table, first, last, mine
                mine = []
            first = first if mine else table.starts[part]
            last = table.starts[part] + part.n_rows
            mine.append(part)
        if mine:
            yield table, first, last, mine


def stamps_of(work: Workspace, rows: Rows, parts: Sequence[Part], file: Path) -> dict[Part, str]:
    """The stamps of the labels in a file that was just written."""
    source = f"read_parquet({quote_text(str(file))}, hive_partitioning = false)"
    pieces = (
        f"SELECT {i} AS i, label FROM ({stamp_sql(source, start, part, rows.labels)})"
        for i, (part, start) in enumerate(starts_of(parts).items())
    )
    found = work.run(f"FROM ({' UNION ALL '.join(pieces)})")
    return {parts[i]: str(stamp) for i, stamp in found}


def copy_sql(rows: str, file: Path) -> str:
    """Write labels beside rows as a file."""
    return (
        f"COPY ({rows}) TO {quote_text(str(file))}"
        " (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
    )
