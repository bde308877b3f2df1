"""Rows of a labelling project as files: JSONL, CSV, Label Studio JSON, a Hugging Face data set.

What one writes, the same one reads. In CSV a text that a spreadsheet would run as a formula (or
that begins with an apostrophe) gets an apostrophe in front, which reading takes off.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from analytics.errors import FileUnreadable, UsageError
from app.labelling.rows import COLUMNS, FLAGS, JSON, NEVER_EMPTY, NUMBERS, WHOLE, Row
from app.labelling.studio import from_studio, to_studio
from app.state.labels import Project

RISKY = ("=", "+", "@", "-", "\t", "\r", "'")
FORMATS = ("jsonl", "csv", "label-studio", "huggingface")
FOLDER = "data"  # of the data set's parts


def write_file(kind: str, project: Project, rows: Sequence[Row]) -> bytes:
    """The rows as one file of that format (not ``huggingface``, which is a folder)."""
    writers: dict[str, Callable[[Project, Sequence[Row]], str]] = {
        "jsonl": lambda _project, some: "".join(_line(row) + "\n" for row in some),
        "csv": lambda _project, some: _csv(some),
        "label-studio": lambda project, some: json.dumps(
            to_studio(project, some), ensure_ascii=False, indent=1
        ),
    }
    if kind not in writers:
        raise UsageError(
            f"There is no file of format {kind!r}.", "", f"There are: {', '.join(FORMATS)}."
        )
    return writers[kind](project, rows).encode()


def read_file(kind: str, content: bytes) -> list[Row]:
    """The rows of a file of that format; FileUnreadable where it is none."""
    readers: dict[str, Callable[[str], list[Row]]] = {
        "jsonl": lambda text: [json.loads(line) for line in text.split("\n") if line.strip()],
        "csv": _from_csv,
        "label-studio": lambda text: from_studio(json.loads(text)),
    }
    if kind not in readers:
        raise UsageError(
            f"There is no file of format {kind!r}.", "", f"There are: {', '.join(FORMATS)}."
        )
    try:
        rows = readers[kind](content.decode("utf-8-sig"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileUnreadable(
            f"The file is no {kind} of labels: {str(error)[:200]}",
            "It may be of another format, or cut.",
            f"The formats are: {', '.join(FORMATS)}.",
        ) from error
    if not all(isinstance(row, dict) for row in rows):
        raise FileUnreadable(f"The file is no {kind} of labels.", "A line is no object.", "")
    return rows


def write_folder(project: Project, rows: Sequence[Row], folder: Path) -> list[Path]:
    """The rows as a folder that Hugging Face's ``load_dataset`` opens; the files written."""
    import pyarrow.parquet as pq

    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    part = folder / FOLDER / "train-00000-of-00001.parquet"
    pq.write_table(_table(rows), part, compression="zstd")
    card = folder / "README.md"
    card.write_text(_card(project, rows))
    return [part, card]


def read_folder(folder: Path) -> list[Row]:
    """The rows of such a folder; FileUnreadable where it has no Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = sorted((folder / FOLDER).glob("*.parquet"))
    if not parts:
        raise FileUnreadable(
            f"There is no Parquet file in {FOLDER}/ of {folder.name}.",
            "A data set of Hugging Face keeps its rows there.",
            "Give the folder that holds README.md.",
        )
    try:
        found = [row for part in parts for row in pq.read_table(part).to_pylist()]
        return [{**row, **{name: json.loads(row[name] or "{}") for name in JSON}} for row in found]
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise FileUnreadable(f"The data set cannot be read: {str(error)[:200]}", "", "") from error


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True)


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(name, row[name]) for name in COLUMNS] for row in rows)
    return text.getvalue()


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in JSON:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if name in NUMBERS or name in WHOLE:
        return repr(value)
    if name in FLAGS:
        return str(value).lower()
    text = str(value)
    return f"'{text}" if text.startswith(RISKY) else text


def _from_csv(text: str) -> list[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not reader.fieldnames or "prediction_id" not in reader.fieldnames:
        raise ValueError("there is no column prediction_id")
    return [{name: _value(name, cell) for name, cell in row.items() if name} for row in reader]


def _value(name: str, cell: Any) -> Any:
    if not cell:
        return "" if name in NEVER_EMPTY else None
    if name in JSON or name in NUMBERS or name in WHOLE or name in FLAGS:
        return cell
    return cell[1:] if cell.startswith("'") else cell


def _table(rows: Sequence[Row]) -> Any:
    """One typed column for each name; features and prediction as JSON text."""
    import pyarrow as pa

    types = {**dict.fromkeys(NUMBERS, pa.float64()), **dict.fromkeys(WHOLE, pa.int64())}
    types |= dict.fromkeys(FLAGS, pa.bool_())
    arrays = {}
    for name in COLUMNS:
        values = [row[name] for row in rows]
        if name in JSON:
            values = [json.dumps(v, ensure_ascii=False, sort_keys=True) for v in values]
        arrays[name] = pa.array(values, types.get(name, pa.string()))
    return pa.table(arrays)


def _card(project: Project, rows: Sequence[Row]) -> str:
    """The README of the data set: YAML that Hugging Face reads, and words for people."""
    setup = project.setup
    n = len(rows)
    size = next(name for most, name in _SIZES if n < most)
    what = "tabular-regression" if setup.kind == "value" else "tabular-classification"
    lines = [
        "---",
        f"pretty_name: {json.dumps(f'Labels of {project.model}')}",
        "task_categories:",
        f"- {what}",
        "tags:",
        "- telltale",
        "size_categories:",
        f"- {size}",
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        f"    path: {FOLDER}/train-*.parquet",
        "---",
        "",
        f"# Labels of {project.model}",
        "",
        f"Question: {setup.question}",
        "",
        f"{n:,} rows, one an answer; a task without answers is a row with an empty `unique_id`."
        " `data` are the features and `prediction` is what the model said, both as JSON."
        " `sampling_p` is the chance with which the row was drawn, empty where it was chosen for"
        " being hard. Times are UTC.",
        "",
    ]
    if setup.guideline:
        lines += ["## Guideline", ""]
        lines += [f"- {name}: {guide.text}" for name, guide in sorted(setup.guideline.items())]
        lines.append("")
    lines += ["## Columns", "", ", ".join(f"`{name}`" for name in COLUMNS), ""]
    return "\n".join(lines)


_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (float("inf"), "1M<n<10M"),
)
