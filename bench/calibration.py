"""How often drift is reported where there is none: ``python -m bench.calibration [--runs 1000]``.

One run is one model and one window: every column's deciding drift test, missing rate and (for
categories) unseen rate, all p-values in one Benjamini-Hochberg family, judged by the rule that the
product uses. A run counts as flagged when anything in it is a warning or critical.

A simulation draws up to 30 columns a run; cells with 1, 5 and 30 columns judge the first 1, 5 and
30 of them. Finished cells stand in ``bench/results/`` and are skipped on restart.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.drift.ks import TEST as KS
from analytics.drift.tvd import TEST as TVD
from analytics.needs import ColumnCounts, LevelPair, NumericPair
from analytics.quality.missing_rate import CHECK as MISSING
from analytics.quality.unseen_rate import CHECK as UNSEEN
from analytics.stats.decision import decide
from analytics.stats.intervals import wilson

Floats = npt.NDArray[np.float64]
Judged = tuple[Estimate, tuple[float, float]]

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "calibration.jsonl"
TABLE = ROOT / "docs" / "calibration.md"
LIMIT = 0.06
MISSING_SHARE = 0.02
COLUMNS = (1, 5, 30)
MANY_ROWS = 100_000  # numeric columns of that size come five at most: a run of 30 takes a second
DISCRETE = 0.6 ** np.arange(40) * 0.4
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


def column(rng: np.random.Generator, shape: str, n: int, m: int) -> list[Judged]:
    """One column without drift: the estimates that decide, with their tolerances."""
    gone = rng.binomial((n, m), MISSING_SHARE)
    held, held_reference = n - int(gone[0]), m - int(gone[1])
    if shape.startswith("levels"):
        pair = _levels(rng, int(shape.split()[1]), held, held_reference)
        counts = _counts(pair, (n, m), (int(gone[0]), int(gone[1])))
        return [
            (TVD.compute(pair), TVD.tolerance),
            (MISSING.compute(counts), MISSING.tolerance),
            (UNSEEN.compute(counts), UNSEEN.tolerance),
        ]
    draw = _NUMBERS[shape]
    numbers = NumericPair(draw(rng, held_reference), draw(rng, held), int(gone[1]), int(gone[0]))
    counts = ColumnCounts(
        n=n, n_missing=int(gone[0]), n_distinct=0, n_reference=m, n_missing_reference=int(gone[1])
    )
    return [(KS.compute(numbers), KS.tolerance), (MISSING.compute(counts), MISSING.tolerance)]


def _even(rng: np.random.Generator, n: int) -> Floats:
    """Sorted uniform values, from the sums of exponential gaps."""
    sums = np.cumsum(rng.standard_exponential(n + 1))
    return np.asarray(sums[:-1] / sums[-1])


def _heavy(rng: np.random.Generator, n: int) -> Floats:
    return np.asarray(1 / (1 - _even(rng, n)))  # Pareto without a mean


def _discrete(rng: np.random.Generator, n: int) -> Floats:
    p = DISCRETE / DISCRETE.sum()
    return np.repeat(np.arange(float(len(p))), rng.multinomial(n, p))


_NUMBERS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "even": _even,
    "heavy": _heavy,
    "discrete": _discrete,
}
_NAMES = {k: tuple(f"v{i}" for i in range(k)) for k in (2, 10, 100, 1000)}


def level_shares(k: int) -> Floats:
    """A long tail: shares fall as 1 / sqrt(rank)."""
    weight = 1 / np.sqrt(np.arange(1, k + 1))
    return np.asarray(weight / weight.sum())


def _levels(rng: np.random.Generator, k: int, n: int, m: int) -> LevelPair:
    counts = rng.multinomial((m, n), level_shares(k)).astype(float)
    seen = counts.sum(axis=0) > 0
    names = tuple(name for name, is_seen in zip(_NAMES[k], seen.tolist(), strict=True) if is_seen)
    return LevelPair(names, counts[0, seen], counts[1, seen])


def _counts(pair: LevelPair, rows: tuple[int, int], gone: tuple[int, int]) -> ColumnCounts:
    unseen = np.sort(pair.current[pair.reference == 0])[::-1]
    return ColumnCounts(
        n=rows[0],
        n_missing=gone[0],
        n_distinct=int((pair.current > 0).sum()),
        n_unseen=int(unseen.sum()),
        n_reference=rows[1],
        n_missing_reference=gone[1],
        n_distinct_reference=int((pair.reference > 0).sum()),
        n_singletons_reference=int((pair.reference == 1).sum()),
        unseen_levels=tuple((f"u{i}", int(c)) for i, c in enumerate(unseen[:20].tolist())),
    )


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
        levels = LevelPair(_NAMES[10], *counts)
        found["10 levels, 15 % of rows moved"] += _is_found(
            (TVD.compute(levels), TVD.tolerance), calm
        )
    return {name: count / runs for name, count in found.items()}


def _is_found(judged: Judged, others: Sequence[Judged]) -> bool:
    return decide([judged, *others])[0][0] in ("warning", "critical")


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """Finished cells by key; none where the file is absent."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return {f"{row['key']}/{row['runs']}": row for row in rows}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The Markdown table, worst cells first within nothing: in the order of simulation."""
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
