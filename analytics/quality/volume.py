"""Volume: how many rows came, beside earlier windows of the same length."""

from __future__ import annotations

import math
from statistics import median, variance

from analytics.core import Estimate, QualityCheck
from analytics.needs import LogCounts
from analytics.quality.compare import MEAN_OF_ABSOLUTE

MIN_WINDOWS = 3
_ROBUST_FROM = 7  # windows from which the median absolute deviation is trusted


def compute(counts: LogCounts) -> Estimate:
    """The number of rows; the effect is its relative change against the median of earlier windows.

    The spread is the larger of Poisson's and that of the earlier windows (median absolute
    deviation from seven windows on, else the standard deviation); the p-value is Student's with
    windows - 1 degrees. ``low`` and ``high`` are where 95 % of such windows lie around this count.
    Undefined below three earlier windows.
    """
    earlier = counts.n_earlier
    if len(earlier) < MIN_WINDOWS:
        reason = f"too few earlier windows ({len(earlier)}, at least {MIN_WINDOWS})"
        return Estimate.undefined(reason, counts.n)
    centre = float(median(earlier))
    spread = spread_of(earlier, centre)
    width, degrees = spread * math.sqrt(1 + math.pi / (2 * len(earlier))), len(earlier) - 1
    change = counts.n - centre
    scale = max(centre, 1.0)
    half = student_quantile(degrees) * width
    detail = {
        "p_value": student_p(change / width, degrees),
        "above_floor": max(0.0, (abs(change) - MEAN_OF_ABSOLUTE * width) / scale),
        "floor": MEAN_OF_ABSOLUTE * width / scale,
        "expected": centre,
        "expected_low": max(0.0, centre - half),
        "expected_high": centre + half,
        "relative_change": change / scale,
        "n_windows": len(earlier),
    }
    low, high = max(0.0, counts.n - half), counts.n + half
    return Estimate(float(counts.n), low, high, "Student", counts.n, width, detail=detail)


def spread_of(earlier: tuple[int, ...], centre: float) -> float:
    """Standard deviation of one window's count, at least Poisson's, never 0.

    >>> spread_of((100, 100, 100), 100.0)
    10.0
    """
    if len(earlier) < _ROBUST_FROM:
        seen = variance(earlier)
    else:
        seen = (1.4826 * float(median(abs(n - centre) for n in earlier))) ** 2
    return math.sqrt(max(seen, centre, 1.0))


def student_p(t: float, degrees: int) -> float:
    """Two-sided tail of Student's t.

    >>> round(student_p(2.7764451051977987, 4), 6)
    0.05
    """
    from scipy.special import stdtr

    return min(1.0, 2 * float(stdtr(degrees, -abs(t))))


def student_quantile(degrees: int) -> float:
    """The point beyond which Student's t has 2.5 %."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975))


CHECK = QualityCheck(
    name="volume",
    label="Volume",
    needs=LogCounts,
    compute=compute,
    meaning="How many rows the window has. A change is judged as a share of the usual number.",
    source="Student (1908) with a robust spread (Hampel 1974), at least Poisson's",
    tolerance=(0.2, 0.5),
)
