"""A model that begins to lean on another column is found in its log; what lacks for that is said."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from analytics.core import Question, Scope, Window
from analytics.errors import UsageError
from analytics.evaluate.leaning import leaning
from analytics.findings.leaning import say_leaning

START, MIDDLE, END = datetime(2026, 1, 1), datetime(2026, 1, 11), datetime(2026, 1, 21)
BEFORE, NOW = Scope(window=Window(START, MIDDLE)), Scope(window=Window(MIDDLE, END))


def test_a_swap_in_the_log_is_said_in_words(engine, build) -> None:
    rng = np.random.default_rng(8)
    rows = []
    for i in range(2600):
        moment = START + timedelta(days=20 * i / 2600)
        distance, origin = float(rng.normal()), str(rng.choice(["JFK", "LGA", "EWR"]))
        told = (2.0, 0.4) if moment < MIDDLE else (0.5, 3.0)
        score = 1 / (1 + np.exp(-(told[0] * distance + told[1] * ((origin == "JFK") - 1 / 3))))
        rows.append({"row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
                     "prediction": str(int(score > 0.5)), "score": float(score), "distance": distance,
                     "origin": origin})  # fmt: skip
    dataset = build([rows], [[]])
    found = {r.column: r for r in leaning(engine, dataset, Question(NOW, BEFORE))}
    assert found["distance"].verdict == "critical" and found["origin"].verdict == "critical"
    assert found["distance"].detail["reference"] > 0.9 > found["distance"].value
    said = say_leaning(list(found.values()))
    assert said.title == "The model leans more on origin and less on distance"
    assert "1,300 rows, 8 surrogates a side" in said.sentence and "points less)" in said.sentence
    calm = say_leaning(leaning(engine, dataset, Question(BEFORE, BEFORE)))
    assert calm.verdict == "ok" and "distance counts most" in calm.sentence
    with pytest.raises(UsageError, match="needs a reference"):
        leaning(engine, dataset, Question(NOW))
