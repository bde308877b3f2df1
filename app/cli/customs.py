"""`telltale metric`: metrics of a model's own."""

from __future__ import annotations

import argparse
import json
from typing import Any


def register(subparsers: Any) -> None:
    """Add the commands to the parser."""
    metric = subparsers.add_parser("metric", help="metrics of a model's own: add, list, remove")
    verbs = metric.add_subparsers(title="verbs", metavar="VERB", required=True)
    add = _verb(verbs, "add", add_metric, "an expression over a row, and how rows are put together")
    add.add_argument("name")
    add.add_argument("expression", help='such as "abs(prediction - label) > 15"')
    add.add_argument("--aggregate", default="mean", help="mean, share, sum, p50, p90, p95 or p99")
    add.add_argument("--better", default="neither", help="higher, lower, zero or neither")
    add.add_argument("--label", default="", help="how the screen calls it")
    _verb(verbs, "list", list_metrics, "the model's own metrics")
    _verb(verbs, "remove", remove_metric, "take one away").add_argument("name")


def _verb(verbs: Any, name: str, handler: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text)
    parser.add_argument("--model", required=True, help="name of the model")
    parser.add_argument("--home", help="folder of the database and logs")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    parser.set_defaults(handler=handler)
    return parser


def add_metric(arguments: argparse.Namespace) -> int:
    """Try the metric on the log and keep it."""
    from analytics.core import CustomMetric
    from app.ask import Desk
    from app.auth.viewer import operator
    from app.custom import keep_metric
    from app.settings import read_settings

    metric = CustomMetric(
        arguments.name, arguments.expression, arguments.aggregate, arguments.better, arguments.label
    )
    with Desk(read_settings(home=arguments.home)) as desk:
        keep_metric(desk, operator(), arguments.model, metric)
    return _say(arguments)


def remove_metric(arguments: argparse.Namespace) -> int:
    """Take one away."""
    from app.ask import Desk
    from app.auth.viewer import operator
    from app.custom import forget_metric
    from app.settings import read_settings

    with Desk(read_settings(home=arguments.home)) as desk:
        forget_metric(desk, operator(), arguments.model, arguments.name)
    return _say(arguments)


def list_metrics(arguments: argparse.Namespace) -> int:
    """Print them."""
    return _say(arguments)


def _say(arguments: argparse.Namespace) -> int:
    from app.ask import Desk
    from app.settings import read_settings

    with Desk(read_settings(home=arguments.home)) as desk:
        found = desk.dataset(arguments.model).schema.custom
    rows = [
        {"name": m.name, "expression": m.expression, "aggregate": m.aggregate, "better": m.better}
        for m in found
    ]
    if arguments.json:
        print(json.dumps({"model": arguments.model, "metrics": rows}))
        return 0
    for row in rows:
        print(f"{row['name']:<24} {row['aggregate']:<6} {row['better']:<8} {row['expression']}")
    if not rows:
        print("None yet: telltale metric add --model MODEL NAME EXPRESSION")
    return 0
