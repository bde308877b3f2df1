"""`telltale check POLICY`: monitors as a gate: 0 pass, 1 fail, 2 usage, 3 inconclusive."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.monitors.run import Key, Run

CODES = {"pass": 0, "fail": 1, "inconclusive": 3}


def register(subparsers: Any) -> None:
    """Add ``check`` to the parser."""
    text = "evaluate the monitors of a policy file: exit 0 pass, 1 fail, 2 usage, 3 inconclusive"
    parser = subparsers.add_parser("check", help=text, description=text)
    add = parser.add_argument
    add("policy", type=Path, help="TOML file with [[monitor]] tables")
    add("--as-of", help="what was known at that moment")
    add("--junit", type=Path, metavar="FILE", help="write the outcome as JUnit XML")
    add("--home", help="folder of the database and logs")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(handler=check)


def check(arguments: argparse.Namespace) -> int:
    """Evaluate every monitor; fail where one fails, inconclusive where one is in doubt."""
    from app.ask import Desk
    from app.monitors.asking import ask_monitor
    from app.monitors.policies import read_policy
    from app.settings import read_settings

    monitors = [m for m in read_policy(arguments.policy) if not m.paused]
    with Desk(read_settings(home=arguments.home)) as desk:
        runs = [ask_monitor(desk, monitor, as_of=arguments.as_of) for monitor in monitors]
    if arguments.junit:
        arguments.junit.write_bytes(junit(runs))
    outcome = worst(runs)
    if arguments.json:
        print(json.dumps({"outcome": outcome, "monitors": [run_json(r) for r in runs]}))
    else:
        print("\n".join([*(line_of(r) for r in runs), f"{outcome}: {len(runs)} monitors"]))
    return CODES[outcome]


def worst(runs: Sequence[Run]) -> str:
    """The outcome of all: fail over inconclusive over pass."""
    outcomes = {r.outcome for r in runs}
    return next((o for o in ("fail", "inconclusive") if o in outcomes), "pass")


def series_name(key: Key) -> str:
    """A series in words: metric, column, version and class, as far as it has them."""
    name, column, version, of = key
    pieces = (name, column, version and f"version {version}", of and f"class {of}")
    return " · ".join(filter(None, pieces))


def why_of(run: Run) -> list[str]:
    """What stands against a pass, a series a line."""
    if run.error:
        return [run.error]
    lines = []
    for key, state in run.states.items():
        seen = run.last[key]
        if state.phase in ("firing", "pending"):
            lines.append(f"{series_name(key)}: {state.phase}, {_number(seen.result)}")
        elif seen.sign == "unclear" or (seen.sign == "no data" and run.monitor.names):
            lines.append(f"{series_name(key)}: {seen.sign}, {seen.why}")
    return lines or ([] if run.outcome == "pass" else ["Nothing could be judged: no data."])


def _number(result: Any) -> str:
    if result is None or result.value is None:
        return "no value"
    ends = f" ({result.low:.4g} to {result.high:.4g})" if result.low is not None else ""
    return f"{result.value:.4g}{ends}, n {result.n}"


def line_of(run: Run) -> str:
    """One monitor for people."""
    head = f"{run.outcome:<12}  {run.monitor.model}  {run.monitor.name}"
    return "\n".join([head, *(f"{'':14}{line}" for line in why_of(run))])


def run_json(run: Run) -> dict[str, Any]:
    """One monitor for programs."""
    from app.cli.questions import result_json

    series = []
    for key, state in run.states.items():
        seen = run.last[key]
        series.append(
            {
                "name": key[0], "column": key[1], "version": key[2], "class": key[3],
                "state": state.shown, "sign": seen.sign, "why": seen.why,
                "result": result_json(seen.result) if seen.result else None,
            }
        )  # fmt: skip
    return {
        "name": run.monitor.name,
        "model": run.monitor.model,
        "outcome": run.outcome,
        "state": run.shown,
        "error": run.error or None,
        "n_alerts": len(run.alerts),
        "series": series,
    }


def junit(runs: Sequence[Run]) -> bytes:
    """JUnit XML: a failure where it fails, an error where it is inconclusive (never a skip)."""
    from xml.etree import ElementTree

    counts = {o: str(sum(r.outcome == o for r in runs)) for o in CODES}
    suite = ElementTree.Element(
        "testsuite",
        name="telltale",
        tests=str(len(runs)),
        failures=counts["fail"],
        errors=counts["inconclusive"],
    )
    for run in runs:
        case = ElementTree.SubElement(
            suite, "testcase", classname=run.monitor.model, name=run.monitor.name
        )
        if run.outcome != "pass":
            tag = "failure" if run.outcome == "fail" else "error"
            lines = why_of(run)
            ElementTree.SubElement(case, tag, message=lines[0]).text = "\n".join(lines)
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))
