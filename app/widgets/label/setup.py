"""Setting labelling up: what is asked, of whom, and how much of it; good defaults from the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded
from app.cache import desk
from app.labelling.projects import (
    change_project,
    default_setup,
    make_project,
    people_who_label,
    set_state,
)
from app.state.labels import Guide, Policy, Setup
from app.state.models import get_model
from app.widgets.label.form import GENERAL
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from app.state.labels import Project
    from app.widgets.view import View

POLICIES: dict[Policy, str] = {
    "after": "After the answer",
    "hidden": "Never",
    "before": "Before the answer (people then follow it)",
    "tenth": "Before it on a random tenth, to measure how far people follow",
}
OVERLAPS = (1, 2, 3, 4, 5)


def draw_setup(view: View, project: Project | None) -> None:
    """The form of a new project, or of the one that is there."""
    database = desk().database
    people = people_who_label(database, view.viewer, view.model)
    before = project.setup if project else default_setup(get_model(database, view.model), people)
    try:
        with st.form("label_setup", border=False):
            left, right = st.columns(2, gap="large")
            with left:
                setup = _what(before)
            with right:
                setup = _who(setup, people)
            word = "Save" if project else "Open for labelling"
            st.form_submit_button(word, type="primary", key="label_setup_save")
        if st.session_state.get("label_setup_save"):
            _save(view, project, setup)
    except TelltaleError as error:
        problem(error)
    if project is not None:
        _draw_state(view, project)


def _what(before: Setup) -> Setup:
    question = st.text_input("Question", before.question, max_chars=300, key="setup_question")
    general = before.guideline.get(GENERAL)
    guideline = st.text_area(
        "Guideline", general.text if general else "", key="setup_guideline", height=100,
        placeholder="What to look at, and what to do in doubt",
    )  # fmt: skip
    classes: Sequence[str] = ()
    guides: dict[str, Guide] = {}
    if before.kind == "classes":
        classes = st.multiselect(
            "Classes", before.classes, default=before.classes, accept_new_options=True,
            key="setup_classes", help="The answers to choose from, in the order of their keys",
        )  # fmt: skip
        guides = _guides(before, classes)
    if guideline.strip():
        guides[GENERAL] = Guide(guideline.strip())
    return replace(before, question=question, classes=tuple(classes), guideline=guides)


def _guides(before: Setup, classes: Sequence[str]) -> dict[str, Guide]:
    """What each class means, with examples split by semicolons."""
    import pandas as pd

    rows = [(c, before.guideline.get(c) or Guide()) for c in classes]
    table = pd.DataFrame(
        {
            "class": [c for c, _ in rows],
            "what it means": [g.text for _, g in rows],
            "examples": ["; ".join(g.examples) for _, g in rows],
        }
    )
    edited = st.data_editor(
        table, hide_index=True, disabled=["class"], key="setup_guides", width="stretch",
        height=min(38 + 35 * max(len(rows), 1), 220),
    )  # fmt: skip
    found = {}
    for row in edited.to_dict("records"):
        text, said = (str(row[name] or "").strip() for name in ("what it means", "examples"))
        examples = tuple(e.strip() for e in said.split(";") if e.strip())
        if text or examples:
            found[str(row["class"])] = Guide(text, examples)
    return found


def _who(setup: Setup, people: Sequence[str]) -> Setup:
    known = sorted({*people, *setup.people})
    chosen = st.multiselect("People", known, default=setup.people, key="setup_people",
                            help="Who is given tasks; nobody chosen: all with the right")  # fmt: skip
    overlap = st.segmented_control(
        "Answers for each item", OVERLAPS, default=setup.overlap, required=True, key="setup_overlap"
    )
    one, other = st.columns(2)
    budget = one.number_input("Labels wanted", 1, None, setup.budget, key="setup_budget",
                              placeholder="no limit")  # fmt: skip
    deadline = other.date_input("Until", setup.deadline and setup.deadline.date(),
                                key="setup_deadline")  # fmt: skip
    policy = st.selectbox("Show what the model said", list(POLICIES), key="setup_policy",
                          index=list(POLICIES).index(setup.policy),
                          format_func=POLICIES.__getitem__)  # fmt: skip
    with st.expander("More"):
        guard = st.number_input("Shortest look at a card (ms)", 0, 10_000, setup.guard_ms, 50,
                                key="setup_guard", help="A faster key is refused; 0 is off")  # fmt: skip
        gold = st.slider("Items with a known answer, hidden among the rest", 0, 20,
                         round(setup.gold_share * 100), format="%d %%", key="setup_gold")  # fmt: skip
        practice = st.number_input("Practice items first", 0, 50, setup.n_practice,
                                   key="setup_practice")  # fmt: skip
    end = None if deadline is None else datetime.combine(deadline, time(23, 59, 59))
    return replace(
        setup, people=tuple(chosen), overlap=int(overlap or 1), deadline=end,
        budget=None if budget is None else int(budget), policy=policy, guard_ms=int(guard),
        gold_share=gold / 100, n_practice=int(practice),
    )  # fmt: skip


def _save(view: View, project: Project | None, setup: Setup) -> None:
    @guarded(None, view.model)
    def go() -> Any:
        database = desk().database
        if project is None:
            return make_project(database, view.viewer, view.model, setup)
        return change_project(database, view.viewer, project.id, setup)

    go()
    st.session_state["label_setup_said"] = "Saved." if project else "Open: fill its queue next."
    st.rerun()


def _draw_state(view: View, project: Project) -> None:
    said = st.session_state.pop("label_setup_said", None)
    if said:
        st.caption(f"● {plain(said)}")

    @guarded(None, view.model)
    def turn() -> None:
        set_state(desk().database, view.viewer, project.id,
                  "closed" if project.state == "open" else "open")  # fmt: skip

    word = "Close labelling" if project.state == "open" else "Open labelling again"
    st.button(word, key="label_state", on_click=turn)
