"""The API as a process of its own, asked directly and through the screen's port."""

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

from analytics.core import Schema
from app.state.database import Database
from app.state.inbox import Filter, list_items
from app.state.keys import add_key
from app.state.models import find_model, save_schema
from app.state.outbox import count_waiting

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Running:
    """A supervisor, and the ports of its screen and API."""

    process: subprocess.Popen[str]
    home: Path
    screen: int
    api: int

    def ask(
        self, port: int, path: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, object]]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            data,
            {"Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, *arguments: str) -> Running:
    screen, api = free_port(), free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TELLTALE_")}
    environment |= {"TELLTALE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    environment |= {"TELLTALE_PORT": str(screen), "TELLTALE_API_PORT": str(api)}
    command = [sys.executable, "-m", "app.cli", "run", "--no-demo", *arguments]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if "Telltale is ready" in line:
            return Running(process, home, screen, api)
    raise AssertionError("".join(printed))


def stop(running: Running) -> int:
    running.process.send_signal(signal.SIGTERM)
    assert running.process.stdout is not None
    running.process.stdout.read()
    running.process.stdout.close()
    return running.process.wait(30)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    started = start(tmp_path_factory.mktemp("home"))
    yield started
    assert stop(started) == 0


def test_the_screen_sends_the_api_its_requests(running: Running) -> None:
    direct = running.ask(running.api, "/api/v1/healthz")
    assert direct == (200, {"status": "ok"})
    assert running.ask(running.screen, "/api/v1/healthz") == direct
    status, body = running.ask(running.screen, "/api/v1/nothing?x=%2F", Cookie="a=b")
    assert status == 404
    assert "openapi.json" in str(body["error"])


def make_key(home: Path) -> str:
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    with database.write("test") as write:
        if find_model(write.connection, "flight-late") is None:
            save_schema(write, "flight-late", Schema("binary", (), ("0", "1"), "1"), {})
        secret = add_key(write, "flight-late", "feedback", "site")[1]
    database.close()
    return secret


def test_the_documented_call_works(running: Running) -> None:
    text = (ROOT / "docs" / "feedback.md").read_text()
    (call,) = re.findall(r"```bash\n(curl .+?)```", text, re.DOTALL)
    assert len(call.strip().splitlines()) == 3
    call = call.replace("localhost:8501", f"127.0.0.1:{running.screen}")
    ran = subprocess.run(
        ["bash", "-c", call],
        env={**os.environ, "TELLTALE_KEY": make_key(running.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(json.loads(ran.stdout)) == {"id", "url"}


def test_what_is_answered_survives_a_kill(tmp_path: Path) -> None:
    running = start(tmp_path, "--only", "ingest")
    headers = {"Authorization": f"Bearer {make_key(tmp_path)}"}
    path = "/api/v1/feedback"
    kept = [
        running.ask(
            running.api, path, {"prediction_id": f"F{i}", "key": "k", "score": 1}, **headers
        )
        for i in range(20)
    ]
    assert {status for status, _body in kept} == {201}
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    if not children.is_file():
        pytest.skip("this system does not list a process's children")
    os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
    stop(running)
    database = Database(f"sqlite:///{tmp_path / 'telltale.db'}")
    found = {item.id for item in list_items(database, Filter("flight-late"))}
    assert found == {body["id"] for _status, body in kept}
    assert count_waiting(database) == 20
    database.close()


def test_a_body_beyond_the_limit_is_refused_through_the_screen_too(running: Running) -> None:
    headers = {"Authorization": f"Bearer {make_key(running.home)}"}
    large = {"prediction_id": "F1", "key": "k", "comment": "x" * (9 << 20)}
    status, body = running.ask(running.screen, "/api/v1/feedback", large, **headers)
    assert (status, set(body["error"])) == (413, {"what", "why", "do", "field"})  # type: ignore[call-overload]
    ok = {"prediction_id": "F1", "key": "k", "score": 1}
    assert running.ask(running.screen, "/api/v1/feedback", ok, **headers)[0] in (200, 201)


def test_the_api_runs_alone(tmp_path: Path) -> None:
    alone = start(tmp_path, "--only", "ingest")
    assert alone.ask(alone.api, "/api/v1/healthz") == (200, {"status": "ok"})
    assert stop(alone) == 0
