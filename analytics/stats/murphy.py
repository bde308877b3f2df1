"""Murphy's three parts of the Brier score, over bins of equal mass, and how sure each is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.core import Estimate
from analytics.needs import Floats, Scores
from analytics.stats.calibration import NOT_PROBABILITIES, are_probabilities
from analytics.stats.intervals import Z95

N_BINS = 10
ENOUGH = 10  # rows a bin needs before its rate is taken at its word


@dataclass(frozen=True, slots=True)
class Bins:
    """Effective rows, mean score and observed rate by bin; which bin each distinct score is in."""

    n: Floats
    score: Floats
    rate: Floats
    at: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def share(self) -> Floats:
        """Share of the rows by bin."""
        found: Floats = self.n / self.n.sum()
        return found


def murphy_bins(scores: Scores) -> Bins | None:
    """Bins of about the same mass; None without rows."""
    weight = scores.positives + scores.negatives
    total = float(weight.sum())
    if total <= 0:
        return None
    middle = np.cumsum(weight) - weight / 2
    raw = np.minimum((middle / total * N_BINS).astype(int), N_BINS - 1)
    _kept, at = np.unique(raw, return_inverse=True)
    mass = np.bincount(at, weights=weight).astype(float)
    rate = np.clip(np.bincount(at, weights=scores.positives) / mass, 0, 1)
    score = np.bincount(at, weights=weight * scores.score) / mass
    return Bins(mass * total / scores.sum_w2, score, rate, at)


def part(scores: Scores, which: str) -> Estimate:
    """``reliability``, ``resolution`` or ``uncertainty``, with the small-sample bias taken off.

    Ferro and Fricker (2012): reliability and resolution lose what chance adds to each bin's rate,
    uncertainty gains its own; reliability - resolution + uncertainty is what it is without.
    The standard error is that of the row's influences, and of the squares of what the bins' rates
    are off by, which matters where a part is near nothing.
    """
    if not are_probabilities(scores):
        return Estimate.undefined(NOT_PROBABILITIES, scores.n)
    bins = murphy_bins(scores)
    if bins is None:
        return Estimate.undefined("no labelled rows", scores.n)
    total = float(bins.n.sum())
    base = float(bins.share @ bins.rate)
    noise = float(bins.share @ (bins.rate * (1 - bins.rate) / np.maximum(bins.n - 1, 1)))
    of_base = base * (1 - base) / max(total - 1, 1)
    if which == "uncertainty":
        value = base * (1 - base) + of_base
        variance = (1 - 2 * base) ** 2 * base * (1 - base) / total + 2 * of_base**2
    else:
        target = bins.score if which == "reliability" else np.full(len(bins.n), base)
        gap = bins.rate - target
        value = float(bins.share @ gap**2) - noise + (of_base if which == "resolution" else 0.0)
        variance = _variance(scores, bins, gap, which)
    detail = {"n_bins": len(bins.n), "n_invalid": scores.n_invalid}
    half = Z95 * math.sqrt(variance)
    top = 0.25 * total / max(total - 1, 1) if which == "uncertainty" else 1.0
    low, high = max(0.0, value - half), min(top, value + half)
    value = min(max(value, 0.0), top)
    return Estimate(
        value, min(low, value), max(high, value), "influence", scores.n, half / Z95, detail=detail
    )


def _variance(scores: Scores, bins: Bins, gap: Floats, which: str) -> float:
    """Variance of sum share gap^2: of the influences of rows, and of the squared noise of bins."""
    pos, neg = scores.positives, scores.negatives
    total = float((pos + neg).sum())
    mean = float(bins.share @ gap**2)
    own, rate = gap[bins.at], bins.rate[bins.at]
    moved = scores.score - bins.score[bins.at] if which == "reliability" else 0.0
    squares = 0.0
    for weight, label in ((pos, 1.0), (neg, 0.0)):
        pull = own**2 - mean + 2 * own * ((label - rate) - moved)
        squares += float(weight @ pull**2)
    size = total * total / scores.sum_w2
    # A bin that is all right or all wrong has shown no spread; half a row of the other kind has.
    unseen = 0.5 / (bins.n + 1)
    least = np.maximum(unseen * (1 - unseen) - bins.rate * (1 - bins.rate), 0.0)
    first = (squares / total + 4 * float(bins.share @ (gap**2 * least))) / size
    spread = np.maximum(bins.rate * (1 - bins.rate) / bins.n, 0.25 / (bins.n + ENOUGH) ** 2)
    return first + 2 * float((bins.share * spread) @ (bins.share * spread))
