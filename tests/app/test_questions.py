"""Words of a link or command line become exactly the question they name, or an error that helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from analytics.core import Column, Dataset, Log, Part, Schema, Scope, Window
from analytics.errors import UsageError
from app.questions import Asked, build_question, clock, parse_time, parse_window

NOW = datetime(2013, 12, 31, 23, 59)


def dataset(*, reference: bool = True, timestamps: bool = True, is_sample: bool = True) -> Dataset:
    columns = [Column("origin", "feature", "categorical")]
    if timestamps:
        columns.append(Column("timestamp", "timestamp", "time"))
    part = Part("p", 10, "f", datetime(2013, 4, 1), NOW)
    logs = {("production", "predictions"): Log("predictions", (part,), ("origin", "timestamp"))}
    if reference:
        logs[("reference", "predictions")] = Log("predictions", (part,), ("origin",))
    return Dataset(
        "m", Schema("binary", tuple(columns), ("0", "1"), "1"), logs, "f", is_sample=is_sample
    )  # type: ignore[arg-type]


def test_windows_in_words() -> None:
    assert parse_window("2013-04-01..2013-05-01", NOW) == Window(
        datetime(2013, 4, 1), datetime(2013, 5, 1)
    )
    assert parse_window("..2013-05-01", NOW) == Window(None, datetime(2013, 5, 1))
    assert parse_window("0..4999rows", NOW) == Window(first_row=0, last_row=4999)
    assert parse_window(None, NOW).is_whole
    week = parse_window("7d", NOW)
    assert week.end is not None and week.start is not None
    assert week.end > NOW and week.end - week.start == timedelta(days=7)
    assert parse_time("2013-04-01T02:00:00+02:00") == datetime(2013, 4, 1)


@pytest.mark.parametrize("text", ["yesterday", "2013-13-01..", "2013-05-01..2013-04-01", "7 days"])
def test_windows_that_cannot_be_read_say_so(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_window(text, NOW)
    assert caught.value.do


def test_the_reference_defaults_to_the_imported_one() -> None:
    assert build_question(dataset(), Asked(), NOW).reference == Scope("reference")
    assert build_question(dataset(reference=False), Asked(), NOW).reference is None
    previous = build_question(dataset(), Asked(window="30d", reference="previous"), NOW)
    assert (
        previous.reference is not None
        and previous.reference.window.end == previous.scope.window.start
    )
    rows = build_question(dataset(), Asked(window="10..19rows", reference="previous"), NOW)
    assert rows.reference is not None and rows.reference.window == Window(first_row=0, last_row=9)
    version = build_question(dataset(), Asked(reference="version:v1"), NOW)
    assert version.reference is not None and version.reference.version == "v1"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked(reference="imported"), "no imported reference"),
        (Asked(reference="previous"), "nothing before it"),
        (Asked(window="0..9rows", reference="previous"), "no earlier window"),
        (Asked(every="fortnight"), "not a period"),
        (Asked(every="0rows"), "at least one row"),
        (Asked(segment="orign = 'JFK'"), "no column"),
    ],
)
def test_what_cannot_be_asked_says_what_why_and_do(asked: Asked, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        build_question(dataset(reference=False), asked, NOW)
    assert caught.value.do


def test_a_log_without_times_is_cut_by_rows_only() -> None:
    with pytest.raises(UsageError, match="no timestamps"):
        build_question(dataset(timestamps=False), Asked(every="week"), NOW)
    assert (
        build_question(dataset(timestamps=False), Asked(every="5000rows"), NOW).scope.every == 5000
    )


def test_the_clock_stands_at_the_logs_end_in_demo_and_replay() -> None:
    wall = datetime(2026, 1, 1)
    assert clock(dataset(), wall) == NOW
    assert clock(replace(dataset(is_sample=False), is_replayed=True), wall) == NOW
    assert clock(dataset(is_sample=False), wall) == wall


def test_as_of_is_the_moment_that_relative_windows_end() -> None:
    question = build_question(dataset(), Asked(window="7d", as_of="2013-06-01"), NOW)
    assert question.scope.as_of == datetime(2013, 6, 1)
    assert question.scope.window.end == datetime(2013, 6, 1) + timedelta(microseconds=1)


def test_the_rest_is_what_lies_outside_the_segment() -> None:
    asked = Asked(segment="origin = 'JFK'", reference="rest", window="30d", every="day")
    question = build_question(dataset(), asked, NOW)
    assert question.reference is not None and question.reference.segment is not None
    assert question.reference.segment.is_rest and question.reference.every is None
    assert question.reference.window == question.scope.window
    assert question.scope.segment is not None and not question.scope.segment.is_rest
    other_way = build_question(dataset(), replace(asked, is_rest=True), NOW)
    assert other_way.scope.segment is not None and other_way.scope.segment.is_rest
    with pytest.raises(UsageError, match="no rest"):
        build_question(dataset(), Asked(reference="rest"), NOW)
