"""Calm logs under default monitors: what is counted, and that too many fail; looks at every period."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench import anytime, monitors


def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_calls: int) -> tuple[int, str]:
    def draw(seed: int, kind: str, a_day: int, *, is_own: bool) -> dict[str, Any]:
        is_false = seed < n_calls and (kind, a_day, is_own) == monitors.GRID[0]
        calls = ["drift ks amount"] if is_false else []
        return {"seed": seed, "kind": kind, "a_day": a_day, "is_own": is_own, "weeks": 5,
                "calls": calls, "harmless": 0}  # fmt: skip

    monkeypatch.setattr(monitors, "draw", draw)
    page = tmp_path / f"page{n_calls}.md"
    page.write_text(f"before\n{monitors.BEGIN}\nold\n{monitors.END}\nafter\n")
    results = tmp_path / f"{n_calls}.jsonl"
    options = ["--draws", "10", "--results", str(results), "--page", str(page)]
    return monitors.main(options), page.read_text()


def test_more_than_one_in_a_hundred_weeks_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, text = counted(tmp_path, monkeypatch, 6)
    assert few == 0  # 6 in 600 weeks
    assert "| all |  |  | 120 | 600 | 6 | 1.00 |" in text
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert counted(tmp_path, monkeypatch, 7)[0] == 1


@pytest.mark.parametrize(
    ("kind", "least"),
    [("two classes", 7), ("three classes", 7), ("regression", 7), ("two classes, by day", 0)],
)
def test_one_calm_log_is_walked_by_its_default_monitors(kind: str, least: int) -> None:
    found = monitors.draw(1, kind, 20, is_own=False)
    assert found["weeks"] >= least and found["calls"] == []


def test_histories_hold_the_promises_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    options = ["--runs", "60", "--detector-runs", "20", "--page", str(page)]
    assert anytime.main(options) == 0
    assert f"| {anytime.MONITOR} |" in page.read_text()


def test_a_rule_that_breaks_its_promise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = anytime.simulate(40)
    assert anytime.broken(lines, 40) == []
    loud = [anytime.Line(w.rule, 0.2, w.firsts, w.late) for w in lines]
    said = anytime.broken(loud, 40)
    assert len(said) == 4 + len(anytime.NAIVE)
