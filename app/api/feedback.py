"""``/api/v1/feedback``: what users and programs say of predictions; kept before it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from app.address import address_of
from app.api.access import (
    FeedbackKey,
    bearer,
    check_rate,
    database_of,
    key_for,
    settings_of,
)
from app.api.answers import ApiError, documented, invalid, to_json, translate
from app.api.json_route import JsonRoute
from app.feedback.given import FeedbackIn, Id, to_given, user_hash
from app.state import tokens
from app.state.feedback import FieldInvalid, Given, Item, receive_all
from app.state.inbox import Filter, list_after
from app.state.keys import ApiKey

MOST_ITEMS = 1000
router = APIRouter(prefix="/feedback", route_class=JsonRoute, tags=["feedback"])


class Kept(BaseModel):
    """Where the item is now."""

    id: str
    url: str


class Result(BaseModel):
    """What became of one item of a batch."""

    status: int
    id: str | None = None
    url: str | None = None
    error: dict[str, Any] | None = None


class BatchIn(BaseModel):
    """Up to 1,000 items; each is kept or refused on its own."""

    model_config = ConfigDict(extra="forbid")

    items: list[Any] = Field(max_length=MOST_ITEMS)


class BatchOut(BaseModel):
    """One result for each item, in their order."""

    results: list[Result]


class TokenIn(BaseModel):
    """Which prediction a user may judge, and for how long."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: Id = Field(min_length=1)
    key: str = Field(min_length=1, max_length=300)
    expires_in_s: int = Field(tokens.DEFAULT_S, ge=1, le=tokens.MOST_S)


class TokenOut(BaseModel):
    """The token, told only now."""

    token: str
    url: str
    expires_at: datetime


