"""The benchmark of the search itself: it can tell a hit from a miss, and two logs of each kind behave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.core import Question, Scope
from analytics.evaluate import slices
from analytics.query.engine import Engine
from bench import slices_page
from bench.slices_found import LEAST, is_named, make


def test_a_planted_slice_is_named_and_another_is_not(tmp_path: Path) -> None:
    made = make(tmp_path, 1, is_planted=True)
    assert LEAST <= made.planted.sum() <= len(made.frame) / 4
    wrong = (made.frame["label"] != made.frame["prediction"]).to_numpy()
    assert abs(wrong[made.planted].mean() - 0.35) < 0.08
    assert abs(wrong[~made.planted].mean() - 0.15) < 0.02
    engine = Engine([tmp_path], threads=1)
    found = slices(engine, made.dataset, Question(Scope()))
    assert any(is_named(made, r) for r in found[:3])
    elsewhere = replace(made, planted=np.roll(~made.planted, 1))
    assert not any(is_named(elsewhere, r) for r in found[:3])
    clean = make(tmp_path, 2, is_planted=False)
    assert not clean.planted.any()
    assert all(r.verdict == "ok" for r in slices(engine, clean.dataset, Question(Scope())))


def test_a_section_that_is_written_leaves_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "slices.md"
    monkeypatch.setattr(slices_page, "PAGE", page)
    slices_page.keep(["## What it costs", "", "| a |", "|---|"])
    slices_page.keep(["## What is found", "", "98 of 100"])
    slices_page.keep(["## What it costs", "", "less"])
    assert page.read_text() == (
        f"{slices_page.HEAD}\n\n## What is found\n\n98 of 100\n\n## What it costs\n\nless\n"
    )
