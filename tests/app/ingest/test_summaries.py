"""After an import the first question finds its summaries; whatever happens, answers are those of rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analytics.core import Dataset, Question, Result, Scope
from analytics.errors import QueryCancelled
from analytics.evaluate import drift
from analytics.query.engine import Cancel, Engine
from analytics.summaries import chooser, columns, outcomes, store
from analytics.summaries.store import FOLDER, read_sheets
from app.ingest import beside, retire, summaries
from app.ingest.beside import Placer, import_and_put
from app.ingest.plan import plan_import
from app.ingest.words import ImportOptions, Place
from app.state.logs import load_dataset


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a few rows is worth sheets, and they are taken."""
    for module in (store, summaries, chooser):
        monkeypatch.setattr(module, "MIN_ROWS", 1)
    monkeypatch.setattr(columns, "FEW", 0)
    monkeypatch.setattr(columns, "FEW_HOUR", 0)


def labelled_rows(start: int, n: int) -> str:
    head, *lines = rows(start, n).splitlines()
    truths = [f"{line},{(i * 7 + start) % 11 % 2 if i % 5 else ''}" for i, line in enumerate(lines)]
    return "\n".join([f"{head},label", *truths, ""])


def rows(start: int, n: int) -> str:
    lines = [
        f"p{i},2024-01-{1 + i % 28:02d}T{i % 24:02d}:00:00,{int(i % 3 > 0)},{(i * 37 % 101) / 100},{'abc'[i % 3]}"
        for i in range(start, start + n)
    ]
    return "\n".join(["id,timestamp,prediction,x,city", *lines, ""])


def bring(place: Place, tmp_path: Path, text: str, **more: Any) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text)
    import_and_put(place, plan_import(place, [file], ImportOptions("m", positive="1", **more)))


def sheets(place: Place) -> list[store.Sheet]:
    return [
        s
        for folder in (place.home / FOLDER).glob("*/*")
        if folder.is_dir()
        for s in read_sheets(folder)
    ]


def told(results: list[Result]) -> list[Any]:
    return [
        (r.name, r.column, r.window, r.value if r.is_exact else None, r.n, r.verdict)
        for r in results
    ]


def is_as_rows(engine: Engine, dataset: Dataset) -> bool:
    """Whether drift from sheets is that from rows."""
    question = Question(Scope(every="day"), Scope("reference"), ("psi", "tvd", "missing_rate"))
    found = drift(engine, dataset, replace(question, is_exact=False))
    return told(found) == told(drift(engine, dataset, question))


def test_an_import_leaves_sheets_and_questions_read_them(
    place: Place, tmp_path: Path, engines: Callable[[], Engine]
) -> None:
    bring(place, tmp_path, rows(0, 900), log="reference")
    bring(place, tmp_path, rows(900, 900))
    dataset = load_dataset(place.database, "m")
    made = sheets(place)
    assert {s.file.parent.name for s in made} == {"reference", "production"}
    held = sum(n for s in made if s.kind == "numbers" for group in s.groups for _a, _b, n in group)
    assert held == 1800
    engine = engines()
    taken = chooser.count_both(
        engine, dataset, Question(Scope(), Scope("reference"), is_exact=False), ["x"], ["city"]
    )
    assert taken is not None and sum(taken.numbers["x"][1].counts) == 900
    assert is_as_rows(engine, dataset)


def test_no_statement_counts_more_rows_than_memory_is_meant_for(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "MOST_AT_ONCE", 250)
    with monkeypatch.context() as later:
        later.setattr(summaries, "MIN_ROWS", 10**9)
        bring(place, tmp_path, rows(0, 100), log="reference")
        for start in range(100, 600, 100):
            bring(place, tmp_path, rows(start, 100))
    assert not sheets(place)
    summaries.make_summaries(place, "m")
    for kind in {s.kind for s in sheets(place)}:
        mine = [s for s in sheets(place) if s.kind == kind and s.file.parent.name == "production"]
        assert sorted(len(s.groups) for s in mine) == [1, 2, 2]
    assert is_as_rows(engines(), load_dataset(place.database, "m"))


def test_labels_are_counted_too(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "MIN_ROWS", 1)
    monkeypatch.setattr(beside, "MIN_ROWS", 1)
    bring(place, tmp_path, labelled_rows(0, 600), log="reference")
    bring(place, tmp_path, labelled_rows(601, 600))
    dataset, engine = load_dataset(place.database, "m"), engines()
    for scope in (Scope(), Scope(every="day"), Scope("reference")):
        assert outcomes.outcomes(engine, dataset, scope) is not None
        question = Question(scope, Scope("reference"), ("tvd", "g", "missing_rate"))
        found = drift(engine, dataset, replace(question, is_exact=False))
        exact = drift(engine, dataset, question)
        assert told(found) == told(exact)
        assert [r.n_labelled for r in found] == [r.n_labelled for r in exact]
        assert {r.column for r in found} >= {"label", "city", "prediction"}
    with monkeypatch.context() as patch:  # neither rows nor labels are read

        def refuse(*_arguments: object, **_more: object) -> None:
            raise AssertionError

        for name in ("count_groups", "level_counts"):
            patch.setattr(chooser, name, refuse)
        drift(engine, dataset, replace(question, is_exact=False))


