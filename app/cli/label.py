"""``telltale label``: projects, queues, export and import of labels, training sets."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.ask import Desk
    from app.labelling.people import Progress
    from app.state.labels import Project

FORMATS = ("jsonl", "csv", "label-studio", "huggingface")
QUEUES = ("uncertain", "misclassified", "disagreement", "diverse", "slice", "active", "random")


def register(subparsers: Any) -> None:
    """Add the commands to the parser."""
    text = "ask people which label is right: projects, queues, export, import, training sets"
    parser = subparsers.add_parser("label", help=text, description=text)
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    new = _verb(verbs, "new", new_project, "make a labelling project")
    new.add_argument("--question", help="what is asked; default the model's description")
    new.add_argument("--classes", help="split by commas; default the model's classes")
    new.add_argument("--people", help="names, split by commas; default whoever may label")
    new.add_argument("--overlap", type=int, default=1, help="answers a row, 1 to 5")
    new.add_argument("--budget", type=int, help="most rows to label")
    new.add_argument("--deadline", help="date or time (UTC)")
    new.add_argument("--guard-ms", type=int, default=250, help="shortest look at a card; 0: off")
    _verb(verbs, "status", show_status, "how far the model's projects are")
    queue = _verb(verbs, "queue", fill, "choose rows to label and queue them")
    queue.add_argument("--queue", choices=QUEUES, default="uncertain", help="how they are chosen")
    queue.add_argument("--n", type=int, default=50, help="how many rows")
    queue.add_argument("--seed", type=int, default=0, help="another seed draws other rows")
    queue.add_argument("--other", help="a model whose answers are compared (disagreement)")
    queue.add_argument("--gold", type=int, default=0, help="rows of known label to hide among them")
    queue.add_argument("--practice", type=int, default=0, help="rows of known label to begin with")
    _scope(queue)
    out = _verb(verbs, "export", export, "a project's tasks and answers as a file")
    out.add_argument("--format", choices=FORMATS, default="jsonl")
    out.add_argument("--out", required=True, help="the file, or the folder (huggingface)")
    take = _verb(verbs, "import", bring, "tasks and answers from a file or folder")
    take.add_argument("path", help="what export wrote, or a file of Label Studio's own")
    take.add_argument("--format", choices=FORMATS, default="jsonl")
    train = _verb(verbs, "training", training, "labelled rows with weights, to train on")
    train.add_argument("--out", required=True, help="a file ending in .parquet or .csv")
    train.add_argument("--sensitive", action="store_true", help="with the sensitive columns")
    _scope(train)
    for name, text in (("close", "no more answers"), ("open", "open it again")):
        _verb(verbs, name, set_open, text).set_defaults(state=name)
    wipe = _verb(verbs, "wipe", wipe_all, "remove a project's tasks and answers")
    wipe.add_argument("--yes", action="store_true", help="they are gone then: export them first")


def _verb(verbs: Any, name: str, handler: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("--model", required=True, help="name of the model")
    parser.add_argument("--project", type=int, help="its number; default the latest open one")
    parser.add_argument("--home", help="folder of the database and logs")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    parser.set_defaults(handler=handler)
    return parser


def _scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", help="only this version")
    parser.add_argument("--window", help="A..B (UTC), 7d, 30d, all, or 0..4999rows; default all")
    parser.add_argument("--segment", help="rows to keep, such as \"origin = 'JFK'\"")


def new_project(arguments: argparse.Namespace) -> int:
    """Make a project and print its number."""
    from dataclasses import replace

    from app.auth.viewer import operator
    from app.cli.questions import split_list
    from app.labelling.projects import default_setup, make_project
    from app.questions import parse_time
    from app.state.models import get_model

    with _desk(arguments) as desk:
        setup = default_setup(get_model(desk.database, arguments.model))
        setup = replace(
            setup,
            question=arguments.question or setup.question,
            classes=split_list(arguments.classes) or setup.classes,
            people=split_list(arguments.people),
            overlap=arguments.overlap,
            budget=arguments.budget,
            deadline=parse_time(arguments.deadline) if arguments.deadline else None,
            guard_ms=arguments.guard_ms,
        )
        number = make_project(desk.database, operator(), arguments.model, setup)
    return _say(arguments, f"Project {number}: {setup.question}", project=number)


def show_status(arguments: argparse.Namespace) -> int:
    """Every project of the model with its counts, and whether the truth arrives by itself."""
    from app.auth.viewer import operator
    from app.labelling.arrival import arrival
    from app.labelling.people import progress
    from app.labelling.projects import list_projects
    from app.questions import clock

    viewer = operator()
    with _desk(arguments) as desk:
        dataset = desk.dataset(arguments.model)
        found = arrival(desk.engine, dataset, clock(dataset, desk.now()))
        projects = list_projects(desk.database, viewer, arguments.model, with_closed=True)
        chosen = [p for p in projects if arguments.project in (None, p.id)]
        rows = [_status(p, progress(desk.database, viewer, p.id)) for p in chosen]
    lines = [found.sentence, *(_line(row) for row in rows)]
    if not rows:
        lines.append(f"No project yet: telltale label new --model {arguments.model}")
    text = "\n".join(lines)
    return _say(
        arguments, text, arrives_by_itself=found.is_automatic, share=found.share, projects=rows
    )


def fill(arguments: argparse.Namespace) -> int:
    """Choose rows, queue them, and say how many."""
    from app.auth.viewer import operator
    from app.labelling.choose import Wanted, fill_gold, fill_queue

    asked = _asked(arguments)
    wanted = Wanted(arguments.queue, arguments.n, asked, arguments.seed, arguments.other)
    viewer = operator()
    with _desk(arguments) as desk:
        project = _project(desk, arguments)
        added = fill_queue(desk.engine, desk.database, viewer, project.id, wanted)
        known = (arguments.gold, arguments.practice)
        gold = fill_gold(desk.engine, desk.database, viewer, project.id, known, arguments.seed)
    text = f"{added.n} rows queued as {arguments.queue} in project {project.id}"
    text += f", {gold.n} of known label" if gold.n else ""
    counts = {"n": added.n, "n_known": added.n_known, "n_over_budget": added.n_over_budget}
    return _say(arguments, text, project=project.id, queue=arguments.queue, n_gold=gold.n, **counts)


def export(arguments: argparse.Namespace) -> int:
    """Write a project's rows."""
    from app.auth.viewer import operator
    from app.labelling.exchange import export_project
    from app.labelling.formats import write_file, write_folder

    target = Path(arguments.out)
    with _desk(arguments) as desk:
        project = _project(desk, arguments)
        rows = export_project(desk.database, operator(), project.id)
    if arguments.format == "huggingface":
        write_folder(project, rows, target)
    else:
        target.write_bytes(write_file(arguments.format, project, rows))
    text = f"{target}: {len(rows)} rows of project {project.id}"
    return _say(arguments, text, project=project.id, n_rows=len(rows), out=str(target))


