"""Every page with the sample logs, in an empty home, in a broken one, and for who may not see it."""

from __future__ import annotations

import pytest

from app.auth.viewer import Viewer
from app.state.grants import Grant

PAGES = ("overview", "performance", "drift", "quality", "slices", "why", "serving", "compare")
MODELS = ("flight-late", "flight-delay", "digit-reader")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("model", MODELS)
def test_a_page_speaks_first_and_says_its_rows(on_samples, run, texts, page, model) -> None:
    app = run(page, m=model)
    said = texts(app)
    assert app.title[0].value.startswith(model)
    assert "predictions" in said and "as of" in said and "reference: " in said
    assert app.header[0].value  # the sentence
    assert "could not be drawn" not in said and "Nothing to draw" not in said


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_home_says_what_to_do(on_nothing, run, texts, page) -> None:
    said = texts(run(page))
    assert "Nothing has been imported." in said
    assert "Add a prediction log" in said


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_part_is_explained(on_broken, run, texts, page) -> None:
    said = texts(run(page, m="digit-reader"))
    assert "cannot be read" in said or "could not be answered" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_model_without_a_grant(enter, sample_home, run, texts, page) -> None:
    enter(sample_home, Viewer("bob", "Bob", "viewer", (Grant("data_scientist", "digit-reader"),)))
    said = texts(run(page, m="flight-late"))
    assert "no right to see the numbers" in said
    assert "predictions ·" not in said


def test_the_pickers_stand_in_the_url(on_samples, run) -> None:
    app = run("performance", m="flight-late", v="v2", w="2013-09-01..2013-10-01", ref="previous")
    assert app.selectbox(key="pick_model").value == "flight-late"
    assert app.selectbox(key="pick_reference").value == "previous"
    assert app.button_group(key="pick_version").value == "v2"
    assert app.button_group(key="pick_window").value == "dates"
    app.button_group(key="pick_window").set_value("90d").run()
    assert "90d" in app.query_params["w"]
    app.selectbox(key="pick_model").set_value("digit-reader").run()
    assert "digit-reader" in app.query_params["m"] and "v" not in app.query_params


def test_a_segment_that_cannot_be_read_is_explained(on_samples, run, texts) -> None:
    said = texts(run("performance", m="flight-late", seg="orign = 'JFK'"))
    assert "orign" in said and "origin" in said


def test_without_a_reference_drift_says_what_to_choose(on_samples, run, texts) -> None:
    said = texts(run("drift", m="flight-late", ref="none"))
    assert "nothing to compare with" in said and "Previous period" in said


def test_performance_without_a_reference_has_no_verdict(on_samples, run, texts) -> None:
    said = texts(run("performance", m="flight-late", ref="none"))
    assert "There is nothing to compare with" in said


def test_a_column_opens_from_the_link(on_samples, run) -> None:
    app = run("drift", m="flight-late", column="dest")
    assert "dest" in [s.value for s in app.subheader]


def test_a_metric_of_the_link_is_shown(on_samples, run) -> None:
    app = run("performance", m="flight-late", metric="brier")
    assert app.selectbox(key="pick_rest").value == "brier"


def test_september_looks_best_and_ranks_below_its_reference(on_samples, run) -> None:
    app = run("overview", m="flight-late")
    assert app.header[0].value.startswith("In September v2 looks best and ranks")


def test_the_last_day_of_the_year_jumps_out(on_samples, run, texts) -> None:
    assert "31 December" in texts(run("quality", m="flight-late"))


def test_serving_tells_latency_errors_and_the_machine(on_samples, run, texts) -> None:
    said = texts(run("serving", m="flight-late"))
    assert "Latency p95" in said and "Errors" in said and "CPU" in said
    assert "252 failed" in said
    assert "measured while the log was built" in said


def test_errors_of_one_kind_stand_together(on_samples, run) -> None:
    app = run("serving", m="flight-late", below="Errors")
    app.session_state["below"] = "Errors"
    app.run()
    table = app.dataframe[-1].value
    assert table["count"].sum() == 252 and len(table) < 10
    assert next(iter(table["error"])) == "KeyError"
    assert sum(map(sum, table["over time"])) == 252
    assert "89,873 requests" in " ".join(c.value for c in app.caption)


def test_compare_says_what_to_do_and_how_it_was_compared(on_samples, run, texts) -> None:
    app = run("compare", m="flight-late")
    assert app.header[0].value == "Hold v2"
    said = texts(app)
    assert (
        "Only the time in which both were live" in said and "weighed to the candidate's mix" in said
    )
    assert app.selectbox(key="compare_baseline").value == "version:v1"
    app.selectbox(key="compare_candidate").set_value("v1").run()
    assert "v1" in app.query_params["v"]
    assert app.header[0].value.endswith("v1")


def test_compare_without_a_second_side_says_what_it_needs(on_samples, run, texts) -> None:
    said = texts(run("compare", m="digit-reader", ref="none"))
    assert "Against the imported reference" in said


def test_another_model_is_compared_only_by_who_may_see_it(enter, sample_home, run, texts) -> None:
    enter(sample_home, Viewer("bob", "Bob", "viewer", (Grant("data_scientist", "flight-late"),)))
    said = texts(run("compare", **{"m": "flight-late", "with": "flight-delay"}))
    assert "no right to see the numbers" in said


