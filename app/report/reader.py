"""What a report reads from: one model, one selection, and somebody who answers questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analytics.catalog import headline_names
from analytics.errors import TelltaleError
from app import periods
from app.questions import Asked
from app.terms import Terms

if TYPE_CHECKING:
    from analytics.core import Dataset, Finding, Result
    from analytics.evaluate.headline import Facts
    from app.charts import Chart

Ask = Callable[[str, Asked], Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """``answer`` works out a question in words; facts and periods are those of the screen.

    ``terms`` are what was said about the model's serving; who may not explore reads no errors.
    """

    dataset: Dataset
    asked: Asked
    facts: Facts
    now: datetime
    answer: Ask
    terms: Terms = field(default_factory=Terms)
    may_explore: bool = True

    def ask(self, name: str, **changes: Any) -> Any:
        """One answer about the selection, as a whole unless its words say otherwise."""
        return self.answer(name, replace(self.asked, **{"every": None, **changes}))

    @property
    def every(self) -> str:
        """The periods that were chosen, else those that a page would choose by itself."""
        return self.asked.every or periods.default_of(
            self.facts.now, has_times=self.dataset.first_event is not None
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics that a page shows unasked."""
        return headline_names(self.dataset.schema)

    def estimated(self) -> tuple[Result, ...]:
        """The main metric as it is estimated without labels by period; empty where nothing can say.

        Losses of a regression are learned, which a report does not wait for.
        """
        from analytics.evaluate.estimate import can_be_estimated

        main, is_learned = self.names[:1], self.dataset.schema.task == "regression"
        if self.facts.reference is None or is_learned:
            return ()
        if not set(main) & set(can_be_estimated(self.dataset)):
            return ()
        try:
            return tuple(self.ask("estimate:past", names=main, every=self.every))
        except TelltaleError:  # a reference without labels teaches nothing
            return ()

    @property
    def by_version(self) -> bool:
        """Whether lines are drawn by version."""
        return len(self.facts.versions) > 1 and self.asked.version is None

    @property
    def has_labels(self) -> bool:
        """Whether any label arrived for the window."""
        return bool(self.facts.now and self.facts.now.n_labelled)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report: what it says, what it draws, and the numbers behind it."""

    title: str
    lead: Finding | None = None
    said: tuple[str, ...] = ()
    charts: tuple[tuple[str, Chart], ...] = ()
    results: tuple[Result, ...] = ()
    tables: tuple[tuple[str, dict[str, list[Any]]], ...] = field(default=())


def call_estimated(result: Result) -> Result:
    """The same under a name that says it is no measurement."""
    label = f"Estimated {result.detail.get('label', result.name)}"
    return replace(result, detail={**result.detail, "label": label})
