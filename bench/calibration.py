"""How often drift is reported where there is none: ``python -m bench.calibration [--runs 1000]``.

One run is one model and one window: every column's deciding drift test, missing rate and (for
categories) unseen rate, all p-values in one Benjamini-Hochberg family, judged by the rule that the
product uses. A run counts as flagged when anything in it is a warning or critical.

A simulation draws up to 30 columns a run; cells with 1, 5 and 30 columns judge the first 1, 5 and
30 of them. Finished cells stand in ``bench/finished/`` and are skipped on restart.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analytics.drift.ks import TEST as KS
from analytics.drift.tvd import TEST as TVD
from analytics.needs import LevelPair, NumericPair
from analytics.stats.decision import decide
from analytics.stats.intervals import wilson
from bench.draw import NAMES, Judged, column, level_shares

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "finished" / "calibration.jsonl"
TABLE = ROOT / "docs" / "calibration.md"
LIMIT = 0.06
COLUMNS = (1, 5, 30)
MANY_ROWS = 100_000  # numeric columns of that size come five at most: a run of 30 takes a second
SHAPES = (
    "even",
    "heavy",
    "discrete",
    "levels 2",
    "levels 10",
    "levels 100",
    "levels 1000",
    "mixed",
)
MIXED = ("heavy", "levels 10", "discrete", "levels 1000", "even", "levels 2", "levels 100")


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is drawn: a shape of columns, rows in the window, rows in the reference."""

    shape: str
    n: int
    m: int

    @property
    def columns(self) -> tuple[int, ...]:
        """The numbers of columns judged."""
        is_slow = max(self.n, self.m) >= MANY_ROWS and not self.shape.startswith("levels")
        return COLUMNS[:2] if is_slow else COLUMNS

    def key(self, columns: int) -> str:
        """The cell's name in the results file."""
        return f"{self.shape}/{self.n}/{self.m}/{columns}"


def simulations(cells: str) -> Iterator[Simulation]:
    """Every simulation of a set of cells, small ones first."""
    sizes = (100, 1000) if cells == "quick" else (100, 1000, 10_000, 100_000)
    shapes = ("heavy", "levels 10", "levels 1000", "mixed") if cells == "quick" else SHAPES
    for n in sizes:
        for ratio in (1,) if cells == "quick" else (1, 10, 0.1):
            m = round(n * ratio)
            if m < 100:
                continue
            for shape in shapes:
                yield Simulation(shape, n, m)


def simulate(simulation: Simulation, runs: int) -> list[dict[str, Any]]:
    """One row a cell: runs flagged, and runs with evidence before the effect is asked for."""
    seed = zlib.crc32(simulation.key(0).encode())
    rng = np.random.default_rng(seed)
    flagged = dict.fromkeys(simulation.columns, 0)
    evident = dict.fromkeys(simulation.columns, 0)
    for _ in range(runs):
        drawn = [
            column(rng, _shape(simulation.shape, i), simulation.n, simulation.m)
            for i in range(max(simulation.columns))
        ]
        for columns in simulation.columns:
            verdicts = decide([judged for estimates in drawn[:columns] for judged in estimates])
            flagged[columns] += any(v in ("warning", "critical") for v, _p in verdicts)
            evident[columns] += any(p is not None and p < 0.05 for _v, p in verdicts)
    return [
        {
            **asdict(simulation),
            "key": simulation.key(columns),
            "columns": columns,
            "runs": runs,
            "flagged": flagged[columns],
            "evident": evident[columns],
        }
        for columns in simulation.columns
    ]


def _shape(shape: str, i: int) -> str:
    return MIXED[i % len(MIXED)] if shape == "mixed" else shape


