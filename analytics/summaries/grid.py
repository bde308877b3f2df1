"""The grid of a model: stored edges for every numeric column, fixed by its reference.

Where a reference was imported, its exact tenths are among the edges: what is counted on tenths is
exact against it. Without one, the first rows of the log fix the edges, and they stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analytics.core import Dataset, LogName, Part, Scope
from analytics.needs import Floats
from analytics.query.columns import numeric_values
from analytics.summaries.edges import decile_edges, grid_edges
from analytics.summaries.store import is_countable, key_of, model_folder, tell

if TYPE_CHECKING:
    from analytics.query.engine import Engine

FIRST_ROWS = 200_000  # of a log without a reference


@dataclass(frozen=True, slots=True)
class Grid:
    """Edges by column; ``log`` says whose rows fixed them, and ``tenths`` are their inner deciles."""

    key: str
    log: LogName
    edges: Mapping[str, Floats]
    tenths: Mapping[str, Floats]

    def n_bins(self, column: str) -> int:
        """Bins of a column: one more than edges, and one for what is missing."""
        return len(self.edges[column]) + 2

    def to_json(self) -> str:
        """The grid as it is stored: every edge as a number that is read back bit for bit."""
        told: dict[str, object] = {"key": self.key, "log": self.log}
        for what, kept in (("edges", self.edges), ("tenths", self.tenths)):
            told[what] = {name: found.tolist() for name, found in kept.items()}
        return json.dumps(told)


def numeric_columns(dataset: Dataset) -> list[str]:
    """The numeric columns that a log of predictions can hold, under their canonical names."""
    schema = dataset.schema
    names = [c.name for c in schema.features if c.type == "numeric"]
    for column in schema.columns:
        if column.role == "score":
            names.append(f"score_{column.class_name}" if column.class_name else "score")
        elif column.role == "prediction" and schema.task == "regression":
            names.append("prediction")
    return names


def grid_source(dataset: Dataset) -> tuple[LogName, tuple[Part, ...]]:
    """Whose rows fix the edges: the imported reference, else the first rows of the log."""
    reference = tuple(p for p in dataset.log("predictions", "reference").parts if p.n_rows)
    if reference:
        return "reference", reference
    found: list[Part] = []
    own = [part for part in dataset.log("predictions").parts if is_countable(part)]
    for part in sorted(own, key=lambda p: (str(p.start), p.path)):
        if sum(p.n_rows for p in found) >= FIRST_ROWS:
            break
        found.append(part)
    return "production", tuple(found)


def grid_key(dataset: Dataset) -> str:
    """The name of the grid: another reference, another grid; without one it is always the same."""
    log, parts = grid_source(dataset)
    return key_of("grid", sorted(map(tell, parts)) if log == "reference" else log)


def grid_file(home: Path, dataset: Dataset) -> Path:
    """Where the grid stands."""
    return model_folder(home, dataset.model) / f"grid-{grid_key(dataset)}.json"


def read_grid(file: Path) -> Grid | None:
    """The grid in a file; None where there is none yet."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads(file.read_text())
        return Grid(told["key"], told["log"], _floats(told["edges"]), _floats(told["tenths"]))
    return None


def _floats(told: Mapping[str, list[float]]) -> dict[str, Floats]:
    return {name: np.array(found, dtype=float) for name, found in told.items()}


def make_grid(engine: Engine, dataset: Dataset, columns: Sequence[str] | None = None) -> Grid:
    """Work out the edges from the rows that fix them: the whole reference, or the first rows."""
    log, parts = grid_source(dataset)
    kept = dataset.log("predictions", log)
    names = numeric_columns(dataset) if columns is None else list(columns)
    names = [name for name in names if name in kept.columns]
    narrowed = only(dataset, log, parts)
    edges: dict[str, Floats] = {}
    tenths: dict[str, Floats] = {}
    for name in names:  # one at a time: a reference may be large
        found = numeric_values(engine, narrowed, Scope(log), [name])[name]
        values, _missing = found.get((None, None), (np.empty(0), 0))
        edges[name] = grid_edges(values)
        tenths[name] = decile_edges(values) if len(values) else values
    return Grid(grid_key(dataset), log, edges, tenths)


def only(dataset: Dataset, log: LogName, parts: Sequence[Part]) -> Dataset:
    """The dataset as if these parts alone had rows; the others still tell which columns there are."""
    kept, chosen = dataset.log("predictions", log), set(parts)
    thinned = tuple(p if p in chosen else replace(p, n_rows=0) for p in kept.parts)
    logs = {**dataset.logs, (log, "predictions"): replace(kept, parts=thinned)}
    return replace(dataset, logs=logs)
