"""Why a metric moved: parts that sum to the change for every metric, and planted causes come first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from analytics.core import (
    Column,
    CustomMetric,
    Dataset,
    Log,
    Part,
    Question,
    Result,
    Schema,
    Scope,
    Window,
)
from analytics.errors import LogError, NameUnknown, UsageError
from analytics.evaluate import performance
from analytics.evaluate.why import decomposable, nearest, why
from analytics.findings.reason import say_why
from analytics.query.segment import parse_segment

START, MIDDLE, END = (datetime(2026, 1, d) for d in (1, 11, 21))
BEFORE, NOW = Window(START, MIDDLE), Window(MIDDLE, END)
BASE = (
    Column("prediction_id", "prediction_id", "text"),
    Column("timestamp", "timestamp", "time"),
    Column("model_version", "model_version", "categorical"),
    Column("prediction", "prediction", "categorical"),
    Column("hour", "feature", "numeric"),
    Column("origin", "feature", "categorical"),
    Column("is_new", "feature", "boolean"),
)
BINARY = Schema(
    "binary",
    (*BASE, Column("score", "score", "numeric")),
    ("0", "1"),
    "1",
    values=(("1", "1", 5.0), ("0", "1", -2.0)),
    custom=(
        CustomMetric("late_wrong", "label != prediction and hour > 12", "share"),
        CustomMetric("cost", "if(label = '1' and prediction = '0', hour, 0)", "mean"),
        CustomMetric("mean_hour", "hour", "mean"),
        CustomMetric("all_hours", "hour", "sum"),
    ),
)
MULTICLASS = Schema(
    "multiclass",
    (*BASE, *(Column(f"score_{c}", "score", "numeric", c) for c in "abcde")),
    tuple("abcde"),
)
REGRESSION = Schema(
    "regression",
    (
        *BASE,
        Column("quantile_0.1", "quantile", "numeric", "0.1"),
        Column("quantile_0.9", "quantile", "numeric", "0.9"),
    ),
)


def dataset_of(folder: Path, schema: Schema, rows: pd.DataFrame) -> Dataset:
    """Rows with a label (and when it was known) as a model's logs."""
    logs = {}
    labels = rows[rows.label.notna()][["prediction_id", "label", "known_at"]]
    for kind, table in (
        ("predictions", rows.drop(columns=["label", "known_at"])),
        ("labels", labels),
    ):
        path = folder / kind / "date=none" / "part.parquet"
        path.parent.mkdir(parents=True)
        connection = duckdb.connect()
        connection.register("t", table)
        connection.execute(f"COPY (SELECT * FROM t) TO '{path}' (FORMAT parquet)")
        connection.close()
        span = (START, END) if kind == "predictions" else (None, None)
        part = Part(str(path), len(table), kind, *span)
        logs[("production", kind)] = Log(kind, (part,), tuple(table.columns))  # type: ignore[arg-type]
    return Dataset("m", schema, logs, "f")  # type: ignore[arg-type]


def rows_of(n: int = 2000, seed: int = 1) -> pd.DataFrame:
    """Half of the rows before, half now; the columns say nothing yet."""
    rng = np.random.default_rng(seed)
    stamp = [START + timedelta(minutes=float(m)) for m in np.sort(rng.uniform(0, 20 * 1440, n))]
    return pd.DataFrame(
        {
            "row": np.arange(n),
            "prediction_id": [f"p{i}" for i in range(n)],
            "timestamp": stamp,
            "model_version": "v1",
            "hour": rng.integers(0, 24, n).astype(float),
            "origin": rng.choice(["JFK", "LGA", "EWR"], n),
            "is_new": rng.random(n) < 0.3,
            "known_at": [t + timedelta(hours=2) for t in stamp],
        }
    )


def is_now(rows: pd.DataFrame) -> np.ndarray:
    return (rows.timestamp >= MIDDLE).to_numpy()


def judged(rows: pd.DataFrame, wrong: np.ndarray | float, seed: int = 2) -> pd.DataFrame:
    """Binary labels, and predictions that are wrong with that probability."""
    rng = np.random.default_rng(seed + 1000)
    label = rng.random(len(rows)) < 0.4
    said = label ^ (rng.random(len(rows)) < wrong)
    score = np.clip(said * 0.5 + rng.random(len(rows)) * 0.5, 0, 1)
    texts = {True: "1", False: "0"}
    return rows.assign(
        label=[texts[bool(x)] for x in label],
        prediction=[texts[bool(x)] for x in said],
        score=score,
    )


