"""Telltale beside its peers, whole processes in pairs: `python -m bench.peers [setup|run]`.

Every job starts a process, imports, loads the same files and computes the same statistics. Jobs take
turns, so that what else the machine does falls on all of them. Medians and ratios of the same round
are kept; CPU seconds and memory come from the operating system's account of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.generated import LEVELS, NUMERIC, START
from bench.machine import machine, ratio_text

ROOT = Path(__file__).resolve().parents[1]
PINS, ENVIRONMENTS = ROOT / "bench" / "peers.txt", ROOT / "bench" / ".peers"
PAGE, RESULTS = ROOT / "docs" / "benchmarks.md", ROOT / "bench" / "results" / "peers.json"
SLICED = (",".join(NUMERIC[:6]), ",".join(LEVELS[:3]))
SLICES = "Telltale: weak slices of nine columns"
FLOOR = "bare scan of 20 columns"
SCAN = """
import sys, duckdb
columns = [*(f'f{i:02d}' for i in range(15)), *(f'c{i}' for i in range(5))]
picks = ', '.join(f'min({c}), max({c})' for c in columns)
duckdb.sql(f"SELECT {picks} FROM read_parquet('{sys.argv[1]}/predictions/*/*.parquet')").fetchall()
"""
# Rows up to which a peer fits memory and time; ``LEFT_OUT`` says why.
MOST_ROWS = {"SliceLine": 1_000_000, "Evidently, default": 1_000_000, "NannyML": 1_000_000}
LEFT_OUT = (
    "At 10 million rows SliceLine is left out, whose memory grows with the rows (6.7 GB at a million)"
    " beyond this machine's, and so are Evidently with its default tests and NannyML by day, which need"
    " minutes a run. Telltale's log was imported before, which is not counted: a question reads its"
    " Parquet files, as the peers load theirs."
)
AHEAD = "Jobs ran before all else that the machine did (chrt). "
NOW = ("--window", "2024-02-05..2024-02-20", "--reference", "2024-01-01..2024-01-16")


@dataclass(frozen=True, slots=True)
class Took:
    """One run of one job."""

    job: str
    rows: int
    wall_s: float
    cpu_s: float
    rss_mb: float


def setup(only: Sequence[str]) -> None:
    """Make the peers' environments from their pins."""
    for name, pins in read_pins().items():
        if only and name not in only:
            continue
        folder = ENVIRONMENTS / name
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-q", *pins], check=True)


def read_pins() -> dict[str, list[str]]:
    """Name of the environment to its pins."""
    found = {}
    for line in PINS.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, pins = line.partition(":")
            found[name.strip()] = pins.split()
    return found


def jobs(folder: Path, home: Path, rows: int) -> dict[str, list[str]]:
    """Command line of every job whose environment is there."""
    telltale = [sys.executable, "-m", "app.cli", "drift", "--model", "bench", "--home", str(home)]
    found = {
        "Telltale: KS, PSI, JS, TVD": [*telltale, *NOW, "--names", "ks,psi,js,tvd", "--json"],
        "Telltale by day: KS, JS, chi2": [
            *telltale, *NOW, "--names", "ks,js,chi2", "--every", "day", "--json",
        ],
        "Telltale: KS, PSI, chi2": [*telltale, *NOW, "--names", "ks,psi,chi2", "--json"],
        SLICES: [
            sys.executable, "-m", "bench.jobs.slices_job", str(folder.parent), str(rows), *SLICED,
            "nowhere",
        ],
        FLOOR: [sys.executable, "-c", SCAN, str(folder)],
    }  # fmt: skip
    peers = {
        "Evidently, default": ("evidently", "evidently_job.py"),
        "Evidently, KS and chi2": ("evidently", "evidently_job.py", "tests"),
        "NannyML by day: KS, JS, chi2": ("nannyml", "nannyml_job.py"),
        "frouros: KS, PSI, chi2": ("frouros", "frouros_job.py"),
        "SliceLine: weak slices of nine columns": ("sliceline", "sliceline_job.py", *SLICED),
    }  # fmt: skip
    for name, (environment, script, *more) in peers.items():
        python = ENVIRONMENTS / environment / "bin" / "python"
        if python.exists():
            found[name] = [str(python), str(ROOT / "bench" / "jobs" / script), str(folder), *more]
    return found


