"""A cluster of two workers makes the sheets that one machine makes, of the same files."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.core import Log, Part
from analytics.errors import ConfigError, QueryError
from analytics.query.engine import Engine
from analytics.sources.relation import relation
from analytics.summaries import cluster as clusters
from analytics.summaries.cluster import Cluster, open_cluster, spark_sql
from analytics.summaries.grid import make_grid
from analytics.summaries.recipes import group_of, recipes
from analytics.summaries.serving import counted_sql, days_sql, kept_sql, source_sql
from analytics.summaries.sql import hours_sql, levels_sql, numbers_sql
from app.ingest.requests import cluster_of
from app.settings import read_settings
from tests.analytics.summaries.conftest import T0, as_dicts, assert_same, dataset_of, named, rows_of

FULL = ("timestamp", "model_version", "status", "latency_ms", "x", "y", "city")


def served_log(folder: Path, n: int = 4000) -> tuple[Log, list[Part]]:
    """Requests whose latencies, statuses and versions are as awkward as they come."""
    chance = np.random.default_rng(7)
    latency = np.exp(chance.normal(3, 1, n))
    for i, odd in enumerate((0.0, -1.0, np.inf, np.nan, 1.0)):
        latency[i::97] = odd
    status = chance.choice(np.array(["200", "500", "ok", None], dtype=object), n)
    rows = pa.table(
        {
            "timestamp": pa.array(
                [T0 + timedelta(seconds=int(s)) for s in np.sort(chance.integers(0, 2 * 86400, n))],
                pa.timestamp("us"),
            ),
            "model_version": chance.choice(np.array(["v1", "é", None], dtype=object), n),
            "status": status,
            "latency_ms": pa.array(
                [None if i % 13 == 0 else v for i, v in enumerate(latency.tolist())], pa.float64()
            ),
        }
    )
    parts = []
    for i, at in enumerate((0, n // 3)):
        piece = rows.slice(at, n // 3 if i == 0 else n)
        file = folder / "date=none" / f"served{i}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(piece, file)
        times = piece.column("timestamp").to_pylist()
        parts.append(Part(str(file), piece.num_rows, f"f{i}", times[0], times[-1]))
    return Log("predictions", tuple(parts), FULL[:4], True), parts


def sheets(
    engine: Engine, folder: Path, dataset: Any, counting: Cluster | None
) -> dict[str, list[dict[str, Any]]]:
    """The rows of every sheet, as this machine or the cluster counts them."""
    log = dataset.log("predictions")
    grid = make_grid(engine, dataset)
    groups = [group_of(engine, log, (part,), counting) for part in log.parts]
    found = {}
    for recipe in recipes(dataset, "production", grid, counting):
        file = folder / f"{recipe.kind}-{counting is None}.parquet"
        recipe.write(engine, groups, file)
        rows = pq.read_table(file, partitioning=None).to_pylist()
        found[recipe.kind] = sorted(rows, key=named)
    return found


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_the_cluster_makes_the_sheets_of_one_machine(
    cluster: Cluster, engine: Engine, tmp_path: Path
) -> None:
    production = [rows_of(1, 400), rows_of(2, 50, days=0.1, shift=2.0)]
    dataset = dataset_of(tmp_path, production, rows_of(3, 300))
    here, there = (sheets(engine, tmp_path, dataset, each) for each in (None, cluster))
    assert here.keys() == there.keys() >= {"numbers", "levels"}
    for kind, rows in here.items():
        assert_same(rows, there[kind])


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_statement_counts_the_same_on_both_engines(
    cluster: Cluster, engine: Engine, tmp_path: Path
) -> None:
    dataset = dataset_of(tmp_path, [rows_of(5, 500)], rows_of(6, 300))
    log = dataset.log("predictions")
    edges = {name: e for name, e in make_grid(engine, dataset).edges.items() if name in log.columns}
    served, served_parts = served_log(tmp_path)

    def texts(source: str, of: Log) -> list[str]:
        if of is served:
            counted = counted_sql(source_sql(of, source))
            return [counted, days_sql(kept_sql(counted))]
        return [
            hours_sql(source, has_version=True),
            hours_sql(source, has_version=False),
            numbers_sql(source, edges, has_version=True),
            levels_sql(source, ["city", "prediction"], 2, has_version=True),
        ]

    for of, parts in ((log, list(log.parts)), (served, served_parts)):
        for here, there in zip(
            texts(relation(of, parts), of), texts(clusters.VIEW, of), strict=True
        ):
            other = cluster._table(there, parts).to_pylist()
            assert_same(sorted(as_dicts(engine, here), key=named), sorted(other, key=named))


@pytest.mark.spark
@pytest.mark.slow
def test_a_file_that_the_cluster_cannot_read_is_said(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "broken.parquet"
    file.write_bytes(b"PAR1 cut")
    part = Part(str(file), 1, "f", T0, T0)
    with pytest.raises(QueryError, match="cluster could not count"):
        cluster.hours(Log("predictions", (part,), ("timestamp",), True), [part])


def test_edges_survive_the_words_of_spark_bit_for_bit() -> None:
    pytest.importorskip("sqlglot", reason="the extra spark is not installed (make test-spark)")
    edges = np.array([-1e300, -0.1, 5e-324, 0.1 + 0.2, 1 / 3, 1e22])
    sql = spark_sql(numbers_sql("t", {"x": edges}, has_version=True))
    for edge in edges.tolist():
        assert repr(edge) in sql
    values = [*edges.tolist(), *np.nextafter(edges, np.inf).tolist()]
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE t AS SELECT TIMESTAMP '2024-01-01' AS timestamp, 'v' AS model_version,"
        " unnest($v::DOUBLE[]) AS x",
        {"v": values},
    )
    rows = con.sql(numbers_sql("t", {"x": edges}, has_version=True)).fetchall()
    expected = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    assert {row[3]: row[4] for row in rows} == {i: n for i, n in enumerate(expected.tolist()) if n}


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    open_cluster.cache_clear()
    with pytest.raises(ConfigError, match="not installed") as caught:
        open_cluster("local[1]")
    assert "telltale[spark]" in caught.value.do


@pytest.mark.parametrize(
    ("engine", "master"), [("spark", ""), ("flink", "spark://cluster.example:7077")]
)
def test_half_a_setting_is_no_cluster(tmp_path: Path, engine: str, master: str) -> None:
    settings = read_settings(
        {"TELLTALE_ENGINE": engine, "TELLTALE_SPARK_MASTER": master}, home=str(tmp_path)
    )
    with pytest.raises(ConfigError, match="TELLTALE_ENGINE"):
        cluster_of(settings)


def test_the_cluster_of_the_settings_counts_for_the_worker(tmp_path: Path) -> None:
    given = {"TELLTALE_ENGINE": "spark", "TELLTALE_SPARK_MASTER": "spark://cluster.example:7077"}
    assert cluster_of(read_settings({}, home=str(tmp_path))) == ("", "")
    assert cluster_of(read_settings(given, home=str(tmp_path))) == (
        "spark://cluster.example:7077",
        "",
    )
