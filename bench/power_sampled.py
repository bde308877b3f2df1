"""How often planted changes of columns together and of texts are found; part of ``python -m bench.power``.

Every method judges the same pages (``bench/drawn_sampled.py``) against a reference of
twice as many rows. Telltale looks at the rows that the product would sample, the others at all of them.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from analytics.evaluate.multivariate import MOST_ROWS, MOST_TEXTS
from analytics.needs import Sample, TextPair
from analytics.stats.classifier import linear_scores, out_of_fold, pooled_auc
from analytics.stats.decision import decide
from bench.calibration import read_results, with_ends
from bench.calibration_sampled import sampled_tests
from bench.drawn_sampled import SHIFTS, TEXTS, TOGETHER, Held, Pair, page
from bench.power import (
    BAD,
    MOST_LEARNT,
    N_OUTPUTS,
    OFTEN,
    SELDOM,
    Cell,
    black_box,
    by_column,
    classifier,
)
from bench.rules import evidently_texts, nannyml_together

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "finished" / "power_sampled.jsonl"
SIZES = {500: 60, 1000: 60, 5000: 30, 20_000: 20, 100_000: 10}  # rows: calm pages
PAGES = {TOGETHER: SIZES, TEXTS: {**SIZES, 20_000: 40, 100_000: 12}}
SPREADS = 20  # calm pages of their own that spreads are learnt on, at most
ALONE = "our trees alone"
PEERS = ("Evidently", "NannyML", "BBSD", "linear classifier", "classifier of trees")
OTHERS = {
    TOGETHER: (*PEERS, ALONE),
    TEXTS: ("Evidently", "BBSD", "linear classifier"),
}
N_HASHED = 256  # columns that words are hashed to


def telltale(pair: Pair) -> dict[str, float]:
    """Minus the logarithm of the smallest adjusted p-value, whether anything is flagged (0 or 1), and
    of columns together what our domain classifier says alone."""
    tests = [t for t in sampled_tests() if t.needs is type(pair)]
    seen = sampled(pair)
    estimates = [t.compute(seen) for t in tests]
    found = decide([(e, t.tolerance) for e, t in zip(estimates, tests, strict=True)])
    smallest = min((p for _v, p in found if p is not None), default=1.0)
    flagged = float(any(v in BAD for v, _p in found))
    row = {"evidence": -math.log(max(smallest, 1e-300)), "verdict": flagged}
    for test, estimate in zip(tests, estimates, strict=True):
        if test.name == "domain_classifier_auc" and estimate.value is not None and estimate.se:
            row[ALONE] = (estimate.value - 0.5) / estimate.se
    return row


def sampled(pair: Pair) -> Pair:
    """The rows that the product would look at."""
    if isinstance(pair, Sample):
        before, now = pair.reference[:MOST_ROWS], pair.current[:MOST_ROWS]
        return replace(pair, reference=before, current=now)
    old, new = pair.reference[:MOST_TEXTS], pair.current[:MOST_TEXTS]
    return replace(pair, reference=old, current=new)


def measure(rng: np.random.Generator, pair: Pair) -> dict[str, Any]:
    """Everything that a method says of one page."""
    row: dict[str, Any] = telltale(pair)
    if isinstance(pair, TextPair):
        row["Evidently"] = evidently_texts(pair.reference, pair.current)[0]
        return row | of_texts(pair)
    sides = zip(pair.is_category, pair.reference.T, pair.current.T, strict=True)
    columns = [Held(levels, (before, now)) for levels, before, now in sides]
    filled = [c.filled() for c in columns]
    return row | {
        "Evidently": [by_column(c)[0] for c in filled],
        "NannyML": nannyml_together(pair.reference, pair.current)[0],
        "BBSD": black_box(columns, rng),
        "linear classifier": classifier(columns, rng),
        "classifier of trees": of_trees(pair),
    }


def of_trees(pair: Sample) -> float:
    """z of a cross-fitted classifier of 40 trees that are hardly shrunk, on the rows that we sample."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    sides = (pair.reference[:MOST_ROWS], pair.current[:MOST_ROWS])
    x, is_current = np.vstack(sides), np.repeat([False, True], [len(s) for s in sides])

    def fit(train: Any, test: Any) -> Any:
        model = HistGradientBoostingClassifier(
            max_iter=40, max_leaf_nodes=15, learning_rate=0.15, l2_regularization=1.0,
            categorical_features=list(pair.is_category), random_state=0, early_stopping=False,
        )  # fmt: skip
        return model.fit(x[train], is_current[train]).predict_proba(x[test])[:, 1]

    auc, se = pooled_auc(is_current, *out_of_fold(is_current, fit))
    return (auc - 0.5) / se


