"""Maximum mean discrepancy: the distance of two samples' means in the space of a kernel."""

from __future__ import annotations

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.needs import Floats, Sample
from analytics.stats.classifier import too_few_rows

MOST = 1000  # rows a side
N_DRAWS = 500
CLIP = 5.0  # in quartile distances: one outlier is no more than far away
MOST_LEVELS = 12


def compute(sample: Sample) -> Estimate:
    """Unbiased MMD^2 with a Gaussian kernel of the median distance; 0 is no difference.

    On at most 1,000 rows a side, numbers scaled by the reference's median and quartiles, frequent
    levels as 0/1 columns. The p-value is that of 500 permutations, (1 + as large) / 501; the floor
    is the mean of the permuted values' positive part, and low and high the middle 95 % of the
    permuted values around the value.
    """
    n, m = min(len(sample.current), MOST), min(len(sample.reference), MOST)
    undefined = too_few_rows(n, m)
    if undefined:
        return undefined
    x = scaled(sample, m, n)
    kernel = gaussian(x)
    inside = np.zeros((N_DRAWS + 1, m + n))
    inside[0, m:] = 1
    rng = np.random.default_rng(0)
    for draw in inside[1:]:
        draw[rng.permutation(m + n)[:n]] = 1
    found = mmd2(kernel, inside)
    value, chance = float(found[0]), found[1:]
    p_value = (1 + int((chance >= value).sum())) / (1 + N_DRAWS)
    low, high = (float(q) for q in np.quantile(chance, (0.025, 0.975)))
    detail = {
        "p_value": p_value,
        "above_floor": max(0.0, value - float(np.maximum(chance, 0).mean())),
        "n_sampled": n,
        "n_reference": m,
        "n_rows": sample.n_current,
    }
    return Estimate(value, value + low, value + high, "permutation", n, detail=detail)


def scaled(sample: Sample, m: int, n: int) -> Floats:
    """Rows of both sides as numbers: scaled and clipped, levels as columns of 0 and 1."""
    reference, current = sample.reference[:m], sample.current[:n]
    columns: list[Floats] = []
    for j, is_levels in enumerate(sample.is_category):
        both = np.concatenate([reference[:, j], current[:, j]])
        if is_levels:
            known = both[~np.isnan(both)].astype(int)
            ranked = np.argsort(-np.bincount(known), kind="stable")[:MOST_LEVELS]
            columns += [(both == level).astype(float) for level in ranked.tolist()]
            continue
        values = reference[:, j][np.isfinite(reference[:, j])]
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75)) if len(values) else (0, 0, 1)
        spread = (high - low) or float(values.std() if len(values) else 1.0) or 1.0
        columns.append(np.clip(np.nan_to_num((both - middle) / spread, nan=0.0), -CLIP, CLIP))
    return np.column_stack(columns)


def gaussian(x: Floats) -> Floats:
    """exp(-d^2 / median d^2) of all pairs of rows."""
    squares = (x * x).sum(axis=1)
    distance = np.maximum(squares[:, None] + squares[None, :] - 2 * x @ x.T, 0.0)
    typical = float(np.median(distance[np.triu_indices(len(x), 1)])) or 1.0
    found: Floats = np.exp(-distance / typical)
    return found


def mmd2(kernel: Floats, inside: Floats) -> Floats:
    """Unbiased MMD^2 for every row of ``inside``, which marks the rows of one side by 1."""
    own = np.diag(kernel).copy()
    reach = inside @ kernel
    n, total = inside.sum(axis=1), kernel.shape[0]
    m = total - n
    within = (reach * inside).sum(axis=1) - inside @ own
    across = (reach * (1 - inside)).sum(axis=1)
    rest = float(kernel.sum()) - float(own.sum()) - within - 2 * across
    found: Floats = within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m)
    return found


TEST = DriftTest(
    name="mmd",
    label="Maximum mean discrepancy",
    needs=Sample,
    compute=compute,
    meaning=(
        "How far two samples stand apart in the eyes of a kernel, all columns together; 0 is no"
        " difference. It has no unit to read, so go by its p-value; many dull columns weaken it."
    ),
    source="Gretton et al. (2012), median heuristic; p-value by permutation (Phipson and Smyth 2010)",
    is_default=False,
    tolerance=(0.005, 0.02),
)
