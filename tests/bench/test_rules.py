"""The peers' rules as written here, on cases worked out from their documentation and, where they are
installed, beside the packages themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import wasserstein_distance

from analytics.monitors.peers import (
    evidently_levels,
    evidently_number,
    nannyml_levels,
    nannyml_number,
)
from bench import compare_rules, power
from bench.drawn import SHIFTS
from bench.peers import Took, page, read_pins
from bench.rules import evidently_texts, evidently_vectors, nannyml_together

RNG = np.random.default_rng(6)


def test_evidently_changes_its_test_at_a_thousand_rows() -> None:
    small = RNG.normal(size=900)
    p, _flag = evidently_number(small, RNG.normal(2, 1, 500))
    assert p < 1e-6
    value, flag = evidently_number(RNG.normal(size=1100), RNG.normal(2, 1, 500))
    assert 1.8 < value < 2.2 and flag


@settings(max_examples=25, deadline=None)
@given(
    arrays(float, st.integers(1001, 1300), elements=st.integers(-30, 30).map(lambda i: i / 4)),
    arrays(float, st.integers(1, 80), elements=st.floats(-1e4, 1e4)),
    st.sampled_from([0.0, 1e9]),
)
def test_the_distance_is_the_area_between_distribution_functions(
    reference: np.ndarray, current: np.ndarray, offset: float
) -> None:
    spread = max(float(np.std(reference + offset)), 0.001)
    wanted = wasserstein_distance(reference + offset, current + offset) / spread
    found, flag = evidently_number(reference + offset, current + offset)
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert flag == (found >= 0.1)


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


def test_a_text_like_any_other_is_no_drift_and_other_words_are() -> None:
    words = np.array([f"w{i}" for i in range(200)])
    texts = [" ".join(RNG.choice(words, 8)) for _ in range(2600)]
    auc, flag = evidently_texts(texts[:1300], texts[1300:])
    assert 0.45 < auc < 0.55 and not flag
    changed = [f"{t} new" if RNG.random() < 0.5 else t for t in texts[1300:]]
    auc, flag = evidently_texts(texts[:1300], changed)
    assert auc > 0.7 and flag


@pytest.mark.parametrize("m", [600, 1400])
def test_vectors_like_any_other_are_no_drift_and_moved_ones_are(m: int) -> None:
    rng = np.random.default_rng(4)
    reference, current = rng.normal(size=(m, 6)), rng.normal(size=(1000, 6))
    assert not evidently_vectors(reference, current)[1]
    auc, flag = evidently_vectors(reference, current + 0.6)
    assert auc > 0.7 and flag


def test_reconstruction_sees_columns_that_no_longer_go_together() -> None:
    def rows(n: int, share: float) -> np.ndarray:
        x = RNG.standard_normal((n, 4))
        x[:, 1] = share * x[:, 0] + (1 - share**2) ** 0.5 * x[:, 1]
        return x

    reference = rows(5000, 0.9)
    assert not nannyml_together(reference, rows(1000, 0.9))[1]
    assert nannyml_together(reference, rows(1000, 0.0))[1]


def test_a_quick_comparison_writes_its_page_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, done = tmp_path / "page.md", tmp_path / "done.jsonl"
    cells = [
        "mixed/500",
        "numbers, 5 % missing/1000",
        "one text column/200",
        "one column of embeddings/200",
    ]
    options = ["--runs", "3", "--page", str(target), "--results", str(done), "--cells", *cells]
    assert compare_rules.main(options) == 1  # three pages cannot prove six in a hundred
    text = target.read_text()
    assert text.count(" | 3 | ") == 4 and "| mixed | 500 | 2,500 |" in text
    monkeypatch.setattr(compare_rules, "simulate", lambda *_: pytest.fail("ran a finished cell"))
    compare_rules.main(options)
    assert target.read_text() == text


def test_power_is_measured_at_equal_false_alarms(tmp_path: Path) -> None:
    target = tmp_path / "page.md"
    options = ["--sizes", "500", "--runs", "6", "--page", str(target)]
    assert power.main([*options, "--results", str(tmp_path / "done.jsonl")]) == 0
    rows = [line for line in target.read_text().splitlines() if "| 500 | 6" in line]
    assert len(rows) == 2 * len(SHIFTS)
    strong = next(line for line in rows if line.startswith("| 5 % of rows to a new level"))
    assert strong.split("|")[4].strip().startswith("100.0% (")


def test_where_another_finds_more_is_said() -> None:
    cells: list[power.Cell] = [
        ("a, 500 rows", (0.9, 100), {"one": 0.95, "two": 0.9}, 200),
        ("b, 500 rows", (1.0, 10), {"one": 1.0}, 10),
    ]
    lines = power.behind(cells).splitlines()
    row = "| a, 500 rows | 90.0% (82.6 to 94.5) | one 95.0% (91.0 to 97.3) |"
    assert lines[2:] == [row]
    assert power.behind(cells[1:]) == "No other method found more in any cell."


@pytest.mark.parametrize("script", [power, compare_rules])
def test_the_pages_are_what_their_finished_cells_say(tmp_path: Path, script: Any) -> None:
    target = tmp_path / "page.md"
    script.main(["--done", "--page", str(target)])
    assert target.read_text() == script.PAGE.read_text(), f"python -m {script.__name__} --done"


def test_a_threshold_lets_as_many_calm_pages_through_as_it_says() -> None:
    calm = [{"evidence": float(i), **{n: [float(i), 0.0] for n in power.OTHERS}} for i in range(40)]
    found = power.one_number(calm, calm)
    assert found["evidence"].tolist() == list(map(float, range(40)))
    assert np.argsort(found["BBSD"]).tolist() == list(range(40))
    assert (found["BBSD"] > np.quantile(found["BBSD"], 0.95, method="higher")).mean() <= 0.05


def test_the_page_of_benchmarks_keeps_pairs_of_a_round() -> None:
    found = [
        Took(job, 1000, wall, wall / 2, 100.0)
        for job, wall in (
            ("Telltale: KS, PSI, JS, TVD", 1.0), ("Evidently, default", 10.0),
            ("Telltale: KS, PSI, JS, TVD", 3.0), ("Evidently, default", 10.0),
        )
    ]  # fmt: skip
    assert "0.200 (0.100 to 0.300)" in page(found)
    assert set(read_pins()) == {"evidently", "nannyml", "frouros", "sliceline", "activeml"}
