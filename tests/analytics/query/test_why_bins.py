"""Where Why cuts numbers: at the quarters of the window, however few columns are asked at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analytics.core import Column, Dataset, Scope
from analytics.query import why
from analytics.query.engine import Engine


@pytest.mark.parametrize("held", [1, 1200, 10**9])
def test_quarters_are_exact_however_much_may_be_held(
    build: Callable[..., Dataset], engine: Engine, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    rng = np.random.default_rng(2)
    names = ["score", "distance", "age"]
    written: list[dict[str, Any]] = [
        {"row": i, "prediction_id": f"p{i}", **{n: float(rng.normal()) for n in names}}
        for i in range(500)
    ]
    monkeypatch.setattr(why, "MOST_HELD", held)
    columns = [Column(n, "feature", "numeric") for n in names]
    found = why.bin_columns(engine, build([written]), Scope(), columns)
    assert [b.column for b in found] == names
    for binned in found:
        values = np.array([r[binned.column] for r in written])
        assert np.allclose(binned.edges, np.quantile(values, [0.25, 0.5, 0.75]), rtol=1e-12)
        assert (binned.low, binned.high) == (values.min(), values.max())
