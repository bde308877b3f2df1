"""The accessible base of labelling: Streamlit's own buttons with shortcuts, pinned at the bottom."""

from __future__ import annotations

import secrets
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.auth import guarded
from app.label_keys import ACTIONS
from app.widgets.label.form import OTHERS, TOLD_AFTER
from app.widgets.problem import plain

if TYPE_CHECKING:
    from app.cards import Card
    from app.widgets.label.desk import LabelDesk, Sheet

STYLE = Path(__file__).with_name("native.css")
RECENT = 9
PICTURE_WIDTH = 208


def draw_native(desk: LabelDesk) -> None:
    """One card, its guideline, and the answers; only this part runs again after an answer."""

    st.html(STYLE)

    @st.fragment
    @guarded("label", desk.model)
    def draw() -> None:
        sheet = desk.sheet(1)
        opened = sheet.cards[0] if sheet.cards else None
        task = None if opened is None else opened.task
        with st.bottom, st.container(key="label_bar", gap="xsmall"):
            _draw_bar(desk, task, sheet.undo_top)  # before the card: a key is about what is seen
        _draw_line(sheet)
        left, right = st.columns([3, 2], gap="small")
        with left, st.container(border=True, key="label_card", gap="small"):
            if opened is None:
                st.markdown(plain(sheet.empty))
            else:
                draw_card(opened.card)
        with right, st.container(border=True, key="label_side", gap="small"):
            _draw_side(desk, task)
        _note_shown(task)

    draw()


