"""What is counted of labels is what a reader counts by hand, whatever the rows and labels hold."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics.core import Dataset
from analytics.query.engine import Engine
from analytics.summaries.cluster import spark_sql
from analytics.summaries.labelled import beside
from analytics.summaries.labelled_sql import SUMS, counted_sql, days_sql
from tests.analytics.summaries.conftest import Row, as_dicts, assert_same, named
from tests.analytics.summaries.test_labelled import rows_of, schema_of

Build = Callable[..., Dataset]
NOON = datetime(2024, 1, 3)
CENTRE = 50.2
TASKS = ("binary", "multiclass", "regression")
ODD = [None, math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 1.5, -0.25, 0.001, 0.999999, 0.4, 0.4]
RANK = {"outcome": 5, "annotator": 2}


def awkward(seed: int, task: str) -> tuple[list[Row], list[Row]]:
    """Rows and labels with ties, infinities, no numbers, midnights, duplicates, corrections."""
    rows, labels = rows_of(seed, task)
    chance = random.Random(seed)
    for i, row in enumerate(rows):
        if i % 7 == 0:
            edge = timedelta(days=chance.randrange(3), microseconds=chance.choice([-1, 0, 1]))
            row["timestamp"] = NOON + edge
        for name in row:
            if name.startswith("score") and chance.random() < 0.3:
                row[name] = chance.choice(ODD)
        if task == "regression" and i % 11 == 0:
            row["prediction"] = chance.choice([math.inf, -math.inf, math.nan, None, 0.0])
    if task == "regression":
        for label in labels[::13]:
            label["label"] = chance.choice([math.inf, -math.inf, math.nan])
    labels += [dict(label) for label in labels[:20]]  # said twice
    for label in labels[20:30]:  # and corrected later
        later = label["known_at"] + timedelta(days=40)
        labels.append({**label, "label": labels[0]["label"], "known_at": later})
    chance.shuffle(labels)
    return rows, labels


def awkward_log(build: Build, seed: int, task: str, *, is_labelled: bool = True) -> Dataset:
    rows, labels = awkward(seed, task)
    parts = [rows[:90], rows[90:100], rows[100:]]
    said = [labels[::3], labels[1::3], labels[2::3]] if is_labelled else []
    return build(parts, said, schema_of(task))


def settled(labels: list[Row], task: str) -> dict[str, tuple[Any, float]]:
    """The label that counts of each id, and its weight: source, then the latest, then the largest."""

    def order(row: Row) -> Any:
        label = row["label"]
        high = isinstance(label, float) and math.isnan(label)  # no number is the largest
        weight = -1.0 if row.get("sampling_p") is None else 1 / row["sampling_p"]
        return RANK[row["source"]], row["known_at"], (high, 0 if high else label), -weight

    found: dict[str, Row] = {}
    for row in labels:
        best = found.get(row["prediction_id"])
        if best is None or order(row) > order(best):
            found[row["prediction_id"]] = row
    return {
        i: (row["label"], 1.0 if row.get("sampling_p") is None else 1 / row["sampling_p"])
        for i, row in found.items()
    }


def hour_of(row: Row) -> tuple[datetime, str | None]:
    return row["timestamp"].replace(minute=0, second=0, microsecond=0), row["model_version"]


def bin_of(score: float) -> int:
    if not math.isfinite(score):
        return -1
    return 0 if score < 0 else 1002 if score > 1 else math.floor(score * 1000) + 1


def classes_by_hand(rows: list[Row], labels: list[Row], task: str) -> Counter[Any]:
    """How many rows each row of a sheet stands for; weights of a class apart."""
    truth, found = settled(labels, task), Counter[Any]()
    names = {"score": "1"} if task == "binary" else {f"score_{c}": c for c in "abc"}
    for row in rows:
        at, (label, weight) = hour_of(row), truth.get(row["prediction_id"], (None, 1.0))
        said = row["prediction"]
        if said is None and task == "binary" and row["score"] is not None:
            said = "1" if not row["score"] < 0.4 else "0"  # no number is the largest
        found[(*at, "load")] += 1
        found[(*at, "load", "labelled")] += label is not None
        found[(*at, "class", label, said)] += 1
        found[(*at, "class", label, said, "w")] += weight
        for name, of in names.items():
            if row[name] is not None:
                is_of = None if label is None else label == of
                found[(*at, "score", of, bin_of(row[name]), is_of)] += 1
    return found


def as_counter(found: list[Row]) -> Counter[Any]:
    counts = Counter[Any]()
    for row in found:
        at = (row["timestamp"], row["version"], row["kind"])
        if row["kind"] == "load":
            counts[at] += row["n"]
            counts[(*at, "labelled")] += row["n_labelled"]
        elif row["kind"] == "class":
            counts[(*at, row["label"], row["predicted"])] += row["n"]
            weight = row["n"] if row["w"] is None else row["w"]
            counts[(*at, row["label"], row["predicted"], "w")] += weight
        else:
            counts[(*at, row["of"], row["bin"], row["is_of"])] += row["n"]
    return counts


def counted(engine: Engine, dataset: Dataset) -> str:
    parts = dataset.log("predictions").parts
    found = beside(engine, dataset, "production", parts)
    assert found is not None
    return counted_sql(dataset, "production", found.source, CENTRE)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("seed", [3, 4])
def test_classes_and_scores_are_those_counted_by_hand(
    engine: Engine, build: Build, task: str, seed: int
) -> None:
    expected = classes_by_hand(*awkward(seed, task), task)
    found = as_counter(as_dicts(engine, counted(engine, awkward_log(build, seed, task))))
    assert found.keys() == expected.keys()
    for key, n in expected.items():
        assert found[key] == (pytest.approx(n, rel=1e-12) if key[-1] == "w" else n), key


def test_residuals_are_those_summed_by_hand(engine: Engine, build: Build) -> None:
    rows, labels = awkward(4, "regression")
    truth = settled(labels, "regression")
    pairs, unfit, n = defaultdict(list), Counter[Any](), Counter[Any]()
    for row in rows:
        label, said = truth.get(row["prediction_id"], (None, 1.0))[0], row["prediction"]
        n[hour_of(row)] += 1
        if label is not None and said is not None:
            if math.isfinite(label) and math.isfinite(said):
                pairs[hour_of(row)].append((said - label, label - CENTRE))
            else:
                unfit[hour_of(row)] += 1
    powers: dict[str, Callable[[float, float], float]] = {
        **{f"r{k}": lambda r, _y, k=k: r**k for k in (1, 2, 3, 4, 6)},  # type: ignore[misc]
        **{f"y{k}": lambda _r, y, k=k: y**k for k in (1, 2, 3, 4)},  # type: ignore[misc]
        "a1": lambda r, _y: abs(r), "a3": lambda r, _y: abs(r) ** 3,
        "yr2": lambda r, y: y * r**2, "y2r2": lambda r, y: y**2 * r**2,
    }  # fmt: skip
    found = as_dicts(engine, counted(engine, awkward_log(build, 4, "regression")))
    assert len(found) == len(n) and sum(unfit.values()) > 3
    for row in found:
        at = (row["timestamp"], row["version"])
        mine = pairs[at]
        assert (row["n"], row["n_pairs"], row["n_invalid"]) == (n[at], len(mine), unfit[at])
        for name in SUMS if mine else ():
            terms = [powers[name](r, y) for r, y in mine]
            size = math.fsum(map(abs, terms))
            assert row[name] == pytest.approx(math.fsum(terms), rel=1e-12, abs=1e-13 * size), name


@pytest.mark.parametrize("task", TASKS)
def test_days_are_their_hours(engine: Engine, build: Build, task: str) -> None:
    dataset = awkward_log(build, 4, task)
    hours = as_dicts(engine, counted(engine, dataset))
    days = {
        named(row): row for row in as_dicts(engine, days_sql(dataset, counted(engine, dataset)))
    }
    n, n_labelled = Counter[str](), Counter[str]()
    for row in hours:
        day = named({**row, "timestamp": row["timestamp"].replace(hour=0)})
        n[day] += row["n"]
        n_labelled[day] += row["n_labelled"]
    assert len(n) < len(hours)
    assert {day: (row["n"], row["n_labelled"]) for day, row in days.items()} == {
        day: (n[day], n_labelled[day]) for day in n
    }


def test_plain_sums_are_the_careful_ones_to_nine_digits(engine: Engine, build: Build) -> None:
    careful = counted(engine, awkward_log(build, 4, "regression"))
    plain = careful.replace("fsum(", "sum(")
    assert plain != careful
    both = (sorted(as_dicts(engine, sql), key=named) for sql in (careful, plain))
    assert_same(*both)


@pytest.mark.parametrize("task", TASKS)
def test_the_text_has_words_in_spark(engine: Engine, build: Build, task: str) -> None:
    pytest.importorskip("sqlglot", reason="the extra spark is not installed (make test-spark)")
    dataset = awkward_log(build, 4, task)
    hours = counted_sql(dataset, "production", "t", CENTRE)
    for sql in (hours, days_sql(dataset, hours)):
        said = spark_sql(sql)
        assert "fsum" not in said.lower() and "replace" not in said.lower()
