"""Rows, one prediction and files through the rights: who may not gets nothing, who may leaves a trace."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analytics.core import Column
from analytics.errors import AccessDenied, NameUnknown, SegmentInvalid
from analytics.query.explore import FeaturePlace, Listing
from app.auth.viewer import Viewer, operator
from app.explore import export_file, list_rows, open_one
from app.ingest.aside import open_aside, read_aside
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, ImportReport, Place
from app.questions import Asked
from app.settings import settings_in_force
from app.state.audit import list_entries
from app.state.database import Database
from app.state.grants import Grant
from app.widgets.import_plan import ANSWER, report_lines, with_roles
from app.widgets.prediction import settled, strangeness

ANN = operator("ann")
VIEWER = Viewer("bob", "Bob", "viewer", (Grant("viewer", "*"), Grant("data_scientist", "other")))
ALL = Asked(window="all")


@pytest.fixture
def loan(home: Database, tmp_path: Path) -> Iterator[ImportReport]:
    """A log of 60 rows, of which two are set aside; every third has no label."""
    lines = ["prediction_id,timestamp,prediction,score,label,age,town"]
    for i in range(60):
        time = "soon" if i in (5, 17) else f"2026-01-{i % 28 + 1:02d}T10:00:00Z"
        label = "" if i % 3 == 0 else i % 2
        lines.append(f"p{i},{time},{int(i % 4 > 1)},0.{i % 10},{label},{20 + i},=A{i % 3}")
    path = tmp_path / "loan.csv"
    path.write_text("\n".join(lines))
    place = Place(settings_in_force().home, home, "ann", threads=2)
    yield run_import(place, plan_import(place, [path], ImportOptions(model="loan")))


def actions(database: Database) -> list[tuple[str, str, str]]:
    return [(e.actor, e.action, e.object_id) for e in list_entries(database)]


def test_pages_and_the_export_count_the_same_rows(loan: ImportReport) -> None:
    page = list_rows(ANN, "loan", ALL, Listing(number=500))
    found = list(csv.DictReader(io.StringIO(export_file(ANN, "loan", ALL, "csv").decode())))
    assert page.n == len(page.rows) == len(found) == loan.n_taken == 58
    assert {row["town"] for row in found} == {"'=A0", "'=A1", "'=A2"}
    assert export_file(ANN, "loan", ALL, "parquet").startswith(b"PAR1")


def test_a_segment_narrows_both(loan: ImportReport) -> None:
    asked = replace(ALL, segment="age >= 70")
    assert list_rows(ANN, "loan", asked, Listing()).n == 10
    assert export_file(ANN, "loan", asked, "csv").count(b"\n") == 11
    with pytest.raises(SegmentInvalid):
        list_rows(ANN, "loan", replace(ALL, segment="nope = 1"), Listing())


def test_an_export_leaves_an_audit_row_and_no_file(loan: ImportReport, home: Database) -> None:
    export_file(ANN, "loan", ALL, "csv")
    assert actions(home)[0] == ("ann", "export", "loan")
    assert list((settings_in_force().home / "exports").iterdir()) == []


def test_opening_a_prediction_leaves_one_audit_row(loan: ImportReport, home: Database) -> None:
    before = len(actions(home))
    assert open_one(ANN, "loan", "p7").row["age"] == 27
    open_one(ANN, "loan", "p7", is_again=True)
    assert len(actions(home)) == before + 1
    with pytest.raises(NameUnknown):
        open_one(ANN, "loan", "nobody")
    assert len(actions(home)) == before + 1


@pytest.mark.parametrize(
    "act",
    [
        lambda who, loan: list_rows(who, "loan", ALL, Listing()),
        lambda who, loan: open_one(who, "loan", "p7"),
        lambda who, loan: export_file(who, "loan", ALL, "csv"),
        lambda who, loan: open_aside(who, aside_place(), loan.import_id),
    ],
)
def test_without_the_right_there_is_nothing_and_no_trace(
    loan: ImportReport, home: Database, act: Callable[[Viewer, ImportReport], object]
) -> None:
    before = len(actions(home))
    with pytest.raises(AccessDenied):
        act(VIEWER, loan)
    assert len(actions(home)) == before


def aside_place() -> Place:
    from app.auth.current import state

    database, settings = state()
    return Place(settings.home, database, "ann")


def test_rows_set_aside_are_shown_as_they_came(loan: ImportReport, home: Database) -> None:
    rows = open_aside(ANN, aside_place(), loan.import_id)
    assert [row.row for row in rows] == [6, 18]
    assert {row.file for row in rows} == {"loan.csv"}
    assert all("soon" in row.raw and "timestamp" in row.reason for row in rows)
    assert len(read_aside(aside_place(), loan.import_id, limit=1)) == 1
    assert actions(home)[0] == ("ann", "open", f"loan/{loan.import_id}")


def test_an_id_never_leads_out_of_the_folder(loan: ImportReport) -> None:
    for name in ("../telltale", "", "20260101T000000-0000000g"):
        with pytest.raises(NameUnknown):
            read_aside(aside_place(), name)
    with pytest.raises(NameUnknown):
        open_aside(ANN, aside_place(), "20260101T000000-00000000")
    assert read_aside(aside_place(), "20260101T000000-00000000") == []


def test_a_cut_file_of_rows_set_aside_is_explained(loan: ImportReport) -> None:
    path = settings_in_force().home / "aside" / f"{loan.import_id}.parquet"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(OSError, match="cannot be read"):
        read_aside(aside_place(), loan.import_id)


def test_the_label_that_counts() -> None:
    order = ("outcome", "annotator")
    late = {"label": "0", "source": "annotator", "known_at": "2026-02-01"}
    early = {"label": "1", "source": "outcome", "known_at": "2026-01-01"}
    hard = {"label": "2", "source": "outcome", "known_at": "2026-03-01", "queue": "hard"}
    assert settled([early, late], order) == "1"
    assert settled([late, {**late, "label": "3", "known_at": "2026-02-02"}], order) == "3"
    assert settled([hard], order) is None and settled([], order) is None
    assert settled([{**hard, "sampling_p": 0.5}], order) == "2"
    assert settled([{"label": 0.0}], order) == 0.0


def test_what_nobody_saw_is_strangest() -> None:
    def place(value: object, below: float | None, same: float | None, n: int = 10) -> float:
        return strangeness(FeaturePlace(Column("a", "feature", "numeric"), value, below, same, n))

    assert place(9.0, 1.0, 0.0) == place("new", None, 0.0) == 1.0
    assert place(5.0, 0.5, 0.1) == place(None, None, None) == place(float("nan"), 0.9, 0.0) == 0.0
    assert place("usual", None, 0.4) == place(9.0, None, None, n=0) == 0.0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("--map prediction=y hat", [("prediction", "y hat", "")]),
        ("--map score=a=b", [("score", "a=b", "")]),
        ("Add --positive late or --positive on time.", [("", "", "late"), ("", "", "on time")]),
        ("Look again.", []),
    ],
)
def test_answers_become_buttons(text: str, found: list[tuple[str, str, str]]) -> None:
    assert ANSWER.findall(text) == found


def test_what_is_said_last_of_a_column_counts() -> None:
    said = with_roles((("feature", "a"), ("label", "b")), [("score", "a")])
    assert said == (("score", "a"), ("label", "b"))


def test_the_report_counts_every_row_once(loan: ImportReport) -> None:
    lines = report_lines({**loan.to_json(), "n_duplicates": 3, "n_label_duplicates": 3})
    assert lines[0] == "● 58 rows taken into loan (production predictions)"
    assert "○ 3 duplicates skipped" in lines
    assert lines[-1].startswith("◆ 2 rows set aside: ")
