"""Roles: a name counts only when the values agree, and what only the values say is asked."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.sources.profile import Profile
from analytics.sources.roles import Guesses, guess_roles


def text(name: str, *examples: str, **facts: Any) -> Profile:
    n = facts.pop("n_distinct", len(set(examples)))
    values = {"n": 100, "n_values": 100, "n_distinct": n, "examples": examples, "mean_length": 5.0}
    return Profile(name, (name,), "VARCHAR", **(values | facts))


def number(name: str, low: float, high: float, **facts: Any) -> Profile:
    counts = {"n": 100, "n_values": 100, "n_numeric": 100, "n_distinct": 50, "examples": ("1", "2")}
    return Profile(name, (name,), "DOUBLE", low=low, high=high, **(counts | facts))


def two(name: str) -> Profile:
    return number(name, 0, 1, n_integer=100, n_distinct=2, classes=("0", "1"), examples=("0", "1"))


def time(name: str) -> Profile:
    return Profile(name, (name,), "TIMESTAMP", n=100, n_values=100, examples=("2024-01-01",))


def roles(*profiles: Profile, kind: str = "predictions", **options: Any) -> Guesses:
    return guess_roles(profiles, options.get("given", {}), options.get("known", {}), kind)


def named(guesses: Guesses) -> dict[str, str]:
    return {name: guess.role for name, guess in guesses.roles.items()}


def test_the_usual_log() -> None:
    found = roles(
        text("request_id", "a", "b", n_distinct=100),
        time("timestamp"),
        text("model_version", "v1"),
        two("prediction"),
        number("y_score", 0.01, 0.99),
        two("target"),
        number("latency_ms", 2, 400),
        number("age", 18, 90),
    )
    assert named(found) == {
        "request_id": "prediction_id",
        "timestamp": "timestamp",
        "model_version": "model_version",
        "prediction": "prediction",
        "y_score": "score",
        "target": "label",
        "latency_ms": "latency_ms",
        "age": "feature",
    }
    assert found.ambiguities == []


def test_given_wins_over_known_and_known_over_names() -> None:
    known = {"target": ("feature", None), "age": ("segment", None)}
    given = {"age": ("label", None)}
    found = roles(two("target"), two("age"), given=given, known=known)
    assert named(found) == {"target": "feature", "age": "label"}
    assert found.roles["target"].why == "as in earlier imports"
    assert found.roles["age"].why == "given"


@pytest.mark.parametrize(
    "profile",
    [
        text("timestamp", "morning", "evening"),
        text("score", "good", "bad"),
        number("id", 0.5, 2.5, n_integer=3),
        text("latency_ms", "fast", "slow"),
        text("status", "red", "green"),
    ],
)
def test_a_name_without_the_values_is_a_feature_and_is_noticed(profile: Profile) -> None:
    found = roles(profile)
    assert named(found) == {profile.name: "feature"}
    assert profile.name in found.notes[0]


def test_two_names_of_one_rank_are_asked() -> None:
    found = roles(two("label"), two("target"))
    assert [a.columns for a in found.ambiguities] == [("label", "target")]
    assert found.ambiguities[0].answers == ("--map label=label", "--map label=target")


def test_a_better_name_wins_without_a_question() -> None:
    found = roles(two("label"), two("actual"))
    assert named(found) == {"label": "label", "actual": "feature"}
    assert found.ambiguities == []


def test_scores_of_classes() -> None:
    classes = {"classes": ("cat", "dog"), "n_distinct": 2}
    found = roles(
        text("prediction", "cat", "dog", **classes),
        number("proba_cat", 0, 1, n_integer=3),
        number("proba_dog", 0, 1, n_integer=3),
    )
    scores = {g.class_name for g in found.roles.values() if g.role == "score"}
    assert scores == {"cat", "dog"}
    alone = roles(text("prediction", "cat", "dog", **classes), number("score_bird", 0, 1))
    assert named(alone)["score_bird"] == "feature"
    assert "no such class was seen" in alone.notes[0]


def test_a_share_called_prediction_beside_two_classes_is_asked() -> None:
    found = roles(number("prediction", 0.01, 0.99), two("label"))
    assert found.ambiguities[0].answers == ("--map score=prediction", "--map prediction=prediction")


def test_times_without_a_name_are_asked() -> None:
    found = roles(time("booked"), two("prediction"))
    assert found.ambiguities[0].columns == ("booked",)
    assert "--map feature=booked" in found.ambiguities[0].answers


def test_a_column_that_follows_the_prediction_may_be_the_label() -> None:
    profiles = (two("prediction"), two("repaid"))
    asked = guess_roles(profiles, {}, {}, "predictions", lambda _a, _b: 0.8)
    assert asked.ambiguities[0].answers[0] == "--map label=repaid"
    unlike = guess_roles(profiles, {}, {}, "predictions", lambda _a, _b: 0.01)
    assert unlike.ambiguities == []
    assert named(unlike)["repaid"] == "feature"


def test_a_log_of_labels_has_no_features() -> None:
    found = roles(
        text("id", "a", "b", n_distinct=100),
        two("repaid"),
        time("label_time"),
        kind="labels",
    )
    assert named(found) == {"id": "prediction_id", "repaid": "label", "label_time": "label_time"}
    unclear = roles(text("key", "a"), two("x"), two("z"), kind="labels")
    assert len(unclear.ambiguities) == 2


def test_an_index_is_left_out() -> None:
    found = roles(number("Unnamed: 0", 0, 99, n_integer=100), two("prediction"))
    assert named(found)["Unnamed: 0"] == "ignore"


def test_shares_under_a_name_of_chance_are_asked_about() -> None:
    share = number("churn_probability", 0.01, 0.99)
    (asked,) = roles(two("prediction"), share, number("tenure", 0, 90)).ambiguities
    assert "could be the score" in asked.what
    assert asked.answers == ("--map score=churn_probability", "--map feature=churn_probability")
    assert not roles(two("prediction"), share, number("score", 0.1, 0.9)).ambiguities
    assert not roles(two("prediction"), number("rain_probability", 0, 100)).ambiguities


def test_labels_by_a_name_that_is_no_id_are_asked_with_an_answer() -> None:
    customer = text("customer_id", "c1", "c2", n_distinct=100)
    (asked,) = roles(customer, two("churned"), kind="labels").ambiguities
    assert asked.answers == ("--map prediction_id=customer_id",)
