"""SliceLine from PyPI on the same log: nine columns, quarters of numbers, slices of one or two conditions."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sliceline.slicefinder import Slicefinder

FOLDER, NUMERIC, LEVELS = sys.argv[1], sys.argv[2].split(","), sys.argv[3].split(",")
columns = ["prediction_id", "prediction", *NUMERIC, *LEVELS]
parts = sorted(Path(FOLDER).glob("predictions/*/part.parquet"))
rows = pd.concat([pd.read_parquet(part, columns=columns) for part in parts], ignore_index=True)
labels = pd.read_parquet(Path(FOLDER) / "labels" / "date=none" / "part.parquet")
rows = rows.merge(labels, on="prediction_id")
errors = (rows["prediction"] != rows["label"]).to_numpy(float)
cells = rows[[*NUMERIC, *LEVELS]].copy()
for column in NUMERIC:
    edges = np.quantile(cells[column], [0.25, 0.5, 0.75])
    cells[column] = np.searchsorted(edges, cells[column])
finder = Slicefinder(alpha=0.95, k=20, max_l=2, min_sup=max(50, len(rows) // 100), verbose=False)
finder.fit(cells, errors)
print(len(finder.top_slices_))
