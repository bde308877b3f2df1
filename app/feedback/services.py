"""Services that Apprise knows (Slack, Teams, PagerDuty and more): sealed addresses, allowed schemes.

An address of such a service is a secret itself, so the database holds it sealed with a key that is
derived from the home's key file. Only services whose host is fixed by their scheme are allowed: an
address that somebody types can then not lead into the private network.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.errors import ConfigError, UsageError
from app.feedback.sending import Sent
from app.ingest.pseudonyms import user_key
from app.settings import Settings
from app.state.hooks import SEALED, Delivery, Hook

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

# Each has one public host of its own; json://, xml://, mailto:// and the like would have any.
SCHEMES = (
    "slack", "msteams", "discord", "pagerduty", "opsgenie", "tgram", "gchat", "wxteams", "pover",
    "pbul", "twilio", "sendgrid", "mailgun", "victorops", "zulip",
)  # fmt: skip


def check_service(url: str) -> str:
    """The address itself; UsageError where its scheme is not allowed or it has options."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in SCHEMES or not rest:
        raise UsageError(
            "This is no address of a service that alerts may go to.",
            "Services with a host of their own only, so that nothing leads into a private network.",
            f"Begin with one of {', '.join(f'{s}://' for s in SCHEMES)}.",
        )
    if "?" in rest:
        raise UsageError(
            "The address has options.", "verify=no and others weaken it.", "Drop them."
        )
    return url.strip()


def seal(home: Path, text: str) -> str:
    """The text encrypted and signed with the home's key."""
    return SEALED + _fernet(home).encrypt(text.encode()).decode()


def unseal(home: Path, sealed: str) -> str:
    """What was sealed; ConfigError where the home has another key than it was sealed with."""
    from cryptography.fernet import InvalidToken

    try:
        return _fernet(home).decrypt(sealed.removeprefix(SEALED).encode()).decode()
    except InvalidToken as error:
        raise ConfigError(
            "An address cannot be read.",
            "It was sealed with another key file.",
            "Make the webhook again.",
        ) from error


def _fernet(home: Path) -> Fernet:
    from cryptography.fernet import Fernet

    key = hmac.new(user_key(home).encode(), b"apprise", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def shown(hook: Hook) -> str:
    """The address of a hook as a screen may show it."""
    return "(sealed)" if hook.url.startswith(SEALED) else hook.url


def send_service(settings: Settings, hook: Hook, delivery: Delivery) -> Sent:
    """One try; the service's answer is yes or no."""
    try:
        import apprise
    except ImportError:
        return Sent("Apprise is not installed: pip install apprise.", is_final=True)
    try:
        url = check_service(unseal(settings.home, hook.url))
    except (ConfigError, UsageError) as error:
        return Sent(error.what, is_final=True)
    service = apprise.Apprise()
    if not service.add(url):
        return Sent("Apprise does not understand the address.", is_final=True)
    told = delivery.payload
    kind = apprise.NotifyType.FAILURE if told.get("status") == "firing" else apprise.NotifyType.INFO
    is_sent = bool(
        service.notify(title=str(told["title"]), body=str(told["text"]), notify_type=kind)
    )
    return Sent() if is_sent else Sent(f"{url.partition('://')[0]} did not take it.")
