"""Load both sides of the generated log with pandas, the columns that are compared and no others."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

NUMERIC = [f"f{i:02d}" for i in range(15)]
LEVELS = [f"c{i}" for i in range(5)]


def sides(folder: str, extra: Sequence[str] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(reference, current): the first and the last fifteen of fifty days."""
    days = sorted(Path(folder).glob("predictions/*/part.parquet"))
    columns = [*extra, *NUMERIC, *LEVELS]
    read = [pd.read_parquet(day, columns=columns) for day in (*days[:15], *days[-15:])]
    return pd.concat(read[:15], ignore_index=True), pd.concat(read[15:], ignore_index=True)


FOLDER = sys.argv[1]
