"""What summaries cost and save, beside the bare scan: `python -m bench.summaries [--rows 1000000]`.

A log of 34 columns over 50 days, the first 15 of them the reference. Processor time counts all
threads; ratios to the bare scan of the 15 numeric columns are what to compare. Finished sizes stand
in ``bench/finished/summaries.jsonl``; the page is written from all of them.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from analytics.core import Column, Dataset, Log, Part, Question, Schema, Scope, Window
from analytics.drift import js, ks, psi
from analytics.evaluate import drift, performance, serving
from analytics.needs import BinnedPair
from analytics.query.aligned import Rows, aligned_sql
from analytics.query.aligned import describe as describe_rows
from analytics.query.aligned import folder_of as beside_of
from analytics.query.beside import Beside
from analytics.query.engine import Engine
from analytics.summaries.chooser import count_both, grid_of, numbers_key
from analytics.summaries.columns import KIND
from analytics.summaries.edges import widen
from analytics.summaries.grid import Grid, grid_file, make_grid
from analytics.summaries.reading import Binned, read_rows, taken_of
from analytics.summaries.recipes import group_of, recipes
from analytics.summaries.store import (
    Sheet,
    Summaries,
    Taken,
    describe,
    folder_of,
    group_parts,
    tell,
)
from bench.generated import write

PAGE = Path("docs/summaries-speed.md")
RESULTS = Path("bench/finished/summaries.jsonl")
START, DAYS, SIDE = datetime(2024, 1, 1), 50, 15
NUMERIC = [f"f{i:02d}" for i in range(15)]
LEVELS = [f"c{i:02d}" for i in range(11)]
LABELS = ("prediction_id", "label", "known_at", "source")
NAMES = ("row", "prediction_id", "timestamp", "model_version", "prediction", "score")
SERVED = ("latency_ms", "status")
COLUMNS = (*NAMES, *SERVED, *NUMERIC, *LEVELS)


def make_day(db: duckdb.DuckDBPyConnection, folder: Path, day: int, n: int) -> Part:
    """One part: ``n`` rows of a day."""
    at = START + timedelta(days=day)
    numeric = ", ".join(
        f"(sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random()) + {0.002 * day if i < 3 else 0}) AS {c}"
        if i % 2
        else f"-ln(1 - random()) AS {c}"
        for i, c in enumerate(NUMERIC)
    )
    levels = ", ".join(
        f"'v' || CAST(floor(random() * {3 + 5 * i}) AS INT) AS {c}" for i, c in enumerate(LEVELS)
    )
    path = folder / f"date={at:%Y-%m-%d}" / "part.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    db.execute(
        f"COPY (SELECT {day * n} + i AS row, 'p' || ({day * n} + i) AS prediction_id,"
        f" TIMESTAMP '{at}' + to_microseconds(CAST(i * 86400e6 / {n} AS BIGINT)) AS timestamp,"
        f" CASE WHEN {day} < 35 THEN 'v1' ELSE 'v2' END AS model_version,"
        " CASE WHEN score >= 0.5 THEN '1' ELSE '0' END AS prediction, *"
        " FROM (SELECT i, round(random(), 4) AS score, exp(3 + random() + random()) AS latency_ms,"
        f" CASE WHEN random() < 0.002 THEN 'error' ELSE 'ok' END AS status, {numeric}, {levels}"
        f" FROM range({n}) r(i))) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )
    last = at + timedelta(microseconds=int((n - 1) * 86400e6 / n) + 1)
    return Part(str(path), n, f"day{day}", at, last, path.stat().st_size)


def make_labels(db: duckdb.DuckDBPyConnection, folder: Path, parts: Sequence[Part]) -> Part:
    """The log of labels: of every row one, known within two days."""
    path = folder / "labels" / "date=none" / "part.parquet"
    path.parent.mkdir(parents=True)
    files = ", ".join(f"'{part.path}'" for part in parts)
    write(
        db,
        "SELECT prediction_id, CASE WHEN random() < score THEN '1' ELSE '0' END AS label, timestamp"
        " + to_microseconds(CAST(random() * 172800e6 AS BIGINT)) AS known_at, 'outcome' AS source"
        f" FROM read_parquet([{files}])",
        path,
    )
    n = sum(part.n_rows for part in parts)
    return Part(str(path), n, "labels", parts[0].start, parts[-1].end, path.stat().st_size)


def make_log(folder: Path, n: int) -> Dataset:
    """The log, a part a day, its first days as the reference, and its labels."""
    db = duckdb.connect()
    db.execute("SELECT setseed(0.5)")
    parts = tuple(make_day(db, folder, day, n // DAYS) for day in range(DAYS))
    labels = make_labels(db, folder, parts)
    db.close()
    columns = [Column("timestamp", "timestamp", "time")]
    columns += [Column("model_version", "model_version", "categorical")]
    columns += [Column("prediction", "prediction", "categorical")]
    columns += [Column("score", "score", "numeric"), Column("latency_ms", "latency_ms", "numeric")]
    columns += [Column("status", "status", "categorical")]
    columns += [Column(c, "feature", "numeric") for c in NUMERIC]
    columns += [Column(c, "feature", "categorical") for c in LEVELS]
    logs: dict[Any, Log] = {
        ("production", "predictions"): Log("predictions", parts, (*COLUMNS, "date"), True),
        ("reference", "predictions"): Log("predictions", parts[:SIDE], (*COLUMNS, "date"), True),
        ("production", "labels"): Log("labels", (labels,), (*LABELS, "date")),
    }
    return Dataset("bench", Schema("binary", tuple(columns), ("0", "1"), "1"), logs, "bench")


def put_labels(engine: Engine, dataset: Dataset) -> float:
    """Labels beside the rows, as an import leaves them; processor seconds."""
    start, rows = time.process_time(), Rows(dataset, "production")
    folder = engine.beside.folder
    assert folder is not None
    place = beside_of(folder, rows)
    place.mkdir(parents=True)
    file, parts = place / f"{rows.key}-made.parquet", rows.predictions.parts
    engine.rows(
        f"COPY ({aligned_sql(rows, parts, is_known_once=True)}) TO '{file}'"
        " (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
    )
    file.with_suffix(".json").write_text(describe_rows(rows, parts, file.stat().st_size))
    return time.process_time() - start


def cost(job: Callable[[], object], repeats: int = 5) -> tuple[float, float]:
    """Medians of seconds passed and of processor seconds, once what is read was read before."""
    job()
    found = []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        job()
        found.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, cpu = zip(*found, strict=True)
    return statistics.median(wall), statistics.median(cpu)


def build(engine: Engine, dataset: Dataset) -> dict[str, float]:
    """Make the grid and the sheets of both logs; processor seconds of each kind of production's."""
    home = engine.summaries.folder
    assert home is not None
    start = time.process_time()
    grid = make_grid(engine, dataset)
    found = {"grid": time.process_time() - start}
    file = grid_file(home, dataset)
    file.parent.mkdir(parents=True)
    file.write_text(grid.to_json())
    for log in ("reference", "production"):
        kept = dataset.log("predictions", log)
        folder = folder_of(home, dataset.model, log)
        folder.mkdir(parents=True)
        start = time.process_time()
        groups = [group_of(engine, kept, parts) for parts in group_parts(kept.parts)]
        found["hours"] = time.process_time() - start
        for recipe in recipes(dataset, log, grid):
            start = time.process_time()
            target = folder / f"{recipe.kind}.parquet"
            recipe.write(engine, groups, target)
            told = tuple(tuple(map(tell, group.parts)) for group in groups)
            grains = tuple(group.grains for group in groups)
            size = target.stat().st_size
            sheet = Sheet(target, recipe.kind, recipe.key, size, recipe.columns, told, grains)
            target.with_suffix(".json").write_text(describe(sheet))
            found[recipe.kind] = time.process_time() - start
            found[f"{recipe.kind}_bytes"] = float(size)
    return found


