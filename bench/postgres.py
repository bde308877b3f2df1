"""A throwaway PostgreSQL server, for tests and benchmarks that run on both databases."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

WHAT_TO_DO = "PostgreSQL is not installed (apt-get install postgresql)"


def programs() -> dict[str, str]:
    """Where initdb and pg_ctl are; empty where they are not."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([*map(str, places), os.environ.get("PATH", "")])
    return {name: shutil.which(name, path=path) or "" for name in ("initdb", "pg_ctl")}


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server that lives as long as the block; it keeps nothing, and syncs nothing."""
    found = programs()
    if not all(found.values()):
        raise RuntimeError(WHAT_TO_DO)
    folder = Path(tempfile.mkdtemp(prefix="telltale-pg-"))
    folder.chmod(0o777)
    data = str(folder / "data")
    # Locale C makes an SQL_ASCII database, the hardest one to get text back from unharmed.
    options = ["-D", data, "--auth=trust", "--username=telltale", "--locale=C", "--no-sync"]
    _run(folder, found["initdb"], *options)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    _run(folder, found["pg_ctl"], "-D", data, "-w", "-l", str(folder / "log"), "-o", words, "start")
    try:
        yield f"postgresql+psycopg://telltale@127.0.0.1:{port}"
    finally:
        _run(folder, found["pg_ctl"], "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, *command: str) -> None:
    """PostgreSQL refuses to run as root."""
    is_root = getpass.getuser() == "root"
    whole = ["runuser", "-u", "postgres", "--", *command] if is_root else list(command)
    subprocess.run(whole, check=True, stdout=subprocess.DEVNULL, timeout=120, cwd=folder)


def blank(url: str, name: str) -> str:
    """The URL of a new empty database of that server."""
    admin = sa.create_engine(f"{url}/postgres?client_encoding=utf8", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    return f"{url}/{name}"
