"""Small parts become large ones: no reader notices, no number moves, and rows stand so that much is left out."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import evaluate
from analytics.core import Dataset, Question, Schema, Scope
from analytics.query.engine import Engine
from analytics.sources.relation import relation
from app.ingest import beside, compact, known, parts
from app.ingest.drain import columns_record, drain
from app.ingest.wal import Wal
from app.ingest.words import Place
from app.memory import MB
from app.state.logs import load_dataset
from app.state.models import save_schema

NAMES = ("accuracy", "roc_auc", "log_loss")


def give(place: Place, rows: list[dict[str, Any]], kind: str = "predictions") -> None:
    """Rows through the write-ahead log into the log, as one part of a month."""
    what = {"model": "m", "kind": kind, "refused": [], "received_at": "2026-03-31T00:00:00"}
    wal = Wal(place.home / "wal")
    wal.append(columns_record(what, rows)).result()
    wal.close()
    drain(place)


def prediction(i: int) -> dict[str, Any]:
    return {
        "prediction_id": f"p{i}",
        "timestamp": f"2026-03-{1 + i * 7 % 28:02}T12:00:00",
        "model_version": "ab"[i % 2],
        "prediction": i % 3 % 2,
        "score": (i * 37 % 101) / 101,
    }


def label(i: int) -> dict[str, Any]:
    return {"prediction_id": f"p{i}", "label": i % 5 % 2, "known_at": "2026-03-30T00:00:00"}


@pytest.fixture
def model(place: Place) -> Place:
    with place.database.write("test") as write:
        save_schema(write, "m", Schema("binary", (), ("0", "1"), "1"), {})
    return place


def look(place: Place) -> Dataset:
    return load_dataset(place.database, "m", place.home)


def numbers(place: Place, dataset: Dataset) -> list[tuple[Any, ...]]:
    engine = Engine([place.home])
    try:
        found = evaluate.performance(engine, dataset, Question(Scope(), None, NAMES))
        return [(r.name, r.value, r.low, r.high, r.n, r.n_labelled) for r in found]
    finally:
        engine.close()


def test_rows_of_a_part_stand_by_version_and_time_and_keep_their_ordinal(
    model: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048"
    monkeypatch.setattr(parts, "FORM", form)
    monkeypatch.setattr(compact, "FORM", form)
    monkeypatch.setattr(compact, "MERGE_FROM", 2)
    give(model, [prediction(i) for i in range(5_000)])
    give(model, [prediction(i) for i in range(5_000, 10_000)])
    (part,) = look(model).log("predictions").parts  # of both
    groups = pq.ParquetFile(part.path).metadata
    names = [groups.schema.column(i).name for i in range(groups.num_columns)]
    spans = []
    for i in range(groups.num_row_groups):
        group = groups.row_group(i)
        version, moment = (
            group.column(names.index(name)).statistics for name in ("model_version", "timestamp")
        )
        spans.append((version.min, version.max, moment.min, moment.max))
    assert len(spans) == 5
    alone = [span for span in spans if span[0] == span[1]]
    assert len(alone) >= 4  # one group at most has both versions
    for one, next_ in pairwise(alone):
        assert one[0] < next_[0] or one[3] <= next_[2]
    rows = pq.read_table(part.path, partitioning=None).sort_by("row")
    assert rows["row"].to_pylist() == list(range(10_000))
    assert rows["prediction_id"].to_pylist() == [f"p{i}" for i in range(10_000)]


def test_what_needs_more_memory_gets_what_an_import_may_use(
    model: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "MEMORY", MB)
    monkeypatch.setattr(compact, "MERGE_FROM", 2)
    whole, tried = compact._merge, list[str]()
    monkeypatch.setattr(compact, "_merge", lambda *a: (tried.append(a[3]), whole(*a)))
    for i in range(2):
        give(model, [prediction(i) for i in range(5_000 * i, 5_000 * i + 5_000)])
    (part,) = look(model).log("predictions").parts
    assert part.n_rows == 10_000
    assert tried == ["1MB", model.memory]


def test_parts_that_no_memory_merges_stay_and_nothing_that_comes_waits(
    model: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # some commands, run here before, turn warnings off
    monkeypatch.setattr(compact, "MERGE_FROM", 2)
    whole = compact._merge
    monkeypatch.setattr(compact, "_merge", lambda *a: whole(*a[:3], "1MB"))
    for i in range(2):
        give(model, [prediction(i) for i in range(5_000 * i, 5_000 * i + 5_000)])
    assert [part.n_rows for part in look(model).log("predictions").parts] == [5_000, 5_000]
    assert "small parts of m stay as they are" in caplog.text


def test_a_reader_in_the_middle_reads_the_same(
    model: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(compact.MERGE_FROM - 1):
        give(model, [prediction(20 * i + j) for j in range(20)])
    give(model, [label(i) for i in range(0, 300, 2)], "labels")
    before = look(model)
    expected = numbers(model, before)
    read, at_commit, goes_on = list[Any](), threading.Event(), threading.Event()

    def stop_there(step: str) -> None:
        if step in ("merge-placed", "outbox-merge"):  # the file is in place, then in the manifest
            at_commit.set()
            assert goes_on.wait(60)

    monkeypatch.setattr(compact, "reach", stop_there)
    monkeypatch.setattr(compact, "MERGE_FROM", compact.MERGE_FROM - 1)
    merging = threading.Thread(target=compact.merge, args=(model, "m", "predictions"))
    merging.start()
    assert at_commit.wait(60)
    read.append(numbers(model, before))
    read.append(numbers(model, look(model)))
    goes_on.set()
    merging.join(60)
    after = look(model)
    assert len(after.log("predictions").parts) == 1 < len(before.log("predictions").parts)
    read += [numbers(model, before), numbers(model, after)]  # whoever holds the old parts still may
    assert read == [expected] * 4


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_the_order_of_parts_changes_no_number(model: Place, data: st.DataObject) -> None:
    if not look(model).log("predictions").parts:
        for i in range(5):
            give(model, [prediction(20 * i + j) for j in range(20)])
            give(model, [label(20 * i + j) for j in range(10)], "labels")
    dataset = look(model)
    shuffled = {
        log.kind: replace(log, parts=tuple(data.draw(st.permutations(log.parts))))
        for log in (dataset.log("predictions"), dataset.log("labels"))
    }
    logs = {
        key: shuffled.get(log.kind, log) if log.parts else log for key, log in dataset.logs.items()
    }
    assert numbers(model, replace(dataset, logs=logs)) == numbers(model, dataset)


def test_labels_beside_the_rows_follow(model: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "MIN_ROWS", 1)
    for i in range(compact.MERGE_FROM - 1):
        give(model, [prediction(20 * i + j) for j in range(20)])
    give(model, [label(i) for i in range(0, 300, 2)], "labels")
    assert beside.put_beside(model, "m").n_rows == 300
    expected = numbers(model, look(model))
    monkeypatch.setattr(compact, "MERGE_FROM", compact.MERGE_FROM - 1)
    compact.merge(model, "m", "predictions")
    assert numbers(model, look(model)) == expected  # before they were put there again
    assert beside.put_beside(model, "m").n_rows == 300
    assert numbers(model, look(model)) == expected
    assert beside.put_beside(model, "m").n_rows == 0


def test_ids_are_known_from_runs_of_parts_that_are_there_gone_or_cut(
    model: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "RUN_FROM", 3)
    monkeypatch.setattr(known, "JOINED", 2)
    monkeypatch.setattr(compact, "MERGE_FROM", 7)
    folder = model.home / known.FOLDER / "m" / "predictions"
    were = set[str]()
    for i in range(14):
        again = [prediction(j) for j in range(0, 20 * i, 11)]  # all of them are known
        give(model, [*again, *(prediction(20 * i + j) for j in range(20))])
        were |= {file.name for file in folder.glob("run-*.npy")}
        assert look(model).log("predictions").n_rows == 20 * (i + 1)
        if i == 9:
            for run in sorted(folder.glob("run-*.npy"))[:1]:
                run.write_bytes(b"cut")
    assert len(were) >= 4
    engine = Engine([model.home])
    log = look(model).log("predictions")
    n = engine.rows(f"SELECT count(DISTINCT prediction_id) FROM {relation(log)}")[0][0]
    assert n == log.n_rows == 280


def test_what_is_known_is_found() -> None:
    """Beside sets of Python."""
    import numpy as np

    rng = np.random.default_rng(3)
    there = np.sort(rng.integers(0, 2**64, 5_000, dtype=np.uint64))
    wanted = np.sort(np.concatenate([there[::7], rng.integers(0, 2**64, 500, dtype=np.uint64)]))
    found = known._stand(there, wanted)
    assert found.tolist() == [h in set(there.tolist()) for h in wanted.tolist()]
    assert not known._stand(there[:0], wanted).any()
