"""The first look: beside scikit-learn's own numbers; lets no planted change by, and most equal rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from analytics.estimate import importance as importance_of
from analytics.estimate.glance import SURE, glance
from analytics.estimate.importance import liken

KINDS = (False, False, True)


def sides(seed: int, change: str = "", m: int = 4000, n: int = 2000) -> tuple[np.ndarray, ...]:
    """Two numbers and a column of levels, some of it missing; ``change`` is what now is other of."""
    rng = np.random.default_rng(seed)
    found = []
    for size, kind in ((m, ""), (n, change)):
        a, b = rng.normal(size=(2, size))
        level = rng.integers(0, 6, size).astype(float)
        if kind == "mean":
            a = a + 0.3
        elif kind == "level":
            level[rng.random(size) < 0.1] = 4.0
        elif kind == "tie":
            b = np.where(rng.random(size) < 0.35, np.abs(b) * np.sign(a), b)
        level[rng.random(size) < 0.05] = np.nan
        found.append(np.column_stack([a, b, level]))
    return tuple(found)


def looked(then: np.ndarray, now: np.ndarray) -> tuple[float, float]:
    is_current = np.arange(len(then) + len(now)) >= len(then)
    with threadpool_limits(1):
        return glance(np.vstack([then, now]), is_current, KINDS)


def test_beside_scikit_learn() -> None:
    """Halves drawn otherwise and levels as scikit-learn takes them: the same AUC but for noise."""
    for change in ("", "mean", "level", "tie"):
        then, now = sides(1, change)
        x, y = np.vstack([then, now]), np.arange(6000) >= 4000
        half = np.random.default_rng(5).random(6000) < 0.5
        model = HistGradientBoostingClassifier(
            max_iter=15, max_leaf_nodes=8, learning_rate=0.3, l2_regularization=50.0,
            categorical_features=[2], random_state=2, early_stopping=False,
        ).fit(x[half], y[half])  # fmt: skip
        other = roc_auc_score(y[~half], model.predict_proba(x[~half])[:, 1])
        auc, se = looked(then, now)
        assert auc == pytest.approx(other, abs=4 * se)
        assert se == pytest.approx(np.sqrt((1000 + 2000 + 1) / (12 * 1000 * 2000)), rel=0.1)


def test_rows_that_are_alike_are_mostly_let_by_and_changes_never() -> None:
    alike = [looked(*sides(seed)) for seed in range(40)]
    let_by = np.mean([auc - SURE * se <= 0.5 for auc, se in alike])
    assert 0.6 < let_by < 0.95  # 0.79 where the AUC is normal about one half
    assert abs(np.mean([auc for auc, _se in alike]) - 0.5) < 4 * 0.011 / np.sqrt(40)
    for change in ("mean", "level", "tie"):
        seen = [looked(*sides(seed, change)) for seed in range(10)]
        assert all(auc - SURE * se > 0.5 for auc, se in seen), change


def test_only_what_the_first_look_shows_is_learned_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance_of, "_memory", importance_of._Memory())
    alike = next(pair for pair in map(sides, range(20)) if looked(*pair)[0] < 0.5)
    other = sides(3, "mean")
    with monkeypatch.context() as patch:
        patch.setattr(importance_of, "out_of_fold", None)
        found = liken(*alike, KINDS)
        assert found is not None and not found.is_shifted and (found.weight == 1).all()
        with pytest.raises(TypeError):
            liken(*other, KINDS)
    told = liken(*other, KINDS)
    monkeypatch.setattr(importance_of, "MANY", 10**9)  # no first look
    monkeypatch.setattr(importance_of, "_memory", importance_of._Memory())
    whole = liken(*other, KINDS)
    assert told is not None and whole is not None and told.is_shifted
    assert (told.weight == whole.weight).all() and told.as_detail() == whole.as_detail()


@pytest.mark.parametrize("m", [500, 4000])
@pytest.mark.parametrize("n_known", [0, 1, 3])
def test_columns_of_which_next_to_nothing_is_known(m: int, n_known: int) -> None:
    then, now = sides(8, "mean", m, m // 2)
    for rows in (then, now):
        rows[n_known:, 1] = np.nan
    found = liken(then, now, KINDS)
    assert found is not None and found.is_shifted == (m == 4000)
