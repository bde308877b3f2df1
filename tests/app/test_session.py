"""A Selection goes into a link and comes back the same."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Window
from analytics.errors import UsageError
from app.questions import parse_window
from app.session import (
    Selection,
    format_selection,
    format_window,
    parse_selection,
    selection_params,
)

TIMES = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1))
SPANS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] < pair[1])
FIXED = SPANS.map(lambda span: format_window(*span))
NAMES = st.none() | st.text(min_size=1, max_size=40)
RELATIVE = st.sampled_from(["7d", "30d", "90d", "year", "all"]) | st.integers(1, 999).map(
    "{}d".format
)
REFERENCES = st.sampled_from(["imported", "previous", "none", "version:v1"])


@given(
    st.builds(
        Selection,
        model=NAMES,
        version=NAMES,
        window=RELATIVE | FIXED,
        reference=st.none() | REFERENCES | FIXED,
        segment=NAMES,
        as_of=st.none() | TIMES,
    )
)
def test_round_trip(selection: Selection) -> None:
    params = format_selection(selection)
    assert parse_selection(params, "all") == selection
    assert selection_params({**params, "other": "x"}) == params
    assert set(params) <= {"m", "v", "w", "ref", "seg", "asof"}


@given(SPANS)
def test_a_fixed_window_means_what_was_written(span: tuple[datetime, datetime]) -> None:
    assert parse_window(format_window(*span), datetime(2020, 1, 1)) == Window(*span)


def test_a_link_says_its_window_even_where_it_is_the_default() -> None:
    assert format_selection(Selection()) == {"w": "30d"}
    assert parse_selection({"m": "", "other": "x"}) == Selection()
    assert parse_selection({}, "all").window == "all"


def test_a_relative_window_stays_relative() -> None:
    assert format_selection(parse_selection({"w": "7d"})) == {"w": "7d"}


def test_midnights_are_written_as_dates() -> None:
    window = format_window(datetime(2013, 9, 1), datetime(2013, 10, 1, 6))
    assert window == "2013-09-01..2013-10-01T06:00:00"


def test_a_moment_that_cannot_be_read_is_named() -> None:
    with pytest.raises(UsageError, match="yesterday"):
        parse_selection({"asof": "yesterday"})
