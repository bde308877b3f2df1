"""The rows that an import set aside: kept as they came, with the reason, for whoever wants to look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from analytics.errors import FileUnreadable, NameUnknown
from app.auth.viewer import Viewer
from app.ingest.words import Place
from app.state.logs import list_imports

ID = re.compile(r"(wal-)?[0-9]{8}T[0-9]{6}-[0-9a-f]{8}(-[0-9]+){0,2}(-aside)?")
LIMIT = 200


@dataclass(frozen=True, slots=True)
class AsideRow:
    """One row as it stood in its file. ``row`` counts from 1 over all files of the import."""

    file: str
    row: int
    reason: str
    raw: str


def open_aside(viewer: Viewer, place: Place, import_id: str, limit: int = LIMIT) -> list[AsideRow]:
    """The first rows that an import set aside, with an audit row that says who looked.

    The rows are raw, sensitive columns with them: AccessDenied for who may not see those.
    """
    found = next((row for row in list_imports(place.database) if row.id == import_id), None)
    if found is None:
        raise NameUnknown(f"There is no import {import_id!r}.", "", "Choose one on Add data.")
    viewer.check("explore", found.model)
    viewer.check("see_sensitive", found.model)
    rows = read_aside(place, import_id, limit)
    with place.database.write(viewer.user) as write:
        write.audit("open", "aside", f"{found.model}/{import_id}", n_rows=len(rows))
    return rows


def read_aside(place: Place, import_id: str, limit: int = LIMIT) -> list[AsideRow]:
    """The first rows of the file in which an import kept what it set aside; none without a file."""
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import ParquetFile

    if not ID.fullmatch(import_id):
        raise NameUnknown(f"{import_id!r} is no import's id.", "", "Choose one on Add data.")
    path = place.home / "aside" / f"{import_id}.parquet"
    if not path.is_file():
        return []
    try:
        with ParquetFile(path) as file:
            batch = next(file.iter_batches(batch_size=max(1, limit)), None)
            found = batch.to_pylist() if batch is not None else []
    except (OSError, ArrowInvalid) as error:
        raise FileUnreadable(
            f"{path.name} cannot be read.",
            "It was cut or changed after the import wrote it.",
            "Restore the folder aside of the home from a backup; the import itself stands.",
        ) from error
    return [
        AsideRow(Path(str(r["file"])).name, int(r["ord"]) + 1, str(r["reason"]), str(r["raw"]))
        for r in found[:limit]
    ]
