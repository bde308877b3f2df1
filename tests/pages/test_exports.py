"""For every page that can be taken away: what is exported, on the screen and under `--json` is one."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analytics.evaluate.changes import PART
from analytics.words import unit_of, write_value
from app import navigation
from app.cli import main
from app.report.sections import SECTIONS
from app.widgets import export
from app.widgets.tables import MOST_ROWS, results_csv

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p.stem for p in (ROOT / "pages").glob("*.py") if "draw_export(" in p.read_text())
MONITORED = ("overview", "performance", "drift", "quality", "serving", "compare")
MODELS = ("flight-late", "flight-delay", "digit-reader")
FILES = {  # pages that hand out files of their own: the test that file, screen and command agree
    "explore": "test_explore.py::test_the_files_the_screen_and_the_commands_count_the_same_rows",
    "feedback": "test_feedback.py::test_the_files_the_screen_and_the_command_count_the_same_items",
    "incidents": "test_incidents.py::test_the_file_the_screen_and_the_command_hold_the_same_incidents",
    "monitors": "test_incidents.py::test_the_file_of_monitors_is_the_table_and_what_check_reads",
    "replay": "test_replay.py::test_the_file_the_screen_and_the_command_hold_the_same_incidents",
    "review": "test_review.py::test_the_file_the_screen_and_the_command_hold_the_same_tasks",
    "set_aside": "test_set_aside.py::test_the_file_the_screen_and_the_command_count_the_same_rows",
}
NO_NUMBERS = ("account", "add_data", "admin", "label")  # forms, and one card at a time
NO_CODE = {"behaviour": "There is no code for behaviour yet."}  # said in the menu instead
QUESTIONS = {
    "overview": ("performance", "headline"),
    "performance": ("performance", "changes"),
}  # pages whose numbers are other commands'
COUNTED = {"observed_rate", "label_coverage", "latency_p95"}  # the headline gives all of them
FLAGS = ("version", "window", "reference", "segment", "as_of")
NUMBERS = ("value", "low", "high", "n", "n_labelled")


@dataclass
class Taken:
    """What a page handed to its export menu."""

    results: list[Any]
    words: Any
    other: str | None
    rows: list[dict[str, str]]


@pytest.fixture(name="take")
def take_fixture(run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, Taken]]:
    """Run a page and keep what it exports."""
    kept: list[Taken] = []
    draw = export.draw_export

    def watch(place, view, results, page, asked=None, other=None):
        rows = list(csv.DictReader(io.StringIO(results_csv(results))))
        kept.append(Taken(list(results), view.asked(**dict(asked or {})), other, rows))
        draw(place, view, results, page, asked, other)

    monkeypatch.setattr(export, "draw_export", watch)

    def take(page: str, model: str, below: str | None = None) -> tuple[Any, Taken]:
        app = run(page, m=model)
        if below:
            app.session_state["below"] = below
            app.run()
        return app, kept[-1]

    return take


def flags_of(taken: Taken) -> list[str]:
    """The words of the page as a command has them."""
    found = []
    for name in FLAGS:
        value = getattr(taken.words, name)
        if value is not None:
            found += [f"--{name.replace('_', '-')}", str(value)]
    return found


def answers_of(page: str, model: str, home: Path, taken: Taken, capsys) -> tuple[list, list]:
    """What the commands of the page say for the same words: (as a whole, by period and version)."""
    names = {r.name for r in taken.results}
    whole: list[dict[str, Any]] = []
    cut: list[dict[str, Any]] = []
    for question in QUESTIONS.get(page, (page,)):
        words = [question, "--model", model, "--home", str(home), "--json", *flags_of(taken)]
        if question == "changes":  # those of the metric that is drawn
            drawn = {r.name for r in taken.results if r.detail.get("part") == PART}
            words += ["--names", ",".join(drawn), "--every", taken.words.every]
            cut += _said(words, capsys)
            continue
        if question in ("performance", "drift", "quality"):
            skipped = COUNTED if page == "overview" else set()
            words += ["--names", ",".join(sorted(names - skipped))]
        if taken.other:
            words += ["--with", taken.other]
        whole += _said([*words], capsys)
        every = taken.words.every
        for extra in ([], ["--by-version"]) if every and question != "compare" else ():
            cut += _said([*words, "--every", every, *extra], capsys)
    return whole, cut


def _said(words: Sequence[str], capsys) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(list(words)) == 0, capsys.readouterr().err
    results: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["results"]
    return results


def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """Which number it is, in a row of the CSV or a result of the command."""
    if "window" in row:
        window, detail = row["window"], row["detail"]
        start, end = (window[e] and window[e].replace("T", " ") for e in ("start", "end"))
        of = (detail.get("class"), row["version"], row["segment"], detail.get("part"))
        who = (row["name"], row["column"], *of)
        found = (*who, start, end, window["first_row"], window["last_row"])
    else:
        names = ("name", "column", "class", "version", "segment", "part", "start", "end")
        found = tuple(row[n].removeprefix("'") or None for n in (*names, "first_row", "last_row"))
    return tuple(None if v is None else str(v) for v in found)


def test_every_page_of_the_menu_says_how_its_numbers_leave() -> None:
    """A new page stands in one of the three, and its test is there."""
    ways = [*PAGES, *FILES, *NO_NUMBERS]
    assert sorted(ways) == sorted(page.file for page in navigation.PAGES)
    for place in FILES.values():
        file, test = place.split("::")
        assert f"def {test}(" in (ROOT / "tests" / "pages" / file).read_text(), place


@pytest.mark.parametrize("page", PAGES)
def test_code_to_copy_is_there_or_the_menu_says_why_not(on_samples, take, texts, page: str) -> None:
    """That it gives the same numbers: tests/app/report/test_take_away.py."""
    app, _taken = take(page, "flight-late")
    app.session_state["as_code"] = True
    app.run()
    assert not app.exception
    code = [c.value for c in app.code if "import duckdb" in c.value]
    assert bool(code) == (page not in NO_CODE)
    assert code or NO_CODE[page] in texts(app)


@pytest.mark.parametrize("page", sorted(set(PAGES) - set(MONITORED)))
def test_other_pages_export_the_numbers_they_worked_out(on_samples, take, page: str) -> None:
    _app, taken = take(page, "flight-late")
    assert len(taken.rows) == len(taken.results) > 0
    for row, result in zip(taken.rows, taken.results, strict=True):
        told = "" if result.value is None else str(result.value)
        assert (row["name"], row["value"], int(row["n"])) == (result.name, told, result.n)


@pytest.mark.parametrize("page", MONITORED)
@pytest.mark.parametrize("model", MODELS)
def test_export_screen_and_command_are_one(
    on_samples, sample_home, take, texts, capsys, page: str, model: str
) -> None:
    app, taken = take(page, model)
    whole, cut = answers_of(page, model, sample_home, taken, capsys)
    said = {key_of(r): r for r in (*cut, *whole)}
    assert len(taken.rows) == len(taken.results) > 3
    for row in taken.rows:
        result = said[key_of(row)]
        for number in NUMBERS:
            shown = float(row[number]) if row[number] else None
            told = result[number]
            assert shown == told or math.isclose(shown or 0.0, told, rel_tol=1e-9), (number, row)
        assert (row["verdict"], row["reason"] or None) == (result["verdict"], result["reason"])
    assert {key_of(r) for r in whole} <= {key_of(row) for row in taken.rows}
    _check_screen(app, taken, texts(app), page)


def _check_screen(app, taken: Taken, said: str, page: str) -> None:
    """The cards and the number of rows at the top are those of the export."""
    values = {write_value(r.value, unit_of(r)) for r in taken.results}
    cards = [m.value for m in app.markdown if m.value.startswith("**") and "-badge[" in m.value]
    assert len(cards) >= (0 if page in ("drift", "compare", "slices") else 3)
    for card in cards if page != "slices" else ():  # fairness stands beside the slices exported
        number = card.split("**")[1]
        assert number in values or number == "–", card
    total = max(r.n for r in taken.results if r.name not in ("cpu_percent", "memory_mb"))
    rows = int(re.findall(r"([\d,]+) predictions", said)[0].replace(",", ""))
    assert total == rows or page in ("compare", "slices")  # a part of them


@pytest.mark.parametrize("page", ["slices", "why", "behaviour"])
def test_pages_that_explain_export_what_their_command_says(
    on_samples, sample_home, take, capsys, page: str
) -> None:
    """Many numbers of one name here: all of them, whatever their order."""
    _app, taken = take(page, "flight-late")
    whole, cut = answers_of(page, "flight-late", sample_home, taken, capsys)

    def numbers(rows: Sequence[Any]) -> Counter[tuple[Any, ...]]:
        found = [(r["name"], r["value"], r["low"], r["high"], str(r["n"])) for r in rows]
        return Counter(
            (name, *("" if v in (None, "") else f"{float(v):.9g}" for v in three), n)
            for name, *three, n in found
        )

    assert len(whole) > 3
    assert not numbers(whole) - numbers(taken.rows)
    assert not numbers(taken.rows) - numbers([*whole, *cut])


@pytest.mark.parametrize("page", ["performance", "serving", "compare"])
def test_the_table_of_all_results_is_the_export(on_samples, take, page: str) -> None:
    app, taken = take(page, "flight-late", "All results")
    table = app.dataframe[-1].value
    shown = list(zip(table["value"], table["rows"], strict=True))
    assert shown == [(write_value(r.value, unit_of(r)), r.n) for r in taken.results][:MOST_ROWS]


def test_the_columns_of_drift_are_the_exported_ones(on_samples, take) -> None:
    app, taken = take("drift", "flight-late")
    table = app.dataframe[0].value
    deciding = {r.column: r for r in taken.results if r.detail.get("decides")}
    assert set(table["column"]) <= set(deciding) and len(table) >= 8
    by_column = {
        r.column: r for r in taken.results if r.name in ("ks", "tvd") and r.detail["decides"]
    }
    for column, effect in zip(table["column"], table["effect"], strict=True):
        assert effect.split()[0] == write_value(by_column[column].value, "score")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_a_report_and_its_numbers_are_those_of_the_page(
    on_samples, take, sample_home, page: str
) -> None:
    from app.ask import Desk
    from app.report.make import report_of
    from app.settings import read_settings

    _app, taken = take(page, "flight-late")
    assert page in SECTIONS
    with Desk(read_settings(home=str(sample_home))) as desk:
        text = report_of(desk, "flight-late", taken.words, (page,), actor="ann")
    for r in _shown(taken.results):
        assert write_value(r.value, unit_of(r)) in text, r.name


def _shown(results: Sequence[Any]) -> list[Any]:
    """Numbers of the whole window that have a value."""
    longest = max((r.window.end - r.window.start for r in results if r.window.end), default=None)
    return [r for r in results if r.value is not None and r.window.end
            and r.window.end - r.window.start == longest]  # fmt: skip
