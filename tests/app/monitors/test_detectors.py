"""ADWIN and Page-Hinkley as the condition of a monitor: in a file, at the gate, rehearsed, and missing."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.errors import UsageError
from analytics.monitors.policy import Monitor
from app.ask import Desk
from app.cli import main
from app.monitors.asking import ask_monitor, incidents_of
from app.monitors.policies import monitor_of, plain_monitor, read_policy, write_policy
from app.monitors.rehearsal import rehearse_monitor, say_fitted, say_rehearsal
from app.monitors.saying import title_of
from app.monitors.watching import found_of
from app.settings import read_settings

START, WEEKS, BAD = datetime(2024, 1, 1), 16, 10
POLICY = """
[[monitor]]
name = "Rows that go wrong"
model = "m"
question = "performance"
names = ["accuracy"]
every = "week"
rule = "{rule}"
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Sixteen weeks of 300 rows; from the eleventh on 30 % go wrong, 8 % before."""
    dice, folder = np.random.default_rng(3), tmp_path_factory.mktemp("detectors")
    with (folder / "log.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "timestamp", "prediction", "label"])
        for i in range(300 * WEEKS):
            moment = START + timedelta(weeks=i / 300)
            said = int(dice.random() < 0.5)
            is_wrong = dice.random() < (0.3 if i >= 300 * BAD else 0.08)
            writer.writerow([f"p{i}", moment, said, 1 - said if is_wrong else said])
    home = str(folder / "home")
    base = ["--model", "m", "--positive", "1", "--home", home]
    assert main(["import", str(folder / "log.csv"), *base]) == 0
    with Desk(read_settings(home=home)) as found:
        yield found


def of(rule: str, **changes: Any) -> Monitor:
    base = {"name": "Rows", "model": "m", "question": "performance", "names": ("accuracy",)}
    return Monitor(**{**base, "every": "week", "rule": rule, **changes})


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "river", None)


@pytest.mark.parametrize("rule", ["adwin", "page_hinkley"])
def test_it_fires_on_the_fall_and_tells_the_level_before(desk: Desk, rule: str) -> None:
    pytest.importorskip("river")
    found = ask_monitor(desk, of(rule))
    assert found.error == ""
    (alert,) = found.alerts
    assert alert.first.start is not None and alert.first.start >= START + timedelta(weeks=BAD)
    (incident,) = incidents_of([found])
    title = title_of(found_of(incident))
    assert title.startswith("Accuracy fell to 0.") and "from 0.9" in title
    calm = ask_monitor(desk, of(rule, window=f"..{(START + timedelta(weeks=BAD)).date()}"))
    assert (calm.error, calm.alerts, calm.outcome) == ("", (), "pass")


@pytest.mark.parametrize("rule", ["adwin", "page_hinkley"])
def test_the_file_the_gate_and_the_rehearsal_are_the_same(
    desk: Desk, tmp_path: Path, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("river")
    path = tmp_path / "policy.toml"
    path.write_text(POLICY.format(rule=rule))
    (read,) = read_policy(path)
    again = tmp_path / "again.toml"
    again.write_text(write_policy([read]))
    assert read_policy(again) == [read] and monitor_of(plain_monitor(read)) == read
    capsys.readouterr()
    code = main(["check", str(path), "--json", "--home", str(desk.settings.home)])
    said = json.loads(capsys.readouterr().out)["monitors"][0]
    assert said["n_alerts"] == 1 and code == {"fail": 1, "pass": 0}[said["outcome"]]
    rehearsed = rehearse_monitor(desk, read)
    assert len(rehearsed.fired) == 1
    assert "once in 112 days" in say_rehearsal(rehearsed, "Accuracy")
    assert "no rate of alarms to set" in say_fitted(read, rehearsed, 1.0)


def test_without_the_extra_the_gate_says_what_to_install(
    desk: Desk, hidden: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY.format(rule="adwin"))
    assert main(["check", str(path), "--home", str(desk.settings.home)]) == 3  # never a pass
    said = capsys.readouterr().out
    assert "needs the package river" in said and "pip install -e .[drift-detectors]" in said
    with pytest.raises(UsageError, match="needs the package river") as found:
        rehearse_monitor(desk, of("adwin"))
    assert found.value.why and found.value.do


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": 0.5}, "limit"),
        ({"names": ()}, "names"),
        ({"every": None}, "every"),
        ({"question": "drift"}, "performance"),
        ({"hold": 2}, "hold"),
        ({"alpha": 0.01}, "rate of false alarms"),
    ],
)
def test_what_a_detector_cannot_be_told_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        of("adwin", **changes)


def test_a_number_that_is_no_mean_over_rows_is_an_error_of_the_monitor(desk: Desk) -> None:
    found = ask_monitor(desk, of("adwin", names=("f1",)))
    assert found.shown == "error" and "ADWIN cannot watch f1" in found.error
    assert found.outcome == "inconclusive"