def run_once(job: str, command: Sequence[str], rows: int) -> Took:
    """Run a command to its end; raise where it fails.

    Byte code is kept, as it is where a program is installed: pip compiled the peers' already.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT) if command[0] == sys.executable else ""}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = status
        if status:
            err.seek(0)
            raise RuntimeError(f"{job} failed: {err.read()[-800:].decode(errors='replace')}")
    cpu = usage.ru_utime + usage.ru_stime
    return Took(job, rows, wall, cpu, usage.ru_maxrss / 1024)


def generate(folder: Path, rows: int) -> None:
    """Write the log in a process of its own.

    A process starts with its parent's largest memory on its account: this one must stay small.
    """
    code = "import sys; from pathlib import Path; from bench.generated import make_log; make_log(Path(sys.argv[1]), int(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", code, str(folder), str(rows)], check=True, cwd=ROOT)


def attach(folder: Path, home: Path) -> None:
    """Give the generated log to Telltale as it stands."""
    command = [sys.executable, "-m", "app.cli", "import", str(folder / "predictions"), "--model",
               "bench", "--home", str(home), "--positive", "1", "--map", "prediction_id=prediction_id",
               "--map", "ignore=row"]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def measure(rows: int, repeats: int, only: Sequence[str] = ()) -> list[Took]:
    """All jobs in turns, ``repeats`` times; the first round warms the files and is left out."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name) / "log", Path(name) / "home"
        folder.mkdir()
        generate(folder, rows)
        attach(folder, home)
        for i in range(repeats + 1):
            turn = list(jobs(folder, home, rows).items())
            for job, command in turn[:: -1 if i % 2 else 1]:  # each job follows each
                if only and not job.startswith(tuple(only)) or rows > _most_rows(job):
                    continue
                took = run_once(job, command, rows)
                print(f"{took.rows:>10,} {took.job:<34} {took.wall_s:7.2f} s wall {took.cpu_s:7.2f} s"
                      f" CPU {took.rss_mb:7.0f} MB", flush=True)  # fmt: skip
                if i:
                    found.append(took)
    return found


def _most_rows(job: str) -> int:
    return next((n for name, n in MOST_ROWS.items() if job.startswith(name)), 10**9)


PAIRS = (
    ("Telltale: KS, PSI, JS, TVD", FLOOR),
    (SLICES, "SliceLine: weak slices of nine columns"),
    ("Telltale: KS, PSI, JS, TVD", "Evidently, default"),
    ("Telltale: KS, PSI, JS, TVD", "Evidently, KS and chi2"),
    ("Telltale by day: KS, JS, chi2", "NannyML by day: KS, JS, chi2"),
    ("Telltale: KS, PSI, chi2", "frouros: KS, PSI, chi2"),
)


def page(found: Sequence[Took]) -> str:
    """The Markdown page."""
    lines = [
        "# Benchmarks",
        "",
        "<!-- Generated by `python -m bench.peers run`; change the script instead. -->",
        "",
        f"Whole processes: start, import, load, compute. 20 columns (15 numbers, 5 categories), the first"
        f" fifteen of fifty days from {START:%B %Y} against the last fifteen; weak slices and the bare scan"
        f" are of all days. {machine()}; peers: {'; '.join(' '.join(p) for p in read_pins().values())}."
        f" {AHEAD if os.sched_getscheduler(0) else ''}Jobs take turns, every other round backwards; medians, with the smallest and the largest in"
        " brackets; ratios are of the same round.",
        "",
        LEFT_OUT,
        "",
        "| rows | job | wall s | CPU s | peak MB | runs |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for rows, job in dict.fromkeys((t.rows, t.job) for t in found):
        mine = [t for t in found if (t.rows, t.job) == (rows, job)]
        wall, cpu, rss = (
            ratio_text([getattr(t, name) for t in mine], digits)
            for name, digits in (("wall_s", 2), ("cpu_s", 2), ("rss_mb", 0))
        )
        lines.append(f"| {rows:,} | {job} | {wall} | {cpu} | {rss} | {len(mine)} |")
    lines += [
        "",
        "| rows | Telltale | beside | wall ratio | CPU ratio |",
        "|---:|---|---|---:|---:|",
    ]
    for rows in dict.fromkeys(t.rows for t in found):
        for ours, theirs in PAIRS:
            sides = [[t for t in found if (t.rows, t.job) == (rows, job)] for job in (ours, theirs)]
            if all(sides):
                wall, cpu = (_ratio(sides, name) for name in ("wall_s", "cpu_s"))
                lines.append(f"| {rows:,} | {ours} | {theirs} | {wall} | {cpu} |")
    return "\n".join([*lines, ""])


def _ratio(sides: Sequence[Sequence[Took]], name: str) -> str:
    ratios = [getattr(a, name) / getattr(b, name) for a, b in zip(*sides, strict=True)]
    return ratio_text(ratios)


def main(arguments: Sequence[str] | None = None) -> int:
    """Set the environments up, or run and write docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers")
    parser.add_argument("verb", choices=("setup", "run"))
    parser.add_argument("--only", nargs="*", default=[], help="environments, or beginnings of jobs")
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--add", action="store_true", help="keep the rounds that are there")
    options = parser.parse_args(arguments)
    if options.verb == "setup":
        setup(options.only)
        return 0
    done = [Took(**row) for row in json.loads(RESULTS.read_text())] if RESULTS.exists() else []
    again = tuple(options.only) or ("",)  # what is measured anew replaces what was there
    kept = (options.add or t.rows not in options.rows or not t.job.startswith(again) for t in done)
    found = [t for t, stays in zip(done, kept, strict=True) if stays]
    for rows in options.rows:
        found += measure(rows, options.repeats, options.only)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps([asdict(t) for t in found], indent=0))
    PAGE.write_text(page(sorted(found, key=lambda t: t.rows)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
