"""After the warm start, what stays for good is left out of every collection of garbage."""

from __future__ import annotations

import gc

from app.warm import settle_memory


def test_what_is_loaded_is_not_looked_at_again() -> None:
    kept = [{"a": i} for i in range(1000)]
    n = gc.get_freeze_count()
    try:
        settle_memory()
        assert gc.get_freeze_count() - n >= len(kept)
        assert not any(found is kept[0] for found in gc.get_objects())
    finally:
        gc.unfreeze()
