"""The page Behaviour: on the samples, without events, on a broken log, with one broken panel."""

from __future__ import annotations

import re
import shutil

import pytest

from app.auth.viewer import Viewer
from app.state.grants import Grant

PANELS = (
    "From shown to outcome",
    "Time to action",
    "Accepted beside right, by confidence",
    "Hours of the week",
    "Who comes back",
    "Who takes it up",
    "What a decision is worth",
)


def test_acceptance_never_stands_alone_and_the_simulation_says_so(on_samples, run, texts) -> None:
    app = run("behaviour", m="flight-late")
    said = texts(app)
    assert "Simulated data" in said
    assert re.match(
        r"People accept [\d.]+\s% of predictions, and [\d.]+\s% of the wrong ones",
        app.header[0].value,
    )
    assert "overrode" in said and "Over-reliance" in said and "Under-reliance" in said
    for title in PANELS:
        assert title in [s.value for s in app.subheader]
    assert len(app.get("plotly_chart")) == 6
    assert "could not be drawn" not in said and "Nothing to draw" not in said
    assert "helps is **not settled**" in said and "hold-out" in said and "Observational" in said


def test_numbers_come_with_n_and_interval(on_samples, run, texts) -> None:
    app = run("behaviour", m="flight-late")
    app.toggle(key="all_numbers").set_value(True).run()
    table = app.dataframe[-1].value
    shown = table[table["value"] != "–"]
    assert (shown["rows"] > 0).all()
    counts = shown["metric"] == "Active people"
    assert (shown[~counts]["95 % interval"] != "–").all()
    assert "Discernment" in set(table["metric"])


def test_the_selection_and_the_compare_period_count(on_samples, run, texts) -> None:
    app = run("behaviour", m="flight-late", w="2013-10-01..2013-11-01", ref="previous")
    said = texts(app)
    assert "not compared" in said  # people are counted, not compared
    assert "● ok" in said or "warning" in said or "critical" in said
    v2 = run("behaviour", m="flight-late", v="v2")
    assert v2.header[0].value != app.header[0].value


def test_thirty_are_needed(on_samples, run, texts) -> None:
    said = texts(run("behaviour", m="flight-late", w="2013-04-01..2013-04-01T14:00"))
    assert "not enough data" in said and "Too few decisions" in said


def test_a_model_without_events_says_what_to_send(on_samples, run, texts) -> None:
    said = texts(run("behaviour", m="digit-reader"))
    assert "Nobody has told what people do" in said and "--kind events" in said


def test_an_empty_home_says_what_to_do(on_nothing, run, texts) -> None:
    assert "Nothing has been imported." in texts(run("behaviour"))


def test_a_broken_log_is_explained(on_broken, run, texts) -> None:
    said = texts(run("behaviour", m="flight-late"))
    assert "cannot be read" in said and "Traceback" not in said


def test_one_broken_panel_leaves_the_others(on_samples, run, texts, monkeypatch) -> None:
    from analytics.evaluate import panels

    def fail(*_args: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(panels, "hours", fail)
    from app.cache import shelf

    app = run("behaviour", m="flight-late", w="2013-05-01..2013-09-01")
    said = texts(app)
    assert said.count("This part could not be drawn.") == 1
    assert "a fault of ours" not in said
    assert len(app.get("plotly_chart")) == 5
    assert len(shelf()) > 0


def test_a_panel_asks_for_the_right_again(on_samples, run, texts, enter, sample_home) -> None:
    enter(sample_home, Viewer("bob", "Bob", "viewer", (Grant("viewer", "digit-reader"),)))
    said = texts(run("behaviour", m="flight-late"))
    assert "no right to see the numbers" in said and "Over-reliance" not in said


def test_cutting_by_a_column_of_the_link(on_samples, run) -> None:
    app = run("behaviour", m="flight-late", column="dest")
    assert app.selectbox(key="adoption_column").value == "dest"
    app.selectbox(key="adoption_column").set_value("origin").run()
    assert app.query_params["column"] == "origin"
    table = next(d.value for d in app.dataframe if "origin" in d.value)
    assert list(table["origin"]) == ["EWR", "JFK", "LGA"] or set(table["origin"]) == {
        "EWR",
        "JFK",
        "LGA",
    }
    assert all("±" in text for text in table["wrong accepted"])
    assert all(link.startswith("/slices?") and "seg=origin" in link for link in table["slice"])


def test_without_values_it_says_where_to_set_them(enter, tmp_path, sample_home, run, texts) -> None:
    from app.state.database import Database
    from app.state.models import set_values

    home = tmp_path / "copy"
    shutil.copytree(sample_home, home)
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    with database.write("test") as write:
        set_values(write, "flight-late", [])
    enter(home)
    assert "Nobody has said what right and wrong are worth." in texts(
        run("behaviour", m="flight-late")
    )


@pytest.mark.parametrize(("role", "n"), [("viewer", 0), ("product_owner", 3)])
def test_only_who_may_export_is_offered_it(enter, sample_home, run, role, n) -> None:
    enter(sample_home, Viewer("bob", "Bob", role, (Grant(role, "flight-late"),)))
    assert len(run("behaviour", m="flight-late").get("download_button")) == n
