"""Labelling from the command line: set up, queue, out, in, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, Any, str]]
ROWS = "".join(
    f"p{i},2026-01-{1 + i % 28:02d},{'abc'[i % 3]},{'b' if i % 9 == 0 else ''},{i}\n"
    for i in range(90)
)


@pytest.fixture
def model(telltale: Run, tmp_path: Path) -> str:
    path = tmp_path / "log.csv"
    path.write_text("prediction_id,timestamp,prediction,label,x\n" + ROWS)
    assert telltale("import", str(path), "--model", "m", "--kind", "predictions")[0] == 0
    return "m"


def test_from_set_up_to_export_and_back(telltale: Run, model: str, tmp_path: Path) -> None:
    status, made, _err = telltale(
        *("label", "new", "--model", model, "--question", "Which?", "--overlap", "2"),
        *("--budget", "20", "--deadline", "2026-12-01", "--classes", "a,b,c"),
    )
    assert (status, made) == (0, {"project": 1})
    queue = ("label", "queue", "--model", model, "--queue", "random", "--n", "15")
    status, queued, _err = telltale(*queue, "--gold", "3", "--practice", "2")
    assert (status, queued["n"], queued["n_gold"]) == (0, 15, 5)
    assert telltale(*queue, "--seed", "1")[1]["n_over_budget"] == 10
    _status, found, _err = telltale("label", "status", "--model", model)
    assert not found["arrives_by_itself"]
    (project,) = found["projects"]
    assert (project["n_tasks"], project["by_queue"], project["overlap"]) == (20, {"random": 20}, 2)
    assert (project["question"], project["deadline"]) == ("Which?", "2026-12-01T00:00:00")
    for kind, name in (("jsonl", "a.jsonl"), ("huggingface", "set")):
        where = str(tmp_path / name)
        out = telltale("label", "export", "--model", model, "--format", kind, "--out", where)
        assert out[1]["n_rows"] == 25
        assert telltale("label", "wipe", "--model", model, "--project", "1", "--yes")[0] == 0
        back = telltale("label", "import", where, "--model", model, "--format", kind)
        assert (back[0], back[1]["n_tasks"], back[1]["refused"]) == (0, 25, [])


def test_bad_rows_are_named_and_the_exit_status_says_so(
    telltale: Run, model: str, tmp_path: Path
) -> None:
    telltale("label", "new", "--model", model)
    good = {"prediction_id": "p1", "unique_id": "x", "annotator": "ann", "answer": "b"}
    lines = [good, {**good, "unique_id": "y", "answer": "7"}]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    status, found, _err = telltale("label", "import", str(path), "--model", model)
    assert (status, found["n_answers"], found["n_labels"]) == (1, 1, 0)
    assert found["refused"] == [{"row": 1, "why": "'7' is no class of this project."}]


def test_a_training_set_is_written(telltale: Run, model: str, tmp_path: Path) -> None:
    target = tmp_path / "train.parquet"
    status, found, _err = telltale("label", "training", "--model", model, "--out", str(target))
    assert (status, found["n_rows"]) == (0, 10)
    assert target.stat().st_size > 0
    status, _found, err = telltale("label", "training", "--model", model, "--out", "train.xlsx")
    assert status == 2
    assert ".parquet" in err


def test_what_cannot_be_says_what_to_do(telltale: Run, model: str) -> None:
    for arguments, words in (
        (("queue", "--model", model), "label new --model m"),
        (("export", "--model", "other", "--out", "x"), "no model 'other'"),
        (("wipe", "--model", model), "--yes"),
        (("import", "nowhere.jsonl", "--model", model), "nowhere.jsonl"),
    ):
        status, out, err = telltale("label", *arguments)
        assert (status, out) == (2, None)
        assert words in err
        assert "Traceback" not in err


def test_closed_takes_no_rows_until_it_is_open_again(telltale: Run, model: str) -> None:
    telltale("label", "new", "--model", model)
    assert telltale("label", "close", "--model", model)[1]["state"] == "closed"
    queue = ("label", "queue", "--model", model, "--queue", "random", "--project", "1")
    status, _out, err = telltale(*queue)
    assert status == 2
    assert "closed" in err
    assert telltale("label", "open", "--model", model)[1]["state"] == "open"
    assert telltale(*queue)[0] == 0
