"""One wild value among fifty thousand rows changes no verdict that a page shows unasked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.notebook import Notebook

N = 50_000
WILD = 1e6


def frame(seed: int, shift: float = 0.0) -> pd.DataFrame:
    """A binary model with skewed, even, whole and moved numbers, and a category."""
    rng = np.random.default_rng(seed)
    score = rng.random(N).round(3)
    return pd.DataFrame(
        {
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N) * 50, unit="s"),
            "score": score,
            "prediction": (score > 0.5).astype(int),
            "label": (rng.random(N) < score).astype(int),
            "amount": rng.lognormal(size=N),
            "even": rng.random(N),
            "count": rng.poisson(3, N).astype(float),
            "moved": rng.normal(shift, 1, N),
            "plan": rng.choice(["basic", "plus", "pro"], N),
        }
    )


def verdicts(now: pd.DataFrame, then: pd.DataFrame) -> dict[tuple[Any, ...], str]:
    """Every default number of drift, quality and performance, as a whole and by day."""
    found = {}
    with Notebook.of_frames(now, then, roles={"timestamp": "day"}, positive="1") as log:
        for question in (log.drift, log.quality, log.performance):
            for every in (None, "week"):
                for row in question(every=every).to_dict("records"):
                    found[row["name"], row["column"], row["start"], every] = row["verdict"]
    return found


@pytest.mark.parametrize("column", ["amount", "moved"])
def test_one_outlier_leaves_every_verdict(column: str) -> None:
    now, then = frame(1, shift=0.4), frame(2)
    plain = verdicts(now, then)
    assert plain["ks", "moved", *_whole(plain)] != "ok" and len(plain) > 50
    for side in (now, then):
        kept = side[column].iloc[777]
        side.loc[777, column] = WILD
        assert verdicts(now, then) == plain
        side.loc[777, column] = kept


def _whole(found: dict[tuple[Any, ...], str]) -> tuple[Any, Any]:
    return next((start, every) for name, column, start, every in found if every is None)
