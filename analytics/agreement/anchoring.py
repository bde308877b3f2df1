"""Whether people follow the model when they see its answer first."""

from __future__ import annotations

from analytics.core import Estimate
from analytics.stats.difference import difference
from analytics.stats.intervals import share_estimate

LEAST = 30  # answers that each side needs
FEW = "fewer than 30 answers with and without the model's answer in sight"


def anchoring(seen: tuple[int, int], unseen: tuple[int, int]) -> Estimate:
    """How much oftener answers are the model's where it was seen first, each (the same, answers).

    Which cards show it is drawn by chance, so the difference is what seeing it does. The interval
    is Newcombe's.

    >>> found = anchoring((56, 70), (48, 80))
    >>> [round(x, 4) for x in (found.value, found.low, found.high)]
    [0.2, 0.0524, 0.3339]
    """
    if min(seen[1], unseen[1]) < LEAST:
        return Estimate.undefined(FEW, seen[1] + unseen[1])
    sides = [share_estimate(same / n, n, n) for same, n in (seen, unseen)]
    return difference(sides[0], sides[1])
