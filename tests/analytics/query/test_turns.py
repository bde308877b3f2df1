"""Questions that read many rows take turns: in the order they came, stopped while they wait, all given back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Log, Part
from analytics.errors import QueryCancelled, QueryError
from analytics.query.engine import Cancel, Engine
from analytics.query.turns import ALONE_ROWS, MANY_ROWS, Turn, Turns
from analytics.sources.relation import relation, rows_read

HEAVY = f"SELECT 1 /* {MANY_ROWS} rows */"
LIGHT = f"SELECT 1 /* {MANY_ROWS - 1} rows */"
HUGE = f"SELECT 1 /* {ALONE_ROWS} rows */"
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


def test_what_reads_millions_runs_alone_and_nobody_overtakes_it(engine: Engine) -> None:
    engine.turns = Turns(2)
    ends = [threading.Event() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, engine, HEAVY, lambda: bool(ends[0].wait(S)))
        wait_until(lambda: engine.turns._n_given == 1)
        huge = pool.submit(ask, engine, HUGE, lambda: bool(ends[1].wait(S)))
        wait_until(lambda: engine.turns.n_waiting == 1)
        after = pool.submit(ask, engine, HEAVY, lambda: bool(ends[2].wait(S)))
        wait_until(lambda: engine.turns.n_waiting == 2)
        assert engine.turns._n_given == 1
        ends[0].set()
        first.result(S)
        wait_until(lambda: engine.turns._n_given == 2)
        assert engine.turns.n_waiting == 1 and not after.done()
        ends[1].set()
        huge.result(S)
        ends[2].set()
        after.result(S)
    assert engine.turns._n_given == 0


def test_two_questions_with_a_turn_each_that_need_all_do_not_wait_for_each_other(
    engine: Engine,
) -> None:
    engine.turns = Turns(2)
    both, lock = threading.Barrier(2), threading.Lock()
    alone: list[bool] = []

    def grow() -> None:
        with engine.asking() as mine:
            mine.rows(HEAVY)
            both.wait(S)
            mine.rows(HUGE)
            alone.append(lock.acquire(blocking=False))
            mine.rows(HEAVY)
            lock.release()

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(grow) for _ in range(2)]:
            one.result(S)
    assert alone == [True, True]
    assert engine.turns._n_given == 0


def test_who_is_stopped_while_it_waits_for_all_has_none_left(engine: Engine) -> None:
    engine.turns, cancel = Turns(2), Cancel()
    begun, done = threading.Event(), threading.Event()

    def grow() -> None:
        with engine.under(cancel).asking() as mine:
            mine.rows(HEAVY)
            begun.set()
            mine.rows(HUGE)

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, engine, HEAVY, lambda: bool(done.wait(S)))
        stopped = pool.submit(grow)
        assert begun.wait(S)
        wait_until(lambda: engine.turns.n_waiting == 1)
        later = pool.submit(ask, engine, HEAVY)
        wait_until(lambda: engine.turns.n_waiting == 2)
        cancel.press()
        with pytest.raises(QueryCancelled):
            stopped.result(S)
        later.result(S)
        done.set()
        first.result(S)
    assert engine.turns._n_given == 0


@given(
    st.integers(1, 3),
    st.lists(st.lists(st.sampled_from([LIGHT, HEAVY, HUGE]), max_size=4), min_size=1, max_size=8),
)
def test_turns_taken_never_exceed_what_there_are(at_once: int, asked: list[list[str]]) -> None:
    """Whatever questions ask in whatever order: all end, and who reads millions is alone."""
    turns, lock, inside = Turns(at_once), threading.Lock(), [0, 0]

    def work(statements: list[str]) -> None:
        for i, sql in enumerate(statements):
            with Turn(turns) as turn:
                for each in statements[: i + 1]:
                    turn.take_for(each, None)
                if sql == LIGHT and set(statements[: i + 1]) == {LIGHT}:
                    continue
                is_huge = HUGE in statements[: i + 1]
                with lock:
                    inside[is_huge] += 1
                    assert sum(inside) <= at_once
                    assert not inside[True] or sum(inside) == 1
                with lock:
                    inside[is_huge] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, asked))
    assert turns._n_given == 0 and turns.n_waiting == 0


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
    with engine.asking() as mine:
        for sql in (HUGE, LIGHT, HEAVY, HUGE):
            mine.rows(sql)
        assert seen == [1, 1]
    assert seen == [1, 1, 1] and turns._n_given == 0


def test_a_turn_is_given_back_where_tidying_fails(engine: Engine) -> None:
    def fail() -> None:
        raise OSError

    engine.turns = Turns(1, fail)
    with pytest.raises(OSError):
        ask(engine, HEAVY)
    assert engine.turns._n_given == 0
