"""DLE beside NannyML's documented algorithm with the same learner, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OrdinalEncoder

from analytics.catalog import metrics_for
from analytics.estimate.dle import LOSSES, dle, estimated_by_losses, learn, learner


def rows_of(n: int, rng: np.random.Generator, shift: float = 0.0):  # type: ignore[no-untyped-def]
    hour, kind = rng.normal(shift, 1.0, n), rng.choice(["a", "b", "c"], n)
    middle = 20 + 3 * hour + 4 * (kind == "b")
    noise = (1 + np.exp(0.5 * hour)) * rng.normal(size=n)  # rows of a later hour are harder
    return pd.DataFrame({"hour": hour, "kind": kind, "y_pred": middle}), middle + noise


def matrix(frame: pd.DataFrame) -> np.ndarray:
    codes = {"a": 0.0, "b": 1.0, "c": 2.0}
    return np.column_stack([frame.hour, [codes[k] for k in frame.kind], frame.y_pred])


def nannyml(reference: pd.DataFrame, loss: np.ndarray, now: pd.DataFrame) -> float:
    """Its DLE: levels as ordinals, the learner on features and prediction, the mean over the chunk."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    levels = encoder.fit_transform(reference[["kind"]]), encoder.transform(now[["kind"]])
    sides = [
        np.column_stack([side.hour, level[:, 0], side.y_pred])
        for side, level in zip((reference, now), levels, strict=True)
    ]
    return float(learner().fit(sides[0], loss).predict(sides[1]).mean())


@pytest.mark.parametrize("name", ["mae", "rmse"])
def test_it_is_no_further_off_on_unseen_chunks_than_nannyml(name: str) -> None:
    rng = np.random.default_rng(9)
    metric = metrics_for("regression")[name].metric
    reference, label = rows_of(4000, rng)
    loss = LOSSES[name](label, reference.y_pred.to_numpy())
    learned = learn(matrix(reference), loss)
    ours, theirs, plain = [], [], []
    for shift in np.linspace(0, 1.2, 8):
        now, truth = rows_of(1500, rng, shift)
        mean = float(LOSSES[name](truth, now.y_pred.to_numpy()).mean())
        other = nannyml(reference, loss, now)
        real, other, still = (
            np.sqrt(v) if name == "rmse" else v for v in (mean, other, loss.mean())
        )
        found = dle(metric, learned, matrix(now))
        ours.append(abs(found.value - real))
        theirs.append(abs(other - real))
        plain.append(abs(still - real))
    assert np.mean(ours) <= np.mean(theirs) + 1e-9
    assert np.mean(ours) < 0.5 * np.mean(plain)  # than to say that nothing changed


def test_intervals_cover_what_labels_then_say() -> None:
    rng, metric = np.random.default_rng(2), metrics_for("regression")["mae"].metric
    n_held, n_runs = 0, 60
    for _ in range(6):
        reference, label = rows_of(3000, rng)
        learned = learn(matrix(reference), LOSSES["mae"](label, reference.y_pred.to_numpy()))
        for _ in range(10):
            now, truth = rows_of(500, rng, 0.3)
            found = dle(metric, learned, matrix(now))
            real = float(np.abs(truth - now.y_pred.to_numpy()).mean())
            n_held += found.low <= real <= found.high
    assert n_held / n_runs >= 0.9


def test_few_rows_say_so_and_only_mean_losses_are_offered() -> None:
    rng = np.random.default_rng(1)
    frame, label = rows_of(200, rng)
    learned = learn(matrix(frame), LOSSES["mae"](label, frame.y_pred.to_numpy()))
    few = dle(metrics_for("regression")["mae"].metric, learned, matrix(frame)[:9])
    assert few.value is None and "too few rows (9" in str(few.reason)
    known = {n for n, m in metrics_for("regression").items() if estimated_by_losses(m.metric)}
    assert known == {"mae", "mse", "rmse", "rmsle", "mape", "smape"}
