"""Short-lived tokens: a program hands one to its own user, who may judge one prediction with it.

A token stands for one prediction and one key of feedback, and ends by itself; revoking the API key
that made it ends it too. Only hashes are kept. Making one is part of serving an answer and leaves
no audit row; what is sent with it does.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.state.database import Write
from app.state.keys import ApiKey, get_key, key_table, secret_hash

MARK = "tellonce_"
DEFAULT_S, MOST_S = 3 * 3600, 7 * 86400

metadata = key_table.metadata
token_table = sa.Table(
    "feedback_token",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("key_id", sa.ForeignKey("api_key.id"), nullable=False),
    sa.Column("prediction_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("expires_at", sa.DateTime, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Token:
    """What a token is good for."""

    key_id: int
    prediction_id: str
    key: str
    expires_at: datetime


def make_token(
    write: Write, key: ApiKey, prediction_id: str, name: str, lasts_s: int = DEFAULT_S
) -> tuple[str, datetime]:
    """A new token and its end; tokens that ended are swept away."""
    now = write.database.clock()
    write.execute(token_table.delete().where(token_table.c.expires_at <= now))
    secret = MARK + secrets.token_urlsafe(24)
    ends = now + timedelta(seconds=min(lasts_s, MOST_S))
    values = {"token_hash": secret_hash(secret), "key_id": key.id, "key": name}
    values |= {"prediction_id": prediction_id, "expires_at": ends}
    write.execute(token_table.insert().values(**values))
    return secret, ends


def find_token(connection: Connection, secret: str, now: datetime) -> tuple[Token, ApiKey] | None:
    """The token of a secret and the key that made it; None where it ended or the key was revoked."""
    which = token_table.c.token_hash == secret_hash(secret)
    row = connection.execute(
        sa.select(token_table).where(which, token_table.c.expires_at > now)
    ).first()
    if row is None:
        return None
    key = get_key(connection, row.key_id)
    token = Token(row.key_id, row.prediction_id, row.key, row.expires_at)
    return (token, key) if key.revoked_at is None else None
