"""Default monitors where nothing changes: ``python -m bench.monitors`` writes a table into docs/monitors.md.

One draw is a whole log of a model whose law never changes, and a reference of the same law, or none:
then the first quarter of the log is its own. Its default monitors run over it as the worker runs
them, and the incidents that they raise are counted, those that call somebody apart from drift that
did no harm. Finished draws stand in ``bench/results/`` and are skipped on restart.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np

from analytics.core import Dataset
from analytics.query.engine import Engine
from app.ask import Asking, Desk, answer
from app.monitors.asking import ask_monitor, incidents_of
from app.monitors.judging import judged_of
from app.monitors.policies import default_monitors
from app.questions import Asked, build_question, clock
from bench import calm

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "bench" / "results" / "monitors.jsonl", ROOT / "docs" / "monitors.md"
BEGIN, END = "<!-- begin: python -m bench.monitors -->", "<!-- end -->"
KINDS = ("two classes", "three classes", "regression", "two classes, by day")
GRID = (
    *((KINDS[0], a_day, is_own) for a_day in (20, 60, 300) for is_own in (False, True)),
    *((kind, 300, is_own) for kind in KINDS[1:] for is_own in (False, True)),
)
TASKS = dict(zip(KINDS, ("binary", "multiclass", "regression", "binary"), strict=True))
MOST = 1.0  # false incidents in 100 model-weeks
WEEKS = 100


@dataclass
class Bench:
    """What a monitor asks of a desk, over one dataset in memory."""

    engine: Engine
    log: Dataset

    def now(self) -> datetime:
        """The log's end: it is replayed."""
        last = self.log.last_event
        assert last is not None
        return last

    def dataset(self, _model: str) -> Dataset:
        """The one there is."""
        return self.log

    def ask(self, name: str, _model: str, asked: Asked) -> tuple[Dataset, Any, Any]:
        """As the desk of the house asks."""
        question = build_question(self.log, asked, clock(self.log, self.now()))
        return self.log, question, answer(self.engine, Asking(name, self.log, question, self.now()))


def draw(seed: int, kind: str, a_day: int, *, is_own: bool) -> dict[str, Any]:
    """The incidents of one log, and the weeks that its monitors judged."""
    with tempfile.TemporaryDirectory() as name:
        rng = np.random.default_rng(seed)
        made = calm.dataset(Path(name), rng, a_day, TASKS[kind])
        logs = {k: v for k, v in made.logs.items() if not (is_own and k[0] == "reference")}
        log = replace(made, logs=logs, is_replayed=True)
        engine = Engine([name], threads=1)
        desk = cast(Desk, Bench(engine, log))
        monitors = default_monitors(log)
        if kind.endswith("by day"):
            monitors = [replace(m, every="day") for m in monitors]
        runs = [ask_monitor(desk, monitor) for monitor in monitors]
        judged = judged_of(desk, runs)
        engine.close()
    errors = [run.error for run in runs if run.error]
    if errors:
        raise RuntimeError(errors[0])
    found = incidents_of(runs, judged)
    periods = len({moment for run in runs for moment in run.clear})
    weeks = periods / 7 if kind.endswith("by day") else periods
    return {
        "seed": seed, "kind": kind, "a_day": a_day, "is_own": is_own, "weeks": weeks,
        "calls": [f"{i.kind} {i.cause.key[0]} {i.cause.key[1] or ''}".strip()
                  for i in found if i.notifies],
        "harmless": sum(not i.notifies for i in found),
    }  # fmt: skip


def most_likely(n: int, weeks: float) -> float:
    """Upper end of the exact 95 % interval (Garwood) of incidents in 100 weeks, ``n`` counted.

    >>> round(most_likely(0, 1000), 2)
    0.37
    """
    from scipy.stats import chi2

    return float(chi2.ppf(0.975, 2 * (n + 1))) / 2 / max(weeks, 1) * WEEKS


TEXT = """{begin}
{n:,} logs of {days} days in which nothing changes, {weeks:,} model-weeks: two versions alike, five features of
several kinds, answers of two classes with a score, of three classes or numbers, latency and errors, all
labelled, with an imported reference or with the log's own first quarter. Every log gets its default monitors,
by week, or the same by day; each incident that calls somebody is a false one. The
promise is at most one in 100 model-weeks; the upper end of the exact 95 % interval stands beside it.

| model | rows a day | reference | logs | model-weeks | false incidents | in 100 weeks | upper 95 % | drifted, harmless |
|---|---:|---|---:|---:|---:|---:|---:|---:|
{table}
{end}"""


def cell_of(row: dict[str, Any]) -> tuple[str, int, bool]:
    """The cell of the grid that a draw belongs to."""
    return row["kind"], row["a_day"], row["is_own"]


def table(rows: Sequence[dict[str, Any]]) -> tuple[list[str], float]:
    """A line a cell and one for all; the rate of all."""
    lines, rate = [], 0.0
    for cell in (*GRID, None):
        mine = [r for r in rows if cell in (None, cell_of(r))]
        n, weeks = sum(len(r["calls"]) for r in mine), sum(r["weeks"] for r in mine)
        if not mine or not weeks:
            continue
        rate = n / weeks * WEEKS
        kind, a_day, is_own = cell or ("all", "", None)
        where = "" if is_own is None else "first quarter" if is_own else "imported"
        quiet = sum(r["harmless"] for r in mine)
        lines.append(
            f"| {kind} | {a_day} | {where} | {len(mine):,} | {weeks:,.0f} | {n} | {rate:.2f}"
            f" | {most_likely(n, weeks):.2f} | {quiet} |"
        )
    return lines, rate


def write_table(page: Path, text: str, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Put the table between its marks."""
    before, found, rest = page.read_text(encoding="utf-8").partition(marks[0])
    _, ended, after = rest.partition(marks[1])
    if not found or not ended:
        raise SystemExit(f"{page} lacks the marks {marks[0]} and {marks[1]}.")
    page.write_text(before + text + after, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw what is not drawn yet, write the table; 1 where there are too many false incidents."""
    parser = argparse.ArgumentParser(prog="python -m bench.monitors")
    parser.add_argument("--draws", type=int, default=50, help="logs for every cell")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    lines = options.results.read_text().splitlines() if options.results.exists() else []
    done = {(r["seed"], *cell_of(r)): r for r in map(json.loads, filter(None, lines))}
    for seed in range(options.draws):
        for kind, a_day, is_own in GRID:
            if (seed, kind, a_day, is_own) in done:
                continue
            done[seed, kind, a_day, is_own] = found = draw(seed, kind, a_day, is_own=is_own)
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
    rows = [done[seed, *cell] for seed in range(options.draws) for cell in GRID]
    lines, rate = table(rows)
    text = TEXT.format(
        begin=BEGIN, end=END, n=len(rows), days=calm.DAYS,
        weeks=round(sum(r["weeks"] for r in rows)), table="\n".join(lines),
    )  # fmt: skip
    write_table(options.page, text)
    print("\n".join(lines))
    return 1 if rate > MOST or math.isnan(rate) else 0


if __name__ == "__main__":
    raise SystemExit(main())
