"""Merged labels, annotators against gold and suspects, beside published figures and plain loops."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.agreement.dawid_skene import dawid_skene
from analytics.agreement.gold import gold_accuracy
from analytics.agreement.ratings import Ratings
from analytics.agreement.suspects import find_suspects
from analytics.stats.intervals import wilson


@pytest.mark.parametrize(
    ("name", "vote", "merged"), [("duck", 0.7593, 0.8889), ("dog", 0.8116, 0.8426)]
)
def test_two_crowds_within_one_item(crowd: Any, name: str, vote: float, merged: float) -> None:
    answers, truth = crowd(name)
    ratings = Ratings.from_rows(answers)
    found = dawid_skene(ratings)
    right = sum(truth.get(i) == label for i, label in zip(found.items, found.labels, strict=True))
    assert abs(right - merged * len(truth)) <= 1
    by_vote = [ratings.classes[k] for k in ratings.counts.argmax(axis=1).tolist()]
    right = sum(truth.get(i) == label for i, label in zip(ratings.items, by_vote, strict=True))
    ties = 0 if name == "duck" else 20  # a tie goes to the first class here, by chance there
    assert abs(right - vote * len(truth)) <= 1 + ties


def steps_of_em(
    answers: list[tuple[str, str, str]], smoothing: float, credit: float
) -> dict[str, dict[str, float]]:
    """Dawid and Skene's steps with dictionaries and loops, until nothing moves."""
    items = sorted({i for i, _a, _v in answers})
    people = sorted({a for _i, a, _v in answers})
    classes = sorted({v for _i, _a, v in answers})
    votes = {i: Counter(v for j, _a, v in answers if j == i) for i in items}
    chance = {i: {k: votes[i][k] / votes[i].total() for k in classes} for i in items}
    for _step in range(500):
        prior = {k: sum(chance[i][k] for i in items) / len(items) for k in classes}
        table = {
            (a, k, v): smoothing + credit * (k == v)
            for a in people
            for k in classes
            for v in classes
        }
        for i, a, v in answers:
            for k in classes:
                table[a, k, v] += chance[i][k]
        for a in people:
            for k in classes:
                total = sum(table[a, k, v] for v in classes)
                for v in classes:
                    table[a, k, v] /= total
        for i in items:
            weight = {
                k: prior[k] * math.prod(table[a, k, v] for j, a, v in answers if j == i)
                for k in classes
            }
            chance[i] = {k: weight[k] / sum(weight.values()) for k in classes}
    return chance


@pytest.mark.parametrize("credit", [0.0, 1.0])
def test_the_steps_are_those_of_the_paper(credit: float) -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 30)
    answers = [
        (f"i{i:02}", a, str(truth[i] if rng.random() < p else rng.integers(0, 3)))
        for i in range(30)
        for a, p in zip("abcd", (0.9, 0.8, 0.6, 0.3), strict=True)
    ]
    found = dawid_skene(Ratings.from_rows(answers), credit=credit)
    expected = steps_of_em(answers, 0.01, credit)
    for item, posterior in zip(found.items, found.posterior, strict=True):
        assert posterior == pytest.approx([expected[item][k] for k in found.classes], abs=1e-4)
    assert found.confidence == pytest.approx(found.posterior.max(axis=1))
    assert found.confusion.sum(axis=2) == pytest.approx(np.ones((4, 3)))


def test_a_good_annotator_outweighs_two_bad_ones() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 300)
    rows = []
    for i in range(300):
        rows += [(str(i), "good", str(truth[i] if rng.random() < 0.97 else 1 - truth[i]))]
        rows += [(str(i), a, str(truth[i] if rng.random() < 0.6 else 1 - truth[i])) for a in "bc"]
    found = dawid_skene(Ratings.from_rows(rows))
    right = np.mean([found.labels[i] == str(truth[int(found.items[i])]) for i in range(300)])
    assert right >= 0.95


def test_a_rare_class_that_nobody_said_does_not_win_an_item() -> None:
    rng = np.random.default_rng(4)
    rows = []
    for i in range(120):  # most items are a 4; three people, each wrong at times
        truth = "4" if rng.random() < 0.8 else str(rng.integers(0, 10))
        for person, wrong in (("a", 0.05), ("b", 0.1), ("c", 0.3)):
            said = truth if rng.random() > wrong else str(rng.integers(0, 10))
            rows.append((f"i{i:03}", person, said))

    def unsaid(credit: float) -> int:
        found = dawid_skene(Ratings.from_rows(rows), credit=credit)
        pairs = zip(found.items, found.labels, strict=True)
        return sum(label not in {v for i, _a, v in rows if i == item} for item, label in pairs)

    assert unsaid(0.0) > 0  # the plain steps do it
    assert unsaid(1.0) == 0


def test_one_answer_an_item_stays_what_was_said() -> None:
    found = dawid_skene(Ratings.from_rows([("1", "a", "x"), ("2", "a", "y"), ("3", "b", "x")]))
    assert found.labels == ("x", "y", "x")


def test_gold_counts_only_items_whose_label_is_known() -> None:
    rows = [("1", "ann", "x"), ("2", "ann", "y"), ("9", "ann", "y"), ("9", "bo", "x")]
    found = gold_accuracy(Ratings.from_rows(rows), {"1": "x", "2": "x"})
    assert (found["ann"].value, found["ann"].n) == (0.5, 2)
    assert (found["ann"].low, found["ann"].high) == pytest.approx(wilson(0.5, 2))
    assert found["bo"].value is None and found["bo"].reason


def suspects_by_loops(label: list[int], proba: list[list[float]]) -> tuple[set[int], np.ndarray]:
    """The definition of the paper, section 3: thresholds, confident joint, off its diagonal."""
    k = len(proba[0])
    threshold = []
    for j in range(k):
        own = [p[j] for y, p in zip(label, proba, strict=True) if y == j]
        threshold.append(sum(own) / len(own) if own else math.inf)
    joint, found = np.zeros((k, k), int), set()
    for i, (y, p) in enumerate(zip(label, proba, strict=True)):
        able = [j for j in range(k) if p[j] >= threshold[j] - 1e-12]
        if able:
            best = max(able, key=lambda j: p[j])
            joint[y, best] += 1
            if best != y:
                found.add(i)
    return found, joint


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 5), n=st.integers(1, 60))
def test_suspects_are_those_of_the_definition(seed: int, k: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    proba, label = rng.dirichlet(np.ones(k), n), rng.integers(0, k, n)
    found = find_suspects(label, proba)
    rows, joint = suspects_by_loops(label.tolist(), proba.tolist())
    assert set(found.rows.tolist()) == rows
    assert (found.joint == joint).all()
    assert (np.diff(found.margin) >= 0).all()
    assert 0 <= found.n_expected <= n


def test_flipped_labels_are_found() -> None:
    """One label in ten flipped, a model that is right 95 % of the time: most flips are suspects."""
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 3, 2000)
    logit = rng.normal(size=(2000, 3))
    logit[np.arange(2000), truth] += 4
    proba = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    flipped = rng.random(2000) < 0.1
    label = np.where(flipped, (truth + rng.integers(1, 3, 2000)) % 3, truth)
    found = find_suspects(label, proba)
    hits = flipped[found.rows]
    assert hits.mean() >= 0.95 and hits.sum() >= 0.8 * flipped.sum()
    assert flipped[found.rows[:50]].mean() >= 0.95
    assert found.n_expected == pytest.approx(flipped.sum(), rel=0.25)
