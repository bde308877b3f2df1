"""A notebook's answers are those of the command line, on frames and on a home."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from analytics.errors import LogEmpty, RoleAmbiguous
from app.cli import main
from app.notebook import Notebook

RNG = np.random.default_rng(4)
FRAME = pd.DataFrame(
    {
        "churned": RNG.integers(0, 2, 400),
        "p": RNG.random(400),
        "plan": RNG.choice(["basic", "plus"], 400),
        "age": RNG.normal(40, 9, 400),
        "day": pd.date_range("2024-01-01", periods=400, freq="6h"),
    }
)
ROLES = {"label": "churned", "score": "p", "timestamp": "day"}


def test_frames_with_names_of_their_own() -> None:
    with Notebook.of_frames(FRAME, roles=ROLES, positive="1") as log:
        (auc,) = log.performance(names=("roc_auc",)).to_dict("records")
        assert auc["value"] == pytest.approx(sk.roc_auc_score(FRAME.churned, FRAME.p))
        assert auc["low"] < auc["value"] < auc["high"] and auc["n"] == 400
        weeks = log.performance(names=("accuracy",), every="week", segment="plan = 'basic'")
        assert weeks.n.sum() == int((FRAME.plan == "basic").sum())
        assert set(log.quality().name) >= {"missing_rate", "volume"}


def test_the_same_as_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.csv"
    FRAME.to_csv(path, index=False)
    home = str(tmp_path / "home")
    maps = [word for role, column in ROLES.items() for word in ("--map", f"{role}={column}")]
    assert (
        main(["import", str(path), "--model", "m", "--positive", "1", *maps, "--home", home]) == 0
    )
    capsys.readouterr()
    main(["performance", "--model", "m", "--home", home, "--json"])
    said = json.loads(capsys.readouterr().out)["results"]
    with Notebook.of_home(home, "m") as log:
        table = log.performance()
        assert table.value.tolist() == [r["value"] for r in said]
    with Notebook.of_frames(FRAME, roles=ROLES, positive="1") as log:
        assert log.performance().value.tolist() == pytest.approx([r["value"] for r in said])


def test_what_is_ambiguous_is_asked() -> None:
    frame = FRAME.rename(columns={"churned": "label"}).assign(target=1)
    with pytest.raises(RoleAmbiguous, match="--map label="):
        Notebook.of_frames(frame, roles={"score": "p"}, positive="1")
    with pytest.raises(LogEmpty):
        Notebook.of_frames(FRAME.iloc[:0], roles=ROLES)
