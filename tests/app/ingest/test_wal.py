"""The write-ahead log: answered is synced, torn tails are cut, a dead process loses nothing it answered."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Schema
from analytics.errors import StateError
from analytics.query.engine import Engine
from app.ingest.drain import drain
from app.ingest.wal import HEAD, MOST_COMMIT, MOST_QUEUED, DiskLow, Wal, WalFull, whole_records
from app.ingest.words import Place
from app.state.logs import load_dataset
from app.state.models import save_schema

WRITER = """
import json, sys
from pathlib import Path
from app.ingest.wal import Wal
wal = Wal(Path(sys.argv[1]))
for i in range(1_000_000):
    row = {"prediction_id": f"{sys.argv[2]}-{i}", "prediction": i % 2, "timestamp": "2026-03-01T12:00:00"}
    wal.append(json.dumps({"model": "m", "kind": "predictions", "rows": [row], "refused": []}).encode()).result()
    print(row["prediction_id"], flush=True)
"""


def record(*ids: str) -> bytes:
    rows = [{"prediction_id": i, "prediction": 1, "timestamp": "2026-03-01T12:00:00"} for i in ids]
    said = {"model": "m", "kind": "predictions", "rows": rows, "refused": []}
    return json.dumps(said).encode()


@pytest.fixture
def model(place: Place) -> str:
    with place.database.write("test") as write:
        save_schema(write, "m", Schema("binary", (), ("0", "1"), "1"), {})
    return "m"


def ids_of(place: Place) -> list[str]:
    engine = Engine([place.home])
    parts = load_dataset(place.database, "m").log("predictions").parts
    rows = [
        row for part in parts for row in engine.rows(f"SELECT prediction_id FROM '{part.path}'")
    ]
    return sorted(row[0] for row in rows)


@given(bodies=st.lists(st.binary(max_size=40), max_size=5), cut=st.integers(0, 300))
def test_a_torn_tail_costs_only_itself(bodies: list[bytes], cut: int) -> None:
    import zlib

    text = b"".join(HEAD.pack(len(b), zlib.crc32(b)) + b for b in bodies)
    found, torn = whole_records(text[:cut])
    assert sum(HEAD.size + len(b) for b in found) + sum(map(len, torn)) == len(text[:cut])
    ends = [sum(HEAD.size + len(b) for b in bodies[: i + 1]) for i in range(len(bodies))]
    assert found == bodies[: sum(end <= cut for end in ends)]


def test_killed_at_any_moment_what_was_answered_stands_once(place: Place, model: str) -> None:
    answered: list[str] = []
    for n in (3, 11, 40):
        command = [sys.executable, "-c", WRITER, str(place.home / "wal"), str(n)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            answered += [process.stdout.readline().strip() for _ in range(n)]
            process.kill()
            answered += process.stdout.read().split()
        drain(place)
    found = ids_of(place)
    assert len(found) == len(set(found))
    assert set(answered) <= set(found)


def test_a_file_that_is_written_waits(place: Place, model: str) -> None:
    wal = Wal(place.home / "wal")
    wal.append(record("a")).result()
    assert drain(place) == 0
    wal.close()
    assert drain(place) == 1 and ids_of(place) == ["a"]


def test_a_torn_file_gives_its_whole_records_and_keeps_the_rest(place: Place, model: str) -> None:
    wal = Wal(place.home / "wal")
    for i in "abc":
        wal.append(record(i)).result()
    wal.close()
    (file,) = (place.home / "wal").glob("*.log")
    file.write_bytes(file.read_bytes()[:-5])
    drain(place)
    assert ids_of(place) == ["a", "b"]
    (torn,) = (place.home / "wal" / "torn").iterdir()
    assert b'"c"' in torn.read_bytes()


@pytest.mark.parametrize("step", ["placed", "committed", "wal-taken"])
def test_a_drain_that_dies_is_done_again_once(
    place: Place, model: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wal = Wal(place.home / "wal")
    wal.append(record("a", "b")).result()
    wal.close()

    def die(reached: str) -> None:
        if reached == step:
            raise KeyboardInterrupt(step)

    with monkeypatch.context() as patch:
        patch.setattr("app.ingest.run.reach", die)
        patch.setattr("app.ingest.drain.reach", die)
        with pytest.raises(KeyboardInterrupt):
            drain(place)
    drain(place)
    assert ids_of(place) == ["a", "b"]
    assert not list((place.home / "wal").glob("*.log"))


def test_a_full_disk_is_answered_and_what_was_kept_stays(place: Place, model: str) -> None:
    is_full = False

    def fdatasync(handle: int) -> None:
        if is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(handle)

    wal: Any = Wal(place.home / "wal", fdatasync=fdatasync)
    wal.append(record("a")).result()
    is_full = True
    with pytest.raises(DiskLow, match="full"):
        wal.append(record("b")).result()
    is_full = False
    wal.append(record("c")).result()
    wal.close()
    drain(place)
    assert ids_of(place) == ["a", "c"]


def test_a_disk_that_refuses_is_asked_again_and_may_come_back(tmp_path: Path) -> None:
    folder, is_refused = tmp_path / "wal", True

    def fdatasync(handle: int) -> None:
        if is_refused:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        os.fdatasync(handle)

    wal: Any = Wal(folder, fdatasync=fdatasync)
    assert wal.is_working()
    with pytest.raises(DiskLow, match="Read-only file system"):
        wal.append(record("a")).result()
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("no folder")
    assert not wal.is_working()
    folder.unlink()
    folder.mkdir()
    assert wal.is_working() and list(folder.iterdir()) == []
    is_refused = False
    wal.append(record("b")).result()
    wal.close()


def test_many_small_parts_become_few(place: Place, model: str) -> None:
    for i in range(17):
        wal = Wal(Path(place.home) / "wal")
        wal.append(record(f"{i:02}")).result()
        wal.close()
        drain(place)
    assert len(load_dataset(place.database, "m").log("predictions").parts) == 2
    assert ids_of(place) == [f"{i:02}" for i in range(17)]


def test_a_damaged_record_costs_only_itself(place: Place, model: str) -> None:
    wal = Wal(place.home / "wal")
    for i in "abcd":
        wal.append(record(i)).result()
    wal.close()
    (file,) = (place.home / "wal").glob("*.log")
    text = bytearray(file.read_bytes())
    each = len(record("a")) + HEAD.size
    text[each + HEAD.size + 30] ^= 1  # in the body of b
    text[2 * each] ^= 64  # in the length of c
    file.write_bytes(text)
    drain(place)
    assert ids_of(place) == ["a", "d"]
    (torn,) = (place.home / "wal" / "torn").iterdir()
    assert torn.read_bytes() == bytes(text[each : 3 * each])


LIMITED = """
import json, resource, sys
from pathlib import Path
from app.ingest.wal import DiskLow, Wal
wal = Wal(Path(sys.argv[1]))
row = {"prediction": 1, "timestamp": "2026-03-01T12:00:00", "text": "x" * 3000}
def send(i):
    rows = [{**row, "prediction_id": i}]
    wal.append(json.dumps({"model": "m", "kind": "predictions", "rows": rows, "refused": []}).encode()).result()
    print(i, flush=True)
