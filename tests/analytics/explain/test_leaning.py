"""Importance by a surrogate: beside scikit-learn's, a planted swap is found, chance alone is not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits

from analytics.explain.leaning import (
    GROUPS,
    LEAST,
    TOLERANCE,
    Said,
    _importance,
    codes_of,
    lean_shift,
    shares_of,
)
from analytics.stats.decision import decide

KINDS = (False, False, False, True)
SMALL = GROUPS * LEAST


def drawn(seed: int, weights: tuple[float, ...], n: int = SMALL) -> Said:
    """Rows of four columns, and a score that weighs them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    x[:, 3] = rng.integers(0, 4, n)
    told = x[:, :3] @ np.array(weights[:3]) + weights[3] * (x[:, 3] == 2)
    return Said(x, 1 / (1 + np.exp(-told)), False)


def test_a_planted_swap_is_found_and_the_other_columns_are_left_alone() -> None:
    found = lean_shift(drawn(1, (1.5, 0.4, 0.7, 0.5)), drawn(2, (0.4, 1.5, 0.7, 0.5)), KINDS)
    said = [v for v, _p in decide([(e, TOLERANCE) for e in found])]
    assert said == ["critical", "critical", "ok", "ok"]
    first, second = found[0].detail, found[1].detail
    assert first["change"] < -0.4 and second["change"] > 0.4
    assert first["change_low"] < first["change"] < first["change_high"] < 0
    assert sum(e.value for e in found) == pytest.approx(1.0)
    assert sum(e.detail["change"] for e in found) == pytest.approx(0.0, abs=1e-12)


def test_chance_alone_moves_nothing() -> None:
    """Six pairs of the same law; the chance that BH at 5 % calls three of them or more is 0.2 %."""
    calls = 0
    for seed in range(6):
        same = (1.0, 0.6, 0.3, 0.5)
        found = lean_shift(drawn(100 + seed, same), drawn(200 + seed, same), KINDS)
        calls += any(
            p is not None and p < 0.05 for _v, p in decide([(e, TOLERANCE) for e in found])
        )
    assert calls <= 2


def test_importance_is_scikit_learns() -> None:
    rows = drawn(3, (1.0, 0.6, 0.3, 0.0), 3000)
    with threadpool_limits(1):
        model = HistGradientBoostingRegressor(max_iter=15, random_state=0).fit(rows.x, rows.said)
        other = permutation_importance(
            model, rows.x, rows.said, scoring="neg_mean_squared_error", n_repeats=5, random_state=0
        )
    ours = _importance(model, rows, np.random.default_rng(0))
    assert ours == pytest.approx(other.importances_mean, rel=0.1, abs=1e-4)


def test_classes_are_learned_as_classes() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(600, 3))
    said = codes_of(
        np.where(x[:, 1] > 0.5, "c", np.where(x[:, 1] < -0.5, "a", "b")), ("a", "b", "c")
    )
    found = shares_of(Said(x, said, True), (False,) * 3)
    assert found[1] > 0.95 and found.sum() == pytest.approx(1.0)


def test_too_few_rows_say_so_and_a_step_may_stop_it() -> None:
    few = lean_shift(drawn(1, (1, 1, 1, 1), SMALL - 1), drawn(2, (1, 1, 1, 1)), KINDS)
    assert all(
        e.value is None and "too few rows (1199, at least 1200" in str(e.reason) for e in few
    )

    def stop(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lean_shift(drawn(1, (1, 1, 1, 1)), drawn(2, (1, 1, 1, 1)), KINDS, stop)
