"""Handwritten digits: 500 images to learn from, 297 as reference, 1,000 asked over eight weeks.

Images, model and latencies are real. Simulated, and the same each time: the moments of asking, the
moments at which labels became known, and a drift that grows over weeks 6 to 8.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from sample_logs.parquet import write

SEED = 64
N_LEARNED, N_REFERENCE = 500, 297
START = pd.Timestamp("2025-03-03")
N_DAYS = 56
DRIFTS_FROM = 35  # days; then a third, two thirds, all of the drift, a week each
ANGLE, BLUR, CONTRAST = 18.0, 0.7, 0.35  # spread in degrees, sigma in pixels, share lost


def moments(rng: np.random.Generator, n: int) -> np.ndarray:
    """Seconds after START, in order: any day, mostly around one in the afternoon."""
    days = rng.integers(0, N_DAYS, n)
    hours = np.clip(rng.normal(13, 2.5, n), 7, 19.99)
    return np.sort(days * 86_400 + hours * 3_600)


def drift(images: np.ndarray, seconds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The images as the model saw them: turned, blurred and pale in the last three weeks."""
    from scipy import ndimage

    strength = np.clip((seconds // (7 * 86_400)) - DRIFTS_FROM / 7 + 1, 0, 3) / 3
    seen = images.copy()
    for i in np.flatnonzero(strength):
        turned = ndimage.rotate(
            images[i], rng.normal(0, ANGLE * strength[i]), reshape=False, order=1
        )
        blurred = ndimage.gaussian_filter(turned, BLUR * strength[i])
        seen[i] = np.clip(np.rint(blurred * (1 - CONTRAST * strength[i])), 0, 16)
    return seen


def ask(model: Any, images: np.ndarray) -> pd.DataFrame:
    """Every image through the model, one at a time, with what that took."""
    rows = []
    for image in images:
        started = perf_counter()
        scores = model.predict_proba(image.reshape(1, -1))[0]
        row: dict[str, Any] = {"prediction": str(model.classes_[scores.argmax()])}
        row |= {
            f"score_{c}": round(float(s), 5) for c, s in zip(model.classes_, scores, strict=True)
        }
        rows.append(row | {"latency_ms": round((perf_counter() - started) * 1_000, 3)})
    asked = pd.DataFrame(rows).assign(status="ok")
    asked["mean_ink"] = images.mean(axis=(1, 2)).round(3)
    asked["contrast"] = images.std(axis=(1, 2)).round(3)
    asked["sharpness"] = np.abs(np.diff(images, axis=2)).mean(axis=(1, 2)).round(3)
    names = [f"pixel_{i:02d}" for i in range(64)]
    pixels = pd.DataFrame(images.reshape(-1, 64).astype("uint8"), columns=names)
    return pd.concat([asked, pixels], axis=1)


def make() -> dict[str, pd.DataFrame]:
    """The four tables of ``digit-reader``, by name of their file."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_digits()
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(data.target))
    learned, held_out, asked = np.split(order, [N_LEARNED, N_LEARNED + N_REFERENCE])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=5_000))
    model.fit(data.data[learned], data.target[learned])

    reference = ask(model, data.images[held_out])
    hours = pd.to_timedelta(np.arange(N_REFERENCE) - N_REFERENCE, unit="h")
    _name(reference, "R", START + hours)
    reference["label"] = data.target[held_out].astype(str)

    seconds = moments(rng, len(asked))
    predictions = ask(model, drift(data.images[asked], seconds, rng))
    _name(predictions, "D", START + pd.to_timedelta(np.floor(seconds), unit="s"))
    waits = rng.uniform(1, 72, len(asked)) * 3_600
    labels = pd.DataFrame(
        {
            "prediction_id": predictions["prediction_id"],
            "label": data.target[asked].astype(str),
            "known_at": predictions["timestamp"] + pd.to_timedelta(np.floor(waits), unit="s"),
            "source": "outcome",
        }
    )
    is_logged = rng.random(len(asked)) < 1 / 3
    return {
        "predictions": predictions,
        "labels": labels[is_logged].sort_values("known_at", kind="stable"),
        "withheld_labels": labels[~is_logged],
        "reference": reference,
    }


def _name(asked: pd.DataFrame, letter: str, at: pd.DatetimeIndex) -> None:
    """Ids, moments and the version, in front."""
    asked.insert(0, "prediction_id", [f"{letter}{i:04d}" for i in range(len(asked))])
    asked.insert(1, "timestamp", at)
    asked.insert(2, "model_version", "v1")


def build(out: Path) -> list[str]:
    """Write the logs of ``digit-reader``; the figures of the README."""
    tables = make()
    for name, table in tables.items():
        write(table, out / "digit-reader" / f"{name}.parquet")
    every = pd.concat([tables["labels"], tables["withheld_labels"]])
    joined = tables["predictions"].merge(every, on="prediction_id")
    is_right = joined["prediction"] == joined["label"]
    is_drifted = joined["timestamp"] >= START + pd.Timedelta(days=DRIFTS_FROM)
    return [
        f"digit-reader: accuracy {is_right[~is_drifted].mean():.3f} in weeks 1 to 5 and"
        f" {is_right[is_drifted].mean():.3f} in weeks 6 to 8; {len(tables['labels'])} labels in the log"
    ]
