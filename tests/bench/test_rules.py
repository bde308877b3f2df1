"""The peers' rules as written here, on cases worked out from their documentation and, where they are
installed, beside the packages themselves."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench import compare_rules
from bench.peers import ENVIRONMENTS, Took, page, read_pins
from bench.rules import evidently_levels, evidently_number, nannyml_levels, nannyml_number

RNG = np.random.default_rng(6)


def test_evidently_changes_its_test_at_a_thousand_rows() -> None:
    small = RNG.normal(size=900)
    p, _flag = evidently_number(small, RNG.normal(2, 1, 500))
    assert p < 1e-6
    value, flag = evidently_number(RNG.normal(size=1100), RNG.normal(2, 1, 500))
    assert 1.8 < value < 2.2 and flag


def test_one_outlier_blinds_evidently() -> None:
    """The standard deviation of the reference grows, so the same shift looks small."""
    reference, current = RNG.lognormal(size=50_000), RNG.lognormal(0.4, size=50_000)
    assert evidently_number(reference, current)[1]
    reference[0] = 1e6
    assert not evidently_number(reference, current)[1]


def test_fifty_levels_drift_by_chance_alone() -> None:
    p = np.full(50, 0.02)
    flagged = sum(
        evidently_levels(RNG.multinomial(1100, p) * 1.0, RNG.multinomial(1000, p) * 1.0)[1]
        for _ in range(40)
    )
    assert flagged > 20  # the documented threshold of 0.1 is about what chance shows


def test_nannyml_knows_its_own_chunks() -> None:
    reference = RNG.normal(size=5000)
    assert not nannyml_number(reference, RNG.normal(size=500))[1]
    assert nannyml_number(reference, RNG.normal(1, 1, 500))[1]
    chunks = [RNG.multinomial(500, [0.5, 0.3, 0.2]) * 1.0 for _ in range(10)]
    assert nannyml_levels(chunks, np.array([100.0, 300.0, 100.0]))[1]


def test_a_quick_comparison_writes_its_page(tmp_path: Path) -> None:
    target = tmp_path / "page.md"
    options = ["--runs", "4", "--power-runs", "4", "--sizes", "500", "1000", "--page", str(target)]
    assert compare_rules.main(options) == 0
    text = target.read_text()
    assert text.count("| mixed |") == 2 and "mean + 0.3 sd" in text


def test_the_page_of_benchmarks_keeps_pairs_of_a_round() -> None:
    found = [
        Took(job, 1000, wall, wall / 2, 100.0)
        for job, wall in (
            ("Telltale: KS, PSI, JS, TVD", 1.0), ("Evidently, default", 10.0),
            ("Telltale: KS, PSI, JS, TVD", 3.0), ("Evidently, default", 10.0),
        )
    ]  # fmt: skip
    assert "0.200 (0.100 to 0.300)" in page(found)
    assert set(read_pins()) == {"evidently", "nannyml", "frouros"}


PROBE = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
rng = np.random.default_rng(3)
answer = []
for n, m in ((500, 800), (2000, 3000)):
    before = pd.DataFrame({"x": rng.normal(size=m)})
    now = pd.DataFrame({"x": rng.normal(0.15, 1, n)})
    found = Report([DataDriftPreset()]).run(now, before).dict()
    value = next(m["value"] for m in found["metrics"] if "ValueDrift" in str(m.get("metric_name", m)))
    answer.append([before.x.tolist(), now.x.tolist(), float(value)])
print(json.dumps(answer))
"""


def test_evidently_itself_says_the_same() -> None:
    python = ENVIRONMENTS / "evidently" / "bin" / "python"
    if not python.exists():
        pytest.skip("Evidently's environment is not there: python -m bench.peers setup")
    done = subprocess.run([str(python), "-c", PROBE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    for before, now, value in json.loads(done.stdout.splitlines()[-1]):
        found, _flag = evidently_number(np.array(before), np.array(now))
        assert found == pytest.approx(value, rel=1e-6)
