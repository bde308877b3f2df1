"""Work side by side: in order, begun ahead, errors handed on."""

from __future__ import annotations

import threading

import pytest

from analytics.together import ahead, together


def test_the_next_one_begins_while_the_last_is_used() -> None:
    begun = [threading.Event() for _ in range(3)]

    def work(i: int) -> int:
        begun[i].set()
        return i

    for i in ahead(work, range(3)):
        assert i == 2 or begun[i + 1].wait(30)


def test_an_error_comes_where_its_item_would() -> None:
    seen = []
    with pytest.raises(ZeroDivisionError):
        for value in ahead(lambda x: 1 // x, [1, 0, 1]):
            seen.append(value)
    assert seen == [1]
    with pytest.raises(ZeroDivisionError):
        together(lambda x: 1 // x, [1, 0])


def test_leaving_early_leaves_no_thread() -> None:
    before = threading.active_count()
    values = ahead(abs, range(-3, 0))
    assert next(values) == 3
    values.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
