"""What sheets say of labels is what the rows say: counts equal, sums to nine digits, bins within bounds."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.core import Column, Dataset, Question, Schema, Scope, Window
from analytics.evaluate import fetched, performance
from analytics.evaluate.headline import facts, headline
from analytics.evaluate.held import PIECES, _by_time, held
from analytics.needs import Scores
from analytics.performance.average_precision import average_precision
from analytics.performance.brier import brier
from analytics.performance.log_loss import log_loss
from analytics.performance.mean_score import mean_score
from analytics.performance.roc_auc import roc_auc
from analytics.query.engine import Engine
from analytics.query.groups import count_groups
from analytics.query.performance import class_scores, confusions, scores
from analytics.stats.falls import pool, spread_beyond_chance
from analytics.summaries import labelled, outcomes, store
from analytics.summaries.bounds import bound_of, middles
from analytics.summaries.labelled import KIND, labelled_key, said_of
from analytics.summaries.recipes import Group
from analytics.summaries.store import Summaries
from tests.analytics.summaries.conftest import put_sheet

T0 = datetime(2024, 1, 1, 21, 40)
N = 240
Build = Callable[..., Dataset]
Row = dict[str, Any]
METRICS = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "brier": brier,
    "mean_score": mean_score,
    "log_loss": log_loss,
}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Summaries of a few rows are made and taken."""
    monkeypatch.setattr(store, "MIN_ROWS", 1)
    monkeypatch.setattr(outcomes, "MIN_ROWS", 1)


def schema_of(task: str) -> Schema:
    names = [("timestamp", "timestamp", "time"), ("model_version", "model_version", "categorical")]
    kind = "numeric" if task == "regression" else "categorical"
    names += [("prediction", "prediction", kind), ("label", "label", kind)]
    columns = [Column(*each) for each in names]  # type: ignore[arg-type]
    if task == "binary":
        columns.append(Column("score", "score", "numeric"))
        return Schema("binary", tuple(columns), ("0", "1"), "1", threshold=0.4)
    if task == "multiclass":
        columns += [Column(f"score_{c}", "score", "numeric", c) for c in "abc"]
        return Schema("multiclass", tuple(columns), ("a", "b", "c"))
    return Schema("regression", tuple(columns))


def rows_of(seed: int, task: str) -> tuple[list[Row], list[Row]]:
    """Predictions, and labels that come late, twice, corrected, or for nobody."""
    chance = random.Random(seed)
    classes = {"binary": "01", "multiclass": "abc", "regression": ""}[task]
    rows, labels = [], []
    for i in range(N):
        y = chance.gauss(50, 9)
        row: Row = {
            "row": i, "prediction_id": f"p{i}",
            "timestamp": T0 + timedelta(minutes=chance.randrange(5 * 1440)),
            "model_version": chance.choice(["v1", "v2", None]),
            "prediction": chance.choice([*classes, None]) if classes else y + chance.gauss(1, 2),
        }  # fmt: skip
        odd = [None, float("nan"), 0.0, 1.0, 0.5, float("inf")]
        for name in {"binary": ["score"], "multiclass": [f"score_{c}" for c in "abc"]}.get(
            task, []
        ):
            row[name] = chance.choice(odd) if chance.random() < 0.2 else chance.random()
        if task == "regression" and chance.random() < 0.1:
            row["prediction"] = chance.choice([None, float("nan")])
        rows.append(row)
        for _ in range(chance.choice([0, 1, 1, 2])):
            said = chance.choice(classes) if classes else y + chance.gauss(0, 3)
            labels.append(
                {
                    "prediction_id": f"p{i}", "label": said,
                    "known_at": T0 + timedelta(hours=chance.randrange(400)),
                    "source": chance.choice(["outcome", "annotator"]),
                    "queue": None, "sampling_p": None,
                }
            )  # fmt: skip
            if seed % 3 == 0 and task != "regression" and chance.random() < 0.3:
                labels[-1] |= {"queue": "drawn", "sampling_p": chance.choice([0.25, 0.5])}
    chance.shuffle(labels)
    if seed % 3 or task == "regression":
        labels = [{k: v for k, v in r.items() if k not in ("queue", "sampling_p")} for r in labels]
    return rows, labels


