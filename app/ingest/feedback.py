"""Feedback from files: each row goes through the same gate as the API's, into the inbox and the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analytics.sources.names import normal_name
from analytics.sources.profile import Profile
from app.ingest.columns import conversion_of
from app.ingest.words import ImportOptions, PlanColumn, Question
from app.ingest.workspace import Workspace
from app.state.feedback import FieldInvalid, Given, receive_all

if TYPE_CHECKING:
    from app.feedback.given import FeedbackIn

AT_ONCE = 1000
EXTRA = "metadata."
SIMULATED = "simulated"
NAMES: dict[str, tuple[str, ...]] = {
    "prediction_id": ("prediction_id", "run_id", "span_id", "trace_id"),
    "key": ("key", "name"),
    "score": ("score", "rating"),
    "value": ("value",),
    "correction": ("correction", "corrected_value"),
    "comment": ("comment", "text", "message", "feedback"),
    "user_id": ("user_id", "user", "annotator"),
    "session_id": ("session_id",),
    "identifier": ("identifier", "id", "feedback_id"),
    "metadata": ("metadata",),
    "created_at": ("created_at", "timestamp", "time"),
    "source": ("source", "feedback_source"),
}
PARSED = ("value", "correction", "metadata")  # JSON where it looks like an object or a list


def read_as_feedback(
    profiles: Sequence[Profile], given: Mapping[str, tuple[str, str | None]], zone: str
) -> tuple[tuple[PlanColumn, ...], tuple[Question, ...]]:
    """Which column is which field, and what is open; other columns become metadata."""
    fields = {
        column: "created_at" if role == "timestamp" else role
        for column, (role, _c) in given.items()
    }
    for name, known in NAMES.items():
        if name in fields.values():
            continue
        fitting = [p.name for k in known for p in profiles if normal_name(p.name) == k]
        found = next((n for n in fitting if n not in fields), None)
        if found is not None:
            fields[found] = name
    columns = tuple(_column(p, fields.get(p.name), zone) for p in profiles)
    questions = []
    if "prediction_id" not in fields.values():
        free = tuple(p.name for p in profiles if p.name not in fields)
        answers = tuple(f"--map prediction_id={name}" for name in free[:6])
        questions.append(Question("Which column names the prediction?", free, answers))
    return columns, tuple(questions)


def _column(profile: Profile, name: str | None, zone: str) -> PlanColumn:
    bare = PlanColumn(
        profile.name, profile.path, profile.sql_type, "feature", "text", "text",
        f"{EXTRA}{profile.name}", "kept as metadata", examples=profile.examples,
    )  # fmt: skip
    if name == "ignore":
        return replace(bare, role="ignore", why="given")
    if profile.name.partition(".")[0] in PARSED and "." in profile.name:
        return replace(bare, stored=profile.name, why="part of a field")
    if name is None or name not in NAMES:
        return bare
    named = replace(bare, stored=name, why="by its name")
    if name == "prediction_id":
        return replace(named, role="prediction_id")
    if name == "score":
        return replace(named, type="numeric", conversion="double")
    if name == "created_at":
        kind, conversion = conversion_of(profile, "timestamp", "none", zone)
        return replace(named, type=kind, conversion=conversion)
    return named


def take_staged(workspace: Workspace, options: ImportOptions, key: str | None) -> tuple[int, int]:
    """Keep the staged rows; (new items, items that were there). What cannot be kept is set aside."""
    from pydantic import ValidationError

    from app.feedback.given import FeedbackIn, to_given

    n_new = n_again = 0
    names = [row[0] for row in workspace.run("SELECT column_name FROM (DESCRIBE staged)")]
    rows = workspace.run("SELECT * FROM staged WHERE reason IS NULL ORDER BY ord")
    for at in range(0, len(rows), AT_ONCE):
        workspace.step(0.7, 0.95, f"Keeping {min(at + AT_ONCE, len(rows)):,} of {len(rows):,}")
        workspace.check()
        given: dict[int, Given] = {}
        refused: dict[int, str] = {}
        for row in rows[at : at + AT_ONCE]:
            values = dict(zip(names, row, strict=True))
            try:
                body: FeedbackIn = FeedbackIn.model_validate(_fields(values))
                given[values["ord"]] = replace(to_given(body, key), **_origin(values))
            except ValidationError as error:
                first = error.errors()[0]
                refused[values["ord"]] = (
                    f"{first['loc'][0] if first['loc'] else 'row'}: {first['msg']}"
                )
        with workspace.place.database.write(workspace.place.actor) as write:
            kept = receive_all(write, options.model, list(given.values()))
        for ord_, found in zip(given, kept, strict=True):
            if isinstance(found, FieldInvalid):
                refused[ord_] = f"{found.field}: {found.what}"
            elif found[1]:
                n_new += 1
            else:
                n_again += 1
        for ord_, reason in refused.items():
            workspace.run(
                "UPDATE staged SET reason = ?, raw = CAST(to_json(staged) AS VARCHAR)"
                " WHERE ord = ?",
                [reason[:200], ord_],
            )
    return n_new, n_again


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row that say something; other columns stand in its metadata."""
    fields = {
        name: _parsed(name, values[name])
        for name in NAMES
        if name != "source" and values.get(name) not in (None, "")
    }
    fields.setdefault("key", "feedback")
    for column, value in values.items():
        head, dot, rest = column.partition(".")
        if dot and head in PARSED and value not in (None, ""):
            inner = fields.setdefault(head, {})
            if isinstance(inner, dict):
                inner[rest] = value
    return fields


def _origin(values: Mapping[str, Any]) -> dict[str, Any]:
    is_simulated = str(values.get("source") or "").lower() == SIMULATED
    return {"source": "import", "is_simulated": is_simulated}


def _parsed(name: str, value: Any) -> Any:
    if name in PARSED and isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
