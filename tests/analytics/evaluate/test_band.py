"""The mean so far and its always-valid band: beside rows counted by hand, and honest about its kind."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pytest

from analytics.core import Question, Scope
from analytics.evaluate.band import PART, always_valid
from analytics.evaluate.performance import performance
from analytics.stats.sequences import asymptotic_width, gamma_exponential

START, WEEKS, A_WEEK = datetime(2026, 1, 5), 10, 80


def history(build, known=None, more=None):  # type: ignore[no-untyped-def]
    """Ten weeks; the sixth and later go wrong more often. (dataset, wrong, squared distances)"""
    rng = np.random.default_rng(4)
    rows, labels, wrong, brier = [], [], [], []
    for i in range(WEEKS * A_WEEK):
        moment = START + timedelta(weeks=i / A_WEEK)
        score = float(rng.uniform(0.05, 0.95))
        said = int(score >= 0.5)
        truth = int(rng.random() < score) if i < 5 * A_WEEK else int(rng.random() < 0.5)
        wrong.append(float(said != truth))
        brier.append((score - truth) ** 2)
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": moment,
             "model_version": "v1" if i % 2 else "v2", "prediction": str(said), "score": score,
             "distance": 1.0, "origin": "JFK"}
        )  # fmt: skip
        labels.append(
            {"prediction_id": f"p{i}", "label": str(truth),
             "known_at": moment + timedelta(days=1 if known is None else known(i)),
             **(more(i) if more else {})}
        )  # fmt: skip
    return build([rows], [labels]), np.array(wrong), np.array(brier)


def asked(*names: str, **scope):  # type: ignore[no-untyped-def]
    return Question(Scope(every="week", **scope), None, names)


def test_it_is_the_band_of_the_rows_themselves(engine, build) -> None:
    """Howard's bound written out: squared deviations from the mean of all earlier weeks."""
    dataset, wrong, brier = history(build)
    for name, loss in (("accuracy", wrong), ("brier", brier)):
        found = always_valid(engine, dataset, asked(name))
        assert len(found) == WEEKS
        spread = 0.0
        for i, r in enumerate(found):
            week = loss[i * A_WEEK : (i + 1) * A_WEEK]
            guess = loss[: i * A_WEEK].mean() if i else 0.5
            spread += float(((week - guess) ** 2).sum())
            n = (i + 1) * A_WEEK
            mean = float(loss[:n].mean())
            half = float(gamma_exponential(spread, 0.025)) / n
            low, high = max(mean - half, 0.0), min(mean + half, 1.0)
            three = (1 - mean, 1 - high, 1 - low) if name == "accuracy" else (mean, low, high)
            assert (r.value, r.low, r.high) == pytest.approx(three, rel=1e-9)
            assert (r.n, r.n_labelled, r.detail["part"]) == (n, n, PART)
            assert r.window.start == START and r.window.end == START + timedelta(weeks=i + 1)
            assert r.interval == "always valid, empirical Bernstein"


def test_the_last_one_is_the_metric_of_the_whole_window(engine, build) -> None:
    dataset, _wrong, _brier = history(build)
    names = ("accuracy", "brier", "log_loss", "recall", "precision")
    whole = {r.name: r for r in performance(engine, dataset, Question(Scope(), None, names))}
    last = {r.name: r for r in always_valid(engine, dataset, asked(*names))}
    for name in names:
        assert last[name].value == pytest.approx(whole[name].value, rel=1e-9)
        assert last[name].high - last[name].low > whole[name].high - whole[name].low


def test_what_has_no_bound_is_asymptotic_and_says_so(engine, build) -> None:
    dataset, _wrong, _brier = history(build)
    weeks = performance(engine, dataset, asked("roc_auc"))
    for name in ("log_loss", "roc_auc", "f1"):
        found = always_valid(engine, dataset, asked(name))
        assert {r.interval for r in found} == {"always valid, asymptotic"}
    ranks = always_valid(engine, dataset, asked("roc_auc"))
    values = np.array([r.value for r in weeks])
    inner = np.array([r.detail["se"] for r in weeks]) ** 2 * A_WEEK
    assert ranks[-1].value == pytest.approx(values.mean())
    sd = math.sqrt(float(inner.mean() + values.var()))
    half = float(asymptotic_width(WEEKS * A_WEEK, sd))
    assert ranks[-1].high - ranks[-1].value == pytest.approx(half, rel=1e-9)


def test_weighted_labels_have_no_bound(engine, build) -> None:
    more = lambda i: {"sampling_p": 0.2 if i % 5 == 0 else 1.0, "queue": "drawn"}  # noqa: E731
    dataset, _wrong, _brier = history(build, more=more)
    assert {r.detail["method"] for r in always_valid(engine, dataset, asked("accuracy"))} == {
        "asymptotic"
    }


def test_versions_have_their_own_and_thin_beginnings_no_band(engine, build) -> None:
    dataset, wrong, _brier = history(build)
    found = always_valid(engine, dataset, asked("accuracy", by_version=True))
    assert {r.version for r in found} == {"v1", "v2"} and len(found) == 2 * WEEKS
    odd = [r for r in found if r.version == "v1"]
    assert odd[-1].value == pytest.approx(1 - wrong[1::2].mean())
    days = always_valid(engine, dataset, Question(Scope(every=20), None, ("accuracy",)))
    assert days[0].verdict == "undefined" and days[0].low is None and "too few" in days[0].reason
    assert days[1].low is not None and days[1].n_labelled == 40


def test_weeks_that_wait_for_labels_are_left_out(engine, build) -> None:
    dataset, _wrong, _brier = history(build, known=lambda i: 10)
    now = START + timedelta(weeks=WEEKS)
    question = asked("accuracy", as_of=now)
    weeks = performance(engine, dataset, question, now=now)
    waiting = sum(r.detail["maturity"] == "provisional" for r in weeks)
    found = always_valid(engine, dataset, question, now=now)
    assert waiting >= 1 and len(found) == len(weeks) - waiting
    later = always_valid(engine, dataset, asked("accuracy"))
    assert [(r.value, r.low, r.high) for r in found] == [
        (r.value, r.low, r.high) for r in later[: len(found)]
    ]
