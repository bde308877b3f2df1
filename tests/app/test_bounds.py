"""A number from a summary says so, and how far it may be off."""

from __future__ import annotations

import pytest

from analytics.core import Dataset, Result, Schema, Window
from app.cli.questions import as_table
from app.widgets.drift_table import say_bound, write_bound

EXACT = Result("psi", 0.2, 10, "ok", Window())
COUNTED = Result("ks", 0.2, 10, "ok", Window(), is_exact=False, detail={"bound": 0.00251})


@pytest.mark.parametrize(
    ("bound", "text"), [(0.0025000000000000022, "0.0025"), (0.00251, "0.0026"), (0.012, "0.012")]
)
def test_a_bound_is_never_written_smaller_than_it_is(bound: float, text: str) -> None:
    assert write_bound(bound) == text


def test_the_page_says_how_far_its_effects_may_be_off() -> None:
    assert say_bound([EXACT]) == ""
    assert "within ±0.0026" in say_bound([EXACT, COUNTED]) and "--exact" in say_bound([COUNTED])


def test_the_command_says_which_results_come_from_summaries() -> None:
    dataset = Dataset("m", Schema("none", ()), {}, "f")
    assert "from summaries" not in as_table(dataset, [EXACT])
    assert "1 of them from summaries" in as_table(dataset, [EXACT, COUNTED])
