"""The keys of the inbox, and what they do; everything else that can be done is under More."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_count
from app.auth import guarded, require
from app.auth.current import state
from app.feedback import verbs
from app.state.feedback import Item, read_item
from app.state.inbox import Filter, assignees_of, list_items, similar_to, tags_of
from app.state.logs import list_imports
from app.widgets.feedback_item import WORDS, save_note
from app.widgets.feedback_outward import draw_outward

if TYPE_CHECKING:
    from app.widgets.view import View

ITEM = "item"  # of the URL
OPENED = "inbox_opened"  # what is open: a link says so once, then the keys do
NO_FIX = "nothing in the model changed"


# Key, label, what it does, and whether the next item opens afterwards.
KEYS: tuple[tuple[str, str, str, str, bool], ...] = (
    ("a", "Mine", "mine", "Give it to yourself", False),
    ("e", "Resolve", "resolve", "Close it; what fixed it is named below", True),
    ("d", "Merge", "duplicate", "Merge it into the earliest item that says the same", True),
    ("l", "Label", "label", "Send its correction to the labels", False),
    ("x", "Spam", "spam", "Set it aside; it counts no more", True),
)


def draw_keys(view: View, items: list[Item], opened: Item) -> None:
    """The keys as buttons: whoever has no keyboard presses them."""
    ids = [item.id for item in items]
    at = ids.index(opened.id) if opened.id in ids else -1
    before = ids[at - 1] if at > 0 else None
    after = ids[at + 1] if 0 <= at < len(ids) - 1 else None
    similar = similar_to(state()[0], opened)
    reasons = {
        "duplicate": "" if similar else "No earlier item says the same; merge it below.",
        "label": "" if opened.correction is not None else "It says nothing that would be right.",
        "resolve": "" if opened.is_open else "It is closed already.",
    }
    with st.container(horizontal=True, gap="small", key="keys"):
        st.button("↑", shortcut="k", key="key_k", on_click=_go, args=(before,), disabled=before is None, help="The one above")  # fmt: skip
        st.button("↓", shortcut="j", key="key_j", on_click=_go, args=(after,), disabled=after is None, help="The one below")  # fmt: skip
        for letter, label, action, text, moves in KEYS:
            reason = reasons.get(action, "")
            arguments = (action, opened.id, (after or before) if moves else None)
            st.button(
                label, shortcut=letter, key=f"key_{letter}", on_click=_act, args=arguments,
                disabled=bool(reason), help=reason or text,
            )  # fmt: skip
        st.button("Note", shortcut="n", key="key_n", on_click=_note, help="Write under it")
        st.button("Undo", shortcut="z", key="key_z", on_click=_undo, args=(view.model,), help="Take back your last step")  # fmt: skip
    place = st.container()  # always there, so that what is below keeps its place
    if st.session_state.get("inbox_noting"):
        with place, st.form("note", border=False):
            st.text_area("Note", key="note_text", label_visibility="collapsed", placeholder="Write a note; Ctrl+Enter keeps it")  # fmt: skip
            st.form_submit_button("Keep the note", on_click=save_note, args=(opened.id,))


def draw_more(view: View, opened: Item) -> None:
    """Status, assignee, tags, what fixed it, merging by hand."""
    with st.expander("More", type="compact", key=f"more_{opened.id}"):
        database = state()[0]
        statuses = [s for s in WORDS if s != "duplicate" or opened.status == "duplicate"]
        st.segmented_control(
            "Status", statuses, default=opened.status, format_func=WORDS.__getitem__,
            key=f"status_{opened.id}_{opened.status}", on_change=_set, args=("status", opened.id),
            required=True,
        )  # fmt: skip
        people = [who for who, _n, _done in assignees_of(database, view.model)]
        people = list(dict.fromkeys([*people, view.viewer.user, opened.assignee or ""]))
        people = [p for p in people if p]
        place = people.index(opened.assignee) if opened.assignee in people else None
        left, right = st.columns(2)
        left.selectbox(
            "Looks after it", people, index=place, placeholder="nobody",
            key=f"assignee_{opened.id}_{opened.assignee}", on_change=_set,
            args=("assignee", opened.id),
        )  # fmt: skip
        right.multiselect(
            "Tags", tags_of(database, view.model), default=list(opened.tags),
            accept_new_options=True, key=f"tags_{opened.id}_{len(opened.tags)}", on_change=_set,
            args=("tags", opened.id),
        )  # fmt: skip
        fixes = fixes_of(view, opened)
        st.selectbox("What fixes it", fixes, key=f"fix_{opened.id}")
        others = list_items(database, Filter(view.model), 0, 100)
        names = {i.id: f"{gist(i)[:60]}" for i in others if i.id != opened.id}
        st.selectbox(
            "Merge it into", list(names), index=None, format_func=names.__getitem__,
            placeholder="another item", key=f"merge_{opened.id}", on_change=_set,
            args=("merge", opened.id),
        )  # fmt: skip
        draw_outward(view, opened)


def fixes_of(view: View, item: Item) -> list[str]:
    """What may have fixed it, the likeliest first: a later version, labels since, or nothing."""
    versions = list(view.versions)
    at = versions.index(item.model_version) if item.model_version in versions else len(versions)
    fixes = [f"version {version}" for version in reversed(versions[at + 1 :])]
    if item.label_sent_at is not None:
        fixes.append(f"its own label of {item.label_sent_at:%Y-%m-%d}")
    fixes += [
        f"labels of {row.finished_at:%Y-%m-%d} ({write_count(row.n_taken)})"
        for row in list_imports(state()[0], view.model)
        if row.kind == "labels" and row.finished_at > item.received_at
    ]
    return [*dict.fromkeys(fixes), NO_FIX]


def _named(fix: str | None) -> str | None:
    return None if fix in (None, NO_FIX) else fix


@guarded("feedback")
def _go(item_id: str | None) -> None:
    if item_id is not None:
        open_item(item_id)


@guarded("feedback")
def _note() -> None:
    st.session_state["inbox_noting"] = not st.session_state.get("inbox_noting")


@guarded("feedback")
def _act(action: str, item_id: str, following: str | None) -> None:
    """One key: do it, and open the next where this one is done with."""
    database, viewer = state()[0], require("feedback")
    fix = st.session_state.get(f"fix_{item_id}")
    does: dict[str, Callable[[], Any]] = {
        "mine": lambda: verbs.assign(database, viewer, item_id, viewer.user),
        "resolve": lambda: verbs.set_status(
            database, viewer, item_id, "resolved", fixed_by=_named(fix)
        ),
        "duplicate": lambda: verbs.merge(
            database, viewer, item_id, similar_to(database, read_item(database, item_id))[0].id
        ),
        "label": lambda: verbs.send_to_labels(database, viewer, item_id),
        "spam": lambda: verbs.set_status(database, viewer, item_id, "spam"),
    }
    said = {
        "mine": "It is yours.",
        "resolve": "Resolved.",
        "duplicate": "Merged.",
        "label": "The correction is on its way to the labels.",
        "spam": "Set aside as spam.",
    }
    if _try(does[action], said[action]) and following is not None:
        open_item(following)


@guarded("feedback")
def _undo(model: str) -> None:
    database, viewer = state()[0], require("feedback", model)

    def take_back() -> None:
        item, what = verbs.undo(database, viewer, model)
        open_item(item.id)
        st.session_state["inbox_said"] = f"Taken back: {what}."

    _try(take_back, "")


@guarded("feedback")
def _set(what: str, item_id: str) -> None:
    """A choice under More."""
    database, viewer, chosen = state()[0], require("feedback"), st.session_state
    item = read_item(database, item_id)
    if what == "status":
        value = str(chosen[f"status_{item_id}_{item.status}"])
        fix = chosen.get(f"fix_{item_id}")
        _try(
            lambda: verbs.set_status(database, viewer, item_id, value, fixed_by=_named(fix)),
            f"Set to {WORDS[value]}.",
        )
    elif what == "assignee":
        who = chosen[f"assignee_{item_id}_{item.assignee}"]
        _try(lambda: verbs.assign(database, viewer, item_id, who), "Given.")
    elif what == "tags":
        tags = [str(tag) for tag in chosen[f"tags_{item_id}_{len(item.tags)}"]]
        _try(lambda: verbs.set_tags(database, viewer, item_id, tags), "Tagged.")
    elif chosen[f"merge_{item_id}"]:
        into = str(chosen[f"merge_{item_id}"])
        _try(lambda: verbs.merge(database, viewer, item_id, into), "Merged.")


def _try(action: Callable[[], Any], said: str) -> bool:
    try:
        action()
    except TelltaleError as error:
        st.session_state["inbox_problem"] = error
        return False
    if said:
        st.session_state["inbox_said"] = said
    return True


def gist(item: Item) -> str:
    """What was said, on one line."""
    text = item.comment or (f"→ {item.correction}" if item.correction is not None else "")
    text = text or f"{item.key} {item.value if item.value is not None else item.score}"
    return text[:160]


def open_item(item_id: str) -> None:
    """Open the item, and put it into the URL: a link to it can be shared."""
    st.session_state[OPENED] = item_id
    st.query_params[ITEM] = item_id
    st.session_state["inbox_noting"] = False
