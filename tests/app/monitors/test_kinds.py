"""Every question that a monitor may ask: it fires on what was planted, and on nothing before it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from analytics.errors import UsageError
from analytics.monitors.kinds import KINDS, Asks
from analytics.monitors.policy import Monitor
from app.ask import Desk
from app.cli import main
from app.ingest.outbox import flush
from app.ingest.words import Place
from app.monitors.asking import answers_of, ask_monitor, incidents_of, question_of
from app.monitors.policies import monitor_of, plain_monitor, read_policy, write_policy
from app.monitors.saying import title_of
from app.monitors.watching import found_of
from app.questions import Asked
from app.settings import read_settings

START, WEEKS, BAD = datetime(2024, 1, 1), 12, 8
CALM_WINDOW = f"2024-01-01..{(START + timedelta(weeks=BAD)).date()}"
PLANTED: dict[str, dict[str, Any]] = {
    "performance": {"names": ("accuracy",), "min_n": 30},
    "estimate": {"names": ("accuracy",), "alpha": 0.05},
    "drift": {"columns": ("x",)},
    "quality": {"names": ("missing_rate",), "columns": ("x",)},
    "volume": {},
    "label_coverage": {"rule": "below", "limit": 0.7},
    "latency": {"names": ("latency_p95",)},
    "errors": {"rule": "promise", "limit": 0.04, "names": ("error_rate",)},
    "serving": {"names": ("error_rate",)},
    "resources": {"rule": "above", "limit": 80.0, "names": ("cpu_percent",), "min_n": 10},
    "feedback": {"rule": "above", "limit": 0.5, "names": ("negative_rate",), "min_n": 30},
    "behaviour": {"rule": "below", "limit": 0.5, "names": ("acceptance",), "min_n": 30},
    "slice": {"segment": "g = 'b'", "names": ("accuracy",), "min_n": 30},
    "fairness": {"columns": ("g",), "names": ("equal_opportunity_difference",), "rule": "above",
                 "limit": 0.1, "every": "month", "alpha": 0.05},
}  # fmt: skip


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def planted(folder: Path) -> dict[str, str]:
    """Twelve weeks; from the ninth on everything is worse: fewer rows, labels, hits, and slower."""
    dice = np.random.default_rng(7)
    files: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("log", "reference", "resources", "feedback", "events")
    }
    for week in range(-4, WEEKS):
        is_bad = week >= BAD
        for i in range(200 if is_bad else 420):
            moment = START + timedelta(weeks=week, minutes=23 * i)
            name, group = f"w{week}n{i}", "ab"[i % 2]
            score = float(dice.beta(0.5, 0.5) if not is_bad or group == "a" else dice.beta(4, 4))
            is_hit = dice.random() < (0.5 if is_bad and group == "b" else 0.98)
            truth = int(dice.random() < score) if is_hit else int(score < 0.5)
            is_labelled = not is_bad or dice.random() < 0.5
            row = {
                "id": name, "timestamp": moment, "score": round(score, 4),
                "prediction": int(score >= 0.5), "label": truth if is_labelled else "",
                "latency_ms": round(float(dice.lognormal(3 + is_bad, 0.3)), 2),
                "status": "error" if dice.random() < (0.2 if is_bad else 0.005) else "ok",
                "x": "" if is_bad and i % 3 else round(float(dice.normal(3 * is_bad)), 3),
                "g": group,
            }  # fmt: skip
            files["reference" if week < 0 else "log"].append(row)
            if week < 0:
                continue
            is_liked = dice.random() < (0.1 if is_bad else 0.9)
            if i % 3 == 0:
                files["feedback"].append({
                    "prediction_id": name, "key": "thumbs", "score": int(is_liked),
                    "created_at": f"{moment.isoformat()}Z",
                })  # fmt: skip
            acts = ("prediction_shown", "prediction_accepted" if is_liked else
                    "prediction_overridden")  # fmt: skip
            for k, act in enumerate(acts):
                files["events"].append({
                    "event_id": f"{name}{act}", "event": act, "prediction_id": name,
                    "user_id": f"u{i % 9}", "timestamp": moment + timedelta(seconds=10 * k),
                })  # fmt: skip
        for hour in range(0, 168, 4):
            cpu = 95 if is_bad else 40
            files["resources"].append({
                "timestamp": START + timedelta(weeks=week, hours=hour),
                "cpu_percent": round(float(dice.normal(cpu, 2)), 2),
            })  # fmt: skip
    return {name: write(folder / f"{name}.csv", rows) for name, rows in files.items()}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("kinds")
    home, files = ["--home", str(folder / "home")], planted(folder)
    base = ["--model", "m", *home]
    kinds = {"resources": "resources", "feedback": "feedback", "events": "events"}
    for name in ("reference", "log", *kinds):
        more = ["--as", "reference"] if name == "reference" else []
        more += ["--kind", kinds[name]] if name in kinds else ["--positive", "1"]
        assert main(["import", files[name], *base, *more]) == 0, name
    with Desk(read_settings(home=str(folder / "home"))) as found:
        flush(Place(found.settings.home, found.database))
        yield found


def monitor(question: str, **changes: Any) -> Monitor:
    base = {"name": question, "model": "m", "question": question, "every": "week"}
    return Monitor(**{**base, **PLANTED[question], **changes})


def test_every_kind_is_planted_or_has_a_test_of_its_own() -> None:
    assert set(PLANTED) | {"freshness"} == set(get_args(Asks)) == set(KINDS)


@pytest.mark.parametrize("question", sorted(PLANTED))
def test_it_fires_on_what_was_planted_and_on_nothing_before(desk: Desk, question: str) -> None:
    found = ask_monitor(desk, monitor(question))
    assert found.error == ""
    assert found.alerts, {k: s.sign for k, s in found.last.items()}
    assert all(a.bad_from and a.bad_from > START + timedelta(weeks=BAD) for a in found.alerts)
    before = ask_monitor(desk, monitor(question, window=CALM_WINDOW))
    assert (before.error, before.alerts) == ("", ())
    assert question == "fairness" or any(seen.sign == "calm" for seen in before.last.values())
    (incident, *_rest) = incidents_of([found])
    assert (
        incident.kind
        == {"loss": "harm", "fault": "data", "moved": "drift"}[KINDS[found.monitor.question].means]
    )
    assert title_of(found_of(incident))


@pytest.mark.parametrize("question", sorted(PLANTED))
def test_the_file_is_the_same_for_the_screen_and_the_gate(
    tmp_path: Path, desk: Desk, question: str
) -> None:
    one = monitor(question)
    assert monitor_of(plain_monitor(one)) == one
    path = tmp_path / "policy.toml"
    path.write_text(write_policy([one, replace(one, name="calm", window=CALM_WINDOW)]))
    assert [m.name for m in read_policy(path)] == [question, "calm"]
    home = str(desk.settings.home)
    assert main(["check", str(path), "--home", home, "--json"]) in (1, 3)


def test_a_log_that_fell_silent_is_found_by_its_freshness(tmp_path: Path) -> None:
    now = datetime.now().replace(microsecond=0)
    rows = [
        {"id": i, "timestamp": now - timedelta(days=3) + timedelta(minutes=5 * i), "prediction": 1}
        for i in range(600)
    ]
    home = tmp_path / "home"
    path = write(tmp_path / "live.csv", rows)
    assert main(["import", path, "--model", "m", "--positive", "1", "--home", str(home)]) == 0
    fresh = Monitor("Live", "m", "freshness", severity="critical")
    end = rows[-1]["timestamp"]
    with Desk(read_settings(home=str(home)), now=lambda: end + timedelta(minutes=4)) as desk:
        soon = ask_monitor(desk, fresh)
    with Desk(read_settings(home=str(home)), now=lambda: end + timedelta(hours=9)) as desk:
        late = ask_monitor(desk, fresh)
    assert (soon.error, soon.outcome, late.outcome) == ("", "pass", "fail")
    (incident,) = incidents_of([late])
    kept = found_of(incident, now=end)
    assert incident.kind == "data"
    assert kept.started is not None and kept.started - end < timedelta(seconds=1)


@pytest.mark.parametrize(
    "change",
    [
        {"question": "slice", "segment": None},
        {"question": "fairness", "columns": ()},
        {"question": "fairness", "columns": ("g", "x"), "rule": "above", "limit": 0.1},
        {"question": "fairness", "columns": ("g",), "rule": "change"},
        {"question": "resources", "rule": "change"},
        {"question": "freshness", "every": "week"},
        {"question": "weather"},
    ],
)
def test_a_question_asked_wrongly_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Monitor(**{"name": "x", "model": "m", "every": "week", **change})


def test_a_number_that_a_question_does_not_give_is_an_error_and_no_pass(desk: Desk) -> None:
    for question in ("performance", "latency", "quality", "drift"):
        found = ask_monitor(desk, replace(monitor(question), names=("nonsense",)))
        assert found.error and found.outcome == "inconclusive", question
    for question in ("feedback", "resources"):
        found = ask_monitor(desk, replace(monitor(question), names=("nonsense",)))
        assert found.outcome == "inconclusive"
    assert question_of("fairness", "g") == "fairness:g"


def test_a_round_finds_what_each_question_finds_alone(desk: Desk) -> None:
    together = desk.for_a_round()
    assert together.dataset("m") is together.dataset("m")
    for question in sorted(PLANTED):
        one = monitor(question)
        assert ask_monitor(together, one) == ask_monitor(desk, one), question


def test_a_monitor_of_drift_judges_all_that_decides(desk: Desk) -> None:
    one = replace(monitor("drift"), columns=())
    whole = Asked(every="week")
    everything = desk.ask("drift", "m", whole)[2]
    assert {r.name for r in everything if not r.detail["decides"]} >= {"psi", "js"}
    found = {(r.name, r.column, r.window): r for r in answers_of(desk, one)}
    decides = {(r.name, r.column, r.window): r for r in everything if r.detail["decides"]}
    assert found
    assert found == {key: r for key, r in decides.items() if key in found}
    assert {key[:2] for key in found} == {key[:2] for key in decides}
