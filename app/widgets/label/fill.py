"""Filling a queue: which rows of the sidebar's window are worth a label, and how many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_count
from app.auth import guarded
from app.cache import desk
from app.widgets.label.form import QUEUES
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from app.state.labels import Project
    from app.widgets.view import View

NUMBERS = (20, 50, 100, 200, 500)
FIRST = 200
GOLD, PRACTICE = 20, 10
WHAT = {
    "uncertain": "Rows between two classes: the model's first and second choice are close.",
    "misclassified": "Rows whose label is known and differs: is the label right?",
    "disagreement": "Rows on which versions, or users and the model, say different things.",
    "diverse": "Rows from every corner of the data, none like another.",
    "slice": "Rows of the sidebar's segment.",
    "active": "Rows that measure the model with fewest labels; each with a known chance.",
    "random": "Rows drawn with equal chances: they may enter every number.",
}


def draw_fill(view: View, project: Project, queue: str | None = None) -> None:
    """A queue of the sidebar's window in one click; the strategy is the link's unless changed."""
    options = [q for q in WHAT if q != "slice" or view.selection.segment]
    with st.container(border=queue is not None, key=f"label_fill_{queue}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox(
                "Rows", options, index=options.index(queue) if queue in options else 0,
                format_func=QUEUES.__getitem__, key=f"fill_queue_{queue}", width=180,
            )  # fmt: skip
            n = st.selectbox(
                "How many", NUMBERS, NUMBERS.index(FIRST), key=f"fill_n_{queue}", width=110
            )
            st.button(f"Make a queue of {n}", type="primary", key=f"fill_go_{queue}",
                      on_click=lambda: fill(view, project, chosen, int(n)))  # fmt: skip
        segment = view.selection.segment
        where = f", only {segment}" if segment and chosen != "slice" else ""
        st.caption(plain(f"{WHAT[chosen]} From the window {view.selection.window}{where}."))


def fill(view: View, project: Project, queue: str, n: int) -> None:
    """Choose the rows and make tasks of them; the link then names their queue."""
    from app.labelling.choose import Wanted, fill_queue

    @guarded(None, view.model)
    def go() -> None:
        wanted = Wanted(queue, n, view.asked(reference="none"))
        state = desk()
        added = fill_queue(state.engine, state.database, view.viewer, project.id, wanted)
        words = [f"{write_count(added.n)} items in the queue"]
        if added.n_known:
            words.append(f"{write_count(added.n_known)} were there already")
        if added.n_over_budget:
            words.append(f"{write_count(added.n_over_budget)} more than the labels wanted")
        st.session_state["fill_said"] = ", ".join(words) + "."
        st.query_params["q"] = queue

    try:
        go()
    except TelltaleError as error:
        st.session_state["fill_said"] = (error.what, error.why, error.do)


def draw_gold(view: View, project: Project) -> None:
    """Items whose label is known: practice for a start, gold hidden among the rest."""
    from app.labelling.choose import fill_gold

    @guarded(None, view.model)
    def go() -> None:
        state = desk()
        counts = (GOLD, PRACTICE)
        try:
            added = fill_gold(state.engine, state.database, view.viewer, project.id, counts)
            st.session_state["fill_said"] = f"{added.n} items with a known answer added."
        except TelltaleError as error:
            st.session_state["fill_said"] = (error.what, error.why, error.do)

    st.button(f"Add {PRACTICE} practice and {GOLD} gold items", key="fill_gold", on_click=go,
              help="Drawn from rows whose label is known")  # fmt: skip


def draw_said() -> None:
    """What filling a queue came to."""
    said = st.session_state.pop("fill_said", None)
    if isinstance(said, tuple):
        problem(TelltaleError(*said))
    elif said:
        st.caption(f"● {plain(said)}")