def measure(n: int) -> dict[str, Any]:
    """Everything about a log of ``n`` rows."""
    with _scratch() as folder, _opened(folder) as engine:
        dataset = make_log(folder / "log", n)
        bare = ", ".join(f"min({c}), max({c}), sum({c})" for c in NUMERIC)
        files = f"read_parquet('{folder}/log/date=*/*.parquet', hive_partitioning = true)"
        floor = cost(lambda: engine.rows(f"SELECT {bare} FROM {files}"), 3)
        beside_s = put_labels(engine, dataset)
        built = build(engine, dataset)
        raw = sum(part.n_bytes for part in dataset.log("predictions").parts)
        current = Window(START + timedelta(days=DAYS - SIDE), START + timedelta(days=DAYS))
        names = ("ks", "psi", "js")
        question = Question(Scope(window=current), Scope("reference"), names, is_exact=False)
        exact = replace(question, is_exact=True)
        day = cost(lambda: _features(engine, dataset, question), 15)
        first = cost(lambda: _features(_forgetful(engine), dataset, question), 15)
        has_hours = any("hour" in grains for grains in grains_there(engine, dataset))
        hour = cost(lambda: _by_hour(engine, dataset, question), 15) if has_hours else None
        page = replace(question, names=())
        return {
            "rows": n,
            "raw_bytes": raw,
            "bare": floor,
            "built": built,
            "day": day,
            "first": first,
            "hour": hour,
            "drift": cost(lambda: drift(engine, dataset, page), 5),
            "drift_exact": cost(lambda: drift(engine, dataset, replace(page, is_exact=True)), 1),
            "daily": cost(lambda: drift(engine, dataset, _daily(page)), 3),
            "beside_s": beside_s,
            **_labelled(engine, dataset),
            **_errors(
                drift(engine, dataset, page), drift(engine, dataset, replace(page, is_exact=True))
            ),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0]),
            "date": date.today().isoformat(),
            "n_exact": len(drift(engine, dataset, exact)),
        }


