"""95 % intervals of shares, means, quantiles and differences; fixed-sample, each named.

An interval says how far the number could be off by chance alone, for rows that do not depend on
each other. Looking again every day and waiting for one to exclude a value is not covered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analytics.core import Estimate
from analytics.needs import Floats, Pairs, Residuals, Scores

Z95 = 1.959963984540054
EXACT_RANKS = 1000  # from more rows on, ranks come from the normal approximation
POSITIVE = (0.0, math.inf)
TOO_LARGE = "the numbers are too large to compute with"
TOO_FEW = "fewer than two labelled rows"
Transform = Callable[[float], float]
Loss = Callable[[Floats, Floats], Floats]


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of a share over ``n`` (effective) rows (Wilson 1927).

    >>> [round(x, 4) for x in wilson(0.9, 100)]
    [0.8256, 0.9448]
    """
    if n <= 0:
        return 0.0, 1.0
    z2 = Z95 * Z95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(max(share * (1 - share), 0.0) / n + z2 / (4 * n * n))
    low = 0.0 if share <= 0 else max(0.0, centre - half)
    high = 1.0 if share >= 1 else min(1.0, centre + half)
    return min(low, share), max(high, share)


def newcombe(current: tuple[float, float], reference: tuple[float, float]) -> tuple[float, float]:
    """Interval of the difference of two shares, each (share, rows): method 10 of Newcombe (1998).

    >>> [round(end, 4) for end in newcombe((56 / 70, 70), (48 / 80, 80))]
    [0.0524, 0.3339]
    """
    (low1, high1), (low2, high2) = wilson(*current), wilson(*reference)
    value = current[0] - reference[0]
    down = math.hypot(current[0] - low1, high2 - reference[0])
    up = math.hypot(high1 - current[0], reference[0] - low2)
    return value - down, value + up


def poisson_ends(n: int) -> tuple[float, float]:
    """The exact interval of a Poisson count's mean (Garwood 1936).

    >>> [round(end, 4) for end in poisson_ends(10)]
    [4.7954, 18.3904]
    """
    from scipy.special import gammaincinv

    low = float(gammaincinv(n, 0.025)) if n else 0.0
    return low, float(gammaincinv(n + 1, 0.975))


def t_quantile(df: float) -> float:
    """The 97.5 % quantile of Student's t.

    >>> round(t_quantile(9), 4), round(t_quantile(1e9), 4)
    (2.2622, 1.96)
    """
    from scipy.special import stdtrit

    return float(stdtrit(max(df, 1.0), 0.975))


def share_estimate(share: float, n: float, rows: int, **detail: Any) -> Estimate:
    """An Estimate of a share over ``n`` effective rows, with Wilson's interval.

    The standard error is the binomial one; at 0 and 1, where that vanishes, it is taken from the
    width of the interval.
    """
    low, high = wilson(share, n)
    se = math.sqrt(max(share * (1 - share), 0.0) / n) if n > 0 else 0.0
    return Estimate(share, low, high, "Wilson", rows, se or (high - low) / (2 * Z95), detail=detail)


def normal_estimate(
    value: float, se: float, rows: int, method: str = "normal", **detail: Any
) -> Estimate:
    """value plus-minus 1.96 standard errors."""
    return Estimate(value, value - Z95 * se, value + Z95 * se, method, rows, se, detail=detail)


def logit_estimate(
    value: float, se: float, rows: int, method: str, *, size: float, **detail: Any
) -> Estimate:
    """An interval on the logit scale, for numbers in [0, 1].

    Where the standard error vanishes (all right, all wrong, all tied) it says nothing, and the
    interval is Wilson's over ``size`` rows: the (effective) rows that the number rests on.

    >>> found = logit_estimate(1.0, 0.0, 40, "DeLong, logit", size=20)
    >>> round(found.low, 3), found.high, found.interval
    (0.839, 1.0, 'Wilson')
    """
    if not 0.0 < value < 1.0 or se <= 1e-12:
        return share_estimate(min(max(value, 0.0), 1.0), size, rows, **detail)
    centre = math.log(value / (1 - value))
    half = Z95 * se / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-min(max(centre + s * half, -700), 700))) for s in (-1, 1))
    return Estimate(value, min(low, value), max(high, value), method, rows, se, detail=detail)


def skew_ends(mean: float, se: float, skew: float, t: float) -> tuple[float, float]:
    """Ends of the t interval of a mean, corrected for the skewness of the rows (Hall 1992).

    ``skew`` is the skewness of the mean itself: that of the rows over the root of n. A few huge
    losses pull the upper end up, where the plain interval misses most.

    >>> skew_ends(1.0, 0.1, 0.0, 2.0)
    (0.8, 1.2)
    >>> [round(end, 4) for end in skew_ends(1.0, 0.1, 0.3, 2.0)]
    [0.8341, 1.2725]
    """
    if abs(skew) < 1e-6:
        return mean - t * se, mean + t * se
    shifts = [float(np.cbrt(1 + side * skew * t - skew * skew / 6)) - 1 for side in (1, -1)]
    low, high = (mean - 3 * se / skew * shift for shift in shifts)
    return min(low, mean), max(high, mean)


