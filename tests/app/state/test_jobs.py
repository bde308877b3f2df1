"""Jobs: claimed once, cancelled by anyone, rescued when their worker died, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from analytics.errors import NameUnknown, UsageError
from app.state import jobs
from app.state.database import Database

KINDS = ("import",)


def ask(database: Database, kind: str = "import") -> int:
    return jobs.ask(database, "ada", kind, {"paths": ["a.csv"]})


def test_from_queued_to_done(database: Database, clock: Any) -> None:
    number = ask(database)
    assert jobs.get(database, number).state == "queued"
    job = jobs.claim(database, "w1", KINDS)
    assert job is not None
    assert (job.id, job.state, job.attempts, job.arguments) == (
        number,
        "running",
        1,
        {"paths": ["a.csv"]},
    )
    assert jobs.beat(database, number, "w1", 0.4, "Half way")
    assert jobs.beat(database, number, "w1", 0.2, "A step whose share is smaller")
    assert jobs.get(database, number).progress == 0.4
    clock.pass_s(3)
    jobs.finish(database, number, "w1", {"n_taken": 7})
    done = jobs.get(database, number)
    assert (done.state, done.progress, done.result) == ("done", 1.0, {"n_taken": 7})
    assert done.finished_at == clock.now
    assert jobs.claim(database, "w1", KINDS) is None


def test_the_oldest_of_the_kinds_asked_for(database: Database) -> None:
    ask(database, "report")
    first, second = ask(database), ask(database)
    claimed = [jobs.claim(database, "w1", KINDS) for _ in range(3)]
    assert [job.id for job in claimed if job] == [first, second]
    assert [job.id for job in jobs.list_jobs(database, "import")] == [second, first]


def test_a_failure_keeps_what_why_and_do(database: Database) -> None:
    number = ask(database)
    jobs.claim(database, "w1", KINDS)
    jobs.fail(database, number, "w1", UsageError("No.", "It cannot be read.", "Give another."))
    job = jobs.get(database, number)
    assert (job.state, job.error) == ("failed", ("No.", "It cannot be read.", "Give another."))


def test_cancel_before_and_while_it_runs(database: Database) -> None:
    waiting, running = ask(database), ask(database)
    jobs.cancel(database, "bob", waiting)
    assert jobs.get(database, waiting).state == "cancelled"
    job = jobs.claim(database, "w1", KINDS)
    assert job is not None
    assert job.id == running
    jobs.cancel(database, "bob", running)
    assert not jobs.beat(database, running, "w1", 0.5, "")
    jobs.stop(database, running, "w1")
    assert jobs.get(database, running).state == "cancelled"
    jobs.cancel(database, "bob", running)
    jobs.cancel(database, "bob", 999)


def test_a_dead_workers_job_runs_again_once(database: Database, clock: Any) -> None:
    number = ask(database)
    for worker in ("w1", "w2"):
        job = jobs.claim(database, worker, KINDS)
        assert job is not None
        assert jobs.rescue(database) == []
        clock.pass_s(jobs.DEAD_AFTER_S + 1)
        assert jobs.rescue(database) == [number]
    job = jobs.get(database, number)
    assert (job.state, job.attempts) == ("failed", 2)
    assert job.error is not None
    assert "2 times" in job.error[0]


def test_a_rescued_job_is_no_longer_the_first_workers(database: Database, clock: Any) -> None:
    number = ask(database)
    jobs.claim(database, "w1", KINDS)
    clock.pass_s(jobs.DEAD_AFTER_S + 1)
    jobs.rescue(database)
    jobs.claim(database, "w2", KINDS)
    assert not jobs.beat(database, number, "w1", 0.9, "I was only slow")
    jobs.finish(database, number, "w1", {"by": "w1"})
    assert jobs.get(database, number).state == "running"
    jobs.finish(database, number, "w2", {"by": "w2"})
    assert jobs.get(database, number).result == {"by": "w2"}


def test_cancelled_and_dead_is_cancelled(database: Database, clock: Any) -> None:
    number = ask(database)
    jobs.claim(database, "w1", KINDS)
    jobs.cancel(database, "bob", number)
    clock.pass_s(jobs.DEAD_AFTER_S + 1)
    jobs.rescue(database)
    assert jobs.get(database, number).state == "cancelled"


def test_many_workers_never_get_the_same_job(
    database: Database, connect: Callable[[], Database]
) -> None:
    numbers = [ask(database) for _ in range(12)]
    taken: list[int] = []
    start = threading.Barrier(4)

    def work(name: str, own: Database) -> None:
        start.wait()
        while (job := jobs.claim(own, name, KINDS)) is not None:
            taken.append(job.id)

    threads = [threading.Thread(target=work, args=(f"w{i}", connect())) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == numbers


def test_no_such_job(database: Database) -> None:
    with pytest.raises(NameUnknown, match="no job 5"):
        jobs.get(database, 5)
