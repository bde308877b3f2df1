"""Estimates without labels beside what came true: `python -m bench.estimate` writes docs/estimates.md.

Five data sets. Part of each teaches a logistic regression, part is the reference, and chunks are
drawn from the rest: at random, or leaning on one column, so that the mix of rows changes while each
row's truth stays what it is. Every chunk is estimated as the product does it and compared with its
own labels.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.catalog import metrics_for
from analytics.core import Estimate
from analytics.estimate.atc import atc, confidence
from analytics.estimate.cbpe import calibrate, cbpe, forecast, lean
from analytics.estimate.importance import importance, liken, too_unlike, weighted_calibration
from analytics.evaluate.opinions import tell
from analytics.needs import Confusion, Floats, Scores
from analytics.stats.intervals import wilson

ROOT = Path(__file__).resolve().parents[1]
PAGE, RESULTS = ROOT / "docs" / "estimates.md", ROOT / "bench" / "results" / "estimate.jsonl"
SHARED = ROOT.parent / "shared" / "data"
NAMES = ("accuracy", "f1", "roc_auc")
LEAST_HELD = 0.9
LEAN = 4.0  # the odds of a row grow by e^4 from the column's smallest value to its largest
SEED = 5  # other chunks than those on which the headline was chosen
MOST_REFERENCE, MOST_CHUNK = 10_000, 2_000
Set = tuple[Floats, npt.NDArray[np.bool_]]


def car_loan(shared: Path) -> Set:
    """NannyML's car loans, with a model of our own: theirs leaves nothing to gain."""
    import pandas as pd

    rows = pd.read_parquet(shared / "car_loan" / "car_loan_reference.parquet")
    x = rows.drop(columns=["id", "repaid", "timestamp", "y_pred_proba", "y_pred"])
    return coded(x), np.asarray(rows["repaid"] == 1)


def flights(_shared: Path) -> Set:
    """The sample log's flights from January to March: late or not."""
    import pandas as pd

    rows = pd.read_parquet(ROOT / "sample_logs" / "flight-late" / "reference.parquet")
    rows = rows[rows["label"].notna()]
    x = rows.loc[:, "carrier":"dest"]
    return coded(x), np.asarray(rows["label"] == "1")


def elec2(shared: Path) -> Set:
    """Half hours of the electricity market after its columns came alive, shuffled."""
    import pandas as pd

    rows = pd.read_csv(shared / "elec2" / "elec.csv.gz").iloc[17_424:]
    return coded(rows.drop(columns=["class"])), np.asarray(rows["class"] == 1)


def digits(_shared: Path) -> Set:
    """Scikit-learn's digits: is it 1, 3, 4, 7 or 9?"""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return np.asarray(x, float), np.isin(y, [1, 3, 4, 7, 9])


def generated(_shared: Path) -> Set:
    """Scikit-learn's `make_classification`: eight columns that matter, four clusters a class."""
    from sklearn.datasets import make_classification

    x, y = make_classification(
        12_000, 12, n_informative=8, n_clusters_per_class=4, flip_y=0.05, random_state=3
    )
    return np.asarray(x, float), np.asarray(y == 1)


SETS: dict[str, tuple[Callable[[Path], Set], int]] = {
    "car loan": (car_loan, 3000),
    "flights": (flights, 2000),
    "electricity": (elec2, 3000),
    "digits": (digits, 200),
    "generated": (generated, 1000),
}


def coded(frame: Any) -> Floats:
    """Columns as numbers: levels by their code, what is missing by the median."""
    for name in frame.columns:
        if frame[name].dtype.kind not in "fiub":
            frame = frame.assign(**{name: frame[name].astype("category").cat.codes})
    frame = frame.astype(float)
    return np.asarray(frame.fillna(frame.median()), dtype=float)


