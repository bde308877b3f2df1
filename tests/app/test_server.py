"""The supervisor and the routes beside the screen, over HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analytics.errors import ConfigError, UsageError
from app.settings import read_settings
from app.supervise import MODULES, Child, run

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from app.settings import read_settings; from app.supervise import run; sys.exit(run(read_settings(), only='screen'))"


@dataclass
class Running:
    """A supervisor with what it printed until the screen was ready."""

    process: subprocess.Popen[str]
    port: int
    printed: list[str]

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def read_until(self, text: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)
            if text in line:
                return line
        raise AssertionError("".join(self.printed))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, port: int, **settings: str) -> Running:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TELLTALE_")}
    environment |= {"TELLTALE_HOME": str(home), "TELLTALE_PORT": str(port)}
    environment |= {f"TELLTALE_{k.upper()}": v for k, v in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Running(process, port, [])
    running.read_until("Telltale is ready")
    return running


def stop(running: Running) -> int:
    running.process.send_signal(signal.SIGTERM)
    assert running.process.stdout is not None
    running.printed.extend(running.process.stdout)
    running.process.stdout.close()
    return running.process.wait(30)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    started = start(tmp_path_factory.mktemp("home"), free_port())
    yield started
    stop(started)


def test_the_first_start_prints_one_password(running: Running) -> None:
    printed = "".join(running.printed)
    assert len(re.findall(r"one-time password \S{20}\n", printed)) == 1
    assert f"http://127.0.0.1:{running.port}" in printed


def test_health_checks_database_and_home(running: Running) -> None:
    status, body = running.get("/healthz")
    assert status == 200
    assert json.loads(body) == {"status": "ok", "checks": {"home": True, "database": True}}


def test_metrics_count_answers(running: Running) -> None:
    status, body = running.get("/metrics")
    assert status == 200
    found = dict(re.findall(r"^(telltale_\S+) ([0-9.e+]+)$", body, re.MULTILINE))
    assert float(found['telltale_http_responses_total{status="200"}']) >= 1
    assert found["telltale_sessions"] == "0"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json"])
def test_inner_addresses_are_closed(running: Running, path: str) -> None:
    assert running.get(path)[0] == 403


@pytest.mark.parametrize("path", ["/media/abc.csv", "/_stcore/upload_file/a/b"])
def test_files_are_for_those_who_signed_in(running: Running, path: str) -> None:
    assert running.get(path)[0] == 401


def test_a_made_up_ticket_opens_nothing(running: Running) -> None:
    for body in (b"", b"[]", b'{"ticket": 1}', b'{"ticket": "x"}', b"x" * 10_000):
        request = urllib.request.Request(
            f"http://127.0.0.1:{running.port}/auth/session", data=body, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        with refused.value as error:
            assert error.code == 401
            assert "Set-Cookie" not in error.headers


def test_a_second_start_asks_for_another_port(running: Running, tmp_path: Path) -> None:
    settings = read_settings({}, home=str(tmp_path), port=running.port)
    with pytest.raises(ConfigError, match="cannot listen"):
        run(settings)


def test_there_is_no_other_part(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no part"):
        run(read_settings({}, home=str(tmp_path)), only="kitchen")


def test_the_worker_waits_until_the_api_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(Child, "start", lambda child: done.append(f"start {child.name}"))

    def wait(_settings: object, child: Child, _stop: object) -> bool:
        done.append(f"wait {child.name}")
        return child.name == "ingest"

    monkeypatch.setattr("app.supervise._wait_for", wait)
    assert run(read_settings({}, home=str(tmp_path), port=free_port())) == 1
    assert done.index("wait ingest") < done.index("start worker") < done.index("wait screen")


def test_screen_goes_before_api_and_api_before_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stays.py").write_text("import sys; sys.stdin.read()")
    monkeypatch.setattr("app.supervise.MODULES", dict.fromkeys(MODULES, "stays"))
    monkeypatch.setattr("app.supervise.ROOT", tmp_path)
    own, found = os.getpriority(os.PRIO_PROCESS, 0), list[int]()
    for name in ("screen", "ingest", "worker"):
        child = Child(name, dict(os.environ))
        child.start()
        assert child.process is not None
        found.append(os.getpriority(os.PRIO_PROCESS, child.process.pid) - own)
        child.process.kill()
        child.process.wait()
    assert found == [0, 5, 10]


@pytest.mark.slow
def test_a_dead_screen_comes_back_and_all_stop_together(tmp_path: Path) -> None:
    running = start(tmp_path, free_port(), demo="1")
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    if not children.is_file():
        pytest.skip("this system does not list a process's children")
    first = int(children.read_text().split()[0])
    os.kill(first, signal.SIGKILL)
    running.read_until("starts again")
    found = []
    while not found:
        found = [int(pid) for pid in children.read_text().split() if int(pid) != first]
    assert stop(running) == 0
    assert not Path(f"/proc/{found[0]}").exists()


def test_the_demo_answers_to_its_own_name_only(tmp_path: Path) -> None:
    running = start(tmp_path, free_port(), demo="1")
    try:
        assert running.get("/healthz", Host="evil.example")[0] == 403
        assert running.get("/healthz", **{"X-Forwarded-For": "10.0.0.1"})[0] == 403
        assert running.get("/healthz", Host=f"localhost:{running.port}")[0] == 200
    finally:
        assert stop(running) == 0
