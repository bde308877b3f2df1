"""Attach Parquet files where they stand: nothing is copied, their mapping goes into the manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from analytics.core import Kind, Log, Part
from analytics.errors import UsageError
from analytics.sources.relation import PATH_SEPARATOR, quote_name, relation
from app.ingest.files import content_hash
from app.ingest.readers import read_columns
from app.ingest.stage import kept
from app.ingest.words import ImportPlan, ImportReport, SourceFile
from app.ingest.workspace import Workspace
from app.state.attached import file_fingerprint
from app.state.logs import PartRow

Commit = Callable[..., None]


def attach(workspace: Workspace, plan: ImportPlan, commit: Commit) -> ImportReport:
    """Measure each file through its mapping and commit its parts; the files are only read."""
    if plan.format != "parquet":
        raise UsageError(
            f"Only Parquet can be attached in place, not {plan.format}.",
            "Text would be read anew for every question.",
            "Import it: leave --attach out.",
        )
    parts: list[PartRow] = []
    row = 0
    for i, file in enumerate(plan.files):
        workspace.step(
            0.1 + 0.8 * i / len(plan.files), 0.1 + 0.8 * (i + 1) / len(plan.files), "Measuring"
        )
        for kind in _kinds(plan):
            part = _part(workspace, plan, file, (kind, row))
            parts.append(part)
        row = parts[-1].last_row + 1
    n = sum(p.n_rows for p in parts if p.kind == plan.kind)
    n_labels = sum(p.n_rows for p in parts if p.kind == "labels")
    report = ImportReport(
        workspace.id,
        plan.options.model,
        plan.options.log,
        plan.kind,
        plan.task,
        n,
        n,
        n_labels=n_labels,
        n_parts=len(parts),
        notes=plan.problems,
        lacks=plan.lacks,
    )
    commit(workspace.place, plan, report, parts)
    return report


def _kinds(plan: ImportPlan) -> list[Kind]:
    has_label = any(c.role == "label" for c in plan.columns)
    return [plan.kind, "labels"] if plan.kind == "predictions" and has_label else [plan.kind]


def _part(
    workspace: Workspace, plan: ImportPlan, file: SourceFile, place: tuple[Kind, int]
) -> PartRow:
    kind, first = place
    own = {c.name for c in read_columns(workspace, file)}
    wanted = [c for c in kept(plan) if c.name in own]
    if kind == "labels":
        wanted = [
            c
            for c in wanted
            if c.role in ("prediction_id", "label", "label_time", "source", "queue", "sampling_p")
        ]
    else:
        wanted = [c for c in wanted if c.role not in ("label", "label_time")]
    mapping = [(c.stored, PATH_SEPARATOR.join(c.path), c.conversion) for c in wanted]
    if not any(c.role == "prediction_id" for c in wanted):
        mapping.append(("prediction_id", "", f"row_id:{content_hash(file.path)}-"))
    mapping.append(("row", "", f"row_number:{first}"))
    moment = next((c.stored for c in wanted if c.role in ("timestamp", "label_time")), None)
    part = Part(file.path, 0, "", mapping=tuple(mapping))
    span = f"min({quote_name(moment)}), max({quote_name(moment)})" if moment else "NULL, NULL"
    n, start, end = workspace.run(f"SELECT count(*), {span} FROM {relation(Log(kind, (part,)))}")[0]
    columns = tuple(name for name, _column, _conversion in mapping)
    types = {c.stored: c.recorded_type for c in wanted}
    size = Path(file.path).stat().st_size
    return PartRow(
        plan.options.log,
        kind,
        file.path,
        "none",
        n,
        size,
        file_fingerprint(file.path),
        start,
        end,
        first,
        first + n - 1,
        columns,
        types,
        tuple(mapping),
    )
