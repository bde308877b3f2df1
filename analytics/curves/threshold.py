"""What would happen at another threshold: counts, rates and worth, from the scores and labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analytics.needs import Confusion, Floats, Scores
from analytics.stats.intervals import Z95

Worth = Mapping[tuple[bool, bool], float]  # (is positive, said positive) to the worth of a row
EVEN: Worth = {(True, True): 0.0, (True, False): -1.0, (False, True): -1.0, (False, False): 0.0}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Counts at every threshold, ascending: a row counts as positive from the threshold on."""

    at: Floats
    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats
    sum_w2: float
    n: int

    @property
    def total(self) -> float:
        """The weight of all rows."""
        return float(self.tp[0] + self.fp[0] + self.fn[0] + self.tn[0])

    def worth(self, values: Worth) -> Floats:
        """Mean worth of a row at every threshold."""
        found: Floats = (
            self.tp * values[True, True]
            + self.fn * values[True, False]
            + self.fp * values[False, True]
            + self.tn * values[False, False]
        ) / self.total
        return found


@dataclass(frozen=True, slots=True)
class Best:
    """The threshold worth the most, and the span of those that may be as good (95 %)."""

    at: float
    worth: float
    low: float
    high: float


def thresholds(scores: Scores) -> Thresholds | None:
    """Counts at the distinct scores and just above the highest; None without both classes.

    >>> found = thresholds(Scores.from_arrays([False, True], [0.2, 0.8]))
    >>> found.at.tolist()[:2], found.tp.tolist(), found.fp.tolist()
    ([0.2, 0.8], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0])
    """
    pos, neg = scores.positives, scores.negatives
    n_pos, n_neg = float(pos.sum()), float(neg.sum())
    if n_pos <= 0 or n_neg <= 0:
        return None
    at = np.append(scores.score, np.nextafter(scores.score[-1], np.inf))
    tp = np.append(n_pos - np.cumsum(pos) + pos, 0.0)
    fp = np.append(n_neg - np.cumsum(neg) + neg, 0.0)
    tp, fp = np.maximum(tp, 0.0), np.maximum(fp, 0.0)
    return Thresholds(at, tp, fp, n_pos - tp, n_neg - fp, scores.sum_w2, scores.n)


def at_threshold(found: Thresholds, threshold: float) -> int:
    """Where the counts of a threshold stand: the first one that is not below it."""
    return min(int(np.searchsorted(found.at, threshold)), len(found.at) - 1)


def best_threshold(found: Thresholds, values: Worth) -> Best:
    """The threshold with the highest mean worth; others differ from it only by rows between them.

    A threshold may be as good where the difference is within 1.96 of its own standard errors,
    which count the rows that the two judge differently.
    """
    worth = found.worth(values)
    best = int(np.argmax(worth))
    of_pos = values[True, True] - values[True, False]
    of_neg = values[False, True] - values[False, False]
    moved = np.abs(found.tp - found.tp[best]), np.abs(found.fp - found.fp[best])
    difference = worth[best] - worth
    square = (moved[0] * of_pos**2 + moved[1] * of_neg**2) / found.total
    size = found.total**2 / found.sum_w2
    se = np.sqrt(np.maximum(square - difference**2, 0.0) / size)
    as_good = np.flatnonzero(difference <= Z95 * se + 1e-12)
    low, high = float(found.at[as_good[0]]), float(found.at[as_good[-1]])
    return Best(float(found.at[best]), float(worth[best]), low, high)


def confusion_at(found: Thresholds, i: int) -> Confusion:
    """The counts at one place, as every metric of classes takes them."""
    counts = np.array([[found.tn[i], found.fp[i]], [found.fn[i], found.tp[i]]])
    return Confusion(("0", "1"), counts, found.n, found.sum_w2, "1")
