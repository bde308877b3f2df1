"""Tables that open in a spreadsheet: a text that it would run as a formula gets an apostrophe in front."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from analytics.query.explore import FORMULA


def write_table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """The rows as CSV under their columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Any) -> Any:
    """One value as a cell holds it; lists and mappings as JSON, nothing as nothing."""
    if isinstance(value, dict | list | tuple):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
