"""The calibration run at reduced size: it resumes, judges as the product does, and stays calm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import calibration


def test_quick_cells_stay_calm_and_finished_ones_are_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.jsonl"
    rows = calibration.run("quick", 40, path)
    assert len(rows) == 24
    # 40 runs cannot hold 6 %; at 4 % a count above 7 has a chance below 1 in 10,000
    assert max(row["flagged"] for row in rows) <= 7
    monkeypatch.setattr(calibration, "simulate", lambda *_: pytest.fail("ran a finished cell"))
    assert calibration.run("quick", 40, path) == rows


def test_a_line_that_was_cut_off_is_not_finished(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    assert calibration.read_results(path) == {}
    first, second, _third = calibration.simulate(calibration.Simulation("heavy", 100, 100), 5)
    path.write_text("\n".join(["", json.dumps(first), json.dumps(second)[:20]]), encoding="utf-8")
    assert calibration.read_results(path) == {"heavy/100/100/1/5": first}
    assert calibration.table([first]).endswith("| 5 | 0.0% | 43.4% | 0.0% |")


def test_the_limit_is_the_upper_end_of_the_interval() -> None:
    assert calibration.is_within_limit({"flagged": 40, "runs": 1000})
    assert not calibration.is_within_limit({"flagged": 50, "runs": 1000})


def test_a_shift_of_three_tenths_is_found() -> None:
    found = calibration.power(150)
    assert found["numeric, 0.3 sd"] >= 0.85
    assert found["numeric, 0.5 sd"] >= 0.99
    assert found["10 levels, 15 % of rows moved"] >= 0.9
