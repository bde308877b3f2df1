"""The planner as it is drawn: a goal, what it takes, the queue, and where a plan stands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analytics.words import write_half_width, write_value
from app.auth.viewer import Viewer, operator
from app.cli import main
from app.labelling.projects import make_project
from app.state.database import Database
from app.state.grants import Grant
from app.state.labels import Setup
from app.state.plans import list_plans

WINDOW = "2025-04-07..2025-04-28"


def script() -> None:
    from app.auth import require
    from app.widgets.plan import draw_plan
    from app.widgets.view import open_view

    draw_plan(open_view(require("view"), "Estimate"))


def open_page(model: str = "digit-reader") -> AppTest:
    app = AppTest.from_function(script, default_timeout=120)
    app.query_params["m"], app.query_params["w"] = model, WINDOW
    app.run()
    assert not app.exception, app.exception
    return app


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


@pytest.fixture
def with_project(enter: Callable[..., None], sample_home: Path, tmp_path: Path) -> Database:
    """A copy of the sample home with a labelling project on digit-reader."""
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    enter(home)
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    classes = tuple("0123456789")
    make_project(database, operator("ann"), "digit-reader", Setup("Which digit?", classes=classes))
    return database


def test_a_goal_becomes_a_plan_and_a_queue(
    with_project: Database, texts: Callable[[AppTest], str]
) -> None:
    app = open_page()
    assert [b.key for b in app.button] == ["plan_work_out"]
    app.number_input(key="plan_within_digit-reader_accuracy").set_value(5.0)
    click(app, "plan_work_out")
    assert "To know accuracy to within 5 points, label " in texts(app)
    assert "128 of 394 rows have a label already" in texts(app)
    click(app, "plan_queue")
    (stored,) = list_plans(with_project, "digit-reader")
    assert stored.plan.within == 0.05
    assert f"{stored.plan.need.n} rows are in the queue." in [s.value for s in app.success]
    assert "Accuracy is not known yet" in texts(app)
    app.session_state[f"plan_slices_{stored.id}"] = True
    app.run()
    slices = next(t for t in app.dataframe if t.key == f"plan_slice_rows_{stored.id}").value
    assert slices["rows"].sum() == stored.plan.n_rows  # the quarters of a column are all of it
    assert set(slices["accuracy"]) == {"no label of the plan has come yet"}
    click(app, f"plan_close_{stored.id}")
    assert list_plans(with_project, "digit-reader") == []


def test_the_command_line_reads_the_slices_that_the_page_shows(
    with_project: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = open_page()
    app.number_input(key="plan_within_digit-reader_accuracy").set_value(4.0)
    click(click(app, "plan_work_out"), "plan_queue")
    (stored,) = list_plans(with_project, "digit-reader")
    where, number = ["--home", str(tmp_path / "home")], stored.id
    lines = ["prediction_id,label,known_at,source,queue,sampling_p"]
    lines += [
        f"{name},{i % 3},2099-01-01,annotator,active,{stored.plan.p[i]}"
        for i, name in enumerate(stored.plan.ids[: stored.plan.need.n])
    ]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    labels = ["import", str(tmp_path / "labels.csv"), "--model", "digit-reader", "--kind", "labels"]
    assert main([*labels, *where]) == 0
    app = open_page()
    app.session_state[f"plan_slices_{number}"] = True
    app.run()
    column = app.selectbox(key=f"plan_slices_{number}_of").value
    shown = next(t for t in app.dataframe if t.key == f"plan_slice_rows_{number}").value
    capsys.readouterr()
    asked = ["label", "plan", "--model", "digit-reader", "--status", str(number), "--by", column]
    assert main([*asked, "--json", *where]) == 0
    said = json.loads(capsys.readouterr().out)["results"]
    assert [r["slice"].replace(" AND ", " and ") for r in said] == list(shown["slice"])
    for name, column_name in (("n", "rows"), ("n_labelled", "labelled")):
        assert [r[name] for r in said] == list(shown[column_name])
    assert [r["detail"]["n_from_plan"] for r in said] == list(shown["labels of the plan"])
    numbers = [
        f"{write_value(r['value'], 'rate')} {write_half_width(r['low'], r['high'], 'rate')}"
        for r in said
        if r["value"] is not None
    ]
    assert numbers, [r["reason"] for r in said]
    assert numbers == [text for text in shown["accuracy"] if "±" in text]
    assert main([*asked, *where]) == 0
    assert numbers[0] in capsys.readouterr().out


def test_without_a_project_or_the_right_it_only_tells(
    enter: Callable[..., None],
    on_samples: None,
    sample_home: Path,
    texts: Callable[[AppTest], str],
) -> None:
    assert "Set up labelling for this model first" in texts(click(open_page(), "plan_work_out"))
    enter(sample_home, Viewer("vi", "Vi", "viewer", (Grant("viewer", "digit-reader"),)))
    app = click(open_page(), "plan_work_out")
    assert "Somebody who may set up labelling" in texts(app)
    assert [b.key for b in app.button] == ["plan_work_out"]


def test_numbers_are_planned_in_their_unit(
    on_samples: None, texts: Callable[[AppTest], str]
) -> None:
    app = AppTest.from_function(script, default_timeout=120)
    app.query_params["m"], app.query_params["w"] = "flight-delay", "2013-12-30.."
    app.run()
    click(app, "plan_work_out")
    assert "the mean absolute error to within 1" in texts(app)
