"""What a plan of labels says, word by word."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.core import Result, Window
from analytics.estimate.plan import Need, Plan
from analytics.findings.plan import plan_sentence, progress_sentence


def plan(n: int, n_random: int, n_pool: int = 2000, metric: str = "accuracy") -> Plan:
    nothing = np.empty(0)
    need = Need(0.01, n, n_random, n_pool, 0.1)
    return Plan(metric, 0.01, need, 0, 0.0, 0.0, 0, 0, (), nothing, nothing, nothing)


def result(n: int, width: float | None, value: float | None = 0.934) -> Result:
    detail = {"n_from_plan": n, "plus_minus": width}
    return Result("accuracy", value, 2000, "ok", Window(), detail=detail)


def test_before_any_label() -> None:
    assert plan_sentence(plan(180, 640)) == (
        "To know accuracy to within 1 point, label 180 of the 2,000 rows without a label."
        " Drawn at random it would take 640, 460 more."
    )
    assert "nothing known so far" in plan_sentence(plan(640, 640))
    assert "too short for this goal" in plan_sentence(plan(50, 50, 50))
    assert "the mean absolute error to within 0.01" in plan_sentence(plan(9, 20, metric="mae"))


@pytest.mark.parametrize(
    ("n", "width", "is_reached", "end"),
    [
        (180, 0.009, True, "The goal of 1 point is reached: stop here."),
        (100, 0.009, False, "finish the plan."),
        (100, 0.021, False, "The goal is 1 point: about 80 more labels."),
        (180, 0.012, False, "label more of the rows that were drawn."),
    ],
)
def test_as_labels_come(n: int, width: float, is_reached: bool, end: str) -> None:
    said = progress_sentence(plan(180, 640), result(n, width), is_reached=is_reached)
    assert said.startswith(f"After {n} labels accuracy is 93.4 %, give or take")
    assert said.endswith(end)


def test_one_label_is_no_number() -> None:
    said = progress_sentence(plan(180, 640), result(1, None, None), is_reached=False)
    assert said == "1 of 180 rows are labelled; two are needed for a first number."
