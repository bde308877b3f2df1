"""Labelling in a real browser: by keys alone, without loss, with the prediction hidden until the answer."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.parse import urlsplit

import duckdb
import pytest
from playwright.sync_api import expect

from app.auth.demo import create_demo_users
from app.auth.viewer import operator
from app.ingest.samples import SAMPLES, import_samples
from app.labelling.projects import change_project, default_setup, get_project, make_project
from app.labelling.tasks import Item, add_tasks
from app.state.database import Database
from app.state.logs import load_dataset
from app.state.migrations import migrate
from app.state.models import get_model

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
MODEL = "digit-reader"
SECRET = "zebra-said-so"  # what the model "predicted": nobody may read it before answering
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36"
NAME = ".desk .name"
CARD = ".st-key-label_card strong"


@dataclass
class Desk:
    """A screen and a worker on a home whose digit-reader is to be labelled."""

    server: object
    database: Database
    project: int

    def stored(self) -> list[tuple[int, str]]:
        """(task, answer) of every answer that stands."""
        with closing(sqlite3.connect(self.server.home / "telltale.db", timeout=30)) as state:
            return state.execute(
                "SELECT task_id, answer FROM annotation WHERE undone_at IS NULL"
                " AND superseded_by IS NULL AND answer IS NOT NULL ORDER BY id"
            ).fetchall()

    def fresh(self, n: int, guard_ms: int = 0) -> None:
        """Begin again: nothing answered, the first ``n`` cards in the queue."""
        with closing(sqlite3.connect(self.server.home / "telltale.db", timeout=30)) as state, state:
            for table in ("task_lease", "annotation", "label_task"):
                state.execute(f"DELETE FROM {table}")
        setup = get_project(self.database, operator("boss"), self.project).setup
        change_project(
            self.database, operator("boss"), self.project, replace(setup, guard_ms=guard_ms)
        )
        add_tasks(self.database, operator("boss"), self.project, items(n))


def items(n: int) -> list[Item]:
    """The first images of the log, each with a prediction that is easy to find."""
    log = SAMPLES / MODEL / "predictions.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM '{log}' ORDER BY prediction_id LIMIT {n}")
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [
        Item(
            row["prediction_id"],
            {k: v for k, v in row.items() if k.startswith(("pixel", "mean", "contrast", "sharp"))},
            {"prediction": SECRET, "score": 0.8765},
            "v1",
            "uncertain",
            "first and second choice are close",
        )
        for row in rows
    ]


@pytest.fixture(scope="module")
def desk(start, stop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One home, one screen and one worker for all tests of this file."""
    home = tmp_path_factory.mktemp("labels")
    samples = home / "samples"
    shutil.copytree(SAMPLES / MODEL, samples / MODEL)
    (samples / "sample.toml").write_text(
        f'["{MODEL}"]\ntitle = "Digits"\ndescription = "Which digit is on this image?"\n'
        'task = "multiclass"\nnotes = []\n'
    )
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    migrate(database)
    import_samples(home, database, samples)
    create_demo_users(database)
    setup = default_setup(get_model(database, MODEL), ("annotator", "scientist"))
    setup = replace(setup, n_practice=0, gold_share=0.0)
    number = make_project(database, operator("boss"), MODEL, setup)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TELLTALE_HOME": str(home)}
    worker = subprocess.Popen([sys.executable, "-m", "app.worker"], cwd=ROOT, env=environment)
    found = Desk(start(home, demo="1"), database, number)
    yield found
    stop(found.server)
    worker.send_signal(signal.SIGTERM)
    worker.wait(15)
    database.close()


@pytest.fixture
def open_label(new_page, sign_in, desk) -> Callable[..., object]:
    """Sign in as the annotator and open the page."""

    def go(mode: str | None = "fast", **options: object) -> object:
        page = new_page(base_url=desk.server.url, **options)
        sign_in_on(page, sign_in)
        page.goto(f"/label?m={MODEL}" + (f"&mode={mode}" if mode else ""))
        wait_for_card(page, mode)
        return page

    return go


def wait_for_card(page, mode: str | None) -> None:
    """Wait for the first card, and for the buttons without which a key does nothing."""
    page.locator(NAME if mode == "fast" else CARD).filter(has_text="D").wait_for(timeout=60_000)
    page.locator(".desk .others" if mode == "fast" else ".st-key-label_undo button").wait_for()


