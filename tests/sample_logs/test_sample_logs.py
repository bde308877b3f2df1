"""The sample logs hold what their README says, computed here another way than in the build."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import duckdb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

HERE = Path(__file__).resolve().parents[2] / "sample_logs"
README = (HERE / "README.md").read_text()
FLIGHTS = ("flight-late", "flight-delay")


def rows(sql: str) -> list[tuple[object, ...]]:
    """Run SQL in which {model/file} names a Parquet file."""
    text = re.sub(r"\{([\w-]+)/(\w+)\}", lambda m: f"'{HERE / m[1] / m[2]}.parquet'", sql)
    return duckdb.sql(text).fetchall()


def test_every_model_is_described_and_there() -> None:
    described = tomllib.loads((HERE / "sample.toml").read_text())
    assert set(described) == {*FLIGHTS, "digit-reader"}
    for name, model in described.items():
        assert model["notes"] and model["task"]
        assert {"predictions.parquet", "labels.parquet", "reference.parquet"} <= {
            p.name for p in (HERE / name).iterdir()
        }


@pytest.mark.parametrize("model", [*FLIGHTS, "digit-reader"])
def test_ids_are_unique_and_labels_belong_to_them(model: str) -> None:
    n, distinct = rows(
        f"SELECT count(*), count(DISTINCT prediction_id) FROM {{{model}/predictions}}"
    )[0]
    assert n == distinct
    orphans = rows(
        f"SELECT count(*) FROM {{{model}/labels}} l ANTI JOIN {{{model}/predictions}} p USING (prediction_id)"
    )
    assert orphans == [(0,)]


@pytest.mark.parametrize("model", FLIGHTS)
def test_labels_arrive_after_asking_and_not_for_all(model: str) -> None:
    n, early, median = rows(
        "SELECT count(*), count(*) FILTER (known_at <= timestamp),"
        f" median(date_diff('second', timestamp, known_at)) / 3600 FROM {{{model}/predictions}}"
        f" JOIN {{{model}/labels}} USING (prediction_id)"
    )[0]
    asked = rows(f"SELECT count(*) FROM {{{model}/predictions}}")[0][0]
    assert early == 0
    assert 0.96 < n / asked < 0.985  # type: ignore[operator]
    assert f"median {median:.1f} hours" in README


def test_the_fall_in_april_is_as_told() -> None:
    found = rows(
        "SELECT label = '1', score FROM {flight-late/predictions} JOIN {flight-late/labels}"
        " USING (prediction_id) WHERE model_version = 'v1' AND score IS NOT NULL"
        " AND timestamp >= '2013-04-01 05:00' AND timestamp < '2013-05-01 05:00'"
    )
    auc = roc_auc_score([r[0] for r in found], [r[1] for r in found])
    reference = rows(
        "SELECT label = '1', score FROM {flight-late/reference} WHERE score IS NOT NULL"
    )
    before = roc_auc_score([r[0] for r in reference], [r[1] for r in reference])
    assert f"AUC {before:.3f}" in README
    assert f"April ({auc:.3f})" in README
    assert before - auc > 0.05


def test_weather_is_missing_on_the_last_day() -> None:
    n, there = rows(
        "SELECT count(*), count(temp) FROM {flight-late/predictions}"
        " WHERE timestamp >= '2013-12-31 06:00' AND timestamp < '2014-01-01 04:00'"
    )[0]
    assert n > 200  # type: ignore[operator]
    assert there == 0


def test_pressure_is_left_out_when_it_rains() -> None:
    share = "round(100 * avg((pressure IS NULL)::INT), 1)"
    for day, words in (("2013-05-06", "6 May {} % have none"), ("2013-05-20", "20 May {} %")):
        found = rows(
            f"SELECT {share} FROM {{flight-late/predictions}}"
            f" WHERE date_trunc('week', timestamp) = '{day}'"
        )[0][0]
        assert words.format(found) in README
    before = rows(f"SELECT {share} FROM {{flight-late/reference}}")[0][0]
    assert f"{before} % in the reference. The weather stations" in README
    wet = dict(
        rows(
            "SELECT pressure IS NULL, round(100 * avg((precip > 0)::INT), 1)"
            " FROM {flight-late/predictions} WHERE temp IS NOT NULL GROUP BY ALL"
        )
    )
    assert f"rained on {wet[True]} % of the flights without it and on {wet[False]} %" in README


def test_the_minutes_are_furthest_off_in_summer() -> None:
    by_month = dict(
        rows(
            "SELECT month(timestamp), round(avg(abs(prediction - label)), 1)"
            " FROM {flight-delay/predictions} JOIN {flight-delay/labels} USING (prediction_id)"
            " WHERE timestamp < '2014-01-01' GROUP BY ALL"
        )
    )
    assert f"{by_month[4]} in April, and {by_month[6]} and {by_month[7]} in June" in README
    assert f"{by_month[10]} in October" in README


def test_new_places_were_not_in_the_reference() -> None:
    for place in ("ACK", "ABQ", "MVY", "ILM", "TVC"):
        n = rows(f"SELECT count(*) FROM {{flight-late/predictions}} WHERE dest = '{place}'")[0][0]
        before = rows(f"SELECT count(*) FROM {{flight-late/reference}} WHERE dest = '{place}'")[0][
            0
        ]
        assert before == 0
        assert f"{place} ({n})" in README


def test_both_flight_models_were_asked_the_same() -> None:
    assert rows(
        "SELECT count(*) FROM {flight-late/predictions} a JOIN {flight-delay/predictions} b"
        " USING (prediction_id) WHERE a.timestamp <> b.timestamp OR a.dest <> b.dest"
    ) == [(0,)]


def test_errors_are_those_of_unknown_categories() -> None:
    found = rows(
        "SELECT DISTINCT status, error_type, prediction IS NULL, error_message LIKE 'unknown category%'"
        " FROM {flight-late/predictions} ORDER BY 1"
    )
    assert found == [("error", "KeyError", True, True), ("ok", None, False, None)]


def test_digits_drift_and_two_thirds_of_the_labels_are_withheld() -> None:
    shared = rows(
        "SELECT count(*) FROM {digit-reader/labels} JOIN {digit-reader/withheld_labels} USING (prediction_id)"
    )
    assert shared == [(0,)]
    n = rows("SELECT count(*) FROM {digit-reader/predictions}")[0][0]
    labelled = rows("SELECT count(*) FROM {digit-reader/labels}")[0][0]
    assert labelled / n == pytest.approx(1 / 3, abs=0.02)  # type: ignore[operator]
    right = rows(
        "SELECT timestamp >= '2025-04-07', avg((prediction = label)::INT) FROM {digit-reader/predictions}"
        " JOIN (FROM {digit-reader/labels} UNION ALL FROM {digit-reader/withheld_labels})"
        " USING (prediction_id) GROUP BY 1 ORDER BY 1"
    )
    before, after = (float(r[1]) for r in right)  # type: ignore[arg-type]
    assert f"{before:.3f} in weeks 1 to 5 and {after:.3f} in weeks 6 to 8" in README
    assert before - after > 0.2


def test_scores_are_probabilities() -> None:
    found = rows("SELECT min(score), max(score) FROM {flight-late/predictions}")[0]
    assert 0 <= found[0] < found[1] <= 1  # type: ignore[operator]
    digits = rows(
        "SELECT " + " + ".join(f"score_{d}" for d in range(10)) + " FROM {digit-reader/predictions}"
    )
    assert np.allclose([r[0] for r in digits], 1, atol=1e-3)


def test_the_logs_are_small() -> None:
    assert sum(p.stat().st_size for p in HERE.rglob("*") if p.is_file()) <= 10_000_000
