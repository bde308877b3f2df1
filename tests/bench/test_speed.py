"""The main questions are measured on a log of any length."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.ingest.beside import MIN_ROWS
from bench import speed
from bench.generated import make_log


def test_a_log_too_short_for_labels_beside_its_rows_is_measured_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed, "first_ask", speed.ask_once)  # in this process
    log, home = tmp_path / "log", tmp_path / "home"
    make_log(log, 2000)
    assert MIN_ROWS > 2000
    speed.bring_in(home, log)
    speed.measure(home, 1)
    told = capsys.readouterr().out
    assert "accuracy, F1, ROC AUC, first" in told
    assert "put beside" not in told