def signed(y_true: Floats, y_pred: Floats) -> Floats:
    """The error of every row: above zero where the prediction is too high."""
    return y_pred - y_true


def absolute(y_true: Floats, y_pred: Floats) -> Floats:
    """The size of every row's error."""
    return np.abs(y_pred - y_true)


def squared(y_true: Floats, y_pred: Floats) -> Floats:
    """The square of every row's error."""
    found: Floats = (y_pred - y_true) ** 2
    return found


# Of a loss over rows the sums of its first three powers, where only sums are there.
_POWERS: dict[Loss, tuple[str, str, str]] = {
    signed: ("r1", "r2", "r3"),
    absolute: ("a1", "r2", "a3"),
    squared: ("r2", "r4", "r6"),
}


def mean_of(
    pairs: Pairs | Residuals,
    loss: Loss,
    *,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    transform: Transform | None = None,
) -> Estimate:
    """The weighted mean of ``loss(y_true, y_pred)`` over rows, with Hall's corrected t interval.

    The standard error is sqrt(sum w^2 (x - mean)^2) / sum w, times sqrt(n / (n - 1)); the degrees
    of freedom come from Kish's effective size. No end leaves ``bounds``; ``transform``
    (increasing, such as the root) maps the mean and both ends. Undefined below two rows and where
    numbers overflow. Sums instead of rows know ``signed``, ``absolute`` and ``squared``.

    >>> pairs = Pairs.from_arrays(np.zeros(4), np.array([1.0, 2.0, 3.0, 4.0]))
    >>> found = mean_of(pairs, lambda y, p: p - y)
    >>> found.value, round(found.low, 4), round(found.high, 4)
    (2.5, 0.4457, 4.5543)
    """
    n = pairs.n
    if n < 2 or (isinstance(pairs, Pairs) and pairs.weight.sum() <= 0):
        return Estimate.undefined(TOO_FEW, n)
    with np.errstate(all="ignore"):
        mean, se, skew, size = (
            _of_rows(pairs, loss) if isinstance(pairs, Pairs) else _of_sums(pairs, loss)
        )
        t = t_quantile(size - 1)
    if not math.isfinite(mean) or not math.isfinite(t * se):
        return Estimate.undefined(TOO_LARGE, n)
    low, high = skew_ends(mean, se, skew, t)
    low, high = max(low, min(bounds[0], mean)), min(high, max(bounds[1], mean))
    detail: dict[str, Any] = {"n_invalid": pairs.n_invalid}
    if se == 0:
        detail["note"] = "every row has the same error, so the interval has no width"
    if transform is None:
        return Estimate(mean, low, high, "t, skew-corrected", n, se, detail=detail)
    value, low, high = (transform(max(x, 0.0)) for x in (mean, low, high))
    se = (high - low) / (2 * Z95)
    return Estimate(value, low, high, "t, skew-corrected", n, se, detail=detail)


def _of_rows(pairs: Pairs, loss: Loss) -> tuple[float, float, float, float]:
    """Mean, standard error, skewness of the mean and effective rows."""
    losses, share = loss(pairs.y_true, pairs.y_pred), pairs.weight / float(pairs.weight.sum())
    mean = float(share @ losses)
    parts = share * (losses - mean)
    se = math.sqrt(float(parts @ parts) * pairs.n / (pairs.n - 1))
    skew = _sum_of_cubes(parts / se) if se > 0 else 0.0
    return mean, se, skew, 1 / float(share @ share)


def _of_sums(found: Residuals, loss: Loss) -> tuple[float, float, float, float]:
    first, second, third = (found.powers[name] for name in _POWERS[loss])
    n, mean = found.n, first / found.n
    spread = max(second - n * mean**2, 0.0)
    se = math.sqrt(spread / n / (n - 1))
    cubes = third - 3 * mean * second + 2 * n * mean**3
    return mean, se, cubes / n**3 / se**3 if se > 0 else 0.0, float(n)


def _sum_of_cubes(x: Floats) -> float:
    return float((x * x) @ x)


Groups = Sequence[tuple[Floats, Floats]]


