"""`telltale label plan`: which rows to label so that a number is known, and the number as labels come."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.core import Dataset, Question
    from analytics.estimate.plan import Plan
    from analytics.evaluate.plan import Progress
    from app.state.plans import StoredPlan

SHOWN = 20


def register(subparsers: Any) -> None:
    """Add ``plan`` to the commands of ``label``."""
    text = "which rows to label so that a metric is known closely enough"
    parser = _commands(subparsers).add_parser("plan", help=text, description=text)
    add = parser.add_argument
    add("--model", required=True, help="name of the model")
    add("--metric", default=None, help="accuracy, brier, log_loss, mae or mse")
    add("--within", type=float, help="plus-minus of the 95 %% interval, such as 0.01")
    add("--version", help="only this version")
    add("--window", help="A..B (UTC), 7d, 30d, all, or 0..4999rows; default all")
    add("--segment", help="rows to keep, such as \"origin = 'JFK'\"")
    add("--queue", action="store_true", help="keep the plan and put its rows into the queue")
    add("--status", type=int, metavar="PLAN", help="the number of a plan that was kept")
    add(
        "--by",
        metavar="COLUMN",
        help="with --status: the number for each level or quarter of a column",
    )
    add(
        "--slice",
        action="append",
        default=[],
        help='with --status: the number for rows such as "x > 3"',
    )
    add("--home", help="folder of the database and logs")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(handler=plan)


def _commands(subparsers: Any) -> Any:
    """The commands of ``telltale label``, made here where nothing else made them."""
    parser = subparsers.choices.get("label")
    if parser is None:
        text = "plan, export and import labels"
        parser = subparsers.add_parser("label", help=text, description=text)
        return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    return next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))


def plan(arguments: argparse.Namespace) -> int:
    """Plan (and with --queue keep), or read a plan that was kept."""
    from app.ask import Desk
    from app.settings import read_settings

    with Desk(read_settings(home=arguments.home)) as desk:
        dataset = desk.dataset(arguments.model)
        said = (
            _read(desk, dataset, arguments) if arguments.status else _make(desk, dataset, arguments)
        )
    print(json.dumps(said[0], allow_nan=False) if arguments.json else said[1])
    return 0


def _make(desk: Any, dataset: Dataset, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from analytics.errors import UsageError
    from analytics.evaluate.plan import plan_labels, plannable_metrics
    from app.auth.viewer import operator
    from app.labelling.plans import fixed_asking, queue_plan, start_plan
    from app.questions import Asked, build_question, clock

    if arguments.by or arguments.slice:
        raise UsageError(
            "Slices of which plan?",
            "A plan is read by slice once it is kept.",
            "Add --status PLAN.",
        )
    if arguments.within is None:
        raise UsageError("How closely?", "A plan needs a goal.", "Add --within 0.01.")
    names = plannable_metrics(dataset)
    metric = arguments.metric or (names[0] if names else "accuracy")
    asked = Asked(arguments.version, arguments.window, "none", arguments.segment)
    question = build_question(dataset, asked, clock(dataset, desk.now()))
    found = plan_labels(desk.engine, dataset, question.scope, metric, arguments.within)
    number = None
    if arguments.queue:
        viewer = operator()
        asking = fixed_asking(dataset, question)
        number = start_plan(desk.engine, desk.database, viewer, dataset, asking, found)
        queue_plan(desk.engine, desk.database, viewer, dataset, number, found.need.n)
    return _plan_json(dataset, question, found, number), _plan_text(found, number)


def _plan_json(
    dataset: Dataset, question: Question, found: Plan, number: int | None
) -> dict[str, Any]:
    need = found.need
    rows = [
        {"prediction_id": name, "sampling_p": float(found.p[i]), "q": float(found.q[i])}
        for i, name in enumerate(found.ids[: need.n])
    ]
    window = question.scope.window
    return {
        "question": "label plan",
        "model": dataset.model,
        "plan": number,
        "metric": found.metric,
        "within": found.within,
        "window": {
            "start": window.start.isoformat() if window.start else None,
            "end": window.end.isoformat() if window.end else None,
            "first_row": window.first_row,
            "last_row": window.last_row,
        },
        "n": need.n,
        "n_random": need.n_random,
        "saved": need.saved,
        "n_rows": found.n_rows,
        "n_known": found.n_known,
        "n_history": found.n_history,
        "rows": rows,
    }


def _plan_text(found: Plan, number: int | None) -> str:
    from analytics.findings.plan import plan_sentence

    lines = [plan_sentence(found)]
    if number is None:
        shown = found.ids[: min(found.need.n, SHOWN)]
        more = found.need.n - len(shown)
        lines += ["", *shown, *([f"and {more:,} more (--json has all)"] if more > 0 else [])]
        lines.append("\nAdd --queue to put them into the labelling queue.")
    else:
        lines.append(f"Kept as plan {number}; its rows are in the queue 'active'.")
    return "\n".join(lines)


def _read(desk: Any, dataset: Dataset, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from analytics.findings.plan import progress_sentence
    from app.auth.viewer import operator
    from app.cli.questions import result_json
    from app.labelling.plans import plan_progress
    from app.state.plans import get_plan

    stored: StoredPlan = get_plan(desk.database, arguments.status)
    if arguments.by or arguments.slice:
        return _read_slices(desk, dataset, stored, arguments)
    progress: Progress = plan_progress(desk.engine, desk.database, operator(), dataset, stored)
    said = {
        "question": "label plan",
        "model": dataset.model,
        "plan": stored.id,
        "results": [result_json(progress.result)],
        "is_reached": progress.is_reached,
        "n_behind": progress.n_behind,
        "n_lost": progress.n_lost,
    }
    return said, progress_sentence(stored.plan, progress.result, is_reached=progress.is_reached)


def _read_slices(
    desk: Any, dataset: Dataset, stored: StoredPlan, arguments: argparse.Namespace
) -> tuple[dict[str, Any], str]:
    """What the page Estimate shows under By slice: one number a slice, from the same labels."""
    from analytics.words import write_count, write_half_width, write_value
    from app.auth.viewer import operator
    from app.cli.questions import result_json
    from app.labelling.plans import cut_asked, read_slices, slices_of

    texts = list(arguments.slice)
    if arguments.by:
        cut = desk.ask(f"cut:{arguments.by}", dataset.model, cut_asked(stored))[2]
        texts = [*slices_of(cut), *texts]
    found = read_slices(desk.engine, desk.database, operator(), dataset, stored, texts)
    said = {"question": "label plan", "model": dataset.model, "plan": stored.id}
    results = [{**result_json(r), "slice": t} for r, t in zip(found, texts, strict=True)]
    unit = "rate" if stored.plan.metric == "accuracy" else "label"
    lines = [
        f"{text}: {write_value(r.value, unit)} {write_half_width(r.low, r.high, unit)},"
        f" {write_count(r.detail['n_from_plan'])} labels of the plan, {write_count(r.n)} rows"
        if r.value is not None
        else f"{text}: {r.reason}, {write_count(r.n)} rows"
        for text, r in zip(texts, found, strict=True)
    ]
    return {**said, "results": results}, "\n".join(lines)
