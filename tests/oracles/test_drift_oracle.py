"""Every drift test and quality check beside an independent implementation, on awkward data.

The table is complete by force: a declaration that stands in no table fails the last two tests.
"""

from __future__ import annotations

import csv
import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from analytics.catalog import all_drift_tests, all_quality_checks
from analytics.core import Estimate
from analytics.needs import (
    ColumnCounts,
    LevelPair,
    LogCounts,
    NumericPair,
    Sample,
    TextPair,
    VectorPair,
)

Floats = npt.NDArray[np.float64]
TESTS = {(t.name, t.needs): t for t in all_drift_tests()}
CHECKS = {c.name: c for c in all_quality_checks()}
RNG = np.random.default_rng(20)

NUMBERS: dict[str, tuple[Floats, Floats]] = {
    "smooth": (RNG.normal(size=500), RNG.normal(0.3, 1.2, 300)),
    "ties": (RNG.integers(0, 6, 400).astype(float), RNG.integers(1, 8, 90).astype(float)),
    "heavy tails": (RNG.standard_cauchy(300), RNG.standard_cauchy(301)),
    "nearly all zero": (RNG.poisson(0.05, 400) * 1.0, RNG.poisson(0.2, 200) * 1.0),
    "constant and moved": (np.full(50, 3.0), np.full(60, 4.0)),
    "missing": (np.r_[RNG.normal(size=100), np.full(30, np.nan)], RNG.normal(size=80)),
    "tiny scale": (RNG.normal(size=200) * 1e-12, RNG.normal(size=100) * 1e-12),
    "outlier": (np.r_[RNG.lognormal(size=500), 1e6], RNG.lognormal(0.2, size=400)),
}
LEVELS: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "binary": ({"0": 700, "1": 300}, {"0": 60, "1": 45}),
    "balanced": ({"a": 30, "b": 30, "c": 40}, {"a": 33, "b": 31, "c": 36}),
    "new and vanished": ({"a": 50, "b": 40}, {"b": 20, "c": 30}),
    "nothing in common": ({"a": 50}, {"b": 50}),
    "one level": ({"a": 50}, {"a": 31}),
    "long tail": (
        dict(Counter(map(str, RNG.zipf(1.6, 400).tolist()))),
        dict(Counter(map(str, RNG.zipf(1.5, 300).tolist()))),
    ),
}
NO_ANSWER: dict[str, tuple[Floats, Floats]] = {
    "empty": (np.empty(0), np.arange(50.0)),
    "both empty": (np.empty(0), np.empty(0)),
    "one row": (np.arange(50.0), np.ones(1)),
    "all missing": (np.arange(50.0), np.full(50, np.nan)),
}


