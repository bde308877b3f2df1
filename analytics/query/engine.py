"""One DuckDB connection a process, one cursor a call, a time limit on every statement.

Sharing one cursor between threads returns other threads' rows; a cursor of its own never does.
Files outside the allowed roots are refused, and the lock cannot be widened: attach a folder by
building a new engine.
"""

from __future__ import annotations

import copy
import re
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from analytics.errors import (
    FileUnreadable,
    QueryCancelled,
    QueryError,
    QueryTimeout,
    TelltaleError,
)
from analytics.query.beside import Beside
from analytics.query.limits import Limits
from analytics.query.turns import Turn, Turns, Waiter
from analytics.summaries.store import Summaries

MOST_KNOWN = 128_000_000
A_ROW = 500  # bytes that a fetched row may come to, about
Arrays = dict[str, np.ma.MaskedArray[Any, Any] | np.ndarray[Any, Any]]


class Cancel:
    """A switch that another thread may press to stop statements run under it."""

    def __init__(self) -> None:
        self.is_pressed = False
        self._cursors: set[duckdb.DuckDBPyConnection | Waiter] = set()
        self._lock = threading.Lock()

    def press(self) -> None:
        """Stop what runs now and whatever would run next."""
        with self._lock:
            self.is_pressed = True
            for cursor in self._cursors:
                cursor.interrupt()

    @contextmanager
    def watch(self, cursor: duckdb.DuckDBPyConnection | Waiter) -> Iterator[None]:
        """Register a cursor while its statement runs, or who waits to run one."""
        with self._lock:
            if self.is_pressed:
                raise QueryCancelled("The question was cancelled.")
            self._cursors.add(cursor)
        try:
            yield
        finally:
            with self._lock:
                self._cursors.discard(cursor)


class Known:
    """Answers of statements, up to ``MOST_KNOWN`` bytes; what comes later is not kept."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Any, ...], Any] = {}
        self._room = MOST_KNOWN
        self._lock = threading.Lock()

    def get(self, key: tuple[Any, ...]) -> Any:
        """The answer that was kept, else None."""
        try:
            return self._answers.get(key)
        except TypeError:  # a list is bound: it may change
            return None

    def put(self, key: tuple[Any, ...], found: Any, size: int) -> None:
        """Keep an answer where there is room."""
        with self._lock, suppress(TypeError):
            if size <= self._room:
                self._answers[key] = found
                self._room -= size


def _statement(form: str, sql: str, values: Mapping[str, Any] | None) -> tuple[Any, ...]:
    return form, sql, tuple(sorted((values or {}).items(), key=lambda item: item[0]))


class Kept:
    """A table in an engine's memory, gone when nobody holds this any more."""

    def __init__(self, name: str, n_rows: int) -> None:
        self.name = name
        self.n_rows = n_rows