def test_new_parts_are_added_and_gone_ones_are_not_counted(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(place, tmp_path, rows(0, 300), log="reference")
    bring(place, tmp_path, rows(300, 300))
    first = {s.file.name for s in sheets(place)}
    bring(place, tmp_path, rows(600, 300))
    again = sheets(place)
    assert first <= {s.file.name for s in again}  # nothing is counted twice, nothing is made anew
    assert summaries.make_summaries(place, "m").n_rows == 0
    assert is_as_rows(engines(), load_dataset(place.database, "m"))
    for i in range(3, 12):
        bring(place, tmp_path, rows(300 * i, 300))
    kept = [s for s in sheets(place) if s.kind == "numbers" and s.file.parent.name == "production"]
    assert len(kept) < 2 * summaries.TIER and sum(len(s.groups) for s in kept) >= 11
    dataset = load_dataset(place.database, "m")
    assert is_as_rows(engines(), dataset)
    # Half of the parts leave the manifest: their rows count no more, at once, and then are gone.
    from app.state.logs import remove_parts

    gone = dataset.log("predictions").parts[::2]
    with place.database.write("test") as write:
        remove_parts(write, [str(Path(p.path).relative_to(place.home)) for p in gone])
        write.audit("test", "model", "m")
    dataset = load_dataset(place.database, "m")
    assert is_as_rows(engines(), dataset)
    monkeypatch.setattr(retire, "KEEP_OLD_S", -1.0)
    summaries.make_summaries(place, "m")
    there = {
        store.tell(p)
        for p in (*dataset.log("predictions").parts, *dataset.log("predictions", "reference").parts)
    }
    assert {told for s in sheets(place) for group in s.groups for told in group} <= there
    assert is_as_rows(engines(), dataset)


def test_another_reference_or_version_makes_all_anew(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(place, tmp_path, rows(0, 300), log="reference")
    bring(place, tmp_path, rows(300, 300))
    before = {s.key for s in sheets(place) if s.kind == "numbers"}
    grids = list((place.home / FOLDER).glob("*/grid-*.json"))
    bring(place, tmp_path, rows(5000, 300), log="reference")
    assert before.isdisjoint({s.key for s in sheets(place) if s.kind == "numbers"})
    assert list((place.home / FOLDER).glob("*/grid-*.json")) != grids
    assert is_as_rows(engines(), load_dataset(place.database, "m"))
    keys = {s.key for s in sheets(place)}
    monkeypatch.setattr(store, "VERSION", store.VERSION + 1)
    assert summaries.make_summaries(place, "m").n_rows > 0
    assert keys.isdisjoint({s.key for s in sheets(place)})
    assert is_as_rows(engines(), load_dataset(place.database, "m"))


def test_the_worker_makes_what_an_import_left_undone(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("app.ingest.beside.make_summaries", lambda *_a, **_k: summaries.Made())
        bring(place, tmp_path, rows(0, 300))
    assert sheets(place) == []
    placer = Placer(place)
    placer.do()
    assert {s.kind for s in sheets(place)} >= {"numbers", "levels"}


def test_a_cancelled_one_leaves_nothing_half(place: Place, tmp_path: Path) -> None:
    bring(place, tmp_path, rows(0, 300))
    for sheet in sheets(place):
        sheet.file.with_suffix(".json").unlink()
    cancel = Cancel()
    cancel.press()
    with pytest.raises(QueryCancelled):
        summaries.make_summaries(place, "m", cancel=cancel)
    assert sheets(place) == []
    summaries.make_summaries(place, "m")
    assert len(list((place.home / FOLDER).glob("*/production/*.parquet"))) == len(sheets(place))


@pytest.mark.parametrize("step", ["summary-written", "summary-moved"])
def test_a_killed_one_is_made_again(
    place: Place, tmp_path: Path, step: str, engines: Callable[[], Engine]
) -> None:
    bring(place, tmp_path, rows(0, 300), log="reference")
    bring(place, tmp_path, rows(300, 300))
    for sheet in sheets(place):
        sheet.file.with_suffix(".json").unlink()
    code = (
        "from pathlib import Path\n"
        "from analytics.summaries import store, columns\n"
        "store.MIN_ROWS = 1; columns.FEW = columns.FEW_HOUR = 0\n"
        "from app.ingest import summaries\n"
        "summaries.MIN_ROWS = 1\n"
        "from app.ingest.words import Place\n"
        "from app.state.database import Database\n"
        f"summaries.make_summaries(Place(Path({str(place.home)!r}), Database({place.database.url!r}), 'x'), 'm')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "TELLTALE_TEST_KILL_AT": step}, check=False
    )
    assert done.returncode == -9
    dataset = load_dataset(place.database, "m")
    assert is_as_rows(engines(), dataset)
    summaries.make_summaries(place, "m")
    assert is_as_rows(engines(), dataset) and sheets(place)


def test_a_line_says_what_a_sheet_holds(place: Place, tmp_path: Path) -> None:
    bring(place, tmp_path, rows(0, 300))
    for sheet in sheets(place):
        line = json.loads(sheet.file.with_suffix(".json").read_text())
        assert line["bytes"] == sheet.file.stat().st_size
        assert all(len(group) for group in line["groups"])
