"""What is said of headline metrics beside drift: the reference's own error and spread are its rows'."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from analytics.core import Question, Scope, Window
from analytics.evaluate.held import held
from analytics.stats.falls import fallen

START, MIDDLE, END = datetime(2026, 1, 1), datetime(2026, 1, 11), datetime(2026, 1, 21)
BEFORE, NOW = Scope(window=Window(START, MIDDLE)), Scope(window=Window(MIDDLE, END), every="day")


def log(build, rights: list[float]):  # type: ignore[no-untyped-def]
    """200 rows a day; the share of right predictions of each day."""
    rng = np.random.default_rng(6)
    rows, labels, right = [], [], []
    for day, share in enumerate(rights):
        for i in range(200):
            moment = START + timedelta(days=day + i / 200)
            said = "1" if rng.random() < 0.5 else "0"
            is_right = bool(rng.random() < share)
            right.append(is_right)
            rows.append({"row": len(rows), "prediction_id": f"p{len(rows)}", "timestamp": moment,
                         "model_version": "v1", "prediction": said, "score": 0.9 if said == "1" else 0.1,
                         "distance": 1.0, "origin": "JFK"})  # fmt: skip
            label = said if is_right else ("0" if said == "1" else "1")
            labels.append({"prediction_id": f"p{len(labels)}", "label": label, "known_at": moment})
    return build([rows], [labels]), np.array(right)


def test_the_reference_says_how_far_it_wanders(engine, build) -> None:
    rights = [0.9, 0.8] * 5 + [0.85] * 10
    dataset, right = log(build, rights)
    found = [r for r in held(engine, dataset, Question(NOW, BEFORE)) if r.name == "accuracy"]
    assert len(found) == 10 and {"roc_auc", "accuracy", "f1"} <= {
        r.name for r in held(engine, dataset, Question(NOW, BEFORE))
    }
    days = right[:2000].reshape(10, 200).mean(axis=1)
    told = (days * (1 - days) / 200).mean()
    detail = found[0].detail
    assert detail["spread"] == pytest.approx(np.sqrt(days.var(ddof=1) - told), rel=0.02)
    p = right[:2000].mean()
    assert detail["se_reference"] == pytest.approx(np.sqrt(p * (1 - p) / 2000), rel=0.05)


def test_a_fall_beyond_what_it_wanders_is_found_and_one_within_is_not(engine, build) -> None:
    for now, wanders, names in ((0.8, False, True), (0.9, False, False), (0.86, True, False)):
        before = [0.95, 0.85] * 5 if wanders else [0.9] * 10
        dataset, right = log(build, [*before, *[now] * 10])
        falls = {f.name: f for f in fallen(held(engine, dataset, Question(NOW, BEFORE)))}
        assert ("accuracy" in falls) == names
        if names:
            fall = falls["accuracy"]
            change = right[2000:].mean() - right[:2000].mean()
            assert fall.detail["change"] == pytest.approx(change) and fall.n_labelled == 2000
            assert fall.detail["change_low"] < change < fall.detail["change_high"] < 0
            assert fall.verdict == "critical"  # ten points, twice what counts
