"""Importance weights and ATC: beside scikit-learn's weighted metrics, right under a planted shift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import metrics as sk

from analytics.catalog import metrics_for
from analytics.core import Estimate
from analytics.estimate import importance as importance_of
from analytics.estimate.atc import atc, confidence
from analytics.estimate.cbpe import calibrate, cbpe, forecast
from analytics.estimate.importance import (
    Likeness,
    blend,
    disagree,
    importance,
    liken,
    too_unlike,
    weighted_calibration,
)
from analytics.needs import Confusion, Pairs, Scores

BINARY = {name: n.metric for name, n in metrics_for("binary").items()}


def shifted(n: int, centre: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Rows whose truth depends on a column that the score ignores in part: (x, score, label)."""
    x = rng.normal([centre, 0.0], 1.0, size=(n, 2))
    truth = 1 / (1 + np.exp(-(1.5 * x[:, 0] + x[:, 1] - 1.2 * x[:, 0] * (x[:, 0] > 0))))
    score = np.round(1 / (1 + np.exp(-(0.6 * x[:, 0] + x[:, 1]))), 3)
    return x, score, rng.random(n) < truth


def test_weights_are_the_ratio_of_the_densities() -> None:
    rng = np.random.default_rng(3)
    then, now = rng.normal(0, 1, (8000, 1)), rng.normal(0.7, 1, (8000, 1))
    found = liken(then, now, (False,))
    assert found is not None and found.is_shifted and found.covered > 0.9
    true = norm.pdf(then[:, 0], 0.7) / norm.pdf(then[:, 0])
    assert np.corrcoef(np.log(found.weight), np.log(true))[0, 1] > 0.95
    assert np.average(then[:, 0], weights=found.weight) == pytest.approx(0.7, abs=0.08)
    worth = found.weight.sum() ** 2 / (found.weight**2).sum()
    assert found.n_effective == pytest.approx(worth) and found.n_effective < 8000


def test_rows_that_the_reference_lacks_are_not_stood_for() -> None:
    rng = np.random.default_rng(3)
    found = liken(rng.normal(0, 1, (1000, 1)), rng.normal(9, 1, (1000, 1)), (False,))
    assert found is not None and found.covered < 0.1 and not found.is_usable
    none = importance(BINARY["accuracy"], None, "1", 1000, found)
    assert none.value is None and "has the like of" in str(none.reason)
    few = Likeness(np.concatenate([np.full(40, 25.0), np.full(960, 1e-4)]), 0.9, 0.01, True)
    assert not few.is_usable and "too few rows" in str(too_unlike(few, 9).reason)
    assert liken(rng.normal(size=(99, 1)), rng.normal(size=(500, 1)), (False,)) is None


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_without_a_shift_the_estimates_are_the_references(seed: int) -> None:
    """Two halves of one log: weights of one, and every estimate within the interval of the rest."""
    rng = np.random.default_rng(seed)
    x, score, label = shifted(1600, 0.0, rng)
    then, now = slice(0, 1000), slice(1000, 1600)
    found = liken(x[then], x[now], (False, False))
    assert found is not None
    if found.is_shifted:  # one in forty by chance
        assert found.auc < 0.58
        return
    assert (found.weight == 1).all() and found.n_effective == pytest.approx(1000)
    need = Scores.from_arrays(label[then], score[then], sample_weight=found.weight)
    metric = BINARY["roc_auc"]
    told = importance(metric, need, "1", 600, found)
    assert told.value == pytest.approx(sk.roc_auc_score(label[then], score[then]), abs=1e-9)
    plain = calibrate(Scores.from_arrays(label[then], score[then]))
    same = weighted_calibration(calibrate(need), found)
    assert np.allclose(plain.rate, same.rate) and np.allclose(plain.variance, same.variance)