def of_texts(pair: TextPair) -> dict[str, float]:
    """BBSD and a cross-fitted linear classifier, on words hashed to 256 columns."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashed = HashingVectorizer(n_features=N_HASHED, alternate_sign=False, norm=None)
    before, now = (hashed.transform(side) for side in (pair.reference, pair.current))
    weights = np.random.default_rng(0).normal(size=(N_HASHED, N_OUTPUTS))
    outputs = []
    for counts in (before, now):
        score = counts @ weights / np.sqrt(np.maximum(np.asarray(counts.sum(axis=1)), 1.0))
        score = np.exp(score - score.max(axis=1, keepdims=True))
        outputs.append(score / score.sum(axis=1, keepdims=True))
    found = [
        float(stats.ks_2samp(*(o[:, k] for o in outputs), method="asymp").pvalue)
        for k in range(N_OUTPUTS)
    ]
    most = MOST_LEARNT // 2
    x = np.vstack([side[:most].toarray() for side in (before, now)])
    is_current = np.arange(len(x)) >= min(before.shape[0], most)
    score, folds = out_of_fold(is_current, lambda a, b: linear_scores(x, is_current, a, b))
    auc, se = pooled_auc(is_current, score, folds)
    return {"BBSD": -math.log(max(min(found), 1e-300)), "linear classifier": (auc - 0.5) / se}


def one_number(kind: str, pages: Sequence[dict[str, Any]], calm: Sequence[dict[str, Any]]) -> Any:
    """Each method's number by page: columns in units of their spread without drift, the largest;
    NannyML's error by how far it is from the middle, on either side."""
    found = {}
    for name in ("evidence", "verdict", *OTHERS[kind]):
        still, values = (np.array([p[name] for p in side], dtype=float) for side in (calm, pages))
        if values.ndim == 2:
            spread = np.maximum(still.std(axis=0), 1e-12)
            values = ((values - still.mean(axis=0)) / spread).max(axis=1)
        if name == "NannyML":
            values = np.abs(values - still.mean())
        found[name] = values
    return found


