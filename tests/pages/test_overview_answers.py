"""What the Overview leaves to other pages, so that nobody waits for it there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.widgets.overview_answers import AT_ONCE, OverviewAnswers

N_FEATURES = 20


def answers_of(n: int, n_reference: int | None, *, is_known: bool = False) -> OverviewAnswers:
    group = None if n_reference is None else SimpleNamespace(n=n_reference)
    view: Any = SimpleNamespace(
        facts=SimpleNamespace(now=SimpleNamespace(n=n), reference=group),
        dataset=SimpleNamespace(schema=SimpleNamespace(features=range(N_FEATURES))),
        is_known=lambda *_names, **_changes: is_known,
    )
    return OverviewAnswers(view, "", (), (), (), (), ())


@pytest.mark.parametrize(
    ("n", "n_reference", "is_left"),
    [(1.0, None, False), (1.1, None, True), (0.5, 0.4, False), (0.1, 1.0, True)],
)
def test_values_of_window_and_reference_are_looked_at_where_they_are_few(
    n: float, n_reference: float | None, is_left: bool
) -> None:
    most = AT_ONCE // N_FEATURES
    rows = int(n * most), None if n_reference is None else int(n_reference * most)
    assert answers_of(*rows).is_quality_left is is_left
    assert not answers_of(*rows, is_known=True).is_quality_left