def mean_of_groups(groups: Groups, sum_w2: float, rows: int, n_invalid: int) -> Estimate:
    """The mean over rows that come as groups of (values, weights); Hall's interval as above.

    >>> found = mean_of_groups([(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4))], 4.0, 4, 0)
    >>> found.value, round(found.low, 4), round(found.high, 4)
    (2.5, 0.4457, 4.5543)
    """
    total = sum(float(weight.sum()) for _values, weight in groups)
    if total <= 0 or sum_w2 <= 0:
        return Estimate.undefined("no labelled rows", rows)
    n, share = total * total / sum_w2, [(v, w / total) for v, w in groups]
    with np.errstate(all="ignore"):
        mean = sum(float(v @ w) for v, w in share)
        spread = math.sqrt(sum(float((v - mean) ** 2 @ w) for v, w in share))
        parts = [((v - mean) / spread, w) for v, w in share] if spread > 0 else []
        cubes = sum(float((z * z * z) @ w) for z, w in parts)
        se = spread / math.sqrt(max(n - 1, 1.0))
    if not math.isfinite(mean) or not math.isfinite(se):
        return Estimate.undefined(TOO_LARGE, rows)
    low, high = skew_ends(mean, se, cubes / math.sqrt(n), t_quantile(n - 1))
    detail = {"n_invalid": n_invalid}
    return Estimate(mean, low, high, "t, skew-corrected", rows, se, detail=detail)


def mean_loss(scores: Scores, hit: Floats, miss: Floats) -> Estimate:
    """The mean of a loss >= 0 that is ``hit`` where the label is positive and ``miss`` elsewhere.

    Both are aligned with ``scores.score``. Where every row has the same loss the spread says
    nothing; then the rows not seen (Wilson's bound for none in n) count with the other loss.

    >>> scores = Scores.from_arrays([True] * 20, [0.9] * 20)
    >>> found = mean_loss(scores, (1 - scores.score) ** 2, scores.score**2)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.01, 0.01, 0.1389)
    """
    pos, neg = scores.positives, scores.negatives
    found = mean_of_groups([(hit, pos), (miss, neg)], scores.sum_w2, scores.n, scores.n_invalid)
    if found.value is None or found.low is None or found.se is None:
        return found
    if found.se > 1e-12 * max(found.value, 1e-12):
        return replace(found, low=min(max(found.low, 0.0), found.value))
    total = float(pos.sum() + neg.sum())
    other = float(miss @ pos + hit @ neg) / total
    unseen = wilson(0.0, total * total / scores.sum_w2)[1] * (other - found.value)
    low, high = found.value + min(unseen, 0.0), found.value + max(unseen, 0.0)
    se = (high - low) / (2 * Z95)
    return replace(found, low=low, high=high, se=se, interval="Wilson, other label")


def quantile_estimate(values: Floats, weight: Floats, q: float, **detail: Any) -> Estimate:
    """A quantile of rows with the order statistics that bound it (binomial; David and Nagaraja).

    The value is the averaged inverted distribution function, as scikit-learn's weighted
    percentile and, without weights, NumPy's median. ``detail.coverage`` is what the interval
    truly covers: below six rows no two order statistics bound a median with 95 %.

    >>> found = quantile_estimate(np.arange(1.0, 11.0), np.ones(10), 0.5)
    >>> found.value, found.low, found.high, round(found.detail["coverage"], 4)
    (5.5, 2.0, 9.0, 0.9785)
    """
    ranked, cumulated = _ranked(values, weight)
    total, last = float(cumulated[-1]), len(ranked) - 1
    at = min(int(np.searchsorted(cumulated, q * total)), last)
    is_between = cumulated[at] - q * total <= np.finfo(float).eps
    with np.errstate(over="ignore"):
        middle = ranked[at] / 2 + ranked[min(at + 1, last)] / 2
    value = float(middle if is_between else ranked[at])
    n = max(int(total**2 / float((weight**2).sum()) + 1e-9), 1)
    first, second, coverage = quantile_ranks(n, q)
    wanted = (np.array([first, second]) - 0.5) / n * total
    ends = ranked[np.minimum(np.searchsorted(cumulated, wanted), last)]
    low, high = min(float(ends[0]), value), max(float(ends[1]), value)
    facts = {"coverage": coverage, **detail}
    se = (high - low) / (2 * Z95) if math.isfinite(high - low) else None
    return Estimate(value, low, high, "order statistics", len(values), se, detail=facts)


def _ranked(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Values in ascending order, and the weight up to each; rows without weight left out."""
    if (weight == weight[0]).all():
        return np.sort(values), weight[0] * np.arange(1.0, len(values) + 1)
    order = np.argsort(values)
    order = order[weight[order] > 0]
    return values[order], np.cumsum(weight[order])


def quantile_ranks(n: int, q: float) -> tuple[int, int, float]:
    """(lower rank, upper rank, coverage) of the order statistics of n rows; ranks start at 1.

    >>> quantile_ranks(10, 0.5)[:2]
    (2, 9)
    """
    from scipy.special import bdtr, ndtr

    if n <= EXACT_RANKS:
        below = bdtr(np.arange(n, dtype=float), n, q)
    else:
        sd = math.sqrt(n * q * (1 - q))
        below = ndtr((np.arange(n) + 0.5 - n * q) / sd)
    low = max(int(np.searchsorted(below, 0.025, side="right")), 1)
    high = min(int(np.searchsorted(below, 0.975)) + 1, n)
    covered = float(below[high - 1] - below[low - 1]) if high > low else 0.0
    return low, high, covered