def clean(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def by_bins(pair: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """NumPy's own histogram, mirrored because its bins are [a, b) and ours (a, b]."""
    reference, current = map(clean, pair)
    edges = np.unique(np.quantile(reference, np.arange(1, 10) / 10))
    mirrored = np.r_[-np.inf, -edges[::-1], np.inf]
    counted = [np.histogram(-v, mirrored)[0].astype(float) for v in (reference, current)]
    seen = counted[0] + counted[1] > 0
    return counted[0][seen], counted[1][seen]


def psi(reference: Floats, current: Floats) -> float:
    if min(reference.min(), current.min()) == 0:
        reference, current = reference + 0.5, current + 0.5
    p, q = reference / reference.sum(), current / current.sum()
    return float(stats.entropy(p, q) + stats.entropy(q, p))


def hellinger(reference: Floats, current: Floats) -> float:
    roots = np.sqrt(current / current.sum()) - np.sqrt(reference / reference.sum())
    return float(np.linalg.norm(roots) / math.sqrt(2))


def cvm(pair: tuple[Floats, Floats]) -> tuple[float, float]:
    known = stats.cramervonmises_2samp(clean(pair[0]), clean(pair[1]), method="asymptotic")
    return float(known.statistic), float(known.pvalue)


def cramers_v(pair: LevelPair) -> tuple[float, float | None]:
    table = table_of(pair)[:, table_of(pair).sum(axis=0) > 0].astype(int)
    return float(stats.contingency.association(table)) if table.shape[1] > 1 else 0.0, None


def table_of(pair: LevelPair) -> Floats:
    return np.array([pair.reference, pair.current])


def contingency(pair: LevelPair, kind: str) -> tuple[float, float]:
    if len(pair.levels) == 1:
        return 0.0, 1.0
    known = stats.chi2_contingency(table_of(pair), correction=False, lambda_=kind)
    return float(known.statistic), float(known.pvalue)


def ks(pair: tuple[Floats, Floats]) -> tuple[float, float]:
    known = stats.ks_2samp(clean(pair[0]), clean(pair[1]), method="asymp")
    return float(known.statistic), float(known.pvalue)


NUMERIC_ORACLES: dict[str, Callable[[tuple[Floats, Floats]], tuple[float, float | None]]] = {
    "ks": ks,
    "wasserstein": lambda p: (float(stats.wasserstein_distance(*map(clean, p))), None),
    "psi": lambda p: (psi(*by_bins(p)), None),
    "js": lambda p: (float(jensenshannon(*by_bins(p), base=2)), None),
    "hellinger": lambda p: (hellinger(*by_bins(p)), None),
    "energy": lambda p: (float(stats.energy_distance(*map(clean, p))), None),
    "cvm": cvm,
}
LEVEL_ORACLES: dict[str, Callable[[LevelPair], tuple[float, float | None]]] = {
    "tvd": lambda p: (
        sum(
            max(0.0, float(c / p.current.sum() - r / p.reference.sum()))
            for r, c in zip(p.reference, p.current, strict=True)
        ),
        None,  # its p-value is held by simulation, in test_discrete and in the calibration
    ),
    "chi2": lambda p: contingency(p, "pearson"),
    "g": lambda p: contingency(p, "log-likelihood"),
    "psi": lambda p: (psi(p.reference, p.current), None),
    "js": lambda p: (float(jensenshannon(p.reference, p.current, base=2)), None),
    "hellinger": lambda p: (hellinger(p.reference, p.current), None),
    "cramers_v": cramers_v,
}


def agree(name: str, answer: Estimate, known: tuple[float, float | None]) -> None:
    assert answer.value == pytest.approx(known[0], rel=1e-9, abs=1e-7 if known[0] == 0 else 1e-12)
    if known[1] is not None:
        # SciPy sums the Cramer-von Mises law to 1e-7 only
        close = 3e-7 if name == "cvm" else 1e-9
        assert answer.detail["p_value"] == pytest.approx(known[1], abs=close)


@pytest.mark.parametrize("data", NUMBERS)
@pytest.mark.parametrize("name", NUMERIC_ORACLES)
def test_numbers(name: str, data: str) -> None:
    pair = NumericPair.from_arrays(*NUMBERS[data])
    agree(name, TESTS[name, NumericPair].compute(pair), NUMERIC_ORACLES[name](NUMBERS[data]))


@pytest.mark.parametrize("data", LEVELS)
@pytest.mark.parametrize("name", LEVEL_ORACLES)
def test_levels(name: str, data: str) -> None:
    pair = LevelPair.from_counts(*LEVELS[data])
    agree(name, TESTS[name, LevelPair].compute(pair), LEVEL_ORACLES[name](pair))


@pytest.mark.parametrize("data", NO_ANSWER)
@pytest.mark.parametrize(
    "test",
    [t for t in all_drift_tests() if t.needs in (NumericPair, LevelPair)],
    ids=lambda t: f"{t.name}-{t.needs.__name__}",
)
def test_no_answer_is_a_reason(test: Any, data: str) -> None:
    reference, current = NO_ANSWER[data]
    pair: Any = NumericPair.from_arrays(reference, current)
    if test.needs is LevelPair:
        counts = [dict(Counter(map(str, clean(v).tolist()))) for v in (reference, current)]
        pair = LevelPair.from_counts(*counts, n_missing_current=int(np.isnan(current).sum()))
    answer = test.compute(pair)
    assert answer.value is None
    assert answer.reason


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_infinities_have_an_order_but_no_distance(infinite: float) -> None:
    reference, current = np.r_[np.arange(60.0), infinite], np.r_[np.arange(40.0), [infinite] * 9]
    pair, known = NumericPair.from_arrays(reference, current), np.sign(infinite) * 1e3
    same_order = NumericPair.from_arrays(
        np.r_[np.arange(60.0), known], np.r_[np.arange(40.0), [known] * 9]
    )
    for name in ("ks", "psi", "js", "hellinger", "cvm"):
        test = TESTS[name, NumericPair]
        assert test.compute(pair).value == pytest.approx(test.compute(same_order).value)
    for name in ("wasserstein", "energy"):
        assert TESTS[name, NumericPair].compute(pair).value is None


def newcombe_score_p(k: int, n: int, k_ref: int, m: int) -> float:
    return float(stats.chi2_contingency([[k, n - k], [k_ref, m - k_ref]], correction=False).pvalue)


def share(k: int, n: int) -> tuple[float, float, float]:
    interval = stats.binomtest(k, n).proportion_ci(method="wilson")
    return k / n, float(interval.low), float(interval.high)


BIG = ColumnCounts(
    n=1000,
    n_missing=150,
    n_distinct=9,
    n_outside=40,
    n_unseen=60,
    longest_run=0.2,
    n_reference=2000,
    n_missing_reference=200,
    n_distinct_reference=8,
    n_singletons_reference=2,
    longest_run_reference=0.01,
    unseen_levels=(("x", 60),),
    other_type=0.25,
    other_types=("categorical",),
)
WHOLE = LogCounts(
    n=1000,
    n_labelled=400,
    n_duplicates=80,
    n_earlier=(900, 1100, 1000, 950),
    n_reference=2000,
    n_labelled_reference=1600,
    n_duplicates_reference=60,
    age_s=300.0,
    typical_gap_s=100.0,
)


def roots_p() -> float:
    roots = np.sqrt(WHOLE.n_earlier)
    width = max(0.5, roots.std(ddof=1)) * math.sqrt(1 + math.pi / 8)
    return float(2 * stats.t(3).sf(abs(math.sqrt(1000) - math.sqrt(975)) / width))


# name: (value, low, high, p-value); None where the check has none or a test of its own
CHECK_ORACLES: dict[str, tuple[float, float | None, float | None, float | None]] = {
    "missing_rate": (*share(150, 1000), newcombe_score_p(150, 1000, 200, 2000)),
    "unseen_rate": (*share(60, 850), None),
    "out_of_range_rate": (
        *share(40, 850),
        float(stats.betabinom(850, 2, 1799).pmf(np.arange(40, 851)).sum()),
    ),
    "frozen": (0.2, None, None, None),
    "type_change_rate": (0.25, None, None, 0.0),
    "duplicate_rate": (*share(80, 1000), newcombe_score_p(80, 1000, 60, 2000)),
    "label_coverage": (*share(400, 1000), newcombe_score_p(400, 1000, 1600, 2000)),
    "freshness": (300.0, None, None, float(stats.expon(scale=100 / math.log(100)).sf(300))),
    "volume": (1000.0, None, None, roots_p()),
}


@pytest.mark.parametrize("name", CHECK_ORACLES)
def test_checks(name: str) -> None:
    check = CHECKS[name]
    answer = check.compute(BIG if check.needs is ColumnCounts else WHOLE)
    value, low, high, p_value = CHECK_ORACLES[name]
    assert answer.value == pytest.approx(value, rel=1e-12)
    if low is not None:
        assert (answer.low, answer.high) == (pytest.approx(low), pytest.approx(high))
    if p_value is not None:
        assert answer.detail["p_value"] == pytest.approx(p_value, rel=1e-7)
    assert answer.detail["above_floor"] >= 0


EMPTY_COUNTS = (
    ColumnCounts(n=0, n_missing=0, n_distinct=0),
    ColumnCounts(n=1, n_missing=0, n_distinct=1, longest_run=1.0),
    ColumnCounts(n=50, n_missing=50, n_distinct=0, n_reference=50, n_missing_reference=50),
    ColumnCounts(n=50, n_missing=0, n_distinct=1, longest_run=1.0, n_reference=1),
)
EMPTY_LOGS = (LogCounts(n=0), LogCounts(n=1), LogCounts(n=0, n_earlier=(0, 0, 0), age_s=0.0))


@pytest.mark.parametrize("check", all_quality_checks(), ids=lambda c: c.name)
def test_checks_never_raise_on_nothing(check: Any) -> None:
    for counts in EMPTY_COUNTS if check.needs is ColumnCounts else EMPTY_LOGS:
        answer = check.compute(counts)
        assert answer.value is not None or answer.reason
        assert answer.value is None or math.isfinite(answer.value)


def rows_of(shared: Path, name: str) -> Iterator[dict[str, str]]:
    with (shared / "reference" / "drift" / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def car_loan(shared: Path) -> tuple[Any, Any]:
    """(reference, analysis) as pandas frames; the reference figures count analysis chunks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
    folder = shared / "data" / "car_loan"
    names = ("car_loan_reference.parquet", "car_loan_analysis.parquet")
    return pd.read_parquet(folder / names[0]), pd.read_parquet(folder / names[1])


def chunk(frame: Any, row: dict[str, str]) -> Any:
    first = int(row["chunk"]) * 5000
    return frame[row["column"]].iloc[first : first + 5000]


def test_numbers_of_car_loan(shared: Path, car_loan: tuple[Any, Any]) -> None:
    reference, analysis = car_loan
    compared = 0
    for row in rows_of(shared, "scipy_exact_car_loan_numeric_by_chunk.csv"):
        pair = NumericPair.from_arrays(
            reference[row["column"]].to_numpy(float), chunk(analysis, row).to_numpy(float)
        )
        answers = {n: TESTS[n, NumericPair].compute(pair) for n in NUMERIC_ORACLES}
        known = {
            "ks": row["ks"],
            "wasserstein": row["wasserstein"],
            "psi": row["psi_ref_deciles"],
            "js": row["js_dist_base2_deciles"],
            "energy": row["energy_distance"],
            "cvm": row["cvm"],
        }
        for name, text in known.items():
            if text:  # PSI has no value there where a bin is empty
                assert answers[name].value == pytest.approx(float(text), rel=1e-12, abs=1e-9)
                compared += 1
        assert answers["ks"].detail["p_value"] == pytest.approx(float(row["ks_p"]), abs=1e-9)
    assert compared > 180


def test_levels_of_car_loan(shared: Path, car_loan: tuple[Any, Any]) -> None:
    reference, analysis = car_loan
    compared = 0
    for row in rows_of(shared, "scipy_exact_car_loan_categorical_by_chunk.csv"):
        columns = reference[row["column"]], chunk(analysis, row)
        pair = LevelPair.from_counts(*(dict(Counter(c.dropna().astype(str))) for c in columns))
        known = {"chi2": "chi2_nocorrection", "tvd": "tvd", "js": "js_dist_base2"}
        known |= {"hellinger": "hellinger"}
        for name, title in known.items():
            answer = TESTS[name, LevelPair].compute(pair)
            assert answer.value == pytest.approx(float(row[title]), rel=1e-12, abs=1e-9)
            compared += 1
    assert compared >= 120


def test_no_drift_test_is_missing_from_the_table() -> None:
    listed = {(n, NumericPair) for n in NUMERIC_ORACLES} | {(n, LevelPair) for n in LEVEL_ORACLES}
    # Those on samples stand beside their oracles in tests/analytics/drift/test_<name>.py.
    folder = Path(__file__).parents[1] / "analytics" / "drift"
    sampled = {key for key in TESTS if key[1] in (Sample, TextPair, VectorPair)}
    for name, _needs in sampled:
        assert "def test_beside_" in (folder / f"test_{name}.py").read_text(), name
    assert listed | sampled == set(TESTS)


def test_no_check_is_missing_from_the_table() -> None:
    assert set(CHECK_ORACLES) == set(CHECKS)
