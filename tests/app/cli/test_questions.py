"""`performance`, `drift` and `quality`: one JSON object, the contract's names, errors that help."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from app.cli import lighten, main

Run = Callable[..., tuple[int, Any, str]]
KEYS = {"name", "column", "version", "segment", "window", "value", "low", "high", "interval"}
KEYS |= {"n", "n_labelled", "verdict", "reason", "exact", "detail"}


@pytest.fixture
def log(telltale: Run, tmp_path: Path) -> Path:
    """A log of 600 rows with labels, and a reference like it but for one column."""
    for name, shift in (("log", 50), ("reference", 0)):
        rows = (
            f"{name}{i},2024-{1 + i % 3:02d}-{1 + i % 28:02d},{i % 2},0.{(i * 7) % 10},{int(i % 5 > 0) ^ (i % 2)},{i % 100 + shift}\n"
            for i in range(600)
        )
        path = tmp_path / f"{name}.csv"
        path.write_text("id,timestamp,prediction,score,label,x\n" + "".join(rows))
        extra = ("--as", "reference") if name == "reference" else ()
        assert telltale("import", str(path), "--model", "m", *extra)[0] == 0
    return tmp_path


@pytest.mark.usefixtures("log")
def test_answers_keep_the_contract(telltale: Run) -> None:
    for question in ("performance", "drift", "quality"):
        status, answer, err = telltale(question, "--model", "m", "--every", "month")
        assert (status, err) == (0, "")
        assert set(answer) == {"question", "model", "results", "findings"}
        assert (answer["question"], answer["model"]) == (question, "m")
        assert answer["results"]
        for result in answer["results"]:
            assert set(result) == KEYS
            assert set(result["window"]) == {"start", "end", "first_row", "last_row"}
            assert result["verdict"] in ("ok", "warning", "critical", "undefined")
            assert result["value"] is not None or result["reason"]


@pytest.mark.usefixtures("log")
def test_the_column_that_moved_is_found(telltale: Run) -> None:
    results = telltale("drift", "--model", "m", "--names", "ks")[1]["results"]
    verdicts = {r["column"]: r["verdict"] for r in results}
    assert verdicts == {"x": "critical", "score": "ok"}
    findings = telltale("drift", "--model", "m")[1]["findings"]
    assert findings[0]["title"].startswith("x ")


@pytest.mark.usefixtures("log")
def test_row_windows_of_the_answer_can_be_asked_again(telltale: Run) -> None:
    every = telltale("performance", "--model", "m", "--every", "200rows", "--names", "accuracy")[1]
    second = every["results"][1]
    window = f"{second['window']['first_row']}..{second['window']['last_row']}rows"
    again = telltale("performance", "--model", "m", "--window", window, "--names", "accuracy")[1]
    assert again["results"][0]["value"] == second["value"]
    assert again["results"][0]["n"] == 200


def test_slices_name_where_the_model_does_worse(telltale: Run, tmp_path: Path) -> None:
    """Rows with a large x are wrong every second time, the others one time in ten."""
    rows = (
        f"{i},{i % 2},{i % 2 ^ int(i * 7 % 10 < (5 if i % 100 >= 75 else 1))},{i % 100}\n"
        for i in range(4000)
    )
    path = tmp_path / "log.csv"
    path.write_text("id,prediction,label,x\n" + "".join(rows))
    assert telltale("import", str(path), "--model", "m")[0] == 0
    status, answer, err = telltale("slices", "--model", "m")
    assert (status, err) == (0, "")
    first = answer["results"][0]
    assert set(first) == KEYS
    assert (first["name"], first["verdict"]) == ("accuracy", "critical")
    assert [c["column"] for c in first["detail"]["conditions"]] == ["x"]
    assert first["segment"].startswith("x > ")
    assert first["detail"]["n_all"] == pytest.approx(1000, rel=0.05)
    assert first["low"] < 0.5 < first["high"]
    assert first["detail"]["rest"] == pytest.approx(0.9, abs=0.03)
    status, _none, err = telltale("slices", "--model", "m", "--columns", "colour")
    assert status == 2 and "colour is no feature" in err


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("performance", "--model", "n"), "no model 'n'"),
        (("performance", "--model", "m", "--names", "accurcy"), "Did you mean 'accuracy'"),
        (("drift", "--model", "m", "--columns", "y"), "no column called 'y'"),
        (("drift", "--model", "m", "--segment", "x > 'a'"), "is a number"),
        (("quality", "--model", "m", "--window", "soon"), "not a window"),
    ],
)
def test_errors_help_and_leave_stdout_alone(
    telltale: Run, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = telltale(*arguments)
    assert (status, out) == (2, None)
    assert words in err


@pytest.mark.usefixtures("log")
def test_a_terminal_shows_the_findings_last(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    home = str(tmp_path / "home")
    capsys.readouterr()
    assert main(["drift", "--model", "m", "--home", home]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("▲ x ")
    assert main(["drift", "--model", "m", "--columns", "score", "--home", home]) == 0
    assert (
        capsys.readouterr()
        .out.splitlines()[-1]
        .startswith("● Nothing moved beyond its band: 600 rows")
    )
    assert main(["performance", "--model", "m", "--version", "v9", "--home", home]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "m has no version 'v9'" in err


def test_help_answers_at_once_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from app.cli import make_parser; make_parser();"
        "heavy = {'duckdb', 'numpy', 'pandas', 'sqlalchemy', 'scipy', 'sklearn', 'streamlit', 'plotly'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.usefixtures("log")
def test_drift_and_performance_need_no_slow_library(tmp_path: Path) -> None:
    code = (
        "import sys; from app.cli import main;"
        f"[main([q, '--model', 'm', '--home', {str(tmp_path / 'home')!r}, '--json']) for q in ('drift', 'performance')];"
        "print(sorted({'pandas', 'sklearn', 'scipy.stats', 'streamlit'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip().splitlines()[-1] == "[]"


def test_attached_files_answer_wherever_they_stand(telltale: Run, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    duckdb.sql(
        "COPY (SELECT 'a' || i AS id, (i % 2)::VARCHAR AS prediction, (i % 2)::VARCHAR AS label, i AS x"
        f" FROM range(200) r(i)) TO '{folder / 'log.parquet'}'"
    )
    assert telltale("import", str(folder / "log.parquet"), "--model", "a", "--attach")[0] == 0
    answer = telltale("performance", "--model", "a", "--names", "accuracy")[1]
    assert (answer["results"][0]["value"], answer["results"][0]["n"]) == (1.0, 200)


def test_groups_of_a_model_of_numbers(telltale: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    errors = {"a": (1.0, -1.0, 3.0), "b": (2.0, 6.0, 4.0)}
    rows = [
        f"p{i}{town},{10.5 + errors[town][i % 3]},10.5,{town}\n" for town in "ab" for i in range(90)
    ]
    path.write_text("id,prediction,label,town\n" + "".join(rows))
    assert telltale("import", str(path), "--model", "m")[0] == 0
    answer = telltale("slices", "--model", "m", "--fairness", "town")[1]
    found = {r["name"]: r for r in answer["results"] if "group" not in r["detail"]}
    assert found["mean_error_difference"]["value"] == pytest.approx(3.0)
    assert found["mae_difference"]["value"] == pytest.approx(4.0 - 5 / 3)
    assert found["within_rate_difference"]["value"] == pytest.approx(1 / 3)
    assert found["mae_difference"]["detail"]["within"] == pytest.approx(2.5)
    assert found["mae_difference"]["detail"]["scale"] == pytest.approx((4 + 5 / 3) / 2)
    assert found["mae_difference"]["verdict"] == "critical"


def test_groups_of_a_column_and_the_rest(telltale: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = (f"p{i},{int(i % 3 > 0)},{i % 2},{'ab'[i % 2]}\n" for i in range(600))
    path.write_text("id,prediction,label,town\n" + "".join(rows))
    assert telltale("import", str(path), "--model", "m", "--positive", "1")[0] == 0
    status, answer, err = telltale("slices", "--model", "m", "--fairness", "town")
    assert (status, err) == (0, "")
    found = {r["name"]: r for r in answer["results"] if "group" not in r["detail"]}
    assert found["demographic_parity_difference"]["value"] == pytest.approx(0, abs=1e-9)
    assert found["equal_opportunity_difference"]["reason"]  # only group b has positives
    rates = {r["segment"]: r["value"] for r in answer["results"] if r["name"] == "selection_rate"}
    assert rates == pytest.approx({"town = 'a'": 2 / 3, "town = 'b'": 2 / 3})
    small = telltale("slices", "--model", "m", "--fairness", "town", "--min-rows", "400")[1]
    assert small["results"][0]["reason"] and set(small["results"][0]["detail"]["left_out"]) == {
        "a",
        "b",
    }
    where = ("--segment", "town = 'a'", "--reference", "rest", "--names", "accuracy")
    (accuracy,) = telltale("performance", "--model", "m", *where)[1]["results"]
    assert accuracy["value"] == pytest.approx(1 / 3)
    assert accuracy["detail"]["reference"] == pytest.approx(2 / 3)
    status, _none, err = telltale("slices", "--model", "m", "--fairness", "nothing")
    assert status == 2 and "nothing" in err


def test_a_command_starts_no_threads_for_matrices_unless_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = gc.get_threshold()
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    lighten()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    lighten()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    gc.set_threshold(*before)


@pytest.mark.usefixtures("log")
def test_a_price_is_kept_with_the_model_and_gives_a_cost(telltale: Run) -> None:
    ask = ("serving", "--model", "m")
    assert telltale(*ask)[1]["cost"] == []
    assert telltale("schema", "m", "--price", "2,EUR")[0] == 0
    (cost,) = telltale(*ask)[1]["cost"]
    assert cost["detail"]["currency"] == "EUR" and cost["detail"]["price_per_hour"] == 2.0
    assert cost["value"] == pytest.approx(1000 * 2.0 * cost["detail"]["hours"] / 600)
    (typed,) = telltale(*ask, "--price", "4")[1]["cost"]  # asked once, not kept
    assert typed["value"] == pytest.approx(2 * cost["value"])
    assert telltale(*ask)[1]["cost"] == [cost]
    status, _answer, error = telltale("schema", "m", "--price", "cheap")
    assert status == 2 and "'cheap' is no price." in error
    assert telltale(*ask)[1]["cost"] == [cost]
    assert telltale("schema", "m", "--price", "none")[0] == 0
    assert telltale(*ask)[1]["cost"] == []
