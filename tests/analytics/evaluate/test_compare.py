"""A candidate beside a baseline: pairs where there are some, the mix made alike where not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.compare.comparison import Comparison
from analytics.core import Dataset, Question, Scope, Window
from analytics.errors import LogError, UsageError
from analytics.evaluate import compare_sides
from analytics.findings.release import decide_release
from analytics.query.engine import Engine

T0 = datetime(2024, 1, 1)
Build = Callable[..., Dataset]


def rows(
    seed: int, n: int, right: Callable[[str], float], share_jfk: float, version: str, at: int = 0
) -> tuple[list[Any], list[Any]]:
    """Predictions of one version; ``right`` is how often it is right by origin."""
    rng = np.random.default_rng(seed)
    predictions, labels = [], []
    for i in range(n):
        origin = "JFK" if rng.random() < share_jfk else "LGA"
        truth = rng.random() < 0.4
        said = truth if rng.random() < right(origin) else not truth
        predictions.append(
            {
                "row": at + i,
                "prediction_id": f"{version}-{i}",
                "timestamp": T0 + timedelta(minutes=10 * i),
                "model_version": version,
                "prediction": str(int(said)),
                "score": float(np.clip(0.5 + (0.3 if said else -0.3) + rng.normal(0, 0.1), 0, 1)),
                "distance": float(rng.normal()),
                "origin": origin,
            }
        )
        labels.append({"prediction_id": f"{version}-{i}", "label": str(int(truth))})
    return predictions, labels


def two_versions(build: Build, old: Any, new: Any, shares: tuple[float, float]) -> Dataset:
    a, known_a = rows(1, 4000, old, shares[0], "v1")
    b, known_b = rows(2, 4000, new, shares[1], "v2", 4000)
    return build([a, b], [known_a, known_b])


QUESTION = Question(Scope(version="v2"), Scope(version="v1"))


def by_name(found: Comparison) -> dict[str, Any]:
    return {r.name: r for r in found.results}


def test_the_same_skill_on_another_mix_is_no_difference(engine: Engine, build: Build) -> None:
    """JFK is judged worse by both, and v2 got more of it: Simpson's trap."""
    log = two_versions(build, *[lambda o: 0.7 if o == "JFK" else 0.9] * 2, (0.2, 0.8))
    found = compare_sides(engine, log, QUESTION)
    accuracy = by_name(found)["accuracy"]
    assert found.method == "adjusted" and found.columns == ("origin",)
    assert accuracy.low < 0 < accuracy.high and abs(accuracy.value) < 0.03
    plain = accuracy.detail["candidate"] - 0.86  # what v1 had on its own mix
    assert plain < -0.08
    assert decide_release(found).action in ("promote", "hold")


def test_a_worse_version_is_rolled_back(engine: Engine, build: Build) -> None:
    log = two_versions(build, lambda _o: 0.9, lambda _o: 0.8, (0.5, 0.5))
    found = compare_sides(engine, log, QUESTION)
    decision = decide_release(found)
    assert found.method == "plain"
    assert decision.action == "roll back" and decision.finding.verdict == "critical"
    assert by_name(found)["accuracy"].value == pytest.approx(-0.1, abs=0.03)


def test_one_error_traded_for_another_is_held_where_the_scores_rank_better(
    engine: Engine, build: Build
) -> None:
    """v2 says 1 too often, so precision falls, yet its scores rank better."""
    a, known_a = rows(1, 4000, lambda _o: 0.8, 0.5, "v1")
    b, known_b = rows(2, 4000, lambda _o: 0.95, 0.5, "v2", 4000)
    rng = np.random.default_rng(3)
    for row in b:
        row["prediction"] = "1" if row["prediction"] == "1" or rng.random() < 0.45 else "0"
    decision = decide_release(compare_sides(engine, build([a, b], [known_a, known_b]), QUESTION))
    assert decision.action == "hold" and decision.finding.verdict == "warning"
    assert decision.reasons[-1].startswith("One was traded for the other")
    said = " ".join(decision.reasons)
    assert "Precision" in said and "ROC AUC" in said


def test_a_better_version_is_promoted(engine: Engine, build: Build) -> None:
    log = two_versions(build, lambda _o: 0.8, lambda _o: 0.9, (0.5, 0.5))
    decision = decide_release(compare_sides(engine, log, QUESTION))
    assert decision.action == "promote" and "better too" in decision.reasons[-1]


def test_better_overall_and_worse_in_a_slice_is_held(engine: Engine, build: Build) -> None:
    log = two_versions(build, lambda _o: 0.8, lambda o: 0.65 if o == "JFK" else 0.95, (0.3, 0.3))
    found = compare_sides(engine, log, QUESTION)
    decision = decide_release(found)
    worst = found.guards[0]
    assert worst.segment == "origin = 'JFK'" and worst.verdict == "critical"
    assert worst.detail["conditions"] == [{"column": "origin", "operator": "=", "value": "JFK"}]
    assert decision.action == "hold" and "origin = 'JFK'" in decision.reasons[0]


