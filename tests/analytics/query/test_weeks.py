"""Weeks that a round puts together of days: beside pandas, and beside an engine that scans them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Column, Dataset, Scope, Window
from analytics.query.columns import level_counts, missing_counts, numeric_values, outside_counts
from analytics.query.engine import Engine
from analytics.query.repeats import duplicate_rows
from analytics.query.weeks import in_days, week_of

T0 = datetime(2023, 12, 28)  # a Thursday
COLUMNS = [Column("distance", "feature", "numeric"), Column("origin", "feature", "categorical")]
BOUNDS = {"distance": (5.0, 40.0)}


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)))
def test_a_week_begins_on_its_monday(moment: datetime) -> None:
    day = int(pd.Timestamp(moment.date()).value // 1000)
    monday = pd.Timestamp(moment).to_period("W-SUN").start_time
    assert week_of(day) == monday.value // 1000
    assert week_of(np.array([day]))[0] == week_of(day)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Three weeks in part, values and levels missing now and then, some rows twice."""
    rng = np.random.default_rng(4)
    n = 900
    found = pd.DataFrame({"row": np.arange(n), "prediction_id": [f"p{i}" for i in range(n)]})
    found["timestamp"] = [T0 + timedelta(minutes=25 * i - i % 4 * 25) for i in range(n)]
    found["model_version"] = np.where(found["row"] < 500, "v1", "v2")
    found["distance"] = np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 4, n) * 15.0)
    found["origin"] = rng.choice(np.array(["JFK", "LGA", None], dtype=object), n, p=[0.5, 0.4, 0.1])
    found["week"] = found["timestamp"].dt.to_period("W-SUN").dt.start_time
    return found


@pytest.fixture(scope="module")
def dataset(build_once: Callable[..., Dataset], rows: pd.DataFrame) -> Dataset:
    plain: list[dict[str, Any]] = [
        {k: None if pd.isna(v) else v for k, v in row.items() if k != "week"}
        for row in rows.to_dict("records")
    ]
    for row in plain:
        row["timestamp"] = row["timestamp"].to_pydatetime()
    return build_once([plain[:400], plain[400:]])


def everything(engine: Engine, dataset: Dataset, scope: Scope) -> dict[str, Any]:
    numbers = numeric_values(engine, dataset, scope, ["distance"])["distance"]
    return {
        "numbers": {key: (found.tolist(), n) for key, (found, n) in numbers.items()},
        "levels": level_counts(engine, dataset, scope, ["origin"]),
        "missing": missing_counts(engine, dataset, scope, COLUMNS),
        "outside": {k: n for k, n in outside_counts(engine, dataset, scope, BOUNDS)["distance"].items() if n},
        "repeats": duplicate_rows(engine, dataset, scope),
    }  # fmt: skip


@pytest.mark.parametrize(
    "scope",
    [
        Scope(every="week"),
        Scope(every="week", by_version=True),
        Scope(every="week", version="v2"),
        Scope(every="week", window=Window(T0 + timedelta(days=2, hours=3), T0 + timedelta(days=9))),
    ],
)
def test_a_round_finds_what_a_scan_finds(engine: Engine, dataset: Dataset, scope: Scope) -> None:
    knowing = engine.remembering()
    assert in_days(knowing, scope).every == "day" and in_days(engine, scope) is scope
    by_day = replace(scope, every="day")
    assert everything(knowing, dataset, by_day) == everything(engine, dataset, by_day)
    for _again in range(2):  # what was remembered is not written to
        assert everything(knowing, dataset, scope) == everything(engine, dataset, scope)


def test_weeks_are_those_of_pandas(engine: Engine, dataset: Dataset, rows: pd.DataFrame) -> None:
    found = everything(engine.remembering(), dataset, Scope(every="week"))
    weeks = {int(week.value // 1000): mine for week, mine in rows.groupby("week")}
    assert len(weeks) == 3
    for week, mine in weeks.items():
        key, known = (week, None), mine["distance"].dropna()
        gone = int(mine["distance"].isna().sum())
        assert found["numbers"][key] == (sorted(known), gone)
        levels = mine["origin"].value_counts().to_dict()
        assert found["levels"]["origin"][key] == (levels, int(mine["origin"].isna().sum()))
        assert found["missing"]["distance"][key] == (len(mine), gone)
        assert found["outside"][key] == int(((known < 5) | (known > 40)).sum())
        twice = mine.duplicated(["timestamp", "distance", "origin"]).sum()
        assert found["repeats"][key] == (len(mine), int(twice)) and twice


def test_a_statement_by_day_serves_the_weeks(
    engine: Engine, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowing, ran = engine.remembering(), []
    run = Engine._run

    def noting(self: Engine, sql: str, values: Any) -> Any:
        ran.append(sql)
        return run(self, sql, values)

    monkeypatch.setattr(Engine, "_run", noting)
    everything(knowing, dataset, Scope(every="day"))
    n = len(ran)
    everything(knowing, dataset, Scope(every="week"))
    assert n >= 4 and len(ran) == n
