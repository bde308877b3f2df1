"""``telltale feedback``: the inbox, the week in five lines, and files to take away."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from app.cli.people import open_home, say, verb


def register(subparsers: Any) -> None:
    """Add the commands to the parser."""
    feedback = subparsers.add_parser("feedback", help="what users say of the predictions")
    verbs = feedback.add_subparsers(title="verbs", metavar="VERB", required=True)
    listed = verb(verbs, "list", list_all, "items of the inbox, the newest first")
    listed.add_argument("--limit", type=int, default=20)
    exported = verb(verbs, "export", export_all, "every item as a file")
    exported.add_argument("--format", choices=("csv", "jsonl"), default="jsonl")
    exported.add_argument(
        "--output", metavar="FILE", help="where to; standard output when left out"
    )
    for parser in (listed, exported):
        parser.add_argument("--status", action="append", help="repeat it for several")
        parser.add_argument("--negative", action="store_true", help="negative items only")
        parser.add_argument("--version", help="about this version of the model")
    week = verb(verbs, "digest", tell_week, "the last week in five plain lines")
    week.add_argument("--until", metavar="TIME", help="the week up to this moment (UTC)")
    for parser in (listed, exported, week):
        parser.add_argument("--model", required=True)


def _filter(arguments: argparse.Namespace) -> Any:
    from analytics.errors import UsageError
    from app.state.inbox import Filter
    from app.state.triage import STATUSES

    statuses = tuple(arguments.status or ())
    unknown = next((s for s in statuses if s not in STATUSES), None)
    if unknown is not None:
        raise UsageError(f"There is no status {unknown!r}.", "", f"Take of: {', '.join(STATUSES)}.")
    return Filter(
        arguments.model,
        statuses=statuses,
        is_negative_only=arguments.negative,
        version=arguments.version,
    )


def list_all(arguments: argparse.Namespace) -> int:
    """The newest items, and how many there are."""
    import json

    from app.feedback.files import to_jsonl
    from app.state.inbox import count_items, list_items
    from app.state.models import get_model

    database = open_home(arguments)
    get_model(database, arguments.model)
    which = _filter(arguments)
    items = list_items(database, which, 0, max(1, arguments.limit))
    n = count_items(database, which)
    lines = [
        f"{i.id}  {i.created_at:%Y-%m-%d %H:%M}  {i.status:<11} "
        f"{'-' if i.is_negative is None else 'bad' if i.is_negative else 'good':<4} "
        f"{i.prediction_id:<12} {(i.comment or i.key).splitlines()[0][:60]}"
        for i in items
    ]
    text = "\n".join([*lines, f"{len(items)} of {n:,} items"])
    rows = [json.loads(line) for line in to_jsonl(items).splitlines()]
    return say(arguments, text, model=arguments.model, n=n, items=rows)


def export_all(arguments: argparse.Namespace) -> int:
    """Every item that the filter lets through."""
    from app.auth.viewer import operator
    from app.feedback.files import export
    from app.state.models import get_model

    database = open_home(arguments)
    get_model(database, arguments.model)
    body = export(database, operator(), _filter(arguments), arguments.format)
    if arguments.output is None and not arguments.json:
        sys.stdout.write(body.decode())
        return 0
    if arguments.output is not None:
        Path(arguments.output).write_bytes(body)
    n = body.count(b"\n") - (arguments.format == "csv")
    return say(arguments, f"Written: {arguments.output}", file=arguments.output, n_lines=n)


def tell_week(arguments: argparse.Namespace) -> int:
    """Five lines on the last week; a replayed log has its own present."""
    from analytics.findings.voices import digest
    from app.ask import open_engine
    from app.feedback.reading import read_week
    from app.questions import clock, parse_time
    from app.settings import read_settings
    from app.state.database import utc_now
    from app.state.logs import load_dataset

    database = open_home(arguments)
    settings = read_settings(home=arguments.home)
    dataset = load_dataset(database, arguments.model, settings.home)
    end = parse_time(arguments.until) if arguments.until else clock(dataset, utc_now())
    engine = open_engine(settings, database)
    try:
        lines = digest(read_week(engine, database, dataset, end))
    finally:
        engine.close()
    return say(arguments, "\n".join(lines), model=arguments.model, end=end.isoformat(), lines=lines)
