"""Summaries counted on a Spark cluster, by the SQL that says what they are, for logs that outgrow one machine.

Every machine of the cluster reads the same files under the same paths. Only counts come back, and the
sheets made of them are those that one machine makes. Needs the extra ``spark`` and Java.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from analytics.core import Dataset, Log, LogName, Part
from analytics.errors import ConfigError, QueryError
from analytics.query.beside import picks_of
from analytics.summaries.columns import Column, Hours, Ints, hours_from
from analytics.summaries.grid import Grid
from analytics.summaries.labelled_sql import counted_sql as labelled_sql
from analytics.summaries.labelled_sql import source_sql as labelled_source
from analytics.summaries.labelled_sql import types_of
from analytics.summaries.levels import Counted, counted_from
from analytics.summaries.serving import counted_sql, source_sql
from analytics.summaries.sql import hours_sql, levels_sql, numbers_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from analytics.summaries.labelled import Labels

AT_ONCE = 5  # numeric columns in one statement
ALL = 1 << 40  # levels that are kept apart: the sheet bounds them
VIEW = "telltale_parts"
_KINDS = {"TIMESTAMP": "timestamp_ntz", "VARCHAR": "string", "DOUBLE": "double"}


class Cluster:
    """One Spark session, and how it counts parts: the same answers as the functions of those names."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def hours(self, log: Log, parts: Sequence[Part]) -> Hours | None:
        """Rows by hour and version; None where some row has no time."""
        table = self._table(hours_sql(VIEW, has_version=_has_version(log)), parts)
        return hours_from([tuple(row.values()) for row in table.to_pylist()])

    def columns(
        self, log: Log, parts: Sequence[Part], hours: Hours, grid: Grid
    ) -> dict[str, Column]:
        """Numeric columns of the grid by hour and version."""
        names = [name for name in grid.edges if name in log.columns]
        found: dict[str, Column] = {}
        for i in range(0, len(names), AT_ONCE):
            edges = {name: grid.edges[name] for name in names[i : i + AT_ONCE]}
            sql = numbers_sql(VIEW, edges, has_version=_has_version(log))
            table = self._table(sql, parts, dict.fromkeys(edges, "double"))
            place = _places(hours, table)
            of = np.asarray(table.column("name").to_pylist(), dtype=object)
            for name, own in edges.items():
                found[name] = _column(table, place, of == name, (len(hours.n), len(own) + 2))
        return found

    def levels(
        self, log: Log, parts: Sequence[Part], hours: Hours, names: Sequence[str]
    ) -> dict[str, Counted]:
        """Columns of levels by hour and version."""
        if not names:
            return {}
        sql = levels_sql(VIEW, list(names), ALL, has_version=_has_version(log))
        table = self._table(sql, parts, dict.fromkeys(names, "string"))
        place = _places(hours, table).tolist()
        name, level, n = (table.column(c).to_pylist() for c in ("name", "level", "n"))
        return counted_from(names, zip(name, level, place, n, strict=True))

    def served(self, log: Log, parts: Sequence[Part], file: Path) -> None:
        """Requests, failures and latency by minute, hour and bin, written to a file."""
        import pyarrow.parquet as pq

        lacking = {"status": "string", "latency_ms": "double"}
        pq.write_table(self._table(counted_sql(source_sql(log, VIEW)), parts, lacking), file)

    def labelled(
        self,
        what: tuple[Dataset, LogName, float, str],
        parts: Sequence[Part],
        beside: Sequence[Labels],
        file: Path,
    ) -> None:
        """What labels say, written to a file: rows find theirs by position in ``beside``.

        ``what`` is the log, the centre of a regression's labels, and the unit: hour or day.
        """
        import pyarrow.parquet as pq

        dataset, log, centre, unit = what
        picks = picks_of(dataset.log("labels", log)) if beside else ()
        sql = labelled_sql(dataset, log, labelled_source(dataset, log, VIEW, picks), centre, unit)
        kinds = {name: _KINDS[kind] for name, kind in types_of(dataset).items()}
        pq.write_table(self._table(sql, parts, kinds, beside), file)

    def _table(
        self,
        sql: str,
        parts: Sequence[Part],
        kinds: Mapping[str, str] | None = None,
        beside: Sequence[Labels] = (),
    ) -> pa.Table:
        """A statement over ``VIEW``: the rows of the parts, and the labels that stand ``beside`` them.

        Columns of ``kinds`` are there and empty where no file has them.
        """
        try:
            rows = (
                _labelled_rows(self._session, beside) if beside else _rows_of(self._session, parts)
            )
            rows = _with(rows, {"model_version": "string", **(kinds or {})})
            rows.createOrReplaceTempView(VIEW)
            return _naive(self._session.sql(spark_sql(sql)).toArrow())
        except Exception as error:
            if not _is_of_spark(error):
                raise
            raise QueryError(
                f"The cluster could not count the rows: {_first_line(error)}",
                "A machine of it was lost, or does not see the files of the log under the same path.",
                "Look at the cluster's own log; the worker tries again when the log changes.",
            ) from error


