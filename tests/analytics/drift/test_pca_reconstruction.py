"""pca_reconstruction: beside scikit-learn's PCA, and the figures that NannyML publishes for car loans."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from sklearn.decomposition import PCA

from analytics.core import Column
from analytics.drift.pca_reconstruction import TEST, encoded, errors, n_directions
from analytics.needs import Sample
from analytics.query.samples import as_matrix
from analytics.stats.decision import decide

# docs.nannyml.com, multivariate data reconstruction drift: chunks of 5,000 rows of the analysis set.
PUBLISHED = [1.14152, 1.13064, 1.13891]
COLUMNS = {
    "car_value": "numeric",
    "salary_range": "categorical",
    "debt_to_income_ratio": "numeric",
    "loan_length": "numeric",
    "repaid_loan_on_prev_car": "categorical",
    "size_of_downpayment": "categorical",
    "driver_tenure": "numeric",
}


def test_beside_scikit_learn(make_sample) -> None:
    reference, current = encoded(make_sample(1))
    kept = n_directions(reference)
    pca = PCA(n_components=0.65).fit(reference)
    assert kept == pca.n_components_
    back = pca.inverse_transform(pca.transform(current))
    expected = np.linalg.norm(current - back, axis=1)
    assert errors(reference, current, kept) == pytest.approx(expected)


def test_the_published_figures(shared: Path) -> None:
    folder = shared / "data" / "car_loan"
    sides = [
        duckdb.sql(f"SELECT * FROM '{folder}/car_loan_{name}.parquet'").fetchnumpy()
        for name in ("reference", "analysis")
    ]
    columns = [Column(name, "feature", kind) for name, kind in COLUMNS.items()]
    reference, current = as_matrix(columns, *sides)
    kinds = tuple(c.type != "numeric" for c in columns)
    for i, published in enumerate(PUBLISHED):
        rows = current[5000 * i : 5000 * (i + 1)]
        sample = Sample(tuple(COLUMNS), kinds, reference, rows, len(reference), 5000)
        assert TEST.compute(sample).value == pytest.approx(published, abs=6e-6)


def test_it_sees_columns_that_no_longer_go_together(make_sample) -> None:
    found = TEST.compute(make_sample(2, turned=True))
    assert decide([(found, TEST.tolerance)])[0][0] in ("warning", "critical")
    assert found.value > found.detail["reference"]


def test_calm_without_drift(make_sample) -> None:
    verdicts = [decide([(TEST.compute(make_sample(s)), TEST.tolerance)])[0][0] for s in range(60)]
    assert sum(v != "ok" for v in verdicts) <= 5


def test_too_few_rows(make_sample) -> None:
    assert TEST.compute(make_sample(3, n=20)).value is None
