"""Threads that are used again: work begins at once, waits for no other, and idle threads leave."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

from app.hands import Hands

PATIENCE_S = 20.0


def until(condition: Callable[[], bool]) -> bool:
    event, left = threading.Event(), int(PATIENCE_S / 0.01)
    while not condition() and left:
        event.wait(0.01)
        left -= 1
    return condition()


def test_pieces_of_work_do_not_wait_for_one_another() -> None:
    hands, everybody = Hands("side by side"), threading.Barrier(9)
    for _ in range(8):
        hands.do(lambda: everybody.wait(PATIENCE_S))
    everybody.wait(PATIENCE_S)  # broken unless all eight are under way


def test_one_after_another_take_one_thread() -> None:
    hands, who = Hands("again"), set[int]()
    for _ in range(50):
        done = threading.Event()

        def work(done: threading.Event = done) -> None:
            who.add(threading.get_ident())
            done.set()

        hands.do(work)
        assert done.wait(PATIENCE_S)
        assert until(lambda: hands._n_idle == 1)
    assert len(who) == 1


def test_whoever_is_idle_leaves_and_what_comes_then_is_done_still() -> None:
    hands = Hands("leaves", idle_s=0.001)
    n_done = []
    for _ in range(200):  # some come in the very moment in which a thread leaves
        done = threading.Event()
        hands.do(done.set)
        assert done.wait(PATIENCE_S)
        n_done.append(1)
    assert len(n_done) == 200
    assert until(lambda: not any(thread.name == "leaves" for thread in threading.enumerate()))


def test_what_the_work_held_is_let_go() -> None:
    class Large:
        pass

    hands, large = Hands("lets go"), Large()
    held = weakref.ref(large)
    hands.do(lambda large=large: None)  # type: ignore[misc]
    del large
    assert until(lambda: held() is None)
