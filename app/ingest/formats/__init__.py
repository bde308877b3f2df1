"""Logs as other systems write them, turned into JSON lines that an import reads."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from analytics.errors import FileUnreadable, UsageError
from app.ingest.files import file_head, find_files
from app.ingest.formats.kserve import read_kserve
from app.ingest.formats.sagemaker import read_sagemaker
from app.ingest.words import ImportOptions

FOREIGN = ("sagemaker", "kserve")


def as_lines(
    paths: Sequence[str], options: ImportOptions, folder: Path
) -> tuple[list[str], ImportOptions, dict[str, int]]:
    """The files as JSON lines in ``folder``, the options that read these, records aside by reason.

    A record that cannot be turned stands there as it was, in a list, so that the import keeps it aside.
    Files of no foreign format come back as they are.
    """
    if options.format not in (*FOREIGN, "auto"):
        return list(paths), options, {}
    if options.format == "auto" and not _is_capture(paths):
        return list(paths), options, {}
    skips_time = ("ignore", "inferenceTime") in options.mapping
    written, aside = [], Counter[str]()
    n_good = 0
    for i, file in enumerate(find_files(paths, "jsonl")):
        found = _lines(Path(file.path))
        is_kserve = options.format == "kserve"
        rows, rejects = (
            read_kserve(found) if is_kserve else read_sagemaker(found, skips_time=skips_time)
        )
        n_good += len(rows)
        aside.update(reject.reason for reject in rejects)
        lines = [json.dumps(row) for row in rows]
        lines += [json.dumps([reject.record, reject.reason]) for reject in rejects]
        target = folder / f"{i:05d}.jsonl"
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
        written.append(str(target))
    if not n_good:
        raise UsageError(
            "No record can be taken from these files.",
            "; ".join(f"{n:,} records: {reason}" for reason, n in aside.items()),
            "Check the format; of SageMaker, --map ignore=inferenceTime goes without times.",
        )
    mapping = tuple(pair for pair in options.mapping if pair != ("ignore", "inferenceTime"))
    return written, replace(options, format="jsonl", mapping=mapping), dict(aside)


def _is_capture(paths: Sequence[str]) -> bool:
    """Whether one file is named and its first line is unmistakably of SageMaker."""
    if len(paths) != 1 or not Path(paths[0]).is_file():
        return False
    try:
        head = file_head(Path(paths[0])).splitlines()
        first = json.loads(head[0]) if head else None
    except (OSError, EOFError, ValueError):
        return False  # the import itself says what is wrong with it
    return isinstance(first, dict) and "eventMetadata" in first and "eventVersion" in first


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        return text.decode("utf-8").splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error}",
            "The file was cut, or is not UTF-8 text.",
            "Copy it again and compare its size with the original.",
        ) from error
