"""The audit trail and the settings in force on the Admin page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.auth.current import state
from app.settings import TABLE
from app.state.audit import list_entries, verify
from app.state.grants import EVERY_MODEL

PAGE_SIZE = 200


def draw_trail() -> None:
    """Who did what, the newest first, and whether the chain of digests still holds."""
    database, _settings = state()
    if st.button("Check the chain", key="audit_verify"):
        found = verify(database)
        if found.is_intact:
            st.markdown(f"● **ok**  {found.n:,} rows, each fits the one before. Newest digest:")
            st.code(found.head, language=None)
            st.caption("Keep the digest elsewhere: it shows later whether rows were cut off.")
        else:
            st.markdown(f"▲ **critical**  The chain breaks: {found.reason}.")
    who, what = st.columns(2)
    actor = who.text_input("Who", key="audit_actor", placeholder="everybody")
    kind = what.text_input("Kind of thing", key="audit_kind", placeholder="everything")
    entries = list_entries(database, PAGE_SIZE, actor=actor or None, object_type=kind or None)
    rows = [
        {
            "No.": entry.seq,
            "Time (UTC)": entry.at.strftime("%Y-%m-%d %H:%M:%S"),
            "Who": entry.actor,
            "Did": entry.action,
            "Kind": entry.object_type,
            "To": entry.object_id,
            "Change": _say_change(entry.change),
        }
        for entry in entries
    ]
    st.dataframe(rows, hide_index=True, width="stretch")
    if len(rows) == PAGE_SIZE:
        st.caption(f"The newest {PAGE_SIZE} rows; narrow the search to see older ones.")


def _say_change(change: Mapping[str, Any] | None) -> str:
    """What a row of the trail keeps beside its names, as words.

    >>> _say_change({"role": "admin", "model": "*", "is_demo": False})
    'role: admin; model: every model; is demo: no'
    """
    return "; ".join(f"{k.replace('_', ' ')}: {_say(v)}" for k, v in (change or {}).items())


def _say(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "none" if value is None else "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{k} {_say(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(map(_say, value))
    return "every model" if value == EVERY_MODEL else str(value)


def draw_settings() -> None:
    """What is in force; read only, because settings belong to whoever starts the server."""
    _database, settings = state()
    rows = []
    for setting in TABLE:
        value = settings[setting.name]
        shown = ("set, not shown" if value else "not set") if setting.is_secret else str(value)
        changed = "" if value == setting.default else "set"
        rows.append(
            {
                "Setting": setting.name,
                "In force": shown or "(empty)",
                "Set here": changed,
                "What it does": setting.help,
            }
        )
    st.caption("From TELLTALE_ variables or telltale.toml; they are read when the server starts.")
    st.dataframe(rows, hide_index=True, width="stretch", height="content")
