"""What the long benchmarks share: the machine in words, spreads, and sections of docs/scale.md."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"


def machine() -> str:
    """Cores, memory and versions of this machine."""
    import duckdb

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB of memory, Python {platform.python_version()},"
        f" DuckDB {duckdb.__version__}"
    )


def ratio_text(values: Sequence[float], digits: int = 3) -> str:
    """The median with the smallest and the largest.

    >>> ratio_text([3, 1, 2], 1)
    '2.0 (1.0 to 3.0)'
    """
    low, mid, high = min(values), statistics.median(values), max(values)
    return f"{mid:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def put_section(name: str, text: str, page: Path = PAGE) -> None:
    """Put a text between the marks of a page that carry its name."""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise SystemExit(f"{page} lacks the marks {begin} and {end}.")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
