"""Which files an import reads: a file, a folder or a glob, their format, and what is wrong with them."""

from __future__ import annotations

import csv
import difflib
import gzip
import hashlib
import zlib
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import cast

from analytics.errors import AccessDenied, FileUnreadable, LogEmpty, UsageError
from app.ingest.formats import FOREIGN, recognise
from app.ingest.words import Format, SourceFile

ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
KNOWN = ("auto", "csv", "jsonl", "json", "parquet", *FOREIGN)


def find_files(
    paths: Sequence[str | Path], chosen: str = "auto", roots: Sequence[Path] | None = None
) -> tuple[SourceFile, ...]:
    """The files that the paths name, in the order of their names, all of one format."""
    _check_format(chosen)
    found: dict[str, None] = {}
    for path in paths:
        for file in _expand(str(path)):
            found[str(file)] = None
    if not found:
        raise FileUnreadable(
            f"No log file was found at {', '.join(map(str, paths)) or 'no path at all'}.",
            f"Files end in {', '.join(ENDINGS)}, or these with .gz.",
            "Check the path, or name the format with --format.",
        )
    if roots is not None:
        _check_roots(list(found), roots)
    files = tuple(_inspect(Path(path), chosen) for path in found)
    formats = {file.format for file in files}
    if len(formats) > 1:
        raise UsageError(
            f"The files are of several formats: {', '.join(sorted(formats))}.",
            "One import reads one format.",
            "Import each format by itself, such as 'logs/*.csv' and then 'logs/*.parquet'.",
        )
    return files


def _check_format(chosen: str) -> None:
    if chosen in KNOWN:
        return
    near = difflib.get_close_matches(chosen, KNOWN, n=1)
    raise UsageError(
        f"There is no format {chosen!r}.",
        f"The formats are: {', '.join(KNOWN)}.",
        f"Did you mean --format {near[0]}?" if near else "Leave --format out to have it found.",
    )


def _expand(path: str) -> list[Path]:
    place = Path(path).expanduser()
    if place.is_dir():
        files = sorted(p for p in place.rglob("*") if p.is_file() and _ending(p) in ENDINGS)
        return [p.resolve() for p in files if not p.name.startswith((".", "_"))]
    if place.exists():
        return [place.resolve()]
    if has_magic(path):
        found = glob(str(place), recursive=True)  # noqa: PTH207 (Path.glob takes no absolute one)
        return [Path(p).resolve() for p in sorted(found) if Path(p).is_file()]
    near = []
    if place.parent.is_dir():
        near = difflib.get_close_matches(place.name, [p.name for p in place.parent.iterdir()], n=1)
    raise FileUnreadable(
        f"There is no file {path}.",
        "It was moved, or the name is spelled otherwise.",
        f"Did you mean {place.parent / near[0]}?" if near else "Check the path.",
    )


def _check_roots(paths: Sequence[str], roots: Sequence[Path]) -> None:
    allowed = [root.resolve() for root in roots]
    for path in paths:
        if not any(Path(path).is_relative_to(root) for root in allowed):
            raise AccessDenied(
                f"{path} is outside the folders that may be imported.",
                "An administrator decides which folders of the server may be read.",
                "Add its folder to TELLTALE_IMPORT_ROOTS, or upload the file.",
            )


def _ending(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _inspect(path: Path, chosen: str) -> SourceFile:
    try:
        n_bytes = path.stat().st_size
        head = file_head(path)
    except PermissionError as error:
        raise FileUnreadable(
            f"{path} may not be read.",
            "This user has no right to read it.",
            "Change its rights, or import it as a user who may read it.",
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise FileUnreadable(
            f"{path} cannot be unpacked: {error}",
            "The file was cut or is not gzip.",
            "Copy it again and compare its size with the original.",
        ) from error
    if not head.strip():
        raise LogEmpty(
            f"{path} is empty.",
            "Nothing was written to it, or the copy failed.",
            "Check where it came from; nothing was imported.",
        )
    kind = _format(path, chosen, head)
    return SourceFile(str(path), n_bytes, kind, _delimiter(head) if kind == "csv" else "")


def file_head(path: Path) -> bytes:
    """The first 64 kB of a file, unpacked."""
    with path.open("rb") as stream:
        start = stream.read(65536)
    if start[:2] != b"\x1f\x8b":
        return start
    with gzip.open(path) as stream:
        return stream.read(65536)


def _format(path: Path, chosen: str, head: bytes) -> Format:
    foreign = recognise(head) if chosen == "auto" else chosen
    if foreign in FOREIGN:
        return cast("Format", foreign)
    is_parquet = head[:4] == b"PAR1"
    if chosen not in ("auto", "json", "jsonl", "csv") or chosen == "auto" and is_parquet:
        if not is_parquet:
            raise FileUnreadable(
                f"{path} is not a Parquet file.",
                "It does not begin with the four letters PAR1.",
                "Leave --format out, or convert the file.",
            )
        return "parquet"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileUnreadable(
            f"{path} is written in UTF-16.",
            "Text is read as UTF-8.",
            f"Convert it: iconv -f UTF-16 -t UTF-8 {path.name} > utf8_{path.name}",
        )
    if b"\0" in head:
        raise FileUnreadable(
            f"{path} is not a text file.",
            "It holds bytes that no CSV or JSON has; it may be packed or of another format.",
            "Unpack it, or export it as CSV, JSONL or Parquet.",
        )
    named = ENDINGS.get(_ending(path), "csv") if chosen == "auto" else chosen
    if named in ("json", "jsonl") or chosen == "auto" and head.lstrip()[:1] == b"{":
        return "json" if head.lstrip()[:1] == b"[" else "jsonl"
    if named == "parquet":
        raise FileUnreadable(
            f"{path} is named like a Parquet file and is none.",
            "It does not begin with the four letters PAR1: it was cut or is of another format.",
            "Copy it again, or name its format with --format.",
        )
    return "csv"


def _delimiter(head: bytes) -> str:
    """The sign between columns: the one that cuts the first lines into the same number of pieces."""
    lines = head.decode("utf-8", "replace").lstrip("\ufeff").splitlines()[:20]
    if len(lines) > 1 and len(head) >= 65536:
        lines = lines[:-1]
    best, most = ",", 0.0
    for sign in (",", ";", "\t", "|"):
        counts = [len(row) for row in csv.reader(lines, delimiter=sign) if row]
        if not counts or counts[0] < 2:
            continue
        same = sum(count == counts[0] for count in counts) / len(counts)
        if same * counts[0] > most:
            best, most = sign, same * counts[0]
    return best


def content_hash(path: str) -> str:
    """The first 16 letters of the SHA-256 of a file: ids of rows that have none begin with it."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]
