"""What an expression may say, what it gives beside plain Python, and what it may never become."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics import evaluate
from analytics.core import Column, CustomMetric, Dataset, Question, Result, Schema, Scope
from analytics.errors import UsageError
from analytics.query.engine import Engine
from analytics.query.expression import FUNCTIONS, compile_expression

T0 = datetime(2024, 1, 1)
RNG = np.random.default_rng(1)
X = RNG.normal(size=600).round(3)
SCORE = RNG.random(600).round(3)
TRUTH = RNG.random(600) < SCORE
SCHEMA = Schema(
    "binary",
    (Column("distance", "feature", "numeric"), Column("origin", "feature", "categorical")),
    ("0", "1"),
    "1",
)
ALLOWED = {*(sql for sql, _a, _b in FUNCTIONS.values()), "nullif", "cast"}


@pytest.fixture
def log(build: Callable[..., Dataset]) -> Dataset:
    rows = [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "timestamp": T0 + timedelta(hours=i),
            "model_version": "v1",
            "prediction": str(int(SCORE[i] > 0.5)),
            "score": float(SCORE[i]),
            "distance": None if i % 60 == 0 else float(X[i]),
            "origin": "JFK" if i % 3 else "O'Hare",
        }
        for i in range(600)
    ]
    labels = [{"prediction_id": f"p{i}", "label": str(int(TRUTH[i]))} for i in range(0, 600, 2)]
    return build([rows], [labels])


def ask(engine: Engine, log: Dataset, expression: str, aggregate: str, **more: Any) -> list[Result]:
    metric = CustomMetric("own", expression, aggregate, "lower")
    dataset = replace(log, schema=replace(log.schema, custom=(metric,)))
    return evaluate.performance(engine, dataset, Question(Scope(**more), None, ("own",)))


KEPT = np.arange(600) % 60 != 0
CASES = {
    "distance * 2 + 1": (X * 2 + 1)[KEPT],
    "abs(distance) % 0.5": (np.abs(X) % 0.5)[KEPT],
    "if(origin = 'O''Hare' or score > 0.9, power(distance, 2), 0)": np.where(
        (np.arange(600) % 3 == 0) | (SCORE > 0.9), X**2, 0
    )[KEPT | ~((np.arange(600) % 3 == 0) | (SCORE > 0.9))],
    "coalesce(distance, -1)": np.where(KEPT, X, -1),
    "-least(score, 0.5) - 1": -np.minimum(SCORE, 0.5) - 1,
    "length(origin)": np.where(np.arange(600) % 3 == 0, 6, 3),
}


@pytest.mark.parametrize("expression", CASES)
def test_means_are_those_of_numpy(engine: Engine, log: Dataset, expression: str) -> None:
    (found,) = ask(engine, log, expression, "mean")
    values = CASES[expression]
    assert found.value == pytest.approx(values.mean())
    assert found.detail["n_missing"] == 600 - len(values)
    low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    assert found.low == pytest.approx(low, abs=0.2 * (high - low))
    assert found.high == pytest.approx(high, abs=0.2 * (high - low))


def test_labels_make_it_a_matter_of_labelled_rows(engine: Engine, log: Dataset) -> None:
    (found,) = ask(engine, log, "label = '1' and prediction = '0'", "share")
    at = np.arange(0, 600, 2)
    wrong = TRUTH[at] & (SCORE[at] <= 0.5)
    expected = stats.binomtest(int(wrong.sum()), 300).proportion_ci(method="wilson")
    assert found.value == pytest.approx(wrong.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_sums_and_quantiles(engine: Engine, log: Dataset) -> None:
    (total,) = ask(engine, log, "score", "sum")
    assert total.value == pytest.approx(SCORE.sum())
    (p90,) = ask(engine, log, "score", "p90")
    assert p90.value == pytest.approx(np.quantile(SCORE, 0.9, method="inverted_cdf"))
    assert p90.low <= p90.value <= p90.high and p90.interval == "order statistics"


def test_periods_and_rows_add_up(engine: Engine, log: Dataset) -> None:
    days = ask(engine, log, "score", "sum", every="day")
    assert len(days) == 25
    assert sum(r.value or 0 for r in days) == pytest.approx(SCORE.sum())


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("read_csv('/etc/passwd')", "no function 'read_csv'"),
        ("distance; DROP TABLE x", "cannot be read"),
        ("(SELECT 1)", "no column 'SELECT'"),
        ("distnce + 1", "Did you mean 'distance'"),
        ("abs(1, 2)", "takes 1 arguments"),
        ("distance +", "its end"),
        ("if(score > 1, 2)", "takes 3"),
        ("", "empty"),
        ("1" * 501, "longer than 500"),
        ("(" * 40 + "1" + ")" * 40, "nested too deeply"),
        ("score -- comment", "no column 'comment'"),
        ("origin || 'x'", "cannot be read"),
        ("$s0", "cannot be read"),
    ],
)
def test_what_is_not_understood_is_said(log: Dataset, expression: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        compile_expression(expression, log.schema)
    assert words in str(error.value)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            ["distance", "origin", "score", "label", "1", "0.5", "'a'", "'; --'", "+", "-", "*", "/",
             "(", ")", ",", "and", "or", "not", "is null", "=", "<", "abs", "if", "select", "from",
             ";", "read_parquet", "--", '"', "system"]
        ),
        max_size=12,
    )
)  # fmt: skip
def test_nothing_but_the_list_comes_out(pieces: list[str]) -> None:
    """Whatever is typed: an error, or SQL of known names, functions of the list, and bound texts."""
    try:
        found = compile_expression(" ".join(pieces), SCHEMA)
    except UsageError:
        return
    without_names = re.sub(r'"(?:[^"]|"")*"', "", found.sql)
    assert "'" not in without_names.replace("'nan'", "")
    assert ";" not in without_names and "--" not in without_names
    called = set(re.findall(r"([A-Za-z_]+)\(", without_names))
    assert {c.lower() for c in called} <= ALLOWED
