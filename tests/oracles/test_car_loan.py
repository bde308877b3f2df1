"""The car loan log against figures that nobody here computed: NannyML's realised metrics."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from analytics import evaluate
from analytics.core import Column, Dataset, Log, Part, Question, Result, Schema, Scope
from analytics.evaluate.estimate import estimate
from analytics.evaluate.held import held
from analytics.query.engine import Engine
from analytics.stats.falls import fallen

NUMERIC = ("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure")
LEVELS = ("salary_range", "repaid_loan_on_prev_car", "size_of_downpayment")
MAPPING = (
    ("prediction_id", "id", "text"),
    ("timestamp", "timestamp", "utc"),
    ("prediction", "y_pred", "class"),
    ("score", "y_pred_proba", "double"),
    *((name, name, "double") for name in NUMERIC),
    *((name, name, "text") for name in LEVELS),
)
LABELS = (("prediction_id", "id", "text"), ("label", "repaid", "class"))
SCHEMA = Schema(
    "binary",
    (
        Column("id", "prediction_id", "text"),
        Column("timestamp", "timestamp", "time"),
        Column("y_pred", "prediction", "categorical"),
        Column("y_pred_proba", "score", "numeric"),
        Column("repaid", "label", "categorical"),
        *(Column(name, "feature", "numeric") for name in NUMERIC),
        *(Column(name, "feature", "categorical") for name in LEVELS),
    ),
    ("0", "1"),
    "1",
)


def attached(folder: Path, file: str, mapping: tuple[tuple[str, str, str], ...]) -> Log:
    columns = (*(canonical for canonical, _column, _conversion in mapping), "row")
    kind = "labels" if mapping is LABELS else "predictions"
    start, end = (
        (datetime(2018, 1, 1), datetime(2019, 9, 1)) if kind == "predictions" else (None, None)
    )
    part = Part(str(folder / file), 50_000, file, start, end, mapping=mapping)
    return Log(kind, (part,), columns, is_unique=True)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def car_loan(shared: Path) -> Dataset:
    folder = shared / "data" / "car_loan"
    return Dataset(
        "car-loan",
        SCHEMA,
        {
            ("production", "predictions"): attached(folder, "car_loan_analysis.parquet", MAPPING),
            ("production", "labels"): attached(folder, "car_loan_analysis_target.parquet", LABELS),
            ("reference", "predictions"): attached(folder, "car_loan_reference.parquet", MAPPING),
            ("reference", "labels"): attached(folder, "car_loan_reference.parquet", LABELS),
        },
        "car-loan",
    )


@pytest.fixture(scope="module")
def engine(shared: Path) -> Engine:
    return Engine([shared])


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open() as lines:
        return list(csv.DictReader(lines))


def question(names: tuple[str, ...]) -> Question:
    return Question(Scope(every=5000), Scope("reference"), names)


def test_realised_metrics_of_all_ten_chunks(
    shared: Path, car_loan: Dataset, engine: Engine
) -> None:
    names = ("roc_auc", "f1", "precision", "recall", "specificity", "accuracy", "average_precision")
    results = evaluate.performance(engine, car_loan, question(names))
    found = {(r.name, (r.window.first_row or 0) // 5000): r for r in results}
    published = rows_of(shared / "reference/car_loan/car_loan_realized_all_metrics.csv")
    chunks = [row for row in published if row["chunk.period"] == "analysis"]
    assert len(chunks) == 10
    for i, row in enumerate(chunks):
        for name in names:
            result = found[(name, i)]
            assert result.value == pytest.approx(float(row[f"{name}.value"]), abs=1e-6), (name, i)
            assert result.n == result.n_labelled == 5000
            assert result.low is not None and result.high is not None
            assert result.low < result.value < result.high


@pytest.mark.parametrize(
    ("log", "period"), [("production", "analysis"), ("reference", "reference")]
)
def test_estimates_without_labels_are_nannymls(
    shared: Path, car_loan: Dataset, engine: Engine, log: str, period: str
) -> None:
    """CBPE of all twenty chunks and seven metrics, as NannyML published them."""
    names = ("roc_auc", "f1", "precision", "recall", "specificity", "accuracy", "average_precision")
    asked = Question(Scope(log, every=5000), Scope("reference"), names)  # type: ignore[arg-type]
    results = estimate(engine, car_loan, asked)
    found = {(r.name, (r.window.first_row or 0) // 5000): r for r in results}
    published = rows_of(shared / "reference/car_loan/car_loan_cbpe_all_metrics.csv")
    chunks = [row for row in published if row["chunk.period"] == period]
    assert len(chunks) == 10
    inside: list[bool] = []
    for i, row in enumerate(chunks):
        for name in names:
            result = found[(name, i)]
            assert result.value == pytest.approx(float(row[f"{name}.value"]), abs=1e-8), (name, i)
            assert result.detail["assumes"] == "no concept drift" and result.n == 5000
            assert result.low is not None and result.high is not None
            if row[f"{name}.realized"]:
                inside.append(result.low <= float(row[f"{name}.realized"]) <= result.high)
    assert len(inside) == (70 if period == "reference" else 0)
    assert sum(inside) >= 0.9 * len(inside)


def test_the_break_in_the_middle_is_seen_and_the_start_is_quiet(
    car_loan: Dataset, engine: Engine
) -> None:
    results = evaluate.performance(engine, car_loan, question(("accuracy", "roc_auc")))
    by_chunk: dict[int, set[str]] = {}
    for r in results:
        by_chunk.setdefault((r.window.first_row or 0) // 5000, set()).add(r.verdict)
    assert all(by_chunk[i] == {"ok"} for i in range(5))
    assert any("warning" in by_chunk[i] or "critical" in by_chunk[i] for i in range(5, 10))


def drift_values(results: list[Result]) -> dict[tuple[str, str | None, int], Result]:
    return {(r.name, r.column, (r.window.first_row or 0) // 5000): r for r in results}


def test_numeric_drift_is_exact(shared: Path, car_loan: Dataset, engine: Engine) -> None:
    found = drift_values(
        evaluate.drift(engine, car_loan, question(("ks", "wasserstein", "psi", "js")))
    )
    columns = {
        "ks": "ks",
        "wasserstein": "wasserstein",
        "psi": "psi_ref_deciles",
        "js": "js_dist_base2_deciles",
    }
    exact = rows_of(shared / "reference/drift/scipy_exact_car_loan_numeric_by_chunk.csv")
    seen = 0
    for row in exact:
        column = {"y_pred_proba": "score"}.get(row["column"], row["column"])
        for name, published in columns.items():
            result = found[(name, column, int(row["chunk"]))]
            if not row[published]:
                continue
            assert result.value == pytest.approx(float(row[published]), rel=1e-9, abs=1e-9), (
                name,
                row,
            )
            seen += 1
        p_value = found[("ks", column, int(row["chunk"]))].detail["p_value"]
        assert p_value == pytest.approx(float(row["ks_p"]), rel=1e-6, abs=1e-9)
    assert seen >= 190  # PSI is infinite where a decile is empty, and not published


def test_categorical_drift_is_exact(shared: Path, car_loan: Dataset, engine: Engine) -> None:
    found = drift_values(evaluate.drift(engine, car_loan, question(("tvd", "chi2", "js"))))
    columns = {"tvd": "tvd", "chi2": "chi2_nocorrection", "js": "js_dist_base2"}
    for row in rows_of(shared / "reference/drift/scipy_exact_car_loan_categorical_by_chunk.csv"):
        column = {"y_pred": "prediction"}.get(row["column"], row["column"])
        for name, published in columns.items():
            result = found[(name, column, int(row["chunk"]))]
            assert result.value == pytest.approx(float(row[published]), rel=1e-9, abs=1e-9), (
                name,
                row,
            )


def test_a_sensor_that_was_stuck_is_found_without_a_reference(shared: Path, tmp_path: Path) -> None:
    """Electricity prices: two columns do not move until row 17,424 of 45,312 (in file order)."""
    part = tmp_path / "date=none" / "elec.parquet"
    part.parent.mkdir()
    source = shared / "data/elec2/elec.csv.gz"
    duckdb.sql(
        f"COPY (SELECT *, row_number() OVER () - 1 AS row FROM read_csv('{source}')) TO '{part}'"
    )
    names = ("nswprice", "nswdemand", "vicprice", "vicdemand", "transfer")
    schema = Schema("none", tuple(Column(name, "feature", "numeric") for name in names))
    log = Log("predictions", (Part(str(part), 45_312, "elec"),), (*names, "row"))
    elec = Dataset("elec2", schema, {("production", "predictions"): log}, "elec")
    results = evaluate.quality(Engine([tmp_path]), elec, Question(Scope(), None, ("frozen",)))
    found = {r.column: r for r in results}
    for name in ("vicprice", "transfer"):
        assert found[name].value == pytest.approx(17_424 / 45_312, abs=2e-3)
        assert found[name].verdict in ("warning", "critical")
    assert found["nswprice"].verdict == "ok"


def test_what_fell_with_the_shift_is_what_the_published_chunks_say(
    shared: Path, car_loan: Dataset, engine: Engine
) -> None:
    """From row 25,000 on: the means of five published chunks, less the reference's own ten."""
    published = rows_of(shared / "reference/car_loan/car_loan_realized_all_metrics.csv")
    by_chunk = {
        p: [r for r in published if r["chunk.period"] == p] for p in ("reference", "analysis")
    }
    results = held(engine, car_loan, question(()))
    halves = [[r for r in results if ((r.window.first_row or 0) < 25_000) == early] for early in (True, False)]  # fmt: skip
    assert fallen(halves[0]) == []
    falls = {f.name: f for f in fallen(halves[1], halves[0])}
    assert set(falls) == {"accuracy", "f1", "precision", "recall", "roc_auc"}
    for name, tolerance in (("accuracy", 1e-9), ("roc_auc", 3e-4)):  # an AUC is no mean of chunks
        now = [float(r[f"{name}.value"]) for r in by_chunk["analysis"][5:]]
        then = [float(r[f"{name}.value"]) for r in by_chunk["reference"]]
        change = sum(now) / 5 - sum(then) / 10
        assert falls[name].detail["change"] == pytest.approx(change, abs=tolerance)
    assert falls["accuracy"].verdict == "warning" and falls["roc_auc"].verdict == "ok"
