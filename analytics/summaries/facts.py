"""What data quality asks of columns, from sheets: rows, missing values, levels and ends, all exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.core import Dataset, Question, Scope
from analytics.query.columns import Levels
from analytics.query.frame import touched
from analytics.query.groups import Key
from analytics.summaries.chooser import grid_of, taken_both
from analytics.summaries.levels import counted_levels
from analytics.summaries.reading import Binned, counted_columns

if TYPE_CHECKING:
    from analytics.query.engine import Engine

MIN_ROWS = 500_000  # with fewer the exact scan is as fast


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One scope's columns by period and version; those that sheets do not have are left out."""

    numbers: dict[str, dict[Key, Binned]]
    levels: dict[str, dict[Key, Levels]]

    def missing(self, name: str) -> dict[Key, tuple[int, int]] | None:
        """(rows, missing) of a column's groups; None where it is not here."""
        if name in self.numbers:
            return {
                key: (int(found.counts.sum()) + found.n_missing, found.n_missing)
                for key, found in self.numbers[name].items()
            }
        if name in self.levels:
            return {
                key: (int(sum(levels.values())) + missing, missing)
                for key, (levels, missing) in self.levels[name].items()
            }
        return None


NONE = ColumnFacts({}, {})


def column_facts(
    engine: Engine,
    dataset: Dataset,
    question: Question,
    scope: Scope,
    columns: tuple[Sequence[str], Sequence[str]],
) -> ColumnFacts:
    """The numeric and the levelled columns of a scope that sheets have; none where rows are asked."""
    n_rows = sum(p.n_rows for p in touched(dataset.log("predictions", scope.log), scope))
    if question.is_exact or engine.summaries.folder is None or n_rows < MIN_ROWS:
        return NONE
    grid, taken = grid_of(engine, dataset), taken_both(engine, dataset, scope)
    if grid is None or taken is None or not taken[0].pieces:
        return NONE
    numeric = [name for name in columns[0] if name in grid.edges]
    return ColumnFacts(
        counted_columns(engine, dataset, scope, grid, (numeric, taken[0])) if numeric else {},
        counted_levels(engine, dataset, scope, columns[1], taken[1]) if columns[1] else {},
    )
