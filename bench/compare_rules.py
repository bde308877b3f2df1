"""False alarms beside the peers' default rules, on the same draws: ``python -m bench.compare_rules``.

A page is one window of a model: ten columns (``bench/drawn.py``), several columns together, a text
column or a column of embeddings. It says that something changed when any of its verdicts does.
Finished cells stand in ``bench/finished/`` and are skipped on restart.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from analytics.monitors.peers import evidently_number
from analytics.needs import Sample, TextPair, VectorPair
from analytics.stats.decision import decide
from bench.calibration import LIMIT, is_within_limit, read_results, with_ends
from bench.calibration_sampled import DIMENSIONS, draw, sampled_tests
from bench.drawn import COLUMNS, MIXED, page
from bench.drawn_sampled import TEXTS, TOGETHER
from bench.rules import evidently_texts, evidently_vectors, nannyml_together

ROOT = Path(__file__).resolve().parents[1]
PAGE, RESULTS = (
    ROOT / "docs" / "calibration-peers.md",
    ROOT / "bench" / "finished" / "compare_rules.jsonl",
)
Said = tuple[bool, bool | None, bool | None]  # Telltale, Evidently, NannyML
KINDS: dict[str, Sequence[str]] = {
    "mixed": MIXED,
    "numbers": ("normal",),
    "numbers with a heavy tail": ("heavy",),
    "numbers, 5 % missing": ("some missing",),
    "categories of 50 levels": ("levels 50",),
    "categories of 1,000 levels, new ones by chance": ("levels 1000",),
}
VECTORS = "one column of embeddings"
SIZES = (500, 1000, 5000, 20_000, 100_000)
SAMPLED = ((200, 1000), (500, 1000), (1000, 2000), (5000, 10_000))
MANY, FEW, LEAST = 1000, 200, 100  # pages: of up to 1,000 rows, of more, of 100,000


def columns_page(rng: np.random.Generator, kinds: Sequence[str], n: int, m: int) -> Said:
    """Ten columns, each by its own default rule."""
    columns = page(rng, kinds, n, m)
    verdicts = decide([judged for c in columns for judged in c.telltale()])
    flagged = any(v in ("warning", "critical") for v, _p in verdicts)
    return flagged, any(c.evidently() for c in columns), any(c.nannyml() for c in columns)


def sampled_page(rng: np.random.Generator, needs: type, n: int, m: int) -> Said:
    """All tests of columns together, of a text or of embeddings in one family; the peers' own tests."""
    pair = draw(rng, needs, n, m)
    tests = [t for t in sampled_tests() if t.needs is needs]
    verdicts = decide([(t.compute(pair), t.tolerance) for t in tests])
    flagged = any(v in ("warning", "critical") for v, _p in verdicts)
    if isinstance(pair, TextPair):
        return flagged, evidently_texts(pair.reference, pair.current)[1], None
    if isinstance(pair, VectorPair):
        return flagged, evidently_vectors(pair.reference, pair.current)[1], None
    # Evidently has no test of columns together, only one of each
    each = [evidently_number(pair.reference[:, j], pair.current[:, j])[1] for j in (0, 1, 3, 4, 5)]
    return flagged, any(each), nannyml_together(pair.reference, pair.current)[1]


def cells() -> dict[str, tuple[int, int, Callable[[np.random.Generator], Said]]]:
    """Every cell: rows, rows of the reference, and how one page is drawn and judged."""
    found: dict[str, tuple[int, int, Callable[[np.random.Generator], Said]]] = {}

    def add(name: str, n: int, m: int, judge: Callable[[np.random.Generator], Said]) -> None:
        found[f"{name}/{n}"] = (n, m, judge)

    for name, kinds in KINDS.items():
        for n in SIZES if name == "mixed" else (1000,):
            add(name, n, 5 * n, partial(columns_page, kinds=kinds, n=n, m=5 * n))
    for name, needs in ((TOGETHER, Sample), (TEXTS, TextPair), (VECTORS, VectorPair)):
        for n, m in SAMPLED:
            add(name, n, m, partial(sampled_page, needs=needs, n=n, m=m))
    return found


