"""Does a 95 % interval hold the truth 95 % of the time? Simulated, with fixed seeds, at n = 500.

The band is wide, because 400 logs leave two standard errors of 2.2 points; it catches an interval
that is wrong, not one that is a little off. ``python -m bench.coverage`` looks closer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.coverage import LAWS, coverage, page

N, LOGS = 500, 400


@pytest.mark.parametrize("task", sorted(LAWS))
def test_intervals_hold_the_truth(task: str) -> None:
    covered = coverage(task, N, LOGS)
    assert len(covered) >= (2 if task == "many" else 10)
    for (name, of), share in covered.items():
        is_cautious = name in ("roc_auc", "average_precision") and of in ("macro", "weighted")
        is_cautious |= name in (
            "brier_reliability",
            "hit_rate",
        )  # near nothing, where it cannot go below 0
        assert 0.92 <= share <= (1.0 if is_cautious else 0.98), (name, of, share)


def test_the_page_says_from_which_size_on(tmp_path: Path) -> None:
    found = {
        200: {"binary|f1|": 0.91, "binary|recall|": 0.95},
        500: {"binary|f1|": 0.94, "binary|recall|": 0.96},
    }
    text = page(found, 100)
    assert "| `f1` | binary | 91.0% | 94.0% | 500 |" in text
    assert "| `recall` | binary | 95.0% | 96.0% | 200 |" in text
