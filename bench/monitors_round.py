"""A full round of the worker over many models: `python -m bench.monitors_round [--models 50] [--rows 200000]`.

One generated log is imported as a user would; the other models get copies of its parts under names of
their own, with one column moved a little, so that nothing that was learned of one model's rows holds
for another's. Each has twenty monitors: what every new model gets, and questions of each other kind. A
round is a worker that was just started and for which every model is due: cold, where nothing is kept of
earlier rounds; with what they kept, where nothing is new; and where a day of rows and labels came for every
model since the last round, which is what a nightly import brings. Seconds, CPU seconds and memory are the
operating system's account of its processes. ``--write`` puts a table into docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from analytics.monitors.policy import Monitor
from bench.machine import machine, put_section, ratio_text

ROOT = Path(__file__).resolve().parents[1]
FIRST = "model-00"
COLD = "cold"
EVERY = (
    ("ROC AUC by day", {"question": "performance", "names": ["roc_auc"], "every": "day"}),
    ("F1 by week", {"question": "performance", "names": ["f1"], "every": "week"}),
    ("Precision by week", {"question": "performance", "names": ["precision"], "every": "week",
                           "rule": "below", "limit": 0.5}),
    ("Recall by week", {"question": "performance", "names": ["recall"], "every": "week",
                        "rule": "below", "limit": 0.5}),
    ("Drift by day", {"question": "drift", "every": "day"}),
    ("Drift of four columns by week", {"question": "drift", "every": "week",
                                       "columns": ["f00", "f01", "f02", "c0"]}),
    ("Drift of the last 7 days", {"question": "drift", "window": "7d"}),
    ("Quality by day", {"question": "quality", "every": "day"}),
    ("Missing values by day", {"question": "quality", "names": ["missing_rate"], "every": "day",
                               "rule": "promise", "limit": 0.01}),
    ("Volume by day", {"question": "volume", "every": "day"}),
    ("Label coverage by week", {"question": "label_coverage", "every": "week"}),
    ("Freshness", {"question": "freshness", "rule": "above", "limit": 86400.0}),
    ("Latency p95 by day", {"question": "latency", "names": ["latency_p95"], "every": "day",
                            "rule": "above", "limit": 80.0}),
    ("Errors by hour", {"question": "errors", "every": "hour", "rule": "above", "limit": 0.05}),
    ("Estimated accuracy by week", {"question": "estimate", "names": ["accuracy"],
                                    "every": "week"}),
    ("Accuracy of a slice by week", {"question": "slice", "names": ["accuracy"], "every": "week",
                                     "segment": "region = 'r1'"}),
    ("Accuracy of version v2 by day", {"question": "performance", "names": ["accuracy"],
                                       "every": "day", "version": "v2"}),
)  # fmt: skip


def policy_of(defaults: list[Monitor], model: str) -> list[Monitor]:
    """The default monitors and one of each kind more; changes against the same reference."""
    from app.monitors.policies import monitor_of

    found = [replace(m, model=model) for m in defaults]
    for name, values in EVERY:
        row: dict[str, Any] = {"name": name, "model": model, **values}
        if values.get("rule", "change") == "change" and values["question"] != "slice":
            row["reference"] = defaults[0].reference
        found.append(monitor_of(row))
    return found


def fill(home: Path, n_models: int, rows: int) -> None:
    """Import one log, copy it for the other models, and watch them all."""
    from app.cli.imports import open_place
    from app.ingest.beside import put_beside
    from app.monitors.policies import default_monitors, plain_monitor
    from app.state.logs import load_dataset
    from app.state.monitors import add_watch
    from bench.generated import make_log
    from bench.speed import bring_in

    with tempfile.TemporaryDirectory() as folder:
        make_log(Path(folder), rows)
        bring_in(home, Path(folder), FIRST)
    place = open_place(str(home))
    defaults = default_monitors(load_dataset(place.database, FIRST, home))
    for i in range(n_models):
        model = f"model-{i:02d}"
        if i:
            copy_model(place.database, home, model)
            move_column(home / "logs" / model, i)
            put_beside(place, model)
        policy = [plain_monitor(m) for m in policy_of(defaults, model)]
        with place.database.write("bench") as write:
            add_watch(write, model, policy)
    place.database.close()


def copy_model(database: Any, home: Path, model: str) -> None:
    """The first model's log under another name: its files, and its rows in the manifest."""
    from app.state.models import import_table, model_table, part_table

    shutil.copytree(home / "logs" / FIRST, home / "logs" / model)
    with database.write("bench") as write:
        for table, column in (
            (model_table, "name"),
            (import_table, "model"),
            (part_table, "model"),
        ):
            mine = sa.select(table).where(table.c[column] == FIRST)
            for row in write.execute(mine).mappings().all():
                values = dict(row) | {column: model}
                if table is import_table:
                    values["id"] = f"{row['id']}-{model}"
                if table is part_table:
                    del values["id"]
                    values["import_id"] = f"{row['import_id']}-{model}"
                    values["path"] = row["path"].replace(f"/{FIRST}/", f"/{model}/")
                write.execute(table.insert().values(**values))


def move_column(folder: Path, i: int) -> None:
    """The rows of a copied model made its own: one column a few millionths higher."""
    import duckdb

    for file in folder.glob("production/predictions/*/*.parquet"):
        aside = file.with_suffix(".tmp")
        duckdb.execute(
            f"COPY (SELECT * REPLACE (f00 + {i} * 1e-6 AS f00) FROM read_parquet('{file}',"
            f" hive_partitioning = false)) TO '{aside}' (FORMAT parquet, COMPRESSION zstd)"
        )
        aside.replace(file)


