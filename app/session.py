"""What is looked at (model, version, window, reference, segment, as of), to and from the URL.

Plain values only: the same link means the same question for everybody who may ask it. A relative
window stays relative ("30d" moves with the days), a fixed one is ``A..B`` in UTC, half open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analytics.core import Window
from analytics.errors import UsageError

KEYS = {
    "model": "m",
    "version": "v",
    "window": "w",
    "reference": "ref",
    "segment": "seg",
    "as_of": "asof",
}
RELATIVE = ("7d", "30d", "90d", "year", "all")
DEFAULT_WINDOW = "30d"
REFERENCES = ("imported", "previous", "none")
_DAYS = re.compile(r"^([1-9][0-9]{0,4})d$")


@dataclass(frozen=True, slots=True)
class Selection:
    """The choice of the sidebar. None is the default: first model, all versions, no filter.

    ``window`` and ``reference`` are texts as in the URL; ``window_of`` makes them spans of time.
    ``reference`` is "imported", "previous", "none" or ``A..B``; None leaves it to the page.
    """

    model: str | None = None
    version: str | None = None
    window: str = DEFAULT_WINDOW
    reference: str | None = None
    segment: str | None = None
    as_of: datetime | None = None

    def with_(self, **changes: object) -> Selection:
        """The same choice with some of it changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def parse_selection(params: Mapping[str, str]) -> Selection:
    """The Selection of a URL's parameters; UsageError names the one that cannot be read."""
    found = {name: params.get(key) or None for name, key in KEYS.items()}
    window = found["window"] or DEFAULT_WINDOW
    window_of(window, None)
    reference = found["reference"]
    if reference is not None and reference not in REFERENCES:
        _fixed(reference, "ref")
    as_of = None if found["as_of"] is None else _time(found["as_of"], "asof")
    return Selection(found["model"], found["version"], window, reference, found["segment"], as_of)


def format_selection(selection: Selection) -> dict[str, str]:
    """The URL's parameters of a Selection; defaults are left out."""
    values = {name: getattr(selection, name) for name in KEYS}
    if values["window"] == DEFAULT_WINDOW:
        values["window"] = None
    if selection.as_of is not None:
        values["as_of"] = selection.as_of.isoformat()
    return {KEYS[name]: value for name, value in values.items() if value}


def selection_params(params: Mapping[str, str]) -> dict[str, str]:
    """Those of the URL's parameters that belong to the Selection: links to other pages carry them."""
    return {key: params[key] for key in KEYS.values() if params.get(key)}


def window_of(text: str, now: datetime | None) -> Window:
    """The span of a window's text; relative ones end at the midnight after ``now``.

    Without a ``now`` (a log without times) a relative window is the whole log.
    """
    if text == "all":
        return Window()
    days = _DAYS.match(text)
    if days is None and text != "year":
        return _fixed(text, "w")
    if now is None:
        return Window()
    end = datetime(now.year, now.month, now.day) + timedelta(days=1)
    return Window(end - timedelta(days=365 if days is None else int(days.group(1))), end)


def reference_window(text: str, current: Window) -> Window | None:
    """The span of a reference: as long as the current window and right before it, or ``A..B``."""
    if text == "previous":
        if current.start is None or current.end is None:
            return None
        return Window(current.start - (current.end - current.start), current.start)
    return None if text in REFERENCES else _fixed(text, "ref")


def format_window(start: datetime, end: datetime) -> str:
    """A fixed window's text; midnights as dates alone."""
    return f"{_short(start)}..{_short(end)}"


def _fixed(text: str, key: str) -> Window:
    first, dots, last = text.partition("..")
    if not dots:
        raise _unreadable(text, key)
    start, end = _time(first, key), _time(last, key)
    if start >= end:
        raise UsageError(
            f"The window {text!r} ends before it starts.",
            "A window holds its start and leaves out its end.",
            f"Swap the two: {key}={last}..{first}.",
        )
    return Window(start, end)


def _time(text: str, key: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise _unreadable(text, key) from None
    if time.tzinfo is not None:
        raise _unreadable(text, key)
    return time


def _unreadable(text: str, key: str) -> UsageError:
    return UsageError(
        f"{key}={text!r} in the link cannot be read as a time.",
        "Times are UTC, such as 2013-09-01 or 2013-09-01T06:00.",
        f"Take {key}={', '.join(RELATIVE)} or two times with two dots between them.",
    )


def _short(time: datetime) -> str:
    text = time.isoformat()
    return text.removesuffix("T00:00:00")
