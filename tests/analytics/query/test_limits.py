"""Time limits: what runs over is stopped, once; what ends in time is not; one thread sees to all."""

from __future__ import annotations

import threading

import pytest

from analytics.query.limits import Limits

PATIENCE_S = 20.0


def limit_threads() -> int:
    return sum(thread.name == "limits" for thread in threading.enumerate())


def test_what_runs_over_is_stopped_once_and_its_neighbours_are_not() -> None:
    limits, stopped, others = Limits(), threading.Event(), []
    n_stops = []

    def stop() -> None:
        n_stops.append(1)
        stopped.set()

    with limits.within(3600, lambda: others.append("long")):
        with limits.within(0.05, stop):
            assert stopped.wait(PATIENCE_S)
        again = threading.Event()
        with limits.within(0.05, again.set):
            assert again.wait(PATIENCE_S)  # the thread watches on
    assert len(n_stops) == 1 and not others


def test_what_ended_in_time_is_not_stopped() -> None:
    limits, ended, later = Limits(), threading.Event(), threading.Event()
    with limits.within(0.05, ended.set):
        pass
    with limits.within(0.2, later.set):
        assert later.wait(PATIENCE_S)
    assert not ended.is_set()


def test_a_shorter_limit_wakes_the_thread_that_sleeps_for_a_longer_one() -> None:
    limits, stopped = Limits(), threading.Event()
    with limits.within(3600, lambda: None), limits.within(0.05, stopped.set):
        assert stopped.wait(PATIENCE_S)


def test_one_thread_sees_to_a_hundred_limits_and_leaves_when_there_are_none() -> None:
    before, limits = limit_threads(), Limits()
    for _ in range(100):
        with limits.within(0.05, lambda: None):
            assert limit_threads() <= before + 1
    thread = limits._thread
    if thread is not None:
        thread.join(PATIENCE_S)
    assert limits._thread is None
    stopped = threading.Event()
    with limits.within(0.01, stopped.set):  # and comes again
        assert stopped.wait(PATIENCE_S)


def test_a_stop_that_fails_keeps_no_other_from_being_stopped() -> None:
    limits, stopped = Limits(), threading.Event()

    def fail() -> None:
        raise ValueError("closed")

    with limits.within(0.01, fail), limits.within(0.05, stopped.set):
        assert stopped.wait(PATIENCE_S)


def test_an_error_of_the_block_comes_through() -> None:
    with pytest.raises(KeyError), Limits().within(10, lambda: None):
        raise KeyError("x")