@pytest.mark.parametrize(("role", "n"), [("viewer", 0), ("product_owner", 3)])
def test_only_who_may_export_is_offered_it(enter, sample_home, run, role, n) -> None:
    enter(sample_home, Viewer("bob", "Bob", role, (Grant(role, "flight-late"),)))
    assert len(run("overview", m="flight-late").get("download_button")) == n


def test_a_threshold_is_tried_and_its_values_are_kept(enter, tmp_path, sample_home, run) -> None:
    import shutil

    home = tmp_path / "copy"
    shutil.copytree(sample_home, home)
    enter(home)
    app = run("performance", m="flight-late")
    app.session_state["below"] = "Threshold"
    app.run()
    assert "best threshold is" in " ".join(m.value for m in app.markdown)
    first = app.dataframe[-1].value
    assert "save_worth" not in [b.key for b in app.button]  # what is set is kept already
    miss = next(n for n in app.number_input if n.label == "Miss is worth")
    miss.set_value(-7.0).run()
    app.session_state["below"] = "Threshold"
    app.run()
    app.slider(key="pick_threshold").set_value(0.3).run()
    app.session_state["below"] = "Threshold"
    app.run()
    assert "0.3" in app.query_params["threshold"]
    assert not app.dataframe[-1].value.equals(first)
    app.button(key="save_worth").click().run()
    from app.state.database import Database
    from app.state.models import get_model

    kept = get_model(Database(f"sqlite:///{home / 'telltale.db'}"), "flight-late").schema.values
    assert {(t, s): v for t, s, v in kept}[("1", "0")] == -7.0


def test_all_columns_together_are_compared_when_opened(on_samples, run, texts) -> None:
    app = run("drift", m="digit-reader")
    assert "What gives this window away" not in texts(app)
    app.session_state["together"] = True
    app.run()
    said = texts(app)
    assert "What gives this window away" in said and "Maximum mean discrepancy" in said


def test_a_metric_of_ones_own_is_tried_kept_and_drawn(enter, tmp_path, sample_home, run) -> None:
    import shutil

    home = tmp_path / "copy"
    shutil.copytree(sample_home, home)
    enter(home)
    app = run("performance", m="flight-delay")
    app.session_state["own_metrics"] = True
    app.run()
    fields = {t.label: t for t in app.text_input}
    fields["Name"].set_value("over_15")
    fields["Expression over a row"].set_value("abs(prediction - label) > 15")
    box = {b.label: b for b in app.selectbox}
    box["Put together as"].set_value("share")
    next(b for b in app.button if b.label == "Try and keep").click()
    app.run()
    assert "over_15" in app.query_params["metric"]
    assert app.selectbox(key="pick_rest").value == "over_15"


def test_a_view_is_saved_shared_and_opened(enter, tmp_path, sample_home, run) -> None:
    import shutil

    home = tmp_path / "copy"
    shutil.copytree(sample_home, home)
    enter(home, Viewer("ann", "Ann", "data_scientist", (Grant("data_scientist", "*"),)))
    app = run("performance", m="flight-late", v="v2", w="2013-09-01..2013-10-01")
    app.text_input(key="view_name").set_value("September of v2").run()
    app.toggle(key="view_shared").set_value(True).run()
    app.button(key="save_view").click().run()
    enter(home, Viewer("bob", "Bob", "viewer", (Grant("viewer", "flight-late"),)))
    other = run("overview", m="flight-late")
    links = [link for link in other.get("page_link") if "September of v2" in link.proto.label]
    assert len(links) == 1 and "v=v2" in links[0].proto.query_string
    assert not [t for t in other.toggle if t.key == "view_shared"]  # a viewer shares nothing


def test_a_note_stands_on_the_chart(enter, tmp_path, sample_home, run, texts) -> None:
    import shutil

    home = tmp_path / "copy"
    shutil.copytree(sample_home, home)
    enter(home)
    app = run("performance", m="flight-late")
    app.session_state["notes"] = True
    app.run()
    app.text_input(key="note_text").set_value("Runway <b>closed").run()
    from datetime import date

    app.date_input(key="note_day").set_value(date(2013, 8, 1)).run()
    app.button(key="add_note").click().run()
    drawn = str(app.get("plotly_chart")[0].proto.spec)
    assert "Runway" in drawn and "<b>closed" not in drawn and "&lt;b&gt;closed" in drawn
    enter(home, Viewer("bob", "Bob", "viewer", (Grant("viewer", "flight-late"),)))
    reader = run("performance", m="flight-late")
    reader.session_state["notes"] = True
    reader.run()
    assert "You may read notes" in texts(reader)


def test_an_estimate_shows_its_past(on_samples, run, texts) -> None:
    app = run("performance", m="flight-late")
    said = texts(app)
    assert "Past estimates were within" in said and "off; their intervals held it in" in said
    app.session_state["past_over_roc_auc_week_all"] = True
    app.run()
    table = next(d.value for d in app.dataframe if "labels said" in d.value)
    assert len(table) >= 30 and set(table["interval held it"]) == {"yes", "no"}


def test_the_ways_to_estimate_stand_side_by_side(on_samples, run, texts) -> None:
    app = run("performance", m="digit-reader")
    assert "(headline)" not in str([d.value for d in app.dataframe])
    app.session_state["past_over_accuracy_week_all"] = True
    app.run()
    said = texts(app)
    assert "ways to estimate it" in said
    table = next(d.value for d in app.dataframe if "goes by" in d.value)
    assert len(table) == 4 and table["method"].str.contains("headline").sum() == 1
    assert table["note"].str.contains("the reference has the like of").sum() == 2  # new digits
