"""docs/estimates.md keeps what it promises, and says where it does not."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bench.estimate import NAMES, PAGE, SETS, errors, held, ratio_of

TEXT = PAGE.read_text(encoding="utf-8")


def cells(start: str, title: str) -> list[list[str]]:
    """Rows of one section's table that begin so."""
    section = TEXT.split(f"## {title}")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith(f"| {start}")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def share(cell: str) -> float:
    k, n = map(int, re.findall(r"(\d+) of (\d+)", cell)[0])
    return k / n


def test_intervals_of_the_headline_hold_in_nine_of_ten_chunks() -> None:
    rows = cells("all five", "What the 95 % intervals held")
    assert [row[1] for row in rows] == list(NAMES)
    for row in rows:
        assert share(row[3]) >= 0.9 and share(row[5]) >= 0.9, row
        assert share(row[4]) < 0.9  # plain CBPE where the mix changed: why there is a headline


def test_no_cell_holds_less_than_nine_of_ten() -> None:
    for name in SETS:
        rows = cells(name, "What the 95 % intervals held")
        assert [row[1] for row in rows] == list(NAMES)
        for row in rows:
            assert share(row[3]) >= 0.9 and share(row[5]) >= 0.9, row


def test_where_the_headline_is_no_closer_is_said() -> None:
    said = TEXT.split("## What is missed")[1].split("\n## ")[0]
    closer = 0
    for name in SETS:
        for row in cells(name, "Error where the mix of rows changes"):
            ratio = float(row[7].split()[0])
            closer += ratio < 1
            assert (f"{name}, {row[1]} (" in said.split("held less")[0]) == (ratio >= 1), row
    assert closer == 15  # five data sets, three metrics


def test_losses_are_no_further_off_than_nannymls_with_the_same_settings() -> None:
    title = "Losses of regressions (DLE), beside NannyML's"
    rows = [row for start in ("flights", "Friedman") for row in cells(start, title)]
    assert len(rows) == 4
    for row in rows:
        assert float(row[7].split()[0]) <= 1.0 and share(row[8]) >= 0.9, row


def test_what_the_page_counts() -> None:
    rows = [
        {"method": "cbpe", "chunk": i, "value": 0.9, "low": 0.88, "high": 0.92, "came": came}
        for i, came in enumerate([0.91, 0.85, 0.9])
    ]
    off = errors(rows, "cbpe")
    assert off == pytest.approx([0.01, 0.05, 0.0]) and held(rows, "cbpe").startswith("2 of 3")
    ratio, low, high = ratio_of(off, 2 * off + 1e-3)
    assert low <= ratio <= high and ratio == pytest.approx(off.mean() / (2 * off + 1e-3).mean())
    assert np.isfinite([low, high]).all()