def add_day(home: Path, n_models: int, rows: int) -> None:
    """Import the day after the last one, with its labels, into every model."""
    import duckdb

    from app.cli.imports import open_place
    from app.state.logs import load_dataset
    from bench.generated import DAYS, START, bounds, labels_sql, rows_sql, write
    from bench.speed import bring_in

    place = open_place(str(home))
    last = load_dataset(place.database, FIRST, home).last_event
    place.database.close()
    assert last is not None
    day = (last - START).days + 1
    first, end = bounds(rows, day, DAYS)
    with tempfile.TemporaryDirectory() as folder:
        date = last.date() + timedelta(days=1)
        parts = (f"predictions/date={date}", "labels/date=none")
        files = [Path(folder) / name / "part.parquet" for name in parts]
        for file, sql in zip(files, (rows_sql, labels_sql), strict=True):
            file.parent.mkdir(parents=True)
            write(duckdb.connect(), sql(rows, first, end), file)
        for i in range(n_models):
            bring_in(home, Path(folder), f"model-{i:02d}")


def forget(home: Path) -> None:
    """Throw away what rounds kept of earlier ones."""
    from analytics.summaries import answers, shelf, store

    for kind in (shelf.FOLDER, answers.FOLDER):
        for folder in (home / store.FOLDER).glob(f"*/{kind}"):
            shutil.rmtree(folder)


def go_round(home: Path) -> None:
    """What the child does: everything is due, and is run until nothing is."""
    import threading

    from app.monitors.watching import run_apart
    from app.settings import read_settings
    from app.state.database import open_database
    from app.state.monitors import watch_table

    settings = read_settings(home=str(home))
    database = open_database(settings.database_url)
    with database.write("bench") as write:
        write.execute(watch_table.update().values(next_at=database.clock(), lease_until=None))
    run_apart(settings, database, threading.Event())
    database.close()


def one_round(home: Path) -> tuple[float, float, float]:
    """(seconds, CPU seconds, MB of the largest process) of a worker's round, all its processes counted."""
    command = [sys.executable, "-m", "bench.monitors_round", "--go", str(home)]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    _pid, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the round ended with {status}")
    wall = time.perf_counter() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def account(home: Path) -> tuple[dict[str, float], dict[str, int], list[str]]:
    """Of the last round: seconds of each monitor over all models, how many ended how, and errors."""
    from app.settings import read_settings
    from app.state.database import Database
    from app.state.monitors import last_runs, watched

    database = Database(read_settings(home=str(home)).database_url)
    seconds: dict[str, float] = {}
    states: dict[str, int] = {}
    errors: list[str] = []
    for model in sorted(watched(database)):
        for row in last_runs(database, model):
            seconds[row.monitor] = seconds.get(row.monitor, 0.0) + row.duration_s
            states[row.state] = states.get(row.state, 0) + 1
            errors += [f"{row.monitor}: {row.error}"] if row.error else []
    database.close()
    return seconds, states, sorted(set(errors))


def measure(
    home: Path, kind: str, repeats: int, prepare: Callable[[], None]
) -> list[tuple[float, float, float]]:
    """The rounds of a kind, said as they end; each after what makes it one of that kind."""
    found = []
    print(kind)
    for _ in range(repeats):
        prepare()
        took = one_round(home)
        print(f"{took[0]:7.1f} s, CPU {took[1]:7.1f} s, {took[2]:6.0f} MB", flush=True)
        found.append(took)
    return found


def section(options: argparse.Namespace, runs: dict[str, list[tuple[float, float, float]]],
            seconds: dict[str, float], states: dict[str, int]) -> str:  # fmt: skip
    """The table as Markdown."""
    both = [[ratio_text([r[i] for r in found], 1) for found in runs.values()] for i in range(3)]
    wall, cpu, rss = (" | ".join(cells) for cells in both)
    n = sum(states.values())
    lines = [
        f"{n:,} monitors over {options.models} models of {options.rows:,} rows: a round of a worker that"
        f" was just started, {options.repeats} rounds of each kind, median (least to most). {machine()}.",
        "",
        f"| | {' | '.join(runs)} |", "|---|---:|---:|",
        f"| seconds | {wall} |", f"| CPU seconds of all processes | {cpu} |",
        f"| peak memory of the largest process, MB | {rss} |",
        "",
        "Where the seconds of the last cold round went, processes side by side added up (who asks a"
        " question first pays for it):",
        "",
        "| monitor | s |", "|---|---:|",
        *(f"| {name} | {s:.1f} |" for name, s in sorted(seconds.items(), key=lambda x: -x[1])),
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """Fill a home, go round, print; 1 where a monitor ended in an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--home", type=Path, help="kept, and used again")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--go", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.go:
        go_round(options.go)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        if not (home / "telltale.db").exists():
            fill(home, options.models, options.rows)
        kinds: dict[str, Callable[[], None]] = {
            COLD: lambda: forget(home),
            "nothing new": lambda: None,
            "a day more": lambda: add_day(home, options.models, options.rows),
        }
        runs = {}
        for kind, prepare in kinds.items():
            runs[kind] = measure(home, kind, options.repeats, prepare)
            if kind == COLD:
                seconds, states, errors = account(home)
        errors += account(home)[2]
    print(json.dumps(states), *errors, sep="\n")
    for name, s in sorted(seconds.items(), key=lambda x: -x[1]):
        print(f"{s:8.2f} s  {name}")
    if options.write:
        put_section("monitors", section(options, runs, seconds, states))
    for kind, found in runs.items():
        print("median", kind, statistics.median(r[0] for r in found))
    return 1 if errors else 0


if __name__ == "__main__":
    raise SystemExit(main())