def test_the_weighted_reference_is_read_as_scikit_learn_reads_it() -> None:
    rng = np.random.default_rng(5)
    _x, score, label = shifted(2000, 0.0, rng)
    weight = rng.gamma(2.0, 0.5, 2000)
    like = Likeness(weight, 0.7, 0.01, True)
    said = np.where(score >= 0.5, "1", "0")
    counts = Confusion.from_arrays(
        np.where(label, "1", "0"), said, sample_weight=weight, positive="1"
    )
    f1 = importance(BINARY["f1"], counts, "1", 500, like)
    assert f1.value == pytest.approx(sk.f1_score(label, said == "1", sample_weight=weight))
    mae = metrics_for("regression")["mae"].metric
    told = importance(mae, Pairs.from_arrays(label.astype(float), score, sample_weight=weight), None, 500, like)  # fmt: skip
    assert told.value == pytest.approx(np.average(np.abs(score - label), weights=weight))
    assert f1.low < f1.value < f1.high and told.interval.endswith(", weighted")
    wide = importance(
        BINARY["f1"], counts, "1", 100, like
    )  # fewer rows: their own chance is larger
    assert wide.high - wide.low > f1.high - f1.low


def test_weights_come_closer_where_the_mix_changed() -> None:
    """Twelve windows with another mix: weighted CBPE, and the weighted reference, beat plain CBPE."""
    off: dict[str, list[float]] = {"cbpe": [], "weighted": [], "importance": []}
    metric = BINARY["accuracy"]
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x, score, label = shifted(6000, 0.0, rng)
        x_now, score_now, label_now = shifted(3000, 1.0, rng)
        like = liken(x, x_now, (False, False))
        assert like is not None and like.is_usable
        said = np.where(score >= 0.5, "1", "0")
        came = ((score_now >= 0.5) == label_now).mean()
        distinct, count = np.unique(score_now, return_counts=True)
        for name, weight in (("cbpe", None), ("weighted", like.weight)):
            known = calibrate(Scores.from_arrays(label, score, sample_weight=weight))
            rows = forecast(known, distinct, distinct >= 0.5, count.astype(float))
            off[name].append(abs(cbpe(metric, rows, "1", "0").value - came))
        need = Confusion.from_arrays(
            np.where(label, "1", "0"), said, sample_weight=like.weight, positive="1"
        )
        off["importance"].append(abs(importance(metric, need, "1", 3000, like).value - came))
    assert np.mean(off["weighted"]) < 0.6 * np.mean(off["cbpe"])
    assert np.mean(off["importance"]) < 0.75 * np.mean(off["cbpe"])


