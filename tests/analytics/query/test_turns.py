"""Questions that read many rows take turns: in the order they came, stopped while they wait, all given back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from analytics.core import Log, Part
from analytics.errors import QueryCancelled, QueryError
from analytics.query.engine import Cancel, Engine
from analytics.query.turns import MANY_ROWS, Turns
from analytics.sources.relation import relation, rows_read

HEAVY = f"SELECT 1 /* {MANY_ROWS} rows */"
LIGHT = f"SELECT 1 /* {MANY_ROWS - 1} rows */"
S = 20.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine([tmp_path])
    engine.turns = Turns(1)
    yield engine
    engine.close()


def wait_until(holds: Callable[[], bool]) -> None:
    ticks = threading.Event()
    for _ in range(2000):
        if holds():
            return
        ticks.wait(0.01)
    raise AssertionError("it never came to be")


def ask(engine: Engine, sql: str, before: Callable[[], object] = lambda: None) -> None:
    with engine.asking() as mine:
        mine.rows(sql)
        before()


def test_a_second_waits_until_the_first_has_ended_and_light_ones_never(engine: Engine) -> None:
    done = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, engine, HEAVY, lambda: bool(done.wait(S)))
        wait_until(lambda: engine.turns._n_given == 1)
        second = pool.submit(ask, engine, HEAVY)
        wait_until(lambda: engine.turns.n_waiting == 1)
        pool.submit(ask, engine, LIGHT).result(S)
        assert not second.done() and not first.done()
        done.set()
        second.result(S)
    assert engine.turns._n_given == 0


def test_who_came_first_is_next(engine: Engine) -> None:
    order: list[int] = []
    done = threading.Event()
    with ThreadPoolExecutor(6) as pool:
        pool.submit(ask, engine, HEAVY, lambda: bool(done.wait(S)))
        wait_until(lambda: engine.turns._n_given == 1)
        asked = []
        for i in range(5):
            asked.append(pool.submit(ask, engine, HEAVY, lambda i=i: order.append(i)))
            wait_until(lambda i=i: engine.turns.n_waiting == i + 1)
        done.set()
        for one in asked:
            one.result(S)
    assert order == [0, 1, 2, 3, 4]


def test_who_waits_can_be_stopped_and_leaves_no_gap(engine: Engine) -> None:
    done, cancel = threading.Event(), Cancel()
    with ThreadPoolExecutor(3) as pool:
        pool.submit(ask, engine, HEAVY, lambda: bool(done.wait(S)))
        wait_until(lambda: engine.turns._n_given == 1)
        stopped = pool.submit(ask, engine.under(cancel), HEAVY)
        wait_until(lambda: engine.turns.n_waiting == 1)
        after = pool.submit(ask, engine, HEAVY)
        wait_until(lambda: engine.turns.n_waiting == 2)
        cancel.press()
        with pytest.raises(QueryCancelled):
            stopped.result(S)
        wait_until(lambda: engine.turns.n_waiting == 1)
        done.set()
        after.result(S)
    with pytest.raises(QueryCancelled):
        ask(engine.under(cancel), HEAVY)
    assert engine.turns._n_given == 0


def test_a_question_that_fails_gives_its_turn_back(engine: Engine) -> None:
    with suppress(QueryError):
        ask(engine, f"{HEAVY} FROM nothing_there")
    ask(engine, HEAVY)
    assert engine.turns._n_given == 0


def test_threads_and_questions_inside_a_question_share_its_turn(engine: Engine) -> None:
    with engine.asking() as mine, mine.asking() as inner, ThreadPoolExecutor(2) as pool:
        for found in pool.map(mine.rows, [HEAVY, HEAVY]):
            assert found == [(1,)]
        inner.rows(HEAVY)
        assert engine.turns._n_given == 1
    assert engine.turns._n_given == 0


def test_never_more_than_so_many_at_once() -> None:
    turns, lock = Turns(3), threading.Lock()
    now, most = 0, 0

    def work(_i: int) -> None:
        nonlocal now, most
        turns.take(None)
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        turns.give_back()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(300)))
    assert 1 <= most <= 3
    assert turns.n_waiting == 0
    assert turns._n_given == 0


def test_a_relation_says_how_many_rows_it_has() -> None:
    parts = tuple(Part(f"/home/date=2024/{i}.parquet", 60_000, str(i)) for i in range(3))
    log = Log("predictions", parts, ("row",))
    assert rows_read(relation(log)) == 180_000
    assert rows_read(relation(log, parts[:1])) == 0
    assert rows_read(f"{relation(log)} UNION ALL {relation(log, parts[:2])}") == 300_000


def test_memory_is_tidied_before_the_next_turn_and_never_for_light_ones(engine: Engine) -> None:
    seen: list[int] = []
    engine.turns = turns = Turns(1, lambda: seen.append(turns._n_given))
    ask(engine, LIGHT)
    assert seen == []
    ask(engine, HEAVY)
    assert seen == [1] and turns._n_given == 0


def test_a_turn_is_given_back_where_tidying_fails(engine: Engine) -> None:
    def fail() -> None:
        raise OSError

    engine.turns = Turns(1, fail)
    with pytest.raises(OSError):
        ask(engine, HEAVY)
    assert engine.turns._n_given == 0
