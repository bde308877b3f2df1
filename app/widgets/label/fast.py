"""The fast desk: twenty cards ahead in the browser, answers kept there until they are stored.

The component sends its outbox as state, never as a trigger: a trigger that fires fast loses what
was not read yet. What the server has stored is acknowledged by sequence number, and every answer
has an id of its own, so sending again is harmless.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.auth import guarded
from app.widgets.label.form import form_values

if TYPE_CHECKING:
    from app.widgets.label.desk import LabelDesk, Sheet

HERE = Path(__file__).parent
KEY = "label_fast"
AHEAD, FARTHEST = 20, 50  # cards in the browser; more where no guard slows the keys
LAST_SEEN = 120  # outcomes that are said again, for a browser that missed an answer
CAPTION = "The columns that say most"

component = st.components.v2.component(
    "telltale_label",
    html=(HERE / "fast.html").read_text(),
    css=(HERE / "fast.css").read_text(),
    js=(HERE / "fast.js").read_text(),
)


def draw_fast(desk: LabelDesk) -> None:
    """The desk as a component; only this part of the page runs again when an answer comes."""

    @guarded("label", desk.model)
    def take() -> None:
        state = st.session_state.get(KEY) or {}
        take_outbox(desk, state.get("outbox") or {})

    @st.fragment
    @guarded("label", desk.model)
    def draw() -> None:
        ahead = AHEAD if desk.form.guard_ms else FARTHEST
        component(key=KEY, data=_values(desk, desk.sheet(ahead)), on_outbox_change=take)

    draw()


def take_outbox(desk: LabelDesk, outbox: Mapping[str, Any]) -> None:
    """Store what the browser sent, in its order, and note how far that went."""
    done = st.session_state.get("label_acked") or {}
    client = str(outbox.get("client", ""))
    last = done.get("seq", 0) if done.get("client") == client else 0
    items = [item for item in outbox.get("items") or () if int(item["seq"]) > last]
    items.sort(key=lambda item: int(item["seq"]))
    said = desk.take(items)
    if said:
        seq = int(items[len(said) - 1]["seq"])
        st.session_state["label_acked"] = {"client": client, "seq": seq}
        kept = [*st.session_state.get("label_outcomes", ()), *said]
        st.session_state["label_outcomes"] = kept[-LAST_SEEN:]


def _values(desk: LabelDesk, sheet: Sheet) -> dict[str, Any]:
    form = form_values(desk.form)
    told = st.session_state.get("label_outcomes", ())
    return form | {
        "form": hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()[:16],
        "box": desk.box,
        "acked": st.session_state.get("label_acked"),
        "outcomes": [
            {"id": o.id, "task": o.task, "told": o.told, "problem": o.problem} for o in told
        ],
        "undo_top": sheet.undo_top,
        "queue": desk.queue or "",
        "empty": sheet.empty,
        "progress": {
            "done": sheet.done,
            "goal": sheet.goal,
            "word": "today",
            "notes": list(sheet.notes),
        },
        "cards": [
            {
                "task": opened.task,
                "name": opened.card.name,
                "why": opened.card.why,
                "rows": [list(row) for row in opened.card.rows],
                "more": [list(row) for row in opened.card.more],
                "text": opened.card.text,
                "image": opened.card.image,
                "is_photo": opened.card.is_photo,
                "caption": CAPTION if opened.card.more else "",
            }
            for opened in sheet.cards
        ],
    }
