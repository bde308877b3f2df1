"""Frozen: the longest run of one unchanging value, as of a sensor or a join that got stuck."""

from __future__ import annotations

import math

from analytics.core import Estimate, QualityCheck
from analytics.needs import ColumnCounts
from analytics.quality.compare import EVERY_TYPE, NO_REFERENCE, incomparable

_STEPS = 60


def compute(counts: ColumnCounts) -> Estimate:
    """The longest run as a share of rows with a value, against runs like the reference's.

    ``above_floor`` is the share less the longest run that the reference's chance of repeating
    would bring in as many rows. ``detail.is_never_moved`` says that the window has one value only.
    The run is a fact of the window and has no interval. Undefined without values.
    """
    n = counts.n - counts.n_missing
    m = counts.n_reference - counts.n_missing_reference
    if n <= 0:
        return Estimate.undefined("all values are missing" if counts.n else "no rows")
    run, share = round(counts.longest_run * n), min(1.0, counts.longest_run)
    still = {"is_never_moved": run >= n > 1, "longest_run_rows": run}
    reason = incomparable(n, m)
    if reason:
        if reason == NO_REFERENCE and run >= n > 1:
            reason = f"one value in all {n} rows, and {NO_REFERENCE}"
        return Estimate(share, n=n, reason=reason, detail=still)
    before = round(counts.longest_run_reference * m)
    repeat = chance_of_repeating(before, m)
    floor = min(1.0, usual_run(repeat, n) / n)
    detail = {
        **still,
        "p_value": run_p(run, n, repeat),
        "above_floor": max(0.0, share - floor),
        "floor": floor,
        "reference": counts.longest_run_reference,
        "reference_never_moved": before >= m,
        "n_reference": m,
    }
    return Estimate(share, n=n, detail=detail)


def chance_of_repeating(run: int, n: int) -> float:
    """The largest chance of repeating the last value under which no longer run in n rows is 5 % likely.

    Runs longer than ``run`` are about Poisson with mean n (1 - q) q^(run + 1); the q that makes
    that 3. It is 1 where the run is so long that nothing bounds it.

    >>> round(chance_of_repeating(3, 1000), 3)
    0.252
    """
    low, high = 0.0, (run + 1) / (run + 2)
    if n * (1 - high) * high ** (run + 1) < 3:
        return 1.0
    for _ in range(_STEPS):
        q = (low + high) / 2
        low, high = (low, q) if n * (1 - q) * q ** (run + 1) > 3 else (q, high)
    return high


def usual_run(repeat: float, n: int) -> float:
    """The longest run to expect in n rows (Gordon, Schilling and Waterman 1986)."""
    if repeat >= 1:
        return float(n)
    return max(1.0, 1 + (math.log(max(1.0, n * (1 - repeat))) + 0.5772) / -math.log(repeat))


def run_p(run: int, n: int, repeat: float) -> float:
    """P(some run of that length in n rows), by the same Poisson law."""
    if repeat >= 1 or run <= 1:
        return 1.0
    log_mean = math.log((n - run) * (1 - repeat) + 1) + (run - 1) * math.log(repeat)
    return -math.expm1(-math.exp(min(log_mean, 700.0)))


CHECK = QualityCheck(
    name="frozen",
    label="Frozen value",
    needs=ColumnCounts,
    compute=compute,
    meaning=(
        "The longest stretch of rows in which the column never changed, as a share of the window."
        " 1 means that it never moved at all."
    ),
    source="Gordon, Schilling and Waterman (1986), an extreme value theory for long head runs",
    types=EVERY_TYPE,
    tolerance=(0.1, 0.5),
)
