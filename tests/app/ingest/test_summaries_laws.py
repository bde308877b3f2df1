"""Rows, labels and corrections come through the queue in any order: sheets say what one clean file says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.core import Column, Schema, Scope
from analytics.query.aligned import FOLDER as BESIDE
from analytics.query.beside import Beside
from analytics.query.engine import Engine
from analytics.summaries import chooser, columns, outcomes, store
from analytics.summaries.labelled import KIND
from analytics.summaries.outcomes import Outcomes
from analytics.summaries.store import FOLDER, Summaries, read_sheets
from app.ingest import beside, summaries
from app.ingest.beside import put_beside
from app.ingest.drain import columns_record, drain
from app.ingest.summaries import make_summaries
from app.ingest.wal import Wal
from app.ingest.words import Place
from app.state.logs import load_dataset
from app.state.models import save_schema
from tests.app.ingest.conftest import LAWS, Corrections, corrections_of, new_home

T0 = datetime(2024, 5, 1, 22)
N, PIECES = 90, 9
Row = dict[str, Any]
Batch = tuple[str, list[Row]]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a few rows is worth sheets and files of labels."""
    for module in (store, summaries, chooser, outcomes, beside):
        monkeypatch.setattr(module, "MIN_ROWS", 1)
    monkeypatch.setattr(columns, "FEW", 0)
    monkeypatch.setattr(columns, "FEW_HOUR", 0)


def rows_of(task: str, seed: int) -> tuple[list[Row], list[Row]]:
    """Predictions of four days, and a label of most of them a day later."""
    chance = random.Random(seed)
    rows, labels = [], []
    for i in range(N):
        at = T0 + timedelta(minutes=chance.randrange(4 * 1440))
        truth = chance.gauss(50, 9) if task == "regression" else str(chance.randrange(2))
        said = truth + chance.gauss(1, 2) if isinstance(truth, float) else str(chance.randrange(2))
        row: Row = {"prediction_id": f"p{i}", "timestamp": at.isoformat(), "prediction": said,
                    "model_version": chance.choice(["v1", "v2"])}  # fmt: skip
        rows.append(row if task == "regression" else {**row, "score": chance.random()})
        if i % 5:
            known = (at + timedelta(days=1)).isoformat()
            labels.append({"prediction_id": f"p{i}", "label": truth, "known_at": known})
    return rows, labels


def corrected(task: str, corrections: Corrections) -> list[Row]:
    """Labels that come after all others: of which row, which, at which hour."""
    return [
        {
            "prediction_id": f"p{i}",
            "label": 40.0 + value if task == "regression" else str(value),
            "known_at": (T0 + timedelta(days=9, hours=hour)).isoformat(),
        }
        for i, value, hour in corrections
    ]


def home(folder: Path, task: str) -> Place:
    place = new_home(folder)
    kind = "numeric" if task == "regression" else "categorical"
    names = [Column("prediction", "prediction", kind), Column("label", "label", kind)]  # type: ignore[arg-type]
    schema = Schema("regression", tuple(names))
    if task == "binary":
        score = Column("score", "score", "numeric")
        schema = Schema("binary", (*names, score), ("0", "1"), "1")
    with place.database.write("test") as write:
        save_schema(write, "m", schema, {})
    return place


def send(place: Place, batches: list[Batch]) -> None:
    """Into the queue one after another; labels are put beside rows and counted after each."""
    for kind, rows in batches:
        wal = Wal(place.home / "wal")
        wal.append(columns_record({"model": "m", "kind": kind, "refused": []}, rows)).result()
        wal.close()
        assert drain(place) == len(rows)
        put_beside(place, "m")
        make_summaries(place, "m")


def pieces(kind: str, rows: list[Row], n: int) -> Iterator[Batch]:
    """The rows in ``n`` batches."""
    for i in range(n):
        if rows[i::n]:
            yield kind, rows[i::n]


def sheets_of(place: Place) -> list[store.Sheet]:
    folders = (f for f in (place.home / FOLDER).glob("*/production") if f.is_dir())
    return [sheet for folder in folders for sheet in read_sheets(folder) if sheet.kind == KIND]


def answers(place: Place, task: str) -> tuple[list[Any], list[float]]:
    """What the sheets say by day and version: whole numbers, and sums."""
    dataset = load_dataset(place.database, "m", place.home)
    engine = Engine([place.home], threads=1, beside=Beside(folder=place.home / BESIDE))
    engine.summaries = Summaries(place.home / FOLDER)
    found = outcomes.outcomes(engine, dataset, Scope(every="day", by_version=True))
    assert isinstance(found, Outcomes) and not found.scanned
    whole: list[Any] = [(g.key, g.n, g.n_labelled) for g in found.groups()]
    sums: list[float] = []
    if task == "regression":
        in_all = outcomes.outcomes(engine, dataset, Scope())
        residuals = in_all.residuals() if in_all is not None else None
        assert residuals is not None
        for sides in residuals.values():
            whole.append((sides.n, sides.n_invalid))
            sums += [sides.low, sides.high, *(v for _name, v in sorted(sides.powers.items()))]
    else:
        for key, matrix in sorted(found.confusions().items(), key=str):
            whole.append((key, matrix.counts.tolist()))
        for key, scores in sorted(found.scores().items(), key=str):
            whole.append((key, scores.n, scores.positives.tolist(), scores.score.tolist()))
    engine.close()
    return whole, sums


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "regression"])
@settings(LAWS, max_examples=3)
@given(corrections=corrections_of(N, (0, 99), (2, 8)), seed=st.integers(0, 99))
def test_joined_sheets_and_corrections_in_any_order_give_the_same_numbers(
    task: str, corrections: Corrections, seed: int, tmp_path: Path
) -> None:
    rows, labels = rows_of(task, seed)
    labels = [*labels, *corrected(task, corrections)]
    clean, messy = home(tmp_path / "clean", task), home(tmp_path / "messy", task)
    send(clean, [("predictions", rows), ("labels", labels)])
    draw = random.Random(seed)
    draw.shuffle(labels)  # corrections come before what they correct, or before their rows
    batches = [*pieces("predictions", rows, PIECES), *pieces("labels", labels, 3)]
    draw.shuffle(batches)
    send(messy, batches)
    made = {sheet.key: 0 for sheet in sheets_of(messy)}
    for sheet in sheets_of(messy):
        made[sheet.key] += 1
    assert min(made.values()) < PIECES  # sheets of like size became one
    expected, found = answers(clean, task), answers(messy, task)
    assert found[0] == expected[0]
    assert found[1] == pytest.approx(expected[1], rel=1e-9, abs=1e-7)
