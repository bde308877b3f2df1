"""The tabs Agreement, Annotators and Suspects: every number with its interval and its n."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.words import write_count, write_half_width, write_interval, write_value
from app.label_quality import MEANINGS, agreement, by_label, right_share, share_of
from app.widgets.empty_state import draw_empty, link_to
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Estimate
    from analytics.evaluate.suspects import SuspectLabels
    from app.labelling.people import Work
    from app.state.labels import Project

MOST_SUSPECTS = 100


def draw_agreement(project: Project, rows: Sequence[tuple[int, str, str]]) -> None:
    """How far people agree who answered the same items: (task, person, answer)."""
    found = agreement(project.setup, rows)
    if found[0][1].value is None:
        draw_empty(
            "No item has two people's answers yet.",
            "Agreement needs an overlap of two or more: set it on the tab Set-up, or have"
            " somebody else answer the same queue.",
        )
        return
    with st.grid(min(len(found), 3), min_column_width=200):
        for i, (name, estimate) in enumerate(found[:3]):
            with st.container(border=True, height="stretch", key=f"card_agree_{i}", gap="xsmall"):
                _draw_number(name, estimate)
    st.table([_row(name, estimate) for name, estimate in found], border="horizontal",
             hide_index=True)  # fmt: skip
    st.caption("Intervals: 95 %, bootstrap over items. Adjudications count as nobody's own answer.")
    if labels := by_label(project.setup, rows):
        with st.expander("By label", key="agree_by_label", type="compact"):
            st.table(
                [_row(name, estimate) for name, estimate in labels],
                border="horizontal",
                hide_index=True,
            )
            st.caption("Krippendorff's alpha of each label or not, the least agreed on first.")


def draw_followed(seen: tuple[int, int], unseen: tuple[int, int]) -> None:
    """How much oftener people answer as the model did when they see it first."""
    from analytics.agreement.anchoring import anchoring

    found = anchoring(seen, unseen)
    n = f"{write_count(seen[1])} answers with it in sight, {write_count(unseen[1])} without"
    if found.value is None or found.low is None or found.high is None:
        st.caption(plain(f"Whether people follow the model is not known yet: {n}. {found.reason}."))
        return
    is_clear = found.low > 0 or found.high < 0
    word = "oftener" if found.value >= 0 else "less often"
    said = f"{100 * abs(found.value):.1f} points {word} ({100 * found.low:.1f} to {100 * found.high:.1f})"
    st.markdown(
        f"Who sees the model's answer first gives the same **{plain(said)}**"
        f"{'' if is_clear else ', which may be chance'}; {plain(n)}."
    )


def _draw_number(name: str, estimate: Estimate) -> None:
    width = write_half_width(estimate.low, estimate.high, "score")
    said = estimate.reason or f"{write_count(estimate.n)} items with two answers or more"
    st.markdown(
        f":gray[{plain(name)}]\n\n**{write_value(estimate.value, 'score')}** :small[{width}]\n\n"
        f":small[{plain(said)}]",
        help=MEANINGS.get(name),
    )


def _row(name: str, estimate: Estimate) -> dict[str, str]:
    return {
        "measure": plain(name),
        "value": write_value(estimate.value, "score"),
        "95 % interval": write_interval(estimate.low, estimate.high, "score"),
        "items": write_count(estimate.n),
        "note": plain(estimate.reason or ""),
    }


def draw_annotators(work: Sequence[Work]) -> None:
    """Who answered how much, how fast, and how often right where the answer is known."""
    found = [person for person in work if person.n or person.n_skipped]
    if not found:
        draw_empty("Nobody has answered yet.", "Answers appear here as they are given.")
        return
    st.table([_person(person) for person in found], border="horizontal", hide_index=True)
    st.caption(
        "Gold: items with a known answer, hidden among the rest. Skipped, unsure and flagged are shares"
        " of the items that a person answered or skipped. Intervals: 95 %, by Wilson."
        " Time: the median from card to answer, as the browser measured it."
    )


def _person(work: Work) -> dict[str, str]:
    gold = right_share(*work.gold)
    right = "not enough data"
    if gold.value is not None:
        span = write_interval(gold.low, gold.high, "rate")
        right = _whole(write_value(gold.value, "rate"), f"({span},", f"n = {gold.n})")
    return {
        "person": plain(work.person),
        "answers": write_count(work.n),
        "right on gold": plain(right),
        "time for one": write_value(work.median_s, "s"),
        "skipped": say_share(work.n_skipped, work.n_shown),
        "unsure": say_share(work.n_unsure, work.n_shown),
        "flagged": say_share(work.n_flagged, work.n_shown),
        "settled the same way": say_share(work.n_accepted, work.n_accepted + work.n_rejected),
    }


def say_share(count: int, n: int) -> str:
    """A share with its interval and both counts; a dash where there is nothing yet."""
    found = share_of(count, n, "nothing yet")
    if found.value is None:
        return "–"
    span = write_interval(found.low, found.high, "rate")
    return _whole(
        write_value(found.value, "rate"), f"({span},", f"{write_count(count)} of {write_count(n)})"
    )


def _whole(*pieces: str) -> str:
    """Pieces that a narrow column breaks between, and not inside."""
    return " ".join(piece.replace(" ", "\u00a0") for piece in pieces)


def draw_suspects(found: SuspectLabels | None, can_open: bool) -> None:
    """Labels that the model confidently contradicts, the surest first."""
    if found is None:
        draw_empty(
            "This model logs no score for each class.",
            "Suspects are found by confident learning, which reads the scores.",
        )
        return
    if not found.n:
        draw_empty("No label has come yet.", "Suspects are looked for among labelled rows.")
        return
    n = len(found.rows)
    st.markdown(
        plain(
            f"{write_count(n)} of {write_count(found.n)} labels are suspect: the model is confident"
            f" of another class. About {found.n_expected:.0f} labels are estimated to be wrong."
        )
    )
    st.caption(
        "A suspect is a reason to look again, not a verdict: the model may be wrong instead."
    )
    rows: list[dict[str, Any]] = [
        {"prediction": s.prediction_id, "label": s.label, "model says": s.suggested,
         "margin": round(s.margin, 3)}
        for s in found.rows[:MOST_SUSPECTS]
    ]  # fmt: skip
    if not rows:
        return
    if n > MOST_SUSPECTS:
        st.caption(f"Showing {MOST_SUSPECTS} of {write_count(n)}.")
    margin = st.column_config.NumberColumn(
        format="%.3f", help="Below zero the model prefers another class; the lower, the surer."
    )
    st.dataframe(
        rows, hide_index=True, key="suspects", width="stretch", alt="Suspect labels",
        column_config={"margin": margin},
    )  # fmt: skip
    if can_open:
        first = found.rows[0].prediction_id
        link_to("explore", "Open the most suspect", {"id": first})