@given(st.integers(0, 10_000), st.integers(100, 300))
def test_atc_of_the_reference_is_its_accuracy(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    sure = np.round(0.5 + rng.random(n) / 2, 2)
    right = rng.random(n) < sure
    found = atc(sure, right, sure)
    assert found.value == pytest.approx(right.mean(), abs=1e-12)
    better = atc(sure, right, np.minimum(sure + 0.1, 1.0))
    assert better.value >= found.value and found.low <= found.value <= found.high


def test_atc_counts_what_passes_the_threshold() -> None:
    """Written out: the threshold is the confidence with as many below it as were wrong."""
    rng = np.random.default_rng(1)
    sure, now = 0.5 + rng.random(1000) / 2, 0.5 + rng.beta(2, 3, 800) / 2
    right = rng.random(1000) < sure
    threshold = np.sort(sure)[int((~right).sum())]
    assert atc(sure, right, now).value == pytest.approx((now >= threshold).mean(), abs=2e-3)
    assert atc(sure[:50], right[:50], now).value is None
    assert confidence(np.array([[0.1], [0.7]])).tolist() == [0.9, 0.7]


def test_atc_with_weights_is_atc_of_rows_that_stand_twice() -> None:
    rng = np.random.default_rng(2)
    sure, now = np.round(0.5 + rng.random(400) / 2, 2), np.round(0.5 + rng.random(300) / 2, 2)
    right, times = rng.random(400) < sure, rng.integers(1, 4, 400)
    weighted = atc(sure, right, now, times.astype(float))
    again = atc(np.repeat(sure, times), np.repeat(right, times), now)
    assert weighted.value == pytest.approx(again.value, abs=1e-9)
    assert weighted.high - weighted.low > again.high - again.low


def test_only_gaps_that_matter_are_disagreement() -> None:
    metric = BINARY["accuracy"]
    base = Estimate(0.90, 0.89, 0.91)
    far = Estimate(0.80, 0.79, 0.81)
    assert disagree(metric, {"a": base, "b": far, "c": base}) == ("a", "b")
    assert disagree(metric, {"a": base, "b": replace(far, high=0.895)}) is None
    assert disagree(metric, {"a": base, "b": Estimate(0.898, 0.8979, 0.8981)}) is None
    assert disagree(metric, {"a": base, "b": Estimate.undefined("none")}) is None
    tight = Estimate(0.901, 0.9009, 0.9011)
    assert disagree(metric, {"a": tight, "b": Estimate(0.899, 0.8989, 0.8991)}) is None


within = st.floats(0.0, 0.02)


@given(st.floats(0.5, 0.9), st.floats(-0.1, 0.1), within, within, within)
def test_plain_cbpe_is_left_only_as_far_as_chance_does_not_explain(
    value: float, gap: float, least: float, more: float, other: float
) -> None:
    def told(v: float, se: float) -> Estimate:
        return Estimate(v, v - 0.05, v + 0.05, se=0.02, detail={"se_reference": se})

    plain, mean = told(value, least), value + gap
    weighted, own = told(mean + 0.01, least + more), told(mean - 0.01, least + other)
    found = blend(plain, weighted, own)
    low, high = sorted((value, mean))
    assert low - 1e-12 <= found.value <= high + 1e-12
    extra = [np.sqrt((least + part) ** 2 - least**2) for part in (more, other)]
    chance = np.mean(extra) ** 2
    if gap**2 < chance:
        assert found.value == pytest.approx(value)
    elif gap:
        assert abs(found.value - mean) == pytest.approx(chance / abs(gap), abs=1e-9)
    assert found.low < found.value < found.high


def test_few_effective_rows_never_make_much_of_nothing() -> None:
    """Where the score knows all and weights are only noise, the blend errs no more than plain CBPE."""
    metric, off = BINARY["accuracy"], {"cbpe": [], "mean": [], "blend": []}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        score, now = rng.random(600).round(3), rng.random(400).round(3)
        label, came = rng.random(600) < score, (rng.random(400) < now) == (now >= 0.5)
        like = Likeness(rng.exponential(1.0, 600), 0.6, 0.01, True)
        distinct, count = np.unique(now, return_counts=True)
        both = []
        for weight in (None, like.weight):
            known = calibrate(Scores.from_arrays(label, score, sample_weight=weight))
            known = weighted_calibration(known, like) if weight is not None else known
            rows = forecast(known, distinct, distinct >= 0.5, count.astype(float))
            both.append(cbpe(metric, rows, "1", "0"))
        words = (np.where(label, "1", "0"), np.where(score >= 0.5, "1", "0"))
        need = Confusion.from_arrays(*words, sample_weight=like.weight, positive="1")
        own = importance(metric, need, "1", 400, like)
        found = {"cbpe": both[0].value, "mean": (both[1].value + own.value) / 2}
        found["blend"] = blend(both[0], both[1], own).value
        for name, value in found.items():
            off[name].append(abs(value - came.mean()))
    plain, mean, blended = (np.mean(off[name]) for name in ("cbpe", "mean", "blend"))
    assert blended <= 1.01 * plain and blended < mean


def test_the_same_rows_are_learned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    reference, current = rng.normal(size=(300, 2)), rng.normal(1, 1, size=(200, 2))
    learned = []

    def learn(*sides: object) -> Likeness:
        learned.append(sides)
        return Likeness(np.ones(300), 0.5, 0.01, is_shifted=False)

    monkeypatch.setattr(importance_of, "_memory", importance_of._Memory())
    monkeypatch.setattr(importance_of, "_learn", learn)
    first = liken(reference, current, (False, False))
    assert liken(reference.copy(), current.copy(), (False, False)) is first
    assert len(learned) == 1
    current[0, 0] += 1e-9
    liken(reference, current, (False, False))
    liken(reference, current, (False, True))
    liken(current, reference, (False, False))
    assert len(learned) == 4


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance_of, "REMEMBERED", 2)
    memory = importance_of._Memory()
    one = Likeness(np.ones(1), 0.5, 0.01, is_shifted=False)
    for key in (b"a", b"b", b"a", b"c"):
        if memory.get(key) is None:
            memory.put(key, one)
    assert [memory.get(key) is one for key in (b"a", b"b", b"c")] == [True, False, True]


