"""On digit-reader, labels of the right 200 rows of the drifted weeks bring accuracy back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analytics.sampling import diverse
from analytics.sampling.candidates import Candidates

FOLDER = Path(__file__).parents[2] / "sample_logs" / "digit-reader"
DRIFTED = "2025-04-07"  # weeks 6 to 8
N = 200


@pytest.fixture(scope="module")
def log() -> dict[str, Any]:
    """Rows in order of time with their truth (withheld or not), and the reference to train on."""
    labels = " UNION ALL ".join(
        f"SELECT prediction_id, label AS truth, {known} AS is_known FROM '{FOLDER / name}.parquet'"
        for name, known in (("labels", "true"), ("withheld_labels", "false"))
    )
    rows = duckdb.sql(
        f"SELECT * FROM '{FOLDER}/predictions.parquet' JOIN ({labels}) USING (prediction_id)"
        " ORDER BY timestamp, prediction_id"
    ).df()
    reference = duckdb.sql(f"SELECT * FROM '{FOLDER}/reference.parquet'").df()
    seen = [c for c in reference if c.startswith(("pixel_", "mean_", "contrast", "sharp"))]
    return {
        "x": rows[seen].to_numpy(float),
        "y": rows["truth"].to_numpy(str),
        "said": rows["prediction"].to_numpy(str),
        "proba": rows[[f"score_{i}" for i in range(10)]].to_numpy(float),
        "is_late": (rows["timestamp"] >= DRIFTED).to_numpy(),
        "is_known": rows["is_known"].to_numpy(bool),
        "reference": (reference[seen].to_numpy(float), reference["label"].to_numpy(str)),
    }


def retrain(log: dict[str, Any], chosen: np.ndarray) -> float:
    """Accuracy on the drifted weeks' other rows of a model that learned from ``chosen`` as well."""
    x, y = log["x"], log["y"]
    before = np.flatnonzero(log["is_known"] & ~log["is_late"])
    rows = np.concatenate([before, chosen])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(np.vstack([log["reference"][0], x[rows]]), np.append(log["reference"][1], y[rows]))
    rest = np.setdiff1d(np.flatnonzero(log["is_late"]), chosen)
    return float((model.predict(x[rest]) == y[rest]).mean())


def choose(log: dict[str, Any], among: np.ndarray, seed: int) -> np.ndarray:
    """The diverse queue over some rows, from what the log says of them."""
    given = Candidates(tuple(map(str, among)), proba=log["proba"][among], features=log["x"][among])
    return np.array([int(i) for i in diverse.choose(given, N, seed=seed).ids])


def test_the_right_200_rows_bring_accuracy_back(log: dict[str, Any]) -> None:
    late, known = log["is_late"], log["is_known"]
    production = float((log["said"] == log["y"])[late].mean())
    assert production == pytest.approx(0.406, abs=0.001)
    drifted, calm = np.flatnonzero(late & ~known), np.flatnonzero(~late & ~known)
    right = [retrain(log, choose(log, drifted, seed)) for seed in range(3)]
    elsewhere = [retrain(log, choose(log, calm, seed)) for seed in range(3)]
    assert min(right) >= 0.75
    assert min(right) >= max(elsewhere) + 0.1
    assert float(np.mean(right)) >= production + 0.35