def build_log(build: Build, seed: int, task: str) -> Dataset:
    chance = random.Random(seed)
    rows, labels = rows_of(seed, task)
    cuts = sorted(chance.sample(range(1, N), 4))
    parts = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, N], strict=True)]
    return build(parts, [labels[::2], labels[1::2]], schema_of(task))


def summarise(engine: Engine, dataset: Dataset, folder: Path, seed: int) -> None:
    """Sheets of all parts but one, in any order; some groups have no hours."""
    engine.summaries = Summaries(folder)
    parts = list(dataset.log("predictions").parts)
    random.Random(seed + 1).shuffle(parts)
    put_sheet(engine, dataset, KIND, [Group(tuple(parts[:2]), None, ("hour", "day"))], "first")
    groups = [Group((part,), None, ("day",)) for part in parts[2:4]]
    put_sheet(engine, dataset, KIND, groups[: 1 + seed % 2], "second")


moments = st.one_of(
    st.none(),
    st.integers(0, 7).map(lambda d: datetime(2024, 1, 1) + timedelta(days=d)),
    st.integers(-30, 5 * 1440).map(lambda m: T0 + timedelta(minutes=m)),
)
scopes = st.builds(
    lambda start, end, version, every, by_version: Scope(
        window=Window(start, end), version=version, every=every, by_version=by_version
    ),
    moments,
    moments,
    st.sampled_from([None, None, "v1"]),
    st.sampled_from([None, "hour", "day", "week"]),
    st.booleans(),
)


def weights(scored: Scores) -> list[Any]:
    """What binning leaves as it is."""
    sums = [scored.positives.sum(), scored.negatives.sum(), scored.sum_w2]
    return [scored.n, scored.n_invalid, np.round(sums, 9).tolist()]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@settings(max_examples=5)
@given(st.integers(0, 10**6), st.lists(scopes, min_size=2, max_size=3))
def test_classes_are_counted_as_the_scan_counts_them(
    own: Engine,
    build_once: Build,
    tmp_path_factory: pytest.TempPathFactory,
    task: str,
    seed: int,
    questions: list[Scope],
) -> None:
    dataset = build_log(build_once, seed, task)
    summarise(own, dataset, tmp_path_factory.mktemp("summaries"), seed)
    for scope in questions:
        found = outcomes.outcomes(own, dataset, scope)
        if found is None:
            continue
        assert list(found.groups()) == count_groups(own, dataset, scope)
        for is_labelled in (True, False):
            ours = found.confusions(labelled=is_labelled)
            theirs = confusions(own, dataset, scope, labelled=is_labelled)
            assert ours.keys() == theirs.keys()
            for key, matrix in theirs.items():
                assert (ours[key].classes, ours[key].n) == (matrix.classes, matrix.n)
                assert ours[key].counts == pytest.approx(matrix.counts, rel=1e-9)
                assert ours[key].sum_w2 == pytest.approx(matrix.sum_w2, rel=1e-9)
        if task == "binary":
            for is_labelled in (True, False):
                binned = found.scores(labelled=is_labelled)
                exact = scores(own, dataset, scope, labelled=is_labelled)
                assert {k: weights(v) for k, v in binned.items()} == {
                    k: weights(v) for k, v in exact.items()
                }
                check_bounds(binned, exact, ["mean_score"] if not is_labelled else list(METRICS))
        else:
            apart = class_scores(own, dataset, scope)
            assert {
                k: {c: weights(s) for c, s in v.by_class.items()}
                for k, v in found.class_scores().items()
            } == {k: {c: weights(s) for c, s in v.by_class.items()} for k, v in apart.items()}


def check_bounds(binned: dict[Any, Scores], exact: dict[Any, Scores], names: list[str]) -> None:
    for key, scored in exact.items():
        for name in names:
            ours, theirs = METRICS[name](binned[key]), METRICS[name](scored)
            assert (ours.value is None) == (theirs.value is None)
            if ours.value is not None and theirs.value is not None:
                bound = bound_of(name, binned[key])
                assert abs(ours.value - theirs.value) <= bound + 1e-12


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.5, 0.0005, 0.00051, 0.9999])),
            st.booleans(),
            st.sampled_from([1.0, 1.0, 4.0]),
        ),
        min_size=2,
        max_size=60,
    ),
    st.sampled_from([1.0, 0.01, 0.001]),
)
def test_no_order_inside_the_bins_leaves_the_bounds(
    rows: list[tuple[float, bool, float]], scale: float
) -> None:
    score = np.array([s * scale for s, _y, _w in rows])
    true, weight = np.array([y for _s, y, _w in rows]), np.array([w for _s, _y, w in rows])
    bins = np.floor(score * labelled.N_BINS) + 1
    exact = Scores.from_arrays(true, score, sample_weight=weight)
    binned = Scores.from_arrays(true, middles(bins), sample_weight=weight)
    check_bounds({0: binned}, {0: exact}, list(METRICS))


