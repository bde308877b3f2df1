"""Feedback: what users and programs said of predictions, slices and charts; one row an item.

The row is the work in progress (who looks after it, how it ended). What was said also goes to the
model's feedback log through the outbox, in the same transaction; numbers are read from there.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import NameUnknown, UsageError
from analytics.feedback.negative import HIGHEST, LOWEST, is_negative
from app.state.database import Database, Write
from app.state.outbox import put

Status = Literal["new", "triaged", "in_progress", "resolved", "wont_fix", "duplicate", "spam"]
Source = Literal["app", "api", "dashboard", "model", "import"]
Target = Literal["prediction", "slice", "chart", "alert", "page"]
Link = Literal["waiting", "linked", "unlinked", "none"]
OPEN: tuple[Status, ...] = ("new", "triaged", "in_progress")
NOT_COUNTED: tuple[Status, ...] = ("duplicate", "spam")  # said twice, or by nobody
NOWHERE = ""  # the prediction_id of what was said about a slice or a chart
TEXT_MAX, COMMENT_MAX, JSON_MAX = 300, 10_000, 20_000

metadata = sa.MetaData()
feedback_table = sa.Table(
    "feedback",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("id", sa.String(24), nullable=False, unique=True),
    sa.Column("model", sa.String(63), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("prediction_id", sa.Text, nullable=False, index=True),
    sa.Column("key", sa.String(TEXT_MAX), nullable=False),
    sa.Column("score", sa.Float),
    sa.Column("value", sa.Text, nullable=False, default="null"),
    sa.Column("correction", sa.Text, nullable=False, default="null"),
    sa.Column("comment", sa.Text, nullable=False, default=""),
    sa.Column("user_id", sa.Text),
    sa.Column("session_id", sa.Text),
    sa.Column("identifier", sa.Text),
    sa.Column("metadata", sa.Text, nullable=False, default="{}"),
    sa.Column("source", sa.String(20), nullable=False),
    sa.Column("target_type", sa.String(20), nullable=False),
    sa.Column("target_id", sa.Text, nullable=False, default=""),
    sa.Column("url_params", sa.Text, nullable=False, default="{}"),
    sa.Column("model_version", sa.Text),
    sa.Column("link", sa.String(10), nullable=False),
    sa.Column("is_negative", sa.Boolean),
    sa.Column("is_simulated", sa.Boolean, nullable=False, default=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("received_at", sa.DateTime, nullable=False),
    sa.Column("modified_at", sa.DateTime, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("assignee", sa.String(120)),
    sa.Column("tags", sa.Text, nullable=False, default="[]"),
    sa.Column("duplicate_of", sa.String(24)),
    sa.Column("first_response_at", sa.DateTime),
    sa.Column("resolved_at", sa.DateTime),
    sa.Column("resolution", sa.Text, nullable=False, default=""),
    sa.Column("fixed_by", sa.Text),
    sa.Column("label_sent_at", sa.DateTime),
    sa.Column("external", sa.Text),
    sa.UniqueConstraint("model", "fingerprint"),
    sa.Index("feedback_inbox", "model", "status", "seq"),
    sa.Index("feedback_links", "link", "model"),
)
JSON_COLUMNS = ("value", "correction", "metadata", "url_params", "tags")


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody said, before it is kept."""

    key: str
    prediction_id: str = NOWHERE
    score: float | None = None
    value: Any = None
    correction: Any = None
    comment: str = ""
    user_id: str | None = None
    session_id: str | None = None
    identifier: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    source: Source = "api"
    target_type: Target = "prediction"
    target_id: str = ""
    url_params: Mapping[str, str] = field(default_factory=dict)
    is_simulated: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the table. ``seq`` is the order of arrival."""

    id: str
    seq: int
    model: str
    prediction_id: str
    key: str
    score: float | None
    value: Any
    correction: Any
    comment: str
    user_id: str | None
    session_id: str | None
    identifier: str | None
    metadata: Mapping[str, Any]
    source: str
    target_type: str
    target_id: str
    url_params: Mapping[str, str]
    model_version: str | None
    link: str
    is_negative: bool | None
    is_simulated: bool
    created_at: datetime
    received_at: datetime
    modified_at: datetime
    status: str
    assignee: str | None
    tags: tuple[str, ...]
    duplicate_of: str | None
    first_response_at: datetime | None
    resolved_at: datetime | None
    resolution: str
    fixed_by: str | None
    label_sent_at: datetime | None
    external: str | None

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to look after it."""
        return self.status in OPEN


