"""Value, top k, quantiles and rankings from a log: what they need is mapped, stored and found."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def telltale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command with ``--json``: (exit status, the object on stdout, text on stderr)."""
    import json

    from app.cli import main
    from app.state.database import open_database

    def run(*arguments: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        status = main([*arguments, "--home", str(tmp_path / "home"), "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    yield run
    open_database.cache_clear()


def value(telltale: Run, name: str, model: str = "m") -> Any:
    return telltale("performance", "--model", model, "--names", name)[1]["results"][0]


def test_quantiles_are_found_by_their_names(telltale: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(10, 3, 400).round(4)
    low, high = (y - rng.gamma(2, 2, 400)).round(4), (y + rng.gamma(2, 1, 400) - 1).round(4)
    lines = [f"{i},{y[i]},{(low[i] + high[i]) / 2},{low[i]},{high[i]},{i % 7}" for i in range(400)]
    path = tmp_path / "log.csv"
    head = "id,label,prediction,prediction_q10,prediction_q90,x\n"
    path.write_text(head + "\n".join(lines))
    status, _report, err = telltale("import", str(path), "--model", "m")
    assert (status, err) == (0, "")
    roles = {c["name"]: c["role"] for c in telltale("schema", "m")[1]["schema"]["columns"]}
    assert roles["prediction_q10"] == "quantile" and roles["x"] == "feature"
    expected = np.mean(
        [sk.mean_pinball_loss(y, low, alpha=0.1), sk.mean_pinball_loss(y, high, alpha=0.9)]
    )
    assert value(telltale, "pinball")["value"] == pytest.approx(expected)
    found = value(telltale, "interval_coverage")
    assert found["value"] == pytest.approx(float(((y >= low) & (y <= high)).mean()))
    assert found["detail"]["nominal"] == pytest.approx(0.8)


def test_groups_of_items_are_ranked(telltale: Run, tmp_path: Path) -> None:
    rng = random.Random(2)
    rows = [(f"q{i // 9}", int(rng.random() < 0.2), rng.random()) for i in range(900)]
    path = tmp_path / "log.csv"
    lines = [f"{i},{g},{y},{s}" for i, (g, y, s) in enumerate(rows)]
    path.write_text("id,query_id,label,score\n" + "\n".join(lines))
    assert telltale("import", str(path), "--model", "m", "--positive", "1")[0] == 0
    groups: dict[str, list[tuple[int, float]]] = {}
    for g, y, s in rows:
        groups.setdefault(g, []).append((y, s))
    wanted = [v for v in groups.values() if any(y for y, _s in v)]
    expected = np.mean(
        [sk.ndcg_score([[y for y, _ in v]], [[s for _, s in v]], k=10) for v in wanted]
    )
    found = value(telltale, "ndcg")
    assert found["value"] == pytest.approx(expected)
    assert found["detail"]["n_groups"] == len(wanted)
    assert value(telltale, "map")["value"] == pytest.approx(
        np.mean([sk.average_precision_score([y for y, _ in v], [s for _, s in v]) for v in wanted])
    )


def test_the_true_class_among_the_first_three(telltale: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    proba = rng.dirichlet([1] * 5, 300).round(6)
    label = rng.integers(0, 5, 300)
    lines = [
        f"{i},{'abcde'[label[i]]},{'abcde'[int(proba[i].argmax())]}," + ",".join(map(str, proba[i]))
        for i in range(300)
    ]
    path = tmp_path / "log.csv"
    head = "id,label,prediction," + ",".join(f"score_{c}" for c in "abcde")
    path.write_text(head + "\n" + "\n".join(lines))
    assert telltale("import", str(path), "--model", "m")[0] == 0
    expected = sk.top_k_accuracy_score(label, proba, k=3, labels=range(5))
    assert value(telltale, "top_k")["value"] == pytest.approx(expected)


def test_values_are_set_and_counted(telltale: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "id,label,prediction\n" + "\n".join(f"{i},{i % 3 == 0:d},{i % 2}" for i in range(300))
    )
    assert telltale("import", str(path), "--model", "m", "--positive", "1")[0] == 0
    before = value(telltale, "business_value")
    assert before["value"] is None and "--value" in before["reason"]
    status, _out, err = telltale("schema", "m", "--value", "1,0=-10", "--value", "1,1=4")
    assert (status, err) == (0, "")
    expected = np.mean([(-10 if i % 2 == 0 else 4) if i % 3 == 0 else 0 for i in range(300)])
    assert value(telltale, "business_value")["value"] == pytest.approx(expected)
    status, _out, err = telltale("schema", "m", "--value", "maybe,0=1")
    assert status == 2 and "maybe" in err


def test_what_a_log_lacks_is_said(telltale: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "id,label,prediction\n" + "\n".join(f"{i},{i % 2},{i % 3 == 0:d}" for i in range(90))
    )
    assert telltale("import", str(path), "--model", "m", "--positive", "1")[0] == 0
    for name, words in (
        ("ndcg", "--map group="),
        ("gain", "--map score="),
        ("brier_resolution", "score"),
    ):
        found = value(telltale, name)
        assert found["value"] is None and words in found["reason"], name
