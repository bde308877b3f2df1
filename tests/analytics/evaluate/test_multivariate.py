"""All columns together, texts and vectors, from a file to an answer; and what an outlier may not do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

Run = Callable[..., tuple[int, Any, str]]
TOGETHER = "domain_classifier_auc,pca_reconstruction,mmd"


@pytest.fixture
def telltale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command with ``--json``: (exit status, the object on stdout, text on stderr)."""
    from app.cli import main
    from app.state.database import open_database

    def run(*arguments: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        status = main([*arguments, "--home", str(tmp_path / "home"), "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    yield run
    open_database.cache_clear()


def write(path: Path, seed: int, n: int, *, moved: bool) -> Path:
    """Rows with a number, a category, a text and a vector."""
    rng = np.random.default_rng(seed)
    topics = (
        "the parcel arrived late again",
        "the box was broken when it came",
        "thank you all so much",
    )
    extra = "refund not received" if moved else "thank you all"
    rows = [
        (
            f"{seed}-{i}",
            str(i % 2),
            float(rng.normal()),
            "abc"[int(rng.integers(0, 3))],
            f"{topics[int(rng.integers(0, 3))]} {extra if i % 3 == 0 else ''} order {rng.integers(0, 10**6)}",
            (rng.standard_normal(12) + (1.0 if moved else 0.0)).round(4).tolist(),
        )
        for i in range(n)
    ]
    db = duckdb.connect()
    db.execute(
        "CREATE TABLE t (id VARCHAR, prediction VARCHAR, x DOUBLE, c VARCHAR, note VARCHAR, v DOUBLE[])"
    )
    db.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", rows)
    db.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    db.close()
    return path


@pytest.fixture
def log(telltale: Run, tmp_path: Path) -> None:
    for name, seed, moved in (("now", 1, True), ("then", 2, False)):
        path = write(tmp_path / f"{name}.parquet", seed, 400, moved=moved)
        extra = ("--as", "reference") if name == "then" else ()
        status, _out, err = telltale("import", str(path), "--model", "m", "--positive", "1", *extra)
        assert (status, err) == (0, "")


@pytest.mark.usefixtures("log")
def test_texts_and_vectors_stand_in_the_ranking(telltale: Run) -> None:
    types = {c["name"]: c["type"] for c in telltale("schema", "m")[1]["schema"]["columns"]}
    assert (types["note"], types["v"]) == ("text", "embedding")
    found = {(r["name"], r["column"]): r for r in telltale("drift", "--model", "m")[1]["results"]}
    assert found["text_classifier_auc", "note"]["verdict"] == "critical"
    words = {w["word"] for w in found["text_classifier_auc", "note"]["detail"]["words"]}
    assert "refund" in words
    assert found["embedding_classifier_auc", "v"]["verdict"] == "critical"
    assert found["ks", "x"]["verdict"] == "ok" and found["tvd", "c"]["verdict"] == "ok"
    assert found["missing_rate", "note"]["value"] == 0


@pytest.mark.usefixtures("log")
def test_all_columns_together_by_name(telltale: Run) -> None:
    results = telltale("drift", "--model", "m", "--names", TOGETHER)[1]["results"]
    assert {r["name"] for r in results} == set(TOGETHER.split(","))
    assert all(r["column"] is None and r["verdict"] == "ok" for r in results)
    again = telltale("drift", "--model", "m", "--names", TOGETHER)[1]["results"]
    assert again == results  # the same sample, the same folds, the same draws


@pytest.mark.usefixtures("log")
def test_quality_and_rows_take_them_as_they_are(telltale: Run, tmp_path: Path) -> None:
    assert telltale("quality", "--model", "m")[0] == 0


def test_drift_imports_nothing_heavy(telltale: Run, tmp_path: Path) -> None:
    """The command of a script that runs every minute: no pandas, no scikit-learn, no scipy.stats."""
    for name, extra in (("now", ()), ("then", ("--as", "reference"))):
        lines = [f"{name}{i},{i % 2},{i % 90},{'ab'[i % 2]}" for i in range(300)]
        path = tmp_path / f"{name}.csv"
        path.write_text("id,prediction,x,c\n" + "\n".join(lines))
        assert telltale("import", str(path), "--model", "m", "--positive", "1", *extra)[0] == 0
    code = (
        "import sys, app.cli\n"
        f"status = app.cli.main(['drift', '--model', 'm', '--json', '--home', {str(tmp_path / 'home')!r}])\n"
        "heavy = [m for m in ('pandas', 'sklearn', 'scipy.stats', 'streamlit', 'plotly') if m in sys.modules]\n"
        "print(status, heavy, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0 []"
    assert len(json.loads(done.stdout)["results"]) >= 4


def test_one_outlier_changes_no_verdict(telltale: Run, tmp_path: Path) -> None:
    """1e6 among 50,000, on either side, with and without drift: every default verdict stays."""
    rng = np.random.default_rng(3)
    columns = {
        "calm": (rng.lognormal(size=50_000), rng.lognormal(size=50_000)),
        "moved": (rng.lognormal(size=50_000), rng.lognormal(0.4, size=50_000)),
    }
    verdicts = {}
    for case in ("clean", "now", "then"):
        for side, k in (("then", 0), ("now", 1)):
            values = {c: pair[k].copy() for c, pair in columns.items()}
            if side == case:
                for v in values.values():
                    v[17] = 1e6
            path = tmp_path / f"{case}_{side}.csv"
            rows = zip(values["calm"], values["moved"], strict=True)
            lines = [f"{i},{i % 2},{a},{b}" for i, (a, b) in enumerate(rows)]
            path.write_text("id,prediction,calm,moved\n" + "\n".join(lines))
            extra = ("--as", "reference") if side == "then" else ()
            asked = ("--model", case, "--positive", "1", *extra)
            assert telltale("import", str(path), *asked)[0] == 0
        results = [
            r
            for question in ("drift", "quality")
            for r in telltale(question, "--model", case)[1]["results"]
        ]
        verdicts[case] = {(r["name"], r["column"]): r["verdict"] for r in results}
    assert verdicts["clean"] == verdicts["now"] == verdicts["then"]
    assert verdicts["clean"]["ks", "moved"] == "warning"
    assert verdicts["clean"]["ks", "calm"] == "ok"
