"""Addresses of pages, for answers and messages that leave the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from app.settings import Settings
    from app.state.feedback import Item


def page_address(settings: Settings, page: str, **params: str) -> str:
    """The address of a page under which people reach the screen."""
    host = settings.text("host")
    shown = f"[{host}]" if ":" in host else host
    root = settings.text("public_url").rstrip("/") or f"http://{shown}:{settings.number('port')}"
    return f"{root}/{page}?{urlencode(params)}"


def address_of(settings: Settings, item: Item) -> str:
    """The address of a piece of feedback."""
    return page_address(settings, "feedback", m=item.model, item=item.id)
