"""Explore with a small log of its own, for every kind of model, in an empty home and on a broken log."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analytics.core import Dataset
from app.ask import Desk
from app.auth.viewer import Viewer, operator
from app.cli import main
from app.explore import export_file
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.questions import Asked
from app.settings import settings_in_force
from app.state.audit import list_entries
from app.state.database import open_database
from app.state.grants import Grant

N = 120
BINARY = "prediction_id,timestamp,prediction,score,label,status,age,town\n" + "".join(
    f"p{i},2026-01-{i % 28 + 1:02d}T10:00:{i % 60:02d}Z,{int(i % 4 > 1)},0.{i % 10},"
    f"{'' if i % 3 == 0 else i % 2},{'error' if i % 40 == 1 else 'ok'},{20 + i},t{i % 3}\n"
    for i in range(N)
)
NUMBERS = "prediction_id,prediction,label,size\n" + "".join(
    f"r{i:03d},{i / 2},{i / 2 + i % 7},{i}\n" for i in range(N)
)
CLASSES = "prediction_id,timestamp,prediction,score_a,score_b,score_c,size\n" + "".join(
    f"c{i},2026-01-01T10:00:{i % 60:02d}Z,{'abc'[i % 3]},0.2,0.3,0.5,{i}\n" for i in range(N)
)


@pytest.fixture
def bring(on_nothing: None, tmp_path: Path) -> Callable[..., Place]:
    """Import a text into a model of the fresh home in force."""

    def go(text: str, model: str = "loan", **options: object) -> Place:
        path = tmp_path / f"{model}.csv"
        path.write_text(text)
        settings = settings_in_force()
        place = Place(settings.home, open_database(settings.database_url), "ann", threads=2)
        run_import(place, plan_import(place, [path], ImportOptions(model=model, **options)))  # type: ignore[arg-type]
        return place

    return go


def shown(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["prediction_id"])


def test_the_newest_rows_come_first_and_pages_follow(bring, run, texts) -> None:
    bring(BINARY)
    app = run("explore", m="loan")
    assert "Showing 1 to 50 of 120 rows" in texts(app)
    first = shown(app)
    app.session_state["page"] = 3
    app.run()
    assert "Showing 101 to 120 of 120 rows" in texts(app)
    assert not set(first) & set(shown(app))


def test_the_files_the_screen_and_the_commands_count_the_same_rows(
    bring, run, texts, capsys
) -> None:
    place = bring(BINARY)
    app = run("explore", m="loan", w="2026-01-01..2026-01-15", seg="town = 't1'")
    asked = Asked(window="2026-01-01..2026-01-15", segment="town = 't1'")
    rows = list(
        csv.DictReader(io.StringIO(export_file(operator("ann"), "loan", asked, "csv").decode()))
    )
    assert f"of {len(rows)} rows" in texts(app) and 10 < len(rows) < N
    assert set(shown(app)) <= {row["prediction_id"] for row in rows}
    words = ["--window", str(asked.window), "--segment", str(asked.segment), "--json"]
    capsys.readouterr()
    assert main(["performance", "--model", "loan", "--home", str(place.home), *words]) == 0
    result = json.loads(capsys.readouterr().out)["results"][0]
    assert result["n"] == len(rows)
    assert result["n_labelled"] == sum(bool(row["label"]) for row in rows)


@pytest.mark.parametrize(("only", "n"), [("wrong", 40), ("unlabelled", 40), ("errors", 3)])
def test_a_filter_begins_at_the_first_page(bring, run, texts, only: str, n: int) -> None:
    bring(BINARY)
    app = run("explore", m="loan")
    app.session_state["page"] = 3
    app.run()
    app.button_group(key="only").set_value(only).run()
    assert not app.exception
    assert f"of {n} rows" in texts(app) and "Showing 1 to" in texts(app)


def test_a_link_opens_its_prediction(bring, run, texts) -> None:
    place = bring(BINARY)
    app = run("explore", m="loan", id="p7")
    said = texts(app)
    assert "p7" in [s.value for s in app.subheader]
    assert "what the model said" in said and "no reference was imported" in said
    opened = [e for e in list_entries(place.database) if e.object_type == "prediction"]
    assert [(e.actor, e.object_id) for e in opened] == [("ann", "loan/p7")]
    app.button(key="close_prediction").click().run()
    assert "id" not in app.query_params and not app.subheader
    assert len([e for e in list_entries(place.database) if e.object_type == "prediction"]) == 1


def test_an_unknown_id_is_explained_beside_the_rows(bring, run, texts) -> None:
    bring(BINARY)
    app = run("explore", m="loan", id="nobody")
    assert "There is no prediction 'nobody'" in texts(app)
    assert len(shown(app)) == 50


def test_another_model_closes_the_prediction(bring, run, texts) -> None:
    bring(BINARY)
    bring(CLASSES, "letters")
    app = run("explore", m="loan", id="p7")
    app.selectbox(key="pick_model").set_value("letters").run()
    assert "id" not in app.query_params
    assert "There is no prediction" not in texts(app)


def test_a_regression_without_times_stands_in_its_own_order(bring, run, texts) -> None:
    bring(NUMBERS)
    app = run("explore", m="loan", id="r001")
    assert shown(app)[:3] == ["r000", "r001", "r002"]
    assert "0.500" in texts(app)
    app.button_group(key="only").set_value("wrong").run()
    assert "of 51 rows" in texts(app)  # 3 is the median of the misses 0 to 6


def test_many_classes_without_labels(bring, run, texts) -> None:
    bring(CLASSES)
    app = run("explore", m="loan", id="c2")
    assert "score 0.500" in texts(app) and "not known yet" in texts(app)
    app.button_group(key="only").set_value("wrong").run()
    assert "No row matches." in texts(app)
    app.button_group(key="only").set_value("unlabelled").run()
    assert "of 120 rows" in texts(app)


def test_a_segment_narrows_and_a_wrong_one_is_explained(bring, run, texts) -> None:
    bring(BINARY)
    assert "of 40 rows" in texts(run("explore", m="loan", seg="town = 't1'"))
    said = texts(run("explore", m="loan", seg="twon = 't1'"))
    assert "twon" in said and "town" in said


def test_an_empty_home_says_what_to_do(on_nothing, run, texts) -> None:
    assert "Nothing has been imported." in texts(run("explore"))


@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_a_broken_part_is_explained(bring, run, texts, harm: str) -> None:
    place = bring(BINARY)
    for part in (place.home / "logs").rglob("*.parquet"):
        if harm == "cut":
            part.write_bytes(part.read_bytes()[:100])
        else:
            part.unlink()
    said = texts(run("explore", m="loan"))
    assert "cannot be read" in said or "could not be answered" in said or "no such file" in said
    assert "Traceback" not in said


def test_who_may_only_view_sees_no_row(bring, enter, run, texts) -> None:
    place = bring(BINARY)
    enter(place.home, Viewer("bob", "Bob", "viewer", (Grant("viewer", "*"),)))
    app = run("explore", m="loan")
    assert "no right to look into" in texts(app) and not app.dataframe


def test_sensitive_columns_are_hidden_without_their_right(bring, run, monkeypatch) -> None:
    bring(BINARY)
    read = Desk.dataset

    def marked(desk: Desk, model: str) -> Dataset:
        found = read(desk, model)
        columns = tuple(replace(c, is_sensitive=c.name == "town") for c in found.schema.columns)
        return replace(found, schema=replace(found.schema, columns=columns))

    monkeypatch.setattr(Desk, "dataset", marked)
    assert "town" in run("explore", m="loan").dataframe[0].value.columns
    may = Viewer.may
    monkeypatch.setattr(Viewer, "may", lambda s, r, m=None: r != "see_sensitive" and may(s, r, m))
    app = run("explore", m="loan", id="p7")
    assert "town" not in app.dataframe[0].value.columns
    assert "town" not in list(app.dataframe[1].value["feature"])


def test_what_if_names_the_nearest_rows_with_another_answer(bring, run, texts) -> None:
    bring(BINARY)
    app = run("explore", m="loan", id="p10")
    app.session_state["what_if"] = True
    said = texts(app.run())
    assert "Nearest rows with another answer" in said and "distance" in said
    assert "said \\*\\*0\\*\\*" in said or "said **0**" in said  # p10 was predicted 1


def test_what_if_asks_the_scoring_service_that_an_admin_named(
    bring, run, texts, monkeypatch
) -> None:
    from app.scoring import Scored
    from app.widgets import what_if

    bring(BINARY)
    sent = []

    def score(_viewer, _settings, _database, model, row):
        sent.append((model, dict(row)))
        return Scored("1", 0.987)

    monkeypatch.setattr(what_if, "score_row", score)
    monkeypatch.setattr(what_if, "endpoint_of", lambda *_: "http://127.0.0.1:1/score")
    app = run("explore", m="loan", id="p10")
    app.session_state["what_if"] = True
    app.run()
    app.number_input(key="what_age").set_value(99.0).run()
    app.button(key="what_score").click().run()
    assert sent == [("loan", {"age": 99.0, "town": "t1"})]
    assert "0.987" in texts(app)
