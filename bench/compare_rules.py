"""False alarms and power beside the peers' default rules: ``python -m bench.compare_rules``.

A page is one window of a model with ten columns: it says that something changed when any column is
flagged. Every rule sees the same draws. For power at equal false alarms each statistic is given
the threshold at which five per cent of the pages without a change are flagged, found on draws of
their own; then one column of the ten is changed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import jensenshannon

from analytics.drift.ks import TEST as KS
from analytics.drift.tvd import TEST as TVD
from analytics.needs import ColumnCounts, LevelPair, NumericPair
from analytics.quality.missing_rate import CHECK as MISSING
from analytics.stats.classifier import linear_scores, out_of_fold, pooled_auc
from analytics.stats.decision import decide
from analytics.stats.intervals import wilson
from bench.rules import (
    CHUNKS,
    evidently_levels,
    evidently_number,
    nannyml_levels,
    nannyml_number,
)

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "calibration-peers.md"
COLUMNS = 10
RULES = ("Telltale", "Evidently", "NannyML")
SHIFTS = ("mean + 0.3 sd", "spread x 1.6", "15 % of rows to one level", "5 % missing")
Floats = npt.NDArray[np.float64]


class Column:
    """One column of both sides: numbers, or counts by level (the reference in ten chunks)."""

    def __init__(
        self, rng: np.random.Generator, kind: str, n: int, m: int, shift: str = ""
    ) -> None:
        self.kind = kind
        if kind.startswith("levels"):
            k = int(kind.split()[1])
            p = 1 / np.arange(1, k + 1) ** 1.1
            p /= p.sum()
            q = p * 0.85 + 0.15 * (np.arange(k) == k - 1) if shift.startswith("15") else p
            sizes = np.full(CHUNKS, m // CHUNKS)
            self.chunks = [rng.multinomial(size, p).astype(float) for size in sizes]
            self.before, self.now = np.sum(self.chunks, axis=0), rng.multinomial(n, q).astype(float)
            return
        self.before, self.now = _draw(rng, kind, m), _draw(rng, kind, n)
        if shift.startswith("mean"):
            self.now = self.now + 0.3
        if shift.startswith("spread"):
            self.now = self.now * 1.6
        if shift.startswith("5 %"):
            self.now[rng.random(n) < 0.05] = np.nan

    @property
    def is_levels(self) -> bool:
        """Whether it holds counts by level."""
        return self.kind.startswith("levels")

    def telltale(self) -> list[tuple[Any, tuple[float, float]]]:
        """What the product judges of the column."""
        if self.is_levels:
            names = tuple(f"l{i:04d}" for i in range(len(self.now)))
            pair = LevelPair(names, self.before, self.now)
            return [(TVD.compute(pair), TVD.tolerance)]
        numbers = NumericPair.from_arrays(self.before, self.now)
        counts = ColumnCounts(
            n=len(self.now),
            n_missing=numbers.n_missing_current,
            n_distinct=0,
            n_reference=len(self.before),
            n_missing_reference=numbers.n_missing_reference,
        )
        missing = MISSING.compute(counts)
        return [(KS.compute(numbers), KS.tolerance), (missing, MISSING.tolerance)]

    def evidently(self) -> bool:
        """Whether Evidently's default rule flags it."""
        rule: Callable[[Floats, Floats], tuple[float, bool]]
        rule = evidently_levels if self.is_levels else evidently_number
        return rule(self.before, self.now)[1]

    def nannyml(self) -> bool:
        """Whether NannyML's default rule flags it."""
        if self.is_levels:
            return nannyml_levels(self.chunks, self.now)[1]
        return nannyml_number(self.before, self.now)[1]


def _draw(rng: np.random.Generator, kind: str, n: int) -> Floats:
    if kind == "heavy":
        return rng.pareto(1.5, n)
    if kind == "discrete":
        return rng.geometric(0.4, n).astype(float)
    return rng.standard_normal(n)


MIXED = ("normal", "levels 5", "heavy", "levels 50", "discrete", "normal", "levels 2", "heavy",
         "levels 200", "normal")  # fmt: skip