def spark_sql(sql: str) -> str:
    """The same statement as Spark reads it; raises where it has no words for something.

    >>> spark_sql("SELECT fsum(x) FILTER (WHERE y) FROM t")  # doctest: +SKIP
    'SELECT SUM(x) FILTER(WHERE y) FROM t'
    """
    import sqlglot

    level = sqlglot.ErrorLevel.RAISE
    said = sqlglot.parse_one(sql, read="duckdb").transform(_plainly_added)
    return str(said.sql(dialect="spark", unsupported_level=level))


def _plainly_added(node: Any) -> Any:
    """Spark has no sum that keeps every digit; tests hold its plain one to nine of them."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous) and node.name.lower() == "fsum":
        return exp.Sum(this=node.expressions[0])
    return node


def _rows_of(session: Any, parts: Sequence[Part]) -> Any:
    """Rows of the parts; a column that one of them lacks is empty there."""
    frames = [session.read.parquet(part.path) for part in parts]
    return functools.reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), frames)


def _labelled_rows(session: Any, beside: Sequence[Labels]) -> Any:
    """Rows of the parts with their labels: a part's rows stand in its file as they do beside it."""
    from pyspark.sql.functions import col, lit

    found = []
    for file, starts in beside:
        frames = [
            session.read.parquet(part.path).withColumn("_at", col("_metadata.row_index") + lit(n))
            for part, n in starts.items()
        ]
        rows = functools.reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), frames)
        found.append(rows.join(session.read.parquet(str(file)), "_at", "left"))
    return functools.reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), found)


def _with(rows: Any, kinds: Mapping[str, str]) -> Any:
    """The same rows; of the named columns those that no file has are there and empty."""
    from pyspark.sql.functions import lit

    lacking = {
        name: lit(None).cast(kind) for name, kind in kinds.items() if name not in rows.columns
    }
    return rows.withColumns(lacking) if lacking else rows


def _naive(table: pa.Table) -> pa.Table:
    """Times in UTC without saying so, as everywhere in the house."""
    import pyarrow as pa

    for i, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.timestamp("us")))
    return table


def _has_version(log: Log) -> bool:
    return "model_version" in log.columns


def _places(hours: Hours, table: pa.Table) -> Ints:
    """Which of the hours and versions each counted row belongs to."""
    import pyarrow as pa

    codes = {name: i for i, name in enumerate(hours.versions)}
    pairs = zip(hours.period.tolist(), hours.version.tolist(), strict=True)
    place = {pair: i for i, pair in enumerate(pairs)}
    at = table.column("hour").cast(pa.int64()).to_pylist()
    versions = table.column("version").to_pylist()
    own = (place[hour, codes.get(v, -1)] for hour, v in zip(at, versions, strict=True))
    return np.fromiter(own, dtype=np.int64, count=table.num_rows)


def _column(
    table: pa.Table, place: Ints, is_of: npt.NDArray[np.bool_], shape: tuple[int, int]
) -> Column:
    """One column's rows (bin, n, low, high) as arrays."""
    counts = np.zeros(shape, dtype=np.int64)
    where = place[is_of]
    bins, n = (table.column(c).to_numpy()[is_of].astype(np.int64) for c in ("bin", "n"))
    counts[where, bins] = n
    low, high = np.full(shape[0], np.nan), np.full(shape[0], np.nan)
    np.fmin.at(low, where, table.column("low").to_numpy()[is_of].astype(float))
    np.fmax.at(high, where, table.column("high").to_numpy()[is_of].astype(float))
    return Column(counts, low, high)


@functools.lru_cache(maxsize=1)
def open_cluster(master: str, memory: str = "") -> Cluster:
    """The session of this process on the cluster at ``master`` (``spark://host:7077``, ``local[2]``)."""
    try:
        import sqlglot  # noqa: F401
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigError(
            "TELLTALE_ENGINE is spark, but PySpark is not installed here.",
            "It is an extra of half a gigabyte that few need.",
            "Install telltale[spark] and Java 17, or leave TELLTALE_ENGINE out.",
        ) from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("telltale")
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if memory:
        settings["spark.executor.memory"] = memory
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        session.range(1).count()  # a cluster that does not answer is found out here
    except Exception as error:
        if not (_is_of_spark(error) or isinstance(error, OSError | RuntimeError)):
            raise
        raise ConfigError(
            f"The Spark cluster at {master} does not answer: {_first_line(error)}",
            "Java is missing here, the address is another, or the cluster does not run.",
            "Mend TELLTALE_SPARK_MASTER or install Java 17; without TELLTALE_ENGINE this machine counts alone.",
        ) from error
    return Cluster(session)


def _is_of_spark(error: Exception) -> bool:
    """Whether Spark or its Java says so; their classes exist only with the extra."""
    return type(error).__module__.partition(".")[0] in ("pyspark", "py4j")


def _first_line(error: Exception) -> str:
    """What an error says, with file names only: a folder of a server is nobody's business."""
    line = next((text for text in str(error).splitlines() if text.strip()), type(error).__name__)
    return re.sub(r"[^\s'\"]*/([^/\s'\"]+)", r"\1", line)[:300]
