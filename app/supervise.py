"""``telltale run``: start screen, API and worker, keep them running, stop them together."""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analytics.errors import ConfigError, UsageError
from app.auth.start import prepare
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
MODULES = {"screen": "app.server", "ingest": "app.api", "worker": "app.worker"}
# Who waits at the screen goes first; senders wait little, and what the worker does nobody waits for.
NICE = {"screen": 0, "ingest": 5, "worker": 10}
HEALTH = {"screen": "/healthz", "ingest": "/api/v1/healthz"}  # who listens, and where it is asked
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
GOOD_RUN_S = 60.0  # who ran this long starts again at once
STOP_S = 10.0
START_S = 120.0
EVERYWHERE = "0.0.0.0"  # noqa: S104


@dataclass(slots=True)
class Child:
    """One supervised process."""

    name: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait_s: float = FIRST_WAIT_S
    due: float = field(default=0.0)

    def start(self) -> None:
        """Start it; our own output is its output."""
        command = [sys.executable, "-m", MODULES[self.name]]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment)  # noqa: S603
        if hasattr(os, "setpriority"):  # before it has threads of its own: they take it over
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, self.process.pid, own + NICE[self.name])
        self.started = time.monotonic()

    def keep_alive(self) -> None:
        """Start it again when it died, waiting longer each time."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            if now - self.started > GOOD_RUN_S:
                self.wait_s = FIRST_WAIT_S
            code = self.process.returncode
            say(f"The {self.name} ended with {code}; it starts again in {self.wait_s:g} s.")
            self.process, self.due = None, now + self.wait_s
            self.wait_s = min(2 * self.wait_s, LONGEST_WAIT_S)
        elif now >= self.due:
            self.start()


def run(settings: Settings, only: str | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status. ``only`` names one part of ``MODULES``."""
    if only is not None and only not in MODULES:
        raise UsageError(f"There is no part {only!r}.", "", f"Take one of: {', '.join(MODULES)}.")
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = [only] if only else [name for name in MODULES if _exists(name)]
    for name in names:
        if name in HEALTH:
            _check_port(settings, name)
    password = prepare(settings)
    if password is not None:
        name = settings.text("admin_name")
        say(f"First start: sign in as {name} with the one-time password {password}")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    environment = {**os.environ, **settings.environment(), "PYTHONPATH": _python_path()}
    environment.pop("TELLTALE_ADMIN_PASSWORD", None)
    children = [Child(name, environment) for name in names]
    try:
        if not _start(settings, children, stop):
            return 1
        listeners = [name for name in names if name in HEALTH]
        if listeners and not stop.is_set():
            say(f"Telltale is ready at {_address(settings, listeners[0])}")
        while not stop.wait(0.2):
            for child in children:
                child.keep_alive()
    finally:
        _stop(children)
    return 0


def _start(settings: Settings, children: Sequence[Child], stop: threading.Event) -> bool:
    """Start all; the worker once the API answers, since its backlog can wait and senders cannot."""
    parts = {child.name: child for child in children}
    worker = parts.pop("worker", None)
    for child in parts.values():
        child.start()
    for name in reversed(parts):  # the screen takes longest
        if not _wait_for(settings, parts[name], stop):
            return False
        if worker is not None and name == "ingest":
            worker.start()
    if worker is not None and worker.process is None:
        worker.start()
    return True


def say(text: str) -> None:
    """One line to whoever started us."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _exists(name: str) -> bool:
    module = importlib.util.find_spec(MODULES[name])
    if module is None or module.submodule_search_locations is None:
        return module is not None
    return importlib.util.find_spec(f"{MODULES[name]}.__main__") is not None


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def _port(settings: Settings, name: str) -> int:
    return settings.api_port if name == "ingest" else settings.number("port")


def _address(settings: Settings, name: str) -> str:
    host = settings.text("host")
    return f"http://{f'[{host}]' if ':' in host else host}:{_port(settings, name)}"


def _check_port(settings: Settings, name: str) -> None:
    host, port = settings.text("host"), _port(settings, name)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            is_screen = name == "screen"
            raise ConfigError(
                f"The {name} cannot listen on {host}:{port}: {error.strerror}.",
                "Another program, perhaps another Telltale, has the port.",
                f"Stop it, or take another with --port {port + 1} or TELLTALE_PORT."
                if is_screen
                else "Stop it, or take another with TELLTALE_API_PORT.",
            ) from error


def _wait_for(settings: Settings, child: Child, stop: threading.Event) -> bool:
    end = time.monotonic() + START_S
    while time.monotonic() < end and not stop.wait(0.1):
        if child.process is not None and child.process.poll() is not None:
            code = child.process.returncode
            say(f"The {child.name} ended with {code} before it could be reached.")
            return False
        if _is_healthy(settings, child.name):
            return True
    if not stop.is_set():
        say(f"The {child.name} did not answer within {START_S:g} seconds.")
    return stop.is_set()


def _is_healthy(settings: Settings, name: str) -> bool:
    host = settings.text("host")
    host = {EVERYWHERE: "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(host, _port(settings, name), timeout=5)
    try:
        connection.request("GET", HEALTH[name])
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _stop(children: list[Child]) -> None:
    running = [c.process for c in children if c.process is not None and c.process.poll() is None]
    for process in running:
        process.send_signal(signal.SIGTERM)
    end = time.monotonic() + STOP_S
    for process in running:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
