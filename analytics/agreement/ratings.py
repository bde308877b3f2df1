"""Who said what of which item, and how an agreement's interval is found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.needs import Floats
from analytics.stats.intervals import wilson

DRAWS = 2000
ONE_ANNOTATOR = "fewer than two annotators answered the same items"
ONE_CLASS = "every answer is the same, so agreement by chance cannot be told from agreement"
FEW_ITEMS = "fewer than two items have two answers"


@dataclass(frozen=True)
class Ratings:
    """One answer a (item, annotator): ``item`` and ``annotator`` are codes, ``value`` a class code.

    ``classes`` are the classes in order. Answers that are missing are simply not there.
    """

    item: npt.NDArray[np.intp]
    annotator: npt.NDArray[np.intp]
    value: npt.NDArray[np.intp]
    items: tuple[str, ...]
    annotators: tuple[str, ...]
    classes: tuple[str, ...]

    @classmethod
    def from_rows(
        cls, rows: Iterable[tuple[str, str, str]], *, classes: Iterable[str] = ()
    ) -> Ratings:
        """From (item, annotator, class as text); the last answer of a pair counts.

        >>> found = Ratings.from_rows([("1", "ann", "cat"), ("1", "bo", "dog"), ("1", "bo", "cat")])
        >>> found.items, found.annotators, found.counts.tolist()
        (('1',), ('ann', 'bo'), [[2.0]])
        """
        answers = {(item, annotator): value for item, annotator, value in rows}
        items = tuple(dict.fromkeys(item for item, _a in answers))
        annotators = tuple(dict.fromkeys(annotator for _i, annotator in answers))
        names = tuple(sorted({*classes, *answers.values()}))
        at = [{name: i for i, name in enumerate(kind)} for kind in (items, annotators, names)]
        found = [
            [at[0][i] for i, _a in answers],
            [at[1][a] for _i, a in answers],
            [at[2][v] for v in answers.values()],
        ]
        item, annotator, value = (np.array(codes, dtype=np.intp) for codes in found)
        return cls(item, annotator, value, items, annotators, names)

    @cached_property
    def counts(self) -> Floats:
        """Answers by item and class."""
        found = np.zeros((len(self.items), len(self.classes)))
        np.add.at(found, (self.item, self.value), 1.0)
        return found

    @cached_property
    def paired(self) -> Floats:
        """``counts`` of the items that two or more annotators answered."""
        found: Floats = self.counts[self.counts.sum(axis=1) >= 2]
        return found

    def one_against_rest(self, name: str) -> Ratings:
        """The same answers as that class or not, for agreement about one class.

        >>> both = Ratings.from_rows([("1", "ann", "cat"), ("1", "bo", "dog"), ("2", "bo", "cow")])
        >>> both.one_against_rest("dog").counts.tolist()
        [[1.0, 1.0], [1.0, 0.0]]
        """
        is_it = (self.value == self.classes.index(name)).astype(np.intp)
        return replace(self, value=is_it, classes=(f"not {name}", name))

    def missing(self) -> str | None:
        """Why no agreement can be told, whatever the measure; else None."""
        if len(self.annotators) < 2 or len(self.paired) == 0:
            return ONE_ANNOTATOR
        return FEW_ITEMS if len(self.paired) < 2 else None


Of = Callable[[Floats], Floats]


def agreement_estimate(features: Floats, of: Of, *, n_answers: int, seed: int = 0) -> Estimate:
    """``of`` the column sums of ``features`` (a row an item), with a bootstrap interval over items.

    ``of`` takes sums (one row a draw) to values, NaN where undefined. Items alike are drawn
    together, so many items cost little. Where every item agrees the bootstrap has no width: then
    the lower end is that of as many items answered by chance as none seen leaves possible (Wilson).
    """
    n = len(features)
    value = float(of(features.sum(axis=0, keepdims=True))[0])
    detail = {"n_items": n, "n_answers": n_answers}
    if math.isnan(value):
        return Estimate(None, n=n, reason=ONE_CLASS, detail=detail)
    distinct, counts = np.unique(features, axis=0, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(n, counts / n, size=DRAWS)
    drawn = of(draws @ distinct)
    drawn = drawn[~np.isnan(drawn)]
    low, high = (float(x) for x in np.quantile(drawn, [0.025, 0.975]))
    if value == 1.0:
        return Estimate(1.0, 1 - wilson(0.0, n)[1], 1.0, "Wilson", n, detail=detail)
    se = float(np.std(drawn))
    return Estimate(
        value, min(low, value), max(high, value), "bootstrap over items", n, se, detail=detail
    )
