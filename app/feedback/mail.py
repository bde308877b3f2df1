"""Sending an e-mail through the server that the settings name, encrypted unless its host is allowed by name."""

from __future__ import annotations

import smtplib
import socket
import ssl
from datetime import UTC
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from app.feedback.sending import TIMEOUT_S, Resolve, Sent, checked_address, resolve
from app.settings import Settings
from app.state.hooks import MAIL, Delivery, Hook

KEPT_IN = "smtp"  # the file of the folder secrets that holds the server's password


class _Pinned(smtplib.SMTP):
    """Speaks to the one address that was checked, under the name that the certificate must hold."""

    def __init__(self, host: str, port: int, address: str, *, is_wrapped: bool) -> None:
        self._address, self._wraps = address, is_wrapped
        super().__init__(host, port, timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        if not self._wraps:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def send_mail(
    settings: Settings, hook: Hook, delivery: Delivery, lookup: Resolve = resolve
) -> Sent:
    """One try. The message has the same id each time: a mailbox that got it twice can tell."""
    host, port = settings.text("mail_host"), int(settings.number("mail_port"))
    safety = settings.text("mail_security")
    if not host or not settings.text("mail_from"):
        return Sent("Settings mail_host and mail_from say who sends mail.", is_final=True)
    if safety not in ("starttls", "tls", "none"):
        return Sent("The setting mail_security is starttls, tls or none.", is_final=True)
    address = checked_address(settings, (host, port), safety != "none", lookup)
    if isinstance(address, Sent):
        return address
    try:
        with _Pinned(host, port, address, is_wrapped=safety == "tls") as server:
            if safety == "starttls":
                server.starttls(context=ssl.create_default_context())
            _sign_in(settings, server)
            server.send_message(_letter(settings, hook, delivery))
    except smtplib.SMTPResponseException as error:
        return Sent(f"{host} answered {error.smtp_code}.", is_final=error.smtp_code >= 500)
    except smtplib.SMTPRecipientsRefused:
        return Sent(f"{host} refused the recipient.", is_final=True)
    except (OSError, smtplib.SMTPException) as error:
        return Sent(f"{host} did not take it: {type(error).__name__}.")
    return Sent()


def _sign_in(settings: Settings, server: smtplib.SMTP) -> None:
    user, file = settings.text("mail_user"), settings.home / "secrets" / KEPT_IN
    if user:
        server.login(user, file.read_text().strip() if file.is_file() else "")


def _letter(settings: Settings, hook: Hook, delivery: Delivery) -> EmailMessage:
    told: dict[str, Any] = dict(delivery.payload)
    sender = settings.text("mail_from")
    letter = EmailMessage()
    letter["From"], letter["To"] = sender, hook.url.removeprefix(MAIL)
    letter["Subject"] = " ".join(str(told["title"]).split())
    letter["Date"] = formatdate(delivery.created_at.replace(tzinfo=UTC).timestamp())
    letter["Message-ID"] = f"<telltale-{hook.id}-{delivery.id}@{sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(str(told["text"]))
    return letter
