"""A problem as a person reads it: what happened, why, what to do; never a trace."""

from __future__ import annotations

import logging
import re
import secrets

import streamlit as st

from analytics.errors import AccessDenied, TelltaleError
from app.counters import COUNTERS

_log = logging.getLogger("telltale")
_MARKS = re.compile(r"([\\\[\]()*_#<>!|$~:&])")


def problem(error: BaseException) -> None:
    """Draw the problem; one that is not ours gets an id, under which the log holds the trace."""
    COUNTERS.add("problems", type(error).__name__)
    if isinstance(error, TelltaleError):
        mark = "◌" if isinstance(error, AccessDenied) else "▲"
        _box(mark, error.what, error.why, error.do)
        return
    code = secrets.token_hex(4)
    _log.error("problem %s", code, exc_info=error)
    _box(
        "▲",
        "This part could not be drawn.",
        "Something happened that Telltale does not know how to explain; nothing was changed.",
        f"Reload the page. If it stays, give your admin this number: {code}.",
    )


def plain(text: str) -> str:
    """The text with Markdown's marks made harmless, but for what stands between backticks."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return _MARKS.sub(r"\\\1", text.replace("`", "'"))
    escaped = (_MARKS.sub(r"\\\1", p) if i % 2 == 0 else f"`{p}`" for i, p in enumerate(pieces))
    return "".join(escaped)


def title_text(text: str) -> str:
    """The same for a title: a line never begins with a number's unit.

    >>> title_text("7.6 % before")
    '7.6\\xa0% before'
    """
    return plain(text).replace(" %", "\u00a0%")


def _box(mark: str, what: str, why: str, do: str) -> None:
    with st.container(border=True, key=f"problem_{secrets.token_hex(4)}"):
        st.markdown(f"{mark} **{plain(what)}**")
        if why:
            st.markdown(plain(why))
        if do:
            st.caption(plain(do))