def bring(arguments: argparse.Namespace) -> int:
    """Take rows in; exit status 1 where some were refused."""
    from app.auth.viewer import operator
    from app.labelling.exchange import import_rows
    from app.labelling.formats import read_file, read_folder

    source = Path(arguments.path)
    is_folder = arguments.format == "huggingface"
    rows = read_folder(source) if is_folder else read_file(arguments.format, _read(source))
    with _desk(arguments) as desk:
        project = _project(desk, arguments)
        done = import_rows(desk.engine, desk.database, operator(), project.id, rows)
        _flush(desk)
    lines = [
        f"{done.n_answers} answers and {done.n_tasks} tasks taken into project {project.id};"
        f" {done.n_known} answers were here already; {len(done.refused)} rows refused"
    ]
    lines += [f"row {place + 1}: {why}" for place, why in done.refused]
    counts = {"n_tasks": done.n_tasks, "n_answers": done.n_answers, "n_known": done.n_known}
    refused = [{"row": place, "why": why} for place, why in done.refused]
    more = {"n_labels": done.n_labels, "refused": refused}
    _say(arguments, "\n".join(lines), project=project.id, **counts, **more)
    return 1 if done.refused else 0


def training(arguments: argparse.Namespace) -> int:
    """Write the training set."""
    from analytics.errors import UsageError
    from app.auth.viewer import operator
    from app.labelling.training import Wanted, export_training

    target = Path(arguments.out)
    kind = target.suffix.removeprefix(".")
    if kind not in ("parquet", "csv"):
        raise UsageError(
            f"{target.name} is of no known format.", "", "Name a .parquet or .csv file."
        )
    wanted = Wanted(_asked(arguments), kind, arguments.sensitive)  # type: ignore[arg-type]
    with _desk(arguments) as desk:
        _flush(desk)
        found = export_training(desk.engine, desk.database, operator(), arguments.model, wanted)
    target.write_bytes(found.content)
    text = f"{target}: {found.n_rows} labelled rows"
    return _say(arguments, text, n_rows=found.n_rows, out=str(target), sensitive=found.sensitive)


