"""The worker's loop: claim a job, do it, say how it ended."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time

from analytics.errors import QueryCancelled, StateError, TelltaleError
from analytics.query.engine import Cancel
from app.ingest.beside import Placer
from app.ingest.drain import Drainer
from app.ingest.outbox import Flusher
from app.ingest.requests import place_of, sweep_uploads
from app.ingest.run import sweep
from app.monitors.watching import Watching
from app.settings import Settings
from app.state import jobs
from app.state.database import Database
from app.worker.chores import Chores
from app.worker.kinds import KINDS

IDLE_S = 0.5
FAILED_S = 5.0
RESCUE_S = 30.0
_log = logging.getLogger("telltale.worker")


class Worker:
    """One worker of one home; ``stop`` ends it after the present job."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.name = f"{os.getpid()}-{secrets.token_hex(3)}"
        self.stop = threading.Event()

    def run(self) -> None:
        """Until stopped: rescue what dead workers left, and do what is queued."""
        sweep(self.settings.home, self.database)
        flusher = Flusher(place_of(self.settings, self.database, "outbox"))
        drainer = Drainer(
            place_of(self.settings, self.database, "api"), self.settings.number("orphan_s")
        )
        chores = Chores(self.settings, self.database)
        flusher.start()
        drainer.start()
        chores.start()
        watching = Watching(self.settings, self.database)
        watching.start()
        placer = Placer(place_of(self.settings, self.database, "worker"))
        placer.start()
        try:
            self._serve()
        finally:
            placer.end()
            flusher.end()
            drainer.end()
            chores.end()
            watching.end()

    def _serve(self) -> None:
        rescued = 0.0
        while not self.stop.is_set():
            try:
                if time.monotonic() - rescued > RESCUE_S:
                    jobs.rescue(self.database)
                    sweep_uploads(self.settings, self.database)
                    rescued = time.monotonic()
                if not self.run_one():
                    self.stop.wait(IDLE_S)
            except StateError as error:  # a disk that takes nothing: it may come back
                _log.error("%s %s", error.what, error.do)
                self.stop.wait(FAILED_S)

    def run_one(self) -> bool:
        """Do one job; False when none is queued."""
        job = jobs.claim(self.database, self.name, tuple(KINDS))
        if job is None:
            return False
        cancel = Cancel()
        beat = _Beat(self, job.id, cancel)
        beat.start()
        try:
            result = KINDS[job.kind](self.settings, self.database, job, beat.say, cancel)
        except QueryCancelled:
            jobs.stop(self.database, job.id, self.name)
        except TelltaleError as error:
            jobs.fail(self.database, job.id, self.name, error)
        except Exception as error:
            _log.exception("job %s failed", job.id)
            jobs.fail(self.database, job.id, self.name, _unknown(error))
        else:
            jobs.finish(self.database, job.id, self.name, result)
        finally:
            beat.end()
        return True


class _Beat(threading.Thread):
    """Says every second that the job is alive and how far it is; presses cancel when asked to."""

    def __init__(self, worker: Worker, job_id: int, cancel: Cancel) -> None:
        super().__init__(daemon=True)
        self._worker, self._job_id, self._cancel = worker, job_id, cancel
        self._share, self._message = 0.0, "Begun"
        self._ended = threading.Event()

    def say(self, share: float, message: str) -> None:
        """How far the job is."""
        self._share, self._message = share, message

    def run(self) -> None:
        """Until ended."""
        while True:
            place = (self._worker.database, self._job_id, self._worker.name)
            if not jobs.beat(*place, self._share, self._message):
                if not self._ended.is_set():
                    self._cancel.press()
                return
            if self._ended.wait(1.0):
                return

    def end(self) -> None:
        """The job ended."""
        self._ended.set()
        self.join()


def _unknown(error: Exception) -> StateError:
    return StateError(
        f"The job stopped: {type(error).__name__}.",
        "Something happened that Telltale does not know how to explain; nothing was kept.",
        "Ask for it again; if it stays, look into the worker's output.",
    )
