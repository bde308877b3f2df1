"""Read the files into one staged table: converted, checked, with what is set aside and why."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.sources.profile import is_missing
from analytics.sources.relation import convert, quote_name, quote_text
from app.ingest.convert import as_lines, check_taken, is_foreign, load_rejects
from app.ingest.files import content_hash
from app.ingest.formats import FOREIGN
from app.ingest.readers import read_columns, source_sql
from app.ingest.words import ImportPlan, PlanColumn, SourceFile
from app.ingest.workspace import Workspace

NUMBER_LIKE = ("double", "seconds", "truth")
SQL_TYPES = {
    "double": "DOUBLE",
    "seconds": "DOUBLE",
    "utc": "TIMESTAMP",
    "zone": "TIMESTAMP",
    "instant": "TIMESTAMP",
    "epoch_s": "TIMESTAMP",
    "epoch_ms": "TIMESTAMP",
    "epoch_us": "TIMESTAMP",
    "epoch_ns": "TIMESTAMP",
}


def kept(plan: ImportPlan) -> list[PlanColumn]:
    """The columns that are stored."""
    return [c for c in plan.columns if c.role != "ignore"]


def sql_type(column: PlanColumn) -> str:
    """The SQL type under which a column is stored."""
    return SQL_TYPES.get(column.conversion.partition(":")[0], "VARCHAR")


def stage_files(workspace: Workspace, plan: ImportPlan) -> None:
    """Fill ``staged`` (converted rows; ``reason`` and ``raw`` where one is set aside) and ``broken``."""
    columns = kept(plan)
    declared = "".join(f", {quote_name(c.stored)} {sql_type(c)}" for c in columns)
    made = "" if _has_id(plan) else ", prediction_id VARCHAR"
    workspace.run(
        f"CREATE TABLE staged (file VARCHAR, ord BIGINT{declared}{made}, reason VARCHAR, raw VARCHAR)"
    )
    workspace.run("CREATE TABLE broken (file VARCHAR, ord BIGINT, reason VARCHAR, raw VARCHAR)")
    files, begun = plan.files, 0.02
    if is_foreign(files):
        workspace.step(0.02, 0.3, f"Reading {FOREIGN[plan.format].title}")
        found = as_lines(workspace, files, plan.options)
        check_taken(found)
        load_rejects(workspace, found)
        files, begun = found.files, 0.3
    start, done = 0, 0
    total = sum(f.n_bytes for f in files) or 1
    for i, file in enumerate(files):
        share = begun + (0.6 - begun) * done / total
        done += file.n_bytes
        name = file.path.rsplit("/", 1)[-1]
        workspace.step(share, begun + (0.6 - begun) * done / total, f"Reading {name}")
        _stage_file(workspace, plan, file, (i, start))
        start = int(workspace.value("SELECT coalesce(max(ord) + 1, 0) FROM staged"))


def _has_id(plan: ImportPlan) -> bool:
    return plan.kind == "events" or any(c.role == "prediction_id" for c in kept(plan))


def _stage_file(
    workspace: Workspace, plan: ImportPlan, file: SourceFile, place: tuple[int, int]
) -> None:
    number, start = place
    own = read_columns(workspace, file, is_full=True)
    rejects = f"rejects_{number}" if file.format == "csv" else None
    source = source_sql(file, own, rejects)
    index = {c.name: f"r{i}" for i, c in enumerate(own)}
    is_text = {c.name: c.sql_type == "VARCHAR" for c in own}
    columns = [c for c in kept(plan) if c.name in index]
    picks = [
        f"{_converted(index[c.name], c, is_text[c.name])} AS {quote_name(c.stored)}"
        for c in columns
    ]
    if not _has_id(plan):
        prefix = quote_text(content_hash(file.path) + "-")
        picks.append(f"{prefix} || CAST(n AS VARCHAR) AS prediction_id")
    reason = _reason(columns, index, is_text, plan)
    raw = "to_json({" + ", ".join(f"{quote_text(c.name)}: r{i}" for i, c in enumerate(own)) + "})"
    raw = f"CASE WHEN reason IS NOT NULL THEN CAST({raw} AS VARCHAR) END"
    if file.format in ("jsonl", "json"):
        reason = f"CASE WHEN is_broken THEN 'the line is no JSON object' ELSE {reason} END"
        raw = f"CASE WHEN is_broken THEN line ELSE {raw} END"
    name = quote_text(file.path.rsplit("/", 1)[-1])
    judged = (
        f"SELECT *, {reason} AS reason FROM (SELECT *, row_number() OVER () - 1 AS n FROM {source})"
    )
    workspace.run(
        f"INSERT INTO staged BY NAME SELECT {name} AS file, {start} + n AS ord, {', '.join(picks)},"
        f" reason, {raw} AS raw FROM ({judged})"
    )
    if rejects is not None:
        workspace.run(
            f"INSERT INTO broken SELECT {name}, line, 'the line cannot be read: ' ||"
            f" lower(any_value(CAST(error_type AS VARCHAR))), any_value(csv_line)"
            f" FROM {quote_name(rejects)} GROUP BY line"
        )


def _converted(raw: str, column: PlanColumn, is_text: bool) -> str:
    conversion = column.conversion
    name = conversion.partition(":")[0]
    if name == "json":  # the reader has written it as text already
        return raw
    value = convert(raw, conversion)
    if is_text and name not in ("text", "class", "keep", "json"):
        return f"CASE WHEN NOT {is_missing(raw)} THEN {value} END"
    return value


def _reason(
    columns: Sequence[PlanColumn], index: dict[str, str], is_text: dict[str, bool], plan: ImportPlan
) -> str:
    """SQL of why a row is set aside; NULL for a good one."""
    cases = []
    for column in columns:
        raw, text = index[column.name], is_text[column.name]
        missing = is_missing(raw) if text else f"{raw} IS NULL"
        value = _converted(raw, column, text)
        kind = sql_type(column)
        if column.role == "prediction_id":
            cases.append((f"{value} IS NULL", "the prediction_id is missing"))
        elif column.role == "event":
            cases.append((f"{value} IS NULL", "the event has no name"))
        elif column.role == "timestamp":
            cases.append((missing, "the timestamp is missing"))
            cases.append((f"{value} IS NULL", "the timestamp cannot be read"))
        elif column.role == "label" and plan.kind == "labels":
            cases.append((missing, "the label is missing"))
            cases.append((f"{value} IS NULL", "the label cannot be read"))
        elif text and kind == "DOUBLE" and not column.is_changed:
            cases.append((f"NOT {missing} AND {value} IS NULL", f"{column.name} is not a number"))
        elif text and kind == "TIMESTAMP":
            cases.append((f"NOT {missing} AND {value} IS NULL", f"{column.name} is not a time"))
    if not cases:
        return "CAST(NULL AS VARCHAR)"
    return "CASE " + " ".join(f"WHEN {test} THEN {quote_text(why)}" for test, why in cases) + " END"
