"""Settling what people disagree about: the card, who said what, and the answer that counts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_count
from app.auth import guarded
from app.cache import desk
from app.cards import card_of
from app.label_keys import choices, form_kind
from app.label_quality import merged
from app.labelling.review import (
    Decision,
    Only,
    adjudicate,
    count_cases,
    list_cases,
    ratings,
)
from app.labelling.tasks import requeue
from app.widgets.empty_state import draw_empty
from app.widgets.label.desk import card_layout, said_by_model
from app.widgets.label.native import STYLE, draw_card
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from app.labelling.review import Case
    from app.state.labels import Project
    from app.widgets.view import View

LISTS: dict[Only, str] = {
    "disputed": "Disputed",
    "flagged": "Flagged",
    "unsure": "Unsure",
    "commented": "Commented",
    "done": "Done",
    "gold": "Gold",
}
MOST = 100


def draw_review(view: View, project: Project) -> None:
    """One case after the other, by keys: J and K go on and back, an answer's key settles."""
    st.html(STYLE)

    @st.fragment
    @guarded("review", view.model)
    def draw() -> None:
        if st.session_state.pop("review_moved", False):
            st.rerun()  # the whole page: its first sentence counts what was settled here
        counts = count_cases(desk().database, view.viewer, project.id)
        only: Only = st.segmented_control(
                "Cases", list(LISTS), default="disputed", key="review_only", required=True,
                format_func=lambda name: f"{LISTS[name]} {counts[name]}",
                label_visibility="collapsed",
            )  # fmt: skip
        _draw_said()
        cases = list_cases(desk().database, view.viewer, project.id, only, MOST)
        if not cases:
            _draw_none(only)
            return
        at = min(st.session_state.get("review_at", 0), len(cases) - 1)
        st.session_state["review_at"] = at
        with st.bottom, st.container(key="label_bar", gap="xsmall"):
            _draw_bar(view, project, cases, at)  # before the card: a key is about what is seen
        _draw_case(view, project, cases[at], f"{at + 1} of {write_count(counts[only])}")

    draw()


def _draw_none(only: Only) -> None:
    if only == "disputed":
        draw_empty("Nobody disagrees.", "Disputes need two answers or more for each item (Set-up).")
    else:
        draw_empty(f"Nothing is {LISTS[only].lower()}.", "What people mark appears here.")


def _say(text: str) -> None:
    st.session_state["review_said"] = text
    st.session_state["review_moved"] = True


def _draw_said() -> None:
    said = st.session_state.pop("review_said", None)
    if isinstance(said, tuple):
        problem(TelltaleError(*said))
    elif said:
        st.caption(f"● {plain(said)}")


def _draw_case(view: View, project: Project, case: Case, place: str) -> None:
    task = case.task
    left, right = st.columns([3, 2], gap="small")
    with left, st.container(border=True, key="label_card", gap="small"):
        card = card_of(task.data, card_layout(view.dataset), task.prediction_id, task.reason)
        draw_card(card)
    with right, st.container(border=True, key="label_side", gap="small"):
        st.subheader(plain(project.setup.question), anchor=False)
        st.caption(place)
        st.table([_said(a) for a in case.answers], border="horizontal", hide_index=True)
        _draw_hints(view, project, case)
        st.text_input("Comment", key=f"review_comment_{task.id}", on_change="ignore")


def _said(answer: Any) -> dict[str, str]:
    what = answer.answer if answer.answer is not None else f"{answer.cancel_reason or 'nothing'}"
    stands = answer.superseded_by is None and answer.undone_at is None
    who = f"{answer.person} (settled)" if answer.is_adjudication else answer.person
    note = answer.comment if stands else f"replaced {answer.comment}"
    return {"who": plain(who), "said": plain(str(what)), "comment": plain(note.strip())}


def _draw_hints(view: View, project: Project, case: Case) -> None:
    """What the model said, and what weighing people by their reliability would give."""
    lines = [said_by_model(case.task.prediction)]
    rows = ratings(desk().database, view.viewer, project.id)
    best = merged(project.setup, rows).get(case.task.id)
    if best is not None and len(case.answers) > 1:
        lines.append(f"Weighing people by how reliable they prove: {best[0]} ({best[1]:.2f}).")
    st.caption(plain(" ".join(filter(None, lines))))


def _draw_bar(view: View, project: Project, cases: Sequence[Case], at: int) -> None:
    task = cases[at].task

    @guarded("review", view.model)
    def settle(value: str | float | None) -> None:
        if value is None:
            return
        comment = st.session_state.get(f"review_comment_{task.id}") or ""
        decision = Decision(secrets.token_hex(16), value, comment)
        try:
            adjudicate(desk().database, view.viewer, project.id, task.id, decision)
            _say(f"{task.prediction_id}: {value} counts from now on.")
        except TelltaleError as error:
            st.session_state["review_said"] = (error.what, error.why, error.do)

    @guarded("review", view.model)
    def again() -> None:
        requeue(desk().database, view.viewer, project.id, [task.id])
        _say(f"{task.prediction_id} is asked again.")

    kind = form_kind(project.setup.kind, project.setup.classes)
    if kind == "classes":
        with st.container(horizontal=True, key="label_answers", gap="xsmall"):
            for choice in choices(kind, project.setup.classes):
                st.button(plain(choice.value), key=f"settle_{choice.value}", width="stretch",
                          shortcut=choice.key, on_click=settle, args=(choice.value,))  # fmt: skip
    else:
        _draw_typed(kind, project, task.id, settle)
    with st.container(horizontal=True, key="label_others", gap="xsmall"):
        st.button(
            "Back", key="review_back", shortcut="k", on_click=_go, args=(-1,), disabled=at == 0
        )
        st.button("Next", key="review_next", shortcut="j", on_click=_go, args=(1,),
                  disabled=at + 1 >= len(cases))  # fmt: skip
        st.button("Ask again", key="review_again", shortcut="a", on_click=again,
                  disabled=task.state == "open")  # fmt: skip


def _draw_typed(kind: str, project: Project, task: int, settle: Any) -> None:
    key = f"settle_typed_{task}"

    def go() -> None:
        settle(st.session_state.get(key))

    if kind == "wide":
        st.selectbox("Class", project.setup.classes, index=None, key=key, on_change=go,
                     placeholder="Type a class", label_visibility="collapsed")  # fmt: skip
    else:
        with st.form(f"settle_form_{task}", border=False, enter_to_submit=True):
            st.number_input("Value", value=None, key=key, format="%g", step=1.0)
            st.form_submit_button("Settle", on_click=go)


def _go(step: int) -> None:
    st.session_state["review_at"] = max(0, st.session_state.get("review_at", 0) + step)
