"""Rows as numbers: levels beside pandas' own codes of both sides together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Column
from analytics.query.samples import Side, as_matrix, beside

COLUMNS = [Column("x", "feature", "numeric"), Column("c", "feature", "categorical")]
SOME = st.lists(st.sampled_from(["b", "a", "", "zz", "ä", None]), min_size=1, max_size=30)


def masked(texts: list[str | None]) -> np.ma.MaskedArray:
    """As DuckDB gives a column of texts."""
    gone = np.array([t is None for t in texts])
    return np.ma.array(np.array(["?" if t is None else t for t in texts], dtype=object), mask=gone)


@given(SOME, SOME)
def test_levels_have_the_codes_that_pandas_gives_them(
    then: list[str | None], now: list[str | None]
) -> None:
    sides = [{"x": np.arange(len(side)) / 2, "c": masked(side)} for side in (then, now)]
    found = as_matrix(COLUMNS, *sides)
    codes = pd.Categorical([*then, *now], categories=sorted({*then, *now} - {None})).codes
    expected = np.where(codes < 0, np.nan, codes)
    assert np.array_equal(np.concatenate([x[:, 1] for x in found]), expected, equal_nan=True)
    assert [x[:, 0].tolist() for x in found] == [side["x"].tolist() for side in sides]
    once = Side.of(COLUMNS, sides[0])
    for other in (sides[1], sides[0], sides[1]):  # a side that is laid beside several
        again = beside(COLUMNS, once, Side.of(COLUMNS, other))
        assert all(
            np.array_equal(a, b, equal_nan=True)
            for a, b in zip(again, as_matrix(COLUMNS, sides[0], other), strict=True)
        )


def test_booleans_and_unmasked_texts() -> None:
    then, now = as_matrix(
        COLUMNS[1:], {"c": np.array([True, False])}, {"c": np.array(["True"], dtype=object)}
    )
    assert then[:, 0].tolist() == [1.0, 0.0] and now[:, 0].tolist() == [1.0]
