"""PCA reconstruction error: how badly the reference's main directions describe the window."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.needs import Floats, Sample
from analytics.stats.classifier import folds_of, too_few_rows
from analytics.stats.intervals import Z95

EXPLAINED = 0.65  # share of the reference's variance that the kept directions hold


def compute(sample: Sample) -> Estimate:
    """Mean distance of the window's rows from their reconstruction, in standard deviations.

    Levels are counted (how often the reference has them), missing values take the reference's
    mean, columns are scaled by the reference, and the directions that hold 65 % of its variance are
    kept, as NannyML does. ``detail.reference`` is the same error of reference rows that the
    directions were not fitted on (two halves); the effect is the change in units of the spread of
    those errors.
    """
    n, m = len(sample.current), len(sample.reference)
    undefined = too_few_rows(n, m)
    if undefined:
        return undefined
    reference, current = encoded(sample)
    kept = n_directions(reference)
    value = errors(reference, current, kept)
    before, after = np.empty(m), np.zeros(n)
    half = folds_of(m, 2)
    for k in (0, 1):  # both sides by directions that neither was fitted on
        before[half == k] = errors(reference[half != k], reference[half == k], kept)
        after += errors(reference[half != k], current, kept) / 2
    mean, spread = float(value.mean()), float(before.std(ddof=1))
    se = math.sqrt(float(after.var(ddof=1)) / n + spread**2 / m)
    change = float(after.mean()) - float(before.mean())
    if spread <= 0 or se <= 0:
        return Estimate(mean, mean, mean, "normal", n, 0.0, reason="the columns do not vary")
    floor = se * math.sqrt(2 / math.pi)
    detail = {
        "p_value": math.erfc(abs(change) / se / math.sqrt(2)),
        "above_floor": max(0.0, abs(change) - floor) / spread,
        "reference": float(before.mean()),
        "change": change,
        "n_sampled": n,
        "n_reference": m,
        "n_rows": sample.n_current,
    }
    own = math.sqrt(float(value.var(ddof=1)) / n)
    return Estimate(mean, mean - Z95 * own, mean + Z95 * own, "normal", n, own, detail=detail)


def encoded(sample: Sample) -> tuple[Floats, Floats]:
    """Both sides as numbers without gaps, scaled by the reference."""
    sides = []
    for j, is_levels in enumerate(sample.is_category):
        a, b = sample.reference[:, j], sample.current[:, j]
        if is_levels:
            counts = np.bincount(a[~np.isnan(a)].astype(int), minlength=_top(a, b) + 1)
            a, b = (
                np.where(np.isnan(v), np.nan, counts[np.nan_to_num(v).astype(int)]) for v in (a, b)
            )
        middle = float(np.nanmean(a)) if not np.isnan(a).all() else 0.0
        a, b = (np.where(np.isfinite(v), v, middle) for v in (a, b))
        scale = float(a.std()) or 1.0
        sides.append(((a - a.mean()) / scale, (b - a.mean()) / scale))
    return np.column_stack([a for a, _b in sides]), np.column_stack([b for _a, b in sides])


def _top(a: Floats, b: Floats) -> int:
    known = np.concatenate([a[~np.isnan(a)], b[~np.isnan(b)]])
    return int(known.max()) if len(known) else 0


def _directions(reference: Floats) -> tuple[Floats, Floats]:
    """(variances, directions as columns) of the reference, the largest first."""
    covariance = np.cov((reference - reference.mean(axis=0)).T)
    values, directions = np.linalg.eigh(covariance.reshape(reference.shape[1], -1))
    return values[::-1], directions[:, ::-1]


def n_directions(reference: Floats) -> int:
    """How many main directions hold the share of variance that is kept."""
    values = _directions(reference)[0]
    total = float(values.sum())
    shares = np.cumsum(values) / total if total > 0 else np.ones(len(values))
    return min(int(np.searchsorted(shares, EXPLAINED, side="right")) + 1, len(values))


def errors(reference: Floats, rows: Floats, kept: int) -> Floats:
    """Distance of every row from its projection on the reference's first ``kept`` directions."""
    directions = _directions(reference)[1][:, :kept]
    centred = rows - reference.mean(axis=0)
    left: Floats = np.linalg.norm(centred - centred @ directions @ directions.T, axis=1)
    return left


TEST = DriftTest(
    name="pca_reconstruction",
    label="PCA reconstruction error",
    needs=Sample,
    compute=compute,
    meaning=(
        "How far rows lie from the flat picture that the reference's main directions draw: a change of"
        " how columns go together shows even where no single column moved. Linear, and blind to"
        " changes inside that picture."
    ),
    source="as NannyML's data reconstruction (Jolliffe 2002); interval: normal",
    is_default=False,
    tolerance=(0.1, 0.3),
)