def draw_card(card: Card) -> None:
    """What is to be labelled; a picture first, then texts, then the columns that say most."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(f"**{plain(card.name)}**", width="content")
        st.caption(plain(card.why), width="content")
    if card.image:
        st.image(
            card.image, width="stretch" if card.is_photo else PICTURE_WIDTH,
            alt="What is to be labelled",
        )  # fmt: skip
    if card.text:
        st.text(card.text)
    if card.rows:
        _draw_table(card.rows)
    if card.more:
        with st.expander(f"{len(card.more)} more", on_change="rerun") as box:
            if box.open:
                _draw_table(card.more)


def _draw_table(rows: tuple[tuple[str, str], ...]) -> None:
    st.table(
        {plain(name): plain(value) for name, value in rows}, border="horizontal", hide_header=True
    )


def _draw_line(sheet: Sheet) -> None:
    goal = f"/{sheet.goal}" if sheet.goal else ""
    pieces = [f"{sheet.done}{goal} today", *sheet.notes, "● all saved"]
    st.caption(plain(" · ".join(pieces)))
    said = st.session_state.get("label_said")
    if said:
        st.markdown(f":orange[◆ {plain(said)}]")


def _draw_side(desk: LabelDesk, task: int | None) -> None:
    form = desk.form
    st.subheader(plain(form.question), anchor=False)
    if form.guideline:
        st.markdown(plain(form.guideline))
    if form.guides:
        is_whole = st.session_state.get("label_guide", False)
        for value, text, example in form.guides if is_whole else ():
            shown = f"For example {example}." if example else ""
            st.markdown(f"**{plain(value)}**: {plain(' '.join(filter(None, (text, shown))))}")
        word = "Hide guidelines" if is_whole else "Guidelines"
        st.button(word, key="label_guide_button", shortcut=form.keys["guideline"], on_click=_turn,
                  args=("label_guide",), type="tertiary")  # fmt: skip
    if task is not None:
        st.text_area("Comment", key=f"label_comment_{task}", on_change="ignore", height=68)
    told = st.session_state.get("label_told")
    if told and (form.policy in TOLD_AFTER or st.session_state.get("label_tell")):
        st.markdown(plain(told))
    if told and form.policy not in TOLD_AFTER:
        st.button("What the model said", key="label_tell_button", shortcut=form.keys["prediction"],
                  on_click=_turn, args=("label_tell",), type="tertiary")  # fmt: skip


def _turn(name: str) -> None:
    st.session_state[name] = not st.session_state.get(name, False)


def _draw_bar(desk: LabelDesk, task: int | None, undo_top: str) -> None:
    form, nothing = desk.form, task is None

    @guarded("label", desk.model)
    def press(kind: str, value: str | None = None) -> None:
        take(desk, kind, task, value)

    if form.kind == "value":
        _draw_number(desk, task)
    else:
        with st.container(horizontal=True, key="label_answers", gap="xsmall"):
            for value, key in _shown(desk):
                st.button(plain(value), key=f"answer_{value}", shortcut=key or None, disabled=nothing,
                          on_click=press, args=("answer", value), width="stretch")  # fmt: skip
        if form.kind == "wide":
            _draw_list(desk, task)
    with st.container(horizontal=True, key="label_others", gap="xsmall"):
        for name in OTHERS:
            st.button(ACTIONS[name][0], key=f"label_{name}", shortcut=form.keys[name],
                      disabled=nothing, on_click=press, args=(name,))  # fmt: skip
        st.button("Undo", key="label_undo", shortcut=form.keys["undo"], disabled=not undo_top,
                  on_click=press, args=("undo", undo_top))  # fmt: skip


def _shown(desk: LabelDesk) -> list[tuple[str, str]]:
    """Answers that have a button: all of a few, the recent ones of many."""
    if desk.form.kind == "classes":
        return [(choice.value, choice.key) for choice in desk.form.choices]
    recent = st.session_state.get("label_recent", [])
    order = [*recent, *(c.value for c in desk.form.choices if c.value not in recent)]
    return [(value, str(i)) for i, value in enumerate(order[:RECENT], 1)]


def _draw_list(desk: LabelDesk, task: int | None) -> None:
    @guarded("label", desk.model)
    def pick() -> None:
        value = st.session_state.get(f"label_pick_{task}")
        if value is not None:
            take(desk, "answer", task, value)

    st.selectbox(
        "Class", [c.value for c in desk.form.choices], index=None, key=f"label_pick_{task}",
        placeholder="Type a class", label_visibility="collapsed", on_change=pick,
        disabled=task is None,
    )  # fmt: skip


def _draw_number(desk: LabelDesk, task: int | None) -> None:
    @guarded("label", desk.model)
    def save() -> None:
        value = st.session_state.get(f"label_number_{task}")
        if value is None:
            st.session_state["label_said"] = "Write a number first."
        else:
            take(desk, "answer", task, f"{value!r}")

    with (
        st.form(f"label_form_{task}", border=False, enter_to_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"),
    ):
        st.number_input(
            "Value", value=None, key=f"label_number_{task}", disabled=task is None,
            format="%g", step=1.0,
        )  # fmt: skip
        st.form_submit_button("Save", on_click=save, disabled=task is None)


def _note_shown(task: int | None) -> None:
    shown = st.session_state.get("label_shown")
    if shown is None or shown[0] != task:
        st.session_state["label_shown"] = (task, monotonic())


def take(desk: LabelDesk, kind: str, task: int | None, value: str | None = None) -> None:
    """Store one press; what was refused is said above the card."""
    shown = st.session_state.get("label_shown")
    lead = monotonic() - shown[1] if shown and shown[0] == task else 0.0
    item: dict[str, Any] = {
        "id": secrets.token_hex(16),
        "kind": kind,
        "task": task,
        "value": value,
        "of": value,
        "lead_ms": round(lead * 1000),
        "comment": st.session_state.get(f"label_comment_{task}") or "",
    }
    outcome = desk.take([item])[0]
    st.session_state["label_said"] = outcome.problem
    st.session_state["label_told"] = "" if outcome.problem else outcome.told
    if kind == "answer" and value is not None and not outcome.problem:
        recent = [value, *(v for v in st.session_state.get("label_recent", []) if v != value)]
        st.session_state["label_recent"] = recent[:RECENT]
