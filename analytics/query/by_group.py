"""What is known of each group, as a table in SQL: to be joined without reading the rows again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.sources.relation import quote_text

Group = tuple[Any, ...]  # period, version, and numbers known of them


def join_known(groups: Sequence[Group], names: Sequence[tuple[str, str]]) -> str:
    """A JOIN of rows with numbers of their group, by name and type, in the order they stand in.

    A CTE that is read twice is held whole, so what a statement needs of its groups is asked first.
    """
    listed = ", ".join(
        "("
        + ", ".join(
            (
                f"{_number(period)}::BIGINT",
                f"{'NULL' if version is None else quote_text(str(version))}::VARCHAR",
                *(f"{_number(n)}::{kind}" for n, (_name, kind) in zip(known, names, strict=True)),
            )
        )
        + ")"
        for period, version, *known in groups
    )
    return (
        f"JOIN (VALUES {listed}) AS known(_p, _v, {', '.join(name for name, _kind in names)})"
        " ON _period IS NOT DISTINCT FROM _p AND CAST(_version AS VARCHAR) IS NOT DISTINCT FROM _v"
    )


def _number(value: Any) -> str:
    return "NULL" if value is None else str(int(value))
