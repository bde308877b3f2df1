"""Type change: a column that came as another type than the log has it."""

from __future__ import annotations

from analytics.core import Estimate, QualityCheck
from analytics.needs import ColumnCounts
from analytics.quality.compare import EVERY_TYPE


def compute(counts: ColumnCounts) -> Estimate:
    """The share of rows from files where the column was of another type, in [0, 1].

    A fact of the files, so without an interval; any such file is evidence (``p_value`` 0), and
    ``above_floor`` is the share itself. ``detail.types`` names the types. Numbers among the values
    of a column that was numeric stay; the rest is missing there and kept as text beside it.
    """
    if counts.n <= 0:
        return Estimate.undefined("no rows")
    if counts.other_type is None:
        return Estimate.undefined("the types in the files are not known", counts.n)
    detail = {
        "p_value": 0.0 if counts.other_type > 0 else 1.0,
        "above_floor": counts.other_type,
        "types": list(counts.other_types),
    }
    return Estimate(counts.other_type, n=counts.n, detail=detail)


CHECK = QualityCheck(
    name="type_change_rate",
    label="Type change",
    needs=ColumnCounts,
    compute=compute,
    meaning=(
        "The share of rows from files in which the column was of another type than in the first"
        " import, such as text where numbers were."
    ),
    source="the types found in each file when it was imported",
    types=EVERY_TYPE,
    tolerance=(0.0, 0.5),
)
