"""`import`, `models` and `schema`: the contract's words, exit status and nothing done on a dry run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, Any, str]]
ROWS = "id,timestamp,prediction,score,label,x\n" + "".join(
    f"{i},2024-01-{1 + i % 28:02d},{i % 2},0.{i % 10},{i % 2},{i}\n" for i in range(50)
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(ROWS)
    return path


def test_import_then_models_then_schema(telltale: Run, log: Path) -> None:
    status, report, err = telltale("import", str(log), "--model", "m")
    assert (status, err) == (0, "")
    assert (report["n_read"], report["n_taken"], report["n_labels"]) == (50, 50, 50)
    assert (report["n_aside"], report["task"]) == (0, "binary")
    _status, models, _err = telltale("models")
    assert [(m["model"], m["n"], m["n_labels"]) for m in models["models"]] == [("m", 50, 50)]
    _status, schema, _err = telltale("schema", "m")
    roles = {c["name"]: c["role"] for c in schema["schema"]["columns"]}
    assert roles["x"] == "feature"
    assert schema["imports"][0]["n_taken"] == 50


def test_a_dry_run_shows_the_plan_and_does_nothing(telltale: Run, log: Path) -> None:
    status, plan, _err = telltale("import", str(log), "--model", "m", "--dry-run")
    assert status == 0
    roles = {c["name"]: c["role"] for c in plan["columns"]}
    assert (roles["id"], roles["x"]) == ("prediction_id", "feature")
    assert all(c["why"] for c in plan["columns"])
    assert telltale("models")[1] == {"models": []}


@pytest.mark.parametrize(
    ("text", "key", "roles"),
    [
        ('{"id": 14419506828678509143,\n "time": "2026-01-05T10:00:00Z",\n "prediction": 1, "age": 41.5}',
         "14419506828678509143", {"time": "timestamp", "prediction": "prediction", "age": "feature"}),
        ("id,score,age\na1,0.5,3\n", "a1", {"score": "score", "age": "feature"}),
        ('{"id": "7", "inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}',
         "7", {"prediction_id": "prediction_id", "x": "feature"}),
    ],
)  # fmt: skip
def test_a_pasted_event_is_looked_at_and_not_kept(
    telltale: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, key: str, roles: Any
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status, plan, _err = telltale("import", "--paste", "--model", "m")
    assert status == 0
    assert f"({key})" in plan["joins"]
    assert roles.items() <= {c["name"]: c["role"] for c in plan["columns"]}.items()
    assert telltale("models")[1] == {"models": []}
    assert not list((tmp_path / "home").glob("tmp/*"))


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "nothing to look at"), ('{"a": 1,}', "This is no JSON"), ("[1, 2]", "event.jsonl"),
     ("x" * (1 << 20 | 1), "more than 1 MB")],
)  # fmt: skip
def test_what_cannot_be_pasted_is_explained(
    telltale: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status, out, err = telltale("import", "--paste", "--model", "m")
    assert (status, out) == (2, None)
    assert words in err
    assert str(tmp_path) not in err
    assert not list((tmp_path / "home").glob("tmp/*"))


def test_what_is_ambiguous_is_asked_with_the_answer(telltale: Run, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text(ROWS.replace("label,x", "label,target"))
    status, out, err = telltale("import", str(path), "--model", "m")
    assert (status, out) == (2, None)
    assert "--map label=" in err
    assert telltale("models")[1] == {"models": []}
    status, report, _err = telltale("import", str(path), "--model", "m", "--map", "label=label")
    assert (status, report["n_taken"]) == (0, 50)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("nowhere.csv",), 2, "nowhere.csv"),
        (("log.csv", "--map", "label"), 2, "ROLE=COLUMN"),
        (("log.csv", "--map", "label=none"), 2, "none"),
        (("log.csv", "--positive", "seven"), 2, "seven"),
        (("log.csv", "--timezone", "Mars/Crater"), 2, "Mars/Crater"),
    ],
)
def test_bad_input_says_what_and_leaves_nothing(
    telltale: Run, log: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    name, *rest = arguments
    found, out, err = telltale("import", str(log.parent / name), "--model", "m", *rest)
    assert out is None
    assert words in err
    assert found == status
    assert telltale("models")[1] == {"models": []}


def test_a_folder_and_a_glob_are_one_log(telltale: Run, tmp_path: Path) -> None:
    lines = ROWS.splitlines(keepends=True)
    folder = tmp_path / "days"
    folder.mkdir()
    (folder / "a.csv").write_text(lines[0] + "".join(lines[1:21]))
    (folder / "b.csv").write_text(lines[0] + "".join(lines[21:]))
    assert telltale("import", str(folder), "--model", "m")[1]["n_taken"] == 50
    again = telltale("import", str(folder / "*.csv"), "--model", "m")[1]
    assert (again["n_taken"], again["n_duplicates"]) == (0, 50)


def test_the_car_loan_log(telltale: Run, shared: Path) -> None:
    """Three files of a public data set: analysis, its labels, and the reference with labels inside."""
    data = shared / "data" / "car_loan"
    columns = ("--map", "label=repaid", "--map", "score=y_pred_proba", "--map", "prediction=y_pred")
    base = ("--model", "car_loan")
    status, report, err = telltale(
        "import", str(data / "car_loan_analysis.parquet"), *base, *columns[2:], "--positive", "1"
    )
    assert (status, report["n_taken"], report["n_aside"]) == (0, 50_000, 0), err
    targets = str(data / "car_loan_analysis_target.parquet")
    status, report, err = telltale("import", targets, *base, "--kind", "labels", *columns[:2])
    assert (status, report["n_labels"], report["n_labels_unmatched"]) == (0, 50_000, 0), err
    reference = str(data / "car_loan_reference.parquet")
    status, report, err = telltale("import", reference, *base, *columns, "--as", "reference")
    assert (status, report["n_taken"], report["n_labels"]) == (0, 50_000, 50_000), err
    _status, answer, _err = telltale(
        "performance", *base, "--names", "accuracy", "--every", "5000rows"
    )
    published = shared / "reference" / "car_loan" / "car_loan_realized_all_metrics.csv"
    with published.open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["chunk.period"] == "analysis"]
    wanted = [float(row["accuracy.value"]) for row in rows]
    found = [r for r in answer["results"] if r["window"]["first_row"] is not None]
    assert [r["n"] for r in found] == [5_000] * 10
    assert [r["value"] for r in found] == pytest.approx(wanted, abs=1e-6)