def simulate(kind: str, n: int, runs: int) -> list[dict[str, Any]]:
    """One row a change: shares of pages found by each method, at both rates of false alarms."""
    rng = np.random.default_rng([n, len(kind)])
    spreads = min(SPREADS, runs)
    calm = [measure(rng, page(rng, kind, n)) for _ in range(spreads + runs)]
    still = one_number(kind, calm[spreads:], calm[:spreads])
    false = float(still["verdict"].mean())
    rows = []
    for shift in SHIFTS[kind]:
        moved = [measure(rng, page(rng, kind, n, shift)) for _ in range((runs + 1) // 2)]
        found = one_number(kind, moved, calm[:spreads])
        row: dict[str, Any] = {"key": f"{kind}/{shift}/{n}", "shift": shift, "n": n, "runs": runs}
        row |= {"verdict": float(found["verdict"].mean()), "false": false}
        for name in ("evidence", *OTHERS[kind]):
            for said, rate in (("often", OFTEN), ("seldom", max(SELDOM, false))):
                limit = np.quantile(still[name], 1 - rate, method="higher")
                row[f"{name} {said}"] = float(np.mean(found[name] > limit))
        rows.append(row)
    return rows


def tables(kind: str, rows: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Both Markdown tables of a kind of pages."""
    found = []
    for said, first in (("often", "Telltale, tests"), ("seldom", "Telltale, verdicts")):
        heads = ["change", "rows", "calm pages", "changed", first]
        heads += ["false alarms"] * (said == "seldom") + list(OTHERS[kind])
        lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
        for row in rows:
            runs, moved = row["runs"], (row["runs"] + 1) // 2
            cells = [row["shift"], f"{row['n']:,}", f"{runs:,}", f"{moved:,}"]
            if said == "often":
                cells.append(with_ends(row["evidence often"], moved))
            else:
                cells += [with_ends(row["verdict"], moved), with_ends(row["false"], runs)]
            found_by = [row.get(f"{name} {said}") for name in OTHERS[kind]]
            cells += ["-" if share is None else with_ends(share, moved) for share in found_by]
            lines.append(f"| {' | '.join(cells)} |")
        found.append("\n".join(lines))
    return found[0], found[1]


def compared(path: Path) -> list[Cell]:
    """Every cell that has been drawn, as ``power.behind`` takes it."""
    found: list[Cell] = []
    for kind in SHIFTS:
        for row in finished(kind, path):
            moved = (row["runs"] + 1) // 2
            for mine, said in (("evidence often", "often"), ("verdict", "seldom")):
                rate = "5% of" if said == "often" else "the verdicts'"
                where = f"{kind}: {row['shift']}, {row['n']:,} rows, at {rate} false alarms"
                names = [o for o in OTHERS[kind] if f"{o} {said}" in row]
                theirs = {o: row[f"{o} {said}"] for o in names}
                found.append((where, (row[mine], moved), theirs, moved))
    return found


SAID = {
    TOGETHER: f"""## Six columns together

A heavy tail, a category, two columns that go together, one with missing values, against a reference of
twice as many rows. "Two columns part": the pair no longer goes together, each column by itself is as it
was. "Follows another's size": in half of the rows one column is large where another is far from zero, with
no correlation and again no column changed by itself. Telltale: domain classifier, PCA reconstruction and MMD
in one family, on the {MOST_ROWS:,} rows a side that the product samples; the others see all rows. Evidently
has no test of columns together: its largest column. NannyML: PCA reconstruction. Classifier of trees: the
two-sample test of Lopez-Paz and Oquab by gradient-boosted trees (40 of 15 leaves, hardly shrunk; at 500 and 1,000
rows that finds more than scikit-learn's defaults, which are LightGBM's in NannyML's domain classifier), on the
same sample. Our trees alone: Telltale's domain classifier, whose leaves are shrunk hard, by its evidence and
without the other two; "-" where pages were drawn before it shrank them, when everything was found already.""",
    TEXTS: f"""## One text column

Texts of 3 to 14 words of 2,000 by Zipf's law, against a reference of twice as many. A new topic: one text in
four gets three words that were never there. Another: one word in four becomes any word, rare or frequent.
Cut short: one text in three keeps three words. Telltale: classifier on runs of three characters, words never
seen and length in one family, on the {MOST_TEXTS:,} texts a side that the product samples. Evidently: its
classifier on TF-IDF. NannyML has no test of texts. BBSD and the linear classifier: words hashed to
{N_HASHED} columns.""",
}
RATES = f"""The first table is at {OFTEN:.0%} of false alarms. In the second the others raise as many as Telltale's
verdicts did on the calm pages, {SELDOM:.1%} at least; with so few of those the threshold is often the largest."""


def page_text(path: Path) -> str:
    """What docs/power.md says of the kinds of pages that have been drawn."""
    parts = []
    for kind in SHIFTS:
        rows = finished(kind, path)
        if rows:
            parts += [f"{SAID[kind]}\n\n{RATES}", *tables(kind, rows)]
    return "\n\n".join(parts)


def finished(kind: str, path: Path, runs: int | None = None) -> list[dict[str, Any]]:
    """The rows of a kind that have been drawn, by change and size."""
    done = read_results(path)
    keys = [f"{kind}/{s}/{n}/{runs or PAGES[kind][n]}" for s in SHIFTS[kind] for n in PAGES[kind]]
    return [done[key] for key in keys if key in done]


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what is not finished yet; ``python -m bench.power --done`` writes the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.power_sampled")
    parser.add_argument("--kinds", nargs="*", default=list(SHIFTS))
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--runs", type=int, help="calm pages, the same for every size")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    for n in options.sizes:
        for kind in options.kinds:
            runs = options.runs or PAGES[kind][n]
            done = read_results(options.results)
            if all(f"{kind}/{shift}/{n}/{runs}" in done for shift in SHIFTS[kind]):
                continue
            rows = simulate(kind, n, runs)
            with options.results.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
            print(*map(json.dumps, rows), sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
