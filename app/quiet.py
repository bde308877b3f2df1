"""What is worked out while nobody is about, so that the first visit of a page finds it there.

One question at a time, in the order in which pages are visited. Whoever comes meanwhile stops it, and
it is begun again when they have gone.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analytics.errors import TelltaleError
from app.counters import COUNTERS

if TYPE_CHECKING:
    from app.widgets.view import View

QUIET_S = 20.0  # after which nobody is about
Asking = tuple[str, Mapping[str, Any]]  # a question's name, and what of it is not the selection's


class Disturbed(Exception):
    """Somebody came: what was done while nobody was about is left for later."""


def long_questions(view: View) -> list[Asking]:
    """What takes longest on the pages that a menu leads to, in their words."""
    from analytics.catalog import headline_names
    from analytics.evaluate.estimate import can_be_estimated
    from analytics.evaluate.why import decomposable
    from app.widgets.choices import default_every

    schema, names, found = view.dataset.schema, headline_names(view.dataset.schema), list[Asking]()
    every = default_every(view)
    if view.has_labels and names:
        behind = f"behind:{schema.classes[0]}" if schema.task == "multiclass" else "behind"
        found.append((behind, {}))
    estimated = can_be_estimated(view.dataset) if view.has_reference else ()
    if schema.task != "regression" and names and names[0] in estimated:
        few = tuple(name for name in names if name in estimated)
        found.append(("estimate:past", {"names": few, "every": every}))
    if view.has_reference and names:
        found.append(("held", {}))
    found += [("quality", {"every": "day" if view.has_times else every}), ("quality", {})]
    if view.dataset.log("labels").n_rows:
        found.append(("delays", {}))
    parted = decomposable(view.dataset) if view.has_reference else {}
    if metric := next((name for name in names if name in parted), None):
        found.append(("why", {"names": (metric,)}))
    return found


def ask_all(views: Sequence[View], quiet_s: float = QUIET_S) -> None:
    """Everything that takes long of these views."""
    quiet = Quiet(quiet_s)
    for view in views:
        for name, changes in long_questions(view):
            quiet.ask(view, name, changes)


class Quiet:
    """Knows how much was asked so far, and so whether anybody has come since."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.n_before = -1

    def ask(self, view: View, name: str, changes: Mapping[str, Any]) -> None:
        """Ask one question when nobody is about, unless its answer is there."""
        from app.cache import answers

        while not view.is_known(name, **changes):
            self.wait()
            try:
                answers(name, view.model, view.asked(**changes), view.viewer, watch=self._watch)
            except Disturbed:
                continue
            except TelltaleError:  # the page says why
                pass
            self.n_before += 1
            return

    def wait(self) -> None:
        """Wait until nobody has asked for anything for a while; not at all where nobody has since."""
        pause = threading.Event()
        while self.n_before != (n := n_asked()):
            self.n_before = n
            pause.wait(self.seconds)

    def _watch(self, _seconds: float) -> None:
        if n_asked() > self.n_before + 1:  # our own question is one
            raise Disturbed


def n_asked() -> int:
    """Questions that were asked of the shelf since the start."""
    counts = COUNTERS.read()
    return sum(n for (name, way), n in counts.items() if name == "answers" and way != "cancelled")