@settings(max_examples=5)
@given(st.integers(0, 10**6), st.lists(scopes, min_size=2, max_size=3))
def test_residuals_give_the_numbers_of_the_rows(
    own: Engine,
    build_once: Build,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    questions: list[Scope],
) -> None:
    dataset = build_log(build_once, seed, "regression")
    summarise(own, dataset, tmp_path_factory.mktemp("summaries"), seed)
    names = ("mean_error", "mae", "mse", "rmse", "r2")
    for scope in questions:
        counted = outcomes.outcomes(own, dataset, scope)
        if counted is None:
            continue
        assert list(counted.groups()) == count_groups(own, dataset, scope)
        quick, slow = (
            performance(own, dataset, Question(scope, names=names, is_exact=is_exact))
            for is_exact in (False, True)
        )
        for ours, theirs in zip(quick, slow, strict=True):
            assert (ours.name, ours.n, ours.n_labelled) == (
                theirs.name,
                theirs.n,
                theirs.n_labelled,
            )
            assert ours.is_exact and ours.verdict == theirs.verdict
            for name in ("value", "low", "high"):
                a, b = getattr(ours, name), getattr(theirs, name)
                assert (a is None) == (b is None)
                assert a is None or a == pytest.approx(b, rel=1e-9, abs=1e-9)


