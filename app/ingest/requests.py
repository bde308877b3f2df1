"""Imports asked for on the screen: uploads kept aside, plans shown, jobs queued for the worker."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from analytics.errors import ConfigError, QueryCancelled, UsageError
from analytics.query.engine import Cancel
from app.auth.viewer import Viewer
from app.ingest.beside import import_and_put
from app.ingest.paste import plan_pasted
from app.ingest.plan import plan_import
from app.ingest.words import ImportOptions, ImportPlan, ImportReport, Place, Progress
from app.memory import import_memory
from app.settings import Settings
from app.state import jobs
from app.state.database import Database

KIND = "import"
BLOCK = 1 << 20
KEEP_UPLOADS_S = 24 * 3600  # given up without a word, or failed and perhaps asked for again


def place_of(settings: Settings, database: Database, actor: str) -> Place:
    """Where imports of the screen go, and which folders they may read."""
    named = [Path(root) for root in settings.text("import_roots").split(":") if root]
    master, cluster_memory = cluster_of(settings)
    return Place(
        home=settings.home,
        database=database,
        actor=actor,
        roots=(settings.home / "uploads", *named),
        memory=import_memory(settings.text("import_memory")),
        threads=settings.number("query_threads"),
        hashes_users=settings.flag("hash_user_ids"),
        cluster=master,
        cluster_memory=cluster_memory,
    )


def cluster_of(settings: Settings) -> tuple[str, str]:
    """Address and memory of the cluster that counts summaries; empty where this machine does."""
    engine, master = settings.text("engine"), settings.text("spark_master")
    if engine == "duckdb":
        return "", ""
    if engine != "spark" or not master:
        raise ConfigError(
            f"TELLTALE_ENGINE is {engine!r} and TELLTALE_SPARK_MASTER {master!r}.",
            "Summaries are counted by duckdb on this machine, or by spark at an address.",
            "Leave both out, or set TELLTALE_ENGINE=spark with the address of the cluster.",
        )
    return master, settings.text("spark_memory")


def keep_upload(viewer: Viewer, settings: Settings, name: str, stream: IO[bytes]) -> Path:
    """Keep an uploaded file in a folder of its own; UsageError over the size limit."""
    viewer.check("import")
    folder = settings.home / "uploads" / secrets.token_hex(8)
    folder.mkdir(parents=True, mode=0o700)
    target = folder / (re.sub(r"[^A-Za-z0-9._-]", "_", Path(name).name)[-80:] or "upload")
    left = settings.number("upload_limit_mb") << 20
    stream.seek(0)
    with target.open("wb") as kept:
        while block := stream.read(BLOCK):
            left -= len(block)
            if left < 0:
                shutil.rmtree(folder)
                raise UsageError(
                    f"{name} is larger than {settings.number('upload_limit_mb')} MB.",
                    "Uploads are limited so that they cannot fill the disk.",
                    "Copy it to the server and import it by its path, or raise TELLTALE_UPLOAD_LIMIT_MB.",
                )
            kept.write(block)
    return target


def drop_upload(settings: Settings, paths: Sequence[str]) -> None:
    """Remove uploads that were imported or given up."""
    uploads = settings.home / "uploads"
    for path in map(Path, paths):
        if path.is_relative_to(uploads) and path.parent != uploads:
            shutil.rmtree(path.parent, ignore_errors=True)


def sweep_uploads(settings: Settings, database: Database) -> list[Path]:
    """Remove uploads a day old that no waiting or running import needs; the folders removed."""
    needed = set()
    for job in jobs.list_open(database, KIND):
        needed |= {Path(path).parent for path in job.arguments["paths"]}
    limit, removed = time.time() - KEEP_UPLOADS_S, []
    for folder in sorted((settings.home / "uploads").glob("*")):
        if folder not in needed and folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed


def look_at(
    viewer: Viewer, place: Place, paths: Sequence[str], options: ImportOptions
) -> ImportPlan:
    """The plan of an import, for somebody who may import into the model."""
    viewer.check("import", options.model)
    return plan_import(place, paths, options)


def look_at_pasted(viewer: Viewer, place: Place, text: str, options: ImportOptions) -> ImportPlan:
    """What an import of one pasted event would do, for somebody who may import into the model."""
    viewer.check("import", options.model)
    return plan_pasted(place, text, options)


def ask_import(
    viewer: Viewer, database: Database, paths: Sequence[str], options: ImportOptions
) -> int:
    """Queue an import for the worker; the job's id. AccessDenied without the right."""
    viewer.check("import", options.model)
    arguments = {"paths": list(paths), "options": asdict(options)}
    return jobs.ask(database, viewer.user, KIND, arguments)


def run_asked(
    settings: Settings, database: Database, job: jobs.Job, progress: Progress, cancel: Cancel
) -> ImportReport:
    """Do what a job asks; its uploads are removed unless it was interrupted."""
    place = place_of(settings, database, job.actor)
    paths = [str(path) for path in job.arguments["paths"]]
    try:
        plan = plan_import(place, paths, options_of(job.arguments["options"]), cancel)
        report, _put = import_and_put(place, plan, progress, cancel)
    except QueryCancelled:
        drop_upload(settings, paths)
        raise
    drop_upload(settings, paths)
    return report


def options_of(values: Mapping[str, Any]) -> ImportOptions:
    """Options from their plain values."""
    mapping = tuple((str(role), str(column)) for role, column in values.get("mapping", ()))
    return ImportOptions(**{**values, "mapping": mapping})
