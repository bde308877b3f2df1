"""Losses of regressions before labels, beside NannyML's DLE: a part of `bench.estimate`."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from analytics.catalog import metrics_for
from analytics.estimate.dle import LOSSES, dle, learn
from analytics.needs import Floats
from bench.estimate import ROOT, coded, ratio_of
from bench.estimate_logs import held_of

PYTHON = ROOT / "bench" / ".peers" / "nannyml" / "bin" / "python"
JOB = ROOT / "bench" / "jobs" / "nannyml_dle_job.py"
CHUNK, ROOM = 1000, 40  # rows of a chunk, chunks at most
Rows = tuple[Floats, Floats, Floats]  # features, prediction, label


def flights() -> Rows:
    """The sample log's minutes of delay, its own predictions, rows shuffled over the year."""
    import pandas as pd

    folder = ROOT / "sample_logs" / "flight-delay"
    labels = pd.read_parquet(folder / "labels.parquet")[["prediction_id", "label"]]
    rows = pd.read_parquet(folder / "predictions.parquet").merge(
        labels.drop_duplicates("prediction_id", keep="last"), on="prediction_id"
    )
    rows = rows[rows["label"].notna() & rows["prediction"].notna()].sample(50_000, random_state=0)
    x = coded(rows.loc[:, "carrier":"dest"])
    return x, np.asarray(rows["prediction"], float), np.asarray(rows["label"], float)


def friedman() -> Rows:
    """Scikit-learn's `make_friedman1` with noise that grows with a column, a linear model's answers."""
    from sklearn.datasets import make_friedman1
    from sklearn.linear_model import LinearRegression

    x, y = make_friedman1(53_000, 10, noise=0.5, random_state=5)
    y = y + np.random.default_rng(6).normal(size=len(y)) * 3 * x[:, 6]
    model = LinearRegression().fit(x[:3000], y[:3000])
    return x[3000:], model.predict(x[3000:]), y[3000:]


SETS: dict[str, Callable[[], Rows]] = {"flights, minutes": flights, "Friedman 1": friedman}


def beside_nannyml() -> list[str]:
    """The section of the page; empty where the peer is not set up."""
    if not PYTHON.exists():
        return []
    lines = [
        "## Losses of regressions (DLE), beside NannyML's",
        "",
        f"10,000 rows as reference, chunks of {CHUNK:,} unseen rows drawn at random: mean distance of the"
        " estimate to what the chunk's labels said. NannyML 0.13.1 learns with LightGBM, in its default"
        " and with the settings that ours has; ratios are ours over theirs with a 95 % interval (chunks"
        " drawn anew).",
        "",
        "| data | metric | chunks | ours | NannyML | NannyML, same settings | ratio | ratio, same settings | our interval held |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, make in SETS.items():
        lines += _rows_of(name, *make())
    return lines


def _rows_of(name: str, x: Floats, said: Floats, label: Floats) -> list[str]:
    n_chunks = min((len(label) - 10_000) // CHUNK, ROOM)
    theirs = _nannyml(x, said, label, 10_000 + n_chunks * CHUNK)
    seen, lines = np.column_stack([x, said]), []
    for metric in ("mae", "rmse"):
        declared = metrics_for("regression")[metric].metric
        loss = LOSSES[metric](label, said)
        learned = learn(seen[:10_000], loss[:10_000])
        rows: list[dict[str, Any]] = []
        for i in range(n_chunks):
            at = slice(10_000 + i * CHUNK, 10_000 + (i + 1) * CHUNK)
            found = dle(declared, learned, seen[at])
            came = float(loss[at].mean()) ** (0.5 if metric == "rmse" else 1.0)
            rows.append({"method": "dle", "value": found.value, "low": found.low, "high": found.high, "came": came})  # fmt: skip
        came = np.array([r["came"] for r in rows])
        ours = np.abs(np.array([r["value"] for r in rows]) - came)
        others = [
            np.abs(np.array(theirs[k][metric]) - came) for k in ("its default", "same settings")
        ]
        ratios = ["{:.2f} ({:.2f} to {:.2f})".format(*ratio_of(ours, other)) for other in others]
        cells = [f"{e.mean():.3g}" for e in (ours, *others)]
        lines.append(
            f"| {name} | {metric} | {n_chunks} | {' | '.join(cells)} | {' | '.join(ratios)} | {held_of(rows, 'dle')} |"
        )
    return lines


def _nannyml(x: Floats, said: Floats, label: Floats, n: int) -> dict[str, dict[str, list[float]]]:
    import pandas as pd

    frame = pd.DataFrame({f"x{j}": x[:, j] for j in range(x.shape[1])})
    frame = frame.assign(y_pred=said, y_true=label)
    with tempfile.TemporaryDirectory() as name:
        frame[:10_000].to_parquet(Path(name) / "reference.parquet")
        frame[10_000:n].drop(columns="y_true").to_parquet(Path(name) / "current.parquet")
        command = [str(PYTHON), str(JOB), name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, dict[str, list[float]]] = json.loads(done.stdout.splitlines()[-1])
    return found
