"""From asking on a page to rows in the log: done, failed, cancelled, killed and taken up again."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from analytics.errors import StateError
from app.auth.viewer import Viewer, operator
from app.ingest import requests
from app.ingest.words import ImportOptions
from app.settings import Settings, read_settings
from app.state import jobs
from app.state.database import Database
from app.state.logs import list_imports, load_dataset
from app.state.migrations import migrate
from app.worker import kinds, loop

TEXT = "id,timestamp,prediction,label,x\n" + "".join(
    f"{i},2024-01-{1 + i % 28:02d},{i % 2},{i % 2},{i}\n" for i in range(50)
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home").mkdir()
    return read_settings(home=str(tmp_path / "home"))


@pytest.fixture
def database(settings: Settings) -> Database:
    made = Database(settings.database_url)
    migrate(made)
    return made


@pytest.fixture
def viewer() -> Viewer:
    return operator()


def upload(viewer: Viewer, settings: Settings, text: str = TEXT) -> Path:
    return requests.keep_upload(viewer, settings, "log.csv", io.BytesIO(text.encode()))


def ask(viewer: Viewer, database: Database, path: Path) -> int:
    return requests.ask_import(viewer, database, [str(path)], ImportOptions("m"))


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come in time"
        threading.Event().wait(0.05)


def test_asked_done_and_swept(viewer: Viewer, settings: Settings, database: Database) -> None:
    worker = loop.Worker(settings, database)
    assert not worker.run_one()
    path = upload(viewer, settings)
    number = ask(viewer, database, path)
    assert worker.run_one()
    job = jobs.get(database, number)
    assert (job.state, job.progress) == ("done", 1.0)
    assert job.result is not None
    assert (job.result["n_taken"], job.result["n_labels"]) == (50, 50)
    assert load_dataset(database, "m", settings.home).log("predictions").n_rows == 50
    assert list_imports(database, "m")[0].actor == viewer.user
    assert not path.parent.exists()


def test_a_file_that_is_no_log_fails_with_words(
    viewer: Viewer, settings: Settings, database: Database
) -> None:
    number = ask(viewer, database, upload(viewer, settings, "id,timestamp,prediction\n"))
    assert loop.Worker(settings, database).run_one()
    job = jobs.get(database, number)
    assert job.state == "failed"
    assert job.error is not None
    assert all(job.error)
    assert list_imports(database) == []


def test_what_nobody_foresaw_fails_and_the_worker_goes_on(
    viewer: Viewer, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("secret value 17")

    worker = loop.Worker(settings, database)
    number = ask(viewer, database, upload(viewer, settings))
    with monkeypatch.context() as patch:
        patch.setattr(kinds, "run_asked", explode)
        assert worker.run_one()
    job = jobs.get(database, number)
    assert job.error is not None
    assert "ZeroDivisionError" in job.error[0]
    assert "17" not in "".join(job.error)
    ask(viewer, database, upload(viewer, settings))
    assert worker.run_one()
    assert len(list_imports(database, "m")) == 1


def test_cancelled_while_it_runs(
    viewer: Viewer, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancel is pressed once the job is under way, and reaches it with the worker's next beat."""
    begun = threading.Event()
    original = kinds.run_asked

    def slow(where, state, job, say, cancel):  # type: ignore[no-untyped-def]
        begun.set()
        wait_for(lambda: cancel.is_pressed)
        return original(where, state, job, say, cancel)

    monkeypatch.setattr(kinds, "run_asked", slow)
    path = upload(viewer, settings)
    number = ask(viewer, database, path)
    thread = threading.Thread(target=loop.Worker(settings, database).run_one)
    thread.start()
    assert begun.wait(30)
    jobs.cancel(database, viewer.user, number)
    thread.join(60)
    assert jobs.get(database, number).state == "cancelled"
    assert list_imports(database) == []
    assert not path.parent.exists()


def test_a_killed_worker_leaves_its_job_to_the_next(
    viewer: Viewer, settings: Settings, database: Database
) -> None:
    number = ask(viewer, database, upload(viewer, settings))
    home = {"TELLTALE_HOME": str(settings.home)}
    command = [sys.executable, "-m", "app.worker"]
    killed = subprocess.Popen(command, env=os.environ | home | {"TELLTALE_TEST_KILL_AT": "placed"})
    assert killed.wait(60) == -signal.SIGKILL
    assert jobs.get(database, number).state == "running"
    now = database.clock()
    late = Database(settings.database_url, lambda: now + timedelta(seconds=jobs.DEAD_AFTER_S + 1))
    assert jobs.rescue(late) == [number]
    second = subprocess.Popen(command, env=os.environ | home)
    try:
        wait_for(lambda: jobs.get(database, number).state == "done")
    finally:
        second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    assert load_dataset(database, "m", settings.home).log("predictions").n_rows == 50
    known = {
        part.path
        for log in load_dataset(database, "m", settings.home).logs.values()
        for part in log.parts
    }
    assert {str(p) for p in (settings.home / "logs").rglob("*.parquet")} == known


def test_forgotten_uploads_go_after_a_day_unless_they_wait(
    viewer: Viewer, settings: Settings, database: Database
) -> None:
    forgotten, waiting, fresh = (upload(viewer, settings) for _ in range(3))
    ask(viewer, database, waiting)
    yesterday = time.time() - requests.KEEP_UPLOADS_S - 60
    for path in (forgotten, waiting):
        os.utime(path.parent, (yesterday, yesterday))
    assert requests.sweep_uploads(settings, database) == [forgotten.parent]
    assert waiting.exists()
    assert fresh.exists()


def test_what_is_accepted_stands_in_the_log_while_a_long_job_runs(
    viewer: Viewer, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox is emptied beside the jobs, not after them."""
    from app.state.outbox import count_waiting, put

    ask(viewer, database, upload(viewer, settings))
    assert loop.Worker(settings, database).run_one()
    begun, go_on = threading.Event(), threading.Event()
    worker = loop.Worker(settings, database)

    def long(*_: object) -> bool:
        begun.set()
        go_on.wait(60)
        return False

    monkeypatch.setattr(worker, "run_one", long)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        assert begun.wait(60)
        with database.write("ann") as write:
            put(write, "m", "labels", [{"prediction_id": "3", "label": "1", "queue": "random"}])
        wait_for(lambda: count_waiting(database) == 0)
        assert load_dataset(database, "m", settings.home).log("labels").n_rows == 51
    finally:
        worker.stop.set()
        go_on.set()
        thread.join(60)


def test_a_disk_that_refuses_does_not_end_the_worker(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, n = loop.Worker(settings, database), 0

    def claim(*_what: object) -> None:
        nonlocal n
        n += 1
        if n == 1:
            raise StateError("The state database cannot be written.", "", "Mend the disk.")
        worker.stop.set()

    monkeypatch.setattr("app.worker.loop.jobs.claim", claim)
    monkeypatch.setattr("app.worker.loop.FAILED_S", 0.0)
    worker.run()
    assert n == 2
