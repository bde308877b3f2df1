"""The search for weak slices as a job of the worker: what is asked for, done, and found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analytics.core import Result, Window
from app.long_work import find_work, until_cancelled
from app.questions import Asked, build_question, parse_time
from app.state import jobs
from app.state.database import Database

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.engine import Cancel
    from app.auth.viewer import Viewer
    from app.ingest.words import Progress
    from app.settings import Settings

KIND = "slices"
AT_ONCE = 4_000_000  # rows times columns that are searched in about a second


def is_long(dataset: Dataset) -> bool:
    """Whether a search of this log is work for the worker."""
    return dataset.log("predictions").n_rows * len(dataset.schema.features) > AT_ONCE


def arguments_of(dataset: Dataset, asked: Asked, moment: datetime) -> dict[str, Any]:
    """What the worker needs to know; the same log, question and moment are the same search."""
    words = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(asked).items()}
    return {
        "model": dataset.model,
        "print": dataset.fingerprint,  # another one for who may not see sensitive columns
        "moment": moment.replace(minute=0, second=0, microsecond=0).isoformat(),
        "asked": words,
    }


def ask_search(viewer: Viewer, database: Database, arguments: Mapping[str, Any]) -> jobs.Job:
    """The search of these arguments, queued if nobody asked for it yet; AccessDenied without the right."""
    viewer.check("explore", str(arguments["model"]))
    found = find_work(database, KIND, arguments)
    if found is not None:
        return found
    return jobs.get(database, jobs.ask(database, viewer.user, KIND, arguments))


def do_search(
    settings: Settings, database: Database, job: jobs.Job, progress: Progress, cancel: Cancel
) -> Mapping[str, Any]:
    """Do what such a job asks for."""
    from analytics.evaluate import slices
    from app.ask import open_engine
    from app.state.logs import load_dataset

    arguments = job.arguments
    dataset = load_dataset(database, str(arguments["model"]))
    if str(arguments["print"]).endswith("-masked"):
        dataset = dataset.without_sensitive()
    words: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in arguments["asked"].items()
    }
    question = build_question(dataset, Asked(**words), parse_time(str(arguments["moment"])))

    watch = until_cancelled(progress, cancel, "search")
    engine = open_engine(settings, database)
    try:
        found = slices(engine.under(cancel), dataset, question, watch)
    finally:
        engine.close()
    return {"results": [as_plain(r) for r in found]}


def as_plain(result: Result) -> dict[str, Any]:
    """A Result as plain JSON values."""
    values = {name: getattr(result, name) for name in Result.__slots__}
    ends = (result.window.start, result.window.end)
    values["window"] = [
        *(end.isoformat() if end else None for end in ends),
        result.window.first_row,
        result.window.last_row,
    ]
    return {**values, "detail": dict(result.detail)}


def results_of(job: jobs.Job) -> list[Result]:
    """What a search that is done has found."""
    return [_result(values) for values in (job.result or {}).get("results", ())]


def _result(values: Mapping[str, Any]) -> Result:
    start, end, first, last = values["window"]
    window = Window(
        parse_time(start) if start else None, parse_time(end) if end else None, first, last
    )
    return Result(**{**values, "window": window})
