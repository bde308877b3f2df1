"""What leaves the screen: the same numbers in the CSV, the JSON, the report and the copied code."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.core import Result
from analytics.evaluate.code import EXPRESSIONS, code_for
from app.ask import Desk
from app.cli.comparing import as_json as compare_json
from app.cli.questions import result_json
from app.questions import Asked, build_question, clock
from app.report.make import report_of
from app.report.reader import Section
from app.report.sections import SECTIONS
from app.settings import read_settings
from app.widgets.tables import results_csv

MODELS = ("flight-late", "flight-delay", "digit-reader")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from app.ingest.samples import import_samples

    home = tmp_path_factory.mktemp("home")
    opened = Desk(read_settings(home=str(home)))
    import_samples(home, opened.database)
    yield opened
    opened.close()


def run_code(text: str, home: Path) -> dict[str, Any]:
    """Run copied code as somebody would, and hand back its names."""
    names: dict[str, Any] = {}
    exec(text.replace('HOME = ".telltale"', f"HOME = {str(home)!r}"), names)
    return names


def key_of(result: Result) -> tuple[Any, ...]:
    return (result.window.start, result.version, result.name)


@pytest.mark.parametrize("model", MODELS)
def test_copied_code_gives_the_numbers_of_performance(desk: Desk, model: str) -> None:
    asked = Asked(every="month", by_version=True)
    task = desk.dataset(model).schema.task
    names = tuple(EXPRESSIONS[task])
    dataset, question, results = desk.ask(
        "performance", model, Asked(**{**_words(asked), "names": names})
    )
    text = code_for(dataset, "performance", question, str(desk.settings.home))
    assert str(desk.settings.home) not in text  # a folder of the server is nobody's business
    found = run_code(text, desk.settings.home)["answer"]
    expected = {
        (_micros(r.window.start), r.version, r.name): r.value
        for r in results
        if r.value is not None
    }
    seen = {(_number(p), v, name): value for (p, v, name), value in found.items()}
    assert len(expected) >= 9
    for key, value in expected.items():
        assert seen[key] == pytest.approx(value, rel=1e-9, abs=1e-9), key


def _words(asked: Asked) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in asked.__dataclass_fields__}


def _micros(moment: Any) -> int:
    from datetime import UTC

    return round(moment.replace(tzinfo=UTC).timestamp() * 1e6)


def _number(period: Any) -> int | None:
    return None if pd.isna(period) else int(period)


@pytest.mark.parametrize("model", MODELS)
def test_copied_code_gives_the_numbers_of_drift(desk: Desk, model: str) -> None:
    words = Asked(window="14d", names=("ks", "wasserstein", "tvd"))
    dataset, question, results = desk.ask("drift", model, words)
    found = run_code(
        code_for(dataset, "drift", question, str(desk.settings.home)), desk.settings.home
    )
    assert len(results) >= 8
    for r in results:
        assert found["answer"][r.column, r.name] == pytest.approx(r.value, abs=1e-9), r.column


@pytest.mark.parametrize("every", [None, "month"])
def test_copied_code_gives_the_numbers_of_quality(desk: Desk, every: str | None) -> None:
    names = ("missing_rate", "unseen_rate", "out_of_range_rate", "volume")
    words = Asked(names=names, every=every)
    dataset, question, results = desk.ask("quality", "flight-late", words)
    found = run_code(
        code_for(dataset, "quality", question, str(desk.settings.home)), desk.settings.home
    )
    seen = {(_number(p), c, name): v for (p, _v, c, name), v in found["answer"].items()}
    checked = 0
    for r in results:
        start = None if every is None else _micros(r.window.start)
        if (start, r.column, r.name) in seen and r.value is not None:
            assert seen[start, r.column, r.name] == pytest.approx(r.value), (r.column, r.name)
            checked += 1
    assert checked >= (20 if every is None else 150)


def test_copied_code_gives_the_numbers_of_serving(desk: Desk) -> None:
    dataset, question, results = desk.ask("serving", "flight-late", Asked(every="month"))
    found = run_code(
        code_for(dataset, "serving", question, str(desk.settings.home)), desk.settings.home
    )
    seen = {(_number(p), name): value for (p, _v, name), value in found["answer"].items()}
    checked = [r for r in results if (_micros(r.window.start), r.name) in seen]
    assert len(checked) >= 40
    for r in checked:
        assert seen[_micros(r.window.start), r.name] == pytest.approx(r.value)


@pytest.mark.parametrize("model", ["flight-late", "flight-delay"])
def test_copied_code_gives_both_sides_of_a_comparison(desk: Desk, model: str) -> None:
    dataset, found = desk.compare(model, Asked(version="v2", reference="version:v1"))
    question = build_question(dataset, Asked(), clock(dataset, desk.now()))
    text = code_for(dataset, "compare", question, str(desk.settings.home), found)
    answer = run_code(text, desk.settings.home)["answer"]
    checked = [r for r in found.results if ("candidate", r.name) in answer]
    assert len(checked) >= 3
    for r in checked:
        for side in ("candidate", "baseline"):
            assert answer[side, r.name] == pytest.approx(r.detail[side], abs=1e-9), (side, r.name)


@pytest.mark.parametrize(
    ("model", "name"),
    [("flight-late", "accuracy"), ("flight-late", "recall"), ("flight-delay", "rmse"),
     ("digit-reader", "accuracy")],
)  # fmt: skip
def test_copied_code_gives_the_parts_of_a_change(desk: Desk, model: str, name: str) -> None:
    words = Asked(window="2013-04-01..2013-05-01" if "flight" in model else None, names=(name,))
    dataset, question, results = desk.ask("why", model, words)
    text = code_for(dataset, "why", question, str(desk.settings.home))
    answer = run_code(text, desk.settings.home)["answer"]
    late = next((r for r in results if r.detail["part"] == "maturity"), None)
    checked = [r for r in results if r.detail.get("level") == "column"]
    assert len(checked) >= 20
    for r in checked:
        if late is None:  # the text does not weigh what is still on its way
            assert answer[r.column, r.detail["part"]] == pytest.approx(r.value, abs=1e-9), r.column
    change = results[0].value
    for column in {r.column for r in checked}:
        assert sum(v for (c, _k), v in answer.items() if c == column) == pytest.approx(change)


def test_the_report_tells_why(desk: Desk) -> None:
    words = Asked(window="2013-04-01..2013-05-01", names=("accuracy",))
    text = report_of(desk, "flight-late", words, ("why",), actor="ann")
    assert "Accuracy fell 6.0 points: 5.6 because more rows have label 1" in text
    assert "do not prove a cause" in text and "From before to now, by label" in text
    assert "There is no reference" in report_of(
        desk, "flight-late", Asked(reference="none"), ("why",), actor="ann"
    )


@pytest.mark.parametrize("name", ["performance", "drift", "quality", "serving"])
def test_the_csv_holds_what_json_says(desk: Desk, name: str) -> None:
    """Row by row: the export of a page and `--json` are the same Results."""
    _dataset, _question, results = desk.ask(name, "flight-late", Asked(window="90d"))
    rows = list(csv.DictReader(io.StringIO(results_csv(results))))
    assert len(rows) == len(results) > 5
    for row, result in zip(rows, map(result_json, results), strict=True):
        assert (row["name"], row["column"] or None) == (result["name"], result["column"])
        for number in ("value", "low", "high", "n", "n_labelled"):
            said = float(row[number]) if row[number] else None
            assert said == result[number] or math.isclose(said or 0, result[number]), number


def test_a_comparison_exports_what_json_says(desk: Desk) -> None:
    dataset, found = desk.compare("flight-late", Asked(version="v2", reference="version:v1"))
    rows = csv.DictReader(io.StringIO(results_csv([*found.results, *found.guards, *found.served])))
    said = [float(row["value"]) for row in rows]
    assert said == [r["value"] for r in compare_json(dataset, found)["results"]]


def test_a_report_holds_every_page_and_stays_small(desk: Desk) -> None:
    text = report_of(desk, "flight-late", Asked(), tuple(SECTIONS), actor="ann")
    assert len(text.encode()) < 5_000_000
    for words in ("In September v2 looks best", "Hold v2", "How to read the numbers",
                  "89,873", "imported reference", "Replayed", "1 Jan 2014 02:55 UTC"):  # fmt: skip
        assert words in text
    assert "http://" not in text.split("id='library'")[0]
    assert "connect-src" not in text and "default-src 'none'" in text
    with desk.database.read() as connection:
        from app.state.audit import audit_table

        rows = [tuple(r) for r in connection.execute(audit_table.select())]
    assert any("report" in str(row) and "ann" in str(row) for row in rows)


def test_texts_of_the_log_cannot_become_html() -> None:
    from app.report.html import _section

    said = "<script>alert(1)</script>"
    text = _section(Section("x", said=(said,), tables=((said, {said: [said]}),)), [])
    assert "<script>" not in text and "&lt;script&gt;" in text


def test_a_page_that_cannot_be_read_says_why(desk: Desk) -> None:
    asked = Asked(reference="none")
    text = report_of(desk, "digit-reader", asked, ("drift", "compare"), actor="ann")
    assert "There is no reference to compare with." in text
    assert "There is no second side to compare with." in text