def grains_there(engine: Engine, dataset: Dataset) -> list[tuple[str, ...]]:
    """The grains of every group of the sheets of numbers."""
    sheets = engine.summaries.sheets(dataset.model, "production", KIND, numbers_key(dataset))
    return [grains for sheet in sheets for grains in sheet.grains]


def _labelled(engine: Engine, dataset: Dataset) -> dict[str, Any]:
    """What is asked of labels by day: from sheets, and of the rows for comparison."""
    series = Question(Scope(every="day"), None, ("roc_auc", "accuracy", "f1"), is_exact=False)
    served = Question(Scope(every="day"), is_exact=False)
    rows = replace(series, is_exact=True)
    found = performance(engine, dataset, series)
    pairs = zip(found, performance(engine, dataset, rows), strict=True)
    return {
        "labels": cost(lambda: performance(engine, dataset, series), 3),
        "labels_exact": cost(lambda: performance(engine, dataset, rows), 1),
        "latency": cost(lambda: serving(engine, dataset, served), 3),
        "auc_error": max(abs((a.value or 0) - (b.value or 0)) for a, b in pairs),
        "auc_bound": max(float(one.detail.get("bound", 0.0)) for one in found),
        "from_sheets": sum(not one.is_exact for one in found),
    }


def _forgetful(engine: Engine) -> Engine:
    """The engine of a process that has read no sheet yet."""
    fresh = copy.copy(engine)
    fresh.summaries = Summaries(engine.summaries.folder)
    return fresh


def _daily(question: Question) -> Question:
    return replace(question, scope=Scope(every="day"))


def _features(engine: Engine, dataset: Dataset, question: Question) -> None:
    """KS, PSI and JS of the numeric columns, from days."""
    counted = count_both(engine, dataset, question, NUMERIC, [])
    assert counted is not None
    _tests(counted.numeric_pair(name, (None, None)) for name in NUMERIC)


def _by_hour(engine: Engine, dataset: Dataset, question: Question) -> None:
    """The same, with hours put together instead of days."""
    grid = grid_of(engine, dataset)
    assert grid is not None
    sides: list[list[Binned]] = []
    for scope in (question.scope, question.reference):
        assert scope is not None
        hourly = replace(scope, every="hour")
        taken = taken_of(engine, dataset, hourly, KIND, numbers_key(dataset))
        assert taken is not None and taken.pieces
        sides.append(_whole(engine, dataset, hourly, grid, taken))
    pairs = []
    for name, now, then in zip(NUMERIC, *sides, strict=True):
        counts = then.counts.astype(float), now.counts.astype(float)
        ends = min(now.low, then.low), max(now.high, then.high)
        pairs.append(BinnedPair(grid.edges[name], *counts, ends, grid.tenths[name]))
    _tests(pairs)


