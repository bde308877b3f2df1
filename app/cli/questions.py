"""`telltale performance|drift|quality|serving|slices|behaviour`: the numbers of the screen, for scripts and gates."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli.serving import add_serving, more_of

if TYPE_CHECKING:
    from analytics.core import Dataset, Finding, Result
    from app.ask import Desk
    from app.questions import Asked

QUESTIONS = {
    "headline": "the numbers beside the main metric: positives observed, labelled, latency",
    "performance": "metrics with intervals and verdicts, by period and version",
    "drift": "what changed in features, score, prediction and label",
    "estimate": "metrics before labels come, from calibrated scores; assumes no concept drift",
    "changes": "when the level of a metric changed, looking back, and by how much",
    "band": "the mean of a metric over all periods so far, with a band that holds for all looks",
    "serving": "latency, errors, throughput and resources, by period and version",
    "slices": "where the model does worse: found on half of the rows, checked on the rest",
    "behaviour": "what people do with predictions: acceptance, over- and under-reliance, times",
    "quality": "missing, unseen, out of range, frozen, duplicates, volume, labels",
}
NOT_YET = ("estimate", "changes", "band")  # nothing of it has happened yet
COMPARED = ("performance", "drift", "quality", "serving")
MOST_FINDINGS = 5
METHODS = ("cbpe", "dle", "weighted", "importance", "blend", "atc")


def register(subparsers: Any) -> None:
    """Add the question commands to the parser."""
    for name, text in QUESTIONS.items():
        parser = subparsers.add_parser(name, help=text, description=text)
        add_arguments(parser)
        parser.add_argument("--by-version", action="store_true", help="one result for each version")
        if name == "slices":
            add = parser.add_argument
            add("--min-rows", type=int, help="labelled rows that a slice needs, rows of a group")
            add("--fairness", metavar="COLUMN", help="how the groups of a column fare instead")
        if name == "serving":
            add_serving(parser)
        if name == "changes":
            text = "river's detector over single rows instead (extra drift-detectors)"
            parser.add_argument("--detector", choices=("adwin", "page_hinkley"), help=text)
        if name == "estimate":
            text = (
                "by every method that has one, and whether they agree; takes some seconds a period"
            )
            parser.add_argument("--all-methods", action="store_true", help=text)
            text = "by this method instead of the one to go by"
            parser.add_argument("--method", choices=METHODS, help=text)
        parser.set_defaults(handler=answer, question=name)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What every question takes."""
    add = parser.add_argument
    add("--model", required=True, help="name of the model")
    add("--version", help="only this version")
    add("--window", help="A..B (UTC), 7d, 30d, all, or 0..4999rows; default all")
    add("--reference", help="imported, previous, none, version:NAME, rest or A..B")
    add("--every", help="hour, day, week, month or 5000rows")
    add("--segment", help="rows to keep, such as \"origin = 'JFK'\"")
    add("--names", help="metrics or tests, split by commas")
    add("--columns", help="columns, split by commas")
    add("--as-of", help="what was known at that moment")
    add("--exact", action="store_true", help="never answer from a summary")
    add("--home", help="folder of the database and logs")
    add("--json", action="store_true", help="print one JSON object and nothing else")


def asked_of(arguments: argparse.Namespace) -> Asked:
    """The words of the question that was typed."""
    from app.questions import Asked

    return Asked(
        version=arguments.version,
        window=arguments.window,
        is_exact=arguments.exact,
        reference=arguments.reference,
        segment=arguments.segment,
        as_of=arguments.as_of,
        every=arguments.every,
        names=split_list(arguments.names),
        columns=split_list(arguments.columns),
        by_version=getattr(arguments, "by_version", False),
        min_rows=getattr(arguments, "min_rows", None),
    )


def answer(arguments: argparse.Namespace) -> int:
    """Ask one question and print what came out; the exit code is 0 whatever the verdicts."""
    from app.ask import Desk
    from app.settings import read_settings

    settings = read_settings(home=arguments.home)
    asked = asked_of(arguments)
    groups = getattr(arguments, "fairness", None)
    question = f"fairness:{groups}" if groups else arguments.question
    if question == "changes" and arguments.detector:
        question = f"changes:{arguments.detector}"
    if question == "estimate":
        question = f"estimate:past:{arguments.method}" if arguments.method else "estimate:past"
        question = "estimate:all" if arguments.all_methods else question
    with Desk(settings) as desk:
        dataset, _question, results = desk.ask(question, arguments.model, asked)
        check_version(desk, dataset, asked.version, results)
        is_serving = question == "serving"
        more = more_of(desk, arguments.model, asked, arguments) if is_serving else {}
    if arguments.json:
        found = as_json(arguments.question, dataset, results)
        found |= {name: [result_json(r) for r in beside] for name, beside in more.items()}
        print(json.dumps(found, allow_nan=False))
    else:
        print(as_table(dataset, [*results, *(r for beside in more.values() for r in beside)]))
        print("\n".join(say_findings(arguments.question, results)))
    return 0