def power(runs: int) -> dict[str, float]:
    """Share of runs that find one shifted column among ten (1,000 rows against 5,000)."""
    rng = np.random.default_rng(7)
    found = {"numeric, 0.3 sd": 0, "numeric, 0.5 sd": 0, "10 levels, 15 % of rows moved": 0}
    p = level_shares(10)
    moved = p * 0.85 + 0.15 * (np.arange(10) == 9)
    for _ in range(runs):
        calm = [j for _ in range(9) for j in column(rng, "heavy", 1000, 5000)]
        reference = rng.standard_normal(5000)
        for name, shift in (("numeric, 0.3 sd", 0.3), ("numeric, 0.5 sd", 0.5)):
            pair = NumericPair.from_arrays(reference, rng.standard_normal(1000) + shift)
            found[name] += _is_found((KS.compute(pair), KS.tolerance), calm)
        counts = rng.multinomial(5000, p).astype(float), rng.multinomial(1000, moved).astype(float)
        levels = LevelPair(NAMES[10], *counts)
        found["10 levels, 15 % of rows moved"] += _is_found(
            (TVD.compute(levels), TVD.tolerance), calm
        )
    return {name: count / runs for name, count in found.items()}


def _is_found(judged: Judged, others: Sequence[Judged]) -> bool:
    return decide([judged, *others])[0][0] in ("warning", "critical")


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """Finished cells by key and runs; a line that was cut off half way counts as not finished."""
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        found[f"{row['key']}/{row['runs']}"] = row
    return found


def with_ends(share: float, n: int) -> str:
    """A share of ``n`` draws with its 95 % interval (Wilson), in percent."""
    low, high = wilson(share, n)
    return f"{share:.1%} ({low * 100:.1f} to {high * 100:.1f})"


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The Markdown table, in the order of simulation."""
    lines = [
        "| columns of shape | rows | reference | columns | runs | flagged | upper 95 % | evidence alone |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        share, upper = (
            row["flagged"] / row["runs"],
            wilson(row["flagged"] / row["runs"], row["runs"])[1],
        )
        lines.append(
            f"| {row['shape']} | {row['n']:,} | {row['m']:,} | {row['columns']} | {row['runs']:,}"
            f" | {share:.1%} | {upper:.1%} | {row['evident'] / row['runs']:.1%} |"
        )
    return "\n".join(lines)


def is_within_limit(row: dict[str, Any]) -> bool:
    """Whether the upper end of the flagged share's 95 % interval stays below 6 %."""
    return wilson(row["flagged"] / row["runs"], row["runs"])[1] <= LIMIT


def run(cells: str, runs: int, path: Path) -> list[dict[str, Any]]:
    """Simulate what is not finished yet, append it to the file, return every asked cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, answers = read_results(path), []
    for simulation in simulations(cells):
        keys = [f"{simulation.key(columns)}/{runs}" for columns in simulation.columns]
        if not all(key in done for key in keys):
            start = time.perf_counter()
            rows = simulate(simulation, runs)
            with path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
            done |= {f"{row['key']}/{row['runs']}": row for row in rows}
            print(f"{simulation} {time.perf_counter() - start:.0f} s", flush=True)
        answers += [done[key] for key in keys]
    return answers


PAGE = """# Calibration

Share of runs that report anything where nothing changed (`python -m bench.calibration`). One run is
one model and one window: the deciding drift test, the missing rate and, for categories, the unseen
rate of every column, in one Benjamini-Hochberg family. "Flagged" needs evidence and an effect above
the tolerance; "evidence alone" is what p-values without the effect would report. 2 % of all values
are missing. "even" is uniform, "heavy" Pareto without a mean, "discrete" geometric with ties,
"levels k" a long-tailed category, "mixed" takes turns. The upper end of the 95 % interval (Wilson)
must stay at or below 6 % in every cell. Numeric cells with 100,000 rows on a side have at most five
columns.

{table}

## Power

One column among ten has changed, 1,000 rows against 5,000, share of runs that report it:

{power}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, write docs/calibration.md for the full set; 1 where a cell is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--cells", choices=("all", "quick"), default="all")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=TABLE)
    options = parser.parse_args(arguments)
    rows = run(options.cells, options.runs, options.results)
    strength = "\n".join(f"- {name}: {share:.1%}" for name, share in power(options.runs).items())
    print(table(rows), strength, sep="\n\n")
    if options.cells == "all":
        options.page.parent.mkdir(parents=True, exist_ok=True)
        options.page.write_text(PAGE.format(table=table(rows), power=strength), encoding="utf-8")
    over = [row["key"] for row in rows if not is_within_limit(row)]
    print(f"over {LIMIT:.0%}: {', '.join(over) or 'none'}")
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
