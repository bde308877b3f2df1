"""Labels put beside the rows when they arrive, so that the first question finds them there.

The files under ``home/beside`` are made from the logs and hold no ids. They come and go as
``app.ingest.retire`` says; one that no longer counts stays for ten minutes, for questions that are
being answered from it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from analytics.core import LogName, Part
from analytics.errors import QueryCancelled, QueryError, StateError, TelltaleError
from analytics.query.aligned import (
    FOLDER,
    Aligned,
    Rows,
    aligned_sql,
    describe,
    folder_of,
    read_aligned,
)
from analytics.query.engine import Cancel
from app.ingest.carried import alike, before, carry, copy_sql, join_sql, near, stamps_of
from app.ingest.retire import KEEP_OLD_S, alone, put_in_place, retire
from app.ingest.run import run_import
from app.ingest.summaries import make_summaries
from app.ingest.words import ImportPlan, ImportReport, Place, Progress
from app.ingest.workspace import Workspace
from app.memory import MB, at_most
from app.state.logs import load_dataset, log_states

LOGS: tuple[LogName, ...] = ("production", "reference")
MIN_ROWS = 50_000  # fewer are put beside on first need, in some hundredths of a second
MEMORY = 128 * MB  # of the worker's first try
IDLE_S, REST_S, REST = 1.0, 5.0, 20  # a log rests twenty times as long as it took
_log = logging.getLogger("telltale.beside")


@dataclass(frozen=True, slots=True)
class Put:
    """How many rows got their labels beside them, and how long that took."""

    n_rows: int = 0
    seconds: float = 0.0


def import_and_put(
    place: Place,
    plan: ImportPlan,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> tuple[ImportReport, Put]:
    """Import, then put labels beside the rows; the import stands whatever becomes of that."""
    say = progress or (lambda _share, _message: None)
    report = run_import(place, plan, lambda share, message: say(0.9 * share, message), cancel)
    if report.kind not in ("predictions", "labels"):
        return report, Put()
    try:
        put = put_beside(place, report.model, lambda s, m: say(0.9 + 0.1 * s, m), cancel)
    except QueryCancelled:
        put = Put()
    except (TelltaleError, OSError):
        _log.warning("labels of %s were not put beside the rows", report.model, exc_info=True)
        put = Put()
    try:
        make_summaries(place, report.model, cancel=cancel)
    except (TelltaleError, OSError):  # a cancelled one is made by the worker
        _log.warning("parts of %s were not summarised", report.model, exc_info=True)
    return report, put


def put_beside(
    place: Place, model: str, progress: Progress | None = None, cancel: Cancel | None = None
) -> Put:
    """Put the labels of a model beside the rows that lack them; one process at a time."""
    start, n_rows = time.monotonic(), 0
    with alone(place, f"beside-{model}"):
        dataset = load_dataset(place.database, model, place.home)
        for log in LOGS:
            rows = Rows(dataset, log)
            n_rows += _tidy(place, rows, progress, cancel)
    return Put(n_rows, time.monotonic() - start)


def _tidy(place: Place, rows: Rows, progress: Progress | None, cancel: Cancel | None) -> int:
    """Every row's labels beside it, in few files; for how many rows they were put there anew."""
    files = [p.path for log in (rows.labels, rows.predictions) for p in log.parts if p.mapping]
    old = before(place.home, rows)
    if old:
        with Workspace(place, files, cancel=cancel) as work:
            carry(work, rows, old)
    keep, parts = _plan(place, rows)
    if parts:
        with Workspace(place, files, progress, cancel) as work:
            keep.append(_write(work, rows, parts))
    there = [t for t in read_aligned(place.home / FOLDER, rows) if _names_of([t])[0] in keep]
    for tables in alike(there):
        with Workspace(place, files, cancel=cancel) as work:
            keep.append(_join(work, rows, tables))
            keep = [name for name in keep if name not in _names_of(tables)]
    retire(folder_of(place.home / FOLDER, rows), keep)
    return sum(part.n_rows for part in parts)


def _names_of(tables: Sequence[Aligned]) -> list[str]:
    """What files are called."""
    return [table.file.stem for table in tables if table.file is not None]


