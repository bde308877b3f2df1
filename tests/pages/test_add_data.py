"""Add data: a path, its roles and questions, the import by the worker, and who may do it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1.element_tree import Selectbox

from app.auth.viewer import Viewer
from app.ingest.requests import keep_upload
from app.settings import settings_in_force
from app.state.database import open_database
from app.state.grants import Grant
from app.state.models import list_models
from app.worker.loop import Worker

LOG = "prediction_id,timestamp,prediction,score,label,age\n" + "".join(
    f"p{i},{'soon' if i == 7 else f'2026-01-{i % 28 + 1:02d}T10:00:00'},{i % 2},0.{i % 10},{i % 3 % 2},{i}\n"
    for i in range(60)
)
OPEN = "id,pred,yhat,truth\n" + "".join(
    f"{i},{'ab'[i % 2]},{'ab'[i % 3 == 0]},{'ab'[i % 2]}\n" for i in range(60)
)


@pytest.fixture
def folder(on_nothing: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that imports may read, beside a home without any model."""
    found = tmp_path / "incoming"
    found.mkdir()
    (found / "loan.csv").write_text(LOG)
    monkeypatch.setenv("TELLTALE_IMPORT_ROOTS", str(found))
    settings_in_force.cache_clear()
    return found


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that a browser may type, which the test's selectbox does not know by itself."""
    begin = Selectbox.__init__

    def with_names(self: Selectbox, proto: object, root: object) -> None:  # type: ignore[type-arg]
        begin(self, proto, root)  # type: ignore[arg-type]
        if self.label == "Model":
            self.options += ["loan", "other", "no good!"]

    monkeypatch.setattr(Selectbox, "__init__", with_names)


@pytest.fixture
def choose(run, folder: Path, typed: None) -> Callable[..., object]:
    """The page with a path and a model chosen."""

    def go(name: str = "loan.csv", model: str | None = "loan"):  # type: ignore[no-untyped-def]
        app = run("add_data")
        app.button_group(key="source").set_value("Path on the server").run()
        path = next(t for t in app.text_input if t.label == "File, folder or glob")
        path.set_value(str(folder / name)).run()
        if model:
            app.selectbox(key="import_model").set_value(model).run()
        assert not app.exception, app.exception
        return app

    return go


def work() -> None:
    """Do what is queued, as the worker does."""
    settings = settings_in_force()
    assert Worker(settings, open_database(settings.database_url)).run_one()


def button(app, label: str):  # type: ignore[no-untyped-def]
    return next(b for b in app.button if b.label == label)


def test_a_path_is_shown_imported_and_reported(choose, texts) -> None:
    app = choose()
    table = app.dataframe[0].value if app.dataframe else None
    assert table is not None and list(table["role"])[:2] == ["prediction_id", "timestamp"]
    assert "taken as UTC" in texts(app)
    button(app, "Import").click().run()
    assert button(app, "Cancel")
    work()
    app.run()
    said = texts(app)
    assert "59 rows taken into loan" in said and "1 row set aside" in said
    app.toggle[0].set_value(True).run()
    assert "soon" in app.dataframe[0].value["as it came"][0]
    assert "Earlier imports" in said
    button(app, "Import another").click().run()
    assert "Choose a file and a model" in texts(app)


def test_cancel_keeps_nothing(choose, texts) -> None:
    app = choose()
    button(app, "Import").click().run()
    button(app, "Cancel").click().run()
    assert "cancelled: nothing was kept" in texts(app)
    settings = settings_in_force()
    assert list_models(open_database(settings.database_url)) == []


def test_a_reload_finds_the_import_that_runs(choose, run, texts) -> None:
    button(choose(), "Import").click().run()
    assert "loan.csv into loan" in texts(run("add_data"))


def test_questions_are_answered_by_buttons(choose, folder: Path, texts) -> None:
    (folder / "open.csv").write_text(OPEN)
    app = choose("open.csv")
    assert "could each be the prediction" in texts(app)
    assert "Import" not in [b.label for b in app.button]
    button(app, "pred is the prediction").click().run()
    assert "positive class" in texts(app)
    button(app, "b").click().run()
    assert "task: binary, positive class b" in texts(app).replace("\\", "")
    assert button(app, "Import")


def test_other_files_forget_what_was_said(choose, folder: Path, texts) -> None:
    (folder / "open.csv").write_text(OPEN)
    app = choose("open.csv")
    button(app, "pred is the prediction").click().run()
    path = next(t for t in app.text_input if t.label == "File, folder or glob")
    path.set_value(str(folder / "loan.csv")).run()
    assert "There is no column" not in texts(app)
    assert button(app, "Import")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bad.parquet", b"no parquet", "is named like a Parquet file and is none"),
        ("empty.csv", b"a,b\n", "no rows"),
        ("gone.csv", None, "There is no file"),
    ],
)
def test_a_wrong_file_is_explained(choose, folder: Path, texts, name, content, said) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    app = choose(name)
    assert said in texts(app)
    assert "Import" not in [b.label for b in app.button]


def test_a_path_outside_of_the_folders_is_refused(choose, tmp_path: Path, texts) -> None:
    (tmp_path / "other.csv").write_text(LOG)
    assert "What the columns mean" not in texts(choose("../other.csv"))


def test_uploads_of_others_are_no_paths(choose, texts) -> None:
    from app.auth.viewer import operator

    settings = settings_in_force()
    kept = keep_upload(operator("eve"), settings, "loan.csv", io.BytesIO(LOG.encode()))
    assert "What the columns mean" not in texts(choose(str(kept)))


