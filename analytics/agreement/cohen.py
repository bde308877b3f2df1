"""Cohen's kappa of two annotators: agreement beyond what their own habits would give by chance."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from analytics.agreement.ratings import ONE_ANNOTATOR, Ratings, agreement_estimate
from analytics.core import Estimate
from analytics.needs import Floats

Weights = Literal["none", "linear", "quadratic"]


def cohen(ratings: Ratings, one: str, other: str, *, weights: Weights = "none") -> Estimate:
    """1 - observed over expected disagreement of two annotators on the items both answered.

    ``weights`` count how far apart two classes are in the order of ``classes``. In [-1, 1];
    undefined where both always say the same one class. Cohen (1960, 1968).

    >>> rows = [(str(i), who, said) for i, pair in enumerate(["xx"] * 20 + ["xy"] * 5 + ["yx"] * 10 + ["yy"] * 15)
    ...         for who, said in zip("ab", pair)]
    >>> round(cohen(Ratings.from_rows(rows), "a", "b").value, 6)
    0.4
    """
    a, b = both(ratings, one, other)
    if len(a) < 2:
        return Estimate.undefined(ONE_ANNOTATOR, len(a))
    k = len(ratings.classes)
    apart = distances(k, weights)
    eye = np.eye(k)
    features = np.column_stack([apart[a, b], np.ones(len(a)), eye[a], eye[b]])

    def of(sums: Floats) -> Floats:
        first, second = sums[:, 2 : 2 + k], sums[:, 2 + k :]
        expected = np.einsum("di,ij,dj->d", first, apart, second) / sums[:, 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(expected > 0, 1 - sums[:, 0] / expected, np.nan)

    return agreement_estimate(features, of, n_answers=2 * len(a))


def both(
    ratings: Ratings, one: str, other: str
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The answers of two annotators on the items that both answered, aligned."""
    found = []
    for name in (one, other):
        said = np.full(len(ratings.items), -1, dtype=np.intp)
        if name in ratings.annotators:
            mine = ratings.annotator == ratings.annotators.index(name)
            said[ratings.item[mine]] = ratings.value[mine]
        found.append(said)
    shared = (found[0] >= 0) & (found[1] >= 0)
    return found[0][shared], found[1][shared]


def distances(k: int, weights: Weights) -> Floats:
    """How far apart ``k`` classes are, 1 at most."""
    steps = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(k - 1, 1)
    if weights == "linear":
        return np.asarray(steps, dtype=float)
    return np.asarray(steps**2 if weights == "quadratic" else (steps > 0).astype(float))
