"""What other systems log, as they send it: KServe and its kin, SageMaker, BentoML, OpenTelemetry.

Their senders repeat nothing and know only an address: the key may stand in it, and whatever could
be kept, in the log or aside, is answered with 200. The readers are those of the import.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from app.api.access import logger_key_for, settings_of
from app.api.answers import ApiError, documented
from app.api.body import read_json
from app.api.decode import GROWS, unpacked
from app.api.ingest import MOST_RAW, Batch, keep
from app.api.records import nested
from app.ingest.formats import FOREIGN
from app.ingest.formats.inference import read_body
from app.ingest.formats.kserve import half_of
from app.ingest.formats.pairs import WRONG, Half
from app.ingest.formats.words import Reading, Reject, Row, Unreadable
from app.state.keys import ApiKey

PROTOBUF = "application/x-protobuf"
CE = ("type", "source", "id", "time")
OTLP_OWN = ("trace_id", "span_id", "severity", "body", "event", "span")
ERRORS = documented(401, 403, 408, 413, 415, 422, 429, 503)
router = APIRouter(tags=["other systems"])
Found = Half | Row | Reject
Key = Annotated[ApiKey, Depends(logger_key_for("predictions"))]


class Taken(BaseModel):
    """What became of the records of one request: rows, halves that wait, records set aside."""

    accepted: int
    duplicate: int
    waiting: int
    rejected: int
    reason: str | None = None


@router.post("/kserve", response_model=Taken, responses=ERRORS)
async def post_kserve(request: Request, key: Key) -> Any:
    """CloudEvents of KServe's, Seldon's or MLServer's logger, binary, structured or batched."""
    return await _take(request, key, _events)


@router.post("/oip", response_model=Taken, responses=ERRORS)
async def post_oip(request: Request, key: Key) -> Any:
    """Bodies of the Open Inference Protocol or of KServe V1: both together, or one by one by id."""
    return await _take(request, key, _bodies)


@router.post("/sagemaker", response_model=Taken, responses=ERRORS)
async def post_sagemaker(request: Request, key: Key) -> Any:
    """Lines of data capture; ``?map=score=output`` says what a column is."""
    return await _take(request, key, lambda r, body: _lines("sagemaker", r, body))


@router.post("/bentoml", response_model=Taken, responses=ERRORS)
async def post_bentoml(request: Request, key: Key) -> Any:
    """Lines of BentoML's monitoring log."""
    return await _take(request, key, lambda r, body: _lines("bentoml", r, body))


@router.post("/otlp/v1/logs", responses=ERRORS)
async def post_otlp(request: Request, key: Key) -> Response:
    """Log records of OpenTelemetry by OTLP/HTTP: attributes are columns."""
    found = await _take(request, key, _logs)
    said = {"rejectedLogRecords": str(found["rejected"]), "errorMessage": found["reason"] or ""}
    if _type_of(request) == PROTOBUF:
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

        reply = ExportLogsServiceResponse()
        if found["rejected"]:
            reply.partial_success.rejected_log_records = found["rejected"]
            reply.partial_success.error_message = said["errorMessage"]
        return Response(reply.SerializeToString(), media_type=PROTOBUF)
    return JSONResponse({"partialSuccess": said} if found["rejected"] else {})


class _Records(Batch):
    """Records of one request: rows are judged like items of the API, halves wait for each other."""

    halves: list[str]

    def judge_records(self, found: Iterator[Found], roles: dict[str, str]) -> bytes:
        """The record for the write-ahead log, empty where there is nothing."""
        self.halves = []
        for item in found:
            if isinstance(item, Half):
                self._wait(item)
            elif isinstance(item, Reject):
                self.refuse(item.record, item.reason)
            else:
                self.judge(_item(item, roles))
        if not (self.rows or self.refused or self.halves):
            return b""
        what = {"model": self.key.model, "kind": self.key.kind, "rows": self.rows}
        more = {"refused": self.refused, "halves": self.halves}
        return msgspec.json.encode({**what, **more, "received_at": self.now.isoformat()})

    def _wait(self, half: Half) -> None:
        if half.id is None or not half.id or len(half.id) > 250:
            self.refuse(half.to_text(), "It has no id to join it by.")
            return
        time = half.time or f"{self.now.isoformat()}Z"
        self.halves.append(Half(half.side, half.id, half.body, time, half.source).to_text())

    def refuse(self, record: str, reason: str) -> None:
        """Keep a record aside as it came."""
        self.refused.append({"reason": reason, "raw": record[:MOST_RAW]})
        self.results.append({"status": "rejected", "reason": reason})


