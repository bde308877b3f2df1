"""The difference that seeing the model first makes, beside Newcombe's published example."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.agreement.anchoring import FEW, anchoring


def test_newcombes_published_example() -> None:
    """Newcombe (1998), table II, example (a), method 10."""
    found = anchoring((56, 70), (48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_no_effect_is_seldom_called_one() -> None:
    rng = np.random.default_rng(3)
    runs, wrong = 400, 0
    for _ in range(runs):
        found = anchoring((int(rng.binomial(60, 0.8)), 60), (int(rng.binomial(540, 0.8)), 540))
        assert found.low is not None and found.high is not None
        wrong += not found.low <= 0 <= found.high
    assert wrong / runs <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)


def test_few_answers_say_nothing() -> None:
    assert anchoring((10, 29), (300, 400)).reason == FEW
