"""Slices: what is weak is named, a slice is looked at before it is applied, the worker searches long logs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app import search
from app.auth.viewer import Viewer
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.settings import settings_in_force
from app.state import jobs
from app.state.database import open_database
from app.state.grants import Grant
from app.worker.loop import Worker

EVENING = "hour > 13 AND humid > 72.6"
N = 4_000
LOANS = "prediction_id,prediction,label,town,age\n" + "".join(
    f"p{i},{int(i % 2 == 0)},{int(i % 2 == (i % 5 == 1 and i % 3 > 0))},t{i % 5},{20 + i % 40}\n"
    for i in range(N)
)


@pytest.fixture
def loans(on_nothing: None, tmp_path: Path) -> None:
    """A log in which one town is judged badly."""
    path = tmp_path / "loan.csv"
    path.write_text(LOANS)
    settings = settings_in_force()
    place = Place(settings.home, open_database(settings.database_url), "ann", threads=2)
    run_import(place, plan_import(place, [path], ImportOptions(model="loan", positive="1")))


def test_the_page_names_what_is_weak(loans, run, texts) -> None:
    said = texts(run("slices", m="loan"))
    assert "Accuracy is" in said and "points lower where town = 't1'" in said
    assert "costs about" in said


def test_a_slice_is_looked_at_first_and_applied_second(loans, run, texts) -> None:
    app = run("slices", m="loan")
    app.button(key="open_0").click().run()
    assert "town = 't1'" in app.query_params["draft"] and "seg" not in app.query_params
    assert "Preview, not applied" in texts(app)
    assert f"**{N // 5}** of 4,000 rows (20.0 %)" in texts(app)
    app.button(key="apply_slice").click().run()
    assert app.query_params["seg"] == "town = 't1'" and "draft" not in app.query_params
    assert "Preview" not in texts(app)
    app.button(key="chip_0").click().run()
    assert "seg" not in app.query_params and "draft" not in app.query_params


def test_conditions_are_added_and_counted_before(loans, run, texts) -> None:
    app = run("slices", m="loan", seg="town = 't2'")
    app.selectbox(key="add_column").set_value("age").run()
    app.number_input(key="add_value_age_>").set_value(39.0).run()
    assert "With age \\> 39: 400 rows" in texts(app)
    app.button(key="add_condition").click().run()
    assert app.query_params["draft"] == "town = 't2' AND age > 39"
    assert "**400** of 4,000 rows" in texts(app)
    app.button(key="drop_draft").click().run()
    assert "**800** of 4,000 rows" in texts(app)


def test_a_slice_stands_beside_the_rest(on_samples, run, texts) -> None:
    app = run("slices", m="flight-late", w="all", seg=EVENING)
    assert "points lower where hour \\> 13 and humid \\> 72.6" in app.header[0].value
    assert "in the rest" in texts(app)
    assert [tab.label for tab in app.tabs][:3] == ["Over time", "What sets it apart", "Rows"]


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc"])
def test_other_metrics(on_samples, run, texts, metric: str) -> None:
    app = run("slices", m="flight-late", w="all", seg="hour > 13", metric=metric)
    assert "where hour \\> 13" in app.header[0].value
    assert app.selectbox(key="slice_metric").value == metric


def test_new_since_a_version(on_samples, run, texts) -> None:
    app = run("slices", m="flight-late", w="all", since="v1")
    assert app.selectbox(key="slice_since").value == "v1"
    assert "where" in app.header[0].value or "No slice" in app.header[0].value


def test_a_segment_that_cannot_be_read_is_explained(loans, run, texts) -> None:
    said = texts(run("slices", m="loan", draft="twon = 't1'"))
    assert "twon" in said and "town" in said


def test_who_may_not_explore_is_told(enter, sample_home, run, texts) -> None:
    enter(sample_home, Viewer("bob", "Bob", "viewer", (Grant("product_owner", "*"),)))
    said = texts(run("slices", m="flight-late"))
    assert "costs about" not in said and "no right" in said


def test_a_long_log_is_searched_by_the_worker(
    loans, run: Callable, texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "AT_ONCE", 10)
    settings = settings_in_force()
    database = open_database(settings.database_url)
    app = run("slices", m="loan")
    (job,) = jobs.list_jobs(database, search.KIND)
    assert job.state == "queued" and "costs about" not in texts(app)
    app.run()
    assert len(jobs.list_jobs(database, search.KIND)) == 1  # asked for once
    assert Worker(settings, database).run_one()
    assert jobs.get(database, job.id).state == "done"
    app = run("slices", m="loan")
    assert "points lower where town = 't1'" in texts(app)
    found = search.results_of(jobs.get(database, job.id))
    assert found[0].segment == "town = 't1'" and found[0].verdict == "critical"
