"""`telltale check`: exit codes 0, 1, 2, 3; doubt is never a pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from app.cli import main
from app.monitors.policies import read_policy, write_policy

Run = Callable[..., tuple[int, Any, str]]
HEAD = '[[monitor]]\nname = "A"\nmodel = "m"\n'


@pytest.fixture
def ask(telltale: Run, tmp_path: Path) -> Callable[[str], tuple[int, Any, str]]:
    """Check a policy over 600 rows with an accuracy of 0.8 whose column x moved."""
    for name, shift in (("log", 50), ("reference", 0)):
        rows = (
            f"{name}{i},2024-{1 + i % 3:02d}-{1 + i % 28:02d},{i % 2},{int(i % 5 > 0) ^ 1 ^ (i % 2)},{i % 100 + shift}\n"
            for i in range(600)
        )
        path = tmp_path / f"{name}.csv"
        path.write_text("id,timestamp,prediction,label,x\n" + "".join(rows))
        extra = ("--as", "reference") if name == "reference" else ()
        assert telltale("import", str(path), "--model", "m", "--positive", "1", *extra)[0] == 0

    def check(policy: str) -> tuple[int, Any, str]:
        (tmp_path / "policy.toml").write_text(policy)
        junit = tmp_path / "junit.xml"
        return telltale("check", str(tmp_path / "policy.toml"), "--junit", str(junit))

    return check


ACCURACY = HEAD + 'question = "performance"\nnames = ["accuracy"]\n'


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (ACCURACY, 0),
        (ACCURACY + 'rule = "below"\nlimit = 0.7\n', 0),
        (ACCURACY + 'rule = "below"\nlimit = 0.9\n', 1),
        (ACCURACY + 'rule = "below"\nlimit = 0.79\n', 3),
        (ACCURACY + "min_n = 1000\n", 3),
        (ACCURACY + 'every = "month"\nmin_n = 150\n', 0),
        (HEAD + 'question = "drift"\ncolumns = ["x"]\n', 1),
        (HEAD.replace('"m"', '"nobody"') + 'question = "drift"\n', 3),
    ],
)
def test_exit_codes(ask: Callable[[str], Any], tmp_path: Path, policy: str, code: int) -> None:
    status, answer, err = ask(policy)
    assert (status, err) == (code, "")
    words = {0: "pass", 1: "fail", 3: "inconclusive"}
    assert answer["outcome"] == answer["monitors"][0]["outcome"] == words[code]
    case = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert [child.tag for child in case] == {0: [], 1: ["failure"], 3: ["error"]}[code]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("[[monitor]", "not TOML"),
        ("", "no list of monitors"),
        (HEAD, "lacks 'question'"),
        (ACCURACY + "limitt = 3\n", "Did you mean limit?"),
        (ACCURACY + 'limit = "3"\n', "another type"),
        (ACCURACY + ACCURACY, "Two monitors"),
        (HEAD + 'question = "mood"\n', "question is 'mood'"),
    ],
)
def test_a_policy_that_cannot_be_read_is_usage(
    tmp_path: Path, capsys: Any, policy: str, said: str
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy)
    assert main(["check", str(path), "--home", str(tmp_path / "home")]) == 2
    assert said in capsys.readouterr().err


def test_a_policy_is_written_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        ACCURACY + 'rule = "below"\nlimit = 0.7\nhold = 2\nrunbook = "call \\"ops\\""\n'
    )
    found = read_policy(path)
    path.write_text(write_policy(found))
    assert read_policy(path) == found
