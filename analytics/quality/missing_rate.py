"""Missing rate: the share of rows without a value."""

from __future__ import annotations

from analytics.core import Estimate, QualityCheck
from analytics.needs import ColumnCounts
from analytics.quality.compare import EVERY_TYPE, compare_shares


def compute(counts: ColumnCounts) -> Estimate:
    """Missing rows over all rows, compared in both directions with the reference."""
    return compare_shares(
        counts.n_missing, counts.n, counts.n_missing_reference, counts.n_reference
    )


CHECK = QualityCheck(
    name="missing_rate",
    label="Missing values",
    needs=ColumnCounts,
    compute=compute,
    meaning="The share of rows where the column is empty, NULL or NaN.",
    source="Wilson (1927) interval, Newcombe (1998) for the change, score test of two proportions",
    types=EVERY_TYPE,
)
