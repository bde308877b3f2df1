"""Keys: answers first, nothing twice, nothing reserved, whatever classes and wishes there are."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import UsageError
from app.label_keys import (
    ACTIONS,
    RESERVED,
    check_keys,
    choices,
    default_keys,
    form_kind,
    keys_of,
)

DIGITS = [str(i) for i in range(10)]
MANY = [f"class {i}" for i in range(30)]


def test_ten_digits_are_their_own_keys_and_ten_words_are_typed() -> None:
    assert form_kind("classes", DIGITS) == "classes"
    assert [(c.value, c.key) for c in choices("classes", DIGITS)] == [(d, d) for d in DIGITS]
    assert default_keys("classes", DIGITS)["unsure"] == "u"
    assert form_kind("classes", MANY) == "wide"
    assert form_kind("value", []) == "value"


def test_words_stand_on_one_to_nine_and_unsure_on_zero() -> None:
    found = choices("classes", ["late", "on time"])
    assert [(c.value, c.key) for c in found] == [("late", "1"), ("on time", "2")]
    assert default_keys("classes", ["late", "on time"])["unsure"] == "0"


@given(
    st.sampled_from([DIGITS, ["0", "1"], ["a", "b", "c"], MANY, []]),
    st.dictionaries(
        st.sampled_from([*ACTIONS, "unknown"]),
        st.sampled_from(string.ascii_letters + string.digits),
    ),
)
def test_no_key_does_two_things(classes: list[str], own: dict[str, str]) -> None:
    kind = form_kind("classes" if classes else "value", classes)
    keys = keys_of(kind, classes, own)
    answers = [c.key for c in choices(kind, classes) if c.key]
    assert len({*keys.values(), *answers}) == len(keys) + len(answers)
    assert not set(keys.values()) & set(RESERVED)
    assert set(keys) == set(default_keys(kind, classes))


def test_a_wish_is_granted_where_it_clashes_with_nothing() -> None:
    assert keys_of("classes", ["a", "b"], {"skip": "J"})["skip"] == "j"
    assert keys_of("classes", ["a", "b"], {"skip": "1"})["skip"] == "s"


@pytest.mark.parametrize("keys", [{"skip": "c"}, {"skip": ""}, {"skip": "?"}, {"skip": "ab"}])
def test_a_key_that_cannot_be_is_refused(keys: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="cannot be the key"):
        check_keys(keys)


def test_one_key_for_two_actions_is_refused() -> None:
    with pytest.raises(UsageError, match="share a key"):
        check_keys({"skip": "x", "flag": "X"})
    assert check_keys({"skip": "X", "nonsense": "?"}) == {"skip": "x"}
