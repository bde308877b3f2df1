"""The labels bench at reduced size: it resumes, plans beat random, chosen rows are what was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analytics.estimate.plan import Expected
from bench import label_estimates, label_loop, labels


def test_known_risks_save_labels_and_hold() -> None:
    rng = np.random.default_rng(1)
    risk = rng.beta(0.3, 4.0, 2000)
    loss = (rng.random(2000) < risk).astype(float)
    expected = Expected(risk, risk * (1 - risk))
    problem = label_estimates.Problem("made up", loss, expected, (0.01, 0.02), is_share=True)
    found = label_estimates.measure(problem, 60)
    plan, _plain, at_random = found.needed["0.02"]
    assert plan <= 0.8 * at_random
    assert abs(found.bias) <= 4 * found.bias_se
    assert found.covered >= 0.85 and found.n_stopped >= min(found.planned["0.02"], 300)


def test_random_needs_are_those_of_a_finite_pool() -> None:
    loss = np.repeat([1.0, 0.0], [156, 1491])  # digits of the published comparison: 1,098
    assert label_estimates._random(loss, 0.01) == pytest.approx(1098, abs=1)


@pytest.mark.parametrize("name", label_loop.SETS)
def test_splits_hold_what_they_say(name: str) -> None:
    split = label_loop.SETS[name](0)
    assert split.n < len(split.new[1]) and len(split.later[1]) >= 70
    if name in ("wine", "breast cancer"):
        for chosen in label_loop.choices(split, 0).values():
            assert len(set(chosen.tolist())) == split.n


def test_the_page_is_written_and_finished_parts_are_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_loop, "SETS", {"wine": label_loop.wine})
    monkeypatch.setattr(label_loop, "PEER", tmp_path / "absent")
    one = label_estimates.problems()[:1]
    monkeypatch.setattr(label_estimates, "problems", lambda: one)
    page, results = tmp_path / "page.md", tmp_path / "results.json"
    given = ["--draws", "20", "--runs", "3", "--page", str(page), "--results", str(results)]
    assert labels.main(given) == 0
    text = page.read_text()
    assert "| digits | 1,647 | 9.47 | 1 point |" in text and "| wine | 15 |" in text
    assert "not run" in text and "nan" not in text
    kept = json.loads(results.read_text())
    monkeypatch.setattr(label_loop, "run", lambda *_: pytest.fail("ran a finished part"))
    monkeypatch.setattr(label_estimates, "run", lambda *_: pytest.fail("ran a finished part"))
    assert labels.main(given) == 0
    assert json.loads(results.read_text()) == kept