def false_alarms(n: int, m: int, runs: int, kinds: Sequence[str]) -> dict[str, int]:
    """Pages flagged by each rule where nothing changed."""
    rng = np.random.default_rng(n + m)
    flagged = dict.fromkeys(RULES, 0)
    for _ in range(runs):
        columns = [Column(rng, kinds[i % len(kinds)], n, m) for i in range(COLUMNS)]
        verdicts = decide([judged for c in columns for judged in c.telltale()])
        flagged["Telltale"] += any(v in ("warning", "critical") for v, _p in verdicts)
        flagged["Evidently"] += any(c.evidently() for c in columns)
        flagged["NannyML"] += any(c.nannyml() for c in columns)
    return flagged


def statistics_of(column: Column) -> dict[str, float]:
    """What each peer measures of a column, larger for more drift."""
    if column.is_levels:
        a, b = column.before / column.before.sum(), column.now / column.now.sum()
        js = float(jensenshannon(a, b))
        return {"Evidently": js, "NannyML": js / math.sqrt(math.log(2))}
    before, now = column.before[~np.isnan(column.before)], column.now[~np.isnan(column.now)]
    return {
        "Evidently": float(stats.wasserstein_distance(before, now))
        / max(float(before.std()), 1e-3),
        "NannyML": nannyml_number(before, now)[0],
    }


def page_statistics(
    columns: Sequence[Column], reference: dict[str, list[tuple[float, float]]]
) -> dict[str, float]:
    """The largest statistic of a page, each column in units of its own spread without drift."""
    found = {}
    for peer in ("Evidently", "NannyML"):
        scaled = []
        for i, column in enumerate(columns):
            mean, sd = reference[peer][i]
            scaled.append((statistics_of(column)[peer] - mean) / max(sd, 1e-12))
        found[peer] = max(scaled)
    found["classifier"] = classifier(columns)
    return found


def classifier(columns: Sequence[Column]) -> float:
    """z of a linear classifier two-sample test on the numeric columns (at most 2,000 rows a side)."""
    numeric = [c for c in columns if not c.is_levels]
    sides = [
        np.column_stack([np.nan_to_num(v[:2000], nan=-9.0) for v in values])
        for values in ([c.before for c in numeric], [c.now for c in numeric])
    ]
    x = np.vstack(sides)
    x = np.clip((x - np.median(x, axis=0)) / (x.std(axis=0) + 1e-9), -5, 5)
    x = np.column_stack([x, x**2])
    is_current = np.arange(len(x)) >= len(sides[0])
    score, folds = out_of_fold(is_current, lambda a, b: linear_scores(x, is_current, a, b))
    auc, se = pooled_auc(is_current, score, folds)
    return (auc - 0.5) / se


def bbsd(columns: Sequence[Column]) -> float:
    """Black box shift detection: KS on a model's score, here a fixed logistic of the numbers."""
    numeric = [c for c in columns if not c.is_levels]
    weights = np.linspace(1.0, 0.4, len(numeric))
    sides = [
        1
        / (
            1
            + np.exp(
                -np.clip(
                    sum(w * np.nan_to_num(v) for w, v in zip(weights, values, strict=True)), -30, 30
                )
            )
        )
        for values in ([c.before for c in numeric], [c.now for c in numeric])
    ]
    return -float(stats.ks_2samp(sides[0], sides[1]).pvalue)


