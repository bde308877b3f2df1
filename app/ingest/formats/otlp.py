"""OpenTelemetry's logs, spans and points of metrics as rows: attributes are columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from analytics.core import Kind
from app.ingest.formats.words import Reading, Reject, Row, parse

KINDS = {  # of a document: its scopes, what these hold, and how one is read
    "resourceLogs": ("scopeLogs", "logRecords"),
    "resourceSpans": ("scopeSpans", "spans"),
    "resourceMetrics": ("scopeMetrics", "metrics"),
}
WRONG = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)
POINTS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")


def read_otlp(records: Iterable[str], _reading: Reading) -> Iterator[Row | Reject]:
    """A row for every log record, span or point of a metric."""
    for text in records:
        try:
            document = parse(text)
            found = [kind for kind in KINDS if kind in document]
        except (ValueError, TypeError, RecursionError):
            found = []
        if not found:
            yield Reject(text, "It holds no resourceLogs, resourceSpans or resourceMetrics.")
        for kind in found:
            yield from _items(kind, document[kind])


def kind_of(record: str) -> Kind | None:
    """Points of metrics are resources; what logs and spans are stands in their columns."""
    try:
        return "resources" if "resourceMetrics" in parse(record) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _items(kind: str, resources: Any) -> Iterator[Row | Reject]:
    scopes, items = KINDS[kind]
    try:
        for resource in resources:
            beside = _beside("resource", (resource.get("resource") or {}).get("attributes"))
            for scope in resource.get(scopes) or ():
                own = _beside("scope", (scope.get("scope") or {}).get("attributes"))
                for item in scope.get(items) or ():
                    yield from _rows(kind, item, {**beside, **own})
    except WRONG:
        yield Reject(json.dumps(resources), f"Its {kind} are not built as OTLP says.")


def _rows(kind: str, item: Any, beside: Row) -> Iterator[Row | Reject]:
    try:
        if kind == "resourceMetrics":
            rows = list(_points(item))
        else:
            rows = [_log(item) if kind == "resourceLogs" else _span(item)]
    except WRONG:
        yield Reject(json.dumps(item), f"Its {KINDS[kind][1]} are not built as OTLP says.")
        return
    for row in rows:
        yield {**beside, **row}


def _beside(prefix: str, attributes: Any) -> Row:
    """What is said of the sender; its version is the model's."""
    row = _attributes(attributes)
    version = row.pop("service.version", None) if prefix == "resource" else None
    named = {f"{prefix}.{k}": v for k, v in row.items()}
    return {**named, "model_version": version} if version is not None else named


def _log(record: Mapping[str, Any]) -> Row:
    nanoseconds = int(record.get("timeUnixNano") or 0) or int(record["observedTimeUnixNano"])
    row: Row = {"timestamp": _moment(nanoseconds)}
    body = _value(record["body"]) if record.get("body") else None
    if isinstance(body, Mapping):
        row |= body
    elif body is not None:
        row["body"] = body
    for name, column in (("eventName", "event"), ("severityText", "severity")):
        if record.get(name):
            row[column] = record[name]
    return {**row, **_trace(record), **_attributes(record.get("attributes"))}


def _span(span: Mapping[str, Any]) -> Row:
    began, ended = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    is_error = (span.get("status") or {}).get("code") in (2, "STATUS_CODE_ERROR")
    row = {
        "timestamp": _moment(began),
        "latency_ms": (ended - began) / 1e6,
        "status": "error" if is_error else "ok",
        "span": span.get("name"),
    }
    return {**row, **_trace(span), **_attributes(span.get("attributes"))}


def _points(metric: Mapping[str, Any]) -> Iterator[Row]:
    name = str(metric["name"])
    for kind in POINTS:
        for point in (metric.get(kind) or {}).get("dataPoints") or ():
            row: Row = {"timestamp": _moment(int(point["timeUnixNano"]))}
            row |= _attributes(point.get("attributes"))
            if "asInt" in point or "asDouble" in point:
                yield {
                    **row,
                    name: point["asDouble"] if "asDouble" in point else int(point["asInt"]),
                }
            else:
                row |= {f"{name}.{k}": float(point[k]) for k in ("count", "sum") if k in point}
                yield row


def _trace(record: Mapping[str, Any]) -> Row:
    names = {"traceId": "trace_id", "spanId": "span_id"}
    return {column: record[name] for name, column in names.items() if record.get(name)}


def _attributes(attributes: Any) -> Row:
    return {str(a["key"]): _value(a.get("value") or {}) for a in attributes or ()}


def _value(value: Mapping[str, Any]) -> Any:
    """A value of any of OTLP's types; whole numbers are text there."""
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [_value(v) for v in value["arrayValue"].get("values") or ()]
    if "kvlistValue" in value:
        return _attributes(value["kvlistValue"].get("values"))
    return next(iter(value.values()), None)


def _moment(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"
