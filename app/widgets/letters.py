"""Rows set aside, on their page: the list, one reason with its rows, and the way to mend them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_count, write_moment
from app.auth import guarded, require
from app.auth.current import read_token, state
from app.ingest.requests import place_of
from app.ingest.words import Place
from app.letters import (
    Letter,
    LetterGroup,
    Mend,
    discard,
    export_letters,
    fields_of,
    open_letters,
    send_again,
    try_again,
)
from app.widgets.problem import plain, problem

SHOWN = 100
FEW = 8  # rows that stand there without scrolling
SAID = "letters_said"


def draw_list(groups: list[LetterGroup]) -> LetterGroup | None:
    """The reasons as a table; the one that is chosen, else the first with rows left."""
    zone = state()[1].text("display_zone")
    rows = [
        {
            "Model": g.model,
            "Log": g.kind,
            "Reason": g.reason,
            "Field": g.field,
            "Left": g.n_left,
            "Sent again": g.n_sent,
            "Discarded": g.n_discarded,
            "First": write_moment(g.first, zone),
            "Last": write_moment(g.last, zone),
            "Came by": "HTTP" if g.is_api else "import",
        }
        for g in groups
    ]
    chosen: Any = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key="letters_list",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"{len(rows)} reasons for which rows were set aside",
        column_config={"Reason": st.column_config.TextColumn(width="medium")},
    )
    at: list[int] = list(chosen.selection.rows)
    if at:
        return groups[at[0]]
    return next((g for g in groups if g.n_left), None)


def draw_said() -> None:
    """What the last button did."""
    said = st.session_state.pop(SAID, None)
    if isinstance(said, TelltaleError):
        problem(said)
    elif said:
        st.markdown(said)


def draw_group(group: LetterGroup) -> None:
    """One reason: its rows as they came, a mend tried on them, and sending them again."""
    viewer = require("import", group.model)
    st.subheader(plain(group.reason), anchor=False)
    if not group.n_left:
        st.caption("● Every row of it was dealt with.")
        return
    letters = open_letters(viewer, _place(), group, SHOWN)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.dataframe(
            pd.DataFrame({"As it came": [letter.text for letter in letters]}),
            hide_index=True,
            width="stretch",
            height=320 if len(letters) > FEW else "content",
            key="letters_rows",
            alt=f"{len(letters)} rows as they came",
            column_config={"As it came": st.column_config.TextColumn(width="large")},
        )
        if viewer.may("export", group.model):
            _draw_file(group)
        if group.n_left > len(letters):
            st.caption(f"{write_count(len(letters))} of {write_count(group.n_left)} are shown.")
    with right:
        if group.is_api:
            _draw_mend(group, letters)
        else:
            st.caption(
                "These came in a file. Import it again with the right roles on Add data:"
                " what is there already stands once."
            )
            st.page_link("pages/add_data.py", label="Add data")
        st.button("Discard them", key="letters_discard", on_click=_discard, args=(group,))
    if group.is_api and letters:
        _draw_edit(group, letters)


def _draw_file(group: LetterGroup) -> None:
    token = read_token()

    def file_of() -> bytes:
        """Asked at the click, outside of any run: the token says who."""
        viewer = require("export", group.model, token)
        database, settings = state()
        return export_letters(viewer, place_of(settings, database, viewer.user), group)

    st.download_button(
        "Export these rows", file_of, f"{group.model}-set-aside.jsonl", key="letters_file", on_click="ignore",
        help="All that wait for this reason, as they came, one JSON object a line",
    )  # fmt: skip


def _draw_mend(group: LetterGroup, letters: list[Letter]) -> None:
    fields = fields_of(letters)
    at = next((i for i, f in enumerate(fields) if f.split(".")[-1] == group.field), None)
    source = st.selectbox("Field", fields, index=at, key="letters_field", placeholder="A field")
    target = st.text_input(
        "Becomes",
        key="letters_target",
        placeholder="features.distance",
        help="Its right name; a feature is features.NAME.",
    ).strip()
    mend = Mend()
    if st.checkbox("Leave the field out", key="letters_drop"):
        mend = Mend((), (source,)) if source else Mend()
    elif source and target:
        mend = Mend(((source, target),))
    trial = try_again(group, letters, mend)
    whose = "of the rows shown" if group.n_left > len(letters) else "of them"
    st.markdown(f"{'●' if trial.n_good else '◌'} {write_count(trial.n_good)} {whose} can be taken")
    for why, n in list(trial.reasons.items())[:4]:
        st.caption(f"{write_count(n)}: {plain(why)}")
    if trial.n_good:
        st.button(
            "Send again", type="primary", key="letters_send", on_click=_send, args=(group, mend)
        )


def _draw_edit(group: LetterGroup, letters: list[Letter]) -> None:
    with st.expander("Mend one row by hand"):
        number = st.number_input("Row", 1, len(letters), 1, key="letters_one")
        letter = letters[int(number) - 1]
        key = f"letters_text_{letter.import_id}_{letter.ord}"
        text = st.text_area("JSON", letter.text, height=200, key=key)
        edited = Letter(letter.import_id, letter.ord, text)
        st.button("Send this one", key="letters_send_one", on_click=_send_one, args=(group, edited))


@guarded("import")
def _send(group: LetterGroup, mend: Mend) -> None:
    _tell(group, mend, None)


@guarded("import")
def _send_one(group: LetterGroup, letter: Letter) -> None:
    _tell(group, Mend(), letter)


def _tell(group: LetterGroup, mend: Mend, only: Letter | None) -> None:
    try:
        viewer = require("import", group.model)
        trial = send_again(viewer, _place(), group, mend, only)
    except TelltaleError as error:
        st.session_state[SAID] = error
        return
    why = "; ".join(f"{n}: {plain(reason)}" for reason, n in list(trial.reasons.items())[:3])
    rest = f" Not taken: {why}" if why else ""
    st.session_state[SAID] = f"● {write_count(trial.n_good)} sent again.{rest}"


@guarded("import")
def _discard(group: LetterGroup) -> None:
    try:
        n = discard(require("import", group.model), _place(), group)
    except TelltaleError as error:
        st.session_state[SAID] = error
        return
    st.session_state[SAID] = f"○ {write_count(n)} discarded; their file keeps them."


def _place() -> Place:
    database, settings = state()
    return place_of(settings, database, require("import").user)
