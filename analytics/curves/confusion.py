"""The confusion table: what the model said about the rows of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.needs import Confusion, Floats
from analytics.stats.intervals import wilson

MOST_CLASSES = 40  # more cells than a screen can show; the rest is pooled
OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """Counts by true class (rows) and predicted class (columns), and shares of each row.

    ``share[i, j]`` is the share of the rows of class i that were predicted as class j, with
    Wilson's interval ``low`` and ``high``; all three are NaN for a class without rows.
    """

    classes: tuple[str, ...]
    counts: Floats
    share: Floats
    low: Floats
    high: Floats


def confusion(counts: Confusion) -> ConfusionTable | None:
    """The table of the classes that occur or were predicted; None without labelled rows.

    Of more than 40 classes the most frequent 39 stay, the others become one.

    >>> table = confusion(Confusion.from_arrays(list("aabb"), list("abbb")))
    >>> table.counts.tolist(), table.share.tolist()
    ([[1.0, 1.0], [0.0, 2.0]], [[0.5, 0.5], [0.0, 1.0]])
    """
    total = float(counts.counts.sum())
    if total <= 0:
        return None
    classes, cells = _fewer(counts)
    rows = cells.sum(axis=1)
    share = np.full(cells.shape, np.nan)
    ends = np.full((*cells.shape, 2), np.nan)
    for i in np.flatnonzero(rows > 0):
        share[i] = cells[i] / rows[i]
        size = float(rows[i]) * counts.n_effective / total
        ends[i] = [wilson(float(s), size) for s in share[i]]
    return ConfusionTable(classes, cells, share, ends[..., 0], ends[..., 1])


def _fewer(counts: Confusion) -> tuple[tuple[str, ...], Floats]:
    """Classes that occur, in the order given, the rare ones pooled at the end."""
    size = counts.counts.sum(axis=0) + counts.counts.sum(axis=1)
    kept = np.flatnonzero(size > 0)
    if len(kept) <= MOST_CLASSES:
        names = tuple(counts.classes[i] for i in kept)
        return names, counts.counts[np.ix_(kept, kept)].copy()
    frequent = np.sort(np.argsort(-size, kind="stable")[: MOST_CLASSES - 1])
    names = (*(counts.classes[i] for i in frequent), OTHER)
    group = np.full(len(size), MOST_CLASSES - 1)
    group[frequent] = np.arange(MOST_CLASSES - 1)
    cells = np.zeros((MOST_CLASSES, MOST_CLASSES))
    np.add.at(cells, (group[:, None], group[None, :]), counts.counts)
    return names, cells