def ask(engine, dataset: Dataset, *names: str, now: datetime | None = None, **scope):  # type: ignore[no-untyped-def]
    question = Question(Scope(window=NOW, **scope), Scope(window=BEFORE, **scope), tuple(names))
    return why(engine, dataset, question, now=now)


def total_of(results: list[Result]) -> Result:
    return next(r for r in results if r.detail["part"] == "total")


def causes(results: list[Result]) -> list[Result]:
    return sorted((r for r in results if "rank" in r.detail), key=lambda r: r.detail["rank"])


def check_sums(results: list[Result]) -> None:
    """Every column's kinds, and its slices, sum with the maturity to the change."""
    total = total_of(results)
    assert total.value is not None
    late = sum(r.value or 0.0 for r in results if r.detail["part"] == "maturity")
    size = max(1.0, abs(total.detail["now"]), abs(total.detail["before"]))
    change = total.detail["now"] - total.detail["before"]
    assert abs(total.value - change) < 1e-9 * size
    columns = {r.column for r in results if r.column is not None}
    assert columns
    for level in ("column", "slice"):
        for column in columns:
            parts = [
                r.value
                for r in results
                if r.column == column
                and r.detail.get("level") == level
                and r.detail["part"] != "apart"
            ]
            assert abs(sum(parts) + late - total.value) < 1e-9 * size, (column, level)
    joint = [r.value for r in results if r.detail["part"] in ("covariate", "concept")]
    assert not joint or abs(sum(joint) + late - total.value) < 1e-9 * size
    spread = [r for r in results if r.detail["part"] == "apart"]
    for column in {r.column for r in spread}:
        mine = [r for r in spread if r.column == column]
        assert sum(r.detail["apart_now"] for r in mine) == pytest.approx(1)
        assert sum(r.detail["apart_before"] for r in mine) == pytest.approx(1)


def mixed_log(rows: pd.DataFrame) -> pd.DataFrame:
    """A bit of everything: missing and unseen values, rows without labels, weighted by nothing."""
    rng = np.random.default_rng(5)
    rows = rows.copy()
    now = is_now(rows)
    rows.loc[now & (rng.random(len(rows)) < 0.1), "hour"] = np.nan
    rows.loc[now & (rng.random(len(rows)) < 0.1), "origin"] = "BOS"
    rows.loc[rng.random(len(rows)) < 0.05, "origin"] = None
    rows.loc[rng.random(len(rows)) < 0.1, "label"] = None
    return rows


def log_of(task: str, folder: Path) -> Dataset:
    rows = rows_of()
    rng = np.random.default_rng(9)
    n, now = len(rows), is_now(rows)
    if task == "binary":
        rows = judged(rows, np.where(now & (rows.hour > 12), 0.4, 0.15))
        return dataset_of(folder, BINARY, mixed_log(rows))
    if task == "multiclass":
        rows = rows.assign(
            label=rng.choice(list("abcde"), n), prediction=rng.choice(list("abcde"), n)
        )
        scores = rng.dirichlet(np.ones(5), n)
        rows = rows.assign(**{f"score_{c}": scores[:, i] for i, c in enumerate("abcde")})
        return dataset_of(folder, MULTICLASS, mixed_log(rows))
    label = rng.gamma(2.0, 10.0, n) + 1
    prediction = label * rng.lognormal(np.where(now, 0.2, 0.0), 0.3, n)
    rows = rows.assign(label=label, prediction=prediction)
    rows["quantile_0.1"], rows["quantile_0.9"] = prediction * 0.6, prediction * 1.5
    return dataset_of(folder, REGRESSION, mixed_log(rows))


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> dict[str, Dataset]:
    folder = tmp_path_factory.mktemp("why")
    return {task: log_of(task, folder / task) for task in ("binary", "multiclass", "regression")}


