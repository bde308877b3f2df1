"""`telltale why`: a metric's change split into parts that sum to it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.core import Dataset, Finding, Result

MOST_PARTS = 12


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    from app.cli.questions import add_arguments

    text = "why a metric moved: mix, within, missing, unseen and late labels, by column and slice"
    parser = subparsers.add_parser("why", help=text, description=text)
    add_arguments(parser)
    text = (
        "instead: which columns the model leans on more or less, by a surrogate of its predictions"
    )
    parser.add_argument("--surrogate", action="store_true", help=text)
    parser.set_defaults(handler=why)


def why(arguments: argparse.Namespace) -> int:
    """Split the change and print its parts."""
    from app.ask import Desk
    from app.cli.questions import asked_of
    from app.settings import read_settings

    name = "leaning" if arguments.surrogate else "why"
    with Desk(read_settings(home=arguments.home)) as desk:
        dataset, _question, results = desk.ask(name, arguments.model, asked_of(arguments))
    if arguments.surrogate:
        print(_leaning(dataset, results, is_json=arguments.json))
        return 0
    if arguments.json:
        print(json.dumps(as_json(dataset, results), allow_nan=False))
    else:
        print(as_text(dataset, results))
    return 0


def _leaning(dataset: Dataset, results: Sequence[Result], *, is_json: bool) -> str:
    """What a surrogate says of the columns, each period in turn."""
    from analytics.findings.leaning import SURROGATE, say_leaning
    from app.cli.questions import as_table

    windows = dict.fromkeys((r.window, r.version) for r in results)
    found = [say_leaning([r for r in results if (r.window, r.version) == w]) for w in windows]
    if not is_json:
        said = [f"{f.title}. {f.sentence}" for f in found]
        return "\n".join([as_table(dataset, list(results)), *said, SURROGATE])
    return json.dumps(_told(dataset, results, found, SURROGATE), allow_nan=False)


def _told(
    dataset: Dataset, results: Sequence[Result], found: Sequence[Finding], note: str
) -> dict[str, Any]:
    """The one JSON object of both ways to ask."""
    from app.cli.questions import result_json

    return {
        "question": "why",
        "model": dataset.model,
        "results": [result_json(r) for r in results],
        "findings": [
            {"title": f.title, "sentence": f.sentence, "verdict": f.verdict, "page": f.page}
            for f in found
        ],
        "note": note,
    }


def as_json(dataset: Dataset, results: Sequence[Result]) -> dict[str, Any]:
    """The one JSON object: a finding a metric, and every part with ``detail.part``."""
    from analytics.findings.reason import NOT_CAUSAL, say_why

    found = [say_why(mine) for mine in by_metric(results)]
    return _told(dataset, results, found, NOT_CAUSAL)


def by_metric(results: Sequence[Result]) -> list[list[Result]]:
    """The parts of one metric after the other."""
    groups: dict[str, list[Result]] = {}
    for r in results:
        groups.setdefault(r.name, []).append(r)
    return list(groups.values())


def as_text(dataset: Dataset, results: Sequence[Result]) -> str:
    """The sentence, the kinds, and the parts that explain most."""
    from analytics.findings.reason import NOT_CAUSAL, say_why

    lines = []
    for mine in by_metric(results):
        finding = say_why(mine)
        lines += [f"{dataset.model}: {finding.title}", f"  {finding.sentence}"]
        kinds = [r for r in mine if r.detail["part"] in ("maturity", "covariate", "concept")]
        ranked = [r for r in mine if r.detail.get("rank") and r not in kinds]
        lines += [_line(r) for r in (*kinds, *ranked[:MOST_PARTS])]
    return "\n".join([*lines, NOT_CAUSAL])


def _line(r: Result) -> str:
    what = r.detail.get("slice") or ", ".join(r.detail.get("columns", ()))
    ends = f"{r.low:+.4g} to {r.high:+.4g}" if r.low is not None and r.high is not None else "-"
    value = "-" if r.value is None else f"{r.value:+.4g}"
    return f"  {value:>10}  {ends:<22}  {r.detail['part']:<9}  {what}"
