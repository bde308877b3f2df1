"""Pages that say that something changed where nothing did: ``python -m bench.calm``.

One draw is a whole log of a model whose law never changes: sixty days, two versions alike, an imported
reference of the same law. Every page asks its questions of it, by period and as a whole, and puts what
it finds into words; a page is counted when it says that anything changed. Finished draws stand in
``bench/results/`` and are skipped on restart.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from analytics import evaluate
from analytics.catalog import headline_names
from analytics.core import Column, Dataset, Log, LogName, Part, Question, Result, Schema, Scope
from analytics.findings import find, speak
from analytics.query.engine import Engine
from analytics.stats.intervals import wilson

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "bench" / "results" / "calm.jsonl", ROOT / "docs" / "calm-pages.md"
START, DAYS, A_DAY, N_REFERENCE = datetime(2024, 1, 1), 60, 60, 3000
LIMIT = 0.06
BAD = ("warning", "critical")
COLUMNS = (
    Column("timestamp", "timestamp", "time"), Column("model_version", "model_version", "categorical"),
    Column("prediction", "prediction", "categorical"), Column("score", "score", "numeric"),
    Column("latency_ms", "latency_ms", "numeric"), Column("status", "status", "categorical"),
    Column("amount", "feature", "numeric"), Column("age", "feature", "numeric"),
    Column("count", "feature", "numeric"), Column("plan", "feature", "categorical"),
    Column("city", "feature", "categorical"),
)  # fmt: skip
PAGES = ("overview", "performance", "drift", "quality", "serving", "compare")
SPOKEN = ("latency_p95", "error_rate")


def rows(rng: np.random.Generator, n: int, name: str) -> pd.DataFrame:
    """A binary model: skewed, even and whole numbers with gaps, categories of 3 and 60 levels."""
    score = rng.beta(2, 3, n).round(4)
    label = rng.random(n) < score
    amount, city = rng.lognormal(size=n), rng.zipf(1.6, n) % 60
    amount[rng.random(n) < 0.02] = np.nan
    failed = rng.random(n) < 0.01
    moment = np.sort(rng.integers(0, DAYS * 86_400, n))
    return pd.DataFrame(
        {
            "row": np.arange(n),
            "prediction_id": [f"{name}{i}" for i in range(n)],
            "timestamp": pd.Timestamp(START) + pd.to_timedelta(moment, unit="s"),
            "model_version": rng.choice(["v1", "v2"], n),
            "prediction": np.where(score >= 0.5, "1", "0"),
            "score": score,
            "latency_ms": rng.lognormal(2.5, 0.4, n),
            "status": np.where(failed, "error", "ok"),
            "amount": amount,
            "age": rng.random(n) * 60 + 18,
            "count": rng.poisson(3, n).astype(float),
            "plan": rng.choice(["basic", "plus", "pro"], n, p=[0.6, 0.3, 0.1]),
            "city": np.char.add("c", city.astype(str)),
            "label": np.where(label, "1", "0"),
        }
    )


CLASSES = ("high", "low", "middle")


def for_task(frame: pd.DataFrame, rng: np.random.Generator, task: str) -> pd.DataFrame:
    """The same rows of a model that answers with a number, or with one of three classes."""
    n = len(frame)
    if task == "binary":
        return frame
    if task == "regression":
        answer = 20 * frame.score + frame.age / 10
        off = rng.standard_t(4, n) * 2
        frame = frame.assign(prediction=answer.round(3), label=(answer + off).round(3))
    else:
        truth = rng.choice(CLASSES, n, p=[0.2, 0.5, 0.3])
        said = np.where(rng.random(n) < 0.8, truth, rng.choice(CLASSES, n))
        frame = frame.assign(prediction=said, label=truth)
    return frame.drop(columns="score")


def schema_of(task: str) -> Schema:
    """The columns of that task."""
    if task == "binary":
        return Schema("binary", COLUMNS, ("0", "1"), "1")
    kept = [c for c in COLUMNS if c.role != "score"]
    if task == "regression":
        kept = [replace(c, type="numeric") if c.role == "prediction" else c for c in kept]
        return Schema("regression", tuple(kept))
    return Schema("multiclass", tuple(kept), CLASSES)


def dataset(
    folder: Path, rng: np.random.Generator, a_day: int = A_DAY, task: str = "binary"
) -> Dataset:
    """Both logs of one draw as parts on disk."""
    logs: dict[Any, Log] = {}
    sides: tuple[tuple[LogName, int], ...] = (
        ("production", DAYS * a_day),
        ("reference", N_REFERENCE),
    )
    with duckdb.connect() as db:
        for log, n in sides:
            frame = for_task(rows(rng, n, log[0]), rng, task)
            span = (frame.timestamp.min().to_pydatetime(), frame.timestamp.max().to_pydatetime())
            for kind, kept in (
                ("predictions", frame.drop(columns="label")),
                ("labels", frame[["prediction_id", "label"]]),
            ):
                path = folder / log / kind / "date=none" / "part.parquet"
                path.parent.mkdir(parents=True)
                db.register("kept", kept)
                db.execute(f"COPY kept TO '{path}' (FORMAT parquet)")
                ends = span if kind == "predictions" else (None, None)
                part = Part(str(path), n, f"{log}{kind}", *ends)
                logs[log, kind] = Log(kind, (part,), (*kept.columns, "date"), True)  # type: ignore[arg-type]
    return Dataset("calm", schema_of(task), logs, "calm")


def says(results: Sequence[Result]) -> bool:
    """Whether the words of a page tell of a change."""
    return any(f.verdict in BAD for f in find(results))


def draw(seed: int) -> dict[str, bool]:
    """What every page says of one log."""
    with tempfile.TemporaryDirectory() as name:
        log = dataset(Path(name), np.random.default_rng(seed))
        engine = Engine([name], threads=1)
        reference = Scope("reference")
        names = headline_names(log.schema)

        def ask(question: Any, every: Any = None, metrics: Any = (), **more: Any) -> list[Result]:
            asked = Question(Scope(every=every, **more), reference, tuple(metrics))
            found: list[Result] = question(engine, log, asked)
            return found

        whole = ask(evaluate.performance, metrics=names)
        split = ask(evaluate.performance, "week", names[:1], by_version=True)
        drifted = ask(evaluate.drift)
        checked, daily = ask(evaluate.quality), ask(evaluate.quality, "day")
        served = [ask(evaluate.serving), ask(evaluate.serving, "week")]
        compared = _compared(engine, log)
        engine.close()
    spoken = [[r for r in results if r.name in SPOKEN] for results in served]
    return {
        "overview": any(map(says, (split, whole[:2], drifted, daily))),
        "performance": speak(split, whole).verdict in BAD,
        "drift": any(r.verdict in BAD for r in drifted),
        "quality": any(map(says, (checked, daily))),
        "serving": any(map(says, spoken)),
        "compare": any(r.verdict in BAD or r.detail.get("is_better") for r in compared),
    }


def _compared(engine: Engine, log: Dataset) -> list[Result]:
    sides = Question(Scope(version="v2"), Scope(version="v1"))
    found = evaluate.compare_sides(engine, log, sides)
    return [*found.results, *found.guards, *found.served]


TEXT = """# Calm pages

