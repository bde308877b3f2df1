"""Agreement by label: the class that people mix up comes first."""

from __future__ import annotations

from app.label_quality import by_label
from app.state.labels import Setup

SETUP = Setup("Which?", classes=("1", "2", "3"))


def test_the_label_that_people_mix_up_comes_first() -> None:
    said = [("1", "1")] * 8 + [("2", "3"), ("3", "2"), ("2", "2"), ("3", "3")] * 2
    rows = [(i, who, x) for i, pair in enumerate(said) for who, x in zip("ab", pair, strict=True)]
    found = by_label(SETUP, rows)
    assert [name for name, _e in found][-1] == "1"
    assert found[-1][1].value == 1.0
    assert found[0][1].value is not None and found[0][1].value < 0.5


def test_two_classes_or_numbers_have_nothing_to_add() -> None:
    rows = [(1, "a", "1"), (1, "b", "2"), (2, "a", "1"), (2, "b", "1")]
    assert by_label(Setup("Which?", classes=("1", "2")), rows) == []
    assert by_label(Setup("How much?", kind="value"), rows) == []