def split_list(text: str | None) -> tuple[str, ...]:
    """The pieces of a list that was typed with commas."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def check_version(
    desk: Desk, dataset: Dataset, version: str | None, results: Sequence[Result]
) -> None:
    """NameUnknown where no row of the log is of that version; the log is asked where none came."""
    has_versions = "model_version" in dataset.log("predictions", "production").columns
    if version is None or (has_versions and any(r.n for r in results)):
        return
    from analytics.core import Scope
    from analytics.errors import NameUnknown
    from analytics.query.histograms import versions

    known = [seen.version for seen in versions(desk.engine, dataset, Scope())]
    if version not in known:
        raise NameUnknown(
            f"{dataset.model} has no version {version!r}.",
            f"The versions in its log are: {', '.join(known)}." if known else "Its log names none.",
            "Give one of them to --version, or leave it out.",
        )


def findings_of(name: str, results: list[Result]) -> list[Finding]:
    """What a person would say about the results, the most important first."""
    from analytics.findings import find

    return find(results) if name not in NOT_YET else []


def say_findings(name: str, results: list[Result]) -> list[str]:
    """The findings as lines under the table, where a terminal shows them; calm in one line."""
    from analytics.findings import calm, speak_of_drift
    from analytics.words import SHAPES

    found = findings_of(name, results)
    if not found and name in COMPARED and results:
        quiet = speak_of_drift(results, []) if name == "drift" else calm(results)
        found = [quiet] if quiet.verdict == "ok" else []
    lines = [f"{SHAPES[f.verdict]} {f.title}: {f.sentence}" for f in found[:MOST_FINDINGS]]
    more = len(found) - MOST_FINDINGS
    return [*lines, *([f"{more} more with --json"] if more > 0 else [])]


def as_json(name: str, dataset: Dataset, results: list[Result]) -> dict[str, Any]:
    """The one JSON object of an answer."""
    return {
        "question": name,
        "model": dataset.model,
        "results": [result_json(r) for r in results],
        "findings": [
            {"title": f.title, "sentence": f.sentence, "verdict": f.verdict, "page": f.page}
            for f in findings_of(name, results)
        ],
    }


def result_json(result: Result) -> dict[str, Any]:
    """One Result under the names of the command-line contract."""
    window = result.window
    return {
        "name": result.name,
        "column": result.column,
        "version": result.version,
        "segment": result.segment,
        "window": {
            "start": window.start.isoformat() if window.start else None,
            "end": window.end.isoformat() if window.end else None,
            "first_row": window.first_row,
            "last_row": window.last_row,
        },
        "value": plain(result.value),
        "low": plain(result.low),
        "high": plain(result.high),
        "interval": result.interval,
        "n": result.n,
        "n_labelled": result.n_labelled,
        "verdict": result.verdict,
        "reason": result.reason,
        "exact": result.is_exact,
        "detail": plain(dict(result.detail)),
    }


def plain(value: Any) -> Any:
    """JSON values only: NaN and infinities become null, NumPy scalars plain numbers."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def as_table(dataset: Dataset, results: list[Result]) -> str:
    """The Results as aligned text, one a line."""
    rows: list[tuple[str, ...]] = [
        (
            "window",
            "version",
            "name",
            "column",
            "value",
            "95 % interval",
            "n",
            "labelled",
            "verdict",
        )
    ]
    rows += [_row(r) for r in results]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    n_counted = sum("bound" in r.detail for r in results if not r.is_exact)
    note = f"{n_counted} of them from summaries, each within its detail.bound (--json); --exact reads rows"
    last = [note] if n_counted else []
    return "\n".join([f"{dataset.model}: {len(results)} results", *lines, *last])


def _row(r: Result) -> tuple[str, ...]:
    interval = f"{r.low:.4g} to {r.high:.4g}" if r.low is not None and r.high is not None else "-"
    name = f"{r.name}[{r.detail['class']}]" if "class" in r.detail else r.name
    return (
        _when(r),
        r.version or "all",
        name,
        _part(r),
        "-" if r.value is None else f"{r.value:.6g}",
        interval,
        str(r.n),
        "-" if r.n_labelled is None else str(r.n_labelled),
        f"{r.verdict} ({r.reason})" if r.reason else r.verdict,
    )


def _part(r: Result) -> str:
    """The column, the slice, or the group of a column that the number is of."""
    if r.segment and {"conditions", "group"} & set(r.detail):
        return r.segment
    return (
        f"{r.column} {r.detail['group']}" if r.column and "group" in r.detail else r.column or "-"
    )


def _when(r: Result) -> str:
    w = r.window
    if w.first_row is not None:
        return f"rows {w.first_row}..{w.last_row}"
    if w.start is None or w.end is None:
        return "all"
    return f"{w.start:%Y-%m-%d %H:%M}..{w.end:%Y-%m-%d %H:%M}"
