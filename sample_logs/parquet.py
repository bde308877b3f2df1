"""Writing one table of a sample log."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def write(table: pd.DataFrame, path: Path) -> None:
    """The table as Parquet, moments in microseconds as every log has them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    moments = dict.fromkeys(table.select_dtypes("datetime").columns, "datetime64[us]")
    found = pa.Table.from_pandas(table.astype(moments), preserve_index=False)
    kept = [
        f.with_type(pa.string()) if pa.types.is_large_string(f.type) else f for f in found.schema
    ]
    pq.write_table(found.cast(pa.schema(kept, metadata=None)), path, compression="zstd")