send("a")
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
n_refused = 0
for i in range(30):
    try:
        send(f"b{i:02}")
    except DiskLow as error:
        n_refused += 1
assert n_refused
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
send("c")
wal.close()
"""


def test_what_fits_no_more_is_refused_and_what_was_answered_stays(place: Place, model: str) -> None:
    command = [sys.executable, "-c", LIMITED, str(place.home / "wal")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    drain(place)
    answered = ran.stdout.split()
    assert answered[0] == "a" and answered[-1] == "c" and 3 <= len(answered) < 32
    assert ids_of(place) == sorted(answered)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DiskLow, match="refused"):
        Wal(tmp_path / "file" / "wal").append(record("a"))


def test_what_waits_in_memory_is_bounded(place: Place) -> None:
    import threading

    gate = threading.Event()
    wal: Any = Wal(place.home / "wal", fdatasync=lambda _handle: gate.wait() and None)
    body, futures = b'{"model"' + b" " * (4 << 20), []
    with pytest.raises(WalFull):
        for _ in range(100):
            futures.append(wal.append(body))
    assert sum(len(body) for f in futures if not f.done()) <= 4 * MOST_QUEUED
    gate.set()
    for future in futures:
        future.result(timeout=60)
    wal.close()


def test_a_damaged_part_stops_its_model_only_and_loses_nothing(place: Place, model: str) -> None:
    with place.database.write("test") as write:
        save_schema(write, "n", Schema("binary", (), ("0", "1"), "1"), {})
    other = json.loads(record("other")) | {"model": "n"}
    for bodies in ([record("a", "b")], [record("a", "c"), json.dumps(other).encode()]):
        wal = Wal(place.home / "wal")
        for body in bodies:
            wal.append(body).result()
        wal.close()
        (part,) = [*place.home.rglob("logs/m/**/*.parquet")] or [None]
        whole = part.read_bytes() if part else b""
        if part is not None:
            part.write_bytes(whole[:50] + bytes(len(whole) - 50))
            with pytest.raises(StateError, match="log of m cannot be read"):
                drain(place)
            assert load_dataset(place.database, "n").log("predictions").n_rows == 1
            assert list((place.home / "wal").glob("*.log"))
            part.write_bytes(whole)
        drain(place)
    assert ids_of(place) == ["a", "b", "c"]
    assert load_dataset(place.database, "n").log("predictions").n_rows == 1


def test_a_clock_that_jumps_back_loses_nothing(place: Place, model: str) -> None:
    from datetime import datetime, timedelta

    now = datetime(2026, 3, 2)
    place.database.clock = lambda: now
    for i in "ab":
        wal = Wal(place.home / "wal")
        wal.append(record(i)).result()
        wal.close()
        drain(place)
        now -= timedelta(days=400)
    assert ids_of(place) == ["a", "b"]


def test_one_sync_takes_only_so_much_and_the_rest_follows(place: Place, model: str) -> None:
    held, syncs = threading.Event(), list[int]()

    def fdatasync(handle: int) -> None:
        assert held.wait(20)
        syncs.append(os.fstat(handle).st_size)

    wal: Any = Wal(place.home / "wal", fdatasync=fdatasync)
    long = b"x" * MOST_COMMIT
    done = [wal.append(record(i) + long) for i in ("a", "b", "c")]
    held.set()
    for future in done:
        future.result()
    wal.close()
    grown = [after - before for before, after in zip([0, *syncs], syncs, strict=False)]
    assert len(syncs) == 3 and max(grown) < 2 * MOST_COMMIT and wal.n_queued == 0