WANTED = {
    "binary": {
        "accuracy", "precision", "recall", "specificity", "f1", "fbeta", "brier", "log_loss",
        "positive_rate", "mean_score", "business_value", "late_wrong", "cost", "mean_hour",
    },
    "multiclass": {"accuracy", "log_loss", "top_k"},
    "regression": {
        "mae", "mse", "rmse", "rmsle", "mean_error", "mape", "smape", "pinball", "interval_coverage",
    },
}  # fmt: skip


@pytest.mark.parametrize("task", WANTED)
def test_the_parts_of_every_metric_sum_to_its_change(engine, logs, task) -> None:
    dataset = logs[task]
    names = decomposable(dataset)
    assert set(names) >= WANTED[task]
    for name in names:
        results = ask(engine, dataset, name)
        check_sums(results)
        total = total_of(results)
        for window, said in ((NOW, total.detail["now"]), (BEFORE, total.detail["before"])):
            asked = Question(Scope(window=window), names=(name,))
            (held,) = [r for r in performance(engine, dataset, asked) if "class" not in r.detail]
            assert held.value == pytest.approx(said, abs=1e-12)
        assert total.interval is not None and total.low < total.value < total.high


def test_what_does_not_decompose_says_what_does(engine, logs) -> None:
    for name, other in (("roc_auc", "brier"), ("mcc", "accuracy"), ("all_hours", "accuracy")):
        assert nearest(logs["binary"], name) == other
        with pytest.raises(UsageError, match=f"Ask {other} instead"):
            ask(engine, logs["binary"], name)
    assert nearest(logs["regression"], "r2") == "mae" and nearest(logs["binary"], "f1") == "f1"
    with pytest.raises(NameUnknown):
        ask(engine, logs["binary"], "acuracy")


def test_without_a_second_side_or_a_prediction_it_says_what_to_do(engine, logs) -> None:
    with pytest.raises(UsageError, match="two sides"):
        why(engine, logs["binary"], Question(Scope(window=NOW), names=("accuracy",)))
    bare = replace(logs["binary"], schema=replace(BINARY, task="none", custom=()))
    with pytest.raises(LogError, match="no predictions"):
        ask(engine, bare)
    with pytest.raises(UsageError, match="nothing is no feature"):
        asked = Question(Scope(window=NOW), Scope(window=BEFORE), columns=("nothing",))
        why(engine, logs["binary"], asked)


def test_too_few_rows_give_no_parts(engine, logs) -> None:
    short = Window(NOW.start, NOW.start + timedelta(hours=3))
    asked = Question(Scope(window=short), Scope(window=BEFORE), ("accuracy",))
    (only,) = why(engine, logs["binary"], asked)
    assert only.value is None and only.verdict == "undefined" and "too few" in str(only.reason)
    finding = say_why([only])
    assert "because" not in finding.title + finding.sentence


def test_every_slice_opens_on_the_rows_that_it_counts(engine, logs) -> None:
    dataset = logs["binary"]
    segment = parse_segment("is_new = 'true'", dataset.schema)
    results = ask(engine, dataset, "accuracy", segment=segment)
    check_sums(results)
    named = [r for r in causes(results) if r.segment and r.detail["conditions"]]
    assert len(named) > 8
    for r in named:
        assert str(r.segment).startswith("is_new = 'true' AND ")
        asked = Scope(window=NOW, segment=parse_segment(r.segment, dataset.schema))
        found = performance(engine, dataset, Question(asked, names=("accuracy",)))
        n = found[0].n_labelled if found else 0
        assert n == r.n
        if r.detail["value_now"] is not None:
            assert found[0].value == pytest.approx(r.detail["value_now"])


def test_versions_are_sides_too(engine, tmp_path) -> None:
    rows = judged(rows_of(), 0.2)
    rows["model_version"] = np.where(np.arange(len(rows)) % 2, "v1", "v2")
    rows = rows[rows.model_version.eq("v1") | (rows.hour < 12)]
    dataset = dataset_of(tmp_path, BINARY, rows)
    asked = Question(Scope(version="v2"), Scope(version="v1"), ("positive_rate",))
    results = why(engine, dataset, asked)
    check_sums(results)
    assert total_of(results).version == "v2"


# Planted causes: each generator says which part must come first.


def evening(rows: pd.DataFrame) -> np.ndarray:
    return (rows.hour >= 18).to_numpy()


