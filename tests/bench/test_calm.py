"""Calm pages at reduced size: it resumes, counts by page, and a page that speaks too often fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import calm


def test_two_logs_are_drawn_once_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, page = tmp_path / "results.jsonl", tmp_path / "page.md"
    options = ["--draws", "2", "--results", str(results), "--page", str(page)]
    assert calm.main(options) == 1  # two logs cannot prove six in a hundred
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [row["seed"] for row in rows] == [0, 1]
    assert all(set(row) == {"seed", *calm.PAGES} for row in rows)
    assert all(f"| {name} | 2 | " in page.read_text() for name in calm.PAGES)
    monkeypatch.setattr(calm, "draw", lambda _: pytest.fail("drew a finished log"))
    calm.main(options)


def test_a_page_that_speaks_too_often_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(seed: int) -> dict[str, bool]:
        return {**dict.fromkeys(calm.PAGES, False), "drift": seed % limit == 0}

    monkeypatch.setattr(calm, "draw", draw)
    for limit, code in ((16, 1), (40, 0)):
        target = tmp_path / f"{limit}.jsonl"
        options = ["--draws", "1000", "--results", str(target), "--page", str(tmp_path / "p.md")]
        assert calm.main(options) == code


def test_words_of_a_change_are_heard() -> None:
    """A log whose scores are turned round is no calm page."""
    import numpy as np

    from analytics.core import Result, Window

    moved = Result(
        name="roc_auc", value=0.5, n=1000, verdict="critical", window=Window(), low=0.45, high=0.55,
        n_labelled=1000, detail={"better": "higher", "unit": "share", "label": "ROC AUC",
                                 "change": -0.3, "reference": 0.8},
    )  # fmt: skip
    assert calm.says([moved]) and not calm.says([])
    frame = calm.rows(np.random.default_rng(0), 500, "p")
    assert set(frame.label) == {"0", "1"} and frame.timestamp.is_monotonic_increasing
