"""Text length: the Kolmogorov-Smirnov distance of the numbers of characters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift import ks
from analytics.needs import NumericPair, TextPair


def compute(pair: TextPair) -> Estimate:
    """D between both sides' lengths in characters, in [0, 1], with its p-value and floor.

    ``detail.median`` and ``detail.median_reference`` are the medians of both sides.
    """
    now = np.array([len(t) for t in pair.current], dtype=float)
    then = np.array([len(t) for t in pair.reference], dtype=float)
    found = ks.compute(NumericPair.from_arrays(then, now))
    if found.value is None:
        return found
    medians = {"median": float(np.median(now)), "median_reference": float(np.median(then))}
    return replace(found, detail={**found.detail, **medians})


TEST = DriftTest(
    name="text_length",
    label="Text length, D",
    needs=TextPair,
    compute=compute,
    meaning=(
        "The largest share of texts by which the two sides differ below any one length: cut off,"
        " empty or padded texts show at once. It knows nothing of what the texts say."
    ),
    source="Kolmogorov-Smirnov on lengths; p-value by Simard and L'Ecuyer (2011)",
    tolerance=(0.1, 0.2),
)