class Engine:
    """Runs SQL over files under ``roots`` and nothing else.

    ``beside`` says which settled labels it keeps in memory, and where files of them stand. Give it
    ``summaries`` with a folder, and questions find there what was counted of parts.
    """

    def __init__(
        self,
        roots: Sequence[str | Path],
        *,
        memory: str = "4GB",
        threads: int = 0,
        timeout_s: float = 120.0,
        spill: str | Path | None = None,
        beside: Beside | None = None,
    ) -> None:
        self.timeout_s = timeout_s
        self.turns = Turns()
        self._turn: Turn | None = None
        self.beside = Beside() if beside is None else beside
        self.summaries = Summaries()  # of no folder: everything is scanned
        self._numbers = count()
        self._limits = Limits()
        self._cancel: Cancel | None = None
        self._known: Known | None = None
        self.is_remembering = False
        self._connection = duckdb.connect(":memory:")
        settings = [
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            "SET TimeZone = 'UTC'",
            "SET parquet_metadata_cache = true",
            "SET enable_progress_bar = true",
            "SET enable_progress_bar_print = false",
            f"SET memory_limit = '{memory}'",
            "ATTACH ':memory:' AS kept (COMPRESS true)",
        ]
        if threads:
            settings.append(f"SET threads = {threads}")
        if spill is not None:
            settings.append(f"SET temp_directory = '{_escape(spill)}'")
        folders = ", ".join(f"'{_escape(root)}/'" for root in roots)
        settings += [
            f"SET allowed_directories = [{folders}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ]
        for setting in settings:
            self._connection.execute(setting)
        self.n_threads = int(self.rows("SELECT current_setting('threads')")[0][0])

    def check(self) -> None:
        """Stop here if whoever asked has cancelled: for work between statements."""
        if self._cancel is not None and self._cancel.is_pressed:
            raise QueryCancelled("The question was cancelled.")

    def under(self, cancel: Cancel) -> Engine:
        """The same engine, whose statements stop when ``cancel`` is pressed."""
        engine = copy.copy(self)
        engine._cancel = cancel
        return engine

    @contextmanager
    def asking(self) -> Iterator[Engine]:
        """The same engine for one question, which waits for its turn where it reads many rows."""
        if self._turn is not None:
            yield self
            return
        engine = copy.copy(self)
        with Turn(self.turns) as engine._turn:
            yield engine

    def remembering(self) -> Engine:
        """The same engine, which runs a statement once and answers it again from memory.

        For questions over parts that stay as they are meanwhile, such as a round of monitors.
        """
        engine = copy.copy(self)
        engine._known, engine.is_remembering = Known(), True
        return engine

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one statement and fetch its rows; for small answers."""
        known, key = self._known, _statement("rows", sql, values)
        if known is not None and (answer := known.get(key)) is not None:
            return list(answer)
        with self._run(sql, values) as cursor:
            found = cursor.fetchall()
        if known is not None:
            known.put(key, tuple(found), A_ROW * len(found))
        return found

    def arrays(self, sql: str, values: Mapping[str, Any] | None = None) -> Arrays:
        """Run one statement and fetch its columns as NumPy arrays (masked where NULL)."""
        known, key = self._known, _statement("arrays", sql, values)
        if known is not None and (answer := known.get(key)) is not None:
            return dict(answer)
        with self._run(sql, values) as cursor:
            found = dict(cursor.fetchnumpy())
        if known is not None:
            known.put(key, dict(found), sum(array.nbytes for array in found.values()))
        return found

    def keep(self, sql: str) -> Kept:
        """Keep a statement's rows in memory, compressed, for as long as the answer is held."""
        name = f"kept.t{next(self._numbers)}"
        n_rows = self.rows(f"CREATE TABLE {name} AS {sql}")[0][0]
        kept = Kept(name, int(n_rows))
        weakref.finalize(kept, _drop, self._connection, name).atexit = False
        with suppress(QueryError):  # while another statement runs it stays as it is: larger
            self.rows("CHECKPOINT kept")
        return kept

    @contextmanager
    def _run(
        self, sql: str, values: Mapping[str, Any] | None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        cancel = self._cancel
        if self._turn is not None:
            self._turn.take_for(sql, cancel)
        cursor = self._connection.cursor()
        limit = self._limits.within(self.timeout_s, cursor.interrupt)
        try:
            with limit, (cancel or Cancel()).watch(cursor):
                cursor.execute(sql, dict(values) if values else None)
                yield cursor
        except duckdb.InterruptException as error:
            raise self._interrupted(cancel) from error
        except duckdb.Error as error:
            raise _told(error) from error
        finally:
            cursor.close()

    def _interrupted(self, cancel: Cancel | None) -> QueryError:
        if cancel is not None and cancel.is_pressed:
            return QueryCancelled("The question was cancelled.")
        return QueryTimeout(
            f"The question took longer than {self.timeout_s:g} s and was stopped.",
            "The window may hold more rows than this machine scans in that time.",
            "Choose a shorter window, or raise TELLTALE_QUERY_TIMEOUT_S.",
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _told(error: duckdb.Error) -> TelltaleError:
    """What a statement's failure says to people."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError(
            f"The question needs more memory than it may use: {_first_line(error)}",
            "What it holds at once cannot be spilled to disk.",
            "Choose a shorter window or fewer columns, or raise TELLTALE_QUERY_MEMORY.",
        )
    if _is_unreadable(error):
        return FileUnreadable(
            f"A part of the log cannot be read: {_without_path(error)}",
            "It was moved, cut or changed after it was imported.",
            "Attach or import it again; the other parts are untouched.",
        )
    return QueryError(
        f"The question could not be answered: {_first_line(error)}",
        "The log may hold a type that this question does not expect.",
        "Look at the columns with `telltale schema MODEL`.",
    )


def _drop(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    with suppress(duckdb.Error):  # the engine was closed, and the table with it
        cursor = connection.cursor()
        cursor.execute(f"DROP TABLE {name}")
        cursor.close()


def _escape(path: str | Path) -> str:
    return str(path).rstrip("/").replace("'", "''")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


def _without_path(error: Exception) -> str:
    """The first line with file names only: a folder of the server is nobody's business."""
    return re.sub(r"[^\s'\"]*/([^/\s'\"]+)", r"\1", _first_line(error))


def _is_unreadable(error: duckdb.Error) -> bool:
    """Whether a file is at fault: missing, cut, or no Parquet."""
    is_cut = isinstance(error, duckdb.InvalidInputException) and "magic bytes" in str(error)
    return is_cut or isinstance(error, duckdb.IOException)
