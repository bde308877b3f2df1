"""Power on sampled pages at reduced size: changes leave single columns alone, results resume, pages are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bench import drawn_sampled as drawn
from bench import power_sampled as power


@pytest.mark.parametrize("shift", ["two columns part", "a column follows another's size"])
def test_changes_of_columns_together_leave_each_column_alone(shift: str) -> None:
    pair = drawn.page(np.random.default_rng(1), drawn.TOGETHER, 20_000, shift)
    for j in range(6):
        before, now = (side[:, j][~np.isnan(side[:, j])] for side in (pair.reference, pair.current))
        assert stats.ks_2samp(before, now).statistic < 0.02  # about 1.63 * sqrt(1 / n + 1 / 2n)
    a, b = (np.corrcoef(s[:, 0], s[:, 3])[0, 1] for s in (pair.reference, pair.current))
    assert a == pytest.approx(0.7 / 1.49**0.5, abs=0.02)
    assert b == pytest.approx(0.0 if shift == "two columns part" else a, abs=0.03)


def test_changed_texts_are_changed_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    pairs = {s: drawn.page(rng, drawn.TEXTS, 2000, s) for s in drawn.SHIFTS[drawn.TEXTS]}
    new = np.mean(["x" in t for t in pairs["a new topic in one of four"].current])
    assert new == pytest.approx(0.25, abs=0.04)
    short = np.mean([len(t.split()) <= 3 for t in pairs["one in three cut short"].current])
    assert short == pytest.approx(1 / 3 + 2 / 3 / 12, abs=0.04)
    assert all(3 <= len(t.split()) < 15 for t in pairs["one word in four another"].current)


def test_texts_are_measured_resumed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "done.jsonl"
    options = ["--kinds", drawn.TEXTS, "--sizes", "500", "--runs", "4", "--results", str(path)]
    assert power.main(options) == 0
    rows = power.finished(drawn.TEXTS, path, runs=4)
    assert [row["shift"] for row in rows] == list(drawn.SHIFTS[drawn.TEXTS])
    assert rows[0]["evidence often"] == rows[0]["verdict"] == 1.0
    often, seldom = power.tables(drawn.TEXTS, rows)
    assert often.count("\n") == seldom.count("\n") == 4
    assert "| a new topic in one of four | 500 | 4 | 2 | 100.0% (34.2 to 100.0) |" in often
    monkeypatch.setattr(power, "simulate", lambda *_: pytest.fail("ran a finished cell"))
    assert power.main(options) == 0


def test_every_method_measures_columns_together() -> None:
    rng = np.random.default_rng(3)
    calm, moved = (
        [power.measure(rng, drawn.page(rng, drawn.TOGETHER, 800, shift)) for _ in range(2)]
        for shift in ("", "mean + 0.5 sd")
    )
    found = power.one_number(drawn.TOGETHER, moved, calm)
    assert set(found) == {"evidence", "verdict", *power.OTHERS[drawn.TOGETHER]}
    assert all(np.isfinite(values).all() and len(values) == 2 for values in found.values())
    still = power.one_number(drawn.TOGETHER, calm, calm)
    assert found["classifier of trees"].min() > still["classifier of trees"].max()
