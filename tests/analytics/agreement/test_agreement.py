"""Agreement beside published figures, scikit-learn, and definitions counted pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from analytics.agreement.cohen import cohen
from analytics.agreement.fleiss import fleiss, fleiss_of_counts
from analytics.agreement.krippendorff import krippendorff
from analytics.agreement.percent import percent
from analytics.agreement.ratings import ONE_ANNOTATOR, ONE_CLASS, Ratings
from analytics.core import Estimate

Published = tuple[dict[str, float], dict[str, Any]]
Rows = list[tuple[str, str, str]]
MEASURES: dict[str, Callable[[Ratings], Estimate]] = {
    "percent": percent,
    "fleiss": fleiss,
    "nominal": krippendorff,
    "interval": lambda r: krippendorff(r, "interval"),
}
answers = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=40
).map(lambda rows: [(str(i), str(a), str(v)) for i, a, v in rows])


def drawn(seed: int, n: int = 200, agree: float = 0.7) -> Ratings:
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 4, n)
    rows = [
        (str(i), a, str(truth[i] if rng.random() < agree else rng.integers(1, 4)))
        for i in range(n)
        for a in "abc"
        if rng.random() < 0.8
    ]
    return Ratings.from_rows(rows)


def test_published_figures(published: Published) -> None:
    values, inputs = published
    coders = inputs["krippendorff"]["coders_by_items"]
    rows = [
        (str(i), str(a), str(v)) for a, said in enumerate(coders) for i, v in enumerate(said) if v
    ]
    ratings = Ratings.from_rows(rows)
    found = krippendorff(ratings).value, krippendorff(ratings, "interval").value
    expected = (values["Krippendorff alpha nominal"], values["Krippendorff alpha interval"])
    assert found == pytest.approx(expected, abs=1e-9)
    counts = np.array(inputs["fleiss"]["items_by_category_counts"], dtype=float)
    assert fleiss_of_counts(counts).value == pytest.approx(values["Fleiss kappa"], abs=1e-9)
    table = inputs["cohen"]
    pairs = (
        [("y", "y")] * table["both_yes"]
        + [("y", "n")] * table["a_only"]
        + [("n", "y")] * table["b_only"]
        + [("n", "n")] * table["both_no"]
    )
    rows = [(str(i), who, said) for i, pair in enumerate(pairs) for who, said in zip("ab", pair)]  # noqa: B905
    assert cohen(Ratings.from_rows(rows), "a", "b").value == pytest.approx(
        values["Cohen kappa"], abs=1e-9
    )


@pytest.mark.parametrize(("name", "alpha"), [("duck", 0.1255), ("dog", 0.5194)])
def test_alpha_of_two_crowds(crowd: Any, name: str, alpha: float) -> None:
    found = krippendorff(Ratings.from_rows(crowd(name)[0]))
    assert found.value == pytest.approx(alpha, abs=5e-5)
    assert found.low is not None and found.high is not None
    assert found.low < alpha < found.high


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_cohen_is_scikit_learns(weights: Any) -> None:
    ratings = drawn(1)
    said: dict[str, dict[str, str]] = {"a": {}, "b": {}}
    for i, a, v in zip(ratings.item, ratings.annotator, ratings.value, strict=True):
        if ratings.annotators[a] in said:
            said[ratings.annotators[a]][ratings.items[i]] = ratings.classes[v]
    shared = sorted(said["a"].keys() & said["b"].keys())
    expected = cohen_kappa_score(
        [said["a"][i] for i in shared],
        [said["b"][i] for i in shared],
        labels=["1", "2", "3"],
        weights=None if weights == "none" else weights,
    )
    found = cohen(ratings, "a", "b", weights=weights)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.n == len(shared)


def by_pairs(rows: Rows, delta: Callable[[str, str], float]) -> tuple[float, float]:
    """(percent agreement, alpha) by going through all ordered pairs."""
    items: dict[str, dict[str, str]] = {}
    for item, annotator, value in rows:
        items.setdefault(item, {})[annotator] = value
    kept = [list(said.values()) for said in items.values() if len(said) > 1]
    everything = [v for said in kept for v in said]
    same = [np.mean([x == y for x, y in permutations(said, 2)]) for said in kept]
    observed = sum(
        delta(x, y) / (len(said) - 1) for said in kept for x, y in permutations(said, 2)
    ) / len(everything)
    expected = np.mean([delta(x, y) for x, y in permutations(everything, 2)])
    return float(np.mean(same)), 1 - observed / expected if expected else float("nan")


@settings(max_examples=60, deadline=None)
@given(rows=answers)
def test_measures_are_their_definitions_pair_by_pair(rows: Rows) -> None:
    ratings = Ratings.from_rows(rows)
    found = {name: of(ratings) for name, of in MEASURES.items()}
    if len(ratings.paired) < 2:
        assert all(e.value is None and e.reason for e in found.values())
        return
    same, nominal = by_pairs(rows, lambda x, y: float(x != y))
    _same, interval = by_pairs(rows, lambda x, y: (float(x) - float(y)) ** 2)
    assert found["percent"].value == pytest.approx(same)
    for name, expected in (("nominal", nominal), ("interval", interval)):
        value = found[name].value
        if np.isnan(expected):
            assert value is None and found[name].reason == ONE_CLASS
        else:
            assert value == pytest.approx(expected, abs=1e-9)
    for e in found.values():
        assert e.value is None or (e.low or 0) <= e.value <= (e.high or 0)


@given(rows=answers, seed=st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_names_and_order_do_not_matter(rows: Rows, seed: int) -> None:
    answered = list({(i, a): (i, a, v) for i, a, v in rows}.values())
    order = np.random.default_rng(seed).permutation(len(answered))
    renamed = [(f"i{answered[k][0]}", f"a{answered[k][1]}", answered[k][2]) for k in order]
    one, other = Ratings.from_rows(answered), Ratings.from_rows(renamed)
    for of in MEASURES.values():
        assert of(one).value == pytest.approx(of(other).value, abs=1e-12)


def test_one_annotator_and_one_class_are_undefined_and_not_one() -> None:
    alone = Ratings.from_rows([("1", "a", "1"), ("2", "a", "2"), ("3", "a", "1")])
    alike = Ratings.from_rows([(str(i), a, "1") for i in range(5) for a in "ab"])
    for name, of in MEASURES.items():
        assert (of(alone).value, of(alone).reason) == (None, ONE_ANNOTATOR)
        if name != "percent":
            assert (of(alike).value, of(alike).reason) == (None, ONE_CLASS)
    assert cohen(alone, "a", "b").value is None
    assert cohen(alike, "a", "b").reason == ONE_CLASS
    assert percent(alike).value == 1.0


def test_full_agreement_of_few_items_is_no_proof() -> None:
    alike = Ratings.from_rows([(str(i), a, str(i % 2)) for i in range(10) for a in "ab"])
    for of in MEASURES.values():
        found = of(alike)
        assert found.value == 1.0 and found.low == pytest.approx(0.7225, abs=1e-4)


def test_the_interval_covers() -> None:
    """300 studies of 80 items: alpha of a law whose alpha is that of a million items."""
    truth = krippendorff(drawn(0, 40_000)).value
    assert truth is not None
    held = 0
    for seed in range(300):
        found = krippendorff(drawn(seed + 1, 80))
        assert found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert held / 300 >= 0.9


def test_one_class_against_the_rest_is_alpha_of_two_classes() -> None:
    ratings = drawn(3, 60)
    rows = [
        (ratings.items[i], ratings.annotators[a], "it" if ratings.classes[v] == "2" else "other")
        for i, a, v in zip(ratings.item, ratings.annotator, ratings.value, strict=True)
    ]
    found = krippendorff(ratings.one_against_rest("2"))
    assert found.value == pytest.approx(by_pairs(rows, lambda x, y: float(x != y))[1])
    never = Ratings.from_rows(rows, classes=["never"]).one_against_rest("never")
    assert krippendorff(never).reason == ONE_CLASS