def test_a_late_label_changes_only_the_groups_that_it_touches(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows, labels = rows_of(1, "binary")
    parts = [rows[:100], rows[100:]]
    before = build_once(parts, [labels], schema_of("binary"))
    own.summaries = Summaries(tmp_path_factory.mktemp("summaries"))
    there = before.log("predictions").parts
    groups = [Group((part,), None, ("hour", "day")) for part in there]
    sheet = put_sheet(own, before, KIND, groups, "made")
    late = [{**labels[0], "prediction_id": "p3", "label": "1", "source": "outcome"}]
    late[0]["known_at"] = T0 + timedelta(days=90)
    old = {row["prediction_id"]: row for row in labels}.get("p3")
    late[0]["label"] = "0" if old and old["label"] == "1" else "1"
    said = build_once(parts, [labels, late], schema_of("binary")).log("labels")
    after = replace(before, logs={**before.logs, ("production", "labels"): said})
    assert labelled_key(after, "production") != labelled_key(before, "production")
    assert said_of(after) == said_of(before)

    def still(dataset: Dataset) -> list[int]:
        placed = {
            i: labelled.beside(own, dataset, "production", group.parts)
            for i, group in enumerate(groups)
        }
        assert all(placed.values())
        return labelled.unchanged(own, sheet, {i: p for i, p in placed.items() if p})

    assert still(before) == [0, 1]
    assert still(after) == [1]


def test_a_metric_that_bins_do_not_know_is_asked_of_the_rows(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dataset = build_log(build_once, 4, "binary")
    summarise(own, dataset, tmp_path_factory.mktemp("summaries"), 4)
    found = performance(own, dataset, Question(Scope(), names=("ece", "accuracy"), is_exact=False))
    exact = performance(own, dataset, Question(Scope(), names=("ece", "accuracy")))
    assert found == exact


def test_a_verdict_that_hangs_on_the_bound_is_asked_of_the_rows(
    own: Engine,
    build_once: Build,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetched, "ENOUGH", 1.0)  # so few rows have wide bounds
    dataset = build_log(build_once, 4, "binary")
    summarise(own, dataset, tmp_path_factory.mktemp("summaries"), 4)
    exact = performance(own, dataset, Question(Scope(), names=("roc_auc",)))[0]
    binned = performance(own, dataset, Question(Scope(), names=("roc_auc",), is_exact=False))[0]
    assert not binned.is_exact and exact.is_exact
    assert binned.value is not None and exact.value is not None
    assert abs(binned.value - exact.value) <= binned.detail["bound"]
    near = {"roc_auc": (binned.value + 1e-9, 0.0)}  # warning just above the value
    asked = Question(Scope(), names=("roc_auc",), thresholds=near)
    assert performance(own, dataset, replace(asked, is_exact=False)) == performance(
        own, dataset, asked
    )


def test_the_facts_under_a_title_are_those_of_the_rows(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dataset = build_log(build_once, 4, "binary")
    summarise(own, dataset, tmp_path_factory.mktemp("summaries"), 4)
    middle, now = T0 + timedelta(days=2), T0 + timedelta(days=9)
    asked = Question(Scope(window=Window(middle)), Scope(window=Window(None, middle)))
    assert outcomes.outcomes(own, dataset, asked.scope) is not None
    assert facts(own, dataset, replace(asked, is_exact=False), now) == facts(
        own, dataset, asked, now
    )


def test_positives_above_a_page_are_those_of_the_rows(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dataset = build_log(build_once, 4, "binary")
    summarise(own, dataset, tmp_path_factory.mktemp("summaries"), 4)
    middle = T0 + timedelta(days=2)
    asked = Question(Scope(window=Window(middle), every="day"), Scope(window=Window(None, middle)))
    assert outcomes.outcomes(own, dataset, asked.scope) is not None
    exact = headline(own, dataset, asked)
    assert headline(own, dataset, replace(asked, is_exact=False)) == exact
    assert any(r.name == "observed_rate" and r.value for r in exact)


def test_the_reference_of_a_long_log_is_cut_at_full_hours(
    engine: Engine, build: Build, tmp_path: Path
) -> None:
    dataset = build_log(build, 1, "binary")
    reference = Scope(window=Window(T0 + timedelta(hours=7), None))
    assert not _by_time(engine, dataset, reference)  # nothing is counted: cut by rows
    summarise(engine, dataset, tmp_path / "summaries", 1)
    cuts = _by_time(engine, dataset, reference)
    rows = [r for r in rows_of(1, "binary")[0] if r["timestamp"] >= reference.window.start]
    hours = [r["timestamp"].replace(minute=0, second=0, microsecond=0) for r in rows]
    most = max(hours.count(hour) for hour in hours)
    assert len(cuts) == PIECES
    seen = 0
    for i, cut in enumerate(cuts, start=1):
        start, end = cut.window.start, cut.window.end
        mine = [
            r for r in rows if start <= r["timestamp"] and (end is None or r["timestamp"] < end)
        ]
        seen += len(mine)
        assert 0 <= seen - i * len(rows) / PIECES < most
        assert end is None or (end.minute, end.second) == (0, 0)
    assert seen == len(rows)
    found = held(engine, dataset, Question(Scope(), reference, ("accuracy",)))
    exact = [
        r
        for cut in cuts
        for r in performance(engine, dataset, Question(cut, None, ("accuracy",), is_exact=True))
    ]
    assert found[0].detail["se_reference"] == pytest.approx(pool(exact).se, rel=1e-9)
    assert found[0].detail["spread"] == pytest.approx(spread_beyond_chance(exact), rel=1e-9)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_residuals_with_weights_are_asked_of_the_rows(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory, is_weighted: bool
) -> None:
    """A log of labels has room for sampling probabilities; only where a row has one they matter."""
    rows, labels = rows_of(4, "regression")
    drawn = {"queue": "drawn", "sampling_p": 0.25}
    labels = [{**row, "queue": None, "sampling_p": None} for row in labels]
    labels += [{**label, **drawn, "source": "outcome"} for label in labels[:9] if is_weighted]
    dataset = build_once([rows[:99], rows[99:]], [labels], schema_of("regression"))
    own.summaries = Summaries(tmp_path_factory.mktemp("summaries"))
    parts = dataset.log("predictions").parts
    put_sheet(own, dataset, KIND, [Group(parts, None, ("hour", "day"))], "made")
    found = outcomes.outcomes(own, dataset, Scope())
    assert found is not None and (found.residuals() is None) == is_weighted
    quick, slow = (
        performance(own, dataset, Question(Scope(), names=("mae",), is_exact=is_exact))[0]
        for is_exact in (False, True)
    )
    assert quick.value == pytest.approx(slow.value, rel=1e-9)


def test_what_a_reference_says_is_kept_until_a_label_comes(
    here: Engine, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, labels = rows_of(1, "binary")
    first = build([rows[:100], rows[100:]], [labels], schema_of("binary"))
    names = ("accuracy", "positive_rate")
    days = [Window(T0 + timedelta(days=d), T0 + timedelta(days=d + 1)) for d in range(1, 4)]
    asked = [Question(Scope(window=w), Scope(), names=names, is_exact=False) for w in days]
    seen: list[Window] = []

    def noted(engine: Engine, dataset: Dataset, scope: Scope, *rest: Any) -> Any:
        seen.append(scope.window)
        return fetched.fetch(engine, dataset, scope, *rest)

    module = sys.modules["analytics.evaluate.performance"]  # its function has the same name
    monkeypatch.setattr(module, "fetch", noted)

    def values(dataset: Dataset, *, is_exact: bool) -> list[Any]:
        questions = [replace(q, is_exact=is_exact) for q in asked]
        found = [r for q in questions for r in performance(here, dataset, q)]
        found += [r for q in questions for r in headline(here, dataset, q)]
        return [(r.name, r.value, r.detail.get("reference"), r.verdict) for r in found]

    known = values(first, is_exact=False)
    assert seen == [days[0], Window(), *days[1:]]
    assert known == values(first, is_exact=True)
    late = [{**labels[0], "prediction_id": f"p{i}", "label": "1"} for i in range(0, N, 2)]
    late = [{**row, "known_at": T0 + timedelta(days=90), "source": "outcome"} for row in late]
    said = build([rows[:100], rows[100:]], [labels, late], schema_of("binary")).log("labels")
    after = replace(first, logs={**first.logs, ("production", "labels"): said})
    again = values(after, is_exact=False)
    assert again == values(after, is_exact=True) and again != known


@pytest.mark.parametrize("n_lacking", [0, 2, 60])
def test_how_long_labels_take_is_asked_where_it_can_matter(
    own: Engine,
    build_once: Build,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    n_lacking: int,
) -> None:
    rows, labels = rows_of(4, "binary")
    known = {label["prediction_id"]: label for label in labels}
    labels = [{**labels[0], "prediction_id": row["prediction_id"]} | known.get(row["prediction_id"], {}) for row in rows[n_lacking:]]  # fmt: skip
    dataset = build_once([rows[:120], rows[120:]], [labels], schema_of("binary"))
    own.summaries = Summaries(tmp_path_factory.mktemp("summaries"))
    parts = dataset.log("predictions").parts
    put_sheet(own, dataset, KIND, [Group((p,), None, ("hour", "day")) for p in parts], "all")
    now, asked = T0 + timedelta(days=9), Question(Scope(), names=("accuracy",))
    (exact,) = performance(own, dataset, asked, now=now)
    (found,) = performance(own, dataset, replace(asked, is_exact=False), now=now)
    assert found.detail["maturity"] == exact.detail["maturity"]
    assert (exact.detail["maturity"] == "provisional") is (n_lacking == 60)
    module = importlib.import_module("analytics.evaluate.performance")
    monkeypatch.setattr(module, "quick_delay", lambda *_: 1 / 0)
    if n_lacking == 60:
        with pytest.raises(ZeroDivisionError):
            performance(own, dataset, replace(asked, is_exact=False), now=now)
    else:
        performance(own, dataset, replace(asked, is_exact=False), now=now)


def test_what_is_kept_of_a_reference_goes_with_its_labels(
    own: Engine, build_once: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dataset, middle = build_log(build_once, 4, "binary"), T0 + timedelta(days=2)
    own.summaries = Summaries(tmp_path_factory.mktemp("summaries"))
    asked = Question(
        Scope(window=Window(middle)), Scope(window=Window(None, middle)), ("accuracy",), is_exact=False
    )  # fmt: skip
    (before,) = performance(own, dataset, asked)
    labels = dataset.log("labels")
    fewer = {**dataset.logs, ("production", "labels"): replace(labels, parts=labels.parts[:1])}
    (after,) = performance(own, replace(dataset, logs=fewer), asked)  # under the same fingerprint
    own.summaries = Summaries()
    (anew,) = performance(own, replace(dataset, logs=fewer), asked)
    assert after == anew
    assert after.detail["n_reference"] < before.detail["n_reference"]