<!-- Generated by `python -m bench.calm`; change the script instead. -->

Share of pages that say that something changed, on {n:,} whole logs in which nothing did: {rows:,} rows over
{days} days, two versions alike, all labelled, against an imported reference of {reference:,} rows. Each page
asks what it asks on the screen: performance as a whole, and the main metric by week and version; drift of
every column; data quality as a whole and by day; latency and errors as a whole and by week; the Overview
the first three of these; Compare one version against the other, with guard-rails by slice, latency and
errors, where a sure gain counts as well as a loss. The upper end of the 95 % interval (Wilson) must stay
at or below 6 % on every page; with few logs it says little (of 100 even one leaves it at 5.4 %).

What is guaranteed: everything that a question judges at once (all columns of drift, all checks of a
period, all slices) is one Benjamini-Hochberg family at 5 %, whose verdicts ask for an effect above its
tolerance as well. A comparison has three such families, its metrics, its guard-rails and what was served,
which share the 5 % by Holm's procedure; where nothing changed, the page tells of a loss or a sure gain in
at most 5 of 100 comparisons as far as the tests within a family are independent or go together. A page
that puts several questions together, such as the Overview, has no such bound and is held by this table.

| page | logs | said that something changed | upper 95 % |
|---|---:|---:|---:|
{table}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw what is not drawn yet, write docs/calm-pages.md; 1 where a page is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.calm")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    lines = options.results.read_text().splitlines() if options.results.exists() else []
    done = {row["seed"]: row for row in map(json.loads, filter(None, lines))}
    for seed in range(options.draws):
        if seed in done:
            continue
        done[seed] = {"seed": seed, **draw(seed)}
        with options.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[seed]) + "\n")
    counted = [done[seed] for seed in range(options.draws)]
    upper, lines = {}, []
    for page in PAGES:
        said = [row[page] for row in counted if page in row]
        share = sum(said) / max(len(said), 1)
        upper[page] = wilson(share, len(said))[1] if said else 0.0
        lines.append(f"| {page} | {len(said):,} | {share:.1%} | {upper[page]:.1%} |")
    table = "\n".join(lines)
    text = TEXT.format(
        n=len(counted), rows=DAYS * A_DAY, days=DAYS, reference=N_REFERENCE, table=table
    )
    options.page.write_text(text, encoding="utf-8")
    print(table)
    return 1 if any(found > LIMIT for found in upper.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