def one(data: Set, n_train: int, rng: np.random.Generator, leans: bool) -> list[dict[str, Any]]:
    """One chunk: every metric by every method, beside what came true."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = data
    rows = rng.permutation(len(x))
    train, rest = rows[:n_train], rows[n_train:]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(
        x[train], y[train]
    )
    half = len(rest) // 2
    reference, pool = rest[:half][:MOST_REFERENCE], rest[half:]
    now = draw(x, pool, min(MOST_CHUNK, len(pool) // 3), rng, leans)
    score = np.round(model.predict_proba(x)[:, 1], 5)
    found = estimate(x, y, score, reference, now)
    return [{**row, "leans": leans} for row in found]


def draw(
    x: Floats, pool: npt.NDArray[np.intp], n: int, rng: np.random.Generator, leans: bool
) -> npt.NDArray[np.intp]:
    """Rows of the pool: at random, or more of one end of a column that chance picks."""
    if not leans:
        return rng.choice(pool, n, replace=False)
    column = x[pool, rng.integers(x.shape[1])] + 1e-9 * rng.random(len(pool))
    place = np.argsort(np.argsort(column)) / len(pool)
    odds = np.exp(rng.choice([-1.0, 1.0]) * LEAN * place)
    return rng.choice(pool, n, replace=False, p=odds / odds.sum())


def estimate(
    x: Floats, y: npt.NDArray[np.bool_], score: Floats, reference: Any, now: Any
) -> list[dict[str, Any]]:
    """Rows of (metric, method, value, low, high, realised)."""
    seen = np.column_stack([x, score])
    like = liken(seen[reference], seen[now], (False,) * seen.shape[1])
    assert like is not None
    distinct, count = np.unique(score[now], return_counts=True)
    said = np.where(score >= 0.5, "1", "0")
    label = np.where(y, "1", "0")
    rows = []
    for name in NAMES:
        named = metrics_for("binary")[name]
        metric, counted = named.metric, named.metric.needs is Confusion

        def need(at: Any, weight: Floats | None = None, counted: bool = counted) -> Any:
            if counted:
                return Confusion.from_arrays(
                    label[at], said[at], sample_weight=weight, classes=("0", "1"), positive="1"
                )
            return Scores.from_arrays(y[at], score[at], sample_weight=weight)

        def calibrated(weight: Floats | None) -> Any:
            return calibrate(
                Scores.from_arrays(y[reference], score[reference], sample_weight=weight)
            )

        def expected(calibration: Any, weight: Floats | None, metric: Any = metric) -> Any:
            now_there = forecast(calibration, distinct, distinct >= 0.5, count.astype(float))
            own = score[reference]
            each = np.ones(len(own)) if weight is None else weight
            then = forecast(calibration, own, own >= 0.5, each)
            came = metric.compute(need(reference, weight), of="1").value
            found = cbpe(metric, now_there, "1", "0")
            return lean(metric, found, cbpe(metric, then, "1", "0"), came)

        plain, weighted = calibrated(None), weighted_calibration(calibrated(like.weight), like)
        both = [expected(plain, None), expected(weighted, like.weight)]
        found = {
            "cbpe": both[0],
            "weighted": both[1] if like.is_usable else too_unlike(like, len(now)),
        }
        found["weighted"] = _with(found["weighted"], like.as_detail())
        found["importance"] = importance(metric, need(reference, like.weight), "1", len(now), like)
        if name == "accuracy":
            sure = confidence(score[:, None])
            weight = like.weight if like.is_usable else None
            found["atc"] = atc(sure[reference], (said == label)[reference], sure[now], weight)
        headline = tell(named, found)[0]
        found["headline"] = headline
        found["reference"] = metric.compute(need(reference), of="1")
        came = metric.compute(need(now), of="1").value
        apart = headline.detail["disagree"] is not None
        rows += [
            {"name": name, "method": method, "value": e.value, "low": e.low, "high": e.high,
             "came": came, "apart": apart}
            for method, e in found.items()
        ]  # fmt: skip
    return rows


def _with(estimate: Estimate, detail: dict[str, Any]) -> Estimate:
    from dataclasses import replace

    return replace(estimate, detail={**estimate.detail, **detail})


def run(name: str, n_chunks: int, leans: bool, shared: Path) -> list[dict[str, Any]]:
    """All chunks of one data set."""
    make, n_train = SETS[name]
    data = make(shared)
    rng = np.random.default_rng([SEED, len(name), int(leans)])
    found = []
    for chunk in range(n_chunks):
        found += [{"set": name, "chunk": chunk, **row} for row in one(data, n_train, rng, leans)]
    return found


def errors(rows: Sequence[dict[str, Any]], method: str) -> Floats:
    """How far off each chunk's estimate was; NaN where there was none."""
    mine = sorted((r for r in rows if r["method"] == method), key=lambda r: r["chunk"])
    return np.array(
        [abs((r["value"] if r["value"] is not None else np.nan) - r["came"]) for r in mine]
    )


