"""Slices: what is weak is named, a slice is looked at before it is applied, the worker searches long logs."""

from __future__ import annotations

import re
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


def open_tab(app, name: str):
    """Open a tab below; its place among the tabs is what the session keeps."""
    app.session_state["below"] = name
    return app.run()


def test_what_sets_a_slice_apart_and_its_wrong_rows(loans, run, texts) -> None:
    app = open_tab(run("slices", m="loan", seg="town = 't1'"), "What sets it apart")
    assert app.selectbox(key="apart_column").options == ["age"]
    assert "The slice's own columns are left out" in texts(app)
    app = open_tab(app, "Rows")
    assert "Showing 25 of" in texts(app) and "on which the model was wrong" in texts(app)
    assert set(app.dataframe[0].value["town"]) == {"t1"}


def test_two_slices_on_the_same_axes_with_the_interval_of_the_difference(loans, run, texts) -> None:
    app = run("slices", m="loan", seg="town = 't1'")
    app.button(key="pin_0").click().run()
    assert app.query_params["b"] == "town = 't1'"
    app = open_tab(run("slices", m="loan", seg="town = 't2'", b="town = 't1'"), "A and B")
    said = texts(app)
    gap = re.search(r"of A is \*\*([\d.]+) points higher\*\* than of B", said)
    assert gap and float(gap[1]) == pytest.approx(66.7, abs=0.2)  # wrong in two of three rows
    assert "A minus B, 95 %" in said
    table = next(d.value for d in app.dataframe if "A minus B" in d.value.columns)
    assert "Accuracy" in list(table["metric"])
    both = open_tab(run("slices", m="loan", seg="age > 30", b="town = 't1'"), "A and B")
    assert "rows lie in both" in texts(both)


def test_a_slice_is_saved_opened_again_and_removed(loans, run, texts) -> None:
    app = run("slices", m="loan", draft="town = 't1'")
    app.text_input(key="slice_name").set_value("Bad town").run()
    app.button(key="keep_slice").click().run()
    app = run("slices", m="loan", draft="town = 't1' AND age > 30")
    app.text_input(key="slice_name").set_value("Bad town").run()
    app.button(key="keep_slice").click().run()
    app = run("slices", m="loan")
    assert "**Bad town** :gray[v2]" in texts(app)
    app.button(key="open_old_1").click().run()
    assert app.query_params["draft"] == "town = 't1'"
    app.button(key="drop_slice_2").click().run()
    assert "No slice of this model is saved yet." in texts(app)


def test_fairness_of_a_column(on_samples, run, texts) -> None:
    app = run("slices", m="flight-late", w="all", by="origin")
    said = texts(app)
    assert "Demographic parity ratio" in said and "Equalized odds difference" in said
    assert "3 groups. 95 % intervals hold for all numbers here at once" in said
    assert "True positive rate" in said


def test_fairness_of_a_model_of_numbers_is_about_its_errors(on_samples, run, texts) -> None:
    said = texts(run("slices", m="flight-delay", w="all", by="origin"))
    assert "Mean absolute error difference" in said and "Within tolerance" in said
    assert "3 groups. Tolerated" in said and "Demographic" not in said


def test_the_overview_names_the_slice_that_costs_most(on_samples, run, texts) -> None:
    said = texts(run("overview", m="flight-late", w="all"))
    assert "Accuracy is" in said and "points lower where hour" in said


def test_a_row_of_the_table_is_looked_at_once(on_samples, run, texts) -> None:
    app = run("slices", m="flight-late", w="all")
    table = next(t for t in app.dataframe if t.key == "slices_table").value
    app.session_state["_clicked_slices_table"] = "0"
    app.run()
    assert app.query_params["draft"].replace(" AND ", " and ") == table["slice"][0]
    assert "Preview, not applied" in texts(app)
    app.button(key="drop_draft").click().run()
    assert "draft" not in app.query_params


def test_a_mark_leads_to_the_slices_page(loans, run, texts) -> None:
    app = run("performance", m="loan")
    app.session_state["_clicked_behind_Confusion"] = "1\x1f0"
    app.run()
    assert not app.exception and "Where it does worse" in texts(app)
    assert app.query_params["seg"] == "label = '1' AND prediction = '0'"


def test_who_may_not_explore_clicks_nothing(enter, loans, run) -> None:
    enter(settings_in_force().home, Viewer("pat", "Pat", "viewer", (Grant("product_owner", "*"),)))
    app = run("performance", m="loan")
    app.session_state["_clicked_behind_Confusion"] = "1\x1f0"
    app.run()
    assert "seg" not in app.query_params


def test_keys_mark_open_compare_and_save(on_samples, run, texts) -> None:
    app = run("slices", m="flight-late", w="all")
    assert app.button(key="slice_k").disabled
    app.button(key="slice_j").click().run()
    app.button(key="slice_b").click().run()
    second = app.query_params["b"]
    app.button(key="slice_k").click().run()
    app.button(key="slice_o").click().run()
    assert app.query_params["draft"] != second
    app.button(key="slice_s").click().run()
    app.text_input(key="slice_name").set_value("Marked").run()
    app.button(key="keep_slice").click().run()
    assert "Saved as version 1." in [t.value for t in app.toast]
    app.button(key="slice_h").click().run()
    assert "J next" in texts(app)
