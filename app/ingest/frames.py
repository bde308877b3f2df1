"""Data frames as files: what a notebook hands over is imported like any other log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from analytics.errors import LogEmpty
from analytics.sources.relation import quote_text

if TYPE_CHECKING:
    import pandas as pd


def write_frame(frame: pd.DataFrame, target: Path) -> Path:
    """The frame as a Parquet file, its index left out; LogEmpty without rows."""
    import duckdb

    if not len(frame):
        raise LogEmpty("The data frame has no rows.", "", "Give one with rows.")
    connection = duckdb.connect()
    try:
        connection.register("frame", frame.reset_index(drop=True))
        connection.execute(f"COPY frame TO {quote_text(str(target))} (FORMAT parquet)")
    finally:
        connection.close()
    return target
