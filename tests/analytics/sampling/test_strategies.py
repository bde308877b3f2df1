"""Strategies beside plain formulas and counting, and the chances that they state beside simulation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.errors import UsageError
from analytics.sampling import (
    active,
    disagreement,
    diverse,
    misclassified,
    quota,
    random,
    uncertain,
)
from analytics.sampling.candidates import Candidates, Choice

RNG = np.random.default_rng(0)
PROBA = RNG.dirichlet(np.ones(4), 60)
CLASSES = ("a", "b", "c", "d")
NAMES = np.array(CLASSES, dtype=object)
FEATURES = RNG.normal(size=(60, 3))


def rows(n: int = 60) -> Candidates:
    proba = PROBA[:n]
    said = NAMES[proba.argmax(axis=1)]
    truth = said.copy()
    truth[::3] = NAMES[proba[::3].argmin(axis=1)]
    truth[1::3] = None
    return Candidates(
        ids=tuple(f"r{i}" for i in range(n)),
        y_pred=said,
        proba=proba,
        classes=CLASSES,
        features=FEATURES[:n],
        y_true=truth,
        others=(np.roll(said, 1),),
        strata=np.array(["x", "y", "z"] * (n // 3), dtype=object),
    )


EVERY = {
    "uncertain": uncertain.choose,
    "disagreement": disagreement.choose,
    "diverse": diverse.choose,
    "random": random.choose,
    "slice": quota.choose,
    "misclassified": misclassified.choose,
    "active": lambda c, n, seed=0: active.choose(c, n, expected=1 - PROBA.max(axis=1), seed=seed),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_strategy_gives_distinct_rows_the_same_each_time(name: str) -> None:
    found: Choice = EVERY[name](rows(), 12, seed=3)
    again = EVERY[name](rows(), 12, seed=3)
    assert found == again
    assert len(set(found.ids)) == len(found.ids) <= 12
    sizes = {len(found.ids), len(found.probabilities), len(found.scores), len(found.reasons)}
    assert len(sizes) == 1
    assert all(p is None or 0 < p <= 1 for p in found.probabilities)
    assert all(found.reasons)


@pytest.mark.parametrize("name", EVERY)
def test_more_than_there_are_gives_all_that_qualify_and_none_is_an_error(name: str) -> None:
    found: Choice = EVERY[name](rows(), 500, seed=1)
    only_some = {"misclassified": 20, "disagreement": len(found.ids)}
    assert len(found.ids) == only_some.get(name, 60)
    with pytest.raises(UsageError, match="none to label"):
        EVERY[name](rows(), 0)


def test_uncertain_takes_the_smallest_margins_of_scipy_and_plain_python() -> None:
    found = uncertain.choose(rows(), 10, explore=0.0)
    margins = []
    for i, p in enumerate(PROBA.tolist()):
        first, second = sorted(p, reverse=True)[:2]
        margins.append((first - second, f"r{i}"))
    assert set(found.ids) == {name for _m, name in sorted(margins)[:10]}
    assert uncertain.uncertainty(PROBA, "entropy") == pytest.approx(stats.entropy(PROBA, axis=1))
    assert found.probabilities == (None,) * 10


def test_a_binary_model_without_a_second_column_has_the_same_order() -> None:
    score = RNG.random((30, 1))
    both = np.column_stack([score, 1 - score])
    assert uncertain.uncertainty(both) == pytest.approx(1 - np.abs(2 * score[:, 0] - 1))


def test_misclassified_holds_known_mistakes_only_most_confident_first() -> None:
    given_rows = rows()
    found = misclassified.choose(given_rows, 60)
    expected = sorted(range(0, 60, 3), key=lambda i: -PROBA[i].max())
    assert found.ids == tuple(f"r{i}" for i in expected)
    assert found.reasons[0].startswith("the model said")
    numbers = Candidates(
        ("a", "b", "c"), np.array([1.0, 2.0, 3.0]), y_true=np.array([1.5, np.nan, 9.0])
    )
    assert misclassified.choose(numbers, 3).ids == ("c", "a")


def test_disagreement_counts_versions_and_users() -> None:
    said = np.array(["1", "1", "1", "0"], dtype=object)
    one = np.array(["1", "0", "0", None], dtype=object)
    two = np.array(["1", "1", "0", None], dtype=object)
    told = np.array([None, None, None, "1"], dtype=object)
    given_rows = Candidates(("a", "b", "c", "d"), said, others=(one, two), feedback=told)
    found = disagreement.choose(given_rows, 4, explore=0.0)
    assert set(found.ids) == {"b", "c", "d"}
    assert dict(zip(found.ids, found.scores, strict=True)) == {"b": 0.5, "c": 1.0, "d": 1.0}
    with pytest.raises(UsageError, match="another version"):
        disagreement.choose(replace(given_rows, others=(), feedback=None), 2)


def test_diverse_covers_every_cluster_before_a_second_of_any() -> None:
    centres = np.array([[0, 0], [50, 0], [0, 50], [50, 50]])
    x = np.repeat(centres, [40, 20, 5, 3], axis=0) + RNG.normal(size=(68, 2))
    found = diverse.choose(
        Candidates(tuple(map(str, range(68))), features=x), 4, explore=0.0, seed=2
    )
    bounds = np.array([40, 60, 65, 68])
    assert {int(np.searchsorted(bounds, int(i), side="right")) for i in found.ids} == {0, 1, 2, 3}


def test_weighted_groups_lie_where_the_model_is_unsure_and_elsewhere_too() -> None:
    x = np.repeat([[0.0, 0.0], [50.0, 50.0]], 100, axis=0) + RNG.normal(size=(200, 2))
    proba = np.tile([0.99, 0.01], (200, 1))
    proba[:100] = [0.52, 0.48]
    ids = tuple(map(str, range(200)))

    def unsure(method: diverse.Method) -> list[int]:
        given_rows = Candidates(ids, proba=proba, features=x)
        chosen = (
            diverse.choose(given_rows, 12, method=method, explore=0.0, seed=seed)
            for seed in range(20)
        )
        return [sum(int(i) < 100 for i in found.ids) for found in chosen]

    weighted, even = unsure("weighted"), unsure("clusters")
    assert np.mean(weighted) >= np.mean(even) + 1
    assert max(weighted) < 12
    without = Candidates(ids, features=x)
    assert diverse.choose(without, 12) == diverse.choose(without, 12, method="clusters")


def test_badge_prefers_rows_that_the_model_is_unsure_of() -> None:
    proba = np.tile([0.99, 0.01], (200, 1))
    proba[:20] = [0.55, 0.45]
    given_rows = Candidates(
        tuple(map(str, range(200))), proba=proba, features=RNG.normal(size=(200, 4))
    )
    found = diverse.choose(given_rows, 15, method="badge", explore=0.0)
    assert sum(int(i) < 20 for i in found.ids) >= 12


def test_missing_and_constant_features_do_not_stop_the_clusters() -> None:
    x = np.full((30, 3), np.nan)
    x[:, 1] = 4.0
    x[:15, 2] = 1.0
    found = diverse.choose(Candidates(tuple(map(str, range(30))), features=x), 6)
    assert len(found.ids) == 6


def test_a_share_of_the_queue_is_drawn_with_the_chance_that_it_states() -> None:
    counts: Counter[str] = Counter()
    for seed in range(2000):
        found = uncertain.choose(rows(), 20, seed=seed, explore=0.3)
        stated = [p for p in found.probabilities if p is not None]
        assert stated == [0.1] * 6
        counts.update(
            i for i, p in zip(found.ids, found.probabilities, strict=True) if p is not None
        )
    # 60 rows, each 2000 draws of chance 0.1: chi-squared of equal chances
    observed = np.array([counts[f"r{i}"] for i in range(60)])
    assert stats.chisquare(observed).pvalue > 1e-4


def test_quota_states_a_chance_only_where_every_row_had_one() -> None:
    found = quota.choose(rows(), 12)
    assert found.probabilities == (0.2,) * 12
    assert Counter(int(i[1:]) % 3 for i in found.ids) == {0: 4, 1: 4, 2: 4}
    part = quota.choose(rows(), 12, quotas={"x": 8})
    assert part.probabilities == (None,) * 8
    assert all(int(i[1:]) % 3 == 0 for i in part.ids)
    cut = quota.choose(rows(), 5, quotas={"x": 8, "y": 1, "z": 1})
    assert len(cut.ids) == 5 and set(cut.probabilities) == {None}


@given(
    sizes=st.dictionaries(st.text("abc", min_size=1), st.integers(1, 30), min_size=1),
    n=st.integers(1, 100),
)
def test_even_quotas_spend_all_and_exceed_no_group(sizes: dict[str, int], n: int) -> None:
    found = quota.even_quotas(sizes, n)
    assert sum(found.values()) == min(n, sum(sizes.values()))
    assert all(0 <= found[k] <= sizes[k] for k in sizes)
    free = [found[k] for k in sizes if found[k] < sizes[k]]
    assert not free or max(found.values()) <= min(free) + 1


def test_active_draws_in_proportion_without_replacement() -> None:
    """The first row has chance q; the second, given the first, q over what is left."""
    q = np.array([0.5, 0.3, 0.15, 0.05])
    n = 20_000
    firsts, seconds = np.zeros(4), np.zeros((4, 4))
    for seed in range(n):
        order, _p = active.draw(q, 2, seed)
        firsts[order[0]] += 1
        seconds[order[0], order[1]] += 1
    assert stats.chisquare(firsts, q * n).pvalue > 1e-4
    expected = q / (1 - q[0]) * firsts[0]
    expected[0] = 0
    assert stats.chisquare(seconds[0, 1:], expected[1:]).pvalue > 1e-4


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(2, 15))
def test_weights_one_over_p_are_unbiased(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    loss = rng.random(15)
    q = active.chances(rng.random(15) * loss)
    sums = []
    for draw_seed in range(800):
        order, p = active.draw(q, n, draw_seed)
        sums.append(float((loss[order] / p).sum()))
    spread = np.std(sums) / np.sqrt(len(sums))
    assert abs(np.mean(sums) - loss.sum()) <= 5 * spread + 1e-9


def test_chances_are_never_below_the_uniform_share() -> None:
    q = active.chances(np.array([0.0, np.nan, 1.0, 5.0]))
    assert q.sum() == pytest.approx(1)
    assert q.min() == pytest.approx(0.025)
    assert active.chances(np.zeros(4)).tolist() == [0.25] * 4
