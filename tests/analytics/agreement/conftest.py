"""Published examples that stand beside the project, where they are there."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[4] / "shared"
Answers = tuple[list[tuple[str, str, str]], dict[str, str]]


@pytest.fixture(scope="session")
def published() -> tuple[dict[str, float], dict[str, Any]]:
    """Statistic to value, and the inputs that give them."""
    folder = SHARED / "reference"
    if not (folder / "known_small_examples.csv").exists():
        pytest.skip("the published examples are not beside the project")
    with (folder / "known_small_examples.csv").open() as file:
        values = {row["statistic"]: float(row["value"]) for row in csv.DictReader(file)}
    return values, json.loads((folder / "known_small_inputs.json").read_text())


@pytest.fixture(scope="session")
def crowd() -> Callable[[str], Answers]:
    """Answers (item, annotator, class) and the truth of a crowd that labelled images."""
    folder = SHARED / "data" / "annotators"
    if not folder.exists():
        pytest.skip("the annotators' answers are not beside the project")

    def read(name: str) -> Answers:
        with (folder / f"{name}_answer.csv").open() as file:
            answers = [(r["question"], r["worker"], r["answer"]) for r in csv.DictReader(file)]
        with (folder / f"{name}_truth.csv").open() as file:
            return answers, {r["question"]: r["truth"] for r in csv.DictReader(file)}

    return read
