"""What charts draw of a log, checked by counting by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from analytics.core import Question, Scope
from analytics.evaluate.behind import behind, column, delays
from analytics.evaluate.headline import facts, headline
from analytics.query.histograms import Histogram, LevelShares, bin_edges, versions
from analytics.query.serving import latencies

T0 = datetime(2013, 1, 7)


@pytest.fixture
def dataset(build):
    rows = [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "timestamp": T0 + timedelta(hours=i),
            "model_version": "v1" if i < 120 else "v2",
            "prediction": str(int(i % 4 == 0)),
            "score": (i % 100) / 100,
            "distance": None if i % 10 == 0 else float(i % 7),
            "origin": "JFK" if i % 3 else "LGA",
        }
        for i in range(200)
    ]
    labels = [
        {
            "prediction_id": f"p{i}",
            "label": str(int(i % 2 == 0)),
            "known_at": T0 + timedelta(hours=i) + timedelta(days=1 if i < 80 else 3),
            "source": "outcome",
        }
        for i in range(160)
    ]
    return build([rows], [labels])


QUESTION = Question(Scope(version="v2"), Scope(version="v1"))


def test_a_histogram_has_both_sides_on_shared_edges(engine, dataset) -> None:
    found = column(engine, dataset, QUESTION, "distance")
    assert isinstance(found, Histogram)
    assert found.edges.tolist() == [i - 0.5 for i in range(8)]  # whole numbers: bins of their own
    values = [i % 7 for i in range(120, 200) if i % 10]
    expected = np.bincount(values, minlength=7) / len(values)
    assert found.current == pytest.approx(expected)
    assert found.reference is not None and found.reference.sum() == pytest.approx(1)
    assert (found.n, found.n_missing) == (80, 8)


def test_levels_have_both_sides(engine, dataset) -> None:
    found = column(engine, dataset, QUESTION, "origin")
    assert isinstance(found, LevelShares)
    n_jfk = sum(1 for i in range(120, 200) if i % 3)
    assert found.levels[0] == "JFK" and found.current[0] == pytest.approx(n_jfk / 80)


def test_versions_come_in_the_order_of_their_first_row(engine, dataset) -> None:
    found = versions(engine, dataset, Scope())
    assert [(s.version, s.n) for s in found] == [("v1", 120), ("v2", 80)]


def test_delays_are_those_of_the_labels_that_arrived(engine, dataset) -> None:
    (days, share), delay = delays(engine, dataset, Question(Scope()))
    assert days[0] == 1.0 and days[-1] == 3.0
    assert share[0] == 0.0 and share[-1] >= 0.95
    assert delay is not None and delay.n == 160
    assert days[0] <= delay.median_s / 86_400 <= delay.p98_s / 86_400 <= days[-1]


def test_no_latency_was_logged(engine, dataset) -> None:
    assert latencies(engine, dataset, Scope()) == {}


def test_edges_of_one_value_and_of_infinity() -> None:
    assert bin_edges([np.array([2.5])]).tolist()[0] == 2.0
    assert len(bin_edges([np.linspace(0, 1, 500)])) == 41


def test_the_headline_counts_what_happened(engine, dataset) -> None:
    results = {r.name: r for r in headline(engine, dataset, Question(Scope()))}
    assert results["observed_rate"].value == pytest.approx(0.5)
    assert results["label_coverage"].value == pytest.approx(0.8)
    assert results["observed_rate"].low is not None and "latency_p95" not in results


def test_facts_say_what_stands_behind(engine, dataset) -> None:
    found = facts(engine, dataset, QUESTION, T0 + timedelta(days=60))
    assert found.now is not None and (found.now.n, found.now.n_labelled) == (80, 40)
    assert found.reference is not None and found.reference.n == 120
    assert not found.is_provisional


def test_curves_of_both_sides(engine, dataset) -> None:
    found = behind(engine, dataset, QUESTION)
    assert found.current.confusion is not None and found.current.confusion.n == 40
    assert found.reference.roc is not None and found.current.residuals is None
    assert behind(engine, dataset, Question(Scope())).reference.roc is None
