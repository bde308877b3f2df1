"""How few labels know a number: plans beside random rows, by Monte Carlo; part of `python -m bench.labels`.

A model is trained on a few rows, the rest is the pool whose mean loss is asked for. The truth is known
here, so that every draw of rows to label tells how far its estimate is off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analytics.estimate.lure import SETTLED, Drawn, contributions, lure
from analytics.estimate.plan import Expected, need
from analytics.estimate.surrogate import History, expected_loss, own_loss
from analytics.sampling.active import chances, draw

SAMPLES = Path(__file__).resolve().parents[1] / "sample_logs"
LOOK_EVERY = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """A pool with the losses that nobody knows yet, and what is expected of them."""

    name: str
    loss: np.ndarray
    expected: Expected
    within: tuple[float, ...]
    is_share: bool

    @property
    def bounds(self) -> tuple[float, float]:
        return (0.0, 1.0) if self.is_share else (0.0, float("inf"))


def classes(name: str, load: Callable[..., Any], n_train: int) -> Problem:
    """Logistic regression on ``n_train`` rows; what it lost on them out of fold is the history."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict, train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = load(return_X_y=True)
    split = train_test_split(x, y, train_size=n_train, random_state=0, stratify=y)
    x_train, x_pool, y_train, y_pool = split
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(x_train, y_train)
    proba, predicted = model.predict_proba(x_pool), model.predict(x_pool)
    unseen = cross_val_predict(model, x_train, y_train, cv=5, method="predict_proba")
    history = History(
        np.column_stack([x_train, unseen, unseen.max(axis=1)]),
        (unseen.argmax(axis=1) != y_train).astype(float),
    )
    features = np.column_stack([x_pool, proba, proba.max(axis=1)])
    own = own_loss(proba, predicted)
    expected = expected_loss(features, history, own, is_share=True)
    loss = (predicted != y_pool).astype(float)
    return Problem(name, loss, expected, (0.01, 0.02, 0.03), is_share=True)


def minutes() -> Problem:
    """The absolute errors of `flight-delay` in December, expected from those of November."""
    import duckdb

    folder = SAMPLES / "flight-delay"
    rows = duckdb.execute(
        "SELECT timestamp < '2013-12-01' AS is_past, abs(prediction - label) AS loss, prediction,"
        f" hour, distance, temp, wind_speed, visib FROM '{folder}/predictions.parquet'"
        f" JOIN '{folder}/labels.parquet' USING (prediction_id)"
        " WHERE timestamp >= '2013-11-01' AND timestamp < '2013-12-11' AND prediction IS NOT NULL"
        " ORDER BY hash(prediction_id)"
    ).df()
    past = rows.pop("is_past").to_numpy(bool)
    loss = rows.pop("loss").to_numpy(float)
    x = rows.to_numpy(float)
    history = History(x[past], loss[past])
    expected = expected_loss(x[~past], history, None, is_share=False)
    return Problem("flight-delay", loss[~past], expected, (1.0, 1.5, 2.0), is_share=False)


def problems() -> list[Problem]:
    """Digits and breast cancer as in the published comparison, and a regression."""
    from sklearn.datasets import load_breast_cancer, load_digits

    return [
        classes("digits", load_digits, 150),
        classes("breast cancer", load_breast_cancer, 40),
        minutes(),
    ]


@dataclass(frozen=True, slots=True)
class Found:
    """What the draws of one problem say; ``needed`` maps a goal to (plan, plain LURE, random)."""

    name: str
    pool: int
    truth: float
    draws: int
    needed: dict[str, tuple[float, float, float]]
    planned: dict[str, int]
    bias: float
    bias_se: float
    covered: float
    covered_stopped: float
    n_stopped: float


def measure(problem: Problem, draws: int) -> Found:
    """Draw the pool ``draws`` times and estimate after so many labels."""
    loss, g = problem.loss, problem.expected.loss
    pool, truth = len(loss), float(loss.mean())
    q = chances(g)
    sizes = np.unique([*np.geomspace(30, 0.8 * pool, 14).astype(int), SETTLED])
    steadied, plain = np.empty((draws, len(sizes))), np.empty((draws, len(sizes)))
    held, stopped = [], []
    goal = problem.within[1]
    planned = {f"{w:g}": need(problem.expected, w).n for w in problem.within}
    for seed in range(draws):
        order, _p = draw(q, pool, seed)
        for k, n in enumerate(sizes.tolist()):
            rows = order[:n]
            steadied[seed, k] = g.mean() + contributions(_drawn(problem, q, rows)).sum()
            plain[seed, k] = contributions(Drawn(loss[rows], q[rows], pool)).sum()
        at_settled = lure(_drawn(problem, q, order[:SETTLED]), bounds=problem.bounds)
        held.append(_holds(at_settled, truth))
        if seed < draws // 4:
            stopped.append(_stop(problem, q, order, (goal, min(planned[f"{goal:g}"], SETTLED))))
    middle = int(np.searchsorted(sizes, SETTLED))
    off = steadied[:, middle] - truth
    return Found(
        problem.name,
        pool,
        truth,
        draws,
        {
            f"{w:g}": (
                _needed(sizes, steadied.std(axis=0), w),
                _needed(sizes, plain.std(axis=0), w),
                _random(loss, w),
            )
            for w in problem.within
        },
        planned,
        float(off.mean()),
        float(off.std() / np.sqrt(draws)),
        float(np.mean(held)),
        float(np.mean([_holds(found, truth) for found in stopped])),
        float(np.mean([found.n for found in stopped])),
    )


def _drawn(problem: Problem, q: np.ndarray, rows: np.ndarray) -> Drawn:
    g = problem.expected.loss
    return Drawn(problem.loss[rows], q[rows], len(q), 0.0, g[rows], float(g.mean()))


def _holds(found: Any, truth: float) -> bool:
    return bool(found.low <= truth <= found.high)


def _stop(problem: Problem, q: np.ndarray, order: np.ndarray, rule: tuple[float, int]) -> Any:
    """The estimate at the first look at which the product says to stop."""
    goal, n = rule
    while True:
        found = lure(_drawn(problem, q, order[:n]), bounds=problem.bounds)
        if (found.high - found.low) / 2 <= goal or n >= len(q):  # type: ignore[operator]
            return found
        n = min(n + LOOK_EVERY, len(q))


def _needed(sizes: np.ndarray, sd: np.ndarray, within: float) -> float:
    """Labels at which 1.96 Monte Carlo standard errors are ``within``, between the sizes tried."""
    width = 1.96 * sd
    if width[0] <= within:
        return float(sizes[0])
    return float(np.exp(np.interp(-np.log(within), -np.log(width), np.log(sizes))))


def _random(loss: np.ndarray, within: float) -> float:
    """The same for rows drawn with equal chances, by the formula of a finite pool."""
    pool = len(loss)
    spread = 1.96**2 * loss.var(ddof=1) / within**2
    return float(spread / (1 + spread / pool))


def run(draws: int) -> list[dict[str, Any]]:
    """Every problem, as plain values."""
    found = []
    for problem in problems():
        found.append(asdict(measure(problem, draws)))
        print("estimates", problem.name, flush=True)
    return found
