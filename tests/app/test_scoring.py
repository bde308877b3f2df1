"""A scoring endpoint: only the one that was named is called, and what it says is read or explained."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from analytics.errors import AccessDenied, ConfigError, TelltaleError
from app.auth.viewer import Viewer, operator
from app.scoring import Scored, endpoint_of, read_answer, score_row
from app.settings import Settings, read_settings
from app.state.audit import list_entries
from app.state.database import Database
from app.state.grants import Grant
from app.state.migrations import migrate


class Service(BaseHTTPRequestHandler):
    """Answers as its path says, and keeps what it was sent."""

    seen: ClassVar[list[object]] = []

    def do_POST(self) -> None:
        self.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/score")
            self.end_headers()
            return
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()
        long = b"[" + b"1," * 64_000 + b"1]"
        self.wfile.write(long if self.path == "/long" else b'{"prediction": "1", "score": 0.75}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    Service.seen = []
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'telltale.db'}")
    migrate(made)
    return made


def settings(url: str) -> Settings:
    return read_settings(scoring_endpoints=f"other=http://127.0.0.1:1 m={url}", scoring_timeout_s=5)


def test_a_row_goes_out_and_a_score_comes_back(service: str, database: Database) -> None:
    row = {"age": 41.0, "town": None}
    said = score_row(operator("ann"), settings(f"{service}/score"), database, "m", row)
    assert said == Scored("1", 0.75) and Service.seen == [row]
    assert [e.action for e in list_entries(database) if e.action == "score"] == ["score"]


@pytest.mark.parametrize(
    ("path", "why"), [("moved", "302"), ("broken", "500"), ("long", "too long")]
)
def test_what_goes_wrong_is_said(service: str, database: Database, path: str, why: str) -> None:
    with pytest.raises(TelltaleError, match=why):
        score_row(operator("ann"), settings(f"{service}/{path}"), database, "m", {})
    assert len(Service.seen) == 1  # no redirect is followed


def test_nobody_else_is_called(service: str, database: Database) -> None:
    with pytest.raises(TelltaleError, match="no scoring endpoint"):
        score_row(operator("ann"), settings(service), database, "another", {})
    with pytest.raises(TelltaleError, match="did not answer"):
        score_row(operator("ann"), settings(service), database, "other", {})
    bob = Viewer("bob", "Bob", "viewer", (Grant("viewer", "m"),))
    with pytest.raises(AccessDenied):
        score_row(bob, settings(service), database, "m", {})
    with pytest.raises(ConfigError):
        endpoint_of(settings("file:///etc/passwd"), "m")
    assert Service.seen == []


def test_answers_in_use_are_read_and_others_are_not() -> None:
    assert read_answer(b"0.5") == Scored(score=0.5)
    assert read_answer(b'["late"]') == Scored(prediction="late")
    assert read_answer(b'{"predictions": [{"score": 0.1}]}') == Scored(score=0.1)
    for body in (b"no json", b"true", b"{}", b"[1, 2]", b'{"answer": 3}'):
        with pytest.raises(TelltaleError, match="could not be used"):
            read_answer(body)
