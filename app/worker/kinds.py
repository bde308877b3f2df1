"""The kinds of jobs that a worker does: name, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analytics.query.engine import Cancel
from app.ingest.requests import KIND as IMPORT
from app.ingest.requests import run_asked
from app.ingest.words import Progress
from app.monitors.asked import KIND as REPLAY
from app.monitors.asked import do_replay
from app.search import KIND as SLICES
from app.search import do_search
from app.settings import Settings
from app.state.database import Database
from app.state.jobs import Job

# Does a job and gives its result as plain JSON values; says how far it is, stops under a cancel.
Do = Callable[[Settings, Database, Job, Progress, Cancel], Mapping[str, Any]]


def do_import(
    settings: Settings, database: Database, job: Job, progress: Progress, cancel: Cancel
) -> Mapping[str, Any]:
    """Import files into a model's log."""
    return run_asked(settings, database, job, progress, cancel).to_json()


KINDS: Mapping[str, Do] = {IMPORT: do_import, SLICES: do_search, REPLAY: do_replay}
