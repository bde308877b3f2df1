"""Changes of level in words, and when a page's first sentence tells of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from analytics.core import Finding, Result, Window
from analytics.evaluate.changes import changes_of
from analytics.findings.levels import say_level, with_level

START = datetime(2026, 1, 5)


def series(values: list[float], name: str = "accuracy", se: float = 0.01) -> list[Result]:
    found = []
    for i, value in enumerate(values):
        week = Window(START + timedelta(weeks=i), START + timedelta(weeks=i + 1))
        detail = {"label": name.capitalize(), "unit": "share", "better": "higher", "se": se,
                  "tolerance": [0.02, 0.05]}  # fmt: skip
        found.append(
            Result(name, value, 500, "ok", week, value - 0.02, value + 0.02, "Wilson", 500,
                   detail=detail)
        )  # fmt: skip
    return found


def bumpy(levels: list[tuple[float, int]]) -> list[float]:
    return [v + 0.004 * (-1) ** i for v, n in levels for i in range(n)]


def opening(verdict: str, results: list[Result]) -> Finding:
    return Finding("Accuracy fell", "0.8 at worst.", verdict, 1.0, "performance",
                   results=tuple(results))  # type: ignore[arg-type]  # fmt: skip


def test_the_sentence_has_both_levels_the_interval_and_the_place() -> None:
    (change,) = changes_of(series(bumpy([(0.9, 12), (0.8, 8)])))
    said = say_level(change)
    assert said.startswith("The level of Accuracy fell from 0.900 to 0.800 (−0.100 ± 0.0")
    assert said.endswith("around 30 March 2026")  # the Monday of the thirteenth week
    wide = replace(change, detail={**change.detail, "between": [
        "2025-12-29T00:00:00", "2026-04-06T00:00:00"]})  # fmt: skip
    assert say_level(wide).endswith("between 29 December 2025 and 6 April 2026")
    rows = replace(change, detail={**change.detail, "between": [1000, 3000]})
    assert say_level(rows).endswith("between rows 1,000 and 3,000")


@pytest.mark.parametrize(
    ("levels", "verdict", "is_told"),
    [
        ([(0.9, 12), (0.8, 8)], "critical", True),
        ([(0.8, 12), (0.9, 8)], "critical", False),  # a rise explains no fall
        ([(0.8, 12), (0.9, 8)], "ok", True),  # but is told where nothing else is
        ([(0.8, 12), (0.9, 8)], "undefined", True),  # and where nothing can be compared
        ([(0.9, 10), (0.887, 10)], "ok", False),  # smaller than what counts
        ([(0.9, 20)], "critical", False),
    ],
)
def test_it_is_told_where_it_belongs_to_what_is_said(levels, verdict: str, is_told: bool) -> None:  # type: ignore[no-untyped-def]
    weeks = series(bumpy(levels))
    changes = changes_of(weeks)
    said = with_level(opening(verdict, weeks[-3:]), changes).sentence
    assert said.startswith("0.8 at worst.") and ("The level of" in said) == is_told


def test_a_change_that_came_after_what_is_said_is_not_told_with_it() -> None:
    weeks = series(bumpy([(0.9, 12), (0.8, 8)]))
    early = opening("warning", weeks[2:4])
    assert with_level(early, changes_of(weeks)) == early
    other = opening("warning", series([0.5] * 3, "f1"))
    assert with_level(other, changes_of(weeks)) == other
