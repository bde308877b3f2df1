"""One event that a person pastes: what its columns mean and what joins it to labels; nothing is kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from analytics.errors import FileUnreadable, TelltaleError
from app.ingest.plan import plan_import
from app.ingest.words import ImportOptions, ImportPlan, Place
from app.ingest.workspace import hold, new_import_id

MOST = 1 << 20
NAME = "event"


def plan_pasted(place: Place, text: str, options: ImportOptions) -> ImportPlan:
    """The plan of an import of this text: a JSON object or list, lines of CSV, or a foreign record."""
    written, ending = _as_file(text)
    folder = place.home / "tmp" / new_import_id()
    with hold(folder):
        try:
            file = folder / f"{NAME}{ending}"
            file.write_text(written, encoding="utf-8")
            plan = plan_import(replace(place, roots=None), [file], options)
            return replace(plan, files=tuple(replace(f, path=file.name) for f in plan.files))
        except TelltaleError as error:
            raise _named(error, folder) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def joins(plan: ImportPlan) -> str:
    """By what the event and its labels find each other, in a sentence."""
    column = next((c for c in plan.columns if c.stored == "prediction_id"), None)
    if column is None:
        return "No column is its id: labels, events and feedback cannot be joined to it."
    value = f" ({column.examples[0]})" if column.examples else ""
    return f"Joined by {column.name}{value}: labels, events and feedback with the same id."


def _as_file(text: str) -> tuple[str, str]:
    """The text as it goes into a file, and how the file's name ends."""
    if not text.strip() or len(text) > MOST:
        raise FileUnreadable(
            "There is nothing to look at." if not text.strip() else "This is more than 1 MB.",
            "One event is looked at: a JSON object, or the line of column names and a line of CSV.",
            "Paste one event; import files with telltale import PATH.",
        )
    if not text.lstrip().startswith(("{", "[")):
        return text, ".csv"
    try:
        value = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError) as error:
        if all(_is_object(line) for line in text.splitlines() if line.strip()):
            return text, ".jsonl"
        raise FileUnreadable(
            f"This is no JSON: {error}.",
            "A quote, a comma or a bracket is missing or stands where it should not.",
            "Mend it at the place named, and paste it again.",
        ) from error
    items = value if isinstance(value, list) else [value]
    return "".join(json.dumps(item) + "\n" for item in items), ".jsonl"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _named(error: TelltaleError, folder: Path) -> TelltaleError:
    """The same problem without the folder: the event is in none for whoever pasted it."""
    texts = (error.what, error.why, error.do)
    return type(error)(*(text.replace(f"{folder}/", "") for text in texts))
