"""Many viewers at once, on the WebSocket: equal questions are worked on once, and who leaves takes nothing away."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from bench.websocket import Run, Viewer, cookies

MODEL, N = "flight-late", 5
T = TypeVar("T")


def ended(work: Coroutine[Any, Any, T]) -> T:
    """What comes of it, on a thread of its own: the browser of other tests has this one's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def counted(server, way: str) -> int:  # type: ignore[no-untyped-def]
    """How many answers were given that way since the screen started."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    found = re.search(rf'telltale_answers_total{{way="{way}"}} (\d+)', text)
    return int(found[1]) if found else 0


async def opened(server, n: int, window: str, page: str = "overview") -> list[Viewer]:  # type: ignore[no-untyped-def]
    port = int(server.url.rsplit(":", 1)[1])
    query = f"m={MODEL}&w={window}"
    keys = cookies(server.home, port, n)
    return [await Viewer.open(server.url, key, page, query) for key in keys]


async def looked(server, n: int, window: str) -> list[Run]:  # type: ignore[no-untyped-def]
    """Viewers who open the same Overview at the same moment."""
    viewers = await opened(server, n, window)
    runs = await asyncio.gather(*(viewer.run() for viewer in viewers))
    for viewer in viewers:
        await viewer.close()
    return list(runs)


@pytest.mark.browser
def test_what_five_ask_at_once_is_worked_on_once(server, samples) -> None:  # type: ignore[no-untyped-def]
    before = counted(server, "made")
    (alone,) = ended(looked(server, 1, "2013-05-01..2013-05-20"))
    for_one = counted(server, "made") - before
    runs = ended(looked(server, N, "2013-06-01..2013-06-20"))
    assert [run.errors for run in (alone, *runs)] == [[]] * (N + 1)
    assert all(run.first_s is not None for run in runs)
    for_five = counted(server, "made") - before - for_one
    assert 0 < for_five <= for_one  # whole logs were asked about before


@pytest.mark.browser
def test_windows_are_changed_by_all_and_nothing_goes_wrong(server, samples) -> None:  # type: ignore[no-untyped-def]
    async def change() -> list[Run]:
        viewers = await opened(server, N, "all")
        runs = list(await asyncio.gather(*(viewer.run() for viewer in viewers)))
        for windows in (("7d", "30d", "90d", "7d", "30d"), ("90d", "7d", "all", "90d", "7d")):
            chosen = (v.choose("pick_window", w) for v, w in zip(viewers, windows, strict=True))
            runs += await asyncio.gather(*chosen)
            assert [v.query for v in viewers] == [f"m={MODEL}&w={w}" for w in windows]
        for viewer in viewers:
            await viewer.close()
        return runs

    assert [run.errors for run in ended(change())] == [[]] * (3 * N)


@pytest.mark.browser
def test_who_leaves_takes_nothing_from_those_who_wait(server, samples) -> None:  # type: ignore[no-untyped-def]
    async def leave() -> Run:
        one, other = await opened(server, 2, "2013-07-01..2013-07-20")
        await one.ask()
        await other.ask()
        await one.close()
        run = await other.finish()
        await other.close()
        return run

    run = ended(leave())
    assert run.errors == [] and run.first_s is not None
