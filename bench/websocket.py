"""A viewer without a browser: the screen's own WebSocket, spoken as Streamlit's frontend speaks it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 120.0
MOST_BYTES = 200_000_000


@dataclass(slots=True)
class Run:
    """What one run of the script sent: how long it took, and what went wrong in it."""

    first_s: float | None = None  # until the first card of a metric
    seconds: float = 0.0
    n_bytes: int = 0
    n_messages: int = 0
    keys: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


class Viewer:
    """One browser's end of the WebSocket."""

    def __init__(self, socket: ClientConnection, page: str, query: str) -> None:
        self.socket, self.page, self.query = socket, page, query
        self.script_hash = ""
        self.pages: dict[str, str] = {}  # hash by address
        self.widgets: dict[str, str] = {}  # id by key

    @classmethod
    async def open(cls, url: str, cookie: tuple[str, str], page: str, query: str) -> Viewer:
        """Connect as the viewer of that session cookie; nothing has run yet."""
        place = urlsplit(url).netloc
        headers = {"Cookie": "=".join(cookie)}
        socket = await connect(
            f"ws://{place}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=url,  # type: ignore[arg-type]
            additional_headers=headers,
            max_size=MOST_BYTES,
            compression=None,
            ping_interval=None,
        )
        return cls(socket, page, query)

    async def close(self) -> None:
        """Leave."""
        await self.socket.close()

    async def visit(self, page: str) -> Run:
        """Go to another page by the menu."""
        self.page, self.script_hash = page, self.pages[page]
        return await self.run()

    async def choose(self, key: str, value: str) -> Run:
        """Press one of the buttons of a segmented control."""
        return await self.run({key: value})

    async def run(self, chosen: dict[str, str] | None = None) -> Run:
        """Let the script run once, and read what it sends until it has finished."""
        await self.ask(chosen)
        return await self.finish()

    async def finish(self) -> Run:
        """What the run sends that was asked for."""
        try:
            return await asyncio.wait_for(self._read(time.perf_counter()), PATIENCE_S)
        except TimeoutError:
            return Run(seconds=PATIENCE_S, errors=["the script did not end"])

    async def ask(self, chosen: dict[str, str] | None = None) -> None:
        """Ask for a run without waiting for it."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.query
        if self.script_hash:
            state.page_script_hash = self.script_hash
        else:
            state.page_name = self.page
        for key, value in (chosen or {}).items():
            widget = state.widget_states.widgets.add()
            widget.id = self.widgets[key]
            widget.string_array_value.data.append(value)
        await self.socket.send(message.SerializeToString())

    async def _read(self, started: float) -> Run:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        run = Run()
        while True:
            data = await self.socket.recv(decode=False)
            message = ForwardMsg()
            message.ParseFromString(data)
            run.n_bytes += len(data)
            run.n_messages += 1
            if self._note(message, run) and run.first_s is None:
                run.first_s = time.perf_counter() - started
            if message.WhichOneof("type") != "script_finished":
                continue
            if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                run.errors.append("the script does not compile")
            if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                run.seconds = time.perf_counter() - started
                return run

    def _note(self, message: Any, run: Run) -> bool:
        """Take in one message; whether it is the first card of a metric."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.script_hash = message.new_session.page_script_hash
        elif kind == "navigation":
            pages = message.navigation.app_pages
            self.pages = {page.url_pathname: page.page_script_hash for page in pages}
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "delta":
            return self._note_delta(message.delta, run)
        return False

    def _note_delta(self, delta: Any, run: Run) -> bool:
        if delta.WhichOneof("type") == "add_block":
            key = _key(delta.add_block.id)
            run.keys.add(key)
            if key.startswith("problem_"):
                run.errors.append("a problem box")
            return key.startswith("card_0_")
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            run.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind is not None and hasattr(getattr(element, kind), "id"):
            name = str(getattr(element, kind).id)
            if (key := _key(name)) != name:
                self.widgets[key] = name
        return False


def _key(name: str) -> str:
    """The key of the widget or container of that id, as the page wrote it."""
    return name.rsplit("-", 1)[-1] if name.startswith("$$") else name


def cookies(home: Path, port: int, n: int, who: str = "scientist") -> list[tuple[str, str]]:
    """Session cookies of a demo user, one for each viewer; the screen has started there before."""
    from app.settings import read_settings
    from app.state.database import Database
    from app.state.sessions import open_session
    from app.state.users import find_user

    settings = read_settings(home=str(home), port=str(port))
    database = Database(settings.database_url)
    found = []
    for _ in range(n):
        with database.write(who) as write:
            user = find_user(write.connection, who)
            assert user is not None
            token = open_session(write, user, settings.number("session_absolute_s"))
            found.append((settings.cookie_name, token))
    database.close()
    return found
