"""Volume: how many rows came, beside earlier windows of the same length."""

from __future__ import annotations

import math
from statistics import median, variance

from analytics.core import Estimate, QualityCheck
from analytics.needs import LogCounts
from analytics.quality.compare import MEAN_OF_ABSOLUTE

MIN_WINDOWS = 3
_ROBUST_FROM = 7  # windows from which the median absolute deviation is trusted
_EFFICIENCY = 0.37  # of the median absolute deviation, against the standard deviation


def compute(counts: LogCounts) -> Estimate:
    """The number of rows; the effect is its relative change against the median of earlier windows.

    Judged on square roots, whose spread hardly depends on their size: the larger of Poisson's 1/2
    and that of the earlier windows, with Student's p-value. ``low`` and ``high`` are where 95 % of
    such windows lie around this count. Undefined below three earlier windows.
    """
    earlier = counts.n_earlier
    if len(earlier) < MIN_WINDOWS:
        reason = f"too few earlier windows ({len(earlier)}, at least {MIN_WINDOWS})"
        return Estimate.undefined(reason, counts.n)
    usual = float(median(earlier))
    spread, degrees = spread_of_roots(earlier)
    width = spread * math.sqrt(1 + math.pi / (2 * len(earlier)))  # and the median's own error
    half = student_quantile(degrees) * width
    root, usual_root = math.sqrt(counts.n), math.sqrt(usual)
    change, scale = counts.n - usual, max(usual, 1.0)
    noise = MEAN_OF_ABSOLUTE * 2 * max(usual_root, 0.5) * width
    detail = {
        "p_value": student_p((root - usual_root) / width, degrees),
        "above_floor": max(0.0, (abs(change) - noise) / scale),
        "floor": noise / scale,
        "expected": usual,
        "expected_low": max(0.0, usual_root - half) ** 2,
        "expected_high": (usual_root + half) ** 2,
        "relative_change": change / scale,
        "n_windows": len(earlier),
    }
    low, high = max(0.0, root - half) ** 2, (root + half) ** 2
    return Estimate(float(counts.n), low, high, "Student", counts.n, detail=detail)


def spread_of_roots(earlier: tuple[int, ...]) -> tuple[float, float]:
    """(standard deviation of the square root of one window's count, its degrees of freedom).

    The standard deviation below seven windows, from there on the median absolute deviation, which
    one odd window cannot move; never below Poisson's 1/2.

    >>> spread_of_roots((100, 100, 100))
    (0.5, 2.0)
    """
    roots = [math.sqrt(n) for n in earlier]
    degrees = float(len(earlier) - 1)
    if len(earlier) < _ROBUST_FROM:
        return max(0.5, math.sqrt(variance(roots))), degrees
    centre = median(roots)
    seen = 1.4826 * median(abs(root - centre) for root in roots)
    return max(0.5, seen), max(2.0, _EFFICIENCY * degrees)


def student_p(t: float, degrees: float) -> float:
    """Two-sided tail of Student's t.

    >>> round(student_p(2.7764451051977987, 4), 6)
    0.05
    """
    from scipy.special import stdtr

    return min(1.0, 2 * float(stdtr(degrees, -abs(t))))


def student_quantile(degrees: float) -> float:
    """The point beyond which Student's t has 2.5 %."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975))


CHECK = QualityCheck(
    name="volume",
    label="Volume",
    needs=LogCounts,
    compute=compute,
    meaning="How many rows the window has. A change is judged as a share of the usual number.",
    source="Student (1908) on square roots (Bartlett 1936) with a robust spread (Hampel 1974)",
    tolerance=(0.2, 0.5),
)
