"""Labels that are probably wrong, by confident learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.needs import Floats


@dataclass(frozen=True, slots=True)
class Suspects:
    """Rows whose label the model confidently contradicts, most suspect first.

    ``rows`` are places in the input, ``suggested`` the class that the model is confident of, and
    ``margin`` the score of the given class minus the highest other (lower is more suspect).
    ``joint[i, j]`` counts labels i that are confidently of class j; ``n_expected`` is how many
    labels are estimated to be wrong, whether they can be named or not.
    """

    rows: npt.NDArray[np.intp]
    suggested: npt.NDArray[np.intp]
    margin: Floats
    joint: npt.NDArray[np.intp]
    n_expected: float


def find_suspects(label: npt.NDArray[np.intp], proba: Floats) -> Suspects:
    """Confident learning (Northcutt, Jiang and Chuang 2021).

    ``label`` are class codes, ``proba`` scores of a model that did not learn from these labels. A
    class's threshold is the mean score that its own rows give it; a row counts as of the likeliest
    class whose threshold its score reaches. Rows that count as another class than their label are
    suspects.
    """
    n, k = proba.shape
    given = np.bincount(label, minlength=k).astype(float)
    own = proba[np.arange(n), label]
    sums = np.bincount(label, weights=own, minlength=k)
    threshold = np.where(given > 0, sums / np.maximum(given, 1), np.inf)
    reached = proba >= threshold - 1e-12
    confident = np.where(reached, proba, -1.0)
    best = np.where(reached.any(axis=1), confident.argmax(axis=1), -1)
    joint = np.zeros((k, k), dtype=np.intp)
    counted = best >= 0
    np.add.at(joint, (label[counted], best[counted]), 1)
    rows = np.flatnonzero(counted & (best != label))
    others = proba.copy()
    others[np.arange(n), label] = -np.inf
    margin = own - others.max(axis=1)
    order = rows[np.argsort(margin[rows], kind="stable")]
    return Suspects(order, best[order], margin[order], joint, _expected(joint, given))


def _expected(joint: npt.NDArray[np.intp], given: Floats) -> float:
    """Wrong labels in all: each class's row of the joint scaled to the labels given."""
    rows = joint.sum(axis=1)
    wrong = rows - np.diag(joint)
    share = np.where(rows > 0, wrong / np.maximum(rows, 1), 0.0)
    return float(share @ given)
