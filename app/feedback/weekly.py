"""The weekly digest on its way: once a week and recipient, to whom an admin named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from analytics.errors import TelltaleError
from app.address import page_address
from app.auth.viewer import Viewer
from app.feedback.outward import ask_test_of
from app.settings import Settings
from app.state.database import Database
from app.state.hooks import Hook, ask_delivery, is_asked, list_hooks

if TYPE_CHECKING:
    from analytics.query.engine import Engine

_log = logging.getLogger("telltale.weekly")


def last_monday(now: datetime) -> datetime:
    """The end of the last whole week, in UTC.

    >>> last_monday(datetime(2026, 11, 27, 1, 30))
    datetime.datetime(2026, 11, 23, 0, 0)
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def ask_digests(settings: Settings, database: Database, engine: Callable[[], Engine]) -> int:
    """Have the last week told to everybody who has not been asked for yet; how many that are.

    The question whether it was asked and the asking are one transaction: two workers tell it once.
    Weeks that ended before somebody was named are not told.
    """
    end, n = last_monday(database.clock()), 0
    name = week_name(end)
    for hook in list_hooks(database, purpose="digest"):
        if hook.created_at >= end or is_asked(database, hook, name):
            continue
        try:
            payload = digest_of(settings, database, engine(), hook, end)
        except TelltaleError as error:
            _log.warning("no digest of %s: %s", hook.model, error)
            continue
        with database.write("digest") as write:
            if is_asked(write, hook, name):
                continue
            ask_delivery(write, hook, name, payload)
            write.audit("tell week", "webhook", str(hook.id), week=name)
        n += 1
    return n


def week_name(end: datetime) -> str:
    """What a week's message is kept under.

    >>> week_name(datetime(2026, 11, 23))
    'week to 2026-11-23'
    """
    return f"week to {end:%Y-%m-%d}"


def digest_of(
    settings: Settings, database: Database, engine: Engine, hook: Hook, end: datetime
) -> dict[str, Any]:
    """The five lines as a message; a replayed log has its own present."""
    from analytics.findings.voices import digest
    from app.feedback.reading import read_week
    from app.questions import clock
    from app.state.logs import load_dataset

    dataset = load_dataset(database, hook.model, settings.home)
    lines = digest(read_week(engine, database, dataset, clock(dataset, end)))
    return _message(settings, hook, f"{hook.model}: the {week_name(end)}", lines)


def _message(settings: Settings, hook: Hook, title: str, lines: list[str]) -> dict[str, Any]:
    address = page_address(settings, "feedback", m=hook.model)
    text = "\n".join([title, "", *lines, "", address])
    found = {"event": "feedback.digest", "title": title, "lines": lines, "text": text}
    return found | {"model": hook.model, "url": address}


def ask_test(database: Database, settings: Settings, viewer: Viewer, hook_id: int) -> None:
    """Send a line that says that it is a test; how it went stands under what was sent last."""
    lines = ["This is a test: the week's feedback will come in five lines every Monday."]
    ask_test_of(
        database, viewer, hook_id, "digest",
        lambda hook: _message(settings, hook, f"{hook.model}: a test", lines),
    )  # fmt: skip
