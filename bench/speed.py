"""How long the main questions take, as a ratio to the bare scan of the same columns in the same run.

Ratios are what to compare: seconds depend on the machine and on what else it does. A home is imported
into as `telltale import` does; each first ask has a process of its own that was just started.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from analytics import evaluate
from analytics.core import Dataset, Question, Scope, Window
from analytics.query.engine import Engine
from bench.generated import LEVELS, NUMERIC, START, make_log


def jobs(dataset: Dataset) -> dict[str, tuple[Callable[[Engine], object], str]]:
    """Each job with the columns of its bare scan."""
    reference = Scope(window=Window(START, datetime(2024, 1, 16)))
    current = Scope(window=Window(datetime(2024, 2, 4), datetime(2024, 2, 19)))
    both = Question(current, reference, ("ks", "tvd"))
    metrics = Question(Scope(), None, ("accuracy", "f1", "roc_auc"))
    daily = Question(Scope(every="day"), None, ("accuracy", "roc_auc"))
    every = ", ".join([*NUMERIC, *LEVELS])
    return {
        "drift: KS of 15 columns, TVD of 5": (lambda e: evaluate.drift(e, dataset, both), every),
        "accuracy, F1, ROC AUC": (
            lambda e: evaluate.performance(e, dataset, metrics),
            "prediction_id, score, prediction",
        ),
        "the same by day": (
            lambda e: evaluate.performance(e, dataset, daily),
            "prediction_id, score, prediction",
        ),
    }


Times = tuple[float, float]  # seconds passed, seconds of processors (all threads together)


def times_of(job: Callable[[], object]) -> Times:
    """What one run takes."""
    start = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def median(times: list[Times]) -> Times:
    """The medians of both."""
    wall, cpu = zip(*times, strict=True)
    return statistics.median(wall), statistics.median(cpu)


@contextmanager
def opened(home: Path) -> Iterator[tuple[Engine, Dataset]]:
    """The engine and the log of a home, as a page or a command opens them."""
    from app.ask import Desk
    from app.settings import read_settings

    with Desk(read_settings(home=str(home))) as desk:
        yield desk.engine, desk.dataset("bench")


def bring_in(home: Path, log: Path, model: str = "bench") -> tuple[float, float]:
    """Import predictions and labels; seconds passed of the imports, and of putting labels beside."""
    from app.cli.imports import open_place
    from app.ingest.beside import import_and_put
    from app.ingest.plan import plan_import
    from app.ingest.words import ImportOptions

    place, both, put_s = open_place(str(home)), 0.0, 0.0
    parts = [str(path) for path in sorted(log.glob("predictions/*/part.parquet"))]
    roles = (("ignore", "row"), ("label", "label"), ("label_time", "known_at"))
    for paths, mapping in ((parts, roles[:1]), ([str(log / "labels/date=none/part.parquet")], ())):
        options = ImportOptions(model, mapping=mapping, task="binary", positive="1")
        plan = plan_import(place, paths, options)
        start = time.perf_counter()
        put_s += import_and_put(place, plan)[1].seconds
        both += time.perf_counter() - start
    place.database.close()
    return both - put_s, put_s


def ask_once(home: Path, name: str) -> Times:
    """What the child does: it has just started, has loaded its modules, and asks once."""
    from analytics import catalog

    catalog.all_metrics()
    with opened(home) as (engine, dataset):
        return times_of(lambda: jobs(dataset)[name][0](engine))


def first_ask(home: Path, name: str) -> Times:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "bench", "--ask", name, "--home", str(home)]
    told = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    wall, cpu = json.loads(told)
    return wall, cpu


def put_again(home: Path) -> Times:
    """Putting all labels beside the rows anew."""
    import shutil

    from app.cli.imports import open_place
    from app.ingest.beside import put_beside

    place = open_place(str(home))
    shutil.rmtree(home / "beside")
    taken = times_of(lambda: put_beside(place, "bench"))
    place.database.close()
    return taken


def measure(home: Path, repeats: int) -> None:
    """Print one line for each job and way to ask it, in turns with the bare scan of its columns."""
    with opened(home) as (engine, dataset):
        for name, (job, columns) in jobs(dataset).items():
            picks = ", ".join(f"min({c}), max({c})" for c in columns.split(", "))
            files = f"{home}/logs/bench/production/predictions/*/*.parquet"
            scan = f"SELECT {picks} FROM read_parquet('{files}')"
            asks: dict[str, Callable[[], Times]] = {
                f"{name}, again": lambda job=job: times_of(lambda: job(engine)),  # type: ignore[misc]
            }
            if "prediction" in columns:
                asks |= {f"{name}, first": lambda name=name: first_ask(home, name)}  # type: ignore[misc]
            if "prediction" in columns and (home / "beside").exists():  # a short log has none
                asks |= {"  labels put beside the rows, once": lambda: put_again(home)}
            job(engine)
            taken: dict[str, list[tuple[Times, Times]]] = {title: [] for title in asks}
            for _ in range(repeats):
                for title, ask in asks.items():
                    bare = times_of(lambda scan=scan: engine.rows(scan))  # type: ignore[misc]
                    taken[title].append((ask(), bare))
            for title, pairs in taken.items():
                _print(title, median([p[0] for p in pairs]), median([p[1] for p in pairs]))


def _print(title: str, took: Times, bare: Times) -> None:
    passed, busy = (a / b for a, b in zip(took, bare, strict=True))
    print(
        f"{title:<40} {took[0]:8.3f} s, CPU {took[1]:7.3f} s   bare scan {bare[0]:6.3f} s, CPU"
        f" {bare[1]:6.3f} s   ratio {passed:5.1f}, CPU {busy:5.1f}"
    )


def main() -> None:
    """Print one line a job: seconds, the bare scan's, and their ratio, passed and of processors.

    A first ask is the first thing that a process asks which was started after the import.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ask:
        print(json.dumps(ask_once(arguments.home, arguments.ask)))
        return
    with tempfile.TemporaryDirectory() as folder:
        log, home = Path(folder) / "log", Path(folder) / "home"
        make_log(log, arguments.rows)
        imported, put = bring_in(home, log)
        print(f"{arguments.rows:,} rows, median of {arguments.repeats}")
        print(f"import {imported:.1f} s, and {put:.2f} s to put labels beside the rows")
        measure(home, arguments.repeats)
