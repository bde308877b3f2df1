"""The task from labels, predictions and scores; and one schema over all imports."""

from __future__ import annotations

import pytest

from analytics.core import Column, Schema
from analytics.errors import RoleAmbiguous, UsageError
from analytics.sources.schema import merge_schema, schema_from_json, schema_to_json
from analytics.sources.task import TaskFacts, infer_task

WHOLE = {"is_numeric": True, "is_integer": True, "has_prediction": True}


@pytest.mark.parametrize(
    ("facts", "task", "classes", "positive"),
    [
        (TaskFacts(), "none", (), None),
        (TaskFacts(("0", "1"), **WHOLE), "binary", ("0", "1"), "1"),
        (TaskFacts(("1",), **WHOLE), "binary", ("0", "1"), "1"),
        (
            TaskFacts(("no", "yes"), has_label=True, has_prediction=True),
            "binary",
            ("no", "yes"),
            "yes",
        ),
        (TaskFacts(("False", "True"), has_prediction=True), "binary", ("False", "True"), "True"),
        (TaskFacts(has_score=True), "binary", ("0", "1"), "1"),
        (TaskFacts(("a", "b", "c"), has_prediction=True), "multiclass", ("a", "b", "c"), None),
        (
            TaskFacts(("a",), has_prediction=True, score_classes=("a", "b", "c")),
            "multiclass",
            ("a", "b", "c"),
            None,
        ),
        (TaskFacts(is_open=True, is_numeric=True, has_prediction=True), "regression", (), None),
        (TaskFacts(("0.5", "0.7"), is_numeric=True, has_prediction=True), "regression", (), None),
    ],
)
def test_inferred(facts: TaskFacts, task: str, classes: tuple[str, ...], positive: str) -> None:
    found = infer_task(facts)
    assert (found.task, found.classes, found.positive) == (task, classes, positive)


def test_a_few_whole_numbers_are_a_regression_and_it_is_said() -> None:
    facts = TaskFacts(("0", "1", "2", "3"), **WHOLE)
    assert infer_task(facts).task == "regression"
    assert "--task multiclass" in infer_task(facts).notes[0]
    assert infer_task(facts, "multiclass").classes == ("0", "1", "2", "3")


def test_only_a_person_can_say() -> None:
    with pytest.raises(RoleAmbiguous, match="positive class"):
        infer_task(TaskFacts(("good", "bad"), has_prediction=True))
    assert infer_task(TaskFacts(("good", "bad"), has_prediction=True), positive="bad").classes == (
        "bad",
        "good",
    )
    with pytest.raises(RoleAmbiguous, match="different texts"):
        infer_task(TaskFacts(is_open=True, has_prediction=True))


def test_what_cannot_be() -> None:
    three = TaskFacts(("a", "b", "c"), has_prediction=True)
    with pytest.raises(UsageError, match="two classes"):
        infer_task(three, "binary")
    with pytest.raises(UsageError, match="needs numbers"):
        infer_task(three, "regression")
    with pytest.raises(UsageError, match="does not occur"):
        infer_task(TaskFacts(("0", "1"), **WHOLE), positive="2")


BINARY = Schema("binary", (Column("x", "feature", "numeric"),), ("0", "1"), "1", 0.4)


def test_columns_are_added_and_keep_what_they_were() -> None:
    later = Schema("binary", (Column("X", "feature", "text"), Column("y", "feature", "text")))
    merged = merge_schema(BINARY, later)
    assert merged.columns == (Column("x", "feature", "numeric"), Column("y", "feature", "text"))
    assert (merged.positive, merged.threshold, merged.classes) == ("1", 0.4, ("0", "1"))
    assert merge_schema(None, BINARY) is BINARY


def test_a_log_without_predictions_learns_its_task_later() -> None:
    features = Schema("none", (Column("x", "feature", "numeric"),))
    assert merge_schema(features, BINARY).task == "binary"
    assert merge_schema(BINARY, features).task == "binary"


def test_contradictions_are_refused() -> None:
    with pytest.raises(UsageError, match="task is binary"):
        merge_schema(BINARY, Schema("regression", ()))
    with pytest.raises(UsageError, match="positive class of this model is '1'"):
        merge_schema(BINARY, Schema("binary", (), ("0", "1"), "0"))


def test_a_schema_as_json_and_back() -> None:
    assert schema_from_json(schema_to_json(BINARY)) == BINARY