class FieldInvalid(UsageError):
    """A field that cannot be kept; ``field`` is its name."""

    def __init__(self, field_name: str, what: str, do: str) -> None:
        super().__init__(what, "", do)
        self.field = field_name


def receive(write: Write, model: str, given: Given) -> tuple[Item, bool]:
    """Keep what was said; the item, and whether it is new.

    The same identifier changes the item that has it, and saying the very same again changes
    nothing. FieldInvalid where a field cannot be kept.
    """
    (found,) = receive_all(write, model, [given])
    if isinstance(found, FieldInvalid):
        raise found
    return found


def receive_all(
    write: Write, model: str, all_given: Sequence[Given]
) -> list[tuple[Item, bool] | FieldInvalid]:
    """Keep each of what was said, or say what is wrong with it; in the order given."""
    answers: list[tuple[Item, bool] | FieldInvalid] = []
    changed: list[Item] = []
    for given in all_given:
        try:
            check_given(given)
            item, is_new, is_changed = _keep(write, model, given)
        except FieldInvalid as error:
            answers.append(error)
            continue
        answers.append((item, is_new))
        if is_changed:
            changed.append(item)
    if changed:
        to_log(write, model, changed)
        ids = [item.id for item in changed]
        name = ids[0] if len(ids) == 1 else f"{len(ids)} items"
        write.audit("receive", "feedback", name, model=model, ids=ids[:100])
    return answers


def check_given(given: Given) -> None:
    """UsageError for the first field that cannot be kept; the error's ``field`` names it."""
    for name in ("key", "prediction_id", "user_id", "session_id", "identifier", "target_id"):
        text = getattr(given, name)
        if text is not None and len(text) > TEXT_MAX:
            raise FieldInvalid(name, f"{name} is longer than {TEXT_MAX} characters.", "Shorten it.")
    if not given.key.strip():
        raise FieldInvalid("key", "key is empty.", "Say what is judged, such as thumbs or answer.")
    if given.target_type == "prediction" and not given.prediction_id.strip():
        raise FieldInvalid(
            "prediction_id", "prediction_id is empty.", "Send the id that was logged."
        )
    if len(given.comment) > COMMENT_MAX:
        raise FieldInvalid(
            "comment", f"comment is longer than {COMMENT_MAX} characters.", "Shorten it."
        )
    if given.score is not None and not LOWEST <= given.score <= HIGHEST:
        raise FieldInvalid(
            "score",
            f"score is {given.score:g}, not between -1 and 1.",
            "Send thumbs as 1 and 0, stars as (stars - 1) / 4; below one half is negative.",
        )
    for name in ("value", "correction", "metadata"):
        if len(_json(getattr(given, name))) > JSON_MAX:
            raise FieldInvalid(name, f"{name} is longer than {JSON_MAX} characters.", "Shorten it.")
    has_said = given.score is not None or given.value is not None or given.correction is not None
    if not has_said and not given.comment.strip():
        raise FieldInvalid(
            "score",
            "Nothing is said: score, value, correction and comment are all empty.",
            "Send at least one of them.",
        )


def get_item(connection: Connection, item_id: str) -> Item:
    """The item of that id; NameUnknown where there is none."""
    row = connection.execute(
        sa.select(feedback_table).where(feedback_table.c.id == item_id)
    ).first()
    if row is None:
        raise NameUnknown(
            f"There is no feedback {item_id!r}.", "", "Choose one on the page Feedback."
        )
    return to_item(row)


def read_item(database: Database, item_id: str) -> Item:
    """The item of that id, outside a transaction."""
    with database.read() as connection:
        return get_item(connection, item_id)


def to_log(write: Write, model: str, items: Sequence[Item]) -> None:
    """Put items as they now stand into the feedback log; the latest row of an item counts."""
    now = write.database.clock()
    put(write, model, "feedback", [_log_row(item, now) for item in items])


