"""Two models on the same flights, trained here and asked one request at a time."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from sample_logs.flights import FEATURES, LATE_MIN

CATEGORIES = ("carrier", "origin", "dest")
RESOURCES_EVERY = 400  # requests between two samples of CPU and memory
TREES: dict[str, Any] = {
    "max_iter": 150,
    "learning_rate": 0.04,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 50,
    "l2_regularization": 5.0,
    "early_stopping": False,
    "random_state": 0,
    "categorical_features": [FEATURES.index("carrier"), FEATURES.index("origin")],
}


def truth(flights: pd.DataFrame, is_late: bool) -> pd.Series:
    """What a flight turned out to be: "1" where it was late, or its minutes."""
    if not is_late:
        return flights["arr_delay"]
    return (flights["arr_delay"] > LATE_MIN).astype(int).astype(str)


class Service:
    """One version of one model, which knows the categories that it learned."""

    def __init__(self, flights: pd.DataFrame, is_late: bool) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        self.is_late = is_late
        self.codes = {
            name: {level: code for code, level in enumerate(sorted(flights[name].unique()))}
            for name in CATEGORIES
        }
        coded = flights[list(FEATURES)].assign(
            **{name: flights[name].map(self.codes[name]) for name in CATEGORIES}
        )
        kind = HistGradientBoostingClassifier if is_late else HistGradientBoostingRegressor
        self.model = kind(**TREES).fit(coded.to_numpy(float), truth(flights, is_late))

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; a category that was never learned raises a KeyError."""
        row = np.array([[self._coded(name, request[name]) for name in FEATURES]], dtype=float)
        if not self.is_late:
            return {"prediction": round(float(self.model.predict(row)[0]), 3)}
        score = float(self.model.predict_proba(row)[0, 1])
        return {"prediction": str(int(score >= 0.5)), "score": round(score, 5)}

    def _coded(self, name: str, value: Any) -> Any:
        if name not in self.codes:
            return value
        if value not in self.codes[name]:
            raise KeyError(f"unknown category '{value}'")
        return self.codes[name][value]


def replay(
    requests: pd.DataFrame, services: dict[str, Service]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every request through its version: the log, and CPU and memory of this process beside it."""
    import psutil

    process = psutil.Process()
    process.cpu_percent()
    answers, samples = [], []
    asked = requests[["timestamp", "model_version", *FEATURES]].to_dict("records")
    for n, request in enumerate(asked, start=1):
        answers.append(_measured(services[request["model_version"]], request))
        if n % RESOURCES_EVERY == 0:
            used = {"cpu_percent": process.cpu_percent()}
            used["memory_mb"] = round(process.memory_info().rss / 2**20, 1)
            samples.append({"timestamp": request["timestamp"], **used, "replayed": True})
    served = pd.DataFrame(answers, index=requests.index)
    first = ["prediction", "score"] if "score" in served else ["prediction"]
    served = served[[*first, "latency_ms", "status", "error_type", "error_message"]]
    asked_for = requests[["prediction_id", "timestamp", "model_version"]]
    return pd.concat([asked_for, served, requests[list(FEATURES)]], axis=1), pd.DataFrame(samples)


def _measured(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """One answer or the error that was raised, with the milliseconds that it took."""
    started = perf_counter()
    try:
        told = service.answer(request)
        said: dict[str, Any] = {"status": "ok", "error_type": None, "error_message": None}
    except KeyError as error:
        told = {"prediction": None}
        said = {"status": "error", "error_type": "KeyError", "error_message": error.args[0]}
    return {**told, "latency_ms": round((perf_counter() - started) * 1_000, 3), **said}
