"""Duplicate rate: the share of rows that repeat an earlier one."""

from __future__ import annotations

from analytics.core import Estimate, QualityCheck
from analytics.needs import LogCounts
from analytics.quality.compare import compare_shares


def compute(counts: LogCounts) -> Estimate:
    """Repeating rows over all rows; only more of them than in the reference counts as a change.

    Rows repeat by chance in proportion to the rows there are, so a window larger than the
    reference is compared with the reference's rate times their ratio. Undefined without rows.
    """
    m = counts.n_reference
    scale = max(1.0, counts.n / m) if m else 1.0
    before = min(float(m), counts.n_duplicates_reference * scale)
    return compare_shares(counts.n_duplicates, counts.n, before, m, "up")


CHECK = QualityCheck(
    name="duplicate_rate",
    label="Duplicate rows",
    needs=LogCounts,
    compute=compute,
    meaning="The share of rows whose moment and features all repeat those of an earlier row.",
    source="Wilson (1927) interval, score test of two proportions",
)
