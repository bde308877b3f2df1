"""The first visit of a page finds what was worked out while nobody was about."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth.viewer import operator
from app.cache import Shelf, dataset_of
from app.quiet import long_questions
from app.session import Selection
from app.widgets.view import default_window, view_of

PAGES = ("performance", "drift", "quality", "why")
KINDS = ("behind", "estimate:past", "held", "quality", "delays", "why")


@pytest.mark.parametrize("model", ["flight-late", "digit-reader", "flight-delay"])
def test_pages_ask_in_the_same_words(
    on_samples, run, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    viewer = operator("ann")
    dataset = dataset_of(model, viewer)
    view = view_of(viewer, dataset, Selection(model=model, window=default_window(dataset)), "")
    asked = set()
    for name, changes in long_questions(view):
        view.ask(name, **changes)
        asked.add(name.partition(":")[0])
    made: list[str] = []
    get = Shelf.get

    def watched(shelf: Shelf, key: Any, *rest: Any) -> Any:
        made.extend([key[0]] if key not in shelf else [])
        return get(shelf, key, *rest)

    monkeypatch.setattr(Shelf, "get", watched)
    for page in PAGES:
        run(page, m=model)
    assert not [name for name in made if name.startswith(KINDS)]
    assert {"quality", "behind", "held"} <= asked
