"""Logs as other systems write them: one reader a format, and how each is recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analytics.errors import UsageError
from app.ingest.formats.bentoml import read_bentoml
from app.ingest.formats.inference import read_inference
from app.ingest.formats.kserve import read_kserve
from app.ingest.formats.otlp import KINDS, read_otlp
from app.ingest.formats.records import MOST, PRINTED, first_record, is_over_lines
from app.ingest.formats.sagemaker import read_sagemaker
from app.ingest.formats.words import Reader, Reading, Reject, Row, parse

BIG_ID = 1 << 53  # BentoML draws ids of 64 bits


@dataclass(frozen=True, slots=True)
class Foreign:
    """A format: what it is called, its reader, columns that are no features, columns to ask about."""

    title: str
    read: Reader
    ignores: Callable[[str], bool] = lambda _name: False
    asks: tuple[str, ...] = ()


def read_objects(records: Iterable[str], _reading: Reading) -> Iterator[Row | Reject]:
    """JSON objects that are written over several lines, one row each."""
    for text in records:
        try:
            row = parse(text)
        except (ValueError, RecursionError):
            row = None
        yield row if isinstance(row, dict) else Reject(text, "It is no JSON object.")


def _is_of_trace(name: str) -> bool:
    return name in ("trace_id", "span_id") or name.startswith(("resource.", "scope."))


FOREIGN: Mapping[str, Foreign] = {
    "sagemaker": Foreign("SageMaker data capture", read_sagemaker, asks=("output",)),
    "kserve": Foreign("CloudEvents of KServe's inference logger", read_kserve),
    "oip": Foreign("bodies of the Open Inference Protocol", read_inference),
    "mlserver": Foreign("bodies that MLServer logged", read_inference),
    "seldon": Foreign("bodies that Seldon logged", read_inference),
    "bentoml": Foreign("BentoML's monitoring log", read_bentoml, lambda n: n == "trace_id"),
    "otlp": Foreign("OpenTelemetry (OTLP)", read_otlp, _is_of_trace),
    "objects": Foreign("JSON objects over several lines", read_objects),
}


def recognise(head: bytes) -> str | None:
    """The foreign format of a file by its first bytes; None where it is none for certain."""
    if PRINTED.encode() in head:
        return "kserve"
    if b"\0" in head:
        return "otlp" if _is_message(head) else None
    first = first_record(head)
    if not isinstance(first, Mapping):
        return None
    return _of(first) or ("objects" if is_over_lines(head) else None)


def _of(first: Mapping[str, Any]) -> str | None:
    names = set(first)
    _check_rows(first)
    if "eventMetadata" in names and "eventVersion" in names:
        return "sagemaker"
    if {"specversion", "type", "source"} <= names or {"reqType", "sourceUri"} <= names:
        return "kserve"
    if names & set(KINDS):
        return "otlp"
    if found := _body(first):
        return found
    if {"meta_data", "columns"} <= names:
        return "bentoml"
    own = first.get("request_id")
    is_big = isinstance(own, int) and own > BIG_ID
    return "bentoml" if "timestamp" in names and is_big else None


def _check_rows(first: Mapping[str, Any]) -> None:
    """Summaries of SageMaker look like a log and have no row."""
    features = first.get("features")
    columns = features if isinstance(features, list) else ()
    if any(isinstance(column, Mapping) and "inferred_type" in column for column in columns):
        raise UsageError(
            "This file is a summary of SageMaker (statistics or constraints).",
            "It describes columns and holds no row.",
            "Import the captures it was made from: telltale import capture.jsonl --model NAME.",
        )


def _body(first: Mapping[str, Any]) -> str | None:
    """Which kind of body a record is, or holds."""
    for body in (first, first.get("request"), first.get("value")):
        if not isinstance(body, Mapping):
            continue
        tensors = body.get("inputs", body.get("outputs"))
        if isinstance(tensors, list) and tensors and isinstance(tensors[0], Mapping):
            return _tensors(body, tensors[0])
        data = body.get("data")
        if isinstance(data, Mapping) and {"ndarray", "tensor"} & set(data):
            return "seldon"
        lists = (body.get(name) for name in ("instances", "dataframe_records"))
        if any(isinstance(v, list) for v in lists) or "dataframe_split" in body:
            return "oip"
    is_cut = {"shape", "datatype"} <= set(first) and {"inputs", "outputs"} & set(first)
    return "oip" if is_cut else None


def _tensors(body: Mapping[str, Any], first: Mapping[str, Any]) -> str | None:
    if "contents" in first or "modelName" in body:
        return "seldon"
    parameters = body.get("parameters")
    headers = parameters.get("headers") if isinstance(parameters, Mapping) else None
    if isinstance(headers, Mapping) and any(str(n).lower().startswith("ce-") for n in headers):
        return "mlserver"
    is_columns = all(isinstance(value, list) for value in first.values())
    return "oip" if "datatype" in first or is_columns else None


def _is_message(head: bytes) -> bool:
    """Whether bytes may be a message of OTLP, alone or with its length before it."""
    size = int.from_bytes(head[:4], "big")
    return head[:1] == b"\n" or head[4:5] == b"\n" and 0 < size <= MOST
