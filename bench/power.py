"""How often planted shifts are found, at equal false alarms: ``python -m bench.power``.

Every method judges the same pages (``bench/drawn.py``). Its threshold is the one that so many pages
without a change exceed, found on draws of their own: five in a hundred, beside what Telltale's tests
say, and one in two hundred, beside its verdicts. Finished cells stand in ``bench/finished/`` and are
skipped on restart.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

from analytics.core import Verdict
from analytics.monitors.peers import nannyml_number
from analytics.stats.classifier import linear_scores, out_of_fold, pooled_auc
from analytics.stats.decision import decide
from bench.calibration import read_results, with_ends
from bench.drawn import MIXED, SHIFTS, Column, Floats, Sides, page

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "bench" / "finished" / "power.jsonl", ROOT / "docs" / "power.md"
SIZES = {500: 300, 1000: 300, 5000: 150, 20_000: 20, 100_000: 20}  # rows: pages of a kind
OURS = {500: 600, 1000: 300, 5000: 200, 20_000: 60, 100_000: 40}  # pages for our verdicts alone
OTHERS = ("Evidently", "NannyML", "BBSD", "classifier")
OFTEN, SELDOM = 0.05, 0.005
BAD = ("warning", "critical")
N_OUTPUTS, MOST_SCORED, MOST_LEARNT, MOST_LEVELS = 5, 50_000, 10_000, 10


def by_column(column: Sides) -> tuple[float, float]:
    """What Evidently and NannyML measure of a column, larger for more drift."""
    if column.is_levels:
        a, b = column.before / column.before.sum(), column.now / column.now.sum()
        js = float(jensenshannon(a, b))
        return js, js / math.sqrt(math.log(2))
    before, now = column.before[~np.isnan(column.before)], column.now[~np.isnan(column.now)]
    distance = float(stats.wasserstein_distance(before, now)) / max(float(before.std()), 1e-3)
    return distance, nannyml_number(before, now)[0]


def black_box(columns: Sequence[Sides], rng: np.random.Generator) -> float:
    """Black box shift detection: the smallest p-value of KS over a model's five probabilities.

    Bonferroni's factor is the same on every page, so that the threshold takes it up. The model is a
    softmax with fixed weights on every number and level. Returned as minus its logarithm.
    """
    weights = np.random.default_rng(0)
    sides: list[Any] = [0.0, 0.0]
    for column in columns:
        if column.is_levels:
            of_level = weights.normal(size=(len(column.now), N_OUTPUTS))
            terms = [of_level[v.astype(int)] for v in column.rows(rng, MOST_SCORED)]
        else:
            w = weights.normal(size=N_OUTPUTS)
            filled = (np.nan_to_num(v) for v in column.rows(rng, MOST_SCORED))
            terms = [np.clip(v, -5, 5)[:, None] * w for v in filled]
        sides = [total + term for total, term in zip(sides, terms, strict=True)]
    scores = [np.exp(s - s.max(axis=1, keepdims=True)) for s in sides]
    before, now = (s / s.sum(axis=1, keepdims=True) for s in scores)
    found = [stats.ks_2samp(before[:, k], now[:, k], method="asymp") for k in range(N_OUTPUTS)]
    return -math.log(max(min(float(f.pvalue) for f in found), 1e-300))


def classifier(columns: Sequence[Sides], rng: np.random.Generator) -> float:
    """z of a cross-fitted linear classifier on numbers, their squares, gaps and frequent levels."""
    parts: list[list[Floats]] = [[], []]
    for column in columns:
        sides = column.rows(rng, MOST_LEARNT)
        middle, spread = np.nanmedian(sides[0]), np.nanstd(sides[0]) + 1e-9
        for part, values in zip(parts, sides, strict=True):
            if column.is_levels:
                part += [(values == level).astype(float) for level in range(MOST_LEVELS)]
                part.append((values >= MOST_LEVELS).astype(float))
                continue
            z = np.clip((np.nan_to_num(values, nan=middle) - middle) / spread, -5, 5)
            part += [z, z**2, np.isnan(values).astype(float)]
    x = np.vstack([np.column_stack(part) for part in parts])
    is_current = np.arange(len(x)) >= len(parts[0][0])
    score, folds = out_of_fold(is_current, lambda a, b: linear_scores(x, is_current, a, b))
    auc, se = pooled_auc(is_current, score, folds)
    return (auc - 0.5) / se


def judged(columns: Sequence[Column]) -> list[tuple[Verdict, float | None]]:
    """Telltale's verdicts on a page, and their adjusted p-values."""
    return decide([each for c in columns for each in c.telltale()])


