"""Writers take turns: nobody starves, and who dies lets go."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from analytics.errors import StateError
from app.state.turn import Turn

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from pathlib import Path
from app.state.turn import Turn
with Turn(Path(sys.argv[1])).taken():
    print("held", flush=True)
    sys.stdin.read()
"""
KNOCK = """
import sys, threading, time
from pathlib import Path
from app.state.turn import Turn
turn = Turn(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
n, end = 0, time.monotonic() + 3
while time.monotonic() < end:
    with turn.taken():
        n += 1
        threading.Event().wait(0.02)
print(n)
"""


def test_who_dies_lets_go(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StateError, match="busy for"), Turn(file, 0.05).taken():
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait(30)
    with Turn(file, 30).taken():
        assert (tmp_path / "state.db-turn").stat().st_mode & 0o077 == 0


def test_threads_exclude_each_other_and_time_out(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "state.db", 0.05)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with turn.taken():
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    with pytest.raises(StateError), turn.taken():
        pass
    done.set()
    thread.join(30)
    with turn.taken():
        assert not thread.is_alive()


def test_none_of_six_busy_processes_starves(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KNOCK, str(tmp_path / "state.db")]
    running = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    counts = [int(process.communicate("go\n", timeout=120)[0]) for process in running]
    assert min(counts) > 0


def test_a_turn_that_cannot_be_written_is_an_error_of_the_house(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "gone" / "telltale.db")
    with pytest.raises(StateError, match="cannot be written"), turn.taken():
        pass
