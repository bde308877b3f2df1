"""What is looked at (model, version, window, reference, segment, as of), to and from the URL.

Plain values only: the same link means the same question for everybody who may ask it. Windows,
references and segments stay the words that were written ("30d" moves with the days); what the
words mean is said in ``app.questions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.questions import parse_time

KEYS = {
    "model": "m",
    "version": "v",
    "window": "w",
    "reference": "ref",
    "segment": "seg",
    "as_of": "asof",
}
DEFAULT_WINDOW = "30d"


@dataclass(frozen=True, slots=True)
class Selection:
    """The choice of the sidebar. None is the default: first model, all versions, no filter.

    ``window`` is "7d", "30d", "all", ``A..B`` in UTC, or rows; ``reference`` is "imported",
    "previous", "none", ``version:V`` or a window; None leaves it to the page.
    """

    model: str | None = None
    version: str | None = None
    window: str = DEFAULT_WINDOW
    reference: str | None = None
    segment: str | None = None
    as_of: datetime | None = None


def parse_selection(params: Mapping[str, str], default_window: str = DEFAULT_WINDOW) -> Selection:
    """The Selection of a URL's parameters; words are checked where they are asked.

    Raises UsageError where ``asof`` is not a time.
    """
    found = {name: params.get(key) or None for name, key in KEYS.items()}
    as_of = found["as_of"]
    return Selection(
        found["model"],
        found["version"],
        found["window"] or default_window,
        found["reference"],
        found["segment"],
        None if as_of is None else parse_time(as_of),
    )


def format_selection(selection: Selection) -> dict[str, str]:
    """The URL's parameters of a Selection.

    The window is always written: which one is the default depends on the model, a link does not.
    """
    values = {name: getattr(selection, name) for name in KEYS}
    if selection.as_of is not None:
        values["as_of"] = selection.as_of.isoformat()
    return {KEYS[name]: value for name, value in values.items() if value}


def selection_params(params: Mapping[str, str]) -> dict[str, str]:
    """Those of the URL's parameters that are the Selection's: links to other pages carry them."""
    return {key: params[key] for key in KEYS.values() if params.get(key)}


def format_window(start: datetime, end: datetime) -> str:
    """A fixed window's text; midnights as dates alone."""
    return f"{_short(start)}..{_short(end)}"


def _short(time: datetime) -> str:
    return time.isoformat().removesuffix("T00:00:00")
