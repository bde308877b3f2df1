"""Label coverage: the share of predictions whose label is known."""

from __future__ import annotations

from analytics.core import Estimate, QualityCheck
from analytics.needs import LogCounts
from analytics.quality.compare import compare_shares


def compute(counts: LogCounts) -> Estimate:
    """Labelled rows over all rows; only fewer of them than in the reference counts as a change.

    Labels that are still on their way lower it: compare windows of the same age. Without any
    label in the reference there is nothing to compare with. Undefined without rows.
    """
    m = counts.n_reference if counts.n_labelled_reference else 0
    return compare_shares(counts.n_labelled, counts.n, counts.n_labelled_reference, m, "down")


CHECK = QualityCheck(
    name="label_coverage",
    label="Label coverage",
    needs=LogCounts,
    compute=compute,
    meaning="The share of predictions whose true label has arrived.",
    source="Wilson (1927) interval, score test of two proportions",
    tolerance=(0.05, 0.2),
)