def set_open(arguments: argparse.Namespace) -> int:
    """Close a project, or open it again."""
    from app.auth.viewer import operator
    from app.labelling.projects import set_state

    state = "closed" if arguments.state == "close" else "open"
    with _desk(arguments) as desk:
        project = _project(desk, arguments)
        set_state(desk.database, operator(), project.id, state)  # type: ignore[arg-type]
    return _say(arguments, f"Project {project.id} is {state}.", project=project.id, state=state)


def wipe_all(arguments: argparse.Namespace) -> int:
    """Remove a project's tasks and answers, when told so twice."""
    from analytics.errors import UsageError
    from app.auth.viewer import operator
    from app.labelling.projects import wipe_project

    if not arguments.yes or arguments.project is None:
        raise UsageError(
            "Wiping needs --project N and --yes.",
            "Tasks and answers are gone then; accepted labels stay in the log.",
            "Export them first: telltale label export.",
        )
    with _desk(arguments) as desk:
        n = wipe_project(desk.database, operator(), arguments.project)
    text = f"{n} answers of project {arguments.project} removed"
    return _say(arguments, text, project=arguments.project, n_removed=n)


def _desk(arguments: argparse.Namespace) -> Desk:
    import logging

    from app.ask import Desk
    from app.settings import read_settings

    logging.disable(logging.WARNING)
    return Desk(read_settings(home=arguments.home))


def _flush(desk: Desk) -> None:
    """Into the log with what waits: no worker need be running beside a command."""
    from app.ingest.outbox import flush
    from app.ingest.words import Place

    flush(Place(desk.settings.home, desk.database, "outbox"))


def _asked(arguments: argparse.Namespace) -> Any:
    from app.questions import Asked

    return Asked(arguments.version, arguments.window, None, arguments.segment)


def _project(desk: Desk, arguments: argparse.Namespace) -> Project:
    """The project that was named, or the model's latest open one."""
    from analytics.errors import NameUnknown
    from app.auth.viewer import operator
    from app.labelling.projects import get_project, list_projects
    from app.state.models import get_model

    get_model(desk.database, arguments.model)
    if arguments.project is not None:
        found = get_project(desk.database, operator(), arguments.project)
        if found.model == arguments.model:
            return found
        raise NameUnknown(f"Project {found.id} is about {found.model}.", "", "Name its model.")
    projects = list_projects(
        desk.database, operator(), arguments.model, with_closed=arguments.handler is set_open
    )
    if not projects:
        raise NameUnknown(
            f"{arguments.model} has no open labelling project.",
            "",
            f"Make one: telltale label new --model {arguments.model}",
        )
    return projects[0]


def _read(path: Path) -> bytes:
    from analytics.errors import FileUnreadable

    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.", "", "") from error


def _status(project: Project, found: Progress) -> dict[str, Any]:
    return {
        "project": project.id,
        "question": project.setup.question,
        "state": project.state,
        "overlap": project.setup.overlap,
        "people": list(project.setup.people),
        "n_tasks": found.n_tasks,
        "n_open": found.n_open,
        "n_done": found.n_done,
        "n_disputed": found.n_disputed,
        "by_queue": dict(found.by_queue),
        "budget": found.budget,
        "deadline": found.deadline.isoformat() if found.deadline else None,
    }


def _line(row: dict[str, Any]) -> str:
    queues = ", ".join(f"{n} {queue}" for queue, n in sorted(row["by_queue"].items()))
    return (
        f"Project {row['project']} ({row['state']}): {row['question']} {row['n_done']} of"
        f" {row['n_tasks']} done, {row['n_disputed']} disputed, open: {queues or 'none'}"
    )


def _say(arguments: argparse.Namespace, text: str, **values: Any) -> int:
    print(json.dumps(values) if arguments.json else text)
    return 0
