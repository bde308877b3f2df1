"""A screen of its own on the sample logs, for whoever measures it or takes its picture."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("TELLTALE_CHROMIUM") or shutil.which("chromium") or "chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


@contextmanager
def served() -> Iterator[str]:
    """The address of the demo, in a home that is thrown away afterwards."""
    with tempfile.TemporaryDirectory() as home:
        import_into(Path(home))
        port = free_port()
        environment = os.environ | {"TELLTALE_HOME": home, "TELLTALE_DEMO": "1"}
        environment |= {"TELLTALE_PORT": str(port), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "app.server"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            wait_for(f"http://localhost:{port}/healthz")
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(20)


def import_into(home: Path) -> None:
    """The sample logs in an empty home."""
    from app.ingest.samples import import_samples
    from app.state.database import Database
    from app.state.migrations import migrate

    database = Database(f"sqlite:///{home / 'telltale.db'}")
    migrate(database)
    import_samples(home, database)
    database.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Wait until the server answers."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SystemExit("The screen did not start.")
