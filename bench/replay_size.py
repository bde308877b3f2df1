"""A year of a million rows replayed: ``python -m bench.replay_size`` writes a line into docs/monitors.md.

The log has fifteen numbers and five columns of levels, labels that come within two days, and a
column that loses half of its values in the last quarter. It is imported into a home of its own, and
``telltale replay`` walks it, a process of its own, with the monitors of a new model. Beside it stands
the bare scan: DuckDB reads every column of the log's files once. Wall time depends on what else the
machine does; the processor's seconds hardly do.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from bench.generated import LEVELS, NUMERIC
from bench.monitors import write_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "monitors.md"
BEGIN, END = "<!-- begin: python -m bench.replay_size -->", "<!-- end of the size -->"
ROWS, REFERENCE, DAYS, MODEL = 1_000_000, 100_000, 364, "size"
LIMIT_S, LIMIT_A_ROW_S = 60.0, 30e-6  # at least, and ten million rows in five minutes
SCAN = "SELECT {sums} FROM read_parquet('{files}', hive_partitioning = false)"
TEXT = """{begin}
A year of {rows:,} rows (15 numbers, 5 columns of levels, labels within two days, a reference of {reference:,}) is
walked by `telltale replay` in {wall:.0f} s and {cpu:.1f} s of the processor, the start of the process and the
other tools' rules included; DuckDB's bare scan of every column takes {scan_cpu:.1f} s of the processor. While this
was measured {load:.0f} processes wanted the machine's {cores} cores.
{end}"""


def make(file: Path, n: int, name: str, *, is_reference: bool) -> None:
    """One side of the log as a Parquet file."""
    start = "2023-06-01" if is_reference else "2024-01-01"
    days = 90 if is_reference else DAYS
    numeric = ", ".join(f"random() + ln(1 + random()) AS {c}" for c in NUMERIC[1:])
    levels = ", ".join(
        f"'v' || (floor(random() * {4 * (i + 1)}))::INT AS {c}" for i, c in enumerate(LEVELS)
    )
    lost = "false" if is_reference else f"i > {n} * 3 / 4 AND random() < 0.5"
    with duckdb.connect() as db:
        db.execute("SELECT setseed(0.5)")
        db.execute(
            f"COPY (WITH drawn AS (SELECT i, '{name}' || i AS id, TIMESTAMP '{start}' +"
            f" to_seconds(i * {days * 86_400}.0 / {n}) AS timestamp, round(random(), 4) AS score,"
            f" CASE WHEN {lost} THEN NULL ELSE random() END AS {NUMERIC[0]}, {numeric}, {levels}"
            f" FROM range({n}) r(i)) SELECT * EXCLUDE (i), (score >= 0.5)::INT::VARCHAR AS prediction,"
            " (random() < score)::INT::VARCHAR AS label,"
            " timestamp + to_microseconds((random() * 172800e6)::BIGINT) AS known_at FROM drawn)"
            f" TO '{file}' (FORMAT parquet)"
        )


def telltale(*words: str) -> None:
    """A command as somebody gives it."""
    done = subprocess.run([sys.executable, "-m", "app.cli", *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def spent() -> float:
    """Processor seconds of ended children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def scan(home: Path) -> float:
    """Processor seconds of one bare scan."""
    files = home / "logs" / MODEL / "production" / "**" / "*.parquet"
    sums = ", ".join(f"bit_xor(hash({c}))" for c in (*NUMERIC, *LEVELS, "score", "prediction"))
    predictions = str(files).replace("production/", "production/predictions/")
    with duckdb.connect() as db:
        before = time.process_time()
        db.execute(SCAN.format(sums=sums, files=predictions)).fetchall()
        return time.process_time() - before


def main(arguments: Sequence[str] | None = None) -> int:
    """Import, walk, write; 1 where it takes longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay_size")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--home", type=Path, help="a home of an earlier round")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        home = options.home or Path(name) / "home"
        if not home.exists():
            for is_reference in (True, False):
                file = Path(name) / f"{is_reference}.parquet"
                n = REFERENCE if is_reference else options.rows
                make(file, n, "r" if is_reference else "p", is_reference=is_reference)
                extra = ["--as", "reference"] if is_reference else []
                base = ("import", str(file), "--model", MODEL, "--positive", "1")
                telltale(*base, "--home", str(home), *extra)
        before, began, load = spent(), time.monotonic(), os.getloadavg()[0]
        telltale("replay", "--model", MODEL, "--home", str(home), "--json")
        wall, cpu = time.monotonic() - began, spent() - before
        figures = {"wall": wall, "cpu": cpu, "scan_cpu": scan(home), "load": load}
    print(json.dumps(figures))
    text = TEXT.format(
        begin=BEGIN,
        end=END,
        rows=options.rows,
        reference=REFERENCE,
        cores=os.cpu_count(),
        **figures,
    )
    write_table(options.page, text, (BEGIN, END))
    return 1 if wall > max(LIMIT_S, LIMIT_A_ROW_S * options.rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
