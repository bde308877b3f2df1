"""The merged label of many annotators, each weighed by how reliable they prove to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.agreement.ratings import Ratings
from analytics.needs import Floats

MOST_STEPS = 200
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Merged:
    """Merged labels: ``posterior[i, k]`` is the chance that item i is of class k.

    ``confusion[a, k, j]`` is how often annotator a says class j of an item of class k.
    """

    items: tuple[str, ...]
    classes: tuple[str, ...]
    annotators: tuple[str, ...]
    posterior: Floats
    confusion: Floats

    @property
    def labels(self) -> tuple[str, ...]:
        """The likeliest class of each item."""
        return tuple(self.classes[k] for k in self.posterior.argmax(axis=1).tolist())

    @property
    def confidence(self) -> Floats:
        """The chance of that class."""
        return np.asarray(self.posterior.max(axis=1))


def dawid_skene(ratings: Ratings, *, smoothing: float = 0.01, credit: float = 1.0) -> Merged:
    """Classes and annotators' confusion tables by expectation-maximisation, begun at the vote.

    Annotators are judged by the items that two or more answered; an item with one answer is then
    read in their light, and where no item has two, what was said stays. ``smoothing`` answers are
    added to each cell of a confusion table, so that no annotator with few answers is taken for
    infallible, and ``credit`` right answers of every class: without them a class that hardly
    anybody says can fit one item of mixed answers perfectly and win it, though nobody named it.
    It takes annotators for independent given the truth. Dawid and Skene (1979); the credit is a
    Dirichlet prior on the rows of the tables.
    """
    n_items, k = ratings.counts.shape
    n_annotators = len(ratings.annotators)
    said = np.zeros((n_annotators * k, n_items))
    said[ratings.annotator * k + ratings.value, ratings.item] = 1.0
    posterior = ratings.counts / ratings.counts.sum(axis=1, keepdims=True)
    confusion = np.broadcast_to(np.eye(k), (n_annotators, k, k))
    judged = ratings.counts.sum(axis=1) >= 2
    for _step in range(MOST_STEPS if judged.any() else 0):
        prior = posterior[judged].mean(axis=0)
        counted = (said[:, judged] @ posterior[judged]).reshape(n_annotators, k, k)
        confusion = counted.transpose(0, 2, 1) + smoothing + credit * np.eye(k)
        confusion = confusion / confusion.sum(axis=2, keepdims=True)
        by_answer = np.log(confusion).transpose(0, 2, 1).reshape(n_annotators * k, k)
        log = said.T @ by_answer + np.log(np.maximum(prior, 1e-300))
        found = np.exp(log - log.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        moved = float(np.abs(found - posterior).max())
        posterior = found
        if moved < TOLERANCE:
            break
    return Merged(ratings.items, ratings.classes, ratings.annotators, posterior, confusion)