class Kept(dict[str, np.ndarray]):
    """A store in memory."""

    def put(self, key: str, numbers: np.ndarray) -> None:
        self[key] = numbers


def test_what_a_store_keeps_is_what_was_learned_and_nothing_is_learned_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(7)
    then, alike = rng.normal(size=(900, 2)), rng.normal(size=(500, 2))
    store = Kept()
    for now, is_shifted in ((alike, False), (alike + 0.8, True)):
        first = liken(then, now, (False, False), store)
        assert first is not None and first.is_shifted == is_shifted
        monkeypatch.setattr(importance_of, "_memory", importance_of._Memory())  # a restart
        with monkeypatch.context() as patch:
            patch.setattr(importance_of, "_learn", None)
            again = liken(then, now, (False, False), store)
        assert again is not None and (again.weight == first.weight).all()
        assert again.as_detail() == first.as_detail()
    assert len(store) == 2 and min(map(len, store.values())) == 4  # weights of 1 are not written
    for key in store:  # of other rows, or damaged: learned and written anew
        store[key] = np.ones(9)
    monkeypatch.setattr(importance_of, "_memory", importance_of._Memory())
    assert liken(then, alike, (False, False), store) is not None
    assert sorted(map(len, store.values())) == [4, 9]


def test_where_the_first_folds_show_no_change_no_other_is_learned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Most periods are alike: of 20 pairs of the same log few need all five folds, no real shift less."""
    n_fits, whole = 0, importance_of.classifier

    def counted(is_category: tuple[bool, ...]) -> Any:
        model = whole(is_category)
        fit = model.fit

        def fit_and_count(x: Any, y: Any) -> Any:
            nonlocal n_fits
            n_fits += 1
            return fit(x, y)

        model.fit = fit_and_count
        return model

    monkeypatch.setattr(importance_of, "classifier", counted)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = liken(rng.normal(size=(700, 2)), rng.normal(size=(300, 2)), (False, False))
        assert found is not None and (found.auc < 0.6)
    assert 20 <= n_fits < 60
    n_fits = 0
    rng = np.random.default_rng(99)
    found = liken(rng.normal(size=(700, 2)), rng.normal(0.5, 1.0, (300, 2)), (False, False))
    assert n_fits == 5 and found is not None and found.is_shifted


def test_folds_that_can_hardly_reach_what_is_needed_are_the_last() -> None:
    """Drawn: shifts of which nothing is known beforehand, folds about them, and what all five reach."""
    rng = np.random.default_rng(0)
    shift = rng.uniform(-4, 8, 1_500_000)
    folds = shift[:, None] + rng.normal(size=(len(shift), 5))  # in standard errors of one fold
    is_reached = folds.mean(axis=1) > 1.96 * np.sqrt(1 / 5 + 1 / 4)
    for k in range(1, 5):
        least = importance_of._needed(k) * np.sqrt(1 / k + 1 / 4)
        at = np.abs(folds[:, :k].mean(axis=1) - least) < 0.02
        assert is_reached[at].mean() == pytest.approx(norm.cdf(-1), abs=0.03)
        assert at.sum() > 3000
