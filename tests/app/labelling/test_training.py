"""The training set: every labelled row once, weights and origins as the label log says."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from analytics.errors import AccessDenied, LogEmpty
from app.ask import Desk
from app.auth.viewer import Viewer, operator, viewer_of
from app.ingest.outbox import flush
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.labelling.training import TrainingSet, Wanted, export_training
from app.questions import Asked
from app.settings import read_settings
from app.state.audit import list_entries
from app.state.grants import Grant, add_grant, list_grants
from app.state.models import mark_sensitive
from app.state.outbox import put
from app.state.users import NO_PASSWORD, add_user

LATER = datetime(2026, 2, 1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(read_settings(home=str(tmp_path / "home"))) as found:
        rows = "".join(
            f"{i},2026-01-{1 + i:02d},{'cat' if i % 2 else 'dog'},{'cat' if i < 4 else ''},{i},=x{i}\n"
            for i in range(12)
        )
        path = tmp_path / "log.csv"
        path.write_text("prediction_id,timestamp,prediction,label,size,note\n" + rows)
        place = Place(found.settings.home, found.database)
        run_import(
            place,
            plan_import(place, [path], ImportOptions(model="m", task="binary", positive="cat")),
        )
        given = [
            *(row(4, "dog", "annotator", "random", 0.25, i) for i in range(1)),
            row(5, "cat", "annotator", "uncertain", None),
            row(6, "cat", "annotator", "uncertain", None),
            row(6, "dog", "adjudicated", "uncertain", None, -9),
            row(7, "cat", "annotator", "random", 0.25),
            row(7, None, "annotator", "random", 0.25, 5),
            row(3, "dog", "annotator", "misclassified", None),
        ]
        with found.database.write("ann") as write:
            put(write, "m", "labels", given)
        flush(place)
        yield found


def row(number: int, label: Any, source: str, queue: str, p: Any, late: int = 0) -> dict[str, Any]:
    known = LATER + timedelta(seconds=late)
    given = {"prediction_id": str(number), "label": label, "known_at": known, "source": source}
    return {**given, "queue": queue, "sampling_p": p}


def export(desk: Desk, viewer: Viewer, **wanted: Any) -> TrainingSet:
    return export_training(desk.engine, desk.database, viewer, "m", Wanted(**wanted))


def table(found: TrainingSet) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(found.content)).to_pylist()


def test_each_labelled_row_once_with_weight_and_origin(desk: Desk) -> None:
    found = export(desk, operator())
    rows = table(found)
    about = ("prediction_id", "label", "weight", "label_source", "label_queue", "label_sampling_p")
    assert [tuple(r[name] for name in about) for r in rows] == [
        *((str(i), "cat", 1.0, "outcome", None, None) for i in range(4)),
        ("4", "dog", 4.0, "annotator", "random", 0.25),
        ("5", "cat", None, "annotator", "uncertain", None),
        ("6", "dog", None, "adjudicated", "uncertain", None),
    ]
    assert found.n_rows == len(rows) == 7
    assert [r["size"] for r in rows] == [float(i) for i in range(7)]
    assert rows[4]["label_known_at"] == LATER
    entry = list_entries(desk.database, 1)[0]
    assert (entry.action, entry.change["n_rows"]) == ("export training set", 7)


def test_csv_holds_the_same_and_runs_nothing(desk: Desk) -> None:
    rows = table(export(desk, operator()))
    text = export(desk, operator(), kind="csv").content.decode()
    found = list(csv.DictReader(io.StringIO(text)))
    assert [r["label"] for r in found] == [r["label"] for r in rows]
    assert [r["note"] for r in found] == [f"'=x{i}" for i in range(7)]


def test_a_window_and_a_segment_narrow_it(desk: Desk) -> None:
    asked = Asked(window="2026-01-03..2026-01-07", segment="size > 2")
    assert [r["prediction_id"] for r in table(export(desk, operator(), asked=asked))] == [
        "3",
        "4",
        "5",
    ]
    with pytest.raises(LogEmpty):
        export(desk, operator(), asked=Asked(window="2030-01-01.."))


def test_sensitive_columns_need_the_right_and_the_wish(
    desk: Desk, person: Callable[..., Viewer]
) -> None:
    with desk.database.write("test") as write:
        mark_sensitive(write, "m", ["size"])
    owner, scientist = person("owner", "product_owner"), person("sci", "data_scientist")
    for viewer in (owner, scientist):
        found = export(desk, viewer)
        assert "size" not in table(found)[0]
        assert found.sensitive == ()
    with pytest.raises(AccessDenied, match="sensitive"):
        export(desk, owner, with_sensitive=True)
    full = export(desk, scientist, with_sensitive=True)
    assert (full.sensitive, table(full)[0]["size"]) == (("size",), 0.0)
    assert list_entries(desk.database, 1)[0].change["sensitive"] == ["size"]


def test_who_may_not_export_gets_nothing(desk: Desk, person: Callable[..., Viewer]) -> None:
    with pytest.raises(AccessDenied):
        export(desk, person("ann", "annotator"))


@pytest.fixture
def person(desk: Desk) -> Callable[..., Viewer]:
    def make(name: str, role: str) -> Viewer:
        with desk.database.write("test") as write:
            user = add_user(write, name, role, NO_PASSWORD)
            add_grant(write, user, Grant(role, "m"))
            return viewer_of(user, list_grants(write.connection, user.id))

    return make
