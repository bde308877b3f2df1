"""The product owner's home: is it helping, in plain words, with the numbers of the other pages."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.auth.viewer import Viewer
from app.state.grants import Grant

OWNER = Viewer("pat", "Pat", "product_owner", (Grant("product_owner", "*"),))


def cards(app) -> dict[str, str]:
    """The number of every card by its label."""
    said = [block.value for block in app.markdown]
    found = {}
    for label, number in pairwise(said):
        if label.startswith(":gray[") and number.startswith("**") and "-badge[" in number:
            found[label.removeprefix(":gray[").removesuffix("]")] = number.split("\n\n")[0]
    return found


def test_the_owner_is_told_in_plain_words(enter, sample_home, run, texts) -> None:
    enter(sample_home, OWNER)
    said = texts(run("overview", m="flight-late"))
    assert "Is it helping?" in said
    assert "helps is **not settled**" in said
    assert "of the wrong ones" in said and "of what users judged was negative" in said
    assert "open" in said and "Simulated data" in said
    assert "What changed most" in said


@pytest.mark.parametrize("link", [{}, {"v": "v2"}, {"w": "2013-07-01..2013-10-01"}])
def test_a_number_is_the_same_on_both_pages(enter, sample_home, run, link) -> None:
    enter(sample_home, OWNER)
    home = cards(run("overview", m="flight-late", **link))
    page = cards(run("behaviour", m="flight-late", **link))
    shared = set(home) & set(page)
    assert {"Acceptance", "Over-reliance", "Under-reliance"} <= shared
    assert {label: home[label] for label in shared} == {label: page[label] for label in shared}


def test_the_share_of_bad_judgements_is_that_of_the_page_feedback(enter, sample_home, run) -> None:
    enter(sample_home, OWNER)
    home = cards(run("overview", m="flight-late"))["Negative feedback"]
    assert home == cards(run("feedback", m="flight-late"))["Negative feedback"]


def test_a_scientist_and_a_model_without_people_have_no_such_part(
    enter, sample_home, run, texts
) -> None:
    enter(sample_home, OWNER)
    assert "Is it helping?" not in texts(run("overview", m="digit-reader"))
    enter(sample_home, Viewer("ann", "Ann", "data_scientist", (Grant("data_scientist", "*"),)))
    assert "Is it helping?" not in texts(run("overview", m="flight-late"))
