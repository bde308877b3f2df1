"""What a piece of feedback may look like, from wherever it comes: the API's fields and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.ingest.pseudonyms import hash_user, user_key
from app.settings import Settings
from app.state.feedback import Given


def _as_text(value: Any) -> Any:
    """Ids are text everywhere; a whole number is written as one."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_moment(value: datetime) -> datetime:
    """Naive UTC; a time without an offset is taken as UTC."""
    if not 1971 <= value.year <= 2199:
        raise ValueError("a year between 1971 and 2199 is expected")
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


Id = Annotated[str, BeforeValidator(_as_text), Field(max_length=300)]
Moment = Annotated[datetime, AfterValidator(_as_moment), Field(examples=["2026-03-01T12:00:00Z"])]


class FeedbackIn(BaseModel):
    """One thing that somebody said of a prediction."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: Id = Field(min_length=1, description="The id that was logged")
    key: str = Field(min_length=1, max_length=300, description="What is judged: thumbs, answer")
    score: float | None = Field(
        None, ge=-1, le=1, allow_inf_nan=False, description="Negative below one half"
    )
    value: Any = Field(None, description="What was chosen, in words")
    correction: Any = Field(None, description="What would have been right")
    comment: str = Field("", max_length=10_000)
    user_id: Id | None = None
    session_id: Id | None = None
    identifier: Id | None = Field(
        None, min_length=1, description="Your own id; the same one updates"
    )
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: Moment | None = Field(None, description="UTC where no offset is given")


def user_hash(settings: Settings) -> str | None:
    """The key under which users are hashed; None where they are kept as they are."""
    return user_key(settings.home) if settings.flag("hash_user_ids") else None


def to_given(body: FeedbackIn, key: str | None) -> Given:
    """The body as what the state keeps; the user as a hash under the home's key, if given."""
    user = body.user_id
    if user is not None and key is not None:
        user = hash_user(key, user)
    values: Mapping[str, Any] = body.model_dump(exclude={"user_id"})
    return Given(**values, user_id=user)
