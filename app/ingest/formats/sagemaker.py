"""SageMaker data capture and ground truth: one record a line, one or many rows in a record."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that no row was made of, as it was written, and why."""

    record: str
    reason: str


class _Unreadable(ValueError):
    """What a record lacks, in words."""


def read_sagemaker(
    lines: Sequence[str], *, skips_time: bool = False
) -> tuple[list[dict[str, Any]], list[Reject]]:
    """Rows of captures or of labels; ``skips_time`` takes captures without their time."""
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for line in lines:
        if not line.strip():
            continue
        try:
            rows.extend(_rows(line, skips_time))
        except _Unreadable as error:
            rejects.append(Reject(line, str(error)))
    return rows, rejects


def _rows(line: str, skips_time: bool) -> list[dict[str, Any]]:
    try:
        record = json.loads(line)
        event = str(record["eventMetadata"]["eventId"])
        if "groundTruthData" in record:
            labels = _table(record["groundTruthData"])
            return [
                {"prediction_id": _id(event, i, len(labels)), "label": row[0]}
                for i, row in enumerate(labels)
            ]
        inputs = _table(record["captureData"]["endpointInput"])
        outputs = _table(record["captureData"]["endpointOutput"])
    except _Unreadable:
        raise
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, csv.Error) as error:
        raise _Unreadable("The line is no capture and no ground truth of SageMaker.") from error
    if len(inputs) != len(outputs):
        raise _Unreadable("Input and output have different numbers of rows.")
    time = {} if skips_time else {"timestamp": _time(record["eventMetadata"].get("inferenceTime"))}
    return [
        {"prediction_id": _id(event, i, len(inputs)), **time, **_named(given, answer)}
        for i, (given, answer) in enumerate(zip(inputs, outputs, strict=True))
    ]


def _id(event: str, i: int, n: int) -> str:
    return event if n == 1 else f"{event}#{i}"


def _named(given: list[str], answer: list[str]) -> dict[str, str]:
    """Features by their place; the first value of the answer is the output."""
    features = {f"feature_{i}": value for i, value in enumerate(given)}
    more = {f"output_{i}": value for i, value in enumerate(answer[1:], 1)}
    return {**features, "output": answer[0], **more}


def _table(part: dict[str, Any]) -> list[list[str]]:
    """The rows of one side of a record."""
    encoding, data = part.get("encoding", "BASE64"), part["data"]
    if encoding == "BASE64":
        data = base64.b64decode(data, validate=True).decode("utf-8")
    elif encoding != "CSV":
        raise _Unreadable(f"Its encoding {encoding} is not read; CSV and BASE64 of CSV are.")
    rows = [[cell.strip() for cell in row] for row in csv.reader(data.splitlines()) if row]
    if not rows:
        raise _Unreadable("It has no data.")
    return rows


def _time(text: Any) -> str:
    try:
        datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise _Unreadable(f"Its inferenceTime {text!r} is no time.") from error
    return str(text)