def _whole(
    engine: Engine, dataset: Dataset, scope: Scope, grid: Grid, taken: Taken
) -> list[Binned]:
    """All rows of hours together."""
    found: list[Binned] = []
    for rows in read_rows(engine, dataset, scope, NUMERIC, taken):
        for i, name in enumerate(NUMERIC):
            counts = widen(rows[f"bins{i}"].tolist(), grid.n_bins(name)).sum(axis=0, dtype=np.int64)
            ends = float(np.nanmin(rows[f"low{i}"])), float(np.nanmax(rows[f"high{i}"]))
            found.append(Binned(counts[:-1], int(counts[-1]), *ends))
    return found


def _tests(pairs: Iterable[BinnedPair]) -> None:
    for pair in pairs:
        for test in (ks.TEST, psi.TEST, js.TEST):
            assert test.from_bins is not None and test.from_bins(pair) is not None


def _errors(found: list[Any], exact: list[Any]) -> dict[str, Any]:
    """The largest error of D and of W1 beside the largest bound; whether anything lies outside."""
    worst: dict[str, Any] = {"outside": 0, "verdicts": 0, "inexact": 0}
    for one, other in zip(found, exact, strict=True):
        error = abs((one.value or 0.0) - (other.value or 0.0))
        bound = one.detail.get("bound", 0.0)
        worst["outside"] += error > bound + 1e-12
        worst["verdicts"] += one.verdict != other.verdict
        worst["inexact"] += not one.is_exact
        for what, value in (("error", error), ("bound", bound)):
            key = f"{one.name}_{what}"
            worst[key] = max(worst.get(key, 0.0), value)
    return worst


def growth(days: tuple[int, int] = (7, 365), n_day: int = 2000, added: int = 16) -> dict[str, Any]:
    """Processor seconds of counting one more day, after a week and after a year of days.

    Small days stand for large ones: what grows with history is the number of parts and of sheets.
    """
    from analytics.summaries import columns, store
    from app.ingest import summaries
    from app.ingest.words import Place
    from app.state.database import Database
    from app.state.migrations import migrate

    for module in (store, summaries):
        module.MIN_ROWS = 1  # type: ignore[attr-defined]
    columns.FEW = columns.FEW_HOUR = 0
    found: dict[str, Any] = {}
    for history in days:
        with _scratch() as folder:
            database = Database(f"sqlite:///{folder}/telltale.db")
            migrate(database)
            place = Place(folder, database, "bench")
            _bring(place, folder, 0, history, n_day)
            summaries.make_summaries(place, "bench")
            times = []
            for day in range(history, history + added):
                _bring(place, folder, day, 1, n_day)
                start = time.process_time()
                made = summaries.make_summaries(place, "bench")
                times.append(time.process_time() - start)
                assert made.n_rows == n_day
            database.close()
        found[str(history)] = statistics.fmean(times)
    ratio = found[str(days[1])] / found[str(days[0])]
    found["slope"] = math.log(ratio) / math.log(days[1] / days[0])
    return found


def _bring(place: Any, folder: Path, first: int, n: int, n_day: int) -> None:
    """Import some days, without what is made at its end."""
    from app.ingest.plan import plan_import
    from app.ingest.run import run_import
    from app.ingest.words import ImportOptions

    db = duckdb.connect()
    with tempfile.TemporaryDirectory(dir=folder) as made:
        for day in range(first, first + n):
            make_day(db, Path(made), day, n_day)
        db.execute(
            f"COPY (SELECT * EXCLUDE (row, date) FROM read_parquet('{made}/*/*.parquet'))"
            f" TO '{made}/all.parquet'"
        )
        plan = plan_import(
            place, [Path(made) / "all.parquet"], ImportOptions("bench", positive="1")
        )
        run_import(place, plan)
    db.close()


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as made:
        yield Path(made)


@contextmanager
def _opened(folder: Path) -> Iterator[Engine]:
    engine = Engine([folder], beside=Beside(folder=folder / "beside"))
    engine.summaries = Summaries(folder / "summaries")
    yield engine
    engine.close()


