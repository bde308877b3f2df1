"""Shuffled, duplicated, delayed and corrected labels and parts leave the settled numbers as they are."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.core import Dataset, Scope, Window
from analytics.query.engine import Engine
from analytics.query.performance import confusions

T0 = datetime(2024, 1, 1)
RANK = {"outcome": 5, "adjudicated": 4, "agreed": 3, "annotator": 2, "feedback": 1}
Row = dict[str, Any]


def prediction(i: int, predicted: str) -> Row:
    return {
        "row": i,
        "prediction_id": f"p{i}",
        "timestamp": T0 + timedelta(hours=i),
        "prediction": predicted,
        "score": 0.5,
    }


def label(i: int, value: str, hours: int | None, source: str) -> Row:
    known = None if hours is None else T0 + timedelta(hours=hours)
    return {"prediction_id": f"p{i}", "label": value, "known_at": known, "source": source}


def settled_by_hand(
    predictions: list[Row], labels: list[Row], as_of: datetime | None
) -> dict[Any, int]:
    """The same rule in plain Python: source, then the latest known; counts by (label, predicted)."""
    counts: dict[Any, int] = {}
    for p in predictions:
        if as_of is not None and p["timestamp"] > as_of:
            continue
        mine = [
            r
            for r in labels
            if r["prediction_id"] == p["prediction_id"]
            and (as_of is None or r["known_at"] is None or r["known_at"] <= as_of)
        ]
        if mine:
            best = max(
                mine, key=lambda r: (RANK[r["source"]], r["known_at"] or datetime.min, r["label"])
            )
            key = (best["label"], p["prediction"])
            counts[key] = counts.get(key, 0) + 1
    return counts


def counted(engine: Engine, dataset: Dataset, as_of: datetime | None) -> dict[Any, int]:
    found = confusions(engine, dataset, Scope(as_of=as_of))
    if not found:
        return {}
    matrix = found[(None, None)]
    return {
        (truth, predicted): int(matrix.counts[i, j])
        for i, truth in enumerate(matrix.classes)
        for j, predicted in enumerate(matrix.classes)
        if matrix.counts[i, j]
    }


rows_of_labels = st.lists(
    st.builds(
        label,
        st.integers(0, 7),
        st.sampled_from("01"),
        st.one_of(st.none(), st.integers(0, 20)),
        st.sampled_from(sorted(RANK)),
    ),
    max_size=14,
)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    rows_of_labels,
    st.lists(st.sampled_from("01"), min_size=8, max_size=8),
    st.one_of(st.none(), st.integers(0, 25)),
    st.integers(0, 2**20),
)
def test_order_duplicates_and_parts_do_not_matter(
    build: Callable[..., Dataset],
    engine: Engine,
    tmp_path: Path,
    labels: list[Row],
    predicted: list[str],
    hours: int | None,
    seed: int,
) -> None:
    predictions = [prediction(i, p) for i, p in enumerate(predicted)]
    as_of = None if hours is None else T0 + timedelta(hours=hours)
    expected = settled_by_hand(predictions, labels, as_of)
    chance = random.Random(seed)
    again = labels + [dict(chance.choice(labels)) for _ in range(3) if labels]
    chance.shuffle(again)
    cut = chance.randint(0, len(again))
    for folder in ("predictions", "labels"):
        shutil.rmtree(tmp_path / folder, ignore_errors=True)
    dataset = build([predictions[:3], predictions[3:]], [again[:cut], again[cut:]])
    assert counted(engine, dataset, as_of) == expected


def test_labels_chosen_because_hard_do_not_enter_a_headline_unweighted(
    build: Callable[..., Dataset], engine: Engine
) -> None:
    predictions = [prediction(i, "1") for i in range(4)]
    labels = [
        {**label(0, "1", 5, "outcome"), "queue": None, "sampling_p": None},
        {**label(1, "0", 5, "annotator"), "queue": "uncertain", "sampling_p": None},
        {**label(2, "0", 5, "annotator"), "queue": "random", "sampling_p": 0.25},
    ]
    matrix = confusions(engine, build([predictions], [labels]), Scope())[(None, None)]
    assert matrix.n == 2
    assert matrix.counts[matrix.classes.index("0"), matrix.classes.index("1")] == pytest.approx(4.0)
    assert matrix.counts[matrix.classes.index("1"), matrix.classes.index("1")] == pytest.approx(1.0)


def test_an_unrecorded_arrival_counts_as_known_with_its_prediction(
    build: Callable[..., Dataset], engine: Engine
) -> None:
    dataset = build(
        [[prediction(0, "1"), prediction(9, "1")]],
        [[label(0, "1", None, "outcome"), label(9, "1", None, "outcome")]],
    )
    matrix = confusions(engine, dataset, Scope(as_of=T0 + timedelta(hours=1)))[(None, None)]
    assert matrix.n == 1


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), wait=st.integers(0, 2))
def test_a_period_that_waits_knows_what_was_known_at_its_own_moment(
    build: Callable[..., Dataset], engine: Engine, data: st.DataObject, wait: int
) -> None:
    """One question over all periods gives what a question as of each period's moment gives."""
    n = 60  # rows, one an hour: three days
    predictions = [prediction(i, data.draw(st.sampled_from("01"))) for i in range(n)]
    labels = [
        label(i, value, None if delay < 0 else i + delay, source)
        for i in range(n)
        for value, delay, source in data.draw(
            st.lists(
                st.tuples(
                    st.sampled_from("01"), st.integers(-1, 90), st.sampled_from(sorted(RANK))
                ),
                max_size=2,
            )
        )
    ] or [label(0, "1", 0, "outcome")]
    dataset = build([predictions], [labels])
    found = confusions(engine, dataset, Scope(every="day", wait=wait))
    for day in range(3):
        start = T0 + timedelta(days=day)
        end = start + timedelta(days=1)
        scope = Scope(window=Window(start, end), as_of=end + timedelta(days=wait))
        then = confusions(engine, dataset, scope).get((None, None))
        now = {key: c for key, c in found.items() if key[0] == _micros(start)}
        assert (then is None) == (not now)
        for one in now.values():
            assert then is not None and one.counts.tolist() == then.counts.tolist()


def _micros(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1)).total_seconds() * 1e6)