def pages_of(key: str) -> int:
    """How many pages of a cell are drawn: fewer where one takes long."""
    n = int(key.rpartition("/")[2])
    if n >= 100_000:
        return LEAST
    return MANY if n <= 1000 and not key.startswith((TOGETHER, TEXTS, VECTORS)) else FEW


def simulate(key: str, runs: int) -> dict[str, Any]:
    """One cell: pages that each rule flags."""
    n, m, judge = cells()[key]
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    said = [judge(rng) for _ in range(runs)]
    counts = [None if s[0] is None else int(sum(map(bool, s))) for s in zip(*said, strict=True)]
    row: dict[str, Any] = {"key": key, "shape": key.rpartition("/")[0], "n": n, "m": m}
    return row | {"runs": runs, "flagged": counts[0], "Evidently": counts[1], "NannyML": counts[2]}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The Markdown table."""
    lines = [
        "| columns | rows | reference | pages | Telltale | Evidently | NannyML |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        runs, counts = row["runs"], [row[name] for name in ("flagged", "Evidently", "NannyML")]
        shares = ["-" if count is None else with_ends(count / runs, runs) for count in counts]
        lines.append(
            f"| {row['shape']} | {row['n']:,} | {row['m']:,} | {runs:,} | {' | '.join(shares)} |"
        )
    return "\n".join(lines)


TEXT = f"""# Beside the peers' default rules

<!-- Generated by `python -m bench.compare_rules`; change the script instead. -->

Share of pages flagged where nothing changed, with its 95 % interval (Wilson). The rules of Evidently 0.7.23 and NannyML 0.13.1 as their
documentation gives them (`analytics/monitors/peers.py` and `bench/rules.py`, checked against the packages by `tests/bench`), on the same
draws. A page is one window of a model with {COLUMNS} columns, and is flagged when any of them is; missing
and unseen values are judged with them. "Mixed" are three normal columns, two with a heavy tail, one
discrete and four categories of 2 to 200 levels.

"{TOGETHER.capitalize()}": Telltale's domain classifier, PCA reconstruction and MMD; NannyML's PCA
reconstruction (its domain classifier, which alarms at a fixed AUC of 0.65, is not run); Evidently has no
such test, and its five numeric columns are judged one by one.
"{TEXTS.capitalize()}": Telltale's classifier on hashed n-grams, length and words never seen; Evidently's
classifier on TF-IDF; NannyML has none.
"{VECTORS.capitalize()}" of {DIMENSIONS} numbers: Telltale's classifier on the main directions and cosine
shift; Evidently's classifier; NannyML has none.

{{alarms}}

The upper end of Telltale's interval must stay at or below {LIMIT:.0%}. How often planted
shifts are found at equal false alarms stands in [power.md](power.md).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what is not finished, write the page; 1 where Telltale is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare_rules")
    parser.add_argument("--runs", type=int, help="pages a cell, the same for all")
    parser.add_argument("--cells", nargs="*", default=list(cells()))
    parser.add_argument("--done", action="store_true", help="write what is finished, draw nothing")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    done, rows = read_results(options.results), []
    for key in options.cells:
        runs = options.runs or pages_of(key)
        name = f"{key}/{runs}"
        if options.done and name not in done:
            continue
        if name not in done:
            done[name] = simulate(key, runs)
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[name]) + "\n")
            print(json.dumps(done[name]), flush=True)
        rows.append(done[name])
    options.page.write_text(TEXT.format(alarms=table(rows)), encoding="utf-8")
    over = [row["key"] for row in rows if not is_within_limit(row)]
    print(f"over {LIMIT:.0%}: {', '.join(over) or 'none'}")
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
