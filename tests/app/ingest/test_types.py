"""Columns whose type changes from file to file, that are empty in one, or come later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

HEAD = "id,timestamp,prediction,label,age"
JANUARY, FEBRUARY = "2026-01-01..2026-02-01", "2026-02-01..2026-03-01"
Ask = Callable[..., dict[tuple[str, str | None], dict[str, Any]]]


def log(month: int, ages: list[str], extra: str = "", more: str = "") -> str:
    lines = [
        f"r{month}-{i},2026-{month:02d}-{1 + i % 28:02d}T08:00:00,{i % 2},{i % 2},{age}{more}"
        for i, age in enumerate(ages)
    ]
    return "\n".join([HEAD + extra, *lines]) + "\n"


@pytest.fixture
def ask(telltale) -> Ask:
    """The results of a question about one month against the month before."""

    def run(question: str, window: str, *more: str) -> dict[tuple[str, str | None], dict[str, Any]]:
        about = ("--model", "m", "--window", window, "--reference", "previous")
        status, answer, err = telltale(question, *about, *more)
        assert status == 0, err
        return {(r["name"], r["column"]): r for r in answer["results"]}

    return run


NUMBERS = [str(20 + i % 40) for i in range(100)]
WORDS = ["young", "old"] * 50


def test_numbers_that_become_text_stay_readable(bring, ask, place) -> None:
    bring(log(1, NUMBERS), "jan.csv")
    report = bring(log(2, WORDS), "feb.csv")
    assert (report.n_taken, report.n_aside) == (100, 0)
    assert "held numbers in earlier imports" in report.notes[0]
    found = ask("quality", FEBRUARY)
    assert found["type_change_rate", "age"]["value"] == 1.0
    assert found["type_change_rate", "age"]["verdict"] == "critical"
    assert found["type_change_rate", "age"]["detail"]["types"] == ["categorical"]
    assert found["missing_rate", "age"]["value"] == 1.0
    assert found["missing_rate", "age (text)"]["value"] == 0.0
    assert ask("quality", JANUARY)["type_change_rate", "age"]["value"] == 0.0
    kept = duckdb.sql(
        f"SELECT \"age (text)\", count(*) FROM read_parquet('{place.home}/logs/**/*.parquet',"
        ' union_by_name = true) WHERE "age (text)" IS NOT NULL GROUP BY 1 ORDER BY 1'
    ).fetchall()
    assert kept == [("old", 50), ("young", 50)]


def test_numbers_among_the_text_are_still_numbers(bring, ask) -> None:
    bring(log(1, NUMBERS), "jan.csv")
    bring(log(2, [n if i % 4 else "?" for i, n in enumerate(NUMBERS)]), "feb.csv")
    found = ask("quality", FEBRUARY)
    assert found["missing_rate", "age"]["value"] == 0.25
    assert ask("drift", FEBRUARY)["ks", "age"]["value"] is not None


def test_codes_keep_their_zeros(bring, ask) -> None:
    bring(log(1, ["A1", "B2"] * 50), "jan.csv")
    bring(log(2, ["07030", "07031"] * 50), "feb.csv")
    found = ask("quality", FEBRUARY)
    assert found["type_change_rate", "age"]["detail"]["types"] == ["numeric"]
    levels = found["unseen_rate", "age"]["detail"]["levels"]
    assert {name for name, _n in dict(levels).items()} == {"07030", "07031"}


def test_a_column_without_any_value_is_missing_and_no_change(bring, ask) -> None:
    bring(log(1, NUMBERS), "jan.csv")
    bring(log(2, [""] * 100), "feb.csv")
    found = ask("quality", FEBRUARY)
    assert found["missing_rate", "age"]["value"] == 1.0
    assert found["type_change_rate", "age"]["value"] is None
    assert ask("quality", JANUARY)["missing_rate", "age"]["value"] == 0.0


@pytest.mark.parametrize("question", ["quality", "drift", "performance"])
def test_columns_that_came_later_are_missing_before(bring, ask, question: str) -> None:
    bring(log(1, NUMBERS), "jan.csv")
    bring(log(2, NUMBERS, ",city,latency_ms,size", ",x,12.5,3"), "feb.csv")
    bring(log(3, NUMBERS, ",city,latency_ms,size", ",y,11.5,4"), "mar.csv")
    found = ask(question, FEBRUARY)
    if question == "quality":
        assert found["missing_rate", "city"]["detail"]["reference"] == 1.0
        assert found["missing_rate", "size"]["value"] == 0.0
    assert ask(question, "2026-03-01..2026-04-01")
    assert ask(question, FEBRUARY, "--segment", "size > 2 and city = 'x'")
