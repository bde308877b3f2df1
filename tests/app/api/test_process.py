"""The API as a process of its own, asked directly and through the screen's port."""

from __future__ import annotations

import json
import os
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


def test_the_api_runs_alone(tmp_path: Path) -> None:
    alone = start(tmp_path, "--only", "ingest")
    assert alone.ask(alone.api, "/api/v1/healthz") == (200, {"status": "ok"})
    assert stop(alone) == 0
