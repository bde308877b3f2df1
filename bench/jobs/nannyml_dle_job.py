"""NannyML's DLE of MAE and RMSE on chunks of 1,000 rows: FOLDER with reference and current; JSON out."""

import json
import sys
import warnings
from pathlib import Path

import pandas as pd

warnings.simplefilter("ignore")
import nannyml  # noqa: E402

folder = Path(sys.argv[1])
reference, current = (pd.read_parquet(folder / f"{n}.parquet") for n in ("reference", "current"))
features = [c for c in reference.columns if c.startswith("x")]
same = {"n_estimators": 60, "num_leaves": 15, "learning_rate": 0.1, "min_child_samples": 20}
found = {}
for name, more in (("its default", {}), ("same settings", {"hyperparameters": same})):
    estimator = nannyml.DLE(
        feature_column_names=features, y_pred="y_pred", y_true="y_true", chunk_size=1000,
        metrics=["mae", "rmse"], **more,
    )  # fmt: skip
    result = estimator.fit(reference).estimate(current).filter(period="analysis").to_df()
    found[name] = {m: result[(m, "value")].tolist() for m in ("mae", "rmse")}
print(json.dumps(found))