async def _take(
    request: Request, key: ApiKey, read: Callable[[Request, bytes], Iterator[Found]]
) -> dict[str, Any]:
    """Read, judge and keep the records of a request; what became of them."""
    body = await request.body()
    roles = _roles(request)

    limit = settings_of(request).number("api_limit_mb") << 20
    encoding = request.headers.get("content-encoding", "").strip().lower()
    batch = _Records(request, key)

    def judge() -> bytes:
        return batch.judge_records(read(request, unpacked(body, encoding, GROWS * limit)), roles)

    await keep(request, batch, judge)
    said = [result["status"] for result in batch.results]
    reasons = [r["reason"] for r in batch.results if r.get("reason")]
    return {
        "accepted": said.count("accepted"),
        "duplicate": said.count("duplicate"),
        "waiting": len(batch.halves),
        "rejected": said.count("rejected"),
        "reason": reasons[0] if reasons else None,
    }


def _type_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _roles(request: Request) -> dict[str, str]:
    """``?map=role=column`` as column: role."""
    found = {}
    for pair in request.query_params.getlist("map"):
        role, is_pair, column = pair.partition("=")
        if not is_pair or not role or not column:
            raise ApiError(422, f"{pair!r} is no mapping.", "", "Write ?map=score=output.", "map")
        found[column] = role
    return found


def _item(row: Row, roles: dict[str, str]) -> bytes:
    """A row of a reader as an item of the API."""
    named: dict[str, Any] = {}
    for name, value in row.items():
        role = roles.get(name, name)
        if role != "ignore" and value is not None:
            named[role] = value if not isinstance(value, dict) else json.dumps(value)
    for name in ("prediction", "score"):
        if isinstance(named.get(name), str | list):
            named[name] = _number(named[name])
    return json.dumps(nested("predictions", named), default=str).encode()


def _number(value: Any) -> Any:
    """A number that a CSV holds as text, or a list of one value."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else json.dumps(value)
    try:
        return float(value) if "." in value or "e" in value else int(value)
    except ValueError:
        return value


def _events(request: Request, body: bytes) -> Iterator[Found]:
    headers = {name: request.headers.get(f"ce-{name}") for name in CE}
    if headers["type"] is not None:
        event = {k: v for k, v in headers.items() if v is not None}
        events: list[Any] = [{**event, "data": body.decode("utf-8", "replace")}]
    else:
        found = read_json(body)
        events = found if isinstance(found, list) else [found]
    for event in events:
        try:
            half = half_of(event)
        except WRONG:
            yield Reject(_said(event), "It is no CloudEvent with type, source and id.")
            continue
        yield _checked(half)


def _bodies(_request: Request, body: bytes) -> Iterator[Found]:
    found = read_json(body)
    for record in found if isinstance(found, list) else [found]:
        try:
            for item in read_body(record):
                yield _checked(item) if isinstance(item, Half) else item
        except Unreadable as error:
            yield Reject(_said(record), str(error))
        except WRONG:
            yield Reject(_said(record), "It is no body of a request or a response.")


def _checked(half: Half) -> Half | Reject:
    """A half whose body and time can be kept."""
    try:
        if half.time is not None:
            datetime.fromisoformat(half.time)
        read_json(half.to_text().encode())
    except (ApiError, ValueError, TypeError):
        return Reject(half.to_text(), "Its body or its time cannot be kept.")
    return half


def _lines(name: str, request: Request, body: bytes) -> Iterator[Found]:
    del request
    texts = [line.decode("utf-8", "replace") for line in body.split(b"\n") if line.strip()]
    yield from FOREIGN[name].read(iter(texts), Reading())


def _logs(request: Request, body: bytes) -> Iterator[Found]:
    text = body.decode("utf-8", "replace")
    if _type_of(request) == PROTOBUF:
        text = _from_protobuf(body)
    elif not isinstance(read_json(body), dict):
        raise ApiError(422, "The body is no export of OTLP.", "", "Send resourceLogs.")
    for item in FOREIGN["otlp"].read(iter([text]), Reading()):
        yield _of_log(item) if isinstance(item, dict) else item


def _of_log(row: Row) -> Row:
    """A log record as a prediction: its id is an attribute, else the span's or the trace's."""
    own = row.get("prediction_id") or row.get("span_id") or row.get("trace_id")
    kept = {
        k: v
        for k, v in row.items()
        if k not in OTLP_OWN and not k.startswith(("resource.", "scope."))
    }
    return {**kept, "prediction_id": own} if own is not None else kept


def _from_protobuf(body: bytes) -> str:
    from google.protobuf.json_format import MessageToJson
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        found: str = MessageToJson(ExportLogsServiceRequest.FromString(body))
    except (DecodeError, ValueError, RecursionError) as error:
        raise ApiError(422, "The body is no message of OTLP logs.", "", "Send it again.") from error
    return found


def _said(record: Any) -> str:
    return json.dumps(record, default=str)
