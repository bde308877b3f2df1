"""A replay as a job of the worker: what is asked for, done, and found again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.long_work import find_work, until_cancelled
from app.session import format_window
from app.state import jobs
from app.state.database import Database

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.engine import Cancel
    from app.ask import Desk
    from app.auth.viewer import Viewer
    from app.ingest.words import Progress
    from app.settings import Settings

KIND = "replay"
MASKED = "-masked"
PERIODS = {"all": "The whole log", "365d": "Its last year", "90d": "Its last 90 days"}


def window_of(dataset: Dataset, period: str) -> str | None:
    """The window of a period's word, cut at the log's own end; None is the whole log."""
    last = dataset.last_event
    if period not in PERIODS or period == "all" or last is None:
        return None
    end = datetime.combine(last.date(), datetime.min.time()) + timedelta(days=1)
    return format_window(end - timedelta(days=int(period.removesuffix("d"))), end)


def arguments_of(desk: Desk, dataset: Dataset, period: str) -> dict[str, Any]:
    """What the worker needs to know; the same log, period and monitors are the same replay."""
    from app.monitors.policies import plain_monitor
    from app.monitors.replaying import monitors_to_replay

    window = window_of(dataset, period)
    monitors = monitors_to_replay(desk, dataset.model, window)
    return {
        "model": dataset.model,
        "print": dataset.fingerprint,  # another one for who may not see sensitive columns
        "window": window or "all",
        "policy": [plain_monitor(m) for m in monitors],
    }


def find_older(database: Database, arguments: Mapping[str, Any]) -> jobs.Job | None:
    """The latest finished replay of the model by somebody who saw the same columns."""
    is_masked = str(arguments["print"]).endswith(MASKED)
    for job in jobs.list_jobs(database, KIND):
        is_mine = job.arguments["model"] == arguments["model"] and job.state == "done"
        if is_mine and str(job.arguments["print"]).endswith(MASKED) == is_masked:
            return job
    return None


def ask_replay(viewer: Viewer, database: Database, arguments: Mapping[str, Any]) -> jobs.Job:
    """The replay of these arguments, queued unless one waits or runs; AccessDenied without the right."""
    viewer.check("explore", str(arguments["model"]))
    found = find_work(database, KIND, arguments)
    if found is not None and found.state in ("queued", "running"):
        return found
    return jobs.get(database, jobs.ask(database, viewer.user, KIND, arguments))


def do_replay(
    settings: Settings, database: Database, job: jobs.Job, progress: Progress, cancel: Cancel
) -> Mapping[str, Any]:
    """Do what such a job asks for."""
    from app.ask import Desk
    from app.monitors.policies import monitor_of
    from app.monitors.replayed import plain_of
    from app.monitors.replaying import replay

    del database  # the desk opens the same one
    arguments = job.arguments
    is_masked = str(arguments["print"]).endswith(MASKED)

    watch = until_cancelled(progress, cancel, "replay")
    with Desk(settings) as whole:
        desk = whole.under(cancel, is_masked=is_masked)
        found = replay(desk, [monitor_of(dict(row)) for row in arguments["policy"]], watch)
        watch(0.95, "putting it into words")
        return plain_of(desk, str(arguments["model"]), found)
