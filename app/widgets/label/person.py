"""One annotator, closer: beside the rest, beside gold, where they differ, how fast, what they mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.words import write_count, write_interval, write_value
from app.label_quality import beside_others, differences, right_share, time_for_one
from app.labelling.person import MARKS, read_person
from app.widgets.label.quality import say_share
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Estimate
    from app.auth.viewer import Viewer
    from app.labelling.people import Work
    from app.labelling.person import Person
    from app.state.database import Database
    from app.state.labels import Project

MOST_PAIRS = 12
Rows = Sequence[tuple[int, str, str]]


def draw_person(
    database: Database, viewer: Viewer, project: Project, work: Sequence[Work], rows: Rows
) -> None:
    """The person that is chosen; nothing before anybody answered."""
    names = [person.person for person in work if person.n or person.n_skipped]
    if not names:
        return
    chosen = st.selectbox("Look closer at", names, key="person", bind="query-params", width=260)
    mine = next(person for person in work if person.person == chosen)
    found = read_person(database, viewer, project.id, mine.person)
    cards = [
        ("Agrees with the rest", beside_others(project.setup, rows, mine.person), "rate"),
        ("Right on gold", right_share(*mine.gold), "rate"),
        ("Time for one", time_for_one(found.times), "s"),
    ]
    with st.grid(len(cards), min_column_width=200):
        for i, (name, estimate, unit) in enumerate(cards):
            with st.container(border=True, height="stretch", key=f"card_person_{i}", gap="xsmall"):
                _draw_number(name, estimate, unit)
    _draw_differences(differences(project.setup, rows, mine.person), mine.person)
    _draw_marked(found)


def _draw_number(name: str, estimate: Estimate, unit: str) -> None:
    if estimate.value is None:
        st.markdown(
            f":gray[{plain(name)}]\n\n**not enough data**\n\n:small[{plain(estimate.reason or '')}]"
        )
        return
    what = "answers" if unit == "s" else "items"
    width = write_interval(estimate.low, estimate.high, "rate" if unit == "rate" else None)
    value = write_value(estimate.value, "rate") if unit == "rate" else f"{estimate.value:.1f} s"
    st.markdown(
        f":gray[{plain(name)}]\n\n**{plain(value)}**\n\n"
        f":small[{plain(f'{width}, {write_count(estimate.n)} {what}')}]"
    )


def _draw_differences(found: list[tuple[str, str, int]], person: str) -> None:
    """What the others say beside what the person says."""
    n, same = sum(row[2] for row in found), sum(row[2] for row in found if row[0] == row[1])
    apart = [row for row in found if row[0] != row[1]]
    if not n:
        return
    st.markdown(
        f"Beside the others' answers merged: the same on **{write_count(same)} of"
        f" {write_count(n)}** items."
    )
    if not apart:
        return
    st.table(
        [
            {"the others say": plain(a), f"{plain(person)} says": plain(b), "items": write_count(m)}
            for a, b, m in apart[:MOST_PAIRS]
        ],
        border="horizontal",
        hide_index=True,
    )
    if len(apart) > MOST_PAIRS:
        st.caption(f"The {MOST_PAIRS} most frequent of {write_count(len(apart))} differences.")


def _draw_marked(found: Person) -> None:
    """How much of each queue was skipped or marked, and the latest of it."""
    if not found.marked:
        st.caption("Nothing was skipped, flagged or answered as unsure.")
        return
    st.table(
        [
            {"queue": plain(queue), "items": write_count(counts["items"])}
            | {mark: say_share(counts.get(mark, 0), counts["items"]) for mark in MARKS}
            for queue, counts in sorted(found.by_queue.items())
        ],
        border="horizontal",
        hide_index=True,
    )
    with st.expander("The latest of them", key="person_marked", type="compact"):
        st.table(
            [
                {
                    "prediction": plain(item.prediction_id),
                    "queue": plain(item.queue),
                    "marked": ", ".join(item.marks),
                    "said": plain(item.said) or "–",
                }
                for item in found.marked
            ],
            border="horizontal",
            hide_index=True,
        )
