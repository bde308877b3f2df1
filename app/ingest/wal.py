"""The write-ahead log: what the API took, on the disk before it is answered.

A file in ``home/wal`` holds records of a length, a CRC32 and a body. Requests that arrive while the
disk syncs share the next sync. Its writer holds a lock on the file it writes; a file without a
lock is closed, or its writer died, and ``app.ingest.drain`` may take it. A record that was cut off
was never answered.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from analytics.errors import StateError
from app.ingest.parts import sync
from app.ingest.workspace import new_import_id, size_of

BEGIN = b'{"model"'  # every record begins so
HEAD = struct.Struct(">II")  # length and CRC32 of the body
ROTATE_S = 2.0
MOST_BYTES = 12 << 20  # of one file: what the worker holds at one time
MOST_COMMIT = 4 << 20  # of one sync
MOST_QUEUED = 32 << 20  # in memory, not yet written
LOOK_S = 1.0  # how often the disk and the files that wait are measured


class WalFull(StateError):
    """More waits than may wait: the sender should come back later."""


class DiskLow(StateError):
    """The disk is below its floor, or refused to write."""


class Wal:
    """One writer: a thread that writes, syncs, answers, and closes files as they age or grow."""

    def __init__(
        self,
        folder: Path,
        *,
        most_waiting: int = 2 << 30,
        floor: int = 0,
        fdatasync: Callable[[int], None] = os.fdatasync,
    ) -> None:
        self.folder, self._most_waiting, self._floor = folder, most_waiting, floor
        self._fdatasync = fdatasync
        self._wake = threading.Condition()
        self._queue: deque[tuple[bytes, Future[None]]] = deque()
        self._n_queued = 0
        self._thread: threading.Thread | None = None
        self._is_ended = False
        self._file: int | None = None
        self._size, self._opened = 0, 0.0
        self._looked, self._refusal = -LOOK_S, ""
        self.n_syncs, self.sync_s = 0, 0.0
        self.is_refused = False  # by the disk, what came last

    @property
    def n_queued(self) -> int:
        """Bytes in memory, not yet written."""
        return self._n_queued

    def append(self, body: bytes) -> Future[None]:
        """Queue one record; the future is done once it is on the disk.

        Raises WalFull where too much waits and DiskLow below the floor; the future fails with
        DiskLow where the disk refuses.
        """
        self._check()
        done: Future[None] = Future()
        with self._wake:
            if self._n_queued + len(body) > MOST_QUEUED and self._queue:
                raise _full(f"{self._n_queued >> 20} MB wait to be written.")
            self._queue.append((body, done))
            self._n_queued += len(body)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="wal")
                self._thread.start()
            self._wake.notify()
        return done

    def is_working(self) -> bool:
        """Whether the disk took what came last, or would take something now."""
        if self.is_refused:
            self.is_refused = not _takes(self.folder)
        return not self.is_refused

    def close(self) -> None:
        """Write what is queued and close the file: it may be taken at once."""
        with self._wake:
            self._is_ended = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _check(self) -> None:
        now = time.monotonic()
        if now - self._looked >= LOOK_S:
            try:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                n = sum(size_of(file) for file in self.folder.glob("*.log"))
                free = shutil.disk_usage(self.folder).free
            except OSError as error:
                raise _refused(error) from error
            self._looked = now
            self._refusal = "disk" if free < self._floor else ""
            if n > self._most_waiting:
                self._refusal = "waiting"
        if self._refusal == "disk":
            raise _low(self._floor)
        if self._refusal == "waiting":
            raise _full(f"More than {self._most_waiting >> 20} MB wait for the log.")

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._queue and not self._is_ended:
                    self._wake.wait(ROTATE_S / 4)
                batch = self._next_batch()
                is_last = self._is_ended and not batch
            if batch:
                self._commit(batch)
            is_old = time.monotonic() - self._opened >= ROTATE_S
            if self._file is not None and (is_last or is_old or self._size >= MOST_BYTES):
                self._seal()
            if is_last:
                return

    def _next_batch(self) -> list[tuple[bytes, Future[None]]]:
        """What shares the next sync: the oldest, as much as keeps a file near its size."""
        batch, n = [], 0
        while self._queue and n < MOST_COMMIT:
            batch.append(self._queue.popleft())
            n += len(batch[-1][0])
        self._n_queued -= n
        return batch

    def _commit(self, batch: list[tuple[bytes, Future[None]]]) -> None:
        """Write and sync a batch, then answer; what the disk refuses is answered so, and cut off."""
        try:
            handle = self._open()
            text = b"".join(HEAD.pack(len(b), zlib.crc32(b)) + b for b, _done in batch)
            _write_all(handle, text)
            start = time.perf_counter()
            self._fdatasync(handle)
            self.n_syncs, self.sync_s = self.n_syncs + 1, self.sync_s + time.perf_counter() - start
        except OSError as error:
            self.is_refused = True
            self._abandon()
            for _body, done in batch:
                done.set_exception(_refused(error))
            return
        self._size, self.is_refused = self._size + len(text), False
        for _body, done in batch:
            done.set_result(None)

    def _open(self) -> int:
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            name = self.folder / f"{new_import_id()}.log"
            new = name.with_suffix(".new")
            handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._file, self._size, self._opened = handle, 0, time.monotonic()
            new.rename(name)
            sync(self.folder)
        return self._file

    def _seal(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def _abandon(self) -> None:
        """Leave the file as it was after its last good sync, and write no more to it."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what stays was never answered
                os.ftruncate(self._file, self._size)
            self._seal()


def whole_records(text: bytes) -> tuple[list[bytes], list[bytes]]:
    """The whole records of a file, and the pieces between them that are none.

    A damaged record costs only itself: the next one is found by how its body begins.
    """
    found: list[bytes] = []
    torn: list[bytes] = []
    at = lost = 0
    while at < len(text):
        body = _record(text, at)
        if body is None:
            begin = text.find(BEGIN, at + HEAD.size + 1)
            at = len(text) if begin < 0 else begin - HEAD.size
            continue
        if at > lost:
            torn.append(text[lost:at])
        found.append(body)
        at = lost = at + HEAD.size + len(body)
    return found, [*torn, text[lost:]] if lost < len(text) else torn


def _record(text: bytes, at: int) -> bytes | None:
    """The body of the record that begins there, None where it is not whole."""
    if at + HEAD.size > len(text):
        return None
    length, digest = HEAD.unpack_from(text, at)
    body = text[at + HEAD.size : at + HEAD.size + length]
    return body if len(body) == length and zlib.crc32(body) == digest else None


def _write_all(handle: int, text: bytes) -> None:
    view = memoryview(text)
    while view:
        view = view[os.write(handle, view) :]


def _takes(folder: Path) -> bool:
    """Whether a file can be written there."""
    try:
        (folder / "probe").write_bytes(b"?")
        (folder / "probe").unlink()
    except OSError:
        return False
    return True


def _low(floor: int) -> DiskLow:
    return DiskLow(
        f"The disk has less than {floor >> 20} MB left.",
        "Nothing is taken that might not be kept.",
        "Free the disk and send again, or lower TELLTALE_DISK_FLOOR_MB.",
    )


def _full(why: str) -> WalFull:
    return WalFull(
        "Telltale takes nothing more at the moment.",
        why,
        "Send the same items again after Retry-After seconds; ids make that safe.",
    )


def _refused(error: OSError) -> DiskLow:
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return DiskLow(
        "The disk is full." if is_full else f"The disk refused to write: {error.strerror}.",
        "Nothing of this request was kept.",
        "Free or mend the disk of the home folder, then send the same items again.",
    )