class PageOut(BaseModel):
    """Items in the order of arrival, and where the next ones begin (null at the end)."""

    items: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: an API key, or a token that it made for one prediction."""

    key: ApiKey
    token: tokens.Token | None = None

    @property
    def actor(self) -> str:
        """Who writes, for the audit trail."""
        return self.key.actor if self.token is None else f"token of {self.key.actor}"[:120]


async def sender(request: Request) -> Sender:
    """The dependency of posting: a key, or a token in its place."""
    secret = bearer(request)
    if not secret.startswith(tokens.MARK):
        return Sender(await _feedback_key(request))
    return await to_thread.run_sync(_by_token, request, secret)


def _by_token(request: Request, secret: str) -> Sender:
    database = database_of(request)
    with database.read() as connection:
        found = tokens.find_token(connection, secret, database.clock())
    if found is None:
        raise ApiError(
            401, "The token is not known, or its time is over.", "", "Ask for a new one."
        )
    token, key = found
    check_rate(request, key.id)
    return Sender(key, token)


_feedback_key = key_for("feedback")
_one = TypeAdapter(FeedbackIn)
_ERRORS = documented(401, 403, 413, 415, 422, 429)


@router.post("", status_code=201, responses={200: {"model": Kept}, **_ERRORS}, response_model=Kept)
def post_feedback(
    body: FeedbackIn,
    request: Request,
    response: Response,
    by: Annotated[Sender, Depends(sender)],
) -> Kept:
    """Keep one item: 201 when it is new, 200 when it was there and changed or stayed."""
    if by.token is not None and (body.prediction_id, body.key) != (
        by.token.prediction_id,
        by.token.key,
    ):
        raise ApiError(
            403,
            "The token is for another prediction or key.",
            f"It is for {by.token.key!r} of prediction {by.token.prediction_id!r}.",
            "Ask for a token of this one.",
            "prediction_id",
        )
    given = to_given(body, user_hash(settings_of(request)))
    with database_of(request).write(by.actor) as write:
        (found,) = receive_all(write, by.key.model, [given])
    if isinstance(found, FieldInvalid):
        raise translate(found, found.field)
    item, is_new = found
    response.status_code = 201 if is_new else 200
    return Kept(id=item.id, url=address_of(settings_of(request), item))


@router.post("/batch", responses=_ERRORS, response_model=BatchOut, response_model_exclude_none=True)
def post_batch(body: BatchIn, request: Request, key: FeedbackKey) -> BatchOut:
    """Keep up to 1,000 items in one transaction; what cannot be kept says why, the rest stays."""
    settings = settings_of(request)
    key_of_users = user_hash(settings)
    given: dict[int, Given] = {}
    results: dict[int, Result] = {}
    for i, item in enumerate(body.items):
        try:
            given[i] = to_given(_one.validate_python(item), key_of_users)
        except ValidationError as error:
            results[i] = _refused(invalid(error.errors()), i)
    with database_of(request).write(key.actor) as write:
        kept = receive_all(write, key.model, list(given.values()))
    for i, found in zip(given, kept, strict=True):
        if isinstance(found, FieldInvalid):
            results[i] = _refused(translate(found, found.field), i)
        else:
            item, is_new = found
            url = address_of(settings, item)
            results[i] = Result(status=201 if is_new else 200, id=item.id, url=url)
    return BatchOut(results=[results[i] for i in range(len(body.items))])


@router.post("/tokens", status_code=201, responses=_ERRORS, response_model=TokenOut)
def post_token(body: TokenIn, request: Request, key: FeedbackKey) -> TokenOut:
    """A token with which one user may judge one prediction, for some hours."""
    with database_of(request).write(key.actor) as write:
        secret, ends = tokens.make_token(
            write, key, body.prediction_id, body.key, body.expires_in_s
        )
    return TokenOut(token=secret, url="/api/v1/feedback", expires_at=ends.replace(tzinfo=UTC))


@router.get("", responses=_ERRORS, response_model=PageOut)
def get_feedback(
    request: Request,
    key: FeedbackKey,
    cursor: Annotated[str | None, Query(max_length=30)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 100,
    prediction_id: Annotated[str | None, Query(max_length=300)] = None,
    status: Annotated[str | None, Query(max_length=20)] = None,
) -> PageOut:
    """Items in the order of arrival; a key that was not made to read is refused."""
    if not key.may_read:
        raise ApiError(
            403,
            "This key only sends.",
            "What users said is read back by keys that were made for it.",
            f"Make one with `telltale key add --model {key.model} --kind feedback --read`.",
        )
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise ApiError(422, "The cursor is none that was given out.", "", "Begin again.", "cursor")
    if any(c in (prediction_id or "") + (status or "") for c in "\x00"):
        raise ApiError(422, "A zero byte is no text.", "", "Remove it.", "prediction_id")
    which = Filter(
        model=key.model,
        statuses=() if status is None else (status,),
        prediction_id=prediction_id,
    )
    found = list_after(database_of(request), which, int(cursor or 0), limit + 1)
    following = str(found[limit - 1].seq) if len(found) > limit else None
    return PageOut(items=[told(item) for item in found[:limit]], next_cursor=following)


def told(item: Item) -> dict[str, Any]:
    """An item as the API tells it."""
    names = ("id", "prediction_id", "model_version", "key", "score", "value", "correction")
    more = ("comment", "user_id", "session_id", "identifier", "metadata", "source", "status")
    last = ("assignee", "tags", "duplicate_of", "resolution", "fixed_by", "external")
    told = {name: getattr(item, name) for name in (*names, *more, *last)}
    for name in ("created_at", "modified_at", "resolved_at"):
        moment = getattr(item, name)
        told[name] = None if moment is None else f"{moment.isoformat()}Z"
    return told | {"is_linked": item.link == "linked"}


def _refused(error: ApiError, i: int) -> Result:
    field = error.field
    placed = error.at(f"items.{i}.{field}" if field else f"items.{i}")
    return Result(status=error.status_code, error=to_json(placed)["error"])
