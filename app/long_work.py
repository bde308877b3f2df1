"""What a page asks the worker for and finds again by what was asked: searches and replays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from analytics.errors import QueryCancelled
from app.state import jobs
from app.state.database import Database

if TYPE_CHECKING:
    from analytics.query.engine import Cancel
    from app.auth.viewer import Viewer
    from app.ingest.words import Progress


def find_work(database: Database, kind: str, arguments: Mapping[str, Any]) -> jobs.Job | None:
    """The latest job of this kind and these arguments that waits, runs, is done or failed."""
    found = (job for job in jobs.list_jobs(database, kind) if job.state != "cancelled")
    return next((job for job in found if job.arguments == arguments), None)


def stop_work(viewer: Viewer, database: Database, job: jobs.Job) -> None:
    """Press cancel; AccessDenied without the right to explore the job's model."""
    viewer.check("explore", str(job.arguments["model"]))
    jobs.cancel(database, viewer.user, job.id)


def until_cancelled(progress: Progress, cancel: Cancel, what: str) -> Progress:
    """The same progress, which ends the work with QueryCancelled once cancel is pressed."""

    def watch(share: float, message: str) -> None:
        if cancel.is_pressed:
            raise QueryCancelled(f"The {what} was cancelled.")
        progress(share, message)

    return watch
