"""One import's own folder, lock and DuckDB: bounded memory, locked to the files it may read.

Everything before the commit happens in ``home/tmp/<import id>``. The folder's lock is held while
the process lives, so that ``sweep`` tells a running import from a dead one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import duckdb

from analytics.errors import FileUnreadable, QueryCancelled, QueryError
from analytics.query.engine import Cancel
from analytics.sources.relation import quote_text
from app.ingest.words import Place, Progress
from app.memory import MB, read_bytes
from app.state.database import utc_now

if TYPE_CHECKING:
    import numpy as np

TICK_S = 0.25
SMALL = 32 * MB
A_THREAD = 125 * MB  # what one thread's buffers may come to


def new_import_id() -> str:
    """An id that sorts by time."""
    return f"{utc_now():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def reach(step: str) -> None:
    """A named moment of an import: tests end the process here to see what is left behind."""
    if os.environ.get("TELLTALE_TEST_KILL_AT") == step:
        os.kill(os.getpid(), 9)


def size_of(file: Path) -> int:
    """The size of a file, 0 where it is gone."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def hold(folder: Path) -> IO[str]:
    """Make a folder whose lock says that this process lives; close what comes back to let it go.

    The lock gets its name once it is held, so that nobody takes a new folder for a dead one's.
    """
    folder.mkdir(parents=True)
    lock = (folder / "lock.new").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    (folder / "lock.new").rename(folder / "lock")
    return lock


class Workspace:
    """A temporary folder and a DuckDB, in it where files are large; leaving it removes both."""

    def __init__(
        self,
        place: Place,
        files: Iterable[str],
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        number: str | None = None,
    ) -> None:
        self.id = number or new_import_id()
        self.place = place
        self.folder = place.home / "tmp" / self.id
        self.cancel = cancel or Cancel()
        self._progress = progress
        self._step = self._span = (0.0, 0.0)
        self._message = ""
        self._done = 0.0
        self._files = list(files)
        self._is_small = sum(size_of(Path(file)) for file in self._files) < SMALL
        self._lock: IO[str] | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        self._lock = hold(self.folder)
        kept = ":memory:" if self._is_small else str(self.folder / "stage.duckdb")
        self._connection = duckdb.connect(kept)
        for setting in _settings(self.place, self.folder, self._files):
            self._connection.execute(f"SET {setting}")
        return self

    def __exit__(self, *_error: object) -> None:
        if self._connection is not None:
            self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def step(self, start: float, end: float, message: str) -> None:
        """What comes next moves the progress from ``start`` to ``end``."""
        self.check()
        self._step = self._span = (start, end)
        self._message = message
        self._say(start)

    def portion(self, done: float, end: float) -> None:
        """What comes next moves the progress between two shares of the present step."""
        self.check()
        low, high = self._step
        self._span = (low + (high - low) * done, low + (high - low) * end)
        self._say(self._span[0])

    def check(self) -> None:
        """Stop here when somebody pressed cancel."""
        if self.cancel.is_pressed:
            raise QueryCancelled("The import was cancelled.", "", "Nothing of it was kept.")

    def run(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one statement and fetch its rows."""
        with self._asked() as connection:
            return connection.execute(sql, values).fetchall()

    def batches(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of one statement, a thousand at a time in memory."""
        with self._asked() as connection:
            found = connection.execute(sql)
            while rows := found.fetchmany(1000):
                yield from rows

    def array(self, sql: str) -> np.ndarray:
        """The one column of a statement, as an array."""
        with self._asked() as connection:
            (found,) = connection.execute(sql).fetchnumpy().values()
            return found

    def value(self, sql: str) -> Any:
        """The one value of a statement."""
        return self.run(sql)[0][0]

    @contextmanager
    def _asked(self) -> Iterator[duckdb.DuckDBPyConnection]:
        assert self._connection is not None
        with self._guard(), self.cancel.watch(self._connection), self._ticking():
            yield self._connection

    @contextmanager
    def _ticking(self) -> Iterator[None]:
        """Report DuckDB's own progress from a thread while a long statement runs."""
        if self._progress is None:
            return (yield)
        stop = threading.Event()

        def tick() -> None:
            while not stop.wait(TICK_S):
                connection = self._connection
                share = connection.query_progress() if connection is not None else -1
                if share > 0:
                    start, end = self._span
                    self._say(start + (end - start) * min(share, 100) / 100)

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _say(self, share: float) -> None:
        if self._progress is not None and share >= self._done:
            self._done = share
            self._progress(share, self._message)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except duckdb.InterruptException as error:
            raise QueryCancelled(
                "The import was cancelled.", "", "Nothing of it was kept."
            ) from error
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise FileUnreadable(
                f"A file cannot be read: {first_line(error)}",
                "It was cut in half, is damaged, or changed while it was read.",
                "Copy it again and import it anew; nothing was kept.",
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise QueryError(
                f"The import needs more memory than it may use: {first_line(error)}",
                f"The limit is {self.place.memory}.",
                "Raise TELLTALE_IMPORT_MEMORY, or import fewer files at once.",
            ) from error
        except duckdb.Error as error:
            raise QueryError(
                f"The import stopped: {first_line(error)}",
                "The file holds something that was not expected.",
                "See what is read with --dry-run, and set roles with --map; nothing was kept.",
            ) from error


def _settings(place: Place, folder: Path, files: Iterable[str]) -> tuple[str, ...]:
    """What the DuckDB of an import may use and read."""
    roots = sorted({*(str(Path(file).parent) for file in files), str(place.home)})
    allowed = ", ".join(quote_text(root.rstrip("/") + "/") for root in roots)
    return (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "TimeZone = 'UTC'",
        "enable_progress_bar = true",
        "enable_progress_bar_print = false",
        f"memory_limit = {quote_text(place.memory)}",
        f"temp_directory = {quote_text(str(folder / 'spill'))}",
        f"threads = {_threads(place)}",
        f"allowed_directories = [{allowed}]",
        "enable_external_access = false",
        "lock_configuration = true",
    )


def _threads(place: Place) -> int:
    """As many as there are cores, as long as the memory has room for what each holds."""
    room = read_bytes(place.memory) // A_THREAD
    return max(1, min(place.threads or os.cpu_count() or 1, room))


def first_line(error: Exception) -> str:
    """The first line of an error of DuckDB."""
    return str(error).splitlines()[0][:300]


@contextmanager
def model_lock(place: Place, model: str, workspace: Workspace) -> Iterator[None]:
    """Hold a model's log: imports of one model follow each other, those of others do not wait."""
    folder = place.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{model}.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                workspace.check()
                threading.Event().wait(0.1)
        yield
