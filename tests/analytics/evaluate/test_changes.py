"""When a level changed: found at its week with a span that holds it, and by river's detectors."""

from __future__ import annotations

import csv
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analytics.core import Question, Scope
from analytics.errors import NameUnknown, UsageError
from analytics.evaluate.changes import changes, detections
from analytics.evaluate.performance import performance
from analytics.explain.detectors import detect

START = datetime(2026, 1, 5)  # a Monday


@pytest.fixture
def fallen(build):  # type: ignore[no-untyped-def]
    """Twenty weeks of 60 rows: right nine times of ten, from the thirteenth week on six of ten."""
    rng = np.random.default_rng(6)
    rows, labels = [], []
    for i in range(1200):
        moment = START + timedelta(weeks=i / 60)
        label = str(int(rng.random() < 0.5))
        right = rng.random() < (0.9 if i < 720 else 0.6)
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
             "prediction": label if right else str(1 - int(label)), "score": 0.5, "distance": 1.0,
             "origin": "JFK"}
        )  # fmt: skip
        labels.append({"prediction_id": f"p{i}", "label": label, "known_at": moment})
    return build([rows], [labels])


def test_a_fall_is_found_in_its_week(engine, fallen) -> None:
    (found,) = changes(engine, fallen, Question(Scope(), None, ("accuracy",)))
    fell = START + timedelta(weeks=12)
    first, last = map(datetime.fromisoformat, found.detail["between"])
    assert first <= fell <= last and last - first <= timedelta(weeks=2)
    weeks = performance(engine, fallen, Question(Scope(every="week"), None, ("accuracy",)))
    after = np.mean([r.value for r in weeks if r.window.start >= found.window.start])
    assert found.detail["after"] == pytest.approx(after, abs=0.01)
    assert found.low < -0.3 < found.high and found.detail["p_value"] < 0.01
    assert found.n == found.n_labelled == 60 * round((START + timedelta(weeks=20) - found.window.start).days / 7)  # fmt: skip


def test_where_there_is_none_it_says_so(engine, fallen) -> None:
    calm = Question(Scope(every=60), None, ("roc_auc",))
    (none,) = changes(engine, fallen, calm)  # a score that never moves ranks nothing
    assert none.value is None and none.reason
    (few,) = changes(engine, fallen, Question(Scope(every="month"), None, ("accuracy",)))
    assert few.verdict == "undefined" and "too few periods" in few.reason


def test_detectors_walk_over_the_losses_of_rows(engine, fallen) -> None:
    pytest.importorskip("river")
    found = detections(engine, fallen, Question(Scope(), None, ("accuracy",)), "adwin")
    assert found and 720 < found[0].detail["at_row"] < 1000
    assert found[0].window.end == START + timedelta(weeks=found[0].detail["at_row"] / 60)
    assert (
        found[0].n == found[0].detail["at_row"] + 1
        and found[0].low < found[0].value < found[0].high
    )
    with pytest.raises(UsageError, match="roc_auc is no mean over rows"):
        detections(engine, fallen, Question(Scope(), None, ("roc_auc",)), "adwin")
    with pytest.raises(NameUnknown, match="no detector 'ddm'"):
        detections(engine, fallen, Question(Scope()), "ddm")


def test_published_alarms_come_out(shared: Path) -> None:
    """River's documented stream: ADWIN at 1023, Page-Hinkley at 1006, positions from 0."""
    pytest.importorskip("river")
    with (shared / "data/streams/stream_step_seed12345.csv").open() as lines:
        values = np.array([float(row["value"]) for row in csv.DictReader(lines)])
    assert detect("adwin", values) == [1023]
    assert detect("page_hinkley", values) == [1006]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(UsageError, match="needs the package river") as found:
        detect("adwin", np.zeros(3))
    assert "drift-detectors" in str(found.value)