def sign_in_on(page, sign_in, who: str = "annotator") -> None:
    """Sign in as a demo user; on a phone the sidebar with the sign-out button is closed."""
    page.goto("/account")
    page.locator(f".st-key-demo_{who}").get_by_role("button").click()
    page.locator(".st-key-sign_out").wait_for(state="attached")


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for a condition outside of the browser."""
    end = monotonic() + seconds
    while not condition():
        if monotonic() > end:
            pytest.fail(f"Not within {seconds} s: {what}")
        Event().wait(0.1)


def press(page, key: str, where: str) -> None:
    """Press a key and wait for the next card."""
    before = page.locator(where).first.inner_text()
    page.keyboard.press(key)
    page.wait_for_function(NEXT, arg=[where, before])


# Another card than before, on the page itself or in the desk's own root.
NEXT = """([where, before]) => {
  const roots = [document, ...[...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)];
  const card = roots.map(root => root.querySelector(where)).find(Boolean);
  return card && card.innerText && card.innerText !== before;
}"""


def test_a_hundred_labels_by_keyboard_alone(open_label, desk) -> None:
    desk.fresh(110)
    page = open_label()
    for i in range(100):
        press(page, str(i % 10), NAME)
    expect(page.locator(".desk .save")).to_have_text("● all saved")
    expect(page.locator(".desk .progress")).to_contain_text("100/110 today")
    assert [answer for _task, answer in desk.stored()] == [str(i % 10) for i in range(100)]


def test_native_buttons_answer_by_key_and_undo(open_label, desk) -> None:
    desk.fresh(30)
    page = open_label("native")
    for key in "123":
        press(page, key, CARD)
    assert [answer for _task, answer in desk.stored()] == ["1", "2", "3"]
    press(page, "z", CARD)
    expect(page.locator(CARD).first).to_have_text("D0002")
    expect(page.get_by_label("Comment")).to_have_count(1)  # the one of the card before is gone
    page.get_by_label("Comment").click()
    page.keyboard.type("12 zs 3")  # letters of a comment are no keys
    page.locator("h1").click()
    press(page, "s", CARD)
    assert [answer for _task, answer in desk.stored()] == ["1", "2"]


def test_three_hundred_fast_keys_give_three_hundred_labels(open_label, desk) -> None:
    desk.fresh(300)
    page = open_label()
    page.evaluate(BURST, [300, 20])
    page.wait_for_function("() => window.pressed === 300", timeout=60_000)
    expect(page.locator(".desk .save")).to_have_text("● all saved", timeout=60_000)
    stored = desk.stored()
    assert len(stored) == 300 and len({task for task, _ in stored}) == 300


# Keys as fast as a person never is; a key waits for its card, as an eye would.
BURST = """([n, gap]) => {
  const name = () => [...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.name'))
    .find(Boolean)?.textContent;
  window.pressed = 0;
  const go = () => {
    if (name()) {
      document.dispatchEvent(new KeyboardEvent('keydown', {key: String(window.pressed % 10), bubbles: true}));
      window.pressed += 1;
    }
    if (window.pressed < n) setTimeout(go, gap);
  };
  go();
}"""


def test_a_killed_server_loses_nothing(browser, start, stop, desk, sign_in) -> None:
    desk.fresh(120)
    context = browser.new_context(base_url=desk.server.url)
    page = context.new_page()  # its console may complain: the server is gone for a while
    sign_in_on(page, sign_in)
    page.goto(f"/label?m={MODEL}&mode=fast")
    page.locator(NAME).filter(has_text="D").wait_for(timeout=60_000)
    page.evaluate(BURST, [40, 20])
    until(lambda: len(desk.stored()) >= 5, "some answers are stored")
    desk.server.process.kill()
    desk.server.process.wait()
    acknowledged = desk.stored()
    page.wait_for_function("() => window.pressed >= 20")
    n = page.evaluate("() => window.pressed")
    assert n > len(acknowledged)
    expect(page.locator(".desk .save")).to_contain_text("unsent")
    desk.server = start(desk.server.home, port=urlsplit(desk.server.url).port, demo="1")
    page.wait_for_function("() => window.pressed === 40", timeout=60_000)
    expect(page.locator(".desk .save")).to_have_text("● all saved", timeout=60_000)
    stored = desk.stored()
    assert stored[: len(acknowledged)] == acknowledged
    assert len(stored) == 40 and len({task for task, _ in stored}) == 40
    context.close()


@pytest.mark.parametrize("mode", ["fast", "native"])
def test_what_the_model_said_is_nowhere_before_the_answer(
    new_page, sign_in, desk, mode: str
) -> None:
    desk.fresh(30, guard_ms=0)
    page = new_page(base_url=desk.server.url)
    frames: list[bytes] = []

    def listen(socket) -> None:
        socket.on("framereceived", lambda frame: frames.append(_bytes(frame)))

    page.on("websocket", listen)
    sign_in_on(page, sign_in)
    page.goto(f"/label?m={MODEL}&mode={mode}")
    wait_for_card(page, mode)
    whole = b"".join(frames)
    assert b"D0000" in whole and SECRET.encode() not in whole and b"0.8765" not in whole
    assert SECRET not in page.content() and page.get_by_text(SECRET).count() == 0
    page.keyboard.press("7")
    expect(page.get_by_text(f"The model said {SECRET}").first).to_be_visible()


def _bytes(frame: object) -> bytes:
    return frame.encode() if isinstance(frame, str) else bytes(frame)  # type: ignore[arg-type]


def test_a_label_stands_in_the_log_within_seconds(open_label, desk) -> None:
    desk.fresh(30)

    def n_labels() -> int:
        return load_dataset(desk.database, MODEL).log("labels").n_rows

    before = n_labels()
    page = open_label()
    press(page, "4", NAME)
    until(lambda: n_labels() == before + 1, "the label is in the log", 10)


def test_the_guard_refuses_aloud_and_undo_outlives_a_reload(open_label, desk) -> None:
    desk.fresh(30, guard_ms=10_000)
    page = open_label()
    page.keyboard.press("5")
    expect(page.locator(".desk .say")).to_contain_text("Not used")
    assert desk.stored() == []
    desk.fresh(30)
    page.reload()
    page.locator(NAME).filter(has_text="D0000").wait_for()
    press(page, "5", NAME)
    press(page, "6", NAME)
    expect(page.locator(".desk .save")).to_have_text("● all saved")
    page.reload()
    expect(page.locator(NAME)).to_have_text("D0002")
    press(page, "z", NAME)
    expect(page.locator(NAME)).to_have_text("D0001")
    until(lambda: [a for _, a in desk.stored()] == ["5"], "the answer is taken back")


def test_keys_can_be_changed(open_label, desk) -> None:
    desk.fresh(30)
    page = open_label()
    page.keyboard.press("h")
    page.get_by_label("Skip").fill("x")
    page.get_by_role("button", name="Done").click()
    press(page, "x", NAME)
    expect(page.locator(".desk .save")).to_have_text("● all saved")
    page.reload()
    page.locator(NAME).filter(has_text="D0001").wait_for()
    page.keyboard.press("s")
    expect(page.locator(NAME)).to_have_text("D0001")
    press(page, "x", NAME)
    page.keyboard.press("h")
    page.get_by_role("button", name="Default keys").click()
    page.get_by_role("button", name="Done").click()
    press(
        page, "s", NAME
    )  # the keys are the person's own, in every project: leave them as they were
    expect(page.locator(".desk .save")).to_have_text("● all saved")


def test_on_a_phone_every_action_is_in_view_and_large(open_label, desk) -> None:
    desk.fresh(30)
    page = open_label(
        None, viewport={"width": 390, "height": 844}, user_agent=PHONE, has_touch=True
    )
    buttons = page.locator(".st-key-label_bar button")
    assert buttons.count() == 14  # ten digits, unsure, skip, flag, undo
    for i in range(buttons.count()):
        box = buttons.nth(i).bounding_box()
        assert box["height"] >= 44 and box["y"] + box["height"] <= 844
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.get_by_role("button", name=re.compile(r"^7")).tap()
    expect(page.locator(CARD).first).to_have_text("D0001")


# A person who knows the truth of every card, at thirty a second.
KNOWING = """([truth, n]) => {
  const name = () => [...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.name'))
    .find(Boolean)?.textContent;
  window.pressed = 0;
  const go = () => {
    const key = truth[name()];
    if (key) {
      document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
      window.pressed += 1;
    }
    if (window.pressed < n) setTimeout(go, 33);
  };
  go();
}"""


def test_from_a_finding_over_labels_to_a_better_model(new_page, sign_in, desk, tmp_path) -> None:
    desk.fresh(0)
    page = new_page(base_url=desk.server.url)
    sign_in_on(page, sign_in, "scientist")
    page.goto(f"/overview?m={MODEL}")
    expect(page.get_by_text("Accuracy fell").first).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Label these rows").click()  # one
    page.get_by_role("button", name="Make a queue of 200").click()  # two
    wait_for_card(page, "fast")
    truth = withheld()
    before = load_dataset(desk.database, MODEL).log("labels").n_rows
    page.evaluate(KNOWING, [truth, 200])
    page.wait_for_function("() => window.pressed === 200", timeout=120_000)
    expect(page.locator(".desk .save")).to_have_text("● all saved", timeout=60_000)
    log = lambda: load_dataset(desk.database, MODEL).log("labels").n_rows  # noqa: E731
    until(lambda: log() == before + 200, "two hundred labels are in the log", 20)
    page.goto(f"/review?m={MODEL}&tab=Files&w=all")
    with page.expect_download() as found:
        page.get_by_role("button", name="Training set (parquet)").click()
    found.value.save_as(tmp_path / "training.parquet")
    n, served, retrained = compare_on_rest(tmp_path / "training.parquet", truth)
    assert n >= 50 and retrained > served + 0.2


def withheld() -> dict[str, str]:
    """The labels that the log does not have, by prediction."""
    file = SAMPLES / MODEL / "withheld_labels.parquet"
    with duckdb.connect() as connection:
        return dict(connection.execute(f"SELECT prediction_id, label FROM '{file}'").fetchall())


def compare_on_rest(training: Path, truth: dict[str, str]) -> tuple[int, float, float]:
    """(rows, accuracy as served, accuracy once retrained) where nobody labelled, weeks 6 to 8."""
    import numpy as np
    from sklearn.svm import SVC

    log = SAMPLES / MODEL / "predictions.parquet"
    with duckdb.connect() as connection:
        taught = connection.execute(f"SELECT * FROM '{training}'").fetch_df()
        asked = connection.execute(
            f"SELECT * FROM '{log}' WHERE timestamp >= TIMESTAMP '2025-04-07'"
        ).fetch_df()
    pixels = [name for name in asked.columns if name.startswith("pixel")]
    rest = asked[
        asked.prediction_id.isin(truth.keys()) & ~asked.prediction_id.isin(taught.prediction_id)
    ]
    right = rest.prediction_id.map(truth).to_numpy()
    model = SVC(gamma="scale", C=10).fit(taught[pixels].to_numpy(), taught.label.astype(str))
    retrained = model.predict(rest[pixels].to_numpy())
    served = rest.prediction.astype(str).to_numpy()
    return len(rest), float(np.mean(served == right)), float(np.mean(retrained == right))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mode", ["fast", "native"])
def test_axe_finds_nothing_serious(open_label, desk, mode: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    desk.fresh(30)
    page = open_label(mode, color_scheme=scheme, bypass_csp=True)
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in serious] == []


NUMBERS = "prediction_id,prediction,size,note\n" + "".join(
    f"n{i:02d},{i}.5,{i},what a customer wrote about order {i}\n" for i in range(20)
)
TOWNS = "prediction_id,prediction,size\n" + "".join(
    f"t{i:02d},town {chr(97 + i)},{i}\n" for i in range(14)
)


@pytest.fixture(scope="module")
def others(desk, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """A model that answers with numbers and one with fourteen classes, ready to be labelled."""
    from app.ingest.plan import plan_import
    from app.ingest.run import run_import
    from app.ingest.words import ImportOptions, Place
    from app.state.grants import Grant, add_grant
    from app.state.users import get_user

    found, home = {}, desk.server.home
    for name, text in {"prices": NUMBERS, "towns": TOWNS}.items():
        path = tmp_path_factory.mktemp(name) / f"{name}.csv"
        path.write_text(text)
        place = Place(home, desk.database, "boss")
        run_import(place, plan_import(place, [path], ImportOptions(model=name)))
        with desk.database.write("boss") as write:
            user = get_user(write.connection, "annotator")
            add_grant(write, user, Grant("annotator", name))
        setup = replace(default_setup(get_model(desk.database, name)), guard_ms=0, n_practice=0)
        found[name] = make_project(desk.database, operator("boss"), name, setup)
        lines = [line.split(",") for line in text.splitlines()[1:]]
        rows = [Item(line[0], {"size": int(line[2])}, {"prediction": line[1]}) for line in lines]
        add_tasks(desk.database, operator("boss"), found[name], rows)
    return found


def test_numbers_are_typed_and_letters_stay_keys(new_page, sign_in, idle, desk, others) -> None:
    page = new_page(base_url=desk.server.url)
    sign_in_on(page, sign_in)
    page.goto("/label?m=prices&mode=fast")
    page.locator(NAME).filter(has_text="n00").wait_for(timeout=60_000)
    idle(page)
    box = page.locator(".desk .find")
    for text, key in (("12,5", "Enter"), ("", "s"), ("-3", "Enter")):  # s skips from within the box
        box.click()
        page.keyboard.type(text)
        expect(box).to_have_value(text)
        press(page, key, NAME)
        expect(page.locator(".desk .save")).to_have_text("● all saved")
        idle(page)
    assert [a for _, a in answers_of(desk, others["prices"])] == ["12.5", None, "-3"]


def test_many_classes_are_found_by_typing(new_page, sign_in, idle, desk, others) -> None:
    page = new_page(base_url=desk.server.url)
    sign_in_on(page, sign_in)
    page.goto("/label?m=towns&mode=fast")
    page.locator(NAME).filter(has_text="t00").wait_for(timeout=60_000)
    idle(page)
    page.keyboard.press("n")
    page.keyboard.type("town m")
    press(page, "Enter", NAME)
    expect(page.locator(".desk .save")).to_have_text("● all saved")
    idle(page)
    press(page, "1", NAME)  # the latest is the first key
    expect(page.locator(".desk .save")).to_have_text("● all saved")
    assert [a for _, a in answers_of(desk, others["towns"])] == ["town m", "town m"]


def answers_of(desk: Desk, project: int) -> list[tuple[int, str | None]]:
    """(task, answer) of a project in the order in which they were given."""
    with closing(sqlite3.connect(desk.server.home / "telltale.db", timeout=30)) as state:
        return state.execute(
            "SELECT task_id, answer FROM annotation WHERE project_id = ? ORDER BY id", [project]
        ).fetchall()


def test_a_reviewer_settles_by_keys(new_page, sign_in, desk) -> None:
    from app.auth.viewer import Viewer
    from app.labelling.answer import Answer, give_answers
    from app.labelling.claim import claim_next
    from app.labelling.review import count_cases
    from app.state.grants import Grant

    setup = get_project(desk.database, operator("boss"), desk.project).setup
    change_project(desk.database, operator("boss"), desk.project, replace(setup, overlap=2))
    desk.fresh(4)
    for who, said in (("annotator", "3456"), ("scientist", "3789")):
        viewer = Viewer(who, who, "annotator", (Grant("annotator", "*"),))
        cards = claim_next(desk.database, viewer, desk.project, 4).cards
        given = [
            Answer(f"{who}{card.task_id}", card.task_id, digit, lead_time=1.0)
            for card, digit in zip(cards, said, strict=True)
        ]
        give_answers(desk.database, viewer, desk.project, given)
    page = new_page(base_url=desk.server.url)
    sign_in_on(page, sign_in, "scientist")
    page.goto(f"/review?m={MODEL}")
    page.locator(".st-key-review_again button").wait_for(timeout=60_000)
    expect(page.locator(CARD).first).to_have_text("D0001")
    press(page, "j", CARD)
    expect(page.locator(CARD).first).to_have_text("D0002")
    press(page, "8", CARD)
    press(page, "k", CARD)
    expect(page.locator(CARD).first).to_have_text("D0001")
    press(page, "4", CARD)

    def n_disputed() -> int:
        return count_cases(desk.database, operator("boss"), desk.project)["disputed"]

    until(lambda: n_disputed() == 1, "two of three are settled")
    change_project(desk.database, operator("boss"), desk.project, replace(setup, overlap=1))
