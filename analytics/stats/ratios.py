"""Ratios of confusion counts (precision, recall, ...): of one class, averaged, and how sure.

All of them are (a N + b R + c C + d D) / (a' N + b' R + c' C + d' D), with N all rows, R those of
the class, C those predicted as it and D both. One gradient therefore serves every average.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.needs import Confusion, Floats
from analytics.stats.intervals import Z95, logit_estimate, share_estimate, wilson

AVERAGES = ("macro", "micro", "weighted")
Form = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of counts by its coefficients of (all rows, rows of the class, predicted, both)."""

    over: Form
    under: Form
    is_independent: bool = False  # classes share no rows below the line: their errors are apart

    def parts(self, cells: Floats) -> tuple[Floats, Floats]:
        """(value, denominator) of every class; the value is 0 where the denominator is."""
        rows, columns, both = cells.sum(axis=1), cells.sum(axis=0), np.diag(cells)
        sums = np.array([np.full(len(rows), cells.sum()), rows, columns, both])
        over, under = np.array(self.over) @ sums, np.array(self.under) @ sums
        under = np.where(under > 1e-12 * cells.sum(), under, 0.0)
        value = np.divide(over, under, out=np.zeros(len(rows)), where=under > 0)
        return np.clip(value, 0.0, 1.0), under

    def gradient(self, cells: Floats, weight: Floats) -> Floats:
        """Derivative of sum(weight * value) by each cell, the weights held fixed."""
        value, under = self.parts(cells)
        pull = np.divide(weight, under, out=np.zeros(len(under)), where=under > 0)
        over, below = np.array(self.over), np.array(self.under)
        total, row, column, both = (
            pull * (o - value * b) for o, b in zip(over, below, strict=True)
        )
        found: Floats = float(total.sum()) + row[:, None] + column[None, :] + np.diag(both)
        return found


PRECISION = Ratio((0, 0, 0, 1), (0, 0, 1, 0), is_independent=True)
RECALL = Ratio((0, 0, 0, 1), (0, 1, 0, 0), is_independent=True)
F1 = Ratio((0, 0, 0, 2), (0, 1, 1, 0))
JACCARD = Ratio((0, 0, 0, 1), (0, 1, 1, -1))
SPECIFICITY = Ratio((1, -1, -1, 1), (1, -1, 0, 0))


def f_ratio(beta: float) -> Ratio:
    """The F score with that beta; 1 gives F1."""
    square = beta * beta
    return Ratio((0, 0, 0, 1 + square), (0, square, 1, 0))


def delta_se(counts: Confusion, gradient: Floats) -> float:
    """Standard error of a smooth function of the counts with that gradient, by the delta method.

    Cells are multinomial over ``n_effective`` rows: the variance is that of the gradient over
    cells, times (sum of weights)^2 / n_effective.
    """
    total, n = float(counts.counts.sum()), counts.n_effective
    shares = counts.counts / total
    mean = float((shares * gradient).sum())
    variance = float((shares * (gradient - mean) ** 2).sum())
    return total * math.sqrt(max(variance, 0.0) / n) if n > 0 else 0.0


def class_index(counts: Confusion, of: str | None) -> int | None:
    """Where class ``of`` (else the positive class) stands; None when it was never seen."""
    name = of if of is not None else counts.positive
    return counts.classes.index(name) if name in counts.classes else None


def of_class(counts: Confusion, ratio: Ratio, of: str | None, reason: str) -> Estimate:
    """The ratio of one class with Wilson's interval; ``reason`` where its denominator is zero."""
    if counts.counts.sum() <= 0:
        return Estimate.undefined("no labelled rows", counts.n)
    i = class_index(counts, of)
    if i is None:
        return Estimate.undefined("the class neither occurs nor is predicted", counts.n)
    value, under = ratio.parts(counts.counts)
    if under[i] <= 0:
        return Estimate.undefined(reason, counts.n)
    return share_estimate(float(value[i]), float(_sizes(counts, under)[i]), counts.n)


def averaged(counts: Confusion, ratio: Ratio, average: str) -> Estimate:
    """The mean over classes ("macro"), weighted by their rows ("weighted"), or pooled ("micro").

    A class that occurs or was predicted and has no value counts 0, as with scikit-learn's
    ``zero_division=0``; ``detail.counted_zero`` names such classes. Classes that neither occur nor
    were predicted stay out.
    """
    total = float(counts.counts.sum())
    if total <= 0:
        return Estimate.undefined("no labelled rows", counts.n)
    if average == "micro":
        right = min(float(np.trace(counts.counts)) / total, 1.0)
        return share_estimate(right, counts.n_effective, counts.n, average=average)
    support = counts.counts.sum(axis=1)
    present = support + counts.counts.sum(axis=0) > 0
    weight = support / total if average == "weighted" else present / present.sum()
    value, under = ratio.parts(counts.counts)
    detail = {"average": average, "counted_zero": _names(counts, present & (under <= 0))}
    if ratio.is_independent and average == "macro":
        found = mean_of_shares(counts, ratio, present & (under > 0), int(present.sum()))
        return replace(found, detail=detail)
    mean = float(weight @ value)
    gradient = ratio.gradient(counts.counts, weight)
    if average == "weighted":
        gradient = gradient + ((value - mean) / total)[:, None]
    size = float(_sizes(counts, under)[present & (under > 0)].min(initial=math.inf))
    size = size if math.isfinite(size) else counts.n_effective
    se = delta_se(counts, gradient)
    return logit_estimate(mean, se, counts.n, "delta, logit", size=size, **detail)


def mean_of_shares(
    counts: Confusion, ratio: Ratio, kept: npt.NDArray[np.bool_], among: int
) -> Estimate:
    """Sum of the kept classes' shares over ``among``, for shares that rest on different rows.

    The ends add the distances to each share's Wilson ends in squares (Zou and Donner 2008), which
    stays honest where a class is all right or all wrong.
    """
    value, under = ratio.parts(counts.counts)
    value, size = value[kept], _sizes(counts, under)[kept]
    ends = [wilson(float(v), float(n)) for v, n in zip(value, size, strict=True)]
    low, high = np.array(ends).reshape(-1, 2).T
    mean = min(float(value.sum()) / among, 1.0)
    down = math.sqrt(float(((value - low) ** 2).sum())) / among
    up = math.sqrt(float(((high - value) ** 2).sum())) / among
    se = (down + up) / (2 * Z95)
    ends_of_mean = max(mean - down, 0.0), min(mean + up, 1.0)
    return Estimate(mean, *ends_of_mean, "Wilson, square and add", counts.n, se)


def _sizes(counts: Confusion, under: Floats) -> Floats:
    """Denominators as effective rows."""
    found: Floats = under * (counts.n_effective / float(counts.counts.sum()))
    return found


def _names(counts: Confusion, at: npt.NDArray[np.bool_]) -> list[str]:
    return [name for name, is_in in zip(counts.classes, at.tolist(), strict=True) if is_in]
