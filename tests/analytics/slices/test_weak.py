"""The search beside exact enumeration, published figures, and what it must never lose."""

from __future__ import annotations

import ast
import csv
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.slices.weak import Cell, Columns, Count, Key, Wanted, find_weak_slices

DATA = Path(__file__).parents[4] / "shared" / "data" / "slices"


def counting(x: np.ndarray, loss: np.ndarray) -> Count:
    """Cells of a matrix of codes, counted plainly."""

    def count(asked: Sequence[Columns]) -> dict[Key, Cell]:
        found: dict[Key, list[float]] = {}
        for columns in asked:
            for row, e in zip(x, loss, strict=True):
                found.setdefault(tuple((c, str(int(row[c]))) for c in columns), []).append(e)
        return {k: Cell(len(v), float(np.sum(v)), max(v)) for k, v in found.items()}

    return count


def enumerate_all(
    x: np.ndarray, loss: np.ndarray, alpha: float, min_support: int
) -> dict[Key, float]:
    """Every slice with the support and a score above zero, with no pruning at all."""
    n, k = x.shape
    scores = {}
    for size in range(1, k + 1):
        for columns in combinations(range(k), size):
            for key, cell in counting(x, loss)([columns]).items():
                gap = cell.loss / cell.n / loss.mean() - 1
                score = alpha * gap - (1 - alpha) * (n / cell.n - 1)
                if cell.n >= min_support and score > 0:
                    scores[key] = score
    return scores


def read(name: str) -> tuple[np.ndarray, np.ndarray]:
    path = DATA / name
    if not path.exists():
        pytest.skip("the shared data is not here")
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return table[:, :-1], table[:, -1]


CASES = [
    ("salaries_encoded_input.csv", "salaries", 0.95, 4),
    ("salaries_encoded_input.csv", "salaries", 0.95, 10),
    ("systemds_custom1_input.csv", "custom1", 0.95, 4),
    ("systemds_custom1_input.csv", "custom1", 0.5, 4),
    ("systemds_custom2_input.csv", "custom2", 0.5, 4),
    ("systemds_custom3_input.csv", "custom3", 0.95, 4),
    ("systemds_custom3_input.csv", "custom3", 0.5, 4),
]


@pytest.mark.parametrize(("source", "name", "alpha", "min_support"), CASES)
def test_beside_exact_enumeration(source: str, name: str, alpha: float, min_support: int) -> None:
    x, loss = read(source)
    found = find_weak_slices(
        counting(x, loss),
        x.shape[1],
        Wanted(alpha, min_support, max_conditions=None, most=10, fold=False),
    )
    with (DATA / f"bruteforce_{name}_alpha{alpha}_minsup{min_support}.csv").open() as file:
        expected = list(csv.DictReader(file))[:10]
    assert [s.score for s in found] == pytest.approx([float(r["score"]) for r in expected])
    assert [s.cell.n for s in found] == [int(r["size"]) for r in expected]
    said = [r["predicates"].replace("np.int64(", "(") for r in expected]
    wanted = {tuple((c, str(v)) for c, v in ast.literal_eval(text)) for text in said}
    assert {s.key for s in found} == wanted


def test_more_columns_than_rows_loses_nothing() -> None:
    x, loss = read("systemds_custom2_input.csv")
    found = find_weak_slices(
        counting(x, loss), x.shape[1], Wanted(min_support=4, max_conditions=None, fold=False)
    )
    assert ((1, "1"), (4, "3")) in {s.key for s in found}
    exact = sorted(enumerate_all(x, loss, 0.95, 4).values(), reverse=True)[:10]
    assert [s.score for s in found] == pytest.approx(exact)


@given(
    st.integers(0, 10_000), st.integers(5, 60), st.integers(1, 4), st.floats(0.3, 1), st.integers(1, 8)
)  # fmt: skip
def test_nothing_that_belongs_on_the_list_is_lost(
    seed: int, n: int, k: int, alpha: float, min_support: int
) -> None:
    rng = np.random.default_rng(seed)
    x, loss = rng.integers(0, 3, (n, k)), rng.exponential(size=n)
    found = find_weak_slices(
        counting(x, loss), k, Wanted(alpha, min_support, max_conditions=None, fold=False)
    )
    exact = sorted(enumerate_all(x, loss, alpha, min_support).values(), reverse=True)[:10]
    assert [s.score for s in found] == pytest.approx(exact)


def test_a_refinement_that_adds_nothing_is_folded() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 3, (3000, 4))
    loss = (rng.random(3000) < np.where(x[:, 0] == 1, 0.5, 0.1)).astype(float)
    plain = find_weak_slices(counting(x, loss), 4, Wanted(fold=False))
    folded = find_weak_slices(counting(x, loss), 4, Wanted())
    assert sum((0, "1") in s.key for s in plain) > 5
    assert folded[0].key == ((0, "1"),) or ((0, "1") in folded[0].key and folded[0].mean > 0.5)
    assert len([s for s in folded if s.key[0] == (0, "1")]) < len(plain)


def test_nothing_to_find_without_rows_or_losses() -> None:
    none = np.zeros((0, 2))
    assert find_weak_slices(counting(none, np.zeros(0)), 2, Wanted()) == []
    assert find_weak_slices(counting(np.zeros((90, 2)), np.zeros(90)), 2, Wanted()) == []
    assert find_weak_slices(counting(np.zeros((90, 0)), np.ones(90)), 0, Wanted()) == []
