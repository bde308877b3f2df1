"""``telltale feedback``: the same inbox for scripts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main
from app.ingest.outbox import flush
from app.ingest.words import Place
from app.state.database import Database

ROWS = "prediction_id,timestamp,model_version,prediction,score,origin\n" + "".join(
    f"F{i},2026-01-{i // 8 + 1:02d}T10:00:00Z,v{i % 2 + 1},{i % 2},0.{i % 10},{'JFK' if i % 2 else 'EWR'}\n"
    for i in range(160)
)
SAID = "prediction_id,key,score,comment,created_at,identifier\n" + "".join(
    f"F{i},thumbs,{int(i % 3 > 0)},{'=1+1' if i == 0 else 'word ' + str(i)},2026-01-{i // 8 + 1:02d}T11:00:00Z,n{i}\n"
    for i in range(160)
)


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    home = tmp_path / "home"
    for name, text, more in (("log", ROWS, []), ("said", SAID, ["--kind", "feedback"])):
        (tmp_path / f"{name}.csv").write_text(text)
        file = str(tmp_path / f"{name}.csv")
        assert main(["import", file, "--model", "flights", "--home", str(home), *more]) == 0
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    flush(Place(home, database))
    database.close()
    capsys.readouterr()

    def run(*words: str) -> str:
        assert main(["feedback", *words, "--model", "flights", "--home", str(home)]) == 0
        return capsys.readouterr().out

    return run


def test_list(ask: Callable[..., str]) -> None:
    found = json.loads(ask("list", "--negative", "--limit", "5", "--json"))
    assert (found["n"], len(found["items"])) == (54, 5)
    assert found["items"][0]["identifier"] == "n159"
    assert "5 of 160 items" in ask("list", "--limit", "5")


def test_export_in_both_formats_says_the_same(ask: Callable[..., str]) -> None:
    lines = [json.loads(line) for line in ask("export").splitlines()]
    table = list(csv.DictReader(io.StringIO(ask("export", "--format", "csv"))))
    assert len(lines) == len(table) == 160
    assert [row["id"] for row in lines] == [row["id"] for row in table]
    assert lines[0]["comment"] == "=1+1" and table[0]["comment"] == "'=1+1"


def test_the_week_in_five_lines(ask: Callable[..., str]) -> None:
    lines = ask("digest", "--until", "2026-01-15").splitlines()
    assert len(lines) == 5
    assert lines[0] == "56 items of feedback came in for flights in the week to 15 January 2026, as many as in the week before."  # fmt: skip
    assert "of 56 judgements were bad" in lines[1]
    assert lines[3].startswith("0 were closed and 160 are open, the oldest for 13 days")
    quiet = ask("digest", "--until", "2025-01-01").splitlines()
    assert quiet[0].startswith("Nobody said anything")


def test_a_wrong_status_is_named(ask: Callable[..., str], tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    assert main(["feedback", "list", "--model", "flights", "--status", "x", "--home", home]) == 2
    assert main(["feedback", "list", "--model", "nothing", "--home", home]) == 2
