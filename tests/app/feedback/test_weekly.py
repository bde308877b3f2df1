"""The week in five lines, by webhook and by mail: once a week and recipient, to nobody inside unasked."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import AccessDenied, UsageError
from app.ask import open_engine
from app.auth.viewer import Viewer, operator
from app.feedback.mail import send_mail
from app.feedback.outward import make_hook
from app.feedback.weekly import ask_digests, ask_test, last_monday, week_name
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.settings import Settings, read_settings
from app.state.database import Database
from app.state.grants import Grant
from app.state.hooks import Hook, claim_due, list_deliveries
from app.worker.chores import deliver_one

FRIDAY = datetime(2026, 11, 20, 12)
LOG = "prediction_id,timestamp,prediction,label\n" + "".join(
    f"p{i},2026-11-{16 + i % 7:02d}T10:00:00,{i % 2},1\n" for i in range(40)
)


class Mailbox(socketserver.ThreadingTCPServer):
    """A server that speaks as much SMTP as a letter takes, and keeps the letters."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.refuses = False
        super().__init__(("127.0.0.1", 0), _Speaker)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class _Speaker(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._say("220 mailbox")
        for line in self.rfile:
            word = line[:4].upper().strip()
            if word == b"DATA":
                self._say("354 go on")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(message_from_bytes(body, policy=default))
                self._say("250 kept")
            elif word == b"RCPT" and self.server.refuses:
                self._say("550 nobody of that name")
            elif word == b"QUIT":
                return self._say("221 bye")
            else:
                self._say("250 well")
        return None

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def target() -> Iterator[HTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    got: list[dict[str, Any]] = []
    made = HTTPServer(("127.0.0.1", 0), Handler)
    made.got = got  # type: ignore[attr-defined]
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def loans(home: Database, tmp_path: Path) -> Database:
    """A model with a log, in the week of the 16th of November."""
    (tmp_path / "loans.csv").write_text(LOG)
    place = Place(tmp_path, home, "ann", threads=2)
    options = ImportOptions(model="loans", positive="1")
    run_import(place, plan_import(place, [tmp_path / "loans.csv"], options))
    home.clock = lambda: FRIDAY
    return home


def settings_of(tmp_path: Path, port: int = 25, hosts: str = "127.0.0.1") -> Settings:
    mail = {"mail_host": "127.0.0.1", "mail_port": port, "mail_from": "telltale@example.org"}
    return read_settings({}, home=str(tmp_path), webhook_hosts=hosts, mail_security="none", **mail)


def recipient(database: Database, url: str, style: str) -> Hook:
    values = {"model": "loans", "name": style, "purpose": "digest", "style": style, "url": url}
    return make_hook(database, operator("root"), values)


def ask(settings: Settings, database: Database) -> int:
    engine = open_engine(settings, database)
    try:
        return ask_digests(settings, database, lambda: engine)
    finally:
        engine.close()


def test_each_recipient_gets_each_week_once(
    loans: Database, tmp_path: Path, mailbox: Mailbox, target: HTTPServer
) -> None:
    settings = settings_of(tmp_path, mailbox.server_address[1])
    recipient(loans, f"http://127.0.0.1:{target.server_port}/week", "plain")
    recipient(loans, "mailto:ann@example.org", "mail")
    assert ask(settings, loans) == 0  # that week ended before they were named
    for weeks in (1, 2):
        loans.clock = lambda weeks=weeks: FRIDAY + timedelta(days=7 * weeks - 3)
        assert ask(settings, loans) == 2
        assert ask(settings, loans) == 0
    while deliver_one(settings, loans):
        pass
    got = target.got  # type: ignore[attr-defined]
    assert [m["title"] for m in got] == [
        f"loans: the week to 2026-11-{day}" for day in ("23", "30")
    ]
    assert all(len(m["lines"]) == 5 for m in got)
    letters = mailbox.letters
    assert [str(m["Subject"]) for m in letters] == [m["title"] for m in got]
    assert [m["To"] for m in letters] == ["ann@example.org"] * 2
    assert letters[0]["Message-ID"] != letters[1]["Message-ID"]
    text = letters[0].get_content()  # type: ignore[attr-defined]
    assert all(line in text for line in got[0]["lines"])
    assert {d.state for d in list_deliveries(loans)} == {"sent"}


def test_two_workers_at_once_tell_it_once(loans: Database, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    recipient(loans, "mailto:ann@example.org", "mail")
    loans.clock = lambda: FRIDAY + timedelta(days=4)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: ask(settings, loans), range(4))) == 1
    assert len(list_deliveries(loans)) == 1


def test_a_private_mail_server_is_refused_unless_it_is_named(
    loans: Database, tmp_path: Path, mailbox: Mailbox
) -> None:
    port = mailbox.server_address[1]
    made = recipient(loans, "mailto:ann@example.org", "mail")
    ask_test(loans, settings_of(tmp_path), operator("root"), made.id)
    claimed = claim_due(loans)
    assert claimed is not None
    closed = settings_of(tmp_path, port, hosts="")
    assert "encryption" in send_mail(closed, made, claimed[0]).error
    mail = {"mail_host": "mail.example", "mail_port": port, "mail_from": "t@example.org"}
    encrypted = read_settings({}, home=str(tmp_path), **mail)
    inside = send_mail(encrypted, made, claimed[0], lambda *_: ["8.8.8.8", "10.0.0.1"])
    assert "private network" in inside.error and inside.is_final
    assert mailbox.letters == []
    assert send_mail(settings_of(tmp_path, port), made, claimed[0]).error == ""
    assert "This is a test" in mailbox.letters[0].get_content()  # type: ignore[attr-defined]


def test_what_is_refused_is_given_up_and_what_is_away_is_tried_again(
    loans: Database, tmp_path: Path, mailbox: Mailbox
) -> None:
    mailbox.refuses = True
    settings = settings_of(tmp_path, mailbox.server_address[1])
    made = recipient(loans, "mailto:ann@example.org", "mail")
    ask_test(loans, settings, operator("root"), made.id)
    assert deliver_one(settings, loans)
    (delivery,) = list_deliveries(loans)
    assert delivery.state == "failed" and "recipient" in delivery.error
    away = send_mail(settings_of(tmp_path, 1), made, delivery)
    assert away.error and not away.is_final


@pytest.mark.parametrize(
    ("url", "style"),
    [
        ("mailto:ann", "mail"), ("ann@example.org", "mail"), ("mailto:a@b.c,d@e.f", "mail"),
        ("mailto:a@b.c\r\nBcc: x@y.z", "mail"), ("https://x.example", "mail"),
        ("https://x.example", "github"), ("mailto:ann@example.org", "plain"),
    ],
)  # fmt: skip
def test_what_is_no_recipient(loans: Database, url: str, style: str) -> None:
    with pytest.raises(UsageError):
        recipient(loans, url, style)


def test_only_admins_test_and_only_digests_are_tested(loans: Database, tmp_path: Path) -> None:
    made = recipient(loans, "mailto:ann@example.org", "mail")
    scientist = Viewer("s", "S", "data_scientist", (Grant("data_scientist", "*"),))
    with pytest.raises(AccessDenied):
        ask_test(loans, settings_of(tmp_path), scientist, made.id)
    values = {"model": "loans", "name": "x", "purpose": "reply", "style": "plain"}
    other = make_hook(loans, operator("root"), values | {"url": "https://x.example"})
    with pytest.raises(UsageError, match="no digest"):
        ask_test(loans, settings_of(tmp_path), operator("root"), other.id)
    assert list_deliveries(loans) == []


def test_a_week_ends_on_monday() -> None:
    for day in range(16, 23):
        assert last_monday(datetime(2026, 11, day, 23, 59)) == datetime(2026, 11, 16)
    assert week_name(last_monday(datetime(2027, 1, 1))) == "week to 2026-12-28"
    assert len(week_name(datetime(2026, 12, 28))) <= 24  # as long as the column is
