"""Users: who may sign in. What they may do stands in ``grants``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import NameUnknown, UsageError
from app.state.database import Database, Write

metadata = sa.MetaData()
user_table = sa.Table(
    "user",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("display_name", sa.String(120), nullable=False),
    sa.Column("password_hash", sa.String(200), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("is_demo", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("must_change_password", sa.Boolean, nullable=False),
)
NAME = re.compile(r"^[a-z0-9][a-z0-9._@-]{0,63}$")
NO_PASSWORD = ""  # a hash that no password has


@dataclass(frozen=True, slots=True)
class User:
    """One row; ``role`` says which home the person gets, rights come from grants alone."""

    id: int
    name: str
    display_name: str
    role: str
    is_active: bool
    is_demo: bool
    created_at: datetime
    must_change_password: bool


def clean_name(name: str) -> str:
    """The name as it is stored; UsageError where it cannot be one."""
    cleaned = name.strip().lower()
    if not NAME.match(cleaned):
        raise UsageError(
            f"{name!r} cannot be a user name.",
            "It stands in links and in the audit trail.",
            "Use 1 to 64 letters, digits, dots, dashes, underscores or @.",
        )
    return cleaned


def find_user(connection: Connection, name: str) -> User | None:
    """The user of that name, None where there is none."""
    query = sa.select(user_table).where(user_table.c.name == name.strip().lower())
    row = connection.execute(query).first()
    return None if row is None else to_user(row)


def get_user(connection: Connection, name: str) -> User:
    """The user of that name, else NameUnknown."""
    user = find_user(connection, name)
    if user is None:
        raise NameUnknown(f"There is no user {name!r}.", "", "Create the user on the Admin page.")
    return user


def list_users(database: Database) -> list[User]:
    """All users by name."""
    with database.read() as connection:
        rows = connection.execute(sa.select(user_table).order_by(user_table.c.name)).all()
    return [to_user(row) for row in rows]


def password_hash(connection: Connection, name: str) -> str | None:
    """The hash of that user's password, None where there is no such user."""
    query = sa.select(user_table.c.password_hash).where(user_table.c.name == name)
    return connection.execute(query).scalar()


def add_user(
    write: Write,
    name: str,
    role: str,
    hashed: str,
    *,
    display_name: str = "",
    must_change_password: bool = False,
) -> User:
    """Create a user without any grant; UsageError where the name is taken.

    Who has no password is a person of the demo, and of nothing else.
    """
    cleaned = clean_name(name)
    if find_user(write.connection, cleaned) is not None:
        raise UsageError(f"There is a user {cleaned!r} already.", "", "Choose another name.")
    values: dict[str, Any] = {
        "name": cleaned,
        "display_name": display_name or cleaned,
        "role": role,
        "password_hash": hashed,
        "is_active": True,
        "is_demo": hashed == NO_PASSWORD,
        "created_at": write.database.clock(),
        "must_change_password": must_change_password,
    }
    write.execute(user_table.insert().values(**values))
    write.audit("create", "user", cleaned, role=role, is_demo=values["is_demo"])
    return get_user(write.connection, cleaned)


def set_password(write: Write, user: User, hashed: str, *, must_change: bool = False) -> None:
    """Give the user a new password hash."""
    values = {"password_hash": hashed, "must_change_password": must_change}
    write.execute(user_table.update().where(user_table.c.id == user.id).values(**values))
    write.audit("change password", "user", user.name, must_change=must_change)


def set_active(write: Write, user: User, is_active: bool) -> None:
    """Let the user sign in, or no more."""
    change = user_table.update().where(user_table.c.id == user.id).values(is_active=is_active)
    write.execute(change)
    write.audit("activate" if is_active else "deactivate", "user", user.name)


def to_user(row: Any) -> User:
    """The dataclass of a row that has the columns of the table."""
    return User(**{name: getattr(row, name) for name in User.__slots__})
