"""The same number by several methods: which there are, which leads, and that a broken assumption shows."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from analytics.core import Column, Question, Schema, Scope, Window
from analytics.errors import UsageError
from analytics.estimate.importance import liken
from analytics.evaluate.estimate import estimate
from analytics.evaluate.opinions import opinions
from analytics.evaluate.performance import performance
from analytics.findings.opinions import opinions_sentence

file = sys.modules[opinions.__module__]

START, MIDDLE, END = datetime(2026, 1, 1), datetime(2026, 1, 11), datetime(2026, 1, 21)
BEFORE, NOW = Scope(window=Window(START, MIDDLE)), Scope(window=Window(MIDDLE, END))


def log(build, centre: float, flips: float = 0.0, n: int = 4000):  # type: ignore[no-untyped-def]
    """A score that knows a column in part; in the second half the column moves, or labels flip."""
    rng = np.random.default_rng(4)
    rows, labels = [], []
    for i in range(n):
        moment = START + timedelta(days=20 * i / n)
        late = moment >= MIDDLE
        distance = float(rng.normal(centre if late else 0.0))
        other = float(rng.normal())
        truth = 1 / (1 + np.exp(-(1.5 * distance + other - 1.2 * max(distance, 0.0))))
        score = round(float(1 / (1 + np.exp(-(0.6 * distance + other)))), 2)
        said = rng.random() < truth
        if late and rng.random() < flips:
            said = not said
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
             "prediction": "1" if score >= 0.5 else "0", "score": score, "distance": distance,
             "origin": "JFK"}
        )  # fmt: skip
        labels.append({"prediction_id": f"p{i}", "label": "1" if said else "0", "known_at": moment})
    return build([rows], [labels])


def test_a_round_learns_of_one_period_after_another(engine, build, monkeypatch) -> None:
    """Fits side by side swap the process's warning filters under each other, and warn of it."""
    dataset = log(build, 1.0)
    question = Question(replace(NOW, every="day"), BEFORE, ("accuracy",))
    seen: list[int] = []

    def noted(*sides: object) -> object:
        seen.append(threading.get_ident())
        return liken(*sides)

    monkeypatch.setattr(file, "liken", noted)
    found = opinions(engine.remembering(), dataset, question)
    assert len(seen) == 10 and set(seen) == {threading.get_ident()}
    assert found == opinions(engine, dataset, question)


def test_where_the_mix_changed_the_weighted_estimate_leads(engine, build) -> None:
    dataset = log(build, 1.0, n=8_000)
    found = opinions(engine, dataset, Question(NOW, BEFORE, ("accuracy", "roc_auc")))
    by = {(r.name, r.detail["method"]): r for r in found}
    assert {m for n, m in by if n == "accuracy"} == {
        "cbpe",
        "weighted",
        "importance",
        "blend",
        "atc",
    }
    assert {m for n, m in by if n == "roc_auc"} == {"cbpe", "weighted", "importance", "blend"}
    plain = estimate(engine, dataset, Question(NOW, BEFORE, ("roc_auc",)))[0]
    assert by[("roc_auc", "cbpe")].value == plain.value
    came = performance(engine, dataset, Question(NOW, None, ("roc_auc",)))[0].value
    lead = by[("roc_auc", "blend")]
    halves = [by[("roc_auc", name)].value for name in ("weighted", "importance")]
    followed = lead.detail["followed"]
    assert 0.5 < followed < 1.0 and lead in found
    assert lead.value == pytest.approx(plain.value + followed * (np.mean(halves) - plain.value))
    assert lead.detail["is_headline"] and not by[("roc_auc", "cbpe")].detail["is_headline"]
    assert abs(lead.value - came) < abs(plain.value - came)
    assert lead.low <= came <= lead.high
    for r in found:
        assert r.detail["assumes"] == "no concept drift" and r.n == 4000
        if r.detail["method"] in ("weighted", "importance", "blend"):
            assert 100 <= r.detail["n_effective"] < 4000 and r.detail["shift_auc_low"] > 0.5


