"""Run an import: stage, find duplicates, write parts, and commit all of it in one transaction."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from analytics.core import Kind, Log, LogName
from analytics.errors import FileUnreadable, StateError
from analytics.query.engine import Cancel
from analytics.sources.relation import quote_text, relation
from analytics.sources.schema import merge_schema
from app.ingest.attach import attach
from app.ingest.duplicates import pick_labels, pick_predictions
from app.ingest.events import pick_events
from app.ingest.feedback import take_staged
from app.ingest.known import holding
from app.ingest.parts import first_rows, place_parts, write_parts
from app.ingest.plan import check_open, schema_of
from app.ingest.pseudonyms import user_key
from app.ingest.stage import kept, stage_files
from app.ingest.words import ImportPlan, ImportReport, Place, Progress
from app.ingest.workspace import Workspace, model_lock, reach
from app.state.database import Database
from app.state.logs import ImportRow, PartRow, add_import, list_parts, load_dataset
from app.state.models import find_model, save_schema
from app.state.outbox import list_retired

NEW_S = 10.0


def run_import(
    place: Place,
    plan: ImportPlan,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    number: str | None = None,
) -> ImportReport:
    """Import what the plan says; all of it or nothing. ``number`` is the import's id, if not a new one.

    Raises RoleAmbiguous while questions are open, QueryCancelled when cancel was pressed, and
    another TelltaleError where the files turn out to be unreadable; nothing is kept then.
    """
    check_open(plan)
    files = [file.path for file in plan.files]
    with Workspace(place, files, progress, cancel, number) as workspace:
        if plan.options.is_attached:
            with model_lock(place, plan.options.model, workspace):
                return attach(workspace, plan, commit)
        stage_files(workspace, plan)
        reach("staged")
        with model_lock(place, plan.options.model, workspace):
            return _Import(workspace, plan).run()


class _Import:
    """One import after its files were staged."""

    def __init__(self, workspace: Workspace, plan: ImportPlan) -> None:
        self.workspace, self.plan = workspace, plan
        self.place, self.options = workspace.place, plan.options
        self.started_at = self.place.database.clock()

    def run(self) -> ImportReport:
        """Duplicates, parts, commit."""
        work, plan = self.workspace, self.plan
        n_read = int(
            work.value("SELECT (SELECT count(*) FROM staged) + (SELECT count(*) FROM broken)")
        )
        report = ImportReport(
            work.id, self.options.model, self.options.log, plan.kind, plan.task, n_read
        )
        work.step(0.6, 0.7, "Looking for duplicates")
        parts: list[PartRow] = []
        if plan.kind == "labels":
            report, parts = self._labels(report)
        elif plan.kind == "feedback":
            report = self._feedback(report)
        elif plan.kind == "events":
            report, parts = self._events(report)
        else:
            with _of_the_log(self.options.model):
                existing = holding(work, self.options.model, self._existing(plan.kind), "staged")
                n_same, _other = pick_predictions(work, existing)
            report = replace(report, n_duplicates=n_same)
            work.step(0.7, 0.85, "Writing parts")
            n = int(work.value("SELECT count(*) FROM fresh"))
            if n:
                parts += write_parts(
                    work, "fresh", (self.options.log, plan.kind), self._next(plan.kind), plan
                )
            report = replace(report, n_taken=n)
            if plan.kind == "predictions" and any(c.role == "label" for c in kept(plan)):
                report, labels = self._labels(report)
                parts += labels
        work.step(0.95, 1.0, "Keeping it")
        report = replace(
            report, aside=self._aside(), n_parts=len(parts), lacks=plan.lacks, notes=plan.problems
        )
        placed = place_parts(work, self.options.model, parts)
        reach("placed")
        commit(self.place, plan, report, placed)
        return report

    def _labels(self, report: ImportReport) -> tuple[ImportReport, list[PartRow]]:
        work = self.workspace
        known = holding(work, self.options.model, self._existing("labels"), "staged")
        n_kept, n_again = pick_labels(work, known)
        parts = []
        if n_kept:
            work.step(0.85, 0.95, "Writing labels")
            parts = write_parts(
                work, "labels", (self.options.log, "labels"), self._next("labels"), self.plan
            )
        report = replace(report, n_labels=n_kept, n_label_duplicates=n_again)
        if self.plan.kind == "labels":
            report = replace(report, n_taken=n_kept, n_labels_unmatched=self._unmatched())
        return report, parts

    def _events(self, report: ImportReport) -> tuple[ImportReport, list[PartRow]]:
        key = user_key(self.place.home) if self.place.hashes_users else None
        n_again = pick_events(self.workspace, self._existing("events"), key)
        self.workspace.step(0.7, 0.95, "Writing parts")
        n = int(self.workspace.value("SELECT count(*) FROM fresh"))
        log: tuple[LogName, Kind] = (self.options.log, "events")
        parts = (
            write_parts(self.workspace, "fresh", log, self._next("events"), self.plan) if n else []
        )
        return replace(report, n_duplicates=n_again, n_taken=n), parts

    def _feedback(self, report: ImportReport) -> ImportReport:
        """Into the inbox; from there the outbox carries it into the log."""
        name, database = self.options.model, self.place.database
        with database.write(self.place.actor) as write:
            if find_model(write.connection, name) is None:
                save_schema(write, name, schema_of(self.plan), {})
        key = user_key(self.place.home) if self.place.hashes_users else None
        n_new, n_again = take_staged(self.workspace, self.options, key)
        return replace(report, n_taken=n_new, n_duplicates=n_again)

    def _unmatched(self) -> int:
        log = holding(self.workspace, self.options.model, self._existing("predictions"), "labels")
        if not log.parts:
            return int(self.workspace.value("SELECT count(*) FROM labels"))
        return int(
            self.workspace.value(
                "SELECT count(*) FROM labels l WHERE NOT EXISTS"
                f" (SELECT 1 FROM {relation(log)} p WHERE p.prediction_id = l.prediction_id)"
            )
        )

    def _existing(self, kind: Kind) -> Log:
        with self.place.database.read() as connection:
            if find_model(connection, self.options.model) is None:
                return Log(kind)
        dataset = load_dataset(self.place.database, self.options.model, self.place.home)
        return dataset.log(kind, self.options.log)

    def _next(self, kind: Kind) -> int:
        with self.place.database.read() as connection:
            parts = list_parts(connection, self.options.model)
        return first_rows(p for p in parts if (p.log, p.kind) == (self.options.log, kind))

    def _aside(self) -> dict[str, int]:
        """Write what is set aside to one file, and count it by reason."""
        work = self.workspace
        rows = (
            "SELECT file, ord, reason, raw FROM staged WHERE reason IS NOT NULL"
            " UNION ALL SELECT file, ord, reason, raw FROM broken"
        )
        counted = {
            r: int(n) for r, n in work.run(f"SELECT reason, count(*) FROM ({rows}) GROUP BY 1")
        }
        if counted:
            target = self.place.home / "aside" / f"{work.id}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            work.run(
                f"COPY ({rows}) TO {quote_text(str(target))} (FORMAT parquet, COMPRESSION zstd)"
            )
        return counted


@contextmanager
def _of_the_log(model: str) -> Iterator[None]:
    """What cannot be read here is the log itself: the new rows are not at fault."""
    try:
        yield
    except FileUnreadable as error:
        raise StateError(
            f"The log of {model} cannot be read: {error.what}",
            "A part of it is damaged or gone; nothing new was taken, and nothing of it is lost.",
            "Bring the file back from a backup (the folder logs of the home); it is tried again.",
        ) from error


def commit(place: Place, plan: ImportPlan, report: ImportReport, parts: Sequence[PartRow]) -> None:
    """Manifest, schema and audit row in one transaction: from here on the import counts."""
    options = plan.options
    with place.database.write(place.actor) as write:
        old = find_model(write.connection, options.model)
        names = dict(old.source_names) if old else {}
        names |= {
            c.name: (c.role, c.class_name) for c in plan.columns if plan.kind == "predictions"
        }
        schema = merge_schema(old.schema if old else None, schema_of(plan))
        save_schema(write, options.model, schema, names, is_sample=options.is_sample)
        row = ImportRow(
            id=report.import_id,
            model=options.model,
            log=options.log,
            kind=plan.kind,
            actor=place.actor,
            started_at=place.database.clock(),
            finished_at=place.database.clock(),
            files=tuple(file.path for file in plan.files),
            n_taken=report.n_taken,
            aside=report.aside,
            report=report.to_json(),
            is_attached=options.is_attached,
        )
        add_import(write, row, parts)
        reach("commit")
    reach("committed")


def sweep(home: Path, database: Database) -> list[Path]:
    """Remove what imports that died left behind; what runs now and what counts is not touched.

    Files are listed first: one that was placed by then is still being kept, counts already, or its
    process is dead.
    """
    placed = sorted((home / "logs").rglob("*.parquet"))
    running, removed = set(), []
    for folder in sorted((home / "tmp").glob("*")):
        if _is_held(folder / "lock"):
            running.add(folder.name)
            continue
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(folder)
    with database.read() as connection:
        known = {str(home / part.path) for part in list_parts(connection) if part.mapping is None}
        known |= {str(home / path) for path in list_retired(connection)}
    for file in placed:
        if str(file) not in known and file.stem not in running:
            file.unlink(missing_ok=True)
            removed.append(file)
    return removed


def _is_held(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDWR)
    except OSError:
        return _is_new(lock.parent)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _is_new(folder: Path) -> bool:
    """Whether a folder without a lock may be getting one this moment."""
    try:
        return time.time() - folder.stat().st_mtime < NEW_S
    except FileNotFoundError:
        return False


def log_name(is_reference: bool) -> LogName:
    """Which log ``--as reference`` names."""
    return "reference" if is_reference else "production"
