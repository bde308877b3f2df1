"""The rows with the highest scores: what share of the positives they hold, and how sure that is."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate
from analytics.needs import Floats, Scores
from analytics.stats.intervals import logit_estimate
from analytics.stats.ranking import effective

NEAR = 0.05  # share of rows on either side of the cut from which its rate is read


def gain_at(scores: Scores, top: float) -> Estimate:
    """Share of all positives among the ``top`` share of rows by score; ties count in part.

    The cut is itself an estimate: each row moves the gain directly and through the cut, by the rate
    of positives near it.
    """
    pos, neg = scores.positives[::-1], scores.negatives[::-1]
    n_pos, total = float(pos.sum()), float((pos + neg).sum())
    if total <= 0 or n_pos <= 0:
        return Estimate.undefined("no positive row", scores.n)
    if float(neg.sum()) <= 0:
        return Estimate.undefined("no negative row", scores.n)
    inside = _inside((pos + neg) / total, top)
    gain = min(float(pos @ inside) / n_pos, 1.0)
    base, rate = n_pos / total, _rate_at_cut(pos, pos + neg, top)
    of_pos = ((inside - gain) - rate * (inside - top)) / base
    of_neg = -rate * (inside - top) / base
    variance = float(pos @ of_pos**2 + neg @ of_neg**2) / total
    size = total * total / scores.sum_w2
    se = math.sqrt(variance / size)
    detail = {"n_invalid": scores.n_invalid}
    size = effective(scores)[0]
    return logit_estimate(gain, se, scores.n, "influence, logit", size=size, **detail)


def _inside(share: Floats, top: float) -> Floats:
    """How much of each score, from the top, lies inside the cut: 1, 0, or a part of a tie."""
    before = np.cumsum(share) - share
    found: Floats = np.clip((top - before) / np.maximum(share, 1e-300), 0.0, 1.0)
    return found


def _rate_at_cut(pos: Floats, n: Floats, top: float) -> float:
    share = n / n.sum()
    middle = np.cumsum(share) - share / 2
    width = NEAR
    near = np.abs(middle - top) <= width
    if not near.any():
        near = np.arange(len(n)) == int(np.argmin(np.abs(middle - top)))
    return float(pos[near].sum() / n[near].sum())