def _plan(place: Place, rows: Rows) -> tuple[list[str], list[Part]]:
    """The files that stay, and the parts that get a new one."""
    there = read_aligned(place.home / FOLDER, rows)
    parts = [p for p in rows.predictions.parts if p.n_rows and p.mapping is None]
    lacking = [p for p in parts if not any(p in table.starts for table in there)]
    if any(table.is_holed for table in there):
        there, lacking = [], parts
    most = parts if any(table.n_replaced for table in there) else lacking
    if not rows.labels.parts or sum(part.n_rows for part in most) < MIN_ROWS:
        lacking = []
    return _names_of(there), lacking


def _join(work: Workspace, rows: Rows, tables: Sequence[Aligned]) -> str:
    """Some files as one; its name."""
    sql, parts = join_sql(tables)
    file = work.folder / "beside.parquet"
    n, stamps = work.value(copy_sql(sql, file)), dict[Part, str]()
    for table in tables:
        stamps |= table.stamps
    return _place(work, rows, parts, n, stamps)


def _write(work: Workspace, rows: Rows, parts: Sequence[Part]) -> str:
    """One file for some parts, in place; its name."""
    file, n_rows = work.folder / "beside.parquet", sum(part.n_rows for part in parts)
    work.step(0.0, 1.0, "Putting labels beside the rows")
    n, few = -1, near(work, rows, parts)
    for is_known_once in (True, False):  # most rows have one label at most
        if n != n_rows:
            n = work.value(copy_sql(aligned_sql(few, parts, is_known_once=is_known_once), file))
    return _place(work, rows, parts, n)


def _place(
    work: Workspace,
    rows: Rows,
    parts: Sequence[Part],
    n: int,
    stamps: dict[Part, str] | None = None,
) -> str:
    """Move the file of ``n`` rows that was written for some parts to where it counts; its name."""
    file, n_rows = work.folder / "beside.parquet", sum(part.n_rows for part in parts)
    if n != n_rows:
        raise StateError(
            f"{n:,} labels were put beside {n_rows:,} rows of {rows.dataset.model}.",
            "A part of the log is not as long as it was; questions join labels by id instead.",
            "Bring the file back from a backup (the folder logs of the home).",
        )
    name = f"{rows.key}-{work.id}"
    known = stamps_of(work, rows, parts, file) if stamps is None else stamps
    line = describe(rows, parts, file.stat().st_size, known)
    put_in_place(
        file, line, folder_of(work.place.home / FOLDER, rows) / f"{name}.parquet", "beside"
    )
    return name


class Placer(threading.Thread):
    """Puts labels beside the rows of logs that changed, until ended, whatever else the worker does.

    A log that changes all the time is put together again after a rest that grows with its size.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(daemon=True, name="beside")
        self._place = place
        # what comes in at the same time has the other cores and most of the memory
        self._lean = replace(place, threads=1, memory=at_most(place.memory, MEMORY))
        self._cancel = Cancel()
        self._ended = threading.Event()
        self._seen: dict[str, tuple[object, float]] = {}  # model: how its logs were, and when
        self._rest_until: dict[str, float] = {}

    def run(self) -> None:
        """Until ended; what goes wrong is said, and tried again when the log changes."""
        while not self._ended.wait(IDLE_S):
            try:
                self.do()
            except Exception:
                _log.exception("labels were not looked for")
                self._ended.wait(10 * IDLE_S)

    def do(self) -> int:
        """All models that are due; for how many rows labels were put beside."""
        n_rows = 0
        for model, state in log_states(self._place.database).items():
            now = time.monotonic()
            known, at = self._seen.get(model, (None, 0.0))
            is_same = known == state and now - at < KEEP_OLD_S
            if is_same or now < self._rest_until.get(model, 0.0) or self._ended.is_set():
                continue
            try:
                n_rows += self._do_one(model)
            except QueryCancelled:
                break
            except (TelltaleError, OSError) as error:
                _log.warning(
                    "labels of %s were not put beside the rows, or its parts not counted: %s",
                    model,
                    error,
                )
            end = time.monotonic()
            self._seen[model] = (state, end)
            self._rest_until[model] = end + max(REST_S, REST * (end - now))
        return n_rows

    def _do_one(self, model: str) -> int:
        """In little memory; where that is too little, in what an import may use."""
        for place in (self._lean, self._place):
            try:
                put = put_beside(place, model, cancel=self._cancel)
                make_summaries(place, model, cancel=self._cancel)
                return put.n_rows
            except QueryError as error:
                is_memory = isinstance(error.__cause__, duckdb.OutOfMemoryException)
                if not is_memory or place is self._place:
                    raise
        return 0

    def end(self) -> None:
        """Put no more."""
        self._ended.set()
        self._cancel.press()
        self.join()
