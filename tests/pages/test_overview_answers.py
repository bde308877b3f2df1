"""What the Overview leaves to other pages, so that nobody waits for it there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.cache import FIRST_S, SOON_S, desk
from app.widgets import health
from app.widgets.empty_state import Waiting
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


def test_the_table_of_models_says_how_old_it_is(
    on_samples: None, run, texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def before(name: str, model: str, *rest: Any) -> Any:
        found = health_answer(name, model, *rest)
        is_late = model == "flight-delay" and name == "facts"
        return replace(found, as_of=desk().now() - timedelta(seconds=30)) if is_late else found

    health_answer = health.at_hand
    assert "Models: what stands here" not in texts(run("overview", m="flight-late"))
    monkeypatch.setattr(health, "at_hand", before)
    assert "Models: what stands here is 30 s old" in texts(run("overview", m="flight-late"))


def test_what_is_known_stands_once_if_the_rest_does_not_come_at_once() -> None:
    drawn: list[int] = []
    waiting = Waiting("Cutting by day", lambda: drawn.append(1))
    waiting.clear()
    assert not drawn
    waiting.tick(SOON_S)
    waiting.tick((SOON_S + FIRST_S) / 2)
    assert drawn == [1] and waiting._line is None  # no line yet that says how long it takes


def test_cards_stand_once_where_all_comes_at_once(on_samples: None, run) -> None:
    page = run("overview", m="flight-late")
    assert not page.exception
    labels = [m.value for m in page.markdown if m.value.startswith(":gray[ROC AUC")]
    assert len(labels) == 1
