"""Feedback by import: through the same gate as the API, once, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import RoleAmbiguous
from app.ingest.aside import read_aside
from app.ingest.outbox import flush
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, ImportReport, Place
from app.state.database import Database
from app.state.inbox import Filter, list_items
from app.state.logs import load_dataset
from app.state.migrations import migrate


@pytest.fixture
def place(tmp_path: Path) -> Any:
    database = Database(f"sqlite:///{tmp_path / 'home' / 'telltale.db'}")
    migrate(database)
    yield Place(tmp_path / "home", database)
    database.close()


def take(place: Place, file: Path, **options: Any) -> ImportReport:
    given = ImportOptions(model="flights", kind="feedback", **options)
    return run_import(place, plan_import(place, [file], given))


def items(place: Place) -> list[Any]:
    return list(reversed(list_items(place.database, Filter("flights"))))


def test_csv_with_good_and_bad_rows(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "said.csv"
    file.write_text(
        "prediction_id,key,score,comment,correction,user_id,created_at,screen\n"
        "00123,thumbs,1,Fine,,ann,2026-03-01T10:00:00,booking\n"
        '9223372036854775999,thumbs,0,"Wrong, again",1,bob,2026-03-01T11:00:00+02:00,\n'
        "F3,thumbs,7,too large,,,,\n"
        ",thumbs,1,no id,,,,\n"
        "F5,thumbs,,,,,,\n"
        "F6,thumbs,x,no number,,,,\n"
    )
    report = take(place, file)
    assert (report.n_read, report.n_taken, report.n_aside) == (6, 2, 4)
    first, second = items(place)
    assert (first.prediction_id, first.score, first.comment) == ("00123", 1.0, "Fine")
    assert first.metadata == {"screen": "booking"}
    assert second.prediction_id == "9223372036854775999"
    assert second.created_at.isoformat() == "2026-03-01T09:00:00"
    assert (second.correction, second.source, second.is_simulated) == ("1", "import", False)
    assert second.user_id not in (None, "bob")
    rows = read_aside(place, report.import_id)
    assert {r.row for r in rows} == {3, 4, 5, 6}
    assert "too large" in next(r.raw for r in rows if r.row == 3)
    again = take(place, file)
    assert (again.n_taken, again.n_duplicates, again.n_aside) == (0, 2, 4)
    flush(place)
    assert load_dataset(place.database, "flights", place.home).log("feedback").n_rows == 2


def test_json_lines_keep_what_is_nested(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    rows = [
        {"run_id": "F1", "key": "answer", "correction": {"label": "1"}, "metadata": {"a": 1}},
        {"run_id": "F2", "key": "answer", "value": ["x", "y"], "source": "simulated"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + "broken\n")
    report = take(place, file)
    assert (report.n_taken, report.n_aside) == (2, 1)
    first, second = items(place)
    assert first.prediction_id == "F1" and first.metadata
    assert second.is_simulated


def test_the_prediction_must_be_named(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "said.csv"
    file.write_text("case,score\nF1,1\n")
    with pytest.raises(RoleAmbiguous, match="prediction"):
        take(place, file)
    assert take(place, file, mapping=(("prediction_id", "case"),)).n_taken == 1
    assert items(place)[0].key == "feedback"
