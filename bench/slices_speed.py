"""What a search costs beside SliceLine from PyPI, and how long the questions of the page Slices take.

`python -m bench.slices_speed [--rows 1000000] [--write]`: whole processes, loading included, in turns;
CPU seconds are the operating system's. SliceLine needs its own environment: `python -m bench.peers
setup --only sliceline`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from analytics.core import Dataset, Question, Scope, Segment
from analytics.query.beside import Beside
from analytics.query.engine import Engine
from bench.generated import LEVELS, NUMERIC, make_log, put_labels, read_log
from bench.slices_page import keep

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / "bench" / ".peers" / "sliceline" / "bin" / "python"
OURS, JOINED = "Telltale", "Telltale, labels joined"
SEGMENT = "f00 > 0.5 AND c1 = 'v2'"
BAR_RATIO, BAR_S = 0.05, 1.5


def prepare(folder: Path, rows: int) -> None:
    """The log, and its labels beside the rows."""
    make_log(folder / "log", rows)
    put_labels(folder / "beside", read_log(folder / "log", rows))


def took(command: list[str]) -> tuple[float, float, float]:
    """(seconds, CPU seconds, MB) of one whole process."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} ended with {status}")
    wall = time.perf_counter() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


Runs = dict[str, list[tuple[float, float, float]]]  # (seconds, CPU seconds, MB) of every round


def beside_peer(folder: Path, rows: int, rounds: int) -> Runs:
    """The searches in turns: labels beside the rows, labels joined, and SliceLine's."""
    ours = [sys.executable, "-m", "bench.jobs.slices_job", str(folder), str(rows)]
    names = (",".join(NUMERIC[:6]), ",".join(LEVELS[:3]))
    jobs = {OURS: [*ours, *names, "beside"], JOINED: [*ours, *names, "nowhere"]}
    if PEER.exists():
        script = str(ROOT / "bench" / "jobs" / "sliceline_job.py")
        jobs["sliceline 0.3.0"] = [str(PEER), script, str(folder / "log"), *names]
    runs: Runs = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, command in jobs.items():
            runs[name].append(took(command))
    return runs


Times = dict[str, list[tuple[float, float]]]  # (seconds, CPU seconds) of every repeat


def page_times(engine: Engine, dataset: Dataset, repeats: int) -> Times:
    """What the page asks about one slice, all 20 columns there."""
    from analytics.evaluate import drift, performance
    from analytics.evaluate.behind import share_of
    from analytics.query.segment import parse_segment

    segment = parse_segment(SEGMENT, dataset.schema)
    assert isinstance(segment, Segment)
    mine = Scope(segment=segment)
    rest = Scope(segment=Segment(segment.conditions, segment.text, is_rest=True))
    weekly = Scope(segment=segment, every="week")
    asked: dict[str, Any] = {
        "rows and share": lambda: share_of(engine, dataset, Question(mine)),
        "accuracy, beside the rest": lambda: performance(
            engine, dataset, Question(mine, rest, ("accuracy",))
        ),
        "accuracy by week": lambda: performance(
            engine, dataset, Question(weekly, None, ("accuracy",))
        ),
        "20 columns beside the rest": lambda: drift(
            engine, dataset, Question(mine, rest, ("ks", "tvd"))
        ),
    }
    found: Times = {}
    for _ in range(repeats):
        for name, ask in asked.items():
            start, cpu = time.perf_counter(), time.process_time()
            ask()
            both = time.perf_counter() - start, time.process_time() - cpu
            found.setdefault(name, []).append(both)
    return found


def p95(values: list[float]) -> float:
    """The 95th percentile by rank."""
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


def report_search(n: int, runs: Runs) -> list[str]:
    """The section of the search."""
    lines = [
        "## What it costs", "",
        f"{n:,} rows, nine columns (six numbers in quarters, three categories), every slice of one and"
        " two conditions. Whole processes in turns, loading included; medians. Telltale finds the labels"
        " beside the rows, as every import leaves them, or joins them itself.", "",
        "| | CPU s | s | MB |", "|---|---:|---:|---:|",
    ]  # fmt: skip
    for name, taken in runs.items():
        wall, cpu, memory = (statistics.median(run[i] for run in taken) for i in range(3))
        lines.append(f"| {name} | {cpu:.2f} | {wall:.2f} | {memory:,.0f} |")
    (*mine, peer), names = runs.values(), list(runs)
    for name, taken in zip(names, mine, strict=False):
        if len(names) < 3:
            break
        ratios = [a[1] / b[1] for a, b in zip(taken, peer, strict=True)]
        lines += ["", f"{name}: CPU over SliceLine's in {len(ratios)} rounds {min(ratios):.3f} to"
                  f" {max(ratios):.3f} (bar: {BAR_RATIO})."]  # fmt: skip
    return lines


def report_pages(n: int, pages: Times) -> list[str]:
    """The section of the page."""
    is_ahead = os.sched_getscheduler(0) != os.SCHED_OTHER
    lines = [
        "## What the page asks", "",
        f"What the page Slices asks about one slice of {n:,} rows with 20 columns (bar: 95 of 100"
        f" within {BAR_S} s){', ahead of what else the machine does (`chrt -r 10`)' if is_ahead else ''}.",
        "", "| Question | median s | p95 s | CPU s |", "|---|---:|---:|---:|",
    ]  # fmt: skip
    for name, values in pages.items():
        walls, cpu = [wall for wall, _cpu in values], statistics.median(c for _w, c in values)
        lines.append(f"| {name} | {statistics.median(walls):.2f} | {p95(walls):.2f} | {cpu:.2f} |")
    return lines


def main() -> None:
    """Measure, print, and write docs/slices.md with --write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="of the searches; 0 leaves them out")
    parser.add_argument("--repeats", type=int, default=20, help="of the page; 0 leaves it out")
    parser.add_argument("--write", action="store_true", help="write docs/slices.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Elsewhere: what a process has used at most counts for the processes that it starts.
        apart = multiprocessing.get_context("spawn").Process(
            target=prepare, args=(folder, chosen.rows)
        )
        apart.start()
        apart.join()
        sections = []
        if chosen.rounds:
            runs = beside_peer(folder, chosen.rows, chosen.rounds)
            sections.append(report_search(chosen.rows, runs))
        if chosen.repeats:
            dataset = read_log(folder / "log", chosen.rows)
            engine = Engine([folder], beside=Beside(folder=folder / "beside"))
            pages = page_times(engine, dataset, chosen.repeats)
            sections.append(report_pages(chosen.rows, pages))
    for lines in sections:
        print("\n".join(lines))
        if chosen.write:
            keep(lines)


if __name__ == "__main__":
    main()
