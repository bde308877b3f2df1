"""``telltale import``, ``models`` and ``schema``: logs in, and what came of them."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.memory import keep_lean

if TYPE_CHECKING:
    from app.ingest.words import ImportOptions, ImportPlan, ImportReport, Place

FORMATS = (
    *("auto", "csv", "jsonl", "parquet", "kserve", "oip", "mlserver", "seldon"),
    *("sagemaker", "bentoml", "otlp", "objects"),
)
KINDS = ("predictions", "labels", "errors", "events", "resources", "feedback")


def register(subparsers: Any) -> None:
    """Add the commands to the parser."""
    parser = subparsers.add_parser("import", help="import logs: files, folders or globs")
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH")
    add("--paste", action="store_true", help="look at one event on standard input, keep nothing")
    add("--model", required=True, help="name of the model")
    add("--kind", choices=KINDS, help="what the rows are; found from the columns when left out")
    add("--as", dest="log", choices=("reference",), help="import as the reference log")
    add("--map", action="append", default=[], metavar="ROLE=COLUMN", help="what a column means")
    add("--positive", help="the positive class")
    add("--task", choices=("binary", "multiclass", "regression", "none"))
    add("--threshold", type=float, help="score from which a row counts as positive")
    add("--timezone", help="zone of times without an offset; UTC when left out")
    add("--format", default="auto", help=f"{', '.join(FORMATS)}; auto looks at the content")
    add("--attach", action="store_true", help="read Parquet where it stands, copy nothing")
    add("--dry-run", action="store_true", help="show what would happen")
    _home_and_json(parser)
    parser.set_defaults(handler=import_logs)
    models = subparsers.add_parser("models", help="list the models")
    _home_and_json(models)
    models.set_defaults(handler=list_all)
    schema = subparsers.add_parser("schema", help="columns and logs of a model")
    schema.add_argument("model")
    schema.add_argument(
        "--sensitive",
        metavar="COLUMNS",
        help="make exactly these features sensitive, split by commas; '' for none",
    )
    schema.add_argument(
        "--value",
        action="append",
        metavar="TRUE,PREDICTED=NUMBER",
        help="what a prediction is worth; repeat it for each pair, all others are worth 0",
    )
    schema.add_argument(
        "--promise", metavar="MS,SHARE", help="answers come within so many ms, such as 200,0.99"
    )
    schema.add_argument(
        "--price",
        metavar="PER_HOUR,CURRENCY",
        help="what all machines cost an hour, such as 1.5,EUR; the currency may be left out; none takes it away",
    )
    _home_and_json(schema)
    schema.set_defaults(handler=show_schema)


def _home_and_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", help="folder of the database and logs")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )


def import_logs(arguments: argparse.Namespace) -> int:
    """Plan, show, and unless it is a dry run import."""
    keep_lean()
    from app.ingest.beside import import_and_put
    from app.ingest.plan import plan_import
    from app.ingest.run import sweep

    place = open_place(arguments.home)
    if arguments.paste:
        return _look_at_pasted(arguments, place)
    sweep(place.home, place.database)
    plan = plan_import(place, arguments.paths, _options(arguments))
    if arguments.dry_run:
        print(json.dumps(plan.to_json(), default=str) if arguments.json else plan_text(plan))
        return 0
    if not arguments.json:
        print(plan_text(plan))
    is_watched = sys.stderr.isatty()
    report, put = import_and_put(place, plan, _show if is_watched else None)
    if arguments.json:
        said = report.to_json() | {"n_beside": put.n_rows, "beside_s": round(put.seconds, 3)}
        print(json.dumps(said, default=str))
        return 0
    print(report_text(report))
    if put.n_rows:
        print(f"Labels put beside {put.n_rows:,} rows in {put.seconds:.1f} s")
    return 0


def _look_at_pasted(arguments: argparse.Namespace, place: Place) -> int:
    """Say what one event means; nothing of it is kept."""
    from app.ingest.paste import joins, plan_pasted

    if sys.stdin.isatty():
        print("Paste one event, then press Ctrl-D.", file=sys.stderr)
    plan = plan_pasted(place, sys.stdin.read(), _options(arguments))
    if arguments.json:
        print(json.dumps({**plan.to_json(), "joins": joins(plan)}, default=str))
    else:
        print(f"{plan_text(plan)}\n{joins(plan)}\nNothing was kept.")
    return 0


def open_place(home: str | None) -> Place:
    """Where imports of the command line go."""
    from app.ingest.requests import place_of
    from app.settings import read_settings
    from app.state.database import Database
    from app.state.migrations import migrate

    settings = read_settings(home=home)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database_url)
    migrate(database)
    return replace(place_of(settings, database, "cli"), roots=None)


def _options(arguments: argparse.Namespace) -> ImportOptions:
    from analytics.errors import UsageError
    from app.ingest.words import ImportOptions

    mapping = []
    for text in arguments.map:
        role, sign, column = text.partition("=")
        if not sign or not column:
            raise UsageError(f"--map {text!r} is no ROLE=COLUMN.", "", "Write --map label=repaid.")
        mapping.append((role, column))
    return ImportOptions(
        model=arguments.model,
        kind=arguments.kind,
        log="reference" if arguments.log else "production",
        mapping=tuple(mapping),
        positive=arguments.positive,
        timezone=arguments.timezone,
        format=arguments.format,
        task=arguments.task,
        threshold=arguments.threshold,
        is_attached=arguments.attach,
    )


def _show(share: float, message: str) -> None:
    print(f"\r{100 * share:3.0f} %  {message:<60}", end="", file=sys.stderr)


def plan_text(plan: ImportPlan) -> str:
    """The plan as a table, with what is open and what is missing."""
    form = plan.recognised or plan.format
    lines = [f"{len(plan.files)} file(s), {form}, {plan.kind}, task {plan.task}"]
    if plan.positive is not None:
        lines[0] += f", positive class {plan.positive!r}"
    width = max(len(c.name) for c in plan.columns)
    for c in (c for c in plan.columns if not c.is_beside):
        role = f"score_{c.class_name}" if c.class_name else c.role
        lines.append(
            f"  {c.name:<{width}}  {role:<14} {c.type:<12} {', '.join(c.examples)}  ({c.why})"
        )
    if plan.is_zone_assumed:
        lines.append("  Times without an offset are taken as UTC (--timezone says otherwise).")
    lines += [f"  ? {q.what} Add {' or '.join(q.answers)}." for q in plan.questions]
    lines += [f"  ! {problem}" for problem in plan.problems]
    lines += [f"  - {what}" for what in plan.lacks]
    return "\n".join(lines)


def report_text(report: ImportReport) -> str:
    """What the import did, in a few lines."""
    lines = [f"{report.n_taken:,} rows taken into {report.model} ({report.log} {report.kind})"]
    if report.n_labels:
        lines.append(f"{report.n_labels:,} labels")
    if report.n_duplicates or report.n_label_duplicates:
        lines.append(f"{report.n_duplicates + report.n_label_duplicates:,} duplicates skipped")
    if report.n_labels_unmatched:
        lines.append(f"{report.n_labels_unmatched:,} labels wait for their prediction")
    lines += [f"{n:,} rows set aside: {reason}" for reason, n in report.aside.items()]
    return "\n".join(lines)


def list_all(arguments: argparse.Namespace) -> int:
    """Every model with its task and size."""
    from app.state.logs import load_dataset
    from app.state.models import list_models

    place = open_place(arguments.home)
    found = []
    for model in list_models(place.database):
        dataset = load_dataset(place.database, model.name, place.home)
        found.append(
            {
                "model": model.name,
                "task": model.schema.task,
                "n": dataset.log("predictions").n_rows,
                "n_labels": dataset.log("labels").n_rows,
                "n_reference": dataset.log("predictions", "reference").n_rows,
                "first_event": dataset.first_event,
                "last_event": dataset.last_event,
                "is_sample": model.is_sample,
            }
        )
    if arguments.json:
        print(json.dumps({"models": found}, default=str))
        return 0
    for m in found:
        print(
            f"{m['model']:<24} {m['task']:<11} {m['n']:>12,} predictions {m['n_labels']:>12,} labels"
        )
    if not found:
        print("No models yet: telltale import PATH --model NAME")
    return 0


def show_schema(arguments: argparse.Namespace) -> int:
    """The columns of a model, and what was imported."""
    from analytics.sources.schema import schema_to_json
    from app.auth.viewer import operator
    from app.sensitive import set_sensitive
    from app.state.logs import list_imports
    from app.state.models import get_model
    from app.terms import parse_price, parse_promise, set_price, set_promise
    from app.worth import parse_values, set_worth

    place = open_place(arguments.home)
    if arguments.sensitive is not None:
        named = [c.strip() for c in arguments.sensitive.split(",") if c.strip()]
        set_sensitive(place.database, operator(), arguments.model, named)
    if arguments.value:
        set_worth(place.database, operator(), arguments.model, parse_values(arguments.value))
    if arguments.promise:
        set_promise(place.database, operator(), arguments.model, parse_promise(arguments.promise))
    if arguments.price:
        set_price(place.database, operator(), arguments.model, *parse_price(arguments.price))
    model = get_model(place.database, arguments.model)
    imports = list_imports(place.database, model.name)
    if arguments.json:
        rows = [
            {"id": i.id, "kind": i.kind, "log": i.log, "n_taken": i.n_taken, "aside": i.aside}
            for i in imports
        ]
        print(
            json.dumps(
                {"model": model.name, "schema": schema_to_json(model.schema), "imports": rows}
            )
        )
        return 0
    print(f"{model.name}: {model.schema.task}, classes {', '.join(model.schema.classes) or '-'}")
    for column in model.schema.columns:
        note = "  sensitive" if column.is_sensitive else ""
        print(f"  {column.name:<32} {column.role:<14} {column.type}{note}")
    for row in imports:
        print(
            f"{row.finished_at:%Y-%m-%d %H:%M} {row.log} {row.kind}: {row.n_taken:,} rows, {sum(row.aside.values()):,} aside"
        )
    return 0
