"""Whether drift is answered from summaries, and what they say: both sides counted on one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics.core import Dataset, Question, Scope
from analytics.needs import BinnedPair, LevelPair
from analytics.query.columns import Levels, level_counts
from analytics.query.frame import touched, whole
from analytics.query.groups import Group, Key, count_groups
from analytics.summaries import columns, levels
from analytics.summaries.grid import Grid, grid_file, grid_key, read_grid
from analytics.summaries.levels import counted_levels
from analytics.summaries.outcomes import Outcomes, outcomes
from analytics.summaries.reading import Binned, counted_columns, counted_groups, taken_of
from analytics.summaries.store import Taken, key_of

if TYPE_CHECKING:
    from analytics.query.engine import Engine

MIN_ROWS = 500_000  # of both sides: with fewer the exact scan is as fast


def grid_of(engine: Engine, dataset: Dataset) -> Grid | None:
    """The model's grid, once something has made it."""
    folder = engine.summaries.folder
    if folder is None:
        return None
    file = grid_file(folder, dataset)

    def read() -> tuple[int, Grid | None]:
        grid = read_grid(file)
        return (sum(e.nbytes for e in grid.edges.values()) if grid else 0), grid

    try:
        at = file.stat().st_mtime_ns
    except OSError:
        return None
    found: Grid | None = engine.summaries.hold((file, at), read)
    return found


def numbers_key(dataset: Dataset) -> str:
    """What sheets of numeric columns depend on besides the parts: the grid."""
    return key_of(columns.KIND, grid_key(dataset))


def levels_key() -> str:
    """What sheets of levels depend on besides the parts: how many are kept apart."""
    return key_of(levels.KIND, levels.MOST)


@dataclass(frozen=True, slots=True)
class Counted:
    """Both sides of drift from summaries; columns that these do not have are left out."""

    grid: Grid
    groups: tuple[Group, ...]
    numbers: dict[str, tuple[dict[Key, Binned], Binned]]
    levels: dict[str, tuple[dict[Key, Levels], Levels]]
    has_tenths: bool

    def numeric_pair(self, name: str, key: Key) -> BinnedPair:
        """One numeric column of one period and version beside the reference."""
        sides, then = self.numbers[name]
        edges = self.grid.edges[name]
        now = sides.get(key) or Binned.of_sorted(np.empty(0), 0, edges)
        ends = float(np.fmin(now.low, then.low)), float(np.fmax(now.high, then.high))
        return BinnedPair(
            edges,
            then.counts.astype(float),
            now.counts.astype(float),
            None if np.isnan(ends[0]) else ends,
            self.grid.tenths[name] if self.has_tenths else None,
            then.n_missing,
            now.n_missing,
        )

    def level_pair(self, name: str, key: Key) -> LevelPair:
        """One column of levels of one period and version beside the reference."""
        sides, then = self.levels[name]
        now = sides.get(key, ({}, 0))
        return LevelPair.from_counts(then[0], now[0], then[1], now[1])


def count_both(
    engine: Engine,
    dataset: Dataset,
    question: Question,
    numeric: Sequence[str],
    level: Sequence[str],
) -> Counted | None:
    """Both sides of some columns from summaries; None where the rows are to be asked."""
    reference = question.reference
    if question.is_exact or reference is None or engine.summaries.folder is None:
        return None
    scopes = (question.scope, whole(reference))
    grid = grid_of(engine, dataset)
    if grid is None or sum(_n_rows(dataset, scope) for scope in scopes) < MIN_ROWS:
        return None
    taken = [taken_both(engine, dataset, scope) for scope in scopes]
    if taken[0] is None or taken[1] is None or not any(t and t[0].pieces for t in taken):
        return None
    numeric = [name for name in numeric if name in grid.edges]
    known = [_outcomes(engine, dataset, scope) for scope in scopes]
    own = [name for name in level if name != "label"]
    sides = [
        (
            counted_columns(engine, dataset, scope, grid, (numeric, both[0])),
            counted_levels(engine, dataset, scope, own, both[1]),
        )
        for scope, both in zip(scopes, taken, strict=True)
        if both is not None
    ]
    if "label" in level:
        for scope, labels, (_numbers, found) in zip(scopes, known, sides, strict=True):
            found["label"] = (
                labels.levels()
                if labels is not None
                else level_counts(engine, dataset, scope, ["label"])["label"]
            )
    (numbers, counts), (then_numbers, then_counts) = sides
    none = (None, None)
    return Counted(
        grid,
        tuple(_groups(engine, dataset, question.scope, (taken[0][0], known[0]))),
        {
            name: (
                numbers[name],
                then_numbers[name].get(none) or Binned.of_sorted(np.empty(0), 0, grid.edges[name]),
            )
            for name in numeric
            if name in numbers and name in then_numbers
        },
        {
            name: (counts[name], then_counts[name].get(none, ({}, 0)))
            for name in level
            if name in counts and name in then_counts
        },
        has_tenths=grid.log == "reference" and scopes[1] == Scope("reference"),
    )


def ends_of(
    engine: Engine, dataset: Dataset, question: Question, name: str
) -> tuple[float, float] | None:
    """Edges between which the middle 99 % of both sides of a numeric column lie, from summaries."""
    counted = count_both(engine, dataset, question, [name], [])
    if counted is None or name not in counted.numbers:
        return None
    pair = counted.numeric_pair(name, (None, None))
    lows, highs = [], []
    for counts in (pair.reference, pair.current):
        upto = np.cumsum(counts)
        if upto[-1]:
            at = np.searchsorted(upto, upto[-1] * np.array([0.005, 0.995]))
            places = np.clip(at + np.array([-1, 0]), 0, len(pair.edges) - 1)
            lows.append(float(pair.edges[places[0]]))
            highs.append(float(pair.edges[places[1]]))
    ends = (min(lows), max(highs)) if lows else (np.nan, np.nan)
    return ends if np.isfinite(ends).all() else None


def _n_rows(dataset: Dataset, scope: Scope) -> int:
    return sum(part.n_rows for part in touched(dataset.log("predictions", scope.log), scope))


def taken_both(engine: Engine, dataset: Dataset, scope: Scope) -> tuple[Taken, Taken] | None:
    """The sheets of numbers and of levels that answer a scope."""
    numbers = taken_of(engine, dataset, scope, columns.KIND, numbers_key(dataset))
    counts = taken_of(engine, dataset, scope, levels.KIND, levels_key())
    return None if numbers is None or counts is None else (numbers, counts)


def _outcomes(engine: Engine, dataset: Dataset, scope: Scope) -> Outcomes | None:
    """What is counted of labels, where there are any."""
    has_labels = bool(dataset.log("labels", scope.log).parts)
    return outcomes(engine, dataset, scope) if has_labels else None


def _groups(
    engine: Engine, dataset: Dataset, scope: Scope, counted: tuple[Taken, Outcomes | None]
) -> Sequence[Group]:
    """Every period and version with its rows and its labels."""
    taken, labels = counted
    if labels is not None:
        return labels.groups()
    if dataset.log("labels", scope.log).parts:
        return count_groups(engine, dataset, scope)
    return counted_groups(engine, dataset, scope, taken)
