"""Why: the sentence, the steps, the parts with their slices; other metrics; who may not look."""

from __future__ import annotations

from app.auth.viewer import Viewer
from app.state.grants import Grant

APRIL = "2013-04-01..2013-05-01"


def test_april_is_explained_in_words_and_parts(on_samples, run, texts) -> None:
    app = run("why", m="flight-late", w=APRIL, metric="accuracy")
    assert app.header[0].value.replace("\\", "").replace("\u00a0", " ") == (
        "Accuracy fell 6.0 points: 5.6 because more rows have label 1 (27.8 %, before 21.2 %)"
    )
    said = texts(app)
    assert "they do not prove a cause" in said and "no sum over rows" not in said
    assert "**−4.2** :gray[± 0.7] more label 1" in said
    assert "From before to now" in said and "What explains most" in said
    assert "**temp**" in said or "temp" in [s.value for s in app.subheader]
    assert app.selectbox(key="pick_split").value == "label"


def test_another_column_of_the_link_splits_the_change(on_samples, run) -> None:
    app = run("why", m="flight-delay", w=APRIL, metric="mae", column="origin")
    assert app.selectbox(key="pick_split").value == "origin"
    app.selectbox(key="pick_split").set_value("columns together").run()
    assert "columns together" in app.query_params["column"]
    assert not app.exception


def test_a_metric_without_parts_names_the_nearest(on_samples, run, texts) -> None:
    app = run("why", m="flight-late", w=APRIL, metric="roc_auc")
    said = texts(app)
    assert app.header[0].value.startswith("Brier score rose")
    assert "ROC AUC is no sum over rows" in said
    app.button_group(key="pick_few").set_value("recall").run()
    assert app.header[0].value.startswith("Recall fell")
    assert "no sum over rows" not in texts(app)


def test_every_tab_draws(on_samples, run) -> None:
    app = run("why", m="digit-reader", w="all")
    for title in ("Columns", "All parts"):
        app.session_state["below"] = title
        app.run()
        assert not app.exception
        table = app.dataframe[-1].value
        assert "contrast" in set(table["column"])


def test_without_a_reference_it_says_what_to_choose(on_samples, run, texts) -> None:
    said = texts(run("why", m="flight-late", ref="none"))
    assert "nothing to compare with" in said and "Previous period" in said


def test_findings_lead_here_for_who_may_explore(on_samples, enter, sample_home, run, texts) -> None:
    app = run("performance", m="flight-late", w=APRIL, metric="accuracy")
    assert [b.label for b in app.button if b.key == "step_why"] == ["See why"]
    enter(sample_home, Viewer("bob", "Bob", "viewer", (Grant("product_owner", "*"),)))
    app = run("performance", m="flight-late", w=APRIL, metric="accuracy")
    assert not [b for b in app.button if b.key == "step_why"]
    assert "no right" in texts(run("why", m="flight-late", w=APRIL))


def test_performance_shows_what_was_expected_without_labels(on_samples, run, texts) -> None:
    assert "assumes no concept drift" in texts(
        run("performance", m="flight-late", metric="accuracy")
    )
    assert "no concept drift" not in texts(run("performance", m="flight-delay"))