def test_too_few_labels_hold_and_say_how_many_would_do(engine: Engine, build: Build) -> None:
    a, known_a = rows(1, 100, lambda _o: 0.8, 0.5, "v1")
    b, known_b = rows(2, 100, lambda _o: 0.8, 0.5, "v2", 100)
    found = compare_sides(engine, build([a, b], [known_a, known_b]), QUESTION)
    decision = decide_release(found)
    assert decision.action == "hold"
    assert "tolerated" in decision.reasons[1]
    thin = build([a[:20], b[:20]], [known_a, known_b])
    held = decide_release(compare_sides(engine, thin, QUESTION))
    assert held.action == "hold" and held.finding.verdict == "undefined"
    assert "too few labels" in held.reasons[0]


def test_versions_are_held_to_the_time_both_were_live(engine: Engine, build: Build) -> None:
    a, known_a = rows(1, 3000, lambda _o: 0.8, 0.5, "v1")
    b, known_b = rows(2, 3000, lambda _o: 0.8, 0.5, "v2", 3000)
    for row in b:
        row["timestamp"] += timedelta(minutes=20_000)
    log = build([a, b], [known_a, known_b])
    found = compare_sides(engine, log, QUESTION)
    last = a[-1]["timestamp"] + timedelta(microseconds=1)
    assert found.span == Window(T0 + timedelta(minutes=20_000), last)
    assert found.results[0].n == 1000
    whole = compare_sides(engine, log, QUESTION, is_concurrent=False)
    assert whole.span is None and whole.results[0].n == 3000


def other_model(build: Build, log: list[Any], known: list[Any], right: float) -> Dataset:
    """Another model on the same rows: it errs on rows of its own."""
    rng = np.random.default_rng(9)
    truth = {r["prediction_id"]: r["label"] for r in known}
    copied = []
    for row in log:
        label = truth[row["prediction_id"]] == "1"
        said = label if rng.random() < right else not label
        copied.append({**row, "prediction": str(int(said)), "score": 0.8 if said else 0.2})
    return replace(build([copied], [known]), model="shadow")


def test_the_same_rows_are_compared_in_pairs(engine: Engine, build: Build) -> None:
    log, known = rows(3, 3000, lambda _o: 0.9, 0.5, "v1")
    shadow = other_model(lambda p, k: build([[], *p], [[], *k]), log, known, 0.8)
    found = compare_sides(engine, build([log], [known]), Question(Scope()), shadow)
    assert found.method == "paired" and found.n_shared == 3000
    accuracy = by_name(found)["accuracy"]
    assert accuracy.interval == "Bonett-Price" and accuracy.detail["test"] == "McNemar, exact"
    right = accuracy.detail["candidate_only"] - accuracy.detail["baseline_only"]
    assert accuracy.value == pytest.approx(right / 3000)
    assert by_name(found)["roc_auc"].interval == "DeLong, paired"
    assert decide_release(found).action == "promote"
    last = found.looks[-1]
    assert last.n == 3000 and last.log_wealth > 3 > last.log_wealth_against
    assert last.gain == pytest.approx(accuracy.value) and last.low < last.gain < last.high


def test_models_that_share_no_rows_are_adjusted(engine: Engine, build: Build) -> None:
    log, known = rows(3, 500, lambda _o: 0.9, 0.5, "v1")
    others, theirs = rows(4, 500, lambda _o: 0.9, 0.5, "w")
    second = replace(build([[], others], [[], theirs]), model="other")
    found = compare_sides(engine, build([log], [known]), Question(Scope()), second)
    assert found.method in ("adjusted", "plain") and found.n_shared == 0


def test_what_cannot_be_compared_is_said(engine: Engine, build: Build) -> None:
    log, known = rows(3, 50, lambda _o: 0.9, 0.5, "v1")
    dataset = build([log], [known])
    with pytest.raises(UsageError, match="nothing to compare with"):
        compare_sides(engine, dataset, Question(Scope()))
    other = replace(dataset, schema=replace(dataset.schema, task="regression"))
    with pytest.raises(LogError, match="regression"):
        compare_sides(engine, dataset, Question(Scope()), other)


def test_a_segment_is_compared_alone(engine: Engine, build: Build) -> None:
    from analytics.query.segment import parse_segment

    log = two_versions(build, lambda _o: 0.8, lambda _o: 0.9, (0.5, 0.5))
    segment = parse_segment("origin = 'JFK'", log.schema)
    question = Question(Scope(version="v2", segment=segment), Scope(version="v1", segment=segment))
    found = compare_sides(engine, log, question, is_concurrent=False)
    n_jfk = engine.rows(
        f"SELECT count(*) FROM read_parquet('{log.log('predictions').parts[1].path}')"
        " WHERE origin = 'JFK'"
    )[0][0]
    assert found.results[0].n == n_jfk
