"""Webhooks: nothing leaves for a private network, everything is signed, and what comes back counts."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Schema
from analytics.errors import AccessDenied, UsageError
from app.auth.viewer import Viewer, operator
from app.feedback.outward import end_hook, hand_over, make_hook, read_status, reply, ticket_of
from app.feedback.sending import is_public, send
from app.feedback.signing import hook_secret, is_signed, sign
from app.settings import read_settings
from app.state.database import Database
from app.state.feedback import Given, Item, read_item, receive
from app.state.grants import Grant
from app.state.hooks import WAITS_S, claim_due, list_deliveries
from app.state.models import save_schema
from app.state.triage import set_external, thread_of
from app.worker.chores import deliver_one


class Target:
    """A server that keeps what it was sent, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                target.got.append(
                    (self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                )
                status, headers, text = (
                    target.answers.pop(0) if target.answers else (200, {}, b"{}")
                )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/in?x=1"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


@pytest.fixture
def settings(home: Database, tmp_path: Any) -> Any:
    return read_settings({}, home=str(tmp_path), webhook_hosts="127.0.0.1")


@pytest.fixture
def item(home: Database) -> Item:
    with home.write("test") as write:
        save_schema(write, "flights", Schema("binary", (), ("0", "1"), "1"), {})
        said = Given("thumbs", "F1", score=0.0, comment="Late\nagain", identifier="mine-1")
        return receive(write, "flights", said)[0]


def hook(
    home: Database, url: str, purpose: str = "reply", style: str = "plain", **more: str
) -> Any:
    values = {"model": "flights", "name": "app", "purpose": purpose, "style": style, "url": url}
    return make_hook(home, operator("root"), values | more)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "ff02::1",
    ],
)  # fmt: skip
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])  # fmt: skip
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def test_a_private_target_is_refused_and_given_up(home: Database, item: Item, target: Target, tmp_path: Any) -> None:  # fmt: skip
    closed = read_settings({}, home=str(tmp_path))
    hook(home, target.url)
    reply(home, closed, operator(), item.id, "We are on it.")
    assert deliver_one(closed, home)
    assert target.got == []
    (delivery,) = list_deliveries(home)
    assert (delivery.state, delivery.attempts) == ("failed", 1)


def test_a_name_that_leads_inside_is_refused(home: Database, item: Item, settings: Any) -> None:
    made = hook(home, "https://public.example/x")
    reply(home, settings, operator(), item.id, "Hello")
    claimed = claim_due(home)
    assert claimed is not None
    for addresses in (["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], []):
        sent = send(settings, made, claimed[0], lambda _h, _p, found=addresses: found)
        assert sent.is_final and "private" in sent.error


def test_what_is_sent_is_signed_and_says_whom_it_is_for(home: Database, item: Item, settings: Any, target: Target) -> None:  # fmt: skip
    made = hook(home, target.url)
    reply(home, settings, operator("ann"), item.id, "Thank you, fixed in v2.")
    assert deliver_one(settings, home) and not deliver_one(settings, home)
    ((path, headers, body),) = target.got
    assert path == "/in?x=1"
    assert headers["host"] == target.url.split("/")[2]
    secret = hook_secret(settings.home, made.id)
    assert is_signed(secret, body, headers["x-telltale-signature"], time.time())
    told = json.loads(body)
    assert (told["event"], told["text"]) == ("feedback.reply", "Thank you, fixed in v2.")
    assert told["feedback"]["identifier"] == "mine-1"
    assert [(e.author, e.kind) for e in thread_of(home, item.id)] == [("ann", "reply")]
    assert list_deliveries(home)[0].state == "sent"


def test_redirects_are_not_followed(home: Database, item: Item, settings: Any, target: Target) -> None:  # fmt: skip
    hook(home, target.url)
    target.answers = [(302, {"Location": target.url}, b"")]
    reply(home, settings, operator(), item.id, "x")
    deliver_one(settings, home)
    assert len(target.got) == 1
    assert list_deliveries(home)[0].state == "failed"


def test_a_target_that_is_down_is_tried_again_and_given_up_at_last(
    home: Database, item: Item, settings: Any, target: Target, monkeypatch: Any
) -> None:
    hook(home, target.url)
    target.answers = [(503, {}, b"")] * 10
    reply(home, settings, operator(), item.id, "x")
    moment = home.clock()
    for wait_s in (0, *WAITS_S):
        moment += __import__("datetime").timedelta(seconds=wait_s)
        monkeypatch.setattr(home, "clock", lambda at=moment: at)
        assert deliver_one(settings, home)
        assert not deliver_one(settings, home)
    assert len(target.got) == 1 + len(WAITS_S)
    assert list_deliveries(home)[0].state == "failed"


def test_a_removed_hook_sends_nothing(home: Database, item: Item, settings: Any, target: Target) -> None:  # fmt: skip
    made = hook(home, target.url)
    reply(home, settings, operator(), item.id, "x")
    end_hook(home, operator(), made.id)
    assert not deliver_one(settings, home)
    with pytest.raises(UsageError, match="no webhook"):
        reply(home, settings, operator(), item.id, "x")
    assert target.got == []


def test_a_ticket_comes_back_with_its_number_and_its_end(
    home: Database, item: Item, settings: Any, target: Target
) -> None:
    url = "https://github.com/o/r/issues/7"
    made = hook(home, target.url, "ticket", "github", token_name="hub")
    (settings.home / "secrets").mkdir()
    (settings.home / "secrets" / "hub").write_text("abc\n")
    target.answers = [(201, {}, json.dumps({"html_url": url}).encode())]
    hand_over(home, settings, operator(), item.id, made.id)
    deliver_one(settings, home)
    _path, headers, body = target.got[0]
    assert headers["authorization"] == "Bearer abc"
    assert "> Late\n> again" in json.loads(body)["body"]
    assert read_item(home, item.id).external == url


def test_only_admins_say_where_things_are_sent(home: Database, item: Item, settings: Any) -> None:
    scientist = Viewer("s", "S", "data_scientist", (Grant("data_scientist", "*"),))
    values = {"model": "flights", "name": "x", "purpose": "reply", "style": "plain"}
    with pytest.raises(AccessDenied):
        make_hook(home, scientist, values | {"url": "https://x.example"})
    made = hook(home, "https://x.example", "ticket")
    with pytest.raises(AccessDenied):
        end_hook(home, scientist, made.id)
    viewer = Viewer("v", "V", "viewer", (Grant("viewer", "*"),))
    for act in (
        lambda: reply(home, settings, viewer, item.id, "x"),
        lambda: hand_over(home, settings, viewer, item.id, made.id),
    ):
        with pytest.raises(AccessDenied):
            act()
    assert list_deliveries(home) == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example",
        "file:///etc/passwd",
        "https://",
        "x",
        "https://u:p@x.example",
        "gopher://x",
    ],
)
def test_what_is_no_address(home: Database, item: Item, url: str) -> None:
    with pytest.raises(UsageError):
        hook(home, url)