def ratio_of(ours: Floats, theirs: Floats) -> tuple[float, float, float]:
    """Mean error over mean error with a 95 % interval: chunks drawn anew 2,000 times."""
    rng = np.random.default_rng(0)
    at = rng.integers(len(ours), size=(2000, len(ours)))
    ratios = ours[at].mean(axis=1) / theirs[at].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(ours.mean() / theirs.mean()), float(low), float(high)


def held(rows: Sequence[dict[str, Any]], method: str) -> str:
    """The share of chunks whose interval held what came, with Wilson's interval."""
    mine = [r for r in rows if r["method"] == method and r["low"] is not None]
    k = sum(r["low"] - 1e-12 <= r["came"] <= r["high"] + 1e-12 for r in mine)
    low, high = wilson(k / len(mine), len(mine))
    return f"{k} of {len(mine)} ({100 * low:.0f} to {100 * high:.0f} %)"


def page(rows: Sequence[dict[str, Any]], logs: Sequence[str]) -> str:
    """The Markdown page."""
    sets = list(dict.fromkeys(r["set"] for r in rows))
    n = len({r["chunk"] for r in rows})
    lines = [
        "# Estimates without labels, beside what came true",
        "",
        "<!-- Generated by `python -m bench.estimate`; change the script instead. -->",
        "",
        f"{n} chunks of each data set and kind. A logistic regression learns from part of the rows,"
        " another part is the reference, chunks are drawn from the rest. In *leaning* chunks the odds of"
        f" a row to be drawn grow by a factor of {np.exp(LEAN):.0f} along one column that chance picks:"
        " the mix of rows changes, what is true of a row does not. The *headline* is plain CBPE where"
        " the mix has not changed beyond chance; where it has, it moves towards the mean of two: CBPE"
        " calibrated on the reference counted like the chunk, and the metric of that weighted reference"
        " itself (*importance*), as far as that mean lies off plain CBPE beyond what fewer effective rows"
        " do by chance. The rule was chosen on other chunks than these.",
        "",
        "## Error where the mix of rows changes",
        "",
        "Mean distance to what the chunk's own labels said, in points; the ratio has a 95 % interval"
        " (chunks drawn anew). *Reference* takes the reference's own number for the estimate.",
        "",
        "| data | metric | reference | CBPE | importance | ATC | headline | headline / CBPE | closer than CBPE |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in sets:
        lines += [_error_row(name, metric, rows) for metric in NAMES]
    lines += [
        "",
        "## What the 95 % intervals held",
        "",
        "Chunks whose interval held what came, with Wilson's 95 % interval in brackets.",
        "",
        "| data | metric | CBPE, drawn at random | headline, at random | CBPE, leaning | headline, leaning |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name in [*sets, "all five"]:
        for metric in NAMES:
            mine = [r for r in rows if r["name"] == metric and name in (r["set"], "all five")]
            cells = [
                held([r for r in mine if r["leans"] == leans], method)
                for leans in (False, True)
                for method in ("cbpe", "headline")
            ]
            lines.append(f"| {name} | {metric} | {' | '.join(cells)} |")
    lines += [
        "",
        "## When two methods disagree",
        "",
        "Telltale asks for labels where the intervals of two methods do not meet and they lie half of"
        " the tolerated change apart. How often that was so, where no assumption failed:",
        "",
        "| data | metric | at random | leaning |",
        "|---|---|---:|---:|",
    ]
    for name in sets:
        for metric in NAMES:
            lines.append(
                f"| {name} | {metric} | {_apart(name, metric, rows, False)} | {_apart(name, metric, rows, True)} |"
            )
    return "\n".join([*lines, "", *missed(rows, sets), "", *logs, ""])


def missed(rows: Sequence[dict[str, Any]], sets: Sequence[str]) -> list[str]:
    """Where the headline was no closer than plain CBPE, and where intervals held less than 90 %."""
    no_closer, too_narrow = [], []
    for name in sets:
        for metric in NAMES:
            mine = _of(name, metric, rows, True)
            ratio = ratio_of(errors(mine, "headline"), errors(mine, "cbpe"))
            if ratio[0] >= 1:
                no_closer.append(f"{name}, {metric} ({ratio[0]:.2f})")
            for leans, kind in ((False, "at random"), (True, "leaning")):
                told = [r for r in _of(name, metric, rows, leans) if r["method"] == "headline"]
                share = sum(r["low"] <= r["came"] <= r["high"] for r in told) / len(told)
                if share < LEAST_HELD:
                    too_narrow.append(f"{name}, {metric}, {kind} ({100 * share:.0f} %)")
    return [
        "## What is missed",
        "",
        f"The headline was no closer than plain CBPE for: {'; '.join(no_closer) or 'none'}. Its interval"
        f" held less than 90 % of chunks for: {'; '.join(too_narrow) or 'none'}. A ratio whose interval"
        " reaches 1 is no proof of a gain: where the score knows nearly all that the columns know"
        " (flights), or the reference is small (798 digits), weights bring chance as well as truth.",
    ]


def _of(
    name: str, metric: str, rows: Sequence[dict[str, Any]], leans: bool
) -> list[dict[str, Any]]:
    return [r for r in rows if (r["set"], r["name"], r["leans"]) == (name, metric, leans)]


def _error_row(name: str, metric: str, rows: Sequence[dict[str, Any]]) -> str:
    mine = _of(name, metric, rows, True)
    plain, ours = errors(mine, "cbpe"), errors(mine, "headline")
    cells = []
    for method in ("reference", "cbpe", "importance", "atc", "headline"):
        there = errors(mine, method)
        there = there[np.isfinite(there)]
        cells.append(f"{100 * there.mean():.2f}" if len(there) else "–")
    ratio, low, high = ratio_of(ours, plain)
    moved = ours != plain
    k, n = int((ours < plain).sum()), int(moved.sum())
    least, most = wilson(k / n, n) if n else (0.0, 1.0)
    closer = f"{k} of {n} ({100 * least:.0f} to {100 * most:.0f} %)"
    return f"| {name} | {metric} | {' | '.join(cells)} | {ratio:.2f} ({low:.2f} to {high:.2f}) | {closer} |"


def _apart(name: str, metric: str, rows: Sequence[dict[str, Any]], leans: bool) -> str:
    mine = [r for r in _of(name, metric, rows, leans) if r["method"] == "headline"]
    return f"{sum(r['apart'] for r in mine)} of {len(mine)}"


def kept_losses(page: Path) -> list[str]:
    """The page's section on losses as it stands, where NannyML is not installed to be asked again."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    _, found, rest = text.partition("## Losses of regressions")
    return [f"{found}{rest}".rstrip()] if found else []


def main(arguments: Sequence[str] | None = None) -> int:
    """Estimate what is not estimated yet, write docs/estimates.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.estimate")
    parser.add_argument("--chunks", type=int, default=100)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    kept = options.results.read_text().splitlines() if options.results.exists() else []
    done = [json.loads(line) for line in kept]
    for name in options.sets:
        for leans in (False, True):
            if any((r["set"], r["leans"]) == (name, leans) for r in done):
                continue
            found = run(name, options.chunks, leans, options.shared)
            done += found
            with options.results.open("a") as out:
                out.writelines(json.dumps(row) + "\n" for row in found)
            print(name, "leaning" if leans else "at random", flush=True)
    from bench.estimate_dle import beside_nannyml
    from bench.estimate_logs import in_time

    logs = [*in_time(options.shared), "", *(beside_nannyml() or kept_losses(options.page))]
    options.page.write_text(page(done, logs), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
