"""Rows unlike each other, where the model is unsure and elsewhere too."""

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
from analytics.sampling.uncertain import uncertainty

MOST_CLUSTERS, MOST_GROUPS = 50, 500
MANY = 20_000_000  # rows times groups times features from which groups are found in batches
FLOOR = 0.2  # what a row counts of which the model is sure
Method = Literal["weighted", "clusters", "badge"]


def choose(
    candidates: Candidates,
    n: int,
    *,
    method: Method = "weighted",
    seed: int = 0,
    explore: float = EXPLORE,
) -> Choice:
    """``n`` rows spread over the features.

    ``weighted``: k-means with as many groups as rows are asked for, in which a row counts 0.2 plus
    the square of its uncertainty (see ``uncertain``), and of each group the row nearest to its
    centre (after Zhdanov 2019). It asks where the model is unsure, and everywhere else too: a model
    that drift has broken is wrong about its own uncertainty. ``clusters``: the same without
    weights, a few groups and round by round a row of each; also what ``weighted`` does without
    ``proba``. ``badge``: k-means++ seeds over the gradient that each row would have if its
    predicted class were its label, (proba - one hot) times features (Ash and others 2020); needs
    ``proba``. All need ``features``.
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
    elif method == "weighted" and candidates.proba is not None:
        weight = FLOOR + np.nan_to_num(uncertainty(candidates.proba)) ** 2
        order = round_robin(*_groups(x, weight, min(wanted, MOST_GROUPS), seed))[:wanted]
    else:
        even = np.ones(candidates.n)
        order = round_robin(*_groups(x, even, min(wanted, MOST_CLUSTERS), seed))[:wanted]
    reasons = ["unlike the rows before it"] * candidates.n
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


def _groups(x: Floats, weight: Floats, n: int, seed: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """The group of every row, and its distance to the centre."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    k = max(min(n, len(np.unique(x, axis=0))), 1)
    if x.size * k <= MANY:
        model = KMeans(k, random_state=seed, n_init=1, max_iter=30)
    else:
        model = MiniBatchKMeans(k, random_state=seed, n_init=1, batch_size=2048)
    model.fit(x, sample_weight=weight)
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
