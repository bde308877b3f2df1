"""Whether chosen labels make a better model than random ones; part of `python -m bench.labels`.

Each run: a model learns from a few old rows, says what it thinks of newer ones, so many of them are
labelled, it learns again, and is judged on later rows that nobody chose. The same rows for every
strategy; scikit-activeml chooses in its own environment.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analytics.sampling import diverse, uncertain
from analytics.sampling.candidates import Candidates
from analytics.stats.intervals import t_quantile

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / "bench" / ".peers" / "activeml" / "bin" / "python"
RANDOM = 4  # random choices a run, averaged: what chance gives
OURS: dict[str, Callable[..., Any]] = {"diverse": diverse.choose, "uncertain": uncertain.choose}
THEIRS = ("margin", "badge", "typiclust")


@dataclass(frozen=True, slots=True)
class Split:
    """Old rows that are labelled, newer ones to choose ``n`` from, later ones to judge by."""

    old: tuple[np.ndarray, np.ndarray]
    new: tuple[np.ndarray, np.ndarray]
    later: tuple[np.ndarray, np.ndarray]
    n: int


def _cut(x: np.ndarray, y: np.ndarray, first: int, second: int, n: int) -> Split:
    ends = ((0, first), (first, second), (second, len(y)))
    old, new, later = ((x[a:b], y[a:b]) for a, b in ends)
    return Split(old, new, later, n)


def digits(seed: int) -> Split:
    """Handwritten digits, 100 labelled."""
    from sklearn.datasets import load_digits

    x, y = _mixed(load_digits, seed)
    return _cut(x, y, 100, 1100, 60)


def drifted_digits(seed: int) -> Split:
    """The same, turned, blurred and paler from some day on, as in `digit-reader`."""
    from scipy import ndimage
    from sklearn.datasets import load_digits

    x, y = _mixed(load_digits, seed)
    rng = np.random.default_rng(seed)
    later = [
        ndimage.gaussian_filter(
            ndimage.rotate(image, rng.normal(20, 8), reshape=False, order=1), 0.6
        )
        * rng.uniform(0.6, 0.9)
        for image in x[500:].reshape(-1, 8, 8)
    ]
    return _cut(np.vstack([x[:500], np.reshape(later, (-1, 64))]), y, 500, 1200, 100)


def breast_cancer(seed: int) -> Split:
    """Tumours, 20 labelled."""
    from sklearn.datasets import load_breast_cancer

    x, y = _mixed(load_breast_cancer, seed)
    return _cut(x, y, 20, 300, 30)


def wine(seed: int) -> Split:
    """Three wines, 15 labelled."""
    from sklearn.datasets import load_wine

    x, y = _mixed(load_wine, seed)
    return _cut(x, y, 15, 100, 15)


def generated(seed: int) -> Split:
    """Four classes of two clusters each in 20 dimensions, 200 labelled."""
    from sklearn.datasets import make_classification

    x, y = make_classification(
        4000, 20, n_informative=6, n_redundant=4, n_classes=4, class_sep=1.2, random_state=seed
    )
    return _cut(x, y, 200, 2200, 200)


def _mixed(load: Callable[..., Any], seed: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = load(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    return x[order], y[order]


SETS = {
    "digits": digits,
    "digits, drifted": drifted_digits,
    "breast cancer": breast_cancer,
    "wine": wine,
    "generated": generated,
}


def learn(split: Split, chosen: np.ndarray | None = None) -> Any:
    """Logistic regression on the old rows and the chosen ones."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = split.old
    if chosen is not None:
        x, y = np.vstack([x, split.new[0][chosen]]), np.append(y, split.new[1][chosen])
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(x, y)


def accuracy(split: Split, chosen: np.ndarray | None = None) -> float:
    """Accuracy on the later rows."""
    x, y = split.later
    return float((learn(split, chosen).predict(x) == y).mean())


def choices(split: Split, seed: int) -> dict[str, np.ndarray]:
    """The rows that each of our strategies chooses, with the product's defaults."""
    proba = learn(split).predict_proba(split.new[0])
    given = Candidates(tuple(map(str, range(len(proba)))), proba=proba, features=split.new[0])
    return {
        name: np.array([int(i) for i in choose(given, split.n, seed=seed).ids])
        for name, choose in OURS.items()
    }


def peer_choices(split: Split, seed: int) -> dict[str, np.ndarray]:
    """The rows that scikit-activeml chooses; none where its environment is not there."""
    if not PEER.exists():
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npz"
        np.savez(path, x=split.old[0], y=split.old[1], pool=split.new[0], n=split.n, seed=seed)
        job = ROOT / "bench" / "jobs" / "activeml_job.py"
        done = subprocess.run(
            [str(PEER), str(job), str(path), *THEIRS], check=True, capture_output=True, text=True
        )
    return {name: np.array(rows) for name, rows in json.loads(done.stdout).items()}


def run(name: str, runs: int, peer_runs: int) -> dict[str, Any]:
    """Accuracy by strategy and run: before, at random, ours, theirs (in the first runs)."""
    found: dict[str, list[float]] = {}
    for seed in range(runs):
        split = SETS[name](seed)
        rng = np.random.default_rng(seed)
        at_random = [
            accuracy(split, rng.choice(len(split.new[1]), split.n, replace=False))
            for _ in range(RANDOM)
        ]
        found.setdefault("before", []).append(accuracy(split))
        found.setdefault("random", []).append(float(np.mean(at_random)))
        chosen = choices(split, seed)
        if seed < peer_runs:
            chosen |= {f"activeml {k}": v for k, v in peer_choices(split, seed).items()}
        for strategy, rows in chosen.items():
            found.setdefault(strategy, []).append(accuracy(split, rows))
    print("loop", name, flush=True)
    return {"name": name, "n": split.n, "accuracy": found}


def gain(found: dict[str, Any], strategy: str) -> tuple[float, float, float]:
    """(mean, low, high) of a strategy's accuracy minus random's in the same runs, in points."""
    mine = np.array(found["accuracy"][strategy])
    apart = 100 * (mine - np.array(found["accuracy"]["random"][: len(mine)]))
    half = t_quantile(len(apart) - 1) * float(apart.std(ddof=1)) / np.sqrt(len(apart))
    return float(apart.mean()), float(apart.mean() - half), float(apart.mean() + half)
