"""Label Studio's JSON: tasks with their annotations and predictions, each a full object.

What Label Studio has no name for stands under ``meta`` of a task and beside its own names in an
annotation; files that it wrote itself are read as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.labelling.rows import ANSWER, COLUMNS, TASK, Row
from app.state.labels import Project

FROM, TO = "label", "row"
_PLAIN = ("data", "task_created_at", "task_updated_at", "overlap", "prediction")
_SAME = {"created_at", "updated_at", "was_cancelled", "ground_truth", "lead_time", "unique_id"}


def to_studio(project: Project, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The tasks in the order of their predictions, numbered from 1."""
    is_value = project.setup.kind == "value"
    tasks: dict[str, dict[str, Any]] = {}
    n = 0
    for row in rows:
        task = tasks.get(row["prediction_id"])
        if task is None:
            task = tasks[row["prediction_id"]] = _task(row, len(tasks) + 1, is_value)
        if row["unique_id"] is not None:
            n += 1
            task["annotations"].append(_annotation(row, n, is_value))
    return list(tasks.values())


def from_studio(tasks: Any) -> list[Row]:
    """The rows of exported tasks, ours or Label Studio's own."""
    if not isinstance(tasks, list):
        raise ValueError("it is no list of tasks")
    return [row for task in tasks for row in _rows(task)]


def _task(row: Row, number: int, is_value: bool) -> dict[str, Any]:
    meta = {name: row[name] for name in TASK if name not in _PLAIN}
    said = row["prediction"]
    answer = said.get("prediction")
    return {
        "id": number,
        "data": row["data"],
        "meta": meta,
        "created_at": row["task_created_at"],
        "updated_at": row["task_updated_at"],
        "is_labeled": row["state"] == "done",
        "overlap": row["overlap"],
        "annotations": [],
        "predictions": [{**said, "result": _result(answer, is_value)}] if said else [],
    }


def _annotation(row: Row, number: int, is_value: bool) -> dict[str, Any]:
    rest = {n: row[n] for n in ANSWER if n not in (*_SAME, "annotator", "answer")}
    return {
        "id": number,
        "result": _result(row["answer"], is_value),
        "completed_by": row["annotator"],
        **{name: row[name] for name in sorted(_SAME)},
        **rest,
    }


def _result(answer: Any, is_value: bool) -> list[dict[str, Any]]:
    if answer is None:
        return []
    value: dict[str, Any] = {"number": float(answer)} if is_value else {"choices": [answer]}
    kind = "number" if is_value else "choices"
    return [{"from_name": FROM, "to_name": TO, "type": kind, "value": value}]


def _rows(task: Mapping[str, Any]) -> list[Row]:
    meta = task.get("meta") or {}
    data = dict(task.get("data") or {})
    own = meta.get("prediction_id", data.pop("prediction_id", None))
    shared: Row = {name: value for name, value in meta.items() if name in TASK}
    shared |= {"prediction_id": own if own is not None else str(task["id"]), "data": data}
    shared["task_created_at"] = task.get("created_at")
    shared["task_updated_at"] = task.get("updated_at")
    shared["overlap"] = task.get("overlap") or None
    predictions = [p for p in task.get("predictions") or [] if isinstance(p, Mapping)]
    if predictions:
        shared["prediction"] = _said(predictions[0], is_ours="purpose" in meta)
    annotations = task.get("annotations") or []
    if not annotations:
        return [shared]
    return [{**shared, **_read(task, annotation)} for annotation in annotations]


def _said(prediction: Mapping[str, Any], *, is_ours: bool) -> Row:
    """What the model said; of a file of Label Studio's own, from its result."""
    said = {name: value for name, value in prediction.items() if name != "result"}
    if not is_ours and "prediction" not in said:
        said["prediction"] = _answer(prediction.get("result"))
    return said


def _read(task: Mapping[str, Any], annotation: Mapping[str, Any]) -> Row:
    row: Row = {name: value for name, value in annotation.items() if name in COLUMNS}
    by = annotation.get("completed_by")
    row["annotator"] = str(by.get("email", by.get("id")) if isinstance(by, Mapping) else by)
    row["answer"] = _answer(annotation.get("result"))
    if not row.get("unique_id"):
        row["unique_id"] = f"label-studio-{task.get('id')}-{annotation.get('id')}"
    if not isinstance(row.get("parent_prediction"), str):
        row["parent_prediction"] = None
    if not isinstance(row.get("parent_annotation"), str):
        row["parent_annotation"] = None
    return row


def _answer(result: Any) -> Any:
    """The one choice or number of a result; None where there is none."""
    for entry in result or []:
        value = entry.get("value", {})
        if value.get("choices"):
            return str(value["choices"][0])
        if value.get("number") is not None:
            return value["number"]
    return None
