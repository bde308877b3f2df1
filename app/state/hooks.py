"""Webhooks: where a reply to a reporter or a hand-off is sent, and what waits to be sent.

What is to be sent stands here with the step that asked for it, in one transaction; the worker
sends it, again and again until it arrives or is given up. The secret that signs it is no row: it
is derived from the home's key file and told when the hook is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import NameUnknown, UsageError
from app.state.database import Database, Write
from app.state.models import find_model

Purpose = Literal["reply", "ticket", "digest", "alert"]
Style = Literal["plain", "github", "jira", "mail", "prometheus", "apprise"]
STYLES_OF: Mapping[Purpose, tuple[Style, ...]] = {
    "reply": ("plain", "github", "jira"),
    "ticket": ("plain", "github", "jira"),
    "digest": ("plain", "mail"),
    "alert": ("plain", "mail", "prometheus", "apprise"),
}
PURPOSES = tuple(STYLES_OF)
STYLES: tuple[Style, ...] = ("plain", "github", "jira", "mail", "prometheus", "apprise")
SEALED = "sealed:"  # how an address that is a secret itself is kept
MAIL = "mailto:"
_MAILBOX = re.compile(r"[^@\s,;<>\"]{1,64}@[A-Za-z0-9.-]{1,190}")
WAITS_S = (10, 60, 300, 1800, 7200)  # before each try after the first
LEASE_S = 60
HELD = timedelta(days=8)  # quiet hours hold nothing for longer
SCHEMES = ("https", "http")

metadata = sa.MetaData()
hook_table = sa.Table(
    "webhook",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("purpose", sa.String(10), nullable=False),
    sa.Column("style", sa.String(10), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("project", sa.String(80), nullable=False),
    sa.Column("token_name", sa.String(80), nullable=False),
    sa.Column("created_by", sa.String(120), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("removed_at", sa.DateTime),
)
delivery_table = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("hook_id", sa.ForeignKey("webhook.id"), nullable=False),
    sa.Column("feedback_id", sa.String(24), nullable=False, index=True),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", sa.DateTime, nullable=False),
    sa.Column("error", sa.Text, nullable=False, default=""),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("ended_at", sa.DateTime),
    sa.Index("delivery_due", "state", "next_at"),
)


@dataclass(frozen=True, slots=True)
class Hook:
    """Where something is sent. ``project`` is Jira's project key; ``token_name`` a file of secrets/."""

    id: int
    model: str
    name: str
    purpose: Purpose
    style: Style
    url: str
    project: str
    token_name: str
    created_by: str
    created_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way."""

    id: int
    hook_id: int
    feedback_id: str
    payload: Mapping[str, Any]
    state: str
    attempts: int
    next_at: datetime
    error: str
    created_at: datetime
    ended_at: datetime | None


def add_hook(write: Write, hook: Mapping[str, str]) -> Hook:
    """Make a hook of: model, name, purpose, style, url, and where needed project and token_name."""
    values = {k: str(hook.get(k, "")).strip() for k in hook_table.c.keys() if k in hook}  # noqa: SIM118
    values = {"project": "", "token_name": "", **values}
    _check(write.connection, values)
    made = {"created_by": write.actor, "created_at": write.database.clock()}
    found = write.execute(hook_table.insert().values(**values, **made))
    number = int(found.inserted_primary_key[0])
    write.audit("create", "webhook", str(number), **values)
    return get_hook(write.connection, number)


def _check(connection: Connection, values: Mapping[str, str]) -> None:
    if find_model(connection, values["model"]) is None:
        raise NameUnknown(f"There is no model {values['model']!r}.", "", "")
    if not 1 <= len(values["name"]) <= 80:
        raise UsageError("A webhook needs a name of 1 to 80 characters.", "", "")
    if values["purpose"] not in PURPOSES or values["style"] not in STYLES:
        raise UsageError(
            f"There is no webhook {values['purpose']!r} of style {values['style']!r}.",
            "",
            f"Take a purpose of {', '.join(PURPOSES)} and a style of {', '.join(STYLES)}.",
        )
    purpose, style = values["purpose"], values["style"]
    if style not in STYLES_OF[purpose]:
        raise UsageError(
            f"A webhook for {purpose} has no style {style}.",
            "Mail is for digests and alerts, prometheus and apprise for alerts alone.",
            f"Choose one of {', '.join(STYLES_OF[purpose])}.",
        )
    if style == "apprise":
        if not values["url"].startswith(SEALED):
            raise UsageError("The address of an Apprise service is kept sealed.", "", "")
        return
    if values["style"] == "mail":
        _check_mailbox(values["url"])
        return
    parts = urlsplit(values["url"])
    if parts.scheme not in SCHEMES or not parts.hostname or parts.username or parts.password:
        raise UsageError(
            f"{values['url']!r} is no address of a webhook.",
            "It must begin with https:// (or http:// for a host that is allowed by name), and hold"
            " no password.",
            "Put a token into a file of the folder secrets in the home, and name the file.",
        )
    if values["style"] == "jira" and not values["project"]:
        raise UsageError("Jira needs the key of a project.", "", "Such as OPS.")
    if (
        values["token_name"]
        and not values["token_name"].replace("-", "").replace("_", "").isalnum()
    ):
        raise UsageError("A token is named by letters, digits, - and _.", "", "")


def _check_mailbox(url: str) -> None:
    if not url.startswith(MAIL) or not _MAILBOX.fullmatch(url.removeprefix(MAIL)):
        raise UsageError(
            f"{url!r} is no mailbox.",
            "Mail goes to one address a webhook.",
            "Write mailto:ann@example.org.",
        )


def get_hook(connection: Connection, hook_id: int) -> Hook:
    """The hook of that number, removed ones too."""
    row = connection.execute(sa.select(hook_table).where(hook_table.c.id == hook_id)).first()
    if row is None:
        raise NameUnknown(f"There is no webhook {hook_id}.", "", "See the Admin page, Webhooks.")
    return Hook(**{name: getattr(row, name) for name in Hook.__slots__})


def list_hooks(
    database: Database, model: str | None = None, purpose: Purpose | None = None
) -> list[Hook]:
    """The hooks in force."""
    c = hook_table.c
    statement = sa.select(hook_table).where(c.removed_at.is_(None)).order_by(c.id)
    if model is not None:
        statement = statement.where(c.model == model)
    if purpose is not None:
        statement = statement.where(c.purpose == purpose)
    with database.read() as connection:
        rows = connection.execute(statement).all()
    return [Hook(**{name: getattr(row, name) for name in Hook.__slots__}) for row in rows]


def remove_hook(write: Write, hook_id: int) -> None:
    """Send nothing more there; what waits is given up."""
    get_hook(write.connection, hook_id)
    now = write.database.clock()
    write.execute(hook_table.update().where(hook_table.c.id == hook_id).values(removed_at=now))
    waiting = (delivery_table.c.hook_id == hook_id) & (delivery_table.c.state == "waiting")
    gone = {"state": "failed", "error": "The webhook was removed.", "ended_at": now}
    write.execute(delivery_table.update().where(waiting).values(**gone))
    write.audit("remove", "webhook", str(hook_id))


def ask_delivery(
    write: Write,
    hook: Hook,
    feedback_id: str,
    payload: Mapping[str, Any],
    not_before: datetime | None = None,
) -> int:
    """Have something sent, in the caller's transaction; at once, or not before a moment."""
    now = write.database.clock()
    values = {"hook_id": hook.id, "feedback_id": feedback_id, "payload": json.dumps(payload)}
    values |= {"state": "waiting", "attempts": 0, "created_at": now, "error": ""}
    values |= {"next_at": not_before or now}
    return int(write.execute(delivery_table.insert().values(**values)).inserted_primary_key[0])


