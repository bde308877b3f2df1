"""Users of events without their names: a keyed hash, whose key stays in the home folder.

The same user is the same text in every import and every call of one home, and another one in
another home; who has the log and not the key cannot try names until one fits.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

KEY_FILE = "user.key"
LENGTH = 32


def user_key(home: Path) -> str:
    """The key of a home, made on its first use; readable by its owner alone."""
    file = home / KEY_FILE
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = home / f"{KEY_FILE}.{secrets.token_hex(4)}"
        made.write_text(secrets.token_hex(32))
        made.chmod(0o600)
        try:
            os.link(made, file)  # whoever is first wins, nobody reads half a key
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return file.read_text()


def hash_user(key: str, user: str) -> str:
    """The text that stands for a user in the log.

    >>> hash_user("key", "ann") == hash_user("key", "ann") != hash_user("other", "ann")
    True
    """
    return hashlib.sha256(f"{key}:{user}".encode()).hexdigest()[:LENGTH]


def hash_sql(column: str, key: str) -> str:
    """``hash_user`` in SQL; NULL and empty stay NULL."""
    quoted = key.replace("'", "''")
    return (
        f"CASE WHEN {column} IS NOT NULL AND {column} <> ''"
        f" THEN left(sha256('{quoted}:' || {column}), {LENGTH}) END"
    )
