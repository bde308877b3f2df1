"""A Selection goes into a link and comes back the same."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Window
from analytics.errors import UsageError
from app.session import (
    REFERENCES,
    RELATIVE,
    Selection,
    format_selection,
    format_window,
    parse_selection,
    reference_window,
    selection_params,
    window_of,
)

TIMES = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1))
NAMES = st.none() | st.text(min_size=1, max_size=40)
FIXED = (
    st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] < pair[1]).map(lambda p: format_window(*p))
)
DAYS = st.integers(1, 3650).map(lambda n: f"{n}d")


@given(
    st.builds(
        Selection,
        model=NAMES,
        version=NAMES,
        window=st.sampled_from(RELATIVE) | DAYS | FIXED,
        reference=st.none() | st.sampled_from(REFERENCES) | FIXED,
        segment=NAMES,
        as_of=st.none() | TIMES,
    )
)
def test_round_trip(selection: Selection) -> None:
    params = format_selection(selection)
    assert parse_selection(params) == selection
    assert selection_params({**params, "other": "x"}) == params


def test_defaults_are_not_in_the_link() -> None:
    assert format_selection(Selection()) == {}
    assert format_selection(Selection(model="flights")) == {"m": "flights"}
    assert parse_selection({"m": "", "other": "x"}) == Selection()


def test_a_relative_window_stays_relative() -> None:
    assert format_selection(parse_selection({"w": "7d"})) == {"w": "7d"}
    now = datetime(2013, 12, 31, 23, 59)
    assert window_of("7d", now) == Window(datetime(2013, 12, 25), datetime(2014, 1, 1))
    assert window_of("year", now).start == datetime(2013, 1, 1)
    assert window_of("all", now).is_whole
    assert window_of("30d", None).is_whole


def test_a_fixed_window_is_half_open_utc() -> None:
    window = window_of("2013-09-01..2013-10-01T06:00", None)
    assert window == Window(datetime(2013, 9, 1), datetime(2013, 10, 1, 6))
    assert window_of("2013-09-01..2013-10-01T06:00Z", None) == window
    assert format_window(window.start, window.end) == "2013-09-01..2013-10-01T06:00:00"


def test_the_previous_window_ends_where_the_current_one_starts() -> None:
    current = Window(datetime(2013, 9, 8), datetime(2013, 9, 15))
    assert reference_window("previous", current) == Window(
        datetime(2013, 9, 1), datetime(2013, 9, 8)
    )
    assert reference_window("previous", Window()) is None
    assert reference_window("none", current) is None
    assert reference_window("2013-01-01..2013-02-01", current).end == datetime(2013, 2, 1)


@pytest.mark.parametrize(
    "params",
    [
        {"w": "yesterday"},
        {"w": "0d"},
        {"w": "2013-09-01"},
        {"w": "2013-10-01..2013-09-01"},
        {"w": "2013-10-01T00:00+02:00..2013-11-01"},
        {"ref": "last year"},
        {"asof": "now"},
    ],
)
def test_what_cannot_be_read_is_named(params: dict[str, str]) -> None:
    with pytest.raises(UsageError) as refused:
        parse_selection(params)
    assert next(iter(params)) in str(refused.value)
    assert refused.value.do