def is_asked(where: Database | Write, hook: Hook, about: str) -> bool:
    """Whether a message about that was asked for already, sent or not."""
    c = delivery_table.c
    found = sa.select(c.id).where(c.hook_id == hook.id, c.feedback_id == about).limit(1)
    if isinstance(where, Write):
        return where.execute(found).first() is not None
    with where.read() as connection:
        return connection.execute(found).first() is not None


def claim_due(database: Database) -> tuple[Delivery, Hook] | None:
    """The next message that is due, held for a minute; None where nothing is."""
    c = delivery_table.c
    with database.read() as connection:  # most of the time nothing is due: take no lock for that
        if (
            connection.execute(sa.select(c.id).where(_due(database.clock())).limit(1)).first()
            is None
        ):
            return None
    with database.write("delivery") as write:
        now = database.clock()
        due = sa.select(delivery_table).where(_due(now))
        row = write.execute(due.order_by(c.id).limit(1)).first()
        if row is None:
            return None
        held = {"next_at": now + timedelta(seconds=LEASE_S), "attempts": row.attempts + 1}
        write.execute(delivery_table.update().where(c.id == row.id).values(**held))
        return _delivery(row), get_hook(write.connection, row.hook_id)


def _due(now: datetime) -> Any:
    """What waits for no later moment, or for one so late that the clock must have been set back."""
    c = delivery_table.c
    latest = now + timedelta(seconds=max(WAITS_S)) + HELD
    return (c.state == "waiting") & ((c.next_at <= now) | (c.next_at > latest))


def end_delivery(write: Write, delivery: Delivery, error: str, *, is_final: bool) -> str:
    """How a try ended: an empty error is success. "sent", "waiting" for another try, or "failed"."""
    now = write.database.clock()
    n = delivery.attempts + 1
    values: dict[str, Any] = {"error": error[:500]}
    if not error:
        values |= {"state": "sent", "ended_at": now}
    elif is_final or n > len(WAITS_S):
        values |= {"state": "failed", "ended_at": now}
    else:
        values |= {"next_at": now + timedelta(seconds=WAITS_S[n - 1])}
    write.execute(
        delivery_table.update().where(delivery_table.c.id == delivery.id).values(**values)
    )
    state = str(values.get("state", "waiting"))
    write.audit("deliver", "webhook", str(delivery.hook_id), state=state, error=error[:200])
    return state


def list_deliveries(
    database: Database, feedback_id: str | None = None, limit: int = 50
) -> list[Delivery]:
    """Messages, the newest first."""
    statement = sa.select(delivery_table).order_by(delivery_table.c.id.desc()).limit(limit)
    if feedback_id is not None:
        statement = statement.where(delivery_table.c.feedback_id == feedback_id)
    with database.read() as connection:
        return [_delivery(row) for row in connection.execute(statement)]


def _delivery(row: Any) -> Delivery:
    values = {name: getattr(row, name) for name in Delivery.__slots__}
    return Delivery(**values | {"payload": json.loads(row.payload)})
