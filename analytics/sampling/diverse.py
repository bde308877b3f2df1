"""Rows unlike each other: a few from each cluster, or BADGE-like seeds."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
import numpy.typing as npt

from analytics.needs import Floats
from analytics.sampling.candidates import (
    EXPLORE,
    Candidates,
    Choice,
    check_size,
    hardest,
    lacks,
)

MOST_CLUSTERS = 50
Method = Literal["clusters", "badge"]


def choose(
    candidates: Candidates,
    n: int,
    *,
    method: Method = "clusters",
    seed: int = 0,
    explore: float = EXPLORE,
) -> Choice:
    """``n`` rows spread over the features.

    ``clusters``: k-means over scaled features, and round by round the row of each cluster that is
    nearest to its centre. ``badge``: k-means++ seeds over the gradient that each row would have
    if its predicted class were its label, (proba - one hot) times features (Ash and others 2020):
    unlike each other and unsure at once; needs ``proba``. Both need ``features``.
    """
    check_size(n)
    if candidates.features is None or candidates.features.shape[1] == 0:
        raise lacks("diverse", "features of the rows", "Choose another queue, such as random.")
    x = scaled(candidates.features)
    wanted = min(n, candidates.n)
    if method == "badge":
        if candidates.proba is None:
            raise lacks("diverse", "a score a class for BADGE", "Use clusters instead.")
        order = seeds(gradients(candidates.proba, x), wanted, seed)
        reasons = ["unlike the rows before it"] * candidates.n
    else:
        labels, distance = _clusters(x, wanted, seed)
        order = round_robin(labels, distance)[:wanted]
        reasons = [f"typical of group {k + 1}" for k in labels.tolist()]
    scores = np.zeros(candidates.n)
    scores[order] = np.arange(len(order), 0, -1) / max(len(order), 1)
    return hardest(candidates, scores, n, reasons, seed=seed, explore=explore)


def scaled(features: Floats) -> Floats:
    """Each column centred, over its standard deviation, missing values at the centre."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without a value is all centre
        centre, spread = np.nanmean(features, axis=0), np.nanstd(features, axis=0)
    spread = np.where((spread > 0) & np.isfinite(spread), spread, 1.0)
    return np.asarray(np.nan_to_num((features - centre) / spread, posinf=0.0, neginf=0.0))


def _clusters(x: Floats, n: int, seed: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """The cluster of every row, and its distance to the centre."""
    from sklearn.cluster import MiniBatchKMeans

    n_distinct = len(np.unique(x, axis=0))
    k = max(min(n, MOST_CLUSTERS, n_distinct), 1)
    model = MiniBatchKMeans(k, random_state=seed, n_init=3, batch_size=1024).fit(x)
    labels = np.asarray(model.labels_, dtype=np.intp)
    return labels, np.linalg.norm(x - model.cluster_centers_[labels], axis=1)


def round_robin(labels: npt.NDArray[np.intp], distance: Floats) -> npt.NDArray[np.intp]:
    """All rows: the nearest of each cluster (large clusters first), then the second of each, ...

    >>> round_robin(np.array([0, 0, 0, 1]), np.array([0.3, 0.1, 0.2, 0.5])).tolist()
    [1, 3, 2, 0]
    """
    within = np.empty(len(labels), dtype=np.intp)
    for k in np.unique(labels).tolist():
        rows = np.flatnonzero(labels == k)
        within[rows[np.argsort(distance[rows], kind="stable")]] = np.arange(len(rows))
    sizes = np.bincount(labels)
    return np.lexsort((labels, -sizes[labels], within))


def gradients(proba: Floats, x: Floats) -> Floats:
    """(proba - one hot of the likeliest class) times the features, one row a row."""
    slope = proba.copy()
    slope[np.arange(len(proba)), proba.argmax(axis=1)] -= 1.0
    found: Floats = (slope[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    return found


def seeds(points: Floats, n: int, seed: int) -> npt.NDArray[np.intp]:
    """k-means++ (Arthur and Vassilvitskii 2007): each next point in proportion to its squared distance."""
    rng = np.random.default_rng(seed)
    first = int(np.argmax((points**2).sum(axis=1)))
    chosen, free = [first], np.ones(len(points), dtype=bool)
    free[first] = False
    nearest = ((points - points[first]) ** 2).sum(axis=1)
    while len(chosen) < n and free.any():
        weight = np.where(free, nearest, 0.0)
        total = weight.sum()
        weight = weight / total if total > 0 else free / free.sum()
        chosen.append(int(rng.choice(len(points), p=weight)))
        free[chosen[-1]] = False
        nearest = np.minimum(nearest, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen, dtype=np.intp)
