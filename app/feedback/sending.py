"""Sending a webhook: to public hosts over https, or to hosts that are allowed by name; no detours.

The host is resolved once, every address checked, and that very address connected to, so that no
second answer of the resolver leads into the private network. Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.feedback.signing import HEADER, hook_secret, sign
from app.settings import Settings
from app.state.hooks import Delivery, Hook

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 10.0
ANSWER_BYTES = 65_536
Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Sent:
    """How a try ended: an empty error is success; ``external`` is the ticket that was made."""

    error: str = ""
    is_final: bool = False
    external: str | None = None


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host."""
    return sorted(
        {str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    )


def send(settings: Settings, hook: Hook, delivery: Delivery, lookup: Resolve = resolve) -> Sent:
    """One try."""
    import httpx

    parts = urlsplit(hook.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = checked_address(settings, (host, port), parts.scheme == "https", lookup)
    if isinstance(address, Sent):
        return address
    shown = f"[{address}]" if ":" in address else address
    target = f"{parts.scheme}://{shown}:{port}{parts.path or '/'}"
    target += f"?{parts.query}" if parts.query else ""
    body = json.dumps(delivery.payload).encode()
    try:
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            request = client.build_request(
                "POST",
                target,
                content=body,
                headers=_headers(settings, hook, body) | {"Host": parts.netloc},
                extensions={"sni_hostname": host},
            )
            answer = client.send(request, stream=True)
            text = _read(answer)
            answer.close()
    except httpx.HTTPError as error:
        return Sent(f"{host} did not answer: {type(error).__name__}.")
    return _judge(hook, answer.status_code, text)


def checked_address(
    settings: Settings, target: tuple[str, int], is_encrypted: bool, lookup: Resolve
) -> str | Sent:
    """The one address to connect to, or why none: plain text and private networks ask for a name in
    the setting ``webhook_hosts``."""
    host, port = target
    is_allowed = host in settings.text("webhook_hosts").split()
    if not is_encrypted and not is_allowed:
        return Sent(f"{host} may not be sent to without encryption.", is_final=True)
    try:
        addresses = lookup(host, port)
    except OSError:
        return Sent(f"The name {host} cannot be resolved.")
    if not addresses or (not is_allowed and not all(map(is_public, addresses))):
        return Sent(
            f"{host} lies in a private network; TELLTALE_WEBHOOK_HOSTS allows it.", is_final=True
        )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address lies in the public network; one that hides another counts as that one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None and not is_public(str(inner)):
            return False
        if ip.packed[:12] == bytes.fromhex("0064ff9b0000000000000000"):  # NAT64
            return is_public(str(ipaddress.IPv4Address(ip.packed[12:])))
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not ip.is_multicast


def _headers(settings: Settings, hook: Hook, body: bytes) -> dict[str, str]:
    secret = hook_secret(settings.home, hook.id)
    headers = {"Content-Type": "application/json", "User-Agent": "Telltale"}
    headers[HEADER] = sign(secret, body, int(time.time()))
    token = read_token(settings.home, hook.token_name)
    return headers | ({"Authorization": token} if token else {})


def read_token(home: Path, name: str) -> str:
    """The Authorization header of a hook: a file of the folder secrets, which only admins fill."""
    if not name:
        return ""
    file = home / "secrets" / name
    text = file.read_text().strip() if file.is_file() else ""
    return text if not text or " " in text else f"Bearer {text}"


def _read(answer: httpx.Response) -> bytes:
    text = b""
    for block in answer.iter_bytes():
        text += block
        if len(text) > ANSWER_BYTES:
            break
    return text[:ANSWER_BYTES]


def _judge(hook: Hook, status: int, text: bytes) -> Sent:
    if 200 <= status < 300:
        return Sent(external=_external(hook, text))
    error = f"{urlsplit(hook.url).hostname} answered {status}."
    return Sent(error, is_final=status < 500 and status not in (408, 425, 429))


def _external(hook: Hook, text: bytes) -> str | None:
    """The ticket that the other side made, as it calls it."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    name = {"github": "html_url", "jira": "key"}.get(hook.style, "external")
    value = found.get(name)
    return value[:2000] if isinstance(value, str) else None
