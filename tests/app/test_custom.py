"""Metrics of a model's own: who may add them, what is refused, and where they show up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analytics.core import CustomMetric
from analytics.errors import AccessDenied
from app.ask import Desk
from app.auth.viewer import Viewer
from app.cli import main
from app.custom import keep_metric
from app.settings import read_settings
from app.state.grants import Grant

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rows = "".join(f"{i},{i % 2},{int(i % 3 == 0)},{i % 7},v{1 + i // 150}\n" for i in range(300))
    path = tmp_path / "log.csv"
    path.write_text("id,prediction,label,cost,model_version\n" + rows)
    target = tmp_path / "home"
    assert (
        main(["import", str(path), "--model", "m", "--positive", "1", "--home", str(target)]) == 0
    )
    return target


def run(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    capsys.readouterr()
    status = main([*arguments, "--home", str(home), "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else None, err


def test_it_is_added_asked_compared_and_removed(home: Path, capsys) -> None:
    said = (
        "metric",
        "add",
        "--model",
        "m",
        "miss_cost",
        "if(label = '1' and prediction = '0', cost, 0)",
    )
    assert run(home, capsys, *said, "--better", "lower")[1]["metrics"][0]["name"] == "miss_cost"
    found = run(home, capsys, "performance", "--model", "m", "--names", "miss_cost,accuracy")[1]
    expected = sum(i % 7 for i in range(300) if i % 3 == 0 and i % 2 == 0) / 300
    assert found["results"][0]["value"] == pytest.approx(expected)
    asked = ("--version", "v2", "--reference", "version:v1", "--names", "miss_cost")
    compared = run(home, capsys, "compare", "--model", "m", *asked)[1]
    assert compared["results"][0]["name"] == "miss_cost"
    assert run(home, capsys, "metric", "remove", "--model", "m", "miss_cost")[1]["metrics"] == []
    status, _out, err = run(home, capsys, "performance", "--model", "m", "--names", "miss_cost")
    assert status == 2 and "miss_cost" in err


@pytest.mark.parametrize(
    ("name", "expression", "more", "words"),
    [
        ("accuracy", "cost", (), "taken"),
        ("Bad Name", "cost", (), "cannot be the name"),
        ("x", "cost +", (), "cannot be read"),
        ("x", "cost", ("--aggregate", "max"), "no aggregate"),
        ("x", "model_version * 2", (), ""),
    ],
)
def test_what_cannot_work_is_not_kept(home: Path, capsys, name, expression, more, words) -> None:
    status, _out, err = run(home, capsys, "metric", "add", "--model", "m", name, expression, *more)
    assert status != 0 and words in err
    assert run(home, capsys, "metric", "list", "--model", "m")[1]["metrics"] == []


def test_a_viewer_may_not_add_one(home: Path) -> None:
    viewer = Viewer("bob", "Bob", "viewer", (Grant("viewer", "m"),))
    with Desk(read_settings(home=str(home))) as desk, pytest.raises(AccessDenied):
        keep_metric(desk, viewer, "m", CustomMetric("x", "cost"))