def test_signatures_hold_for_their_body_and_their_time() -> None:
    header = sign("s", b"body", 1000)
    assert is_signed("s", b"body", header, 1000 + 299)
    assert not is_signed("s", b"body", header, 1000 + 301)
    assert not is_signed("s", b"other", header, 1000)
    assert not is_signed("t", b"body", header, 1000)


@given(st.text(max_size=40))
def test_no_made_up_header_is_believed(header: str) -> None:
    assert not is_signed("s", b"body", header, 1000)


@pytest.mark.parametrize(
    ("style", "body", "status"),
    [
        ("github", {"issue": {"html_url": "X", "state": "closed", "state_reason": "completed"}}, "resolved"),
        ("github", {"issue": {"html_url": "X", "state": "closed", "state_reason": "not_planned"}}, "wont_fix"),
        ("github", {"issue": {"html_url": "X", "state": "open"}}, "in_progress"),
        ("jira", {"issue": {"key": "X", "fields": {"status": {"statusCategory": {"key": "done"}}}}}, "resolved"),
        ("jira", {"issue": {"key": "X", "fields": {"status": {"statusCategory": {"key": "new"}}}}}, "triaged"),
        ("jira", {"issue": {"key": "X", "fields": None}}, None),
        ("plain", {"external": "X", "status": "resolved", "note": "done"}, "resolved"),
    ],
)  # fmt: skip
def test_what_a_status_says(home: Database, item: Item, style: str, body: dict[str, Any], status: Any) -> None:  # fmt: skip
    made = hook(home, "https://x.example", "ticket", style, project="OPS")
    assert read_status(made, body)[:2] == ("X", status)


def test_the_signed_route_believes_signatures_only(home: Database, item: Item) -> None:
    import asyncio

    import httpx

    from app.api.application import make_app
    from app.settings import settings_in_force

    made = hook(home, "https://x.example", "ticket", "github")
    with home.write("test") as write:
        set_external(write, item.id, "https://github.com/o/r/issues/7")
    secret = hook_secret(settings_in_force().home, made.id)
    issue = {"html_url": "https://github.com/o/r/issues/7", "state": "closed"}
    body = json.dumps({"action": "closed", "issue": issue}).encode()
    digest = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    def post(number: int, content: bytes, **headers: str) -> int:
        async def ask() -> int:
            transport = httpx.ASGITransport(make_app(settings_in_force(), home))
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                answer = await client.post(
                    f"/api/v1/hooks/{number}", content=content, headers=headers
                )
                return answer.status_code

        return asyncio.run(ask())

    for number, content, headers in (
        (made.id, body, {}),
        (made.id, body + b" ", {"x-hub-signature-256": digest}),
        (made.id, body, {"x-hub-signature-256": "sha256=" + "0" * 64}),
        (made.id, body, {"x-telltale-signature": digest}),
        (made.id + 1, body, {"x-hub-signature-256": digest}),
        (2**40, body, {"x-hub-signature-256": digest}),
    ):
        assert post(number, content, **headers) == 401
    assert read_item(home, item.id).status == "new"
    assert post(made.id, body, **{"x-hub-signature-256": digest}) == 200
    assert read_item(home, item.id).status == "resolved"
    own = json.dumps({"feedback_id": item.id, "status": "in_progress", "note": "again"}).encode()
    signed = sign(secret, own, int(time.time()))
    plain = hook(home, "https://y.example", "ticket", "plain")
    wrong = post(plain.id, own, **{"x-telltale-signature": signed})
    assert wrong == 401
    signed = sign(hook_secret(settings_in_force().home, plain.id), own, int(time.time()))
    assert post(plain.id, own, **{"x-telltale-signature": signed}) == 200
    assert read_item(home, item.id).status == "in_progress"


def test_tickets_in_each_style(home: Database, item: Item, settings: Any) -> None:
    jira = hook(home, "https://x.example", "ticket", "jira", project="OPS")
    fields = ticket_of(settings, jira, item)["fields"]
    assert (fields["project"], fields["issuetype"]) == ({"key": "OPS"}, {"name": "Task"})
    plain = hook(home, "https://x.example", "ticket", "plain")
    assert ticket_of(settings, plain, item)["callback"] == f"/api/v1/hooks/{plain.id}"
