"""Check who signs in, and hand out the one-time ticket that the browser exchanges for its cookie."""

from __future__ import annotations

from analytics.errors import AccessDenied
from app.auth.passwords import is_password
from app.counters import COUNTERS
from app.settings import Settings
from app.state.database import Database
from app.state.sessions import issue_ticket
from app.state.throttle import begin_attempt, forget_failures
from app.state.users import find_user, password_hash


def sign_in(database: Database, settings: Settings, name: str, password: str, address: str) -> str:
    """A ticket for the user of that name and password; else AccessDenied that says no more.

    The same words and the same time for an unknown user, a wrong password and a closed account.
    """
    name = name.strip().lower()
    attempts, window_s = settings.number("login_attempts"), settings.number("login_window_s")
    wait_s = begin_attempt(database, name, address, attempts, window_s)
    if wait_s is not None:
        COUNTERS.add("sign_ins", "throttled")
        minutes = max(1, round(wait_s / 60))
        raise AccessDenied(
            "Too many failed sign-ins.",
            "Guessing passwords is slowed down for each user and address.",
            f"Wait {minutes} minute{'s' if minutes > 1 else ''} and try again, or ask an admin.",
        )
    with database.read() as connection:
        user = find_user(connection, name)
        hashed = password_hash(connection, name)
    is_right = is_password(password, hashed)
    if not is_right or user is None or not user.is_active or user.is_demo:
        COUNTERS.add("sign_ins", "refused")
        with database.write("sign-in") as write:
            write.audit("sign-in refused", "user", name[:64], ip=address)
        raise AccessDenied(
            "The user name or the password is wrong.",
            "Nothing more is said, so that nobody can find out who has an account.",
            "Try again, or ask an admin for a new one-time password.",
        )
    COUNTERS.add("sign_ins", "ok")
    forget_failures(database, name, address)
    with database.write(user.name) as write:
        return issue_ticket(write, user)


def sign_in_demo(database: Database, settings: Settings, name: str) -> str:
    """A ticket for a demo user without a password; only in a demo that nobody else can reach."""
    with database.read() as connection:
        user = find_user(connection, name)
    if not settings.flag("demo") or not settings.is_loopback or user is None or not user.is_demo:
        raise AccessDenied(
            f"There is no demo user {name!r} here.",
            "Demo users exist only in a demo on this machine.",
            "Sign in with your own name and password.",
        )
    with database.write(user.name) as write:
        return issue_ticket(write, user)