def page(found: list[dict[str, Any]]) -> str:
    """The page that says what was measured."""
    sizes = sorted((f for f in found if "rows" in f), key=lambda f: f["rows"])
    growths = [f for f in found if "slope" in f]
    lines = [
        "# What summaries cost and save",
        "",
        "Written by `python -m bench.summaries`: a generated log of 34 columns over 50 days, the first 15"
        " days as the reference, the last 15 as the window. CPU counts all threads; the bare scan is the"
        " smallest, largest and sum of the 15 numeric columns over the whole log, in the same run. Where more"
        " processes wanted the cores than there are, seconds passed say little, and processor time is more than"
        " on a quiet machine.",
        "",
        "| | " + " | ".join(f"{f['rows']:,} rows" for f in sizes) + " |",
        "|---|" + "---|" * len(sizes),
    ]
    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("bare scan, CPU", lambda f: f"{f['bare'][1]:.2f} s"),
        ("KS, PSI, JS of 15 columns from days", lambda f: _took(f, "day")),
        ("the same, asked for the first time", lambda f: _took(f, "first")),
        (
            "the same from hours, read each time",
            lambda f: _took(f, "hour") if f["hour"] else "kept by day alone",
        ),
        ("all of drift, by default, from summaries", lambda f: _took(f, "drift")),
        ("the same from rows (`--exact`)", lambda f: _took(f, "drift_exact")),
        ("all of drift of every day, from summaries", lambda f: _took(f, "daily")),
        ("making numeric sheets, CPU in bare scans", lambda f: _scans(f, "numbers", "hours")),
        ("sheets of levels", lambda f: _scans(f, "levels")),
        ("sheets of serving", lambda f: _scans(f, "serving")),
        ("sheets of labels", lambda f: _scans(f, "labelled")),
        ("all sheets", lambda f: _scans(f, "numbers", "hours", "levels", "serving", "labelled")),
        ("size of the sheets, share of the log", _size),
        ("labels' sheets alone", lambda f: f"{f['built']['labelled_bytes'] / 1e6:.1f} MB"),
        ("ROC AUC, accuracy, F1 of every day, from sheets", lambda f: _took(f, "labels")),
        ("the same from rows (`--exact`)", lambda f: _took(f, "labels_exact")),
        (
            "largest error of a day's (its bound)",
            lambda f: f"{f['auc_error']:.6f} ({f['auc_bound']:.6f})",
        ),
        ("requests and latency of every day", lambda f: _took(f, "latency")),
        ("largest error of D (its bound)", lambda f: f"{f['ks_error']:.5f} ({f['ks_bound']:.5f})"),
        (
            "largest error of W1 (its bound)",
            lambda f: f"{f['wasserstein_error']:.5f} ({f['wasserstein_bound']:.5f})",
        ),
        (
            "answers outside their bound; other verdicts",
            lambda f: f"{f['outside']}; {f['verdicts']}",
        ),
        ("measured on", lambda f: f"{f['cores']} cores, {f['date']}"),
        ("processes that wanted them", lambda f: f"{f['load']}"),
    ]
    lines += [f"| {name} | " + " | ".join(say(f) for f in sizes) + " |" for name, say in rows]
    for f in growths:
        weeks, year = f["7"], f["365"]
        lines += [
            "",
            f"Counting one more day of 2,000 rows costs {1000 * weeks:.0f} ms of processor after a week and"
            f" {1000 * year:.0f} ms after a year (mean of 16 days each, joining sheets included):"
            f" cost grows with the {f['slope']:.3f}th power of history.",
        ]
    return "\n".join([*lines, ""])


def _took(f: dict[str, Any], what: str) -> str:
    wall, cpu = f[what]
    return f"{1000 * wall:.0f} ms ({1000 * cpu:.0f} ms CPU, {cpu / f['bare'][1]:.3f} scans)"


def _scans(f: dict[str, Any], *kinds: str) -> str:
    return f"{sum(f['built'][kind] for kind in kinds) / f['bare'][1]:.1f}"


def _size(f: dict[str, Any]) -> str:
    size = sum(v for k, v in f["built"].items() if k.endswith("_bytes"))
    return f"{size / 1e6:.1f} MB, {100 * size / f['raw_bytes']:.2f} %"


def main() -> None:
    """Measure, keep, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument(
        "--growth", action="store_true", help="one more day after a week and a year"
    )
    asked = parser.parse_args()
    kept = (
        [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.is_file() else []
    )
    for n in asked.rows:
        kept = [f for f in kept if f.get("rows") != n] + [measure(n)]
        print(json.dumps(kept[-1]))
    if asked.growth:
        kept = [f for f in kept if "slope" not in f] + [growth()]
        print(json.dumps(kept[-1]))
    RESULTS.write_text("".join(json.dumps(f) + "\n" for f in kept))
    PAGE.write_text(page(kept))


if __name__ == "__main__":
    main()
