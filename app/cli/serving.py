"""What `telltale serving` says beside its numbers: errors, promise, load, machine, groups."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.core import Result
    from app.ask import Desk
    from app.questions import Asked

BESIDE = {
    "errors": "error_kinds",
    "stacks": "error_stacks",
    "silences": "silences",
    "machine": "machine_results",
}
PROMISED = {"promise": "promise", "load": "load_results"}


def add_serving(parser: argparse.ArgumentParser) -> None:
    """What only this question takes."""
    add = parser.add_argument
    add("--promise", metavar="MS,SHARE", help="such as 200,0.99; default the model's own, if any")
    add(
        "--price",
        type=float,
        metavar="PER_HOUR",
        help="what the machines cost an hour; default the model's own (telltale schema MODEL --price), if any",
    )
    add("--by", metavar="COLUMN", help="latency by the groups of a column as well")


def more_of(
    desk: Desk, model: str, asked: Asked, arguments: argparse.Namespace
) -> dict[str, list[Result]]:
    """Results by their key in the answer; empty lists where names were asked for."""
    from app.terms import check_price, in_currency, parse_promise, promise_words, terms_of

    found: dict[str, list[Result]] = {key: [] for key in (*BESIDE, *PROMISED, "by", "cost")}
    if asked.names:
        return found
    terms = terms_of(desk.database, model)
    promise = parse_promise(arguments.promise) if arguments.promise else terms.promise
    price = terms.price_per_hour if arguments.price is None else check_price(arguments.price)
    questions: dict[str, Any] = dict(BESIDE)
    if promise is not None:
        questions |= {key: f"{name}:{promise_words(promise)}" for key, name in PROMISED.items()}
    if price is not None:
        questions["cost"] = f"cost:{price!r}"
    if arguments.by:
        questions["by"] = f"latency_by:{arguments.by}"
    found |= {key: list(desk.ask(name, model, asked)[2]) for key, name in questions.items()}
    return found | {"cost": [in_currency(r, terms.currency) for r in found["cost"]]}