def test_a_name_is_checked_at_once(choose, texts) -> None:
    said = texts(choose(model="no good!"))
    assert "cannot be the name of a model" in said
    assert "What the columns mean" not in said


def test_one_model_granted_is_the_only_one(choose, enter, tmp_path: Path, texts) -> None:
    enter(tmp_path, Viewer("bob", "Bob", "viewer", (Grant("data_scientist", "loan"),)))
    said = texts(choose(model="other"))
    assert "no right to add data to a model" in said and "What the columns mean" not in said
    assert "What the columns mean" in texts(choose(model="loan"))


def test_who_may_not_import_is_refused(enter, tmp_path: Path, run, texts) -> None:
    enter(tmp_path, Viewer("eve", "Eve", "viewer", (Grant("product_owner", "*"),)))
    app = run("add_data")
    assert "no right to add data" in texts(app) and not app.selectbox


def test_an_empty_home_shows_no_history(on_nothing, run, texts) -> None:
    said = texts(run("add_data"))
    assert "Choose a file and a model" in said and "Earlier imports" not in said


def test_a_broken_log_does_not_hinder(on_broken, run, texts) -> None:
    assert "Earlier imports" in texts(run("add_data"))


def test_parquet_is_read_where_it_stands(choose, folder: Path, texts) -> None:
    import duckdb

    target = folder / "loan.parquet"
    text = LOG.replace("soon", "2026-01-08T10:00:00")
    (folder / "clean.csv").write_text(text)
    duckdb.sql(f"COPY (FROM read_csv('{folder / 'clean.csv'}')) TO '{target}' (FORMAT parquet)")
    app = choose("loan.parquet")
    app.checkbox[0].set_value(True).run()
    button(app, "Import").click().run()
    work()
    app.run()
    assert "60 rows taken into loan" in texts(app)
    home = settings_in_force().home
    assert not list((home / "logs").rglob("*.parquet")) and target.is_file()


def test_a_failed_import_says_why(choose, folder: Path, texts) -> None:
    app = choose()
    button(app, "Import").click().run()
    (folder / "loan.csv").unlink()
    work()
    app.run()
    assert "There is no file" in texts(app) and button(app, "Import another")


def kept_uploads() -> list[str]:
    return sorted(path.name for path in (settings_in_force().home / "uploads").rglob("*.csv"))


def test_an_upload_over_the_limit_keeps_none_of_them(on_nothing, run, texts, monkeypatch) -> None:
    monkeypatch.setenv("TELLTALE_UPLOAD_LIMIT_MB", "1")
    settings_in_force.cache_clear()
    app = run("add_data")
    big = b"a,b\n" + b"1,2\n" * (1 << 18)
    files = [("one.csv", LOG.encode(), "text/csv"), ("big.csv", big, "text/csv")]
    app.file_uploader[0].set_value(files).run()
    said = texts(app)
    assert "big.csv is larger than 1 MB" in said and "Choose a file and a model" in said
    assert kept_uploads() == []


def test_uploads_are_replaced_and_dropped(on_nothing, run, texts) -> None:
    app = run("add_data")
    one, two = (("one.csv", LOG.encode(), "text/csv"), ("two.csv", LOG.encode(), "text/csv"))
    app.file_uploader[0].set_value([one]).run()
    assert kept_uploads() == ["one.csv"] and "Choose a model" in texts(app)
    app.file_uploader[0].set_value([one, two]).run()
    assert kept_uploads() == ["one.csv", "two.csv"]
    app.file_uploader[0].set_value(None).run()
    assert kept_uploads() == [] and "Choose a file and a model" in texts(app)


def test_one_event_is_pasted_and_nothing_of_it_kept(run, folder: Path, typed: None, texts) -> None:
    app = run("add_data")
    app.button_group(key="source").set_value("Paste one event").run()
    app.selectbox(key="import_model").set_value("loan").run()
    app.text_area(key="import_text").set_value('{"id": "a1", "prediction": 1, "age": 41}').run()
    assert not app.exception, app.exception
    said = texts(app).replace("\\", "")
    assert "Joined by id (a1)" in said
    assert "nothing of it was kept" in said
    assert "Import" not in [b.label for b in app.button]
    assert not list_models(open_database(settings_in_force().database_url))
    app.text_area(key="import_text").set_value('{"id": "a1", ').run()
    assert "This is no JSON" in texts(app)


CAPTURE = (
    '{"captureData": {"endpointInput": {"data": "%d,2", "encoding": "CSV"}, "endpointOutput":'
    ' {"data": "0.%d", "encoding": "CSV"}}, "eventMetadata": {"eventId": "e%d", "inferenceTime":'
    ' "{%%s}"}, "eventVersion": "0"}\n'
)


def test_captures_are_recognised_asked_about_and_imported(choose, folder: Path, texts) -> None:
    lines = "".join(CAPTURE % (i, i % 10, i) for i in range(40))
    (folder / "capture.jsonl").write_text(lines)
    app = choose("capture.jsonl")
    assert "SageMaker data capture" in texts(app)
    button(app, "Go without inferenceTime").click().run()
    button(app, "output is the score").click().run()
    button(app, "Import").click().run()
    assert not app.exception, app.exception
    work()
    assert "40 rows taken into loan" in texts(app.run())
