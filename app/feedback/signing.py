"""Signatures of webhooks: what goes out carries one, what comes in is believed for one."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from app.ingest.pseudonyms import user_key

TOLERANCE_S = 300  # a signed message older than this may be a replay
HEADER = "x-telltale-signature"


def hook_secret(home: Path, hook_id: int) -> str:
    """The secret of a hook, derived from the home's key file: no database holds it."""
    key = user_key(home).encode()
    return hmac.new(key, f"webhook:{hook_id}".encode(), hashlib.sha256).hexdigest()


def sign(secret: str, body: bytes, at: int) -> str:
    """The header's value: the moment, and HMAC-SHA256 over moment and body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def is_signed(secret: str, body: bytes, header: str, now: float) -> bool:
    """Whether our own scheme signed this body within the last minutes."""
    pieces = dict(p.partition("=")[::2] for p in header.split(","))
    moment = pieces.get("t", "")
    if not (moment.isascii() and moment.isdecimal()) or len(moment) > 12:
        return False
    fresh = abs(now - int(moment)) <= TOLERANCE_S
    return fresh and hmac.compare_digest(sign(secret, body, int(moment)), header)


def is_signed_by_hub(secret: str, body: bytes, header: str) -> bool:
    """Whether the scheme of GitHub and Jira (``sha256=...`` over the body) signed it."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={digest}".encode(), header.encode())