def verdicts(shift: str, n: int, runs: int) -> dict[str, Any]:
    """Shares of pages that Telltale flags, with the shift and without, on pages of their own."""
    rng = np.random.default_rng([n, len(shift), 1])
    kinds = (SHIFTS[shift], *MIXED[1:])

    def share(times: int, of: str) -> float:
        pages = (judged(page(rng, kinds, n, 5 * n, of)) for _ in range(times))
        return float(np.mean([any(v in BAD for v, _p in found) for found in pages]))

    row: dict[str, Any] = {"key": f"verdicts/{shift}/{n}", "runs": runs}
    return row | {"verdict": share(runs, shift), "false": share(2 * runs, "")}


def measure(rng: np.random.Generator, columns: Sequence[Column]) -> dict[str, Any]:
    """Everything that a method says of one page."""
    verdicts = judged(columns)
    peers = [by_column(c) for c in columns]
    smallest = min((p for _v, p in verdicts if p is not None), default=1.0)
    return {
        "evidence": -math.log(max(smallest, 1e-300)),
        "Evidently": [e for e, _n in peers],
        "NannyML": [n for _e, n in peers],
        "BBSD": black_box(columns, rng),
        "classifier": classifier(columns, rng),
    }


def one_number(
    pages: Sequence[dict[str, Any]], calm: Sequence[dict[str, Any]]
) -> dict[str, Floats]:
    """Each method's number by page; columns in units of their spread without drift, the largest."""
    found = {}
    for name in ("evidence", *OTHERS):
        still, values = (np.array([p[name] for p in side], dtype=float) for side in (calm, pages))
        if values.ndim == 2:
            spread = np.maximum(still.std(axis=0), 1e-12)
            values = ((values - still.mean(axis=0)) / spread).max(axis=1)
        found[name] = values
    return found


