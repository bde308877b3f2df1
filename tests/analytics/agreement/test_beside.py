"""One annotator beside the rest: plain loops, percent agreement of two, scikit-learn's table."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from analytics.agreement.beside import ALONE, beside_merged, beside_rest
from analytics.agreement.percent import percent
from analytics.agreement.ratings import Ratings

Rows = dict[tuple[int, int], int]
answers = st.dictionaries(
    st.tuples(st.integers(0, 12), st.integers(0, 3)), st.integers(0, 2), min_size=1
)


def ratings_of(rows: Rows) -> Ratings:
    return Ratings.from_rows((f"i{i}", f"p{p}", f"c{v}") for (i, p), v in rows.items())


@given(answers)
def test_beside_the_rest_by_plain_loops(rows: Rows) -> None:
    shares = []
    for (i, p), said in rows.items():
        others = [v for (j, q), v in rows.items() if j == i and q != 0]
        if p == 0 and others:
            shares.append(sum(v == said for v in others) / len(others))
    found = beside_rest(ratings_of(rows), "p0")
    if len(shares) < 2:
        assert found.value is None and found.reason
        assert (found.reason == ALONE) == (not shares)
        return
    assert found.value == pytest.approx(np.mean(shares)) and found.n == len(shares)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=30))
def test_of_two_people_it_is_percent_agreement_and_their_table(said: list[tuple[int, int]]) -> None:
    rows = {(i, p): pair[p] for i, pair in enumerate(said) for p in (0, 1)}
    ratings = ratings_of(rows)
    assert beside_rest(ratings, "p1").value == pytest.approx(percent(ratings).value)
    table = confusion_matrix([a for a, _b in said], [b for _a, b in said], labels=[0, 1, 2])
    expected = {
        (f"c{a}", f"c{b}"): int(table[a, b]) for a in range(3) for b in range(3) if table[a, b]
    }
    assert {(a, b): n for a, b, n in beside_merged(ratings, "p1")} == expected


def test_nobody_is_judged_by_an_answer_of_their_own() -> None:
    """Three who agree outvote one; leaving that one out or not changes nothing for the others."""
    rows = {(i, p): i % 2 for i in range(40) for p in range(3)} | {(i, 3): 0 for i in range(40)}
    assert beside_merged(ratings_of(rows), "p3") == [("c0", "c0", 20), ("c1", "c0", 20)]
    found = Counter({(a, b): n for a, b, n in beside_merged(ratings_of(rows), "p0")})
    assert found[("c0", "c0")] + found[("c1", "c1")] == 40


def test_who_answered_alone_is_beside_nobody() -> None:
    rows = {(0, 0): 1, (1, 1): 2}
    assert beside_rest(ratings_of(rows), "p0").reason == ALONE
    assert beside_merged(ratings_of(rows), "p0") == []
    assert beside_rest(ratings_of(rows), "nobody").reason == ALONE
