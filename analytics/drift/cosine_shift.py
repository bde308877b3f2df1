"""Cosine shift: the angle between the mean vectors of both sides."""

from __future__ import annotations

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.needs import Floats, VectorPair
from analytics.stats.classifier import too_few_rows

N_DRAWS = 500


def compute(pair: VectorPair) -> Estimate:
    """1 - cosine of the two mean vectors, in [0, 2]; p-value by 500 permutations of the rows.

    The floor is the mean of the permuted values; low and high are the value plus-minus what 95 % of
    them stay under.
    """
    n, m = len(pair.current), len(pair.reference)
    undefined = too_few_rows(n, m)
    if undefined:
        return undefined
    if pair.current.shape[1] != pair.reference.shape[1]:
        return Estimate.undefined("the vectors of both sides have different lengths", n)
    both = np.vstack([pair.reference, pair.current])
    inside = np.zeros((N_DRAWS + 1, n + m))
    inside[0, m:] = 1
    rng = np.random.default_rng(0)
    for draw in inside[1:]:
        draw[rng.permutation(n + m)[:n]] = 1
    found = _shift(inside @ both / n, (1 - inside) @ both / m)
    value, chance = float(found[0]), found[1:]
    reach = float(np.quantile(chance, 0.95))
    detail = {
        "p_value": (1 + int((chance >= value).sum())) / (1 + N_DRAWS),
        "above_floor": max(0.0, value - float(chance.mean())),
        "n_reference": m,
    }
    return Estimate(
        value, max(0.0, value - reach), min(2.0, value + reach), "permutation", n, detail=detail
    )


def _shift(a: Floats, b: Floats) -> Floats:
    over = (a * b).sum(axis=1)
    under = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = np.divide(over, under, out=np.ones(len(over)), where=under > 0)
    found: Floats = 1 - np.clip(cosine, -1.0, 1.0)
    return found


TEST = DriftTest(
    name="cosine_shift",
    label="Cosine shift of the mean",
    needs=VectorPair,
    compute=compute,
    meaning=(
        "One minus the cosine between the mean vectors: 0 is the same direction. It sees the middle"
        " only; a topic that splits in two can leave it where it was."
    ),
    source="cosine distance of means; p-value by permutation (Phipson and Smyth 2010)",
    tolerance=(0.05, 0.2),
)
