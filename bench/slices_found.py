"""Does the search find a planted slice, and does it stay silent where there is none?

`python -m bench.slices_found`: 100 logs with one planted slice (400 rows and more, 20 points more
errors at a base of 15 %), then 400 logs whose errors fall by chance. Sizes, columns and the planted
conditions are drawn anew for every log.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from analytics.core import Column, Dataset, Log, Part, Question, Result, Schema, Scope
from analytics.evaluate import slices
from analytics.query.engine import Engine
from analytics.stats.intervals import wilson
from bench.slices_page import keep

BASE, GAP, LEAST = 0.15, 0.20, 400
ALIKE = 0.6  # rows in both of all rows in either: from there on the planted slice is named


@dataclass(frozen=True, slots=True)
class Made:
    """A log, its rows, and which of them lie in the planted slice."""

    dataset: Dataset
    frame: pd.DataFrame
    planted: np.ndarray[Any, Any]
    columns: tuple[str, ...]


def make(folder: Path, seed: int, *, is_planted: bool) -> Made:
    """A log of 4,000 to 20,000 rows with five to ten columns."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4_000, 20_001))
    frame, types = _columns(rng, n)
    names, planted = _plant(rng, frame, types) if is_planted else ((), np.zeros(n, dtype=bool))
    truth = rng.random(n) < 0.4
    wrong = rng.random(n) < BASE + GAP * planted
    frame["label"], frame["prediction"] = truth.astype(int), (truth ^ wrong).astype(int)
    return Made(_write(folder, seed, frame, types), frame, planted, names)


def _columns(rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, dict[str, str]]:
    values: dict[str, Any] = {}
    types = {}
    for i in range(int(rng.integers(5, 11))):
        if i % 2:
            draw = (rng.normal, rng.exponential, rng.random)[int(rng.integers(3))]
            values[f"x{i}"], types[f"x{i}"] = draw(size=n), "numeric"
        else:
            shares = rng.dirichlet(np.full(int(rng.integers(2, 9)), 3.0))
            levels = [f"k{j}" for j in range(len(shares))]
            values[f"c{i}"], types[f"c{i}"] = rng.choice(levels, n, p=shares), "categorical"
    return pd.DataFrame(values), types


def _plant(
    rng: np.random.Generator, frame: pd.DataFrame, types: dict[str, str]
) -> tuple[tuple[str, ...], np.ndarray[Any, Any]]:
    """One to three conditions that hold for 400 rows to a quarter of all."""
    while True:
        count = int(rng.integers(1, 4))
        names = tuple(sorted(rng.choice(list(types), count, replace=False)))
        inside = np.ones(len(frame), dtype=bool)
        for name in names:
            column = frame[name]
            if types[name] == "categorical":
                inside &= (column == rng.choice(column.unique())).to_numpy()
                continue
            cut = float(np.quantile(column, rng.uniform(0.3, 0.7)))
            inside &= ((column > cut) if rng.random() < 0.5 else (column <= cut)).to_numpy()
        if LEAST <= inside.sum() <= len(frame) / 4:
            return names, inside


def _write(folder: Path, seed: int, frame: pd.DataFrame, types: dict[str, str]) -> Dataset:
    text = frame.assign(
        row=np.arange(len(frame)),
        prediction_id=[f"s{seed}-{i}" for i in range(len(frame))],
        label=frame["label"].astype(str),
        prediction=frame["prediction"].astype(str),
    )
    logs: dict[Any, Log] = {}
    wanted = {
        "predictions": ["row", "prediction_id", "prediction", *types],
        "labels": ["prediction_id", "label"],
    }
    for kind, columns in wanted.items():
        place = folder / str(seed) / kind / "date=none"
        place.mkdir(parents=True)
        path = place / "part.parquet"
        with duckdb.connect() as db:
            db.register("picked", text[columns])
            db.execute(f"COPY picked TO '{path}' (FORMAT parquet)")
        part = Part(str(path), len(frame), f"{seed}")
        logs[("production", kind)] = Log(kind, (part,), tuple(columns), True)  # type: ignore[arg-type]
    own = [Column(name, "feature", kind) for name, kind in types.items()]  # type: ignore[arg-type]
    said = [Column(name, name, "categorical") for name in ("prediction", "label")]
    return Dataset("m", Schema("binary", (*said, *own), ("0", "1"), "1"), logs, str(seed))


def is_named(made: Made, found: Result) -> bool:
    """Whether a slice is the planted one: some of its columns and no other, and nearly its rows."""
    conditions = found.detail["conditions"]
    if not {c["column"] for c in conditions} <= set(made.columns):
        return False
    inside = np.ones(len(made.frame), dtype=bool)
    for c in conditions:
        column = made.frame[c["column"]]
        tests = {"=": column == c["value"]}
        if c["operator"] in (">", "<="):
            tests |= {">": column > c["value"], "<=": column <= c["value"]}
        inside &= tests[c["operator"]].to_numpy()
    return bool((inside & made.planted).sum() >= ALIKE * (inside | made.planted).sum())


def run(n_planted: int, n_clean: int, start: int = 0) -> tuple[int, int]:
    """(planted slices among the first three, clean logs that raised a flag)."""
    named = flagged = 0
    for i in range(n_planted + n_clean):
        with tempfile.TemporaryDirectory() as folder:
            made = make(Path(folder), start + i, is_planted=i < n_planted)
            engine = Engine([folder], threads=1)
            results = slices(engine, made.dataset, Question(Scope()))
            engine.close()
        weak = [r for r in results if r.verdict in ("warning", "critical")]
        if i < n_planted:
            named += any(is_named(made, r) for r in weak[:3])
        else:
            flagged += bool(weak)
    return named, flagged


def main() -> None:
    """Print the counts, and write them into docs/slices.md with --write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planted", type=int, default=100)
    parser.add_argument("--clean", type=int, default=400)
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--write", action="store_true", help="write docs/slices.md")
    chosen = parser.parse_args()
    named, flagged = run(chosen.planted, chosen.clean, chosen.start)
    upper = wilson(flagged / chosen.clean, chosen.clean)[1] if chosen.clean else 1.0
    lines = [
        "## What is found",
        "",
        "Logs of 4,000 to 20,000 rows with five to ten columns. A planted slice has one to three"
        " conditions, at least 400 rows and 20 points more errors at a base of 15 %; it counts as named"
        " when a weak slice among the first three is told by its columns alone and has at least 60 % of"
        " the rows of either in common.",
        "",
        "| Logs | What happened | Count | Bar |",
        "|---|---|---:|---|",
        f"| {chosen.planted} with a planted slice | it is among the first three |"
        f" {named} | at least 95 of 100 |",
        f"| {chosen.clean} whose errors fall by chance | a slice is called weak | {flagged}"
        f" ({100 * flagged / max(chosen.clean, 1):.1f} %, Wilson's upper end {100 * upper:.1f} %) |"
        " upper end at most 6 % |",
    ]
    print("\n".join(lines))
    if chosen.write:
        keep(lines)


if __name__ == "__main__":
    main()