def more_evenings(seed: int) -> pd.DataFrame:
    rows = rows_of(4000, seed)
    late = is_now(rows) & (np.random.default_rng(seed).random(len(rows)) < 0.5)
    rows.loc[late, "hour"] = np.random.default_rng(seed + 1).integers(18, 24, int(late.sum()))
    return judged(rows, np.where(evening(rows), 0.45, 0.1), seed)


def one_origin_worse(seed: int) -> pd.DataFrame:
    rows = rows_of(4000, seed)
    return judged(rows, np.where(is_now(rows) & (rows.origin == "LGA"), 0.45, 0.1), seed)


def hours_go_missing(seed: int) -> pd.DataFrame:
    rows = rows_of(4000, seed)
    gone = is_now(rows) & (np.random.default_rng(seed).random(len(rows)) < 0.3)
    rows.loc[gone, "hour"] = np.nan
    return judged(rows, np.where(gone, 0.45, 0.1), seed)


def a_new_origin(seed: int) -> pd.DataFrame:
    rows = rows_of(4000, seed)
    new = is_now(rows) & (np.random.default_rng(seed).random(len(rows)) < 0.3)
    rows.loc[new, "origin"] = "BOS"
    return judged(rows, np.where(new, 0.45, 0.1), seed)


PLANTED = {
    more_evenings: ("mix", "hour", "more rows have hour above"),
    one_origin_worse: ("within", "origin", "rows with origin LGA are judged worse"),
    hours_go_missing: ("missing", "hour", "hour is missing more often"),
    a_new_origin: ("unseen", "origin", "origin has values never seen before (BOS)"),
}


@pytest.mark.parametrize("seed", [11, 12, 13])
@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_cause_comes_first(engine, tmp_path, plant, seed) -> None:
    part, column, said = PLANTED[plant]
    dataset = dataset_of(tmp_path, BINARY, plant(seed))
    for name in ("accuracy", "business_value", "brier"):
        results = ask(engine, dataset, name)
        check_sums(results)
        first = causes(results)[0]
        assert (first.detail["part"], first.column) == (part, column), name
        assert first.value * total_of(results).value > 0
        explained = next(r for r in results if r.column == column and r.detail["part"] == part)
        assert abs(explained.value) > 0.6 * abs(total_of(results).value)
        apart = [r for r in results if r.detail["part"] == "apart"]
        ranked = [r.column for r in apart if r.detail["role"] == "feature"]
        assert name == "business_value" or ranked[0] == column
        assert said in say_why(results).title


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_late_labels_come_first(engine, tmp_path, seed) -> None:
    """Ones take six days to be known, zeros an hour; ones are judged worse. Nothing else moved."""
    rng = np.random.default_rng(seed)
    rows = rows_of(8000, seed)
    label = rng.random(len(rows)) < 0.4
    said = label ^ (rng.random(len(rows)) < np.where(label, 0.5, 0.05))
    delay = np.where(label, 6 * 24, 1) * 1.0
    rows["known_at"] = [t + timedelta(hours=h) for t, h in zip(rows.timestamp, delay, strict=True)]
    rows = rows.assign(
        label=np.where(label, "1", "0"), prediction=np.where(said, "1", "0"), score=said * 0.5 + 0.2
    )
    rows.loc[rows.known_at > END, "label"] = None
    dataset = dataset_of(tmp_path, BINARY, rows)
    results = ask(engine, dataset, "accuracy", now=END)
    check_sums(results)
    total, late = total_of(results), causes(results)[0]
    assert late.detail["part"] == "maturity"
    assert total.value > 0.05 and late.value > 0.7 * total.value
    truth = float((said == label)[is_now(rows)].mean())
    weighed = total.detail["now"] - late.value
    assert abs(weighed - truth) < 3 * late.detail["se"] + 0.01
    assert "because labels are still on their way" in say_why(results).title


def test_nothing_moved_gives_no_because(engine, tmp_path) -> None:
    dataset = dataset_of(tmp_path, BINARY, judged(rows_of(4000, 3), 0.2, 4))
    results = ask(engine, dataset, "accuracy")
    check_sums(results)
    finding = say_why(results)
    assert finding.title == "Accuracy did not move beyond chance"
    assert "because" not in finding.sentence
