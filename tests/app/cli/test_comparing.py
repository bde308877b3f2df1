"""`telltale compare`: one JSON object with the differences, the slices, and the decision."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, Any, str]]


def write(path: Path, right: float, seed: int, version: str) -> Path:
    rng = random.Random(seed)
    lines = ["id,timestamp,model_version,prediction,label,place"]
    for i in range(1500):
        truth = random.Random(i).random() < 0.5
        said = truth if rng.random() < right else not truth
        day = 1 + i % 28
        lines.append(f"p{i},2024-01-{day:02d},{version},{int(said)},{int(truth)},{'ab'[i % 2]}")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def models(telltale: Run, tmp_path: Path) -> None:
    """Two models that scored the same rows; the first one is better."""
    for name, right in (("good", 0.9), ("poor", 0.8)):
        path = write(tmp_path / f"{name}.csv", right, len(name) + int(right * 100), name)
        assert telltale("import", str(path), "--model", name, "--positive", "1")[0] == 0


@pytest.mark.usefixtures("models")
def test_two_models_on_the_same_rows(telltale: Run) -> None:
    status, answer, err = telltale("compare", "--model", "good", "--with", "poor")
    assert (status, err) == (0, "")
    assert answer["decision"]["action"] == "promote"
    assert (answer["decision"]["method"], answer["decision"]["n_shared"]) == ("paired", 1500)
    first = answer["results"][0]
    assert first["name"] == "accuracy" and first["interval"] == "Bonett-Price"
    assert first["value"] == pytest.approx(
        first["detail"]["candidate"] - first["detail"]["baseline"]
    )
    slices = [r for r in answer["results"] if "conditions" in r["detail"]]
    assert {r["segment"] for r in slices} == {"place = 'a'", "place = 'b'"}
    back = telltale("compare", "--model", "poor", "--with", "good")[1]
    assert back["decision"]["action"] == "roll back"
    assert back["results"][0]["value"] == pytest.approx(-first["value"])
    assert back["findings"][0]["title"] == "Roll back poor"


@pytest.mark.usefixtures("models")
def test_both_sides_are_what_performance_says(telltale: Run) -> None:
    """The numbers of both sides are those of `telltale performance`."""
    answer = telltale("compare", "--model", "good", "--with", "poor", "--names", "accuracy")[1]
    sides = answer["results"][0]["detail"]
    for side, model in (("candidate", "good"), ("baseline", "poor")):
        alone = telltale("performance", "--model", model, "--names", "accuracy")[1]["results"][0]
        assert sides[side] == pytest.approx(alone["value"])
        assert sides[f"{side}_low"] == pytest.approx(alone["low"])


@pytest.mark.usefixtures("models")
def test_without_a_baseline_it_says_what_to_type(telltale: Run) -> None:
    status, answer, err = telltale("compare", "--model", "good")
    assert (status, answer) == (2, None)
    assert "--with MODEL" in err and "--reference" in err


@pytest.mark.usefixtures("models")
def test_the_period_before_is_a_baseline(telltale: Run) -> None:
    answer = telltale(
        "compare",
        "--model",
        "good",
        "--window",
        "2024-01-15..2024-01-29",
        "--reference",
        "previous",
    )[1]
    assert answer["decision"]["method"] in ("plain", "adjusted")
    assert answer["results"][0]["n"] == sum(1 for i in range(1500) if i % 28 >= 14)
