"""Fifty million rows written day by day: `python -m bench.fifty [--days 50] [--a-day 1000000] [--memory 256MB] [--write]`.

One process imports a day at a time, predictions and their labels, as the worker does: its CPU for each
day says whether a day costs more the more history there is, its largest memory whether building is
bounded. What the pages ask is asked by a process that was just started, once the log holds a fifth of its
days and at its end. A day's file is made by another process and removed; the home is removed as well.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from app.memory import keep_lean
from bench.generated import START, bounds, labels_sql, rows_sql, write
from bench.machine import machine, put_section, ratio_text

ROOT = Path(__file__).resolve().parents[1]
MODEL = "bench"
ASKED = {
    "Overview: volume, drift and service of a week": (
        ("facts", "7d", None, ()), ("serving", "7d", None, ()), ("drift", "7d", None, ()),
    ),
    "Drift of all days, by day": (("drift", None, "day", ("ks", "psi", "tvd")),),
    "Performance of all days, by day": (("performance", None, "day", ("accuracy", "roc_auc")),),
    "Serving of all days, by day": (("serving", None, "day", ()),),
}  # fmt: skip
Day = dict[str, float]


def make_day(folder: Path, day: int, days: int, n: int) -> None:
    """What the child does: the files of one day."""
    import duckdb

    db = duckdb.connect()
    first, end = bounds(n, day, days)
    write(db, rows_sql(n, first, end, days), folder / f"predictions-{day}.parquet")
    write(db, labels_sql(n, first, end, days), folder / f"labels-{day}.parquet")


def import_day(home: Path, folder: Path, day: int) -> Day:
    """Import a day's files: seconds, CPU seconds, and the largest memory of this process until now."""
    from app.cli.imports import open_place
    from app.ingest.beside import import_and_put
    from app.ingest.plan import plan_import
    from app.ingest.words import ImportOptions

    place = open_place(str(home))
    start = time.perf_counter(), time.process_time()
    for kind, mapping in (
        ("predictions", (("ignore", "row"),)),
        ("labels", (("label", "label"), ("label_time", "known_at"))),
    ):
        file = folder / f"{kind}-{day}.parquet"
        options = ImportOptions(MODEL, mapping=mapping, task="binary", positive="1")
        import_and_put(place, plan_import(place, [str(file)], options))
        file.unlink()
    place.database.close()
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall_s": wall, "cpu_s": cpu, "peak_mb": most}


def ask_all(home: Path) -> dict[str, tuple[float, float, float]]:
    """What the child does: every question once more after a first time; seconds, CPU, largest memory."""
    from app.ask import Desk
    from app.questions import Asked
    from app.settings import read_settings

    reference = f"{START:%Y-%m-%d}..{START + timedelta(days=7):%Y-%m-%d}"
    found = {}
    with Desk(read_settings(home=str(home))) as desk:
        for title, asks in ASKED.items():
            for _ in range(2):
                start = time.perf_counter(), time.process_time()
                for name, window, every, names in asks:
                    asked = Asked(window=window, every=every, names=names, reference=reference)
                    desk.ask(name, MODEL, asked)
                took = time.perf_counter() - start[0], time.process_time() - start[1]
            found[title] = (*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def child(*words: str) -> str:
    """Another process of this benchmark, and what it says."""
    command = [sys.executable, "-m", "bench.fifty", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stdout


def slope(days: list[Day]) -> float:
    """By what share of the median day CPU grows over the whole history (Theil and Sen).

    >>> round(slope([{"cpu_s": 1.0 + 0.1 * i} for i in range(11)]), 2)
    0.67
    """
    cpu = [day["cpu_s"] for day in days]
    steps = [(cpu[j] - cpu[i]) / (j - i) for i in range(len(cpu)) for j in range(i + 1, len(cpu))]
    return statistics.median(steps) * (len(cpu) - 1) / statistics.median(cpu) if steps else 0.0


def size_of(folder: Path) -> float:
    """Megabytes of all files under a folder; one that has two names counts once."""
    found = {f.stat().st_ino: f.stat().st_size for f in folder.rglob("*") if f.is_file()}
    return sum(found.values()) / 1e6


def section(options: argparse.Namespace, days: list[Day], asked: dict[int, dict[str, list[float]]],
            sizes: dict[str, float]) -> str:  # fmt: skip
    """The table as Markdown."""
    n = options.days * options.a_day
    lines = [
        f"{n:,} rows in {options.days} days of {options.a_day:,}, TELLTALE_IMPORT_MEMORY={options.memory};"
        f" {machine()}.",
        "",
        "| a day's import, labels and summaries | median (least to most) |", "|---|---:|",
        f"| seconds | {ratio_text([d['wall_s'] for d in days], 1)} |",
        f"| CPU seconds | {ratio_text([d['cpu_s'] for d in days], 1)} |",
        f"| growth of CPU over all days, share of the median day | {slope(days):.2f} |",
        f"| peak memory of the writing process after {min(5, len(days))} days, MB |"
        f" {days[min(5, len(days)) - 1]['peak_mb']:,.0f} |",
        f"| peak memory of the writing process at the end, MB | {days[-1]['peak_mb']:,.0f} |",
        *(f"| {name}, MB | {mb:,.0f} |" for name, mb in sizes.items()),
        "",
        "| asked by a process just started, the second time: s (CPU s) | "
        + " | ".join(f"{rows:,} rows" for rows in asked) + " |",
        "|---|" + "---:|" * len(asked),
    ]  # fmt: skip
    for title in ASKED:
        cells = (f"{times[title][0]:.2f} ({times[title][1]:.2f})" for times in asked.values())
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def walk(options: argparse.Namespace, home: Path, folder: Path) -> str:
    """Day after day; the table."""
    n, days, asked = options.days * options.a_day, list[Day](), dict[int, dict[str, list[float]]]()
    early = max(1, options.days // 5)
    for day in range(options.days):
        child("--make", str(day), "--folder", str(folder), "--days", str(options.days),
              "--a-day", str(options.a_day))  # fmt: skip
        days.append(import_day(home, folder, day))
        said = ", ".join(f"{name} {value:.1f}" for name, value in days[-1].items())
        print(f"day {day + 1}: {said}", flush=True)
        if day + 1 in (early, options.days):
            asked[(day + 1) * options.a_day] = json.loads(child("--ask", str(home)))
    found = ("logs", "summaries", "beside", "ids")
    text = section(options, days, asked, {name: size_of(home / name) for name in found})
    print(f"{n:,} rows", text, sep="\n")
    return text


def main() -> int:
    """Write day by day, ask, print; 1 where the writing process took 2 GB or more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=50)
    parser.add_argument("--a-day", type=int, default=1_000_000)
    parser.add_argument("--memory", default="256MB", help="what an import may use")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make is not None:
        make_day(options.folder, options.make, options.days, options.days * options.a_day)
        return 0
    if options.ask:
        print(json.dumps(ask_all(options.ask)))
        return 0
    keep_lean()
    os.environ["TELLTALE_IMPORT_MEMORY"] = options.memory
    with tempfile.TemporaryDirectory() as name:
        home, folder = Path(name) / "home", Path(name) / "days"
        folder.mkdir()
        text = walk(options, home, folder)
    if options.write:
        put_section("fifty", text)
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >= 2 << 20)


if __name__ == "__main__":
    raise SystemExit(main())
