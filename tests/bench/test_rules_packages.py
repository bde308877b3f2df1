"""The peers' rules as written here beside the packages themselves, where they are installed."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import numpy as np
import pytest

from analytics.monitors.peers import (
    evidently_levels,
    evidently_number,
    nannyml_levels,
    nannyml_number,
)
from bench.peers import ENVIRONMENTS
from bench.rules import evidently_texts, evidently_vectors, nannyml_together


def _probe(name: str, text: str) -> Any:
    python = ENVIRONMENTS / name / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the environment of {name} is not there: python -m bench.peers setup")
    done = subprocess.run([str(python), "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return json.loads(done.stdout.splitlines()[-1], parse_constant=float)


EVIDENTLY = """
import json, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.utils.data_drift_utils import calculate_text_drift_score
rng = np.random.default_rng(3)
answer = {"num": [], "cat": []}
def ask(kind, before, now):
    before, now = pd.Series(before), pd.Series(now)
    found = get_stattest(before, now, kind, None)(before, now, kind, None)
    answer[kind].append([before.tolist(), now.tolist(), float(found.drift_score), bool(found.drifted)])
for n, m in ((500, 800), (2000, 3000)):
    for shift in (0.0, 0.15, 0.5):
        ask("num", rng.normal(size=m), rng.normal(shift, 1, n))
    ask("num", rng.pareto(1.5, m), rng.pareto(1.5, n))
    for k in (2, 5, 50):
        p = np.arange(1, k + 1) ** -0.5
        for moved in (0.0, 0.15):
            q = p / p.sum() * (1 - moved) + moved * (np.arange(k) == k - 1)
            ask("cat", rng.choice(k, m, p=p / p.sum()), rng.choice(k, n, p=q))
words = np.array([f"w{i}" for i in range(300)])
before = [" ".join(rng.choice(words, 8)) for _ in range(1200)]
now = [" ".join(rng.choice(words[:240], 8)) for _ in range(600)]
value, flag = calculate_text_drift_score(pd.Series(before), pd.Series(now), bootstrap=False)
answer["texts"] = [before, now, float(value), bool(flag)]
from evidently.legacy.metrics.data_drift.embedding_drift_methods import model
answer["vectors"] = []
for m, shift in ((800, 0.0), (800, 0.1), (1000, 0.0), (1500, 0.05)):
    before, now = rng.normal(size=(m, 8)), rng.normal(shift, 1, (600, 8))
    ask = model(bootstrap=m < 1000)
    value, flag, _name = ask(pd.DataFrame(now), pd.DataFrame(before))
    answer["vectors"].append([before.tolist(), now.tolist(), float(value), bool(flag)])
print(json.dumps(answer))
"""

NANNYML = """
import json, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd, nannyml
rng = np.random.default_rng(5)
def rows(n, share):
    x = rng.standard_normal((n, 4))
    x[:, 1] = share * x[:, 0] + (1 - share**2) ** 0.5 * x[:, 1]
    x[rng.random(n) < 0.05, 2] = np.nan
    return x
def last(calculator, before, now):
    calculator.fit(before)
    found = calculator.calculate(now).filter(period="analysis").to_df()["x"]["jensen_shannon"]
    return [float(found["value"].mean()), bool(found["alert"].any())]
answer, names = {"together": [], "num": [], "cat": []}, list("abcd")
before = rows(2000, 0.8)
frame = pd.DataFrame(before, columns=names)
for share in (0.8, 0.2):
    now = rows(1000, share)
    other = pd.DataFrame(now, columns=names)
    one = nannyml.DataReconstructionDriftCalculator(column_names=names, chunk_number=10)
    one.fit(frame)
    part = one.calculate(other).filter(period="analysis").to_df()["reconstruction_error"]["value"]
    answer["together"].append([now.tolist(), float(part.mean())])
answer["before"] = before.tolist()
for kind in ("num", "cat"):
    for shift in (0.0, 0.5):
        if kind == "num":
            a, b = rng.normal(size=5000), rng.normal(shift, 1, 500)
        else:
            p = np.array([0.5, 0.3, 0.15, 0.05])
            q = p * (1 - shift / 3) + shift / 3 * np.array([0, 0, 0, 1])
            a, b = ("l" + pd.Series(rng.choice(4, n, p=s)).astype(str) for n, s in ((5000, p), (500, q)))
        one = nannyml.UnivariateDriftCalculator(
            column_names=["x"], treat_as_categorical=["x"] if kind == "cat" else None, chunk_size=500,
            continuous_methods=["jensen_shannon"], categorical_methods=["jensen_shannon"])
        found = last(one, pd.DataFrame({"x": a}), pd.DataFrame({"x": b}))
        answer[kind].append([list(map(str, a)), list(map(str, b)), *found])
print(json.dumps(answer))
"""


def test_evidently_itself_says_the_same() -> None:
    found = _probe("evidently", EVIDENTLY)
    for before, now, value, flag in found["num"]:
        mine = evidently_number(np.array(before), np.array(now))
        assert mine == (pytest.approx(value, rel=1e-6), flag)
    for before, now, value, flag in found["cat"]:
        k = max(*before, *now) + 1
        counts = (np.bincount(side, minlength=k).astype(float) for side in (before, now))
        assert evidently_levels(*counts) == (pytest.approx(value, rel=1e-6, abs=1e-12), flag)
    before, now, value, flag = found["texts"]
    assert evidently_texts(before, now) == (pytest.approx(value, abs=1e-9), flag)
    for before, now, value, flag in found["vectors"]:
        mine = evidently_vectors(np.array(before), np.array(now))
        assert mine == (pytest.approx(value, abs=0.02), flag)


def test_nannyml_itself_says_the_same() -> None:
    found = _probe("nannyml", NANNYML)
    before = np.array(found["before"])
    for now, value in found["together"]:
        assert nannyml_together(before, np.array(now))[0] == pytest.approx(value, rel=1e-6)
    for then, now, value, alarm in found["num"]:
        mine = nannyml_number(np.array(then, float), np.array(now, float))
        assert mine == (pytest.approx(value, rel=1e-6), alarm)
    for then, now, value, alarm in found["cat"]:
        names = sorted({*then, *now})
        places = np.array([names.index(v) for v in then])
        chunks = [np.bincount(c, minlength=len(names)) * 1.0 for c in np.array_split(places, 10)]
        current = np.bincount([names.index(v) for v in now], minlength=len(names)) * 1.0
        assert nannyml_levels(chunks, current) == (pytest.approx(value, rel=1e-6), alarm)
