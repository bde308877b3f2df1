"""Where much is due other processes help: each watch is run once, by whoever claimed it."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.ask import Desk
from app.cli import main
from app.monitors import helping
from app.monitors.helping import n_processes, share_of
from app.monitors.watching import run_apart, watch_new
from app.settings import read_settings
from app.state.database import open_database
from app.state.monitors import count_due, hurry, last_runs


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Two models of twelve weeks, both due."""
    rows = "".join(f"a{i},2024-01-{1 + i // 40:02d},{i % 2},{i % 3 % 2}\n" for i in range(1200))
    path = tmp_path / "log.csv"
    path.write_text("id,timestamp,prediction,label\n" + rows)
    home = tmp_path / "home"
    for model in ("m", "n"):
        assert (
            main(["import", str(path), "--model", model, "--positive", "1", "--home", str(home)])
            == 0
        )
    with Desk(read_settings(home=str(home))) as found:
        watch_new(found, found.database)
        with found.database.write("test") as write:
            hurry(write, "m")
            hurry(write, "n")
        yield found
    open_database.cache_clear()


def test_two_processes_run_each_watch_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Both wait for the other before they claim: neither can do the work of both."""
    caplog.set_level(logging.WARNING)  # some commands, run here before, turn warnings off
    wait = (
        "import os, sys, threading, time; from pathlib import Path; from app.monitors.__main__ import main;"
        f" home = Path({str(desk.settings.home)!r});"
        " (home / f'begun-{os.getpid()}').touch(); end = time.monotonic() + 60\n"
        "while len(list(home.glob('begun-*'))) < 2 and time.monotonic() < end: threading.Event().wait(0.05)\n"
        "sys.exit(main())"
    )
    monkeypatch.setattr("app.monitors.watching.ROUND", (sys.executable, "-c", wait))
    monkeypatch.setattr(helping, "LEAST_DUE", 1)
    settings = replace(desk.settings, values={**desk.settings.values, "watch_processes": 2})
    assert count_due(desk.database) == 2
    run_apart(settings, desk.database, threading.Event())
    assert caplog.text == "" and count_due(desk.database) == 0
    assert len(list(desk.settings.home.glob("begun-*"))) == 2
    for model in ("m", "n"):
        runs = last_runs(desk.database, model)
        assert len(runs) == 3 and {(r.error, r.fence) for r in runs} == {("", 1)}


def test_few_watches_are_left_to_one_process_and_many_share_threads_and_memory() -> None:
    settings = read_settings(home="x")
    of = {n: replace(settings, values={**settings.values, "watch_processes": n}) for n in (1, 2, 8)}
    assert [n_processes(of[2], n) for n in (0, 1, 7, 8, 50)] == [1, 1, 1, 2, 2]
    assert n_processes(of[1], 50) == 1 and n_processes(of[8], 50) == 8
    assert 1 <= n_processes(settings, 50) <= 4
    assert share_of(settings, 1) is settings
    assert share_of(settings, 4).text("query_memory") == "1000MB"
