"""`telltale compare`: a candidate beside a baseline, and what to do with it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.compare.comparison import Comparison
    from analytics.core import Dataset


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    from app.cli.questions import add_arguments

    text = "a candidate beside a baseline: promote, hold or roll back"
    parser = subparsers.add_parser("compare", help=text, description=text)
    add_arguments(parser)
    add = parser.add_argument
    add("--with", dest="other", metavar="MODEL", help="another model that scored the same rows")
    add("--whole", action="store_true", help="not only the time in which both versions were live")
    parser.set_defaults(handler=compare)


def compare(arguments: argparse.Namespace) -> int:
    """Compare and print; the exit code is 0 whatever the decision."""
    from app.ask import Desk
    from app.cli.questions import asked_of, check_version
    from app.settings import read_settings

    with Desk(read_settings(home=arguments.home)) as desk:
        dataset, found = desk.compare(
            arguments.model,
            asked_of(arguments),
            arguments.other,
            is_concurrent=not arguments.whole,
        )
        check_version(desk, dataset, arguments.version, found.results)
    if arguments.json:
        print(json.dumps(as_json(dataset, found), allow_nan=False))
    else:
        print(as_text(dataset, found))
    return 0


def as_json(dataset: Dataset, found: Comparison) -> dict[str, Any]:
    """The one JSON object: differences as results, slices with ``detail.conditions`` after them."""
    from analytics.findings.release import decide_release
    from app.cli.questions import result_json

    decision = decide_release(found)
    results = [*found.results, *found.guards, *found.served]
    return {
        "question": "compare",
        "model": dataset.model,
        "results": [result_json(r) for r in results],
        "findings": [
            {
                "title": decision.finding.title,
                "sentence": decision.finding.sentence,
                "verdict": decision.finding.verdict,
                "page": "compare",
            }
        ],
        "decision": {
            "action": decision.action,
            "reasons": list(decision.reasons),
            "method": found.method,
            "candidate": found.candidate,
            "baseline": found.baseline,
            "n_shared": found.n_shared,
            "columns": list(found.columns),
            "notes": list(found.notes),
        },
    }


def as_text(dataset: Dataset, found: Comparison) -> str:
    """The decision in words, then the table of differences and of the slices that broke."""
    from analytics.findings.release import decide_release
    from app.cli.questions import as_table

    decision = decide_release(found)
    broken = [r for r in found.guards if r.verdict in ("warning", "critical")]
    lines = [decision.finding.title, *(f"  {reason}" for reason in decision.reasons), *found.notes]
    return "\n".join([*lines, "", as_table(dataset, [*found.results, *broken, *found.served])])
