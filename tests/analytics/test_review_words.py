"""The sentence of the page Review, beside counts that a person made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from analytics.findings.review import Round, speak_of_review

EMPTY = Round(0, 0, 0, 0)


def disputed(*cases: Sequence[str]) -> list[tuple[int, str, str]]:
    """One item for each case of "who:answer" words."""
    return [(i, *said.split(":")) for i, case in enumerate(cases) for said in case]  # type: ignore[misc]


def test_a_dispute_names_who_and_what() -> None:
    rows = disputed(("ann:4", "bo:9"), ("ann:9", "bo:4"), ("ann:1", "cy:7"))
    found = speak_of_review(Round(200, 48, 40, 5, rows, n_answered=88, overlap=2))
    assert found.title == "3 items are disputed, 2 of them between ann and bo"
    assert "Most often 4 against 9 (2 times)." in found.sentence
    assert "48 of 200 items are done." in found.sentence
    assert found.verdict == "warning" and found.params == {"tab": "Review"}


def test_how_often_people_differ_has_wilsons_interval() -> None:
    from scipy.stats import binomtest

    rows = disputed(("ann:4", "bo:9"))
    found = speak_of_review(Round(200, 48, 40, 5, rows, n_answered=88, overlap=2))
    span = binomtest(5, 40).proportion_ci(method="wilson")
    assert "12.5 % of the 40 items that two people or more answered" in found.sentence
    assert f"({100 * span.low:.1f} % to {100 * span.high:.1f} %)" in found.sentence


@pytest.mark.parametrize(
    ("cases", "title"),
    [
        ([("ann:4", "bo:9")], "1 item is disputed, between ann and bo"),
        ([("ann:4", "bo:9")] * 2, "2 items are disputed, all between ann and bo"),
        ([("ann:4", "bo:9"), ("bo:4", "cy:9")], "2 items are disputed"),
        ([("ann:4", "bo:9", "cy:9")], "1 item is disputed"),
    ],
)
def test_no_pair_is_named_where_none_stands_out(cases: list[Sequence[str]], title: str) -> None:
    assert speak_of_review(Round(9, 0, 2, 2, disputed(*cases), n_answered=4)).title == title


@pytest.mark.parametrize(
    ("seen", "title", "said", "tab"),
    [
        (EMPTY, "No row is chosen to be labelled yet", "Fill a queue", "Set-up"),
        (
            replace(EMPTY, n_items=60, people=("ann", "bo")),
            "Nobody has answered yet",
            "60 items wait in the queues for ann and bo.",
            None,
        ),
        (
            Round(60, 3, 0, 0, n_answered=3, n_unsure=1),
            "Nobody disagrees",
            "1 item is unsure. Each item is asked once, so nobody can disagree. 3 of 60 items are done.",
            None,
        ),
        (
            Round(60, 3, 0, 0, n_answered=3, n_flagged=1),
            "1 item is flagged; nobody disagrees",
            "3 of 60 items are done.",
            "Review",
        ),
        (Round(60, 60, 0, 0, n_answered=60), "All 60 items are settled", "asked once", "Files"),
    ],
)
def test_what_comes_next_where_nobody_disagrees(
    seen: Round, title: str, said: str, tab: str | None
) -> None:
    found = speak_of_review(seen)
    assert found.title == title and said in found.sentence and found.params.get("tab") == tab


def test_numbers_are_not_said_to_differ() -> None:
    rows = disputed(("ann:4.1", "bo:9"))
    found = speak_of_review(Round(20, 4, 9, 9, rows, n_answered=18, is_number=True))
    assert "different answers" not in found.sentence
