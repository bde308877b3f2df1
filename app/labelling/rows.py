"""The columns of an exported row, their types, and what stands where a row does not say."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from analytics.errors import UsageError
from analytics.sources.relation import canonical_text
from app.labelling.tasks import QUEUES
from app.state.labels import Project

Row = dict[str, Any]

# name in a row to the table's column
TASK = {
    "prediction_id": "prediction_id",
    "model_version": "model_version",
    "data": "data",
    "prediction": "prediction",
    "queue": "queue",
    "score": "score",
    "reason": "reason",
    "slice": "slice",
    "sampling_p": "sampling_p",
    "purpose": "purpose",
    "gold_label": "gold_label",
    "overlap": "overlap",
    "priority": "priority",
    "state": "state",
    "n_answers": "n_answers",
    "accepted_label": "accepted_label",
    "accepted_source": "accepted_source",
    "accepted_at": "accepted_at",
    "task_created_at": "created_at",
    "task_updated_at": "updated_at",
}
ANSWER = {
    "unique_id": "unique_id",
    "annotator": "person",
    "answer": "answer",
    "was_cancelled": "was_cancelled",
    "cancel_reason": "cancel_reason",
    "is_flagged": "is_flagged",
    "is_unsure": "is_unsure",
    "is_adjudication": "is_adjudication",
    "ground_truth": "ground_truth",
    "lead_time": "lead_time",
    "comment": "comment",
    "confidence": "confidence",
    "prediction_shown": "prediction_shown",
    "parent_prediction": "parent_prediction",
    "parent_annotation": "parent_annotation",
    "guideline_version": "guideline_version",
    "client_seq": "client_seq",
    "review_status": "review_status",
    "reviewed_by": "reviewed_by",
    "reviewed_at": "reviewed_at",
    "superseded_by": "superseded_by",
    "undone_at": "undone_at",
    "created_at": "created_at",
    "updated_at": "updated_at",
}
COLUMNS = (*TASK, *ANSWER)
NUMBERS = ("score", "sampling_p", "priority", "lead_time", "confidence")
WHOLE = ("overlap", "n_answers", "guideline_version", "client_seq")
FLAGS = ("was_cancelled", "is_flagged", "is_unsure", "is_adjudication", "ground_truth")
TIMES = (
    *("accepted_at", "task_created_at", "task_updated_at", "reviewed_at", "undone_at"),
    *("created_at", "updated_at"),
)
JSON = ("data", "prediction")
NEVER_EMPTY = ("reason", "comment")  # text that is there, and may be empty
DEFAULTS: Row = {
    **dict.fromkeys(COLUMNS),
    "data": {},
    "prediction": {},
    "queue": "random",
    "reason": "",
    "purpose": "work",
    "comment": "",
    "prediction_shown": "none",
    "review_status": "none",
    **dict.fromkeys(FLAGS, False),
}
PURPOSES = ("work", "gold", "practice")
STATES = ("open", "done", "disputed")


def check_row(row: Row) -> None:
    """Bring a row's values to their types; UsageError says which cannot be read."""
    if row["prediction_id"] in (None, ""):
        raise UsageError("The row has no prediction_id.")
    row["prediction_id"] = str(row["prediction_id"])
    for name in NUMBERS:
        row[name] = _number(name, row[name])
    for name in WHOLE:
        number = _number(name, row[name])
        row[name] = None if number is None else int(number)
    for name in TIMES:
        row[name] = _time(name, row[name])
    for name in FLAGS:
        row[name] = _flag(name, row[name])
    for name in JSON:
        row[name] = _object(name, row[name])
    for name in ("answer", "gold_label", "accepted_label"):
        row[name] = None if row[name] is None else canonical_text(row[name])
    for name in NEVER_EMPTY:
        row[name] = "" if row[name] is None else str(row[name])
    if row["queue"] not in QUEUES or row["purpose"] not in PURPOSES:
        raise UsageError(f"There is no queue {row['queue']!r} of purpose {row['purpose']!r}.")
    if row["state"] not in (None, *STATES):
        raise UsageError(f"{row['state']!r} is no state of a task.")
    if row["unique_id"] is not None:
        row["unique_id"], row["annotator"] = str(row["unique_id"]), str(row["annotator"] or "")
        if not 1 <= len(row["annotator"]) <= 120 or not 1 <= len(row["unique_id"]) <= 80:
            raise UsageError("An answer needs an annotator and a unique_id of fair length.")
    if row["purpose"] != "work" and row["gold_label"] is None:
        raise UsageError("A gold item needs its label.")


def as_task(row: Row, project: Project, now: datetime) -> Row:
    """The values of a task's table row."""
    values = {column: row[name] for name, column in TASK.items()}
    for name in JSON:
        values[name] = json.dumps(row[name], ensure_ascii=False, sort_keys=True)
    values["project_id"] = project.id
    values["overlap"] = row["overlap"] or project.setup.overlap
    values["priority"] = row["priority"] if row["priority"] is not None else 0.0
    values["state"] = row["state"] or "open"
    values["n_answers"] = row["n_answers"] or 0
    values["created_at"] = row["task_created_at"] or now
    values["updated_at"] = row["task_updated_at"] or values["created_at"]
    return values


def as_answer(row: Row, project: Project, now: datetime) -> Row:
    """The values of an answer's table row, but for its task."""
    values = {column: row[name] for name, column in ANSWER.items()}
    values["project_id"] = project.id
    version = row["guideline_version"]
    values["guideline_version"] = project.guideline_version if version is None else version
    values["created_at"] = row["created_at"] or now
    values["updated_at"] = row["updated_at"] or values["created_at"]
    if row["answer"] is None and not row["was_cancelled"]:
        values["was_cancelled"], values["cancel_reason"] = True, row["cancel_reason"] or "skip"
    return values


def _number(name: str, value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{name} is {value!r}, which is no number.")
    return number


def _time(name: str, value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise UsageError(f"{name} is {value!r}, which is no time.") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _flag(name: str, value: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False, "": False, "none": False}
    try:
        return known[str(value).strip().lower()]
    except KeyError as error:
        raise UsageError(f"{name} is {value!r}, which is neither true nor false.") from error


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise UsageError(f"{name} is no JSON.") from error
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} is no JSON object.")
    return value
