"""A question that needs more memory than the engine has says so, and the engine goes on."""

from __future__ import annotations

import pytest

from analytics.errors import QueryError
from analytics.query.engine import Engine


def test_too_little_memory_is_said() -> None:
    small = Engine([], memory="20MB", threads=1)
    with pytest.raises(QueryError, match="more memory") as raised:
        small.rows("SELECT quantile_cont(i::DOUBLE, 0.5) FROM range(20_000_000) r(i)")
    assert "TELLTALE_QUERY_MEMORY" in str(raised.value)
    assert small.rows("SELECT 1") == [(1,)]
