"""Headers on every answer of screen and API, and the hosts that the demo answers to."""

from __future__ import annotations

import re

from starlette.types import Scope

from app.settings import LOOPBACK, settings_in_force

# The hash is Streamlit's one inline script; blob: is how it loads scripts of custom components.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA=' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?", re.IGNORECASE)
FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip")


def picture_hosts() -> tuple[str, ...]:
    """The hosts whose pictures may be shown; what is no plain name of a host is left out."""
    return tuple(h for h in settings_in_force().text("picture_hosts").split() if HOST.fullmatch(h))


def screen_headers() -> dict[str, str]:
    """The headers of the screen: those of all answers, with the hosts of pictures allowed."""
    hosts = "".join(f" https://{host}" for host in picture_hosts())
    policy = POLICY.replace("img-src 'self' data: blob:", f"img-src 'self' data: blob:{hosts}")
    return HEADERS | {"Content-Security-Policy": policy}


def refuse_foreign(scope: Scope) -> str | None:
    """Why the demo does not answer: the request came by another name, or through a proxy."""
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
    is_foreign = name not in LOOPBACK or any(header in headers for header in FORWARDED)
    if is_foreign and settings_in_force().flag("demo"):
        return "The demo answers on this machine only, as localhost.\n"
    return None
