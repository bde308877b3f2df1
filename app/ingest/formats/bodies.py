"""Bodies of requests and answers as rows: of KServe, the Open Inference Protocol, Seldon and MLflow."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.ingest.formats.words import Row, Unreadable

WIDE = 200  # more values a row than so many stay together as one list
SCORE = re.compile(r"prob|score", re.IGNORECASE)
ASKS = ("instances", "inputs", "dataframe_split", "dataframe_records", "messages")
OURS = ("prediction_id", "timestamp", "latency_ms")
ANSWERS = ("predictions", "outputs", "error")


def is_answer(body: Any) -> bool:
    """Whether a body is an answer: a request may name the outputs that it wants, but has inputs."""
    if not isinstance(body, Mapping):
        return False
    return any(k in body for k in ANSWERS) and not any(k in body for k in ASKS)


def request_rows(body: Any) -> list[Row]:
    """The features of each row that was asked about."""
    if isinstance(body, list):
        return [_named(one, "feature") for one in body]
    given = body.get("instances", body.get("inputs", body.get("dataframe_records")))
    if isinstance(given, Mapping):
        return _columns(given)
    if isinstance(given, list):
        first = given[0] if given else None
        if isinstance(first, Mapping) and "inputs" in body:
            return _tensors(given) if "shape" in first else _columns(first)
        return [_named(one, "feature") for one in given]
    if isinstance(split := body.get("dataframe_split"), Mapping):
        names = [str(name) for name in split["columns"]]
        return [dict(zip(names, values, strict=True)) for values in split["data"]]
    if isinstance(data := body.get("data"), Mapping) and {"ndarray", "tensor"} & set(data):
        return _seldon(data, "feature")
    return [dict(body)]


def response_rows(body: Any) -> list[Row]:
    """What was answered for each row: a prediction, scores, and other outputs."""
    if not isinstance(body, Mapping):
        return [_named(one, "output") for one in body]
    version = body.get("model_version") or body.get("modelVersion")
    more: Row = {"model_version": str(version)} if version else {}
    if (said := body.get("error")) is not None:
        return [{**more, "status": "error", "error_message": str(said)}]
    if (given := body.get("predictions")) is not None:
        rows = [_answer(one) for one in (given if isinstance(given, list) else [given])]
    elif isinstance(given := body.get("outputs"), list):
        rows = _outputs(given)
    elif isinstance(data := body.get("data"), Mapping) and {"ndarray", "tensor"} & set(data):
        rows = [_one(row) for row in _seldon(data, "output")]
    else:
        raise Unreadable("Its answer has no predictions and no outputs.")
    return [{**row, **more} for row in rows]


def join(asked: list[Row], answered: list[Row]) -> Iterator[Row]:
    """Features and answers side by side; a feature that is called like an answer is an input."""
    if len(answered) == 1 and answered[0].get("status") == "error":
        answered = answered * len(asked)
    if len(asked) != len(answered):
        raise Unreadable(f"It asks about {len(asked)} rows and answers {len(answered)}.")
    for one, answer in zip(asked, answered, strict=True):
        yield {**apart(one, answer), **answer}


def apart(row: Row, answer: Iterable[str] = ()) -> Row:
    """A row whose columns are not called like what stands beside it."""
    taken = {*OURS, *answer}
    return {f"input_{k}" if k in taken else k: v for k, v in row.items()}


def _named(one: Any, prefix: str) -> Row:
    """One row: under its own names, or by place."""
    if isinstance(one, Mapping):
        return dict(one)
    values = one if isinstance(one, list) else [one]
    if len(values) > WIDE or any(isinstance(v, list | dict) for v in values):
        return {prefix: values}
    return {f"{prefix}_{j}": value for j, value in enumerate(values)}


def _answer(one: Any) -> Row:
    if isinstance(one, Mapping):
        return dict(one)
    values = one if isinstance(one, list) else [one]
    return {"prediction": values[0]} if len(values) == 1 else _named(values, "output")


def _one(row: Row) -> Row:
    """A row of one output: its prediction."""
    return {"prediction": next(iter(row.values()))} if len(row) == 1 else row


def _columns(given: Mapping[str, Any]) -> list[Row]:
    """Rows from lists by name."""
    lists = {str(k): v if isinstance(v, list) else [v] for k, v in given.items()}
    if len({len(v) for v in lists.values()}) > 1:
        raise Unreadable("Its columns have different numbers of rows.")
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _seldon(data: Mapping[str, Any], prefix: str) -> list[Row]:
    """The payload of Seldon Core 1: a nested list, or values with a shape, and names."""
    rows = data.get("ndarray")
    if rows is None:
        tensor = data["tensor"]
        n, width, values = _shaped(tensor["shape"], tensor["values"], "tensor")
        rows = [values[i * width : (i + 1) * width] for i in range(n)]
    names = [str(name) for name in data.get("names") or ()]
    found = [_named(row, prefix) for row in rows]
    if names and all(len(row) == len(names) for row in found):
        return [dict(zip(names, row.values(), strict=True)) for row in found]
    return found


def _tensors(tensors: list[Any]) -> list[Row]:
    """Rows of input tensors: the first dimension counts rows, the others are columns."""
    rows: list[Row] = []
    for j, tensor in enumerate(tensors):
        name = str(tensor.get("name") or f"input_{j}")
        n, width, values = _values(tensor, name)
        rows = _matching(rows, n, name)
        for i, row in enumerate(rows):
            row.update(_cells(name, values[i * width : (i + 1) * width]))
    return rows


def _outputs(tensors: list[Any]) -> list[Row]:
    """Rows of output tensors: the first of one value a row is the prediction, shares are scores."""
    rows: list[Row] = []
    for j, tensor in enumerate(tensors):
        name = str(tensor.get("name") or j)
        n, width, values = _values(tensor, name)
        rows = _matching(rows, n, name)
        if SCORE.search(name):
            label = "score"
        elif width == 1 and "prediction" not in rows[0]:
            label = "prediction"
        else:
            label = name if name.lower().startswith("output") else f"output_{name}"
        for i, row in enumerate(rows):
            row.update(_cells(label, values[i * width : (i + 1) * width]))
    return rows


def _matching(rows: list[Row], n: int, name: str) -> list[Row]:
    if rows and len(rows) != n:
        raise Unreadable(f"The tensor {name!r} has {n} rows, and others {len(rows)}.")
    if not n:
        raise Unreadable(f"The tensor {name!r} has no row.")
    return rows or [{} for _ in range(n)]


def _cells(name: str, values: list[Any]) -> Row:
    if len(values) == 1:
        return {name: values[0]}
    if len(values) > WIDE:
        return {name: values}
    return {f"{name}_{j}": value for j, value in enumerate(values)}


def _values(tensor: Mapping[str, Any], name: str) -> tuple[int, int, list[Any]]:
    data = tensor.get("data")
    if data is None:
        contents = tensor.get("contents") or {}
        data = next((v for v in contents.values() if isinstance(v, list)), None)
    if data is None:
        raise Unreadable(f"The tensor {name!r} has no data that can be read; it may be binary.")
    return _shaped(tensor["shape"], data, name)


def _shaped(shape: Iterable[Any], data: Any, name: str) -> tuple[int, int, list[Any]]:
    """Rows, values a row, and all values in order; the shape must hold exactly these."""
    sizes = [int(size) for size in shape]  # Seldon writes them as text
    values = list(_flat(data))
    if math.prod(sizes) != len(values):
        raise Unreadable(
            f"The tensor {name!r} holds {len(values)} values, and its shape {sizes} asks for"
            f" {math.prod(sizes)}."
        )
    return (sizes[0] if sizes else 1), math.prod(sizes[1:]), values


def _flat(data: Any) -> Iterator[Any]:
    if not isinstance(data, list):
        yield data
        return
    for item in data:
        yield from _flat(item)