def power(n: int, m: int, runs: int, shift: str) -> dict[str, float]:
    """Share of pages found by each method at five per cent of false alarms."""
    rng = np.random.default_rng(n * 7 + len(shift))
    kinds = ("levels 5" if shift.startswith("15") else "normal", *MIXED[1:])

    def page(changed: bool) -> list[Column]:
        return [
            Column(rng, k, n, m, shift if changed and i == 0 else "") for i, k in enumerate(kinds)
        ]

    calm = [page(False) for _ in range(runs)]
    reference = {
        peer: [
            (float(np.mean(v)), float(np.std(v)))
            for v in np.array([[statistics_of(c)[peer] for c in p] for p in calm]).T
        ]
        for peer in ("Evidently", "NannyML")
    }
    still = [page_statistics(p, reference) | {"BBSD": bbsd(p)} for p in calm]
    moved = [page(True) for _ in range(runs)]
    found = [page_statistics(p, reference) | {"BBSD": bbsd(p)} for p in moved]
    answer = {
        name: float(np.mean([f[name] > np.quantile([s[name] for s in still], 0.95) for f in found]))
        for name in ("Evidently", "NannyML", "BBSD", "classifier")
    }
    judged = [decide([j for c in p for j in c.telltale()]) for p in moved]
    hit = [any(v in ("warning", "critical") for v, _p in verdicts) for verdicts in judged]
    evident = [any(p is not None and p < 0.05 for _v, p in verdicts) for verdicts in judged]
    return {"Telltale": float(np.mean(hit)), "evidence": float(np.mean(evident)), **answer}


PAGE_TEXT = """# Beside the peers' default rules

<!-- Generated by `python -m bench.compare_rules`; change the script instead. -->

The rules of Evidently 0.7.23 and NannyML 0.13.1 as their documentation gives them (`bench/rules.py`,
checked against the packages), on the same draws. A page is one window of a model with ten columns; it
is flagged when any of them is.

## Pages flagged where nothing changed

{alarms}

Telltale's upper end of the 95 % interval (Wilson) must stay at or below 6 %.

## Power at equal false alarms

One column of ten changed. "Telltale" is the rule of the product, which flags far fewer than 5 % of the
pages without a change because it also asks for an effect that matters; "evidence" is its tests alone
(any adjusted p-value below 0.05), which is what compares with the others. Each other method has the
threshold at which it flags 5 % of those pages: the largest of Evidently's and NannyML's statistics
over the columns, each in units of its own spread; BBSD as Kolmogorov-Smirnov on a model's score; a
cross-fitted linear classifier on the numbers and their squares.

{power}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, write docs/calibration-peers.md; 1 where Telltale's false alarms are over the limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare_rules")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--power-runs", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="*", default=[500, 1000, 5000, 20_000])
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    lines = [
        "| columns | rows | reference | runs | Telltale | upper 95 % | Evidently | NannyML |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    over = False
    cells: dict[str, Sequence[str]] = {
        "mixed": MIXED, "normal": ("normal",), "heavy": ("heavy",), "levels 50": ("levels 50",),
    }  # fmt: skip
    for name, kinds in cells.items():
        for n in options.sizes if name == "mixed" else options.sizes[1:2]:
            m, runs = 5 * n, options.runs if n <= 5000 else max(options.runs // 5, 1)
            found = false_alarms(n, m, runs, kinds)
            upper = wilson(found["Telltale"] / runs, runs)[1]
            over |= runs >= 1000 and upper > 0.06
            shares = [f"{found[rule] / runs:.1%}" for rule in RULES]
            lines.append(
                f"| {name} | {n:,} | {m:,} | {runs:,} | {shares[0]} | {upper:.1%} | {shares[1]} | {shares[2]} |"
            )
            print(lines[-1], flush=True)
    methods = ("Telltale", "evidence", "Evidently", "NannyML", "BBSD", "classifier")
    strength = [
        f"| shift | rows | reference | runs | {' | '.join(methods)} |",
        "|---|---:|---:|---:|" + "---:|" * len(methods),
    ]
    for shift in SHIFTS:
        for n in options.sizes:
            runs = options.power_runs if n <= 5000 else max(options.power_runs // 4, 1)
            share = power(n, 5 * n, runs, shift)
            cells_text = " | ".join(f"{share[name]:.0%}" for name in methods)
            strength.append(f"| {shift} | {n:,} | {5 * n:,} | {runs} | {cells_text} |")
            print(strength[-1], flush=True)
    options.page.write_text(
        PAGE_TEXT.format(alarms="\n".join(lines), power="\n".join(strength)), encoding="utf-8"
    )
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
