"""Top-3 accuracy: how often the true class is among the three with the highest scores."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Ranks
from analytics.stats.intervals import share_estimate

K = 3


def top_k(ranks: Ranks, of: str | None = None) -> Estimate:
    """Share of rows whose true class has one of the K highest scores, in [0, 1].

    A class whose score is tied with the true one's counts as not above it.

    >>> import numpy as np
    >>> scores = np.array([[0.5, 0.2, 0.2, 0.1], [0.4, 0.3, 0.2, 0.1]])
    >>> top_k(Ranks.from_arrays(np.array([0, 3]), scores)).value
    0.5
    """
    total = float(ranks.by_rank.sum())
    if total <= 0:
        return Estimate.undefined("no labelled rows with scores of every class", ranks.n)
    share = min(float(ranks.by_rank[:K].sum()) / total, 1.0)
    return share_estimate(share, total * total / ranks.sum_w2, ranks.n, k=K)


METRIC = Metric(
    name="top_k",
    label="Top-3 accuracy",
    tasks=("multiclass",),
    needs=Ranks,
    compute=top_k,
    better="higher",
    unit="share",
    meaning="How often the true class is among the three with the highest scores: for when people"
    " choose from a short list. With three classes or fewer it is always 1.",
    source="scikit-learn top_k_accuracy_score(k=3); interval: Wilson (1927)",
    is_default=False,
)