def test_where_nothing_changed_plain_cbpe_leads_and_all_agree(engine, build) -> None:
    found = opinions(engine, log(build, 0.0), Question(NOW, BEFORE, ("accuracy",)))
    assert found[0].detail["method"] == "cbpe" and found[0].detail["is_headline"]
    assert found[0].detail["disagree"] is None
    reference = found[0].detail["reference"]
    for r in found:
        assert r.low <= reference + 0.02 and r.high >= reference - 0.02
    assert opinions_sentence(found) == "4 ways to estimate it agree within their intervals."


def test_periods_have_opinions_of_their_own(engine, build) -> None:
    question = Question(replace(NOW, every="week"), BEFORE, ("accuracy",))
    found = opinions(engine, log(build, 1.0), question)
    starts = {r.window.start for r in found}
    assert len(starts) == 3 and sum(r.detail["is_headline"] for r in found) == 3
    with pytest.raises(UsageError, match="too few to calibrate"):
        few = Scope(window=Window(START, START + timedelta(hours=6)))
        opinions(engine, log(build, 1.0), Question(NOW, few, ("accuracy",)))


def test_disagreement_asks_for_labels(engine, build) -> None:
    """Scores that all moved up without a column to show for it: confidence and calibration part."""
    dataset = log(build, 0.0)
    found = opinions(engine, dataset, Question(NOW, BEFORE, ("accuracy",)))
    low = [
        replace(r, value=0.5, low=0.49, high=0.51) if r.detail["method"] == "atc" else r
        for r in found
    ]
    head = replace(low[0], detail={**low[0].detail, "disagree": ["cbpe", "atc"]})
    text = opinions_sentence([head, *low[1:]])
    assert "Two ways to estimate it disagree" in text and "only labels can say which" in text
    assert "(ATC) says 0.500 ± 0.010" in text
    alone = opinions_sentence(found[:1])
    assert alone == "There is no second estimate to hold this one against."
    assert opinions_sentence([]) == "No method has an estimate of these rows."


def test_several_classes_and_regressions_have_opinions_too(engine, build) -> None:
    rng = np.random.default_rng(4)
    names = ("a", "b", "c")
    rows, labels = [], []
    for i in range(1500):
        score = rng.dirichlet([0.6, 0.6, 0.6])
        moment = START + timedelta(days=20 * i / 1500)
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
             "prediction": names[int(score.argmax())], "distance": float(rng.normal()),
             **{f"score_{c}": float(s) for c, s in zip(names, score, strict=True)}}
        )  # fmt: skip
        label = names[int(rng.choice(3, p=score))]
        labels.append({"prediction_id": f"p{i}", "label": label, "known_at": moment})
    base = (Column("prediction_id", "prediction_id", "text"), Column("timestamp", "timestamp", "time"),
            Column("prediction", "prediction", "categorical"), Column("distance", "feature", "numeric"))  # fmt: skip
    scored = tuple(Column(f"score_{c}", "score", "numeric", c) for c in names)
    dataset = build([rows], [labels], schema=Schema("multiclass", (*base, *scored), names))
    asked = ("accuracy", "f1_macro", "roc_auc_macro")
    found = opinions(engine, dataset, Question(NOW, BEFORE, asked))
    assert {r.detail["method"] for r in found} == {"cbpe", "weighted", "importance", "atc"}
    assert all(r.low <= r.detail["reference"] + 0.05 for r in found)
    assert all(r.high >= r.detail["reference"] - 0.05 for r in found)
    schema = Schema(
        "regression", (*base[:2], Column("prediction", "prediction", "numeric"), base[3])
    )
    for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
        row["prediction"], label["label"] = str(i % 7), str(i % 7 + rng.normal())
    numbers = build([rows], [labels], schema=schema)
    told = opinions(engine, numbers, Question(NOW, BEFORE, ("mae",)))
    assert [r.detail["method"] for r in told] == ["dle", "importance"]
    assert told[0].value == pytest.approx(told[1].value, rel=0.1)
