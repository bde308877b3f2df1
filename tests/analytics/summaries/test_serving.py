"""Serving from sheets: counts as the scan has them, quantiles within the bound that is said."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.core import Dataset, Question, Scope, Window
from analytics.evaluate import serving
from analytics.evaluate.headline import headline
from analytics.query.engine import Engine
from analytics.query.groups import count_groups
from analytics.query.serving import latencies, loads
from analytics.summaries import serving as sheets
from analytics.summaries.recipes import Group
from analytics.summaries.serving import (
    BOUND,
    KIND,
    served,
)
from analytics.summaries.store import Summaries
from tests.analytics.summaries.conftest import put_sheet

T0 = datetime(2024, 1, 1, 21, 40)
SHARES = (0.5, 0.95, 0.99)
N = 300
Build = Callable[..., Dataset]
Row = dict[str, Any]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sheets of a few rows are taken."""
    monkeypatch.setattr(sheets, "MIN_ROWS", 1)


def predictions(seed: int) -> list[Row]:
    rng, chance = np.random.default_rng(seed), random.Random(seed)
    spread = float(rng.uniform(0.01, 3))
    return [
        {
            "row": i, "prediction_id": f"p{i}", "prediction": "1",
            "timestamp": T0 + timedelta(seconds=int(rng.integers(0, 5 * 86_400 // 40)) * 40),
            "model_version": chance.choice(["v1", "v2", None]),
            "latency_ms": chance.choice([None, 7.0, 12.0, *rng.lognormal(3, spread, 9).tolist()]),
            "status": chance.choice(["ok", "ok", "ok", "error", None]),
        }
        for i in range(N)
    ]  # fmt: skip


moments = st.one_of(
    st.none(),
    st.integers(0, 7).map(lambda d: datetime(2024, 1, 1) + timedelta(days=d)),
    st.integers(-30, 5 * 1440).map(lambda m: T0 + timedelta(minutes=m)),
)
scopes = st.builds(
    lambda start, end, version, every, by_version: Scope(
        window=Window(start, end), version=version, every=every, by_version=by_version
    ),
    moments,
    moments,
    st.sampled_from([None, None, "v1"]),
    st.sampled_from([None, "hour", "day", "week", "month"]),
    st.booleans(),
)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.lists(scopes, min_size=2, max_size=4))
def test_counts_are_the_scans_and_quantiles_are_within_the_bound(
    own: Engine,
    build_once: Build,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    questions: list[Scope],
) -> None:
    chance, rows = random.Random(seed), predictions(seed)
    cuts = sorted(chance.sample(range(1, N), 4))
    dataset = build_once([rows[a:b] for a, b in zip([0, *cuts], [*cuts, N], strict=True)])
    parts = list(dataset.log("predictions").parts)
    chance.shuffle(parts)  # one part lacks a sheet, and one of the groups has no hours
    folder = tmp_path_factory.mktemp("summaries")
    own.summaries = Summaries(folder)
    put_sheet(own, dataset, KIND, [Group(tuple(parts[:2]), None, ("hour", "day"))], "first")
    groups = [Group((part,), None, ("day",)) for part in parts[2:4]]
    put_sheet(own, dataset, KIND, groups[: 1 + seed % 2], "second")
    for scope in questions:
        found = served(own, dataset, scope, SHARES)
        groups = count_groups(own, dataset, scope, with_labels=False)
        if found is None:  # no part with a sheet is touched
            continue
        assert list(found.groups) == groups
        assert found.loads == loads(own, dataset, scope)
        exact = latencies(own, dataset, scope, SHARES)
        assert {k: (v.n, v.largest) for k, v in found.latencies.items()} == {
            k: (v.n, v.largest) for k, v in exact.items()
        }
        for key, latency in exact.items():
            apart = np.array(found.latencies[key].quantiles) / np.array(latency.quantiles) - 1
            assert np.abs(apart).max() <= BOUND * (1 + 1e-9)


def half_counted(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Dataset, Question]:
    """A log of two parts of which one has a sheet, and its second half by day beside the first."""
    dataset = build_once([predictions(3)[:150], predictions(3)[150:]])
    own.summaries = Summaries(tmp_path_factory.mktemp("summaries"))
    parts = dataset.log("predictions").parts
    put_sheet(own, dataset, KIND, [Group(parts[:1], None, ("hour", "day"))], "made")
    middle = T0 + timedelta(days=2)
    asked = Question(Scope(window=Window(middle), every="day"), Scope(window=Window(None, middle)))
    return dataset, asked


def test_the_page_says_the_bound_and_keeps_its_verdicts(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dataset, asked = half_counted(own, build_once, tmp_path_factory)
    exact = serving(own, dataset, asked)
    quick = serving(own, dataset, replace(asked, is_exact=False))
    assert [(r.name, r.n, r.verdict, r.window) for r in quick] == [
        (r.name, r.n, r.verdict, r.window) for r in exact
    ]
    assert all(r.is_exact for r in exact)
    for ours, theirs in zip(quick, exact, strict=True):
        assert ours.is_exact == (not ours.name.startswith("latency"))
        assert ours.value is not None and theirs.value is not None
        assert abs(ours.value - theirs.value) <= ours.detail.get("bound", 0.0) * (1 + 1e-9)


def test_the_numbers_above_a_page_say_the_bound_too(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dataset, asked = half_counted(own, build_once, tmp_path_factory)
    exact = headline(own, dataset, asked)
    quick = headline(own, dataset, replace(asked, is_exact=False))
    named = [(r.name, r.n, r.n_labelled, r.verdict, r.window) for r in exact]
    assert [(r.name, r.n, r.n_labelled, r.verdict, r.window) for r in quick] == named
    assert {name for name, *_rest in named} == {"label_coverage", "latency_p95"}
    for ours, theirs in zip(quick, exact, strict=True):
        assert theirs.is_exact and ours.is_exact == (ours.name != "latency_p95")
        assert ours.value is not None and theirs.value is not None
        assert abs(ours.value - theirs.value) <= ours.detail.get("bound", 0.0) * (1 + 1e-9)


def test_a_verdict_at_the_end_of_the_bound_is_taken_from_the_rows(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A fifth slower is a warning: 20.05 ms beside 16.7 is, and its bin's middle may not say so."""
    rows = [
        row | {"latency_ms": 16.7 if i < 150 else 20.05, "status": "ok", "timestamp": T0 + timedelta(minutes=i)}
        for i, row in enumerate(predictions(5))
    ]  # fmt: skip
    dataset = build_once([rows[:150], rows[150:]])
    own.summaries = Summaries(tmp_path_factory.mktemp("summaries"))
    parts = dataset.log("predictions").parts
    put_sheet(own, dataset, KIND, [Group(parts, None, ("hour", "day"))], "made")
    middle = T0 + timedelta(minutes=150)
    asked = Question(Scope(window=Window(middle)), Scope(window=Window(None, middle)))
    found = headline(own, dataset, replace(asked, is_exact=False))
    assert [r.is_exact for r in found if r.name == "latency_p95"] == [True]
    assert found == headline(own, dataset, asked)
