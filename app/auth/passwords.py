"""Passwords: the policy, and hashing as streamlit-authenticator does it (bcrypt)."""

from __future__ import annotations

import secrets

from analytics.errors import UsageError

MIN_LENGTH = 12
MAX_BYTES = 72  # bcrypt reads no further
_NOBODY = "$2b$12$QqJU9NKChSHm0FF2FelUcO6paw2mfP32ZZNLh6NTUg0dC7O/s7GPS"


def check_policy(password: str, name: str = "") -> None:
    """Raise UsageError where the password cannot be used, with the reason."""
    if len(password) < MIN_LENGTH:
        raise UsageError(
            f"The password has {len(password)} characters.",
            "Short passwords are guessed.",
            f"Use at least {MIN_LENGTH}; four unrelated words are easy to keep in mind.",
        )
    n_bytes = len(password.encode())
    if n_bytes > MAX_BYTES:
        raise UsageError(
            f"The password is {n_bytes} bytes long.",
            f"What comes after byte {MAX_BYTES} would not count.",
            f"Use at most {MAX_BYTES} bytes; letters with accents take two or more.",
        )
    if len(set(password)) < 5 or (name and password.strip().lower() == name.lower()):
        raise UsageError(
            "The password is too easy to guess.",
            "It repeats a few characters, or is the user name.",
            "Use four unrelated words.",
        )


def hash_password(password: str) -> str:
    """The bcrypt hash to store."""
    from streamlit_authenticator.utilities.hasher import Hasher

    return str(Hasher.hash(password))


def is_password(password: str, hashed: str | None) -> bool:
    """Whether the password fits; takes as long for an unknown user or one without a password."""
    from streamlit_authenticator.utilities.hasher import Hasher

    fits_limit = len(password.encode()) <= MAX_BYTES
    tried = password if fits_limit else password.encode()[:16].decode(errors="ignore")
    fits = bool(Hasher.check_pw(tried, hashed or _NOBODY))
    return fits and fits_limit and bool(hashed)


def one_time_password() -> str:
    """A random password to hand over, which must be changed at the first sign-in."""
    return secrets.token_urlsafe(15)