@cache
def quiet(kind: str, n: int, runs: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Pages without a change, twice: spreads are learnt on those that no threshold is taken from."""
    rng = np.random.default_rng([n, len(kind)])
    kinds = (kind, *MIXED[1:])
    pages = [measure(rng, page(rng, kinds, n, 5 * n)) for _ in range(2 * runs)]
    return pages[:runs], pages[runs:]


def cell(shift: str, n: int, runs: int) -> dict[str, Any]:
    """Shares of pages found by each method, at both rates of false alarms."""
    rng = np.random.default_rng([n, len(shift)])
    kinds = (SHIFTS[shift], *MIXED[1:])
    calm, fresh = quiet(SHIFTS[shift], n, runs)
    moved = [measure(rng, page(rng, kinds, n, 5 * n, shift)) for _ in range(runs)]
    still, found = one_number(fresh, calm), one_number(moved, calm)
    row: dict[str, Any] = {"key": f"{shift}/{n}", "shift": shift, "n": n, "runs": runs}
    for name in found:
        for said, rate in (("often", OFTEN), ("seldom", SELDOM)):
            limit = np.quantile(still[name], 1 - rate, method="higher")
            row[f"{name} {said}"] = float(np.mean(found[name] > limit))
    return row


TEXT = f"""# Power at equal false alarms

<!-- Generated by `python -m bench.power`; change the script instead. -->

Share of pages on which a planted shift is found, with its 95 % interval (Wilson). A page is one window of
a model with ten columns (three normal, two with a heavy tail, one discrete, four categories of 2 to 200 levels) against a
reference of five times as many rows; one column is changed. Thresholds are taken from pages without a
change, so that each method raises as many false alarms as the one that it stands beside:

- at {OFTEN:.0%}: Telltale's tests (the smallest adjusted p-value of the page);
- at {SELDOM:.1%}: Telltale's verdicts, which also ask for an effect above the tolerance and raise about as
  many or fewer false alarms than that (the column beside them; the verdicts cost little and are taken on
  pages of their own: so many with the shift, the first of the two numbers, and twice as many without).

Evidently and NannyML: the largest of their default statistics over the columns, each in units of its own
spread without drift, which is kinder than their fixed thresholds. BBSD: Kolmogorov-Smirnov on the five
probabilities of a model, Bonferroni; one column in ten moves them little. Classifier: a cross-fitted
linear two-sample test on numbers, their squares, gaps and frequent levels. With fewer than 200 pages the
lower rate is that of the largest calm one, with 20 or fewer the higher one as well; the intervals know of the
pages with a shift, not of the chance in thresholds.

Where a verdict is missed that a test saw, the effect less what chance alone shows was not above the
tolerance: at 500 rows, 95 of 100 pages without a change show a Kolmogorov-Smirnov D below 0.067, which is
taken off in squares, so that a D above 0.1005 speaks; these shifts move D by 0.11 to 0.12. Taking off the D
that four of five pages stay below would find 98.4% (97.4 to 99.0) of moved means at 500 rows where this finds
95.8% (94.4 to 96.9), and more than double the false alarms there: 1.2% (0.9 to 1.7) instead of 0.6% (0.4 to
0.9), on 1,000 pages with the shift and 3,000 without.

## Where another found more

Every cell of the tables below in which another method found more than Telltale did, however little.

{{behind}}

## At {OFTEN:.0%} of false alarms

{{often}}

## At {SELDOM:.1%} of false alarms

{{seldom}}

{{sampled}}"""


Cell = tuple[str, tuple[float, int], dict[str, float], int]  # where, ours of pages, theirs of pages


def behind(cells: Sequence[Cell]) -> str:
    """A table of every cell where another method found more than Telltale, with both shares."""
    found = []
    for where, ours, theirs, pages in cells:
        more = [f"{n} {with_ends(s, pages)}" for n, s in theirs.items() if s > ours[0]]
        if more:
            found.append(f"| {where} | {with_ends(*ours)} | {'; '.join(more)} |")
    if not found:
        return "No other method found more in any cell."
    return "\n".join(["| cell | Telltale | others that found more |", "|---|---:|---|", *found])


def compared(rows: Sequence[dict[str, Any]]) -> list[Cell]:
    """Every cell of the pages with ten columns, as ``behind`` takes it."""
    found: list[Cell] = []
    for mine, said, pages in (("evidence often", "often", "runs"), ("verdict", "seldom", "judged")):
        rate = f"{OFTEN:.0%}" if said == "often" else f"{SELDOM:.1%}"
        found += [
            (
                f"{r['shift']}, {r['n']:,} rows, at {rate}", (r[mine], r[pages]),
                {o: r[f"{o} {said}"] for o in OTHERS}, r["runs"],
            )
            for r in rows
        ]  # fmt: skip
    return found


def tables(rows: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Both Markdown tables, every share with its interval."""
    heads = ("shift", "rows", "pages")
    often = [f"| {' | '.join((*heads, 'Telltale, tests', *OTHERS))} |"]
    seldom = [f"| {' | '.join((*heads, 'Telltale, verdicts', 'false alarms', *OTHERS))} |"]
    often.append("|---|---:|---:|" + "---:|" * 5)
    seldom.append("|---|---:|---:|" + "---:|" * 6)
    for row in rows:
        head, runs, ours = f"| {row['shift']} | {row['n']:,}", row["runs"], row["judged"]
        found = [with_ends(row[f"{name} often"], runs) for name in ("evidence", *OTHERS)]
        often.append(f"{head} | {runs} | {' | '.join(found)} |")
        found = [with_ends(row["verdict"], ours), with_ends(row["false"], 2 * ours)]
        found += [with_ends(row[f"{name} seldom"], runs) for name in OTHERS]
        seldom.append(f"{head} | {ours} and {runs} | {' | '.join(found)} |")
    return "\n".join(often), "\n".join(seldom)


def keep(row: dict[str, Any], path: Path) -> dict[str, Any]:
    """Write a finished row behind the others and print it."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what is not finished yet, write docs/power.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.power")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--runs", type=int, help="pages of a kind, the same for every size")
    parser.add_argument("--done", action="store_true", help="write what is finished, draw nothing")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    from bench import power_sampled  # which takes this file's numbers

    options.results.parent.mkdir(parents=True, exist_ok=True)
    done, rows = read_results(options.results), {}
    for n in options.sizes:
        runs, ours = options.runs or SIZES[n], options.runs or OURS[n]
        for shift in SHIFTS:
            keys = f"{shift}/{n}/{runs}", f"verdicts/{shift}/{n}/{ours}"
            if options.done and any(key not in done for key in keys):
                continue
            for key, draw, times in zip(keys, (cell, verdicts), (runs, ours), strict=True):
                if key not in done:
                    done[key] = keep(draw(shift, n, times), options.results)
            found, mine = (done[key] for key in keys)
            rows[shift, n] = {**mine, **found, "judged": ours}
    asked = [(shift, n) for shift in SHIFTS for n in options.sizes]
    ordered = [rows[at] for at in asked if at in rows]
    often, seldom = tables(ordered)
    beside = options.results.with_name(power_sampled.RESULTS.name)
    sampled = power_sampled.page_text(beside)
    where = behind([*compared(ordered), *power_sampled.compared(beside)])
    text = TEXT.format(often=often, seldom=seldom, sampled=sampled, behind=where)
    options.page.write_text(text.rstrip() + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
