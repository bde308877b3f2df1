"""Items of JSON read by their shape in one pass; what is not plain is None and ``records`` judges it.

What is read here is never refused there: the shapes are narrower, with the same bounds.
"""

from __future__ import annotations

import functools
import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from app.api.records import AHEAD, MOST_FEATURES, Read, as_features, label_key
from app.ingest.parts import MADE

MARK = b"f"  # digests of this form are compared with each other only
ZERO = (b"\x00", b"\\u0000")  # what no text may hold
Text = Annotated[str, Meta(max_length=300)]
Id = Annotated[str, Meta(min_length=1, max_length=300)] | int
Long = Annotated[str, Meta(max_length=20_000)]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Span = Annotated[float, Meta(ge=0)]
Class = bool | Whole | float | Text
Numbers = Annotated[list[Whole | float], Meta(max_length=10_000)]
Value = bool | Whole | float | Long | Numbers | None
Features = Annotated[
    dict[Annotated[str, Meta(max_length=200)], Value], Meta(max_length=MOST_FEATURES)
]
Scores = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=300)], float], Meta(max_length=200)
]
Sample = Annotated[dict[str, float], Meta(max_length=200)]


class _Item(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What every kind has."""


class Prediction(_Item):
    """As ``records.Prediction``."""

    prediction_id: Id
    timestamp: datetime | None = None
    model_version: Text | int | None = None
    prediction: Class | None = None
    score: float | None = None
    scores: Scores | None = None
    latency_ms: Span | None = None
    status: Text | int | None = None
    error_type: Text | None = None
    error_message: Long | None = None
    user_id: Text | int | None = None
    session_id: Text | int | None = None
    features: Features | None = None


class Label(_Item):
    """As ``records.Label``."""

    prediction_id: Id
    label: Class
    known_at: datetime | None = None
    source: Text | None = None


class Failure(_Item):
    """As ``records.Failure``."""

    prediction_id: Id
    timestamp: datetime | None = None
    model_version: Text | int | None = None
    error_type: Text | None = None
    error_message: Long | None = None
    stack_trace: Long | None = None
    status: Text | int | None = None
    latency_ms: Span | None = None


class Resources(_Item):
    """As ``records.Resources``."""

    id: Id
    values: Sample
    timestamp: datetime | None = None
    model_version: Text | int | None = None


SHAPES: dict[str, type[_Item]] = {
    "predictions": Prediction,
    "labels": Label,
    "errors": Failure,
    "resources": Resources,
}
TEXTS = ("prediction_id", "id", "model_version", "status", "user_id", "session_id")
MOMENTS = dict.fromkeys(SHAPES, "timestamp") | {"labels": "known_at"}
APART = ("features", "scores", "values", "id", "prediction_id", "timestamp", "known_at")
_FIELDS = {k: tuple(n for n in s.__struct_fields__ if n not in APART) for k, s in SHAPES.items()}
_TEXTS = {k: tuple(n for n in TEXTS if n in s.__struct_fields__) for k, s in SHAPES.items()}
_ONE = {kind: msgspec.json.Decoder(shape) for kind, shape in SHAPES.items()}
_MANY = {kind: msgspec.json.Decoder(list[shape]) for kind, shape in SHAPES.items()}  # type: ignore[valid-type]


class _Wrapped(Struct):
    items: msgspec.Raw


_RAW, _LIST = msgspec.json.Decoder(_Wrapped), msgspec.json.Decoder(list[msgspec.Raw])
_packed = msgspec.msgpack.Encoder(order="deterministic").encode


def split(body: bytes) -> list[bytes] | None:
    """The items of a JSON body, each as its own text; None where it is no list of them."""
    try:
        inner = _RAW.decode(body).items if body.lstrip()[:1] == b"{" else body
        return [bytes(item) for item in _LIST.decode(inner)]
    except (msgspec.MsgspecError, RecursionError):
        return None


def read_all(kind: str, body: bytes, now: datetime) -> list[Read] | None:
    """All items of a JSON body, where every one is plain."""
    if any(zero in body for zero in ZERO):
        return None
    try:
        inner = _RAW.decode(body).items if body.lstrip()[:1] == b"{" else body
        found = [_read(kind, item, now) for item in _MANY[kind].decode(inner)]
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError):
        return None
    return found


def read_one(kind: str, text: bytes, now: datetime) -> Read | None:
    """One item, where it is plain."""
    if any(zero in text for zero in ZERO):
        return None
    try:
        return _read(kind, _ONE[kind].decode(text), now)
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError):
        return None


def _read(kind: str, item: Any, now: datetime) -> Read:
    """The item as a row; ValueError where it may have to be refused."""
    moment = MOMENTS[kind]
    said = getattr(item, moment)
    at = now
    if said is not None:
        at = (said if said.tzinfo in (UTC, None) else said.astimezone(UTC)).replace(tzinfo=None)
        if not 1971 <= said.year <= 2199 or at > now + AHEAD:
            raise ValueError(moment)
        setattr(item, moment, at)
    for name in _TEXTS[kind]:
        value = getattr(item, name)
        if isinstance(value, int):
            setattr(item, name, str(value))
            if len(str(value)) > 300:
                raise ValueError(name)
    row = {n: v for n in _FIELDS[kind] if (v := getattr(item, n)) is not None}
    item_id = item.id if kind == "resources" else item.prediction_id
    row["prediction_id"], row[moment] = item_id, at.isoformat()
    _spread(kind, item, row)
    digest = MARK + hashlib.blake2b(_packed(item), digest_size=16).digest()
    if kind != "labels":
        return Read(item_id, item_id, digest, row, item)
    if said is None:
        row[MADE] = "received"
    key = label_key(item_id, item.source, item.label, None if said is None else at)
    return Read(item_id, key, digest, row, item)


def _spread(kind: str, item: Any, row: dict[str, Any]) -> None:
    """Scores, features and values as columns of the row."""
    if kind == "predictions":
        if item.scores:
            row |= {f"score_{name}": value for name, value in item.scores.items()}
        if item.features:
            if None in item.features.values():
                item.features = {n: v for n, v in item.features.items() if v is not None}
            _check_names(tuple(item.features))
            row |= item.features
    elif kind == "resources":
        _check_names(tuple(item.values))
        row |= item.values


@functools.lru_cache(maxsize=64)
def _check_names(names: tuple[str, ...]) -> None:
    as_features(dict.fromkeys(names))
