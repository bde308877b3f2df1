"""Logs with little in them: features only, three rows, no labels; every page says what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.settings import settings_in_force
from app.state.database import open_database

FEATURES = "id,timestamp,age,city\n" + "".join(
    f"u{i},2026-01-{1 + i // 24:02d}T{i % 24:02d}:00:00Z,{20 + i % 50},{'Rome' if i % 3 else 'Oslo'}\n"
    for i in range(120)
)
THREE = "prediction_id,timestamp,prediction,score,age\n" + "".join(
    f"p{i},2026-01-2{i}T10:00:00Z,{i % 2},0.{3 + i},{30 + i}\n" for i in range(3)
)
NEXT = {
    "overview": ("This log holds features only", "No labels have arrived yet"),
    "drift": ("There is nothing to compare with.",) * 2,
    "why": ("There is nothing to compare with.",) * 2,
    "serving": ("No latency and no errors were logged",) * 2,
    "slices": ("no slice can do worse", "There are too few labelled rows to compare slices"),
    "compare": ("There is nothing to compare with.",) * 2,
    "review": ("Nobody is asked to label yet",) * 2,
}


@pytest.fixture
def small(enter, tmp_path: Path) -> None:
    """Two models: one that logs features only, one with three rows."""
    enter(tmp_path)
    place = Place(settings_in_force().home, open_database(settings_in_force().database_url), "ann")
    for model, text in (("features", FEATURES), ("three", THREE)):
        path = tmp_path / f"{model}.csv"
        path.write_text(text)
        run_import(place, plan_import(place, [path], ImportOptions(model=model)))


@pytest.mark.parametrize("page", NEXT)
def test_a_small_log_says_what_there_is_and_what_comes_next(small, run, texts, page: str) -> None:
    for model, said in zip(("features", "three"), NEXT[page], strict=True):
        shown = texts(run(page, m=model, w="all"))
        assert said in shown, model
        assert "0 rows." not in shown and "of 0 labelled" not in shown


def test_what_is_missing_is_one_click_away(small, run) -> None:
    assert "Add a reference" in [b.label for b in run("drift", m="three", w="all").button]
    newest = "Compare the last day with the one before"
    for page in ("drift", "why"):
        assert newest in [b.label for b in run(page, m="features", w="all").button]
    compared = run("drift", m="features", w="1d", ref="previous")  # where that button leads
    assert "There is nothing to compare with." not in [
        m.value.strip("*") for m in compared.markdown
    ]


def test_an_overview_without_labels_or_reference_leads_on(small, run, texts) -> None:
    app = run("overview", m="features", w="all")
    assert "Compare the last day with the one before" in [b.label for b in app.button]
    app = run("overview", m="three", w="all")
    assert "Add labels" in [b.label for b in app.button]
    said = texts(app)
    assert "Without a reference it cannot be said what changed" in said
    assert "Nothing moved beyond" not in said
    assert "No label has arrived for this window yet" in said

    assert not [s for s in run("compare", m="three", w="all").selectbox if s.label == "Baseline"]


def test_the_table_of_models_has_no_holes(small, run) -> None:
    table = run("overview", m="three", w="all").dataframe[0].value
    assert list(table["model"]) == ["features", "three"] and list(table["predictions"]) == [120, 3]
    assert not table.isna().any().any()
