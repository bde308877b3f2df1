"""Delays of labels counted by day: as many as the rows have, quantiles within the bound."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.core import Dataset, Scope, Window
from analytics.query import blocks
from analytics.query.engine import Engine
from analytics.query.groups import label_delay
from analytics.query.histograms import delay_curve
from analytics.summaries import delays
from analytics.summaries.delays import SHARES, quick_curve, quick_delay
from analytics.summaries.serving import BOUND
from analytics.summaries.store import Summaries

T0 = datetime(2024, 1, 1, 21, 40)
N = 300
Build = Callable[..., Dataset]
Row = dict[str, Any]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days of a few rows are counted."""
    monkeypatch.setattr(delays, "MIN_ROWS", 1)


def log_of(build: Build, seed: int, least_s: float = 1.0) -> tuple[Dataset, list[Row], list[Row]]:
    """Predictions of five days, and labels of most of them."""
    chance = random.Random(seed)
    rows = [
        {
            "row": i, "prediction_id": f"p{i}", "prediction": "1", "model_version": chance.choice(["v1", "v2"]),
            "timestamp": T0 + timedelta(minutes=chance.randrange(5 * 1440)),
        }
        for i in range(N)
    ]  # fmt: skip
    labels = [
        {
            "prediction_id": row["prediction_id"], "label": chance.choice("01"), "source": "outcome",
            "known_at": row["timestamp"] + timedelta(seconds=least_s + chance.lognormvariate(9, 2)),
        }
        for row in rows
        if chance.random() < 0.9
    ]  # fmt: skip
    return build([rows[:120], rows[120:]], [labels[::2], labels[1::2]]), rows, labels


moments = st.one_of(st.none(), st.integers(-30, 6 * 1440).map(lambda m: T0 + timedelta(minutes=m)))
windows = st.builds(Window, moments, moments)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.lists(windows, min_size=2, max_size=5))
def test_every_window_has_the_delays_of_its_rows(
    own: Engine, build_once: Build, seed: int, asked: list[Window]
) -> None:
    dataset, rows, labels = log_of(build_once, seed)
    own.summaries = Summaries()
    came = {label["prediction_id"]: label["known_at"] for label in labels}
    for window in asked:
        inside = [
            (came[r["prediction_id"]] - r["timestamp"]).total_seconds()
            for r in rows
            if r["prediction_id"] in came
            and (window.start is None or window.start <= r["timestamp"])
            and (window.end is None or r["timestamp"] < window.end)
        ]
        found = quick_delay(own, dataset, Scope(window=window))
        if not inside:
            assert found is None
            continue
        assert found is not None and found.n == len(inside)
        exact = np.quantile(inside, SHARES, method="inverted_cdf")
        apart = np.array([found.median_s, found.p90_s, found.p98_s]) / exact - 1
        assert np.abs(apart).max() <= BOUND * (1 + 1e-6)


def test_a_day_is_read_once(own: Engine, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, _rows, _labels = log_of(build, 1)
    own.summaries = Summaries()
    whole = quick_delay(own, dataset, Scope())
    spans: list[Any] = []
    count = delays._count
    monkeypatch.setattr(delays, "_count", lambda *given: spans.append(given[3]) or count(*given))
    assert quick_delay(own, dataset, Scope()) == whole
    assert not spans
    quick_delay(own, dataset, Scope(window=Window(T0, T0 + timedelta(days=3))))
    assert all(end - start < 86_400_000_000 for start, end in spans) and len(spans) == 2
    other = replace(dataset.log("labels"), parts=dataset.log("labels").parts[:1])
    fewer = replace(dataset, logs={**dataset.logs, ("production", "labels"): other})
    found = quick_delay(own, fewer, Scope())
    assert found is not None and whole is not None and found.n < whole.n


@pytest.mark.parametrize("scope", [Scope(version="v1"), Scope(as_of=T0 + timedelta(days=3))])
def test_what_days_cannot_tell_is_told_by_the_rows(own: Engine, build: Build, scope: Scope) -> None:
    dataset, _rows, _labels = log_of(build, 2)
    own.summaries = Summaries()
    assert quick_delay(own, dataset, scope) == label_delay(own, dataset, scope) is not None


def test_labels_that_stood_before_the_prediction_have_no_bin(own: Engine, build: Build) -> None:
    dataset, _rows, _labels = log_of(build, 3, least_s=-60_000.0)
    own.summaries = Summaries()
    assert quick_delay(own, dataset, Scope()) == label_delay(own, dataset, Scope()) is not None


def test_the_curve_of_days_is_that_of_the_rows_within_the_bound(own: Engine, build: Build) -> None:
    dataset, rows, labels = log_of(build, 4)
    own.summaries = Summaries()
    came = {label["prediction_id"]: label["known_at"] for label in labels}
    waits = [came[r["prediction_id"]] - r["timestamp"] for r in rows if r["prediction_id"] in came]
    days, shares = quick_curve(own, dataset, Scope())
    exact = np.quantile([w.total_seconds() / 86_400 for w in waits], shares, method="inverted_cdf")
    assert len(days) == len(shares) == len(delay_curve(own, dataset, Scope())[1])
    assert np.abs(np.array(days) / exact - 1).max() <= BOUND * (1 + 1e-6)
    early = Scope(as_of=T0 + timedelta(days=3))
    assert quick_curve(own, dataset, early) == delay_curve(own, dataset, early) != ((), ())


def test_no_statement_lays_more_labels_beside_rows_than_a_block_has(
    own: Engine, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dataset, rows, labels = log_of(build, 5)
    rows.sort(key=lambda row: row["timestamp"])
    cut = build([rows[:120], rows[120:]], [labels])
    read: list[Scope] = []
    count = delays._count_piece
    monkeypatch.setattr(delays, "_count_piece", lambda *given: read.append(given[2]) or count(*given))  # fmt: skip
    found = []
    for most in (10**9, 100):
        own.summaries = Summaries()
        monkeypatch.setattr(blocks, "SPAN_ROWS", most)
        read.clear()
        found.append((quick_delay(own, cut, Scope()), len(read)))
    (whole, n_whole), (pieces, n_pieces) = found
    assert whole == pieces and whole is not None and whole.n == len(labels)
    assert n_whole == 1 < n_pieces
    joined = sorted((s.window.start, s.window.end) for s in read)
    assert all(a[1] == b[0] for a, b in pairwise(joined))