def _log_row(item: Item, now: datetime) -> dict[str, Any]:
    return {
        "feedback_id": item.id,
        "prediction_id": item.prediction_id or None,
        "timestamp": item.created_at,
        "modified_at": now,
        "key": item.key,
        "score": item.score,
        "value": item.value,
        "correction": None if item.correction is None else _json(item.correction),
        "comment": item.comment or None,
        "user_id": item.user_id,
        "session_id": item.session_id,
        "identifier": item.identifier,
        "source": item.source,
        "target_type": item.target_type,
        "target_id": item.target_id or None,
        "counted": "no" if item.status in NOT_COUNTED else "yes",
    }


def to_item(row: Any) -> Item:
    """A row of the table as an Item."""
    values = {name: getattr(row, name) for name in Item.__slots__}
    for name in JSON_COLUMNS:
        values[name] = json.loads(values[name])
    values["tags"] = tuple(values["tags"])
    values["is_negative"] = None if row.is_negative is None else bool(row.is_negative)
    values["is_simulated"] = bool(row.is_simulated)
    return Item(**values)


def _keep(write: Write, model: str, given: Given) -> tuple[Item, bool, bool]:
    """The item, whether it is new, and whether anything about it is."""
    fingerprint = _fingerprint(given)
    which = (feedback_table.c.model == model) & (feedback_table.c.fingerprint == fingerprint)
    row = write.execute(sa.select(feedback_table).where(which)).first()
    if row is not None:
        item, is_changed = _change(write, to_item(row), given)
        return item, False, is_changed
    now = write.database.clock()
    values: dict[str, Any] = _said(given) | {
        "id": secrets.token_hex(8),
        "model": model,
        "fingerprint": fingerprint,
        "source": given.source,
        "target_type": given.target_type,
        "target_id": given.target_id,
        "url_params": _json(given.url_params),
        "link": "waiting" if given.prediction_id else "none",
        "is_simulated": given.is_simulated,
        "created_at": given.created_at or now,
        "received_at": now,
        "modified_at": now,
        "status": "new",
        "tags": "[]",
        "resolution": "",
    }
    write.execute(feedback_table.insert().values(**values))
    return get_item(write.connection, values["id"]), True, True


def _change(write: Write, old: Item, given: Given) -> tuple[Item, bool]:
    """An item said again: what it says now replaces what was said before."""
    if given.prediction_id != old.prediction_id:
        raise FieldInvalid(
            "prediction_id",
            f"The identifier {given.identifier!r} belongs to prediction {old.prediction_id!r}.",
            "Give each item an identifier of its own.",
        )
    values = _said(given)
    changed = {name: value for name, value in values.items() if value != _stored(old, name)}
    if not changed:
        return old, False
    change = feedback_table.update().where(feedback_table.c.id == old.id)
    write.execute(change.values(**changed, modified_at=write.database.clock()))
    return get_item(write.connection, old.id), True


def _said(given: Given) -> dict[str, Any]:
    """The columns that hold what was said."""
    return {
        "prediction_id": given.prediction_id,
        "key": given.key,
        "score": given.score,
        "value": _json(given.value),
        "correction": _json(given.correction),
        "comment": given.comment,
        "user_id": given.user_id,
        "session_id": given.session_id,
        "identifier": given.identifier,
        "metadata": _json(given.metadata),
        "is_negative": is_negative(given.score, given.correction is not None),
    }


def _stored(item: Item, name: str) -> Any:
    value = getattr(item, name)
    return _json(value) if name in JSON_COLUMNS else value


def _fingerprint(given: Given) -> str:
    """What makes it the same item: its identifier, else everything that was said."""
    if given.identifier is not None:
        return hashlib.sha256(f"id:{given.identifier}".encode()).hexdigest()
    said = _said(given) | {"target": [given.target_type, given.target_id]}
    said["at"] = given.created_at
    return hashlib.sha256(_json(said).encode()).hexdigest()


def _next(write: Write) -> int:
    newest = write.execute(sa.select(sa.func.max(feedback_table.c.seq))).scalar()
    return int(newest or 0) + 1


def _json(value: Any) -> str:
    if isinstance(value, Mapping):
        value = dict(value)
    return json.dumps(value, sort_keys=True, default=str)
