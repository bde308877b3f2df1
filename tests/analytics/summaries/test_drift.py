"""Drift from summaries is drift from rows, within the bounds that it states, and with its verdicts."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.core import Dataset, Every, Question, Result, Scope, Window
from analytics.drift import js, ks, psi, wasserstein
from analytics.evaluate.behind import column
from analytics.evaluate.drift import drift
from analytics.query.columns import numeric_values
from analytics.query.engine import Engine
from analytics.query.histograms import Histogram
from analytics.query.segment import parse_segment
from analytics.summaries import chooser
from tests.analytics.summaries.conftest import SCHEMA, T0, dataset_of, rows_of, summarise

module = importlib.import_module("analytics.evaluate.drift")
pytestmark = pytest.mark.usefixtures("eager")


def both(engine: Engine, dataset: Dataset, question: Question) -> tuple[list[Result], list[Result]]:
    """The results from summaries, and from rows."""
    free = replace(question, is_exact=False)
    return drift(engine, dataset, free), drift(engine, dataset, question)


def check(found: Sequence[Result], exact: Sequence[Result]) -> None:
    for one, other in zip(found, exact, strict=True):
        assert (one.name, one.column, one.version, one.window) == (
            other.name,
            other.column,
            other.version,
            other.window,
        )
        assert (one.n, one.n_labelled, one.verdict, one.reason) == (
            other.n,
            other.n_labelled,
            other.verdict,
            other.reason,
        )
        if one.is_exact:
            assert (one.value, one.low, one.high) == (other.value, other.low, other.high)
        else:
            assert one.value is not None and other.value is not None
            assert abs(one.value - other.value) <= one.detail["bound"] + 1e-12
        json.dumps(dict(one.detail))


@given(
    st.integers(0, 1000),
    st.sampled_from([None, "hour", "day", "week"]),
    st.booleans(),
    st.floats(0, 0.5),
    st.sampled_from([(), ("ks",), ("ks", "psi"), ("ks", "cvm"), ("missing_rate",)]),
    st.tuples(st.integers(0, 30), st.integers(40, 80)),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_verdicts_and_integers_are_those_of_the_rows(
    here: Engine,
    tmp_path: Path,
    seed: int,
    every: Every | None,
    by_version: bool,
    shift: float,
    names: tuple[str, ...],
    hours: tuple[int, int],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ks, "MOST_BOUND", 1.0)  # few rows in many bins
        patch.setattr(wasserstein, "MOST_BOUND", 10.0)
        for test in (psi, js):
            patch.setattr(test, "MOST_BOUND", 10.0)
        parts = [rows_of(seed + i, 400, shift=shift) for i in range(3)]
        dataset = dataset_of(tmp_path, parts, rows_of(seed + 9, 900))
        summarise(here, dataset, lambda p: [(q,) for q in p[:2]])  # the third part is scanned
        window = Window(*(T0 + timedelta(hours=h, minutes=20) for h in hours))
        for reference in (Scope("reference"), Scope(window=Window(None, window.start))):
            scope = Scope(window=window, every=every, by_version=by_version)
            check(*both(here, dataset, Question(scope, reference, names)))


def test_sums_are_taken_where_they_do_and_rows_where_they_do_not(
    here: Engine, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(ks, "MOST_BOUND", 1.0)
    monkeypatch.setattr(wasserstein, "MOST_BOUND", 10.0)
    dataset = dataset_of(tmp_path, [rows_of(1, 3000)], rows_of(2, 3000))
    summarise(here, dataset)
    read: list[str] = []
    plain = module._Read.__init__

    def spy(self: Any, engine: Engine, dataset: Dataset, question: Question, columns: Any) -> None:
        read.extend(c.name for c in columns)
        plain(self, engine, dataset, question, columns)

    monkeypatch.setattr(module._Read, "__init__", spy)

    def ask(question: Question) -> list[str]:
        read.clear()
        drift(here, dataset, question)
        return sorted(read)

    everything = ["city", "prediction", "x", "y"]
    question = Question(Scope(), Scope("reference"), is_exact=False)
    assert ask(question) == []
    assert ask(replace(question, names=("ks", "psi", "js", "hellinger"))) == []
    assert ask(replace(question, names=("cvm",))) == ["x", "y"]
    assert ask(replace(question, is_exact=True)) == everything
    segment = parse_segment("city = 'a'", SCHEMA)
    assert ask(replace(question, scope=Scope(segment=segment))) == everything
    assert ask(replace(question, scope=Scope(as_of=T0 + timedelta(days=9)))) == everything
    assert ask(replace(question, scope=Scope(every=500))) == everything
    # Against another reference than the grid's, tenths are known within bins; one value fills y's.
    other = replace(question, reference=Scope(window=Window(None, T0 + timedelta(days=1))))
    assert ask(other) == []
    monkeypatch.setattr(psi, "MOST_BOUND", 0.0)
    assert ask(other) == ["x"]
    assert ask(replace(other, names=("ks",))) == []


def test_another_window_is_answered_within_bounds_with_the_verdicts_of_the_rows(
    here: Engine, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(ks, "MOST_BOUND", 1.0)
    monkeypatch.setattr(wasserstein, "MOST_BOUND", 10.0)
    monkeypatch.setattr(chooser, "MIN_ROWS", 6000)
    earlier, later = (rows_of(1 + i, 3000, shift=0.5 * i) for i in range(2))
    for row in later:
        row["timestamp"] += timedelta(days=3)
    dataset = dataset_of(tmp_path, [earlier, later], [])
    summarise(here, dataset)
    at = T0 + timedelta(days=3)
    reference = Scope(window=Window(None, at))
    names = ("ks", "psi", "js", "hellinger")
    found, exact = both(
        here, dataset, Question(Scope(window=Window(at, None)), reference, names, is_exact=True)
    )
    check(found, exact)
    told = {r.name: r for r in found if r.column == "x"}
    for name in names:
        assert not told[name].is_exact and told[name].detail["bound"] > 0
        low, value, high = told[name].low, told[name].value, told[name].high
        assert low is not None and value is not None and high is not None
        assert low <= value - told[name].detail["bound"] or low == 0 or name == "ks"
        assert high >= value
    assert all(r.is_exact for r in found if r.column == "y" and r.name in names)
    assert {r.verdict for r in told.values()} != {"ok"}


def test_a_column_whose_verdict_is_in_doubt_is_read(
    here: Engine, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(ks, "MOST_BOUND", 1.0)
    dataset = dataset_of(tmp_path, [rows_of(1, 3000, shift=0.15)], rows_of(2, 3000))
    summarise(here, dataset)
    question = Question(Scope(), Scope("reference"), ("ks",))
    exact = next(r for r in drift(here, dataset, question) if r.column == "x")
    found = next(
        r for r in drift(here, dataset, replace(question, is_exact=False)) if r.column == "x"
    )
    assert not found.is_exact and found.detail["bound"] > 0
    assert found.detail["above_floor"] <= exact.detail["above_floor"]
    # A tolerance just between both ends: from counts alone nobody knows.
    least = found.detail["above_floor"]
    test = replace(ks.TEST, tolerance=(least + 1e-9, 1.0))
    monkeypatch.setattr(
        "analytics.evaluate.evidence.tests_for", lambda kind: (test,) if kind == "numeric" else ()
    )
    found = next(
        r for r in drift(here, dataset, replace(question, is_exact=False)) if r.column == "x"
    )
    assert found.is_exact and "bound" not in found.detail


@pytest.mark.parametrize("name", ["x", "y"])
def test_the_histogram_of_a_long_log_counts_the_rows_between_the_middle_of_both_sides(
    here: Engine, tmp_path: Path, name: str
) -> None:
    dataset = dataset_of(tmp_path, [rows_of(1, 3000, shift=0.2)], rows_of(2, 3000))
    summarise(here, dataset)
    question = Question(Scope(), Scope("reference"), is_exact=False)
    found = column(here, dataset, question, name)
    plain = column(here, dataset, replace(question, is_exact=True), name)
    assert isinstance(found, Histogram) and isinstance(plain, Histogram)
    assert (found.n, found.n_missing) == (plain.n, plain.n_missing)
    for scope, shares in ((Scope(), found.current), (Scope("reference"), found.reference)):
        values = numeric_values(here, dataset, scope, [name])[name][None, None][0]
        finite = values[np.isfinite(values)]
        assert shares is not None
        assert shares * len(finite) == pytest.approx(np.histogram(finite, found.edges)[0])
        assert 0.985 <= shares.sum() <= 1
        if scope == Scope():
            assert found.n_beyond == ((values < found.edges[0]) | (values > found.edges[-1])).sum()
    if name == "y":
        assert found.edges.tolist() == plain.edges.tolist()
    else:
        assert abs(found.edges[[0, -1]] - plain.edges[[0, -1]]).max() < 0.3


def test_the_more_rows_the_fewer_columns_are_held_and_the_answer_stays(
    here: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = dataset_of(tmp_path, [rows_of(1, 60), rows_of(2, 60)], rows_of(3, 80))
    question = Question(Scope(every="day"), Scope("reference"))
    at_once = drift(here, dataset, question)
    assert module.columns_at_once(dataset, question) == 5
    monkeypatch.setattr(module, "MOST_VALUES", 400)
    assert module.columns_at_once(dataset, question) == 2  # of 200 rows each
    monkeypatch.setattr(module, "MOST_VALUES", 1)
    assert module.columns_at_once(dataset, question) == 1
    assert drift(here, dataset, question) == at_once
