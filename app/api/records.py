"""What the API takes as predictions, labels, errors and resource samples: shapes, and flat rows of a log."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from app.api.answers import ApiError, invalid
from app.ingest.drain import ROLES
from app.ingest.parts import MADE

AHEAD = timedelta(days=1)  # a clock that is further ahead is wrong
RESERVED = frozenset({*ROLES, "error_message", "row", "date", "received_at", "source", "queue"})
MOST_FEATURES = 2000


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_utc(value: datetime) -> datetime:
    if not 1971 <= value.year <= 2199:
        raise ValueError("a year between 1971 and 2199 is expected")
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def as_features(value: dict[str, Any]) -> dict[str, Any]:
    """Names that are nobody else's; a name in two spellings is one column."""
    seen = set()
    for name in value:
        low = name.lower()
        if not name.strip() or low in RESERVED or low.startswith("score_") or low in seen:
            raise ValueError(f"{name!r} cannot name a feature here, or stands twice")
        seen.add(low)
    return value


Text = Annotated[str, BeforeValidator(_as_text), Field(max_length=300)]
Id = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=300)]
Moment = Annotated[datetime, AfterValidator(_as_utc)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Long = Annotated[str, Field(max_length=20_000)]
Finite = Annotated[StrictFloat, Field(allow_inf_nan=False)]
Whole = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
Class = StrictBool | Whole | Finite | Annotated[StrictStr, Field(max_length=300)]
Value = StrictBool | Whole | Finite | Annotated[StrictStr, Field(max_length=20_000)] | None
Feature = Value | Annotated[list[Finite | Whole], Field(max_length=10_000)]
Features = Annotated[
    dict[Annotated[str, Field(max_length=200)], Feature],
    Field(max_length=MOST_FEATURES),
    AfterValidator(as_features),
]


class Prediction(BaseModel):
    """One answer of the model, with what it was asked."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: Id
    timestamp: Moment | None = None
    model_version: Text | None = None
    prediction: Class | None = None
    score: Number | None = None
    scores: Annotated[dict[Id, Number], Field(max_length=200)] | None = None
    latency_ms: Annotated[Number, Field(ge=0)] | None = None
    status: Text | None = None
    error_type: Text | None = None
    error_message: Long | None = None
    user_id: Text | None = None
    session_id: Text | None = None
    features: Features | None = None


class Label(BaseModel):
    """The truth about one prediction; a later one of the same source corrects it."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: Id
    label: Class
    known_at: Moment | None = None
    source: Text | None = None


class Failure(BaseModel):
    """One error of the model's server."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: Id
    timestamp: Moment | None = None
    model_version: Text | None = None
    error_type: Text | None = None
    error_message: Long | None = None
    stack_trace: Long | None = None
    status: Text | None = None
    latency_ms: Annotated[Number, Field(ge=0)] | None = None


class Resources(BaseModel):
    """One sample of what the model's host uses, under names of the sender."""

    model_config = ConfigDict(extra="forbid")

    id: Id
    timestamp: Moment | None = None
    model_version: Text | None = None
    values: Annotated[dict[str, Number], Field(max_length=200), AfterValidator(as_features)]


SHAPES: dict[str, type[BaseModel]] = {
    "predictions": Prediction,
    "labels": Label,
    "errors": Failure,
    "resources": Resources,
}


class Read(msgspec.Struct, frozen=True):
    """One item that can be kept: its key, the digest of what was sent, and its row."""

    id: str
    key: str
    digest: bytes
    row: dict[str, Any]
    item: Any = None  # as it was read, where its text is not at hand


def read_item(kind: str, item: Any, now: datetime) -> Read:
    """One item as a row of the log; ApiError 422 with the field where it cannot be kept."""
    try:
        found = SHAPES[kind].model_validate(item)
    except ValidationError as error:
        raise invalid(error.errors()) from error
    said = found.model_dump(exclude_none=True)
    text = json.dumps(said, default=str, sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    moment = "known_at" if kind == "labels" else "timestamp"
    at = said.get(moment) or now
    if at > now + AHEAD:
        raise ApiError(
            422,
            f"The {moment} is {at:%Y-%m-%d %H:%M} UTC, which is yet to come.",
            "The clock that wrote it is wrong, or its offset is missing.",
            "Send the time in UTC, such as 2026-03-01T12:00:00Z.",
            moment,
        )
    row = {n: v for n, v in said.items() if n not in ("features", "scores", "values", "id")}
    row |= {f"score_{name}": v for name, v in said.get("scores", {}).items()}
    row |= said.get("features", {}) | said.get("values", {})
    item_id = said.get("prediction_id") or said["id"]
    row |= {"prediction_id": item_id, moment: at.isoformat()}
    if kind != "labels":
        return Read(item_id, item_id, digest, row)
    if moment not in said:
        row[MADE] = "received"
    key = label_key(item_id, said.get("source"), said["label"], said.get(moment))
    return Read(item_id, key, digest, row)


def label_key(item_id: str, source: str | None, label: object, known_at: datetime | None) -> str:
    """What makes two labels the same one."""
    return "\x1f".join(str(x) for x in (item_id, source, label, known_at))


def nested(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """A flat row as an item: what has no place of its own is a feature, or a value."""
    own = set(SHAPES[kind].model_fields)
    item: dict[str, Any] = {}
    for name, value in row.items():
        if kind == "predictions" and name.startswith("score_"):
            item.setdefault("scores", {})[name.removeprefix("score_")] = value
        elif name in own:
            item[name] = value
        elif kind == "resources" and name == "prediction_id":
            item["id"] = value
        else:
            item.setdefault("values" if kind == "resources" else "features", {})[name] = value
    return item
