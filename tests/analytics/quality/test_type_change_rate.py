"""Type change: the share of rows from files that had the column otherwise."""

from __future__ import annotations

from datetime import datetime

import pytest

from analytics.core import Column, Log, Part, Window
from analytics.needs import ColumnCounts
from analytics.quality.type_change_rate import CHECK
from analytics.sources.types import other_types
from analytics.stats.decision import decide

AGE = Column("age", "feature", "numeric")


def part(month: int, n: int, kind: str) -> Part:
    first, last = datetime(2026, month, 1), datetime(2026, month, 28)
    return Part(f"{month}.parquet", n, "f", first, last, file_types=(("age", kind),))


LOG = Log("predictions", (part(1, 300, "numeric"), part(2, 100, "categorical"), part(3, 50, "")))


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (datetime(2026, 1, 1), datetime(2026, 2, 1), (0.0, ())),
        (datetime(2026, 2, 1), datetime(2026, 3, 1), (1.0, ("categorical",))),
        (datetime(2026, 1, 1), datetime(2026, 3, 1), (0.25, ("categorical",))),
        (datetime(2026, 3, 1), datetime(2026, 4, 1), (None, ())),  # no value in that file
        (datetime(2027, 1, 1), datetime(2027, 2, 1), (None, ())),
        (None, None, (0.25, ("categorical",))),
    ],
)
def test_rows_of_the_files_that_a_window_touches(start, end, wanted) -> None:
    assert other_types(LOG, AGE, Window(start, end)) == wanted


def test_many_levels_are_no_other_type() -> None:
    city = Column("age", "feature", "categorical")
    assert other_types(Log("predictions", (part(1, 10, "text"),)), city, Window()) == (0.0, ())


def test_any_such_file_is_a_change() -> None:
    counts = ColumnCounts(n=400, n_missing=0, n_distinct=2, other_type=0.25, other_types=("text",))
    answer = CHECK.compute(counts)
    assert (answer.value, answer.low, answer.detail["types"]) == (0.25, None, ["text"])
    assert decide([(answer, CHECK.tolerance)])[0][0] == "warning"
    assert CHECK.compute(ColumnCounts(n=4, n_missing=0, n_distinct=2)).value is None
