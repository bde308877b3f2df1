"""``/api/v1/events``: what people do with predictions, as PostHog or Segment send it; kept before it is answered.

The same uuid sent again counts once. An event belongs to when it happened, however late it comes;
one about a prediction that is not in the log yet is linked when the prediction arrives.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.api.access import EventsKey, database_of, settings_of
from app.api.answers import ApiError, documented, invalid, to_json
from app.api.json_route import JsonRoute
from app.feedback.given import user_hash
from app.ingest.events import event_row, with_uuid
from app.state.outbox import put

MOST_EVENTS = 1000
AHEAD = timedelta(days=1)  # a clock that is further ahead is wrong
router = APIRouter(prefix="/events", route_class=JsonRoute, tags=["events"])


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_moment(value: datetime) -> datetime:
    if not 1971 <= value.year <= 2199:
        raise ValueError("a year between 1971 and 2199 is expected")
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


Text = Annotated[str, BeforeValidator(_as_text), Field(max_length=300)]
Moment = Annotated[datetime, AfterValidator(_as_moment)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Event(BaseModel):
    """One event under the names of the log; other spellings are read too (docs/log-format.md)."""

    model_config = ConfigDict(extra="forbid")

    event: Annotated[Text, Field(min_length=1)]
    user_id: Annotated[Text, Field(min_length=1)]
    timestamp: Moment | None = None
    uuid: Text | None = None
    session_id: Text | None = None
    prediction_id: Text | None = None
    model_version: Text | None = None
    decision: Text | None = None
    initial_decision: Text | None = None
    final_decision: Text | None = None
    confidence: Number | None = None
    latency_ms: Number | None = None
    arm: Text | None = None
    segment: Text | None = None
    source: Text | None = None
    properties: Annotated[str, Field(max_length=20_000)] | None = None


class Sent(BaseModel):
    """What was kept."""

    uuid: str


class Batch(BaseModel):
    """Up to 1,000 events, as PostHog and Segment send them; each is kept or refused on its own."""

    model_config = ConfigDict(extra="ignore")

    batch: list[Any] = Field(max_length=MOST_EVENTS)


class Result(BaseModel):
    """What became of one event of a batch."""

    status: int
    uuid: str | None = None
    error: dict[str, Any] | None = None


class BatchOut(BaseModel):
    """One result for each event, in their order."""

    results: list[Result]


_ERRORS = documented(401, 403, 413, 415, 422, 429)


@router.post("", status_code=201, responses=_ERRORS, response_model=Sent)
def post_event(body: dict[str, Any], request: Request, key: EventsKey) -> Sent:
    """Keep one event."""
    row = read_event(body, request)
    _keep(request, key, [row])
    return Sent(uuid=row["uuid"])


@router.post("/batch", responses=_ERRORS, response_model=BatchOut, response_model_exclude_none=True)
def post_batch(body: Batch, request: Request, key: EventsKey) -> BatchOut:
    """Keep up to 1,000 events in one transaction; what cannot be kept says why, the rest stays."""
    rows, results = [], []
    for i, capture in enumerate(body.batch):
        try:
            row = read_event(capture, request)
        except ApiError as error:
            placed = error.at(f"batch.{i}.{error.field}" if error.field else f"batch.{i}")
            results.append(Result(status=error.status_code, error=to_json(placed)["error"]))
            continue
        rows.append(row)
        results.append(Result(status=201, uuid=row["uuid"]))
    _keep(request, key, rows)
    return BatchOut(results=results)


def _keep(request: Request, key: Any, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    with database_of(request).write(key.actor) as write:
        put(write, key.model, "events", rows)
        write.audit("receive", "model", key.model, kind="events", n=len(rows))


def read_event(capture: Any, request: Request) -> dict[str, Any]:
    """The row of one event; ApiError 422 with the field where it cannot be kept."""
    if not isinstance(capture, dict):
        raise ApiError(422, "An event is a JSON object.", "", "Send {event, distinct_id, ...}.")
    if not isinstance(capture.get("properties") or {}, dict):
        raise ApiError(422, "properties is no object.", "", "Send names and values.", "properties")
    found = event_row(capture, None)
    try:
        event = Event.model_validate({name: found[name] for name in found if name != "received_at"})
    except ValidationError as error:
        raise invalid(error.errors()) from error
    now = database_of(request).clock()
    if event.timestamp is not None and event.timestamp > now + AHEAD:
        raise ApiError(
            422,
            f"The event is from {event.timestamp:%Y-%m-%d %H:%M} UTC, which is yet to come.",
            "The clock that wrote it is wrong, or its offset is missing.",
            "Send the time in UTC, such as 2026-03-01T12:00:00Z.",
            "timestamp",
        )
    said = event.model_dump(exclude_none=True)
    row = {name: said[name] for name in said if name != "timestamp"}
    row["timestamp"] = (event.timestamp or now).isoformat()
    return with_uuid(row | {"user_id": _hashed(event.user_id, request)})


def _hashed(user: str, request: Request) -> str:
    from app.ingest.pseudonyms import hash_user

    key = user_hash(settings_of(request))
    return user if key is None else hash_user(key, user)
