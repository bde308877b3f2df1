"""Alarms of river's detectors by period: beside a walk of one's own, for worse only, and dated once."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Question, Scope
from analytics.errors import NameUnknown, UsageError
from analytics.evaluate.alarms import alarms_by_period, detectable
from analytics.evaluate.performance import performance
from analytics.explain.detectors import LEAST, levels

START = datetime(2026, 1, 5)  # a Monday
A_WEEK = 60


def history(shares: list[float], seed: int = 6):  # type: ignore[no-untyped-def]
    """Rows and labels: a week has 60, of which that share is right; a label comes a day later."""
    rng = np.random.default_rng(seed)
    rows, labels, wrong = [], [], []
    for i in range(A_WEEK * len(shares)):
        moment = START + timedelta(weeks=i / A_WEEK)
        label = str(int(rng.random() < 0.5))
        is_right = rng.random() < shares[i // A_WEEK]
        wrong.append(0 if is_right else 1)
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
             "prediction": label if is_right else str(1 - int(label)), "score": 0.5,
             "distance": 1.0, "origin": "JFK"}
        )  # fmt: skip
        labels.append(
            {"prediction_id": f"p{i}", "label": label, "known_at": moment + timedelta(days=1)}
        )
    return rows, labels, wrong


@pytest.fixture
def fallen(build):  # type: ignore[no-untyped-def]
    rows, labels, wrong = history([0.9] * 12 + [0.6] * 8 + [0.95] * 8)
    return build([rows], [labels]), wrong


def asked(**scope):  # type: ignore[no-untyped-def]
    return Question(Scope(every="week", **scope), None, ("accuracy",))


@pytest.mark.parametrize("name", ["adwin", "page_hinkley"])
def test_they_are_counted_in_the_weeks_of_their_rows(engine, fallen, name: str) -> None:
    drift = pytest.importorskip("river.drift")
    dataset, wrong = fallen
    detector = {"adwin": drift.ADWIN, "page_hinkley": drift.PageHinkley}[name]()
    weeks: Counter[datetime] = Counter()
    for i, loss in enumerate(wrong):
        detector.update(float(loss))
        if detector.drift_detected:
            weeks[START + timedelta(weeks=i // A_WEEK)] += 1
    found = alarms_by_period(engine, dataset, asked(), name, now=None)
    worse = {r.window.start: r.detail["alarms"] for r in found if r.detail["alarms"]}
    fell, rose = START + timedelta(weeks=12), START + timedelta(weeks=20)
    assert worse == {w: n for w, n in weeks.items() if fell <= w < rose} != {}
    assert any(w >= rose for w in weeks) or name == "page_hinkley"  # a better level is no alarm
    (first, *_rest) = [r for r in found if r.detail["alarms"]]
    assert first.detail["reference"] == pytest.approx(0.9, abs=0.03)
    assert first.detail["after"] == pytest.approx(0.6, abs=0.12)
    plain = performance(engine, dataset, asked())
    assert [(r.value, r.low, r.n_labelled) for r in found] == [
        (r.value, r.low, r.n_labelled) for r in plain
    ]


def test_what_was_dated_stays_where_it_was(engine, fallen) -> None:
    """As of any earlier moment the alarms are those of today up to then."""
    pytest.importorskip("river")
    dataset, _wrong = fallen
    now = {
        r.window.start: r.detail["alarms"]
        for r in alarms_by_period(engine, dataset, asked(), "adwin", now=None)
    }
    for week in (11, 14, 17, 26):
        then = START + timedelta(weeks=week)
        for r in alarms_by_period(engine, dataset, asked(as_of=then), "adwin", now=None):
            if r.window.end is not None and r.window.end <= then - timedelta(days=1):
                assert r.detail["alarms"] == now[r.window.start]


def test_a_log_is_cut_by_rows_too(engine, fallen) -> None:
    pytest.importorskip("river")
    dataset, _wrong = fallen
    by_rows = Question(Scope(every=A_WEEK), None, ("accuracy",))
    rows, weeks = (
        [r.detail["alarms"] for r in alarms_by_period(engine, dataset, q, "adwin", now=None)]
        for q in (by_rows, asked())
    )
    assert rows == weeks


def test_only_means_of_bounded_losses_can_be_watched(engine, fallen) -> None:
    dataset, _wrong = fallen
    assert set(detectable(dataset)) == {"accuracy", "brier", "recall", "specificity", "precision"}
    for name in ("roc_auc", "log_loss"):
        question = Question(Scope(every="week"), None, (name,))
        with pytest.raises(UsageError, match=f"ADWIN cannot watch {name}") as found:
            alarms_by_period(engine, dataset, question, "adwin", now=None)
        assert "accuracy" in found.value.do
    with pytest.raises(NameUnknown):
        wrong = Question(Scope(every="week"), None, ("acuracy",))
        alarms_by_period(engine, dataset, wrong, "adwin", now=None)


@given(st.lists(st.integers(0, 1), min_size=2 * LEAST, max_size=60))
def test_the_levels_are_those_of_the_best_split(values: list[int]) -> None:
    """Beside all splits tried one by one."""
    row = np.array(values, dtype=float)
    before, after = levels(row)

    def left_over(at: int) -> float:
        return float(row[:at].var() * at + row[at:].var() * (len(row) - at))

    best = min(left_over(at) for at in range(LEAST, len(row) - LEAST + 1))
    ours = [
        left_over(at)
        for at in range(LEAST, len(row) - LEAST + 1)
        if (row[:at].mean(), row[at:].mean()) == pytest.approx((before, after))
    ]
    assert ours and min(ours) == pytest.approx(best, abs=1e-9)
