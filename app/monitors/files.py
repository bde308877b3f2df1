"""Incidents as files and for scripts: one row each, the words and times of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.auth.viewer import Viewer
from app.monitors.saying import sentence_of, span_of, title_of
from app.spreadsheet import write_table
from app.state.database import Database
from app.state.incidents import Case, list_cases

COLUMNS = ("id", "model", "kind", "severity", "status", "title", "sentence", "start", "end",
           "first_row", "last_row", "looked_after_by", "closed_by", "raised_at")  # fmt: skip


def rows_of(cases: Sequence[Case], now: datetime) -> list[dict[str, Any]]:
    """The incidents as plain values, in the order of the screen."""
    return [_row(case, now) for case in cases]


def export_incidents(database: Database, viewer: Viewer, model: str) -> bytes:
    """Every incident of the model as CSV, with an audit row; needs the right to export."""
    viewer.check("view", model)
    viewer.check("export", model)
    rows = rows_of(list_cases(database, [model]), database.clock())
    with database.write(viewer.user) as write:
        write.audit("export", "incidents", model, n_rows=len(rows), format="csv")
    return write_table(COLUMNS, (row.values() for row in rows)).encode()


def _row(case: Case, now: datetime) -> dict[str, Any]:
    found, span = case.found, span_of(case.found)
    values = (
        case.id, case.model, found.kind, found.severity, case.status(now), title_of(found),
        sentence_of(found), _moment(span.start), _moment(span.end), span.first_row, span.last_row,
        case.assigned_to or case.acknowledged_by, case.closed_by, _moment(case.created_at),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _moment(value: datetime | None) -> str | None:
    return f"{value.isoformat()}Z" if value else None
