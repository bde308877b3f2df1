"""Feedback that came before its prediction is linked when the prediction arrives."""

from __future__ import annotations

from pathlib import Path

from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.settings import settings_in_force
from app.state.database import Database
from app.state.feedback import Given, read_item, receive
from app.worker.chores import Chores

ROWS = "prediction_id,timestamp,model_version,prediction,score\n" + "".join(
    f"F{i},2026-01-01T10:00:{i:02d}Z,v{i % 2 + 1},{i % 2},0.{i}\n" for i in range(5)
)


def bring(home: Database, tmp_path: Path, text: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text(text)
    place = Place(settings_in_force().home, home)
    run_import(place, plan_import(place, [file], ImportOptions("flights")))


def test_linked_now_or_later(home: Database, tmp_path: Path) -> None:
    bring(home, tmp_path, ROWS)
    with home.write("test") as write:
        early = receive(write, "flights", Given("k", "F9", score=0.0))[0]
        known = receive(write, "flights", Given("k", "F1", score=0.0))[0]
    chores = Chores(settings_in_force(), home)
    chores.do()
    assert (read_item(home, known.id).link, read_item(home, known.id).model_version) == (
        "linked",
        "v2",
    )
    assert read_item(home, early.id).link == "unlinked"
    chores.do()
    bring(home, tmp_path, ROWS.replace("F4", "F9"))
    chores.do()
    assert (read_item(home, early.id).link, read_item(home, early.id).model_version) == (
        "linked",
        "v1",
    )


def test_without_a_log_nothing_breaks(home: Database, tmp_path: Path) -> None:
    bring(home, tmp_path, ROWS)
    chores = Chores(settings_in_force(), home)
    chores.do()
    chores.start()
    chores.end()
