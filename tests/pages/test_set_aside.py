"""Set aside: reasons counted, a field mapped, rows sent again, and nothing for who may not import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analytics.core import Schema
from analytics.errors import AccessDenied
from app.auth.viewer import Viewer, operator
from app.cli import main
from app.ingest.drain import drain
from app.ingest.wal import Wal
from app.ingest.words import Place
from app.letters import export_letters, list_groups
from app.settings import settings_in_force
from app.state.database import open_database
from app.state.grants import Grant
from app.state.logs import load_dataset
from app.state.models import save_schema

ITEM = {"timestamp": "2026-03-01T12:00:00Z", "pred": 1, "features": {"x": 1.5}}
REASON = "the field 'pred' cannot be kept"


@pytest.fixture
def place(on_nothing: None) -> Place:
    """A home in which three predictions were refused for a wrong name."""
    settings = settings_in_force()
    database = open_database(settings.database_url)
    with database.write("test") as write:
        save_schema(write, "m", Schema("binary", (), ("0", "1"), "1"), {})
    found = Place(Path(settings.home), database, "test", threads=1)
    items = [{"prediction_id": f"p{i}", **ITEM} for i in range(3)]
    refused = [{"reason": REASON, "raw": json.dumps(item)} for item in items]
    wal = Wal(found.home / "wal")
    what = {"model": "m", "kind": "predictions", "rows": [], "refused": refused}
    wal.append(json.dumps(what).encode())
    wal.close()
    drain(found)
    return found


def test_a_field_is_mapped_and_the_rows_go_again(place: Place, run: Any, texts: Any) -> None:
    app = run("set_aside")
    assert not app.exception
    assert "3 rows of 1 model" in texts(app)
    assert app.selectbox(key="letters_field").value == "pred"
    assert "letters_send" not in [button.key for button in app.button]
    app.text_input(key="letters_target").set_value("prediction").run()
    assert "3 of them can be taken" in texts(app)
    app.button(key="letters_send").click().run()
    assert not app.exception
    assert "3 sent again" in texts(app) and "No row waits" in texts(app)
    drain(place)
    assert load_dataset(place.database, "m").log("predictions").n_rows == 3


def test_the_file_the_screen_and_the_command_count_the_same_rows(
    place: Place, run: Any, texts: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    app = run("set_aside")
    assert "3 rows of 1 model" in texts(app)
    (group,) = list_groups(operator("ann"), place.database)
    lines = export_letters(operator("ann"), place, group).decode().splitlines()
    assert lines == list(app.dataframe[1].value["As it came"])
    assert [json.loads(line)["prediction_id"] for line in lines] == ["p0", "p1", "p2"]
    assert main(["aside", "--home", str(place.home), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["n_left"] == len(lines) == int(app.dataframe[0].value["Left"].sum())
    assert [r["reason"] for r in said["reasons"]] == list(app.dataframe[0].value["Reason"])


def test_who_may_not_see_rows_gets_no_file(place: Place) -> None:
    (group,) = list_groups(operator("ann"), place.database)
    for role in ("viewer", "product_owner"):
        with pytest.raises(AccessDenied):
            export_letters(Viewer("vic", "Vic", role, (Grant(role, "m"),)), place, group)


def test_one_row_is_mended_by_hand_and_the_rest_discarded(
    place: Place, run: Any, texts: Any
) -> None:
    app = run("set_aside")
    (area,) = app.text_area
    area.set_value(json.dumps({"prediction_id": "p0", "prediction": 1})).run()
    app.button(key="letters_send_one").click().run()
    assert "1 sent again" in texts(app)
    app.button(key="letters_discard").click().run()
    assert "2 discarded" in texts(app)


def test_an_empty_home_says_that_nothing_was_refused(
    on_nothing: None, run: Any, texts: Any
) -> None:
    assert "Nothing was refused" in texts(run("set_aside"))


def test_who_may_not_import_sees_nothing(place: Place, enter: Any, run: Any, texts: Any) -> None:
    enter(place.home, Viewer("x", "x", "viewer", (Grant("viewer", "m"),)))
    said = texts(run("set_aside"))
    assert "no right" in said and REASON not in said
