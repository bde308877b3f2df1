"""Feedback in a real browser: what is posted stands in the inbox, and is worked by keys alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from playwright.sync_api import expect

from app.ingest.outbox import flush
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.state.database import Database
from app.state.feedback import Given, receive_all
from app.state.inbox import Filter, list_items
from app.state.keys import add_key
from app.state.migrations import migrate

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
MODEL = "loans"
START = datetime(2026, 1, 1)
N = 40
EVIL = "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script>"


@dataclass
class Desk:
    """A screen, an API and a worker on one home."""

    server: object
    api: str
    key: str
    database: Database

    def post(self, **body: object) -> str:
        request = urllib.request.Request(
            f"{self.api}/api/v1/feedback",
            json.dumps({"key": "thumbs", **body}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.load(answer)["id"])


def fill(home: Path, database: Database) -> None:
    """A small log, and 30 things said of it."""
    rows = "".join(
        f"F{i},{(START + timedelta(hours=i)).isoformat()}Z,v{i // 20 + 1},{i % 2},0.{i % 10},{'north' if i % 3 else 'south'}\n"
        for i in range(N)
    )
    file = home / "log.csv"
    file.write_text(f"prediction_id,timestamp,model_version,prediction,score,region\n{rows}")
    place = Place(home, database)
    run_import(place, plan_import(place, [file], ImportOptions(MODEL, positive="1")))
    said = [
        Given("thumbs", f"F{i}", score=float(i % 2), comment=f"Remark number {i}", correction="1", identifier=str(i))
        for i in range(30)
    ]  # fmt: skip
    with database.write("test") as write:
        receive_all(write, MODEL, said)
    flush(place)


@pytest.fixture(scope="module")
def desk(start, stop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("feedback")
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    migrate(database)
    fill(home, database)
    with database.write("test") as write:
        secret = add_key(write, MODEL, "feedback", "site")[1]
    server = start(home, demo="1")
    port = int(server.url.rsplit(":", 1)[1]) + 1
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TELLTALE_HOME": str(home)}
    environment |= {"TELLTALE_PORT": str(port - 1), "TELLTALE_API_PORT": "0"}
    processes = [
        subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=environment)
        for module in ("app.api", "app.worker")
    ]
    found = Desk(server, f"http://127.0.0.1:{port}", secret, database)
    wait_for(f"{found.api}/api/v1/healthz")
    yield found
    for process in processes:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    stop(server)
    database.close()


def wait_for(url: str) -> None:
    end = monotonic() + 60
    while monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            Event().wait(0.1)
    pytest.fail(f"{url} did not answer")


@pytest.fixture
def inbox(new_page, sign_in, idle, desk):  # type: ignore[no-untyped-def]
    page = new_page(base_url=desk.server.url)
    page.set_default_timeout(60_000)
    sign_in(page, "scientist", f"/feedback?m={MODEL}")
    page.locator(".st-key-keys button").first.wait_for()
    idle(page)
    return page


def test_what_is_posted_stands_in_the_open_inbox(inbox, desk) -> None:
    n = len(list_items(desk.database, Filter(MODEL), 0, 500))
    expect(inbox.get_by_text(f"{n} items, the newest first")).to_be_visible(timeout=60_000)
    item_id = desk.post(prediction_id="F1", score=0, comment=EVIL, identifier="evil")
    expect(inbox.get_by_text(f"{n + 1} items, the newest first")).to_be_visible(timeout=60_000)
    inbox.goto(f"/feedback?m={MODEL}&item={item_id}")
    expect(inbox.get_by_text(EVIL, exact=True)).to_be_visible(timeout=60_000)
    assert inbox.title() != "owned"
    assert inbox.locator("[data-testid=stMain] img[src=x]").count() == 0


def test_twenty_items_are_done_without_a_mouse(inbox, desk) -> None:
    work = {"e": "resolved", "x": "spam"}
    done: dict[str, str] = {}
    for i in range(20):
        item_id = opened(inbox)
        letter = "ex"[i % 2]
        if i % 4 == 0:
            inbox.keyboard.press("a")
            expect(inbox.locator(".st-key-opened").last).to_contain_text(
                "gave it to scientist", timeout=60_000
            )
        inbox.keyboard.press(letter)
        inbox.wait_for_function(
            "(id) => !location.search.includes(id) && location.search.includes('item=')",
            arg=item_id,
        )
        inbox.wait_for_function(SETTLED)
        done[item_id] = work[letter]
    assert len(done) == 20
    stored = {item.id: item.status for item in list_items(desk.database, Filter(MODEL), 0, 500)}
    assert {item_id: stored[item_id] for item_id in done} == done
    before = opened(inbox)
    inbox.keyboard.press("z")
    inbox.wait_for_function("(id) => !location.search.includes(id)", arg=before)
    inbox.wait_for_function(SETTLED)
    last = list(done)[-1]
    assert opened(inbox) == last
    stored = {item.id: item.status for item in list_items(desk.database, Filter(MODEL), 0, 500)}
    assert stored[last] == "new"
    inbox.keyboard.press("n")
    box = inbox.get_by_placeholder("Write a note")
    box.wait_for()
    inbox.wait_for_function(SETTLED)
    n_spam = sum(status == "spam" for status in stored.values())
    box.focus()
    inbox.keyboard.type("x marks it, ezad")  # keys in a text are letters
    inbox.keyboard.press("Control+Enter")
    expect(inbox.locator(".st-key-opened").last).to_contain_text("x marks it, ezad", timeout=60_000)
    items = list_items(desk.database, Filter(MODEL), 0, 500)
    assert sum(item.status == "spam" for item in items) == n_spam


SETTLED = """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
  && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')"""


def opened(page) -> str:  # type: ignore[no-untyped-def]
    return str(page.evaluate("() => new URLSearchParams(location.search).get('item')"))
