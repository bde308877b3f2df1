"""Who is looking, and what they may do: deny by default."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from analytics.errors import AccessDenied
from app.auth.rights import RIGHTS, ROLES, SYSTEM_RIGHTS, check_right
from app.settings import Settings
from app.state.database import Database
from app.state.grants import EVERY_MODEL, Grant, list_grants
from app.state.sessions import Session, find_session, token_hash
from app.state.users import User


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in user with their grants; plain values, safe as part of a cache key."""

    user: str
    display_name: str
    role: str
    grants: tuple[Grant, ...]
    session_id: int | None = None
    must_change_password: bool = False
    is_demo: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles granted on any model."""
        return tuple(sorted({grant.role for grant in self.grants}))

    @property
    def only_labels(self) -> bool:
        """Whether labelling is all that this viewer is here for."""
        return set(self.roles) == {"annotator"}

    def may(self, right: str, model: str | None = None) -> bool:
        """Whether some granted role has the right on that model (None: on any model).

        A right that is not about one model, such as "admin", needs a grant on every model.
        """
        check_right(right)
        if self.must_change_password:
            return False
        if right in SYSTEM_RIGHTS:
            model = EVERY_MODEL
        return any(
            right in ROLES.get(grant.role, ()) and (model is None or grant.covers(model))
            for grant in self.grants
        )

    def check(self, right: str, model: str | None = None) -> None:
        """Raise AccessDenied where the right is missing."""
        if self.may(right, model):
            return
        if self.must_change_password:
            raise AccessDenied(
                "Your one-time password must be changed first.",
                "Whoever gave it to you knows it.",
                "Choose your own password on the Account page.",
            )
        where = "" if model is None or right in SYSTEM_RIGHTS else f" (model {model!r})"
        raise AccessDenied(
            f"You have no right to {RIGHTS[right]}{where}.",
            f"You are signed in as {self.user}; your grants do not include it.",
            "Ask an admin for a grant (Admin page, Grants).",
        )

    def models(self, names: Iterable[str], right: str = "view") -> list[str]:
        """Those of the models on which the viewer has the right, in the given order."""
        return [name for name in names if self.may(right, name)]


def operator(name: str = "operator") -> Viewer:
    """Whoever runs commands on the machine that holds the files: they can read them anyway."""
    return Viewer(name, name, "admin", (Grant("admin", EVERY_MODEL),))


def load_viewer(
    database: Database, settings: Settings, token: str | None
) -> tuple[Viewer, Session] | None:
    """The viewer of a session token; None where the session is unknown, ended, idle or over."""
    if not token:
        return None
    now, idle_s = database.clock(), settings.number("session_idle_s")

    def read(connection: Connection) -> tuple[Session, User, tuple[Grant, ...]] | None:
        found = find_session(connection, token, now, idle_s)
        return None if found is None else (*found, list_grants(connection, found[1].id))

    found = database.held(("viewer", token_hash(token)), read)
    if found is None or not found[0].is_live(now, idle_s):
        return None
    session, user, grants = found
    if user.is_demo and not settings.flag("demo"):
        return None
    return viewer_of(user, grants, session.id), session


def viewer_of(user: User, grants: tuple[Grant, ...], session_id: int | None = None) -> Viewer:
    """The viewer that a user is with these grants."""
    return Viewer(
        user=user.name,
        display_name=user.display_name,
        role=user.role,
        grants=grants,
        session_id=session_id,
        must_change_password=user.must_change_password,
        is_demo=user.is_demo,
    )
