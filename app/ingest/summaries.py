"""Summaries made when parts arrive, so that no question waits for them.

The sheets under ``home/summaries`` are made from the logs, and come and go as ``app.ingest.retire``
says: what no longer counts stays for ten minutes, for questions that are being answered from it.
Sheets of like size are put together once there are eight, so that a new day costs the same whatever
the log's length.
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics.core import Dataset, LogName, Part
from analytics.query.aligned import FOLDER as BESIDE
from analytics.query.beside import Beside
from analytics.query.engine import Cancel, Engine
from analytics.summaries.grid import Grid, grid_file, make_grid, read_grid
from analytics.summaries.recipes import Group, Recipe, group_of, join_sheets, recipes
from analytics.summaries.store import (
    FOLDER,
    MIN_ROWS,
    Sheet,
    describe,
    folder_of,
    group_parts,
    is_countable,
    living,
    read_sheets,
    tell,
)
from app.ingest.parts import sync
from app.ingest.retire import alone, put_in_place, retire
from app.ingest.words import Place, Progress
from app.ingest.workspace import Workspace
from app.state.logs import attached_folders, load_dataset

if TYPE_CHECKING:
    from analytics.summaries.cluster import Cluster

LOGS: tuple[LogName, ...] = ("reference", "production")
MOST_CELLS = 200_000  # hours times columns of a sheet that is made at once: about 90 MB
MOST_AT_ONCE = 2_000_000  # rows of it: one statement counts them
TIER = 8  # sheets of like size become one
_log = logging.getLogger("telltale.summaries")


@dataclass(frozen=True, slots=True)
class Made:
    """How many rows were counted, and how long that took."""

    n_rows: int = 0
    seconds: float = 0.0


def make_summaries(
    place: Place, model: str, progress: Progress | None = None, cancel: Cancel | None = None
) -> Made:
    """Count the parts of a model that no sheet counts; one process at a time."""
    start, n_rows = time.monotonic(), 0
    with alone(place, f"summaries-{model}"):
        dataset = load_dataset(place.database, model, place.home)
        if not _is_worth_it(dataset):
            return Made()
        with Workspace(place, [], progress, cancel) as work, _engine(work) as engine:
            grid = _grid(work, engine, dataset)
            for log in LOGS:
                n_rows += _Room(work, engine, dataset, log, grid).tidy()
    return Made(n_rows, time.monotonic() - start)


def _is_worth_it(dataset: Dataset) -> bool:
    parts = [p for log in LOGS for p in dataset.log("predictions", log).parts if is_countable(p)]
    return sum(part.n_rows for part in parts) >= MIN_ROWS


@contextmanager
def _engine(work: Workspace) -> Iterator[Engine]:
    place = work.place
    engine = Engine(
        [place.home, *attached_folders(place.database)],
        memory=place.memory,
        threads=place.threads or 0,
        timeout_s=3600.0,
        spill=work.folder / "spill",
        beside=Beside(folder=place.home / BESIDE),
    )
    try:
        yield engine.under(work.cancel)
    finally:
        engine.close()


def _grid(work: Workspace, engine: Engine, dataset: Dataset) -> Grid:
    """The model's grid, made where there is none; one that is no longer its grid goes."""
    file = grid_file(work.place.home / FOLDER, dataset)
    grid = read_grid(file)
    if grid is None:
        work.step(0.0, 0.2, "Working out the edges of summaries")
        grid = make_grid(engine, dataset)
        aside = work.folder / "grid.json"
        aside.write_text(grid.to_json())
        sync(aside)
        file.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(file)
        sync(file.parent)
    for other in file.parent.glob("grid-*.json"):
        if other != file:
            other.unlink()
    return grid


def cluster_of(place: Place) -> Cluster | None:
    """The cluster that counts for this machine, if one was set."""
    if not place.cluster:
        return None
    from analytics.summaries.cluster import open_cluster

    return open_cluster(place.cluster, place.cluster_memory)


class _Room:
    """The sheets of one log."""

    def __init__(
        self, work: Workspace, engine: Engine, dataset: Dataset, log: LogName, grid: Grid
    ) -> None:
        self._work, self._engine = work, engine
        self._log = dataset.log("predictions", log)
        self._folder = folder_of(work.place.home / FOLDER, dataset.model, log)
        self._cluster = cluster_of(work.place)
        self._recipes = recipes(dataset, log, grid, self._cluster)
        self._parts = [part for part in self._log.parts if is_countable(part)]
        self._groups: dict[tuple[Part, ...], Group] = {}

    def tidy(self) -> int:
        """Every part counted once in few sheets; how many rows were counted anew."""
        sheets = read_sheets(self._folder)
        keep, counted = [], set[Part]()
        for recipe in self._recipes:
            mine = [s for s in sheets if _is_of(s, recipe)]
            mine += self._still(recipe, [s for s in sheets if s not in mine])
            kept, lacking = self._known(mine)
            for groups in self._batches(lacking, recipe):
                self._work.step(0.2, 1.0, "Counting what is new")
                kept.append(self._make(recipe, groups))
                counted.update(part for group in groups for part in group.parts)
            keep += self._joined(kept)
        retire(self._folder, keep)
        return sum(part.n_rows for part in counted)

    def _known(self, sheets: Sequence[Sheet]) -> tuple[list[Sheet], list[Part]]:
        """The sheets that stay, without what is gone, and the parts that none has."""
        kept, known = [], set[Part]()
        for sheet in sheets:
            groups = {
                i: parts
                for i, parts in living(sheet, self._parts).items()
                if not known.intersection(parts)
            }
            if not sheet.is_there or not groups:
                continue
            known.update(part for parts in groups.values() for part in parts)
            whole = len(groups) == len(sheet.groups)
            kept.append(sheet if whole else self._join([(sheet, groups)]))
        return kept, [part for part in self._parts if part not in known]

    def _still(self, recipe: Recipe, sheets: Sequence[Sheet]) -> list[Sheet]:
        """Groups of sheets whose labels were replaced, where those of their rows are the same."""
        found = []
        for sheet in sheets:
            is_alike = (sheet.kind, sheet.columns) == (recipe.kind, recipe.columns)
            if recipe.still is None or not is_alike or not sheet.is_there:
                continue
            groups = recipe.still(self._engine, sheet, living(sheet, self._parts))
            whole = len(groups) == len(sheet.groups) and self._again(sheet, recipe.key)
            if groups:
                found.append(whole or self._join([(sheet, dict.fromkeys(groups))], recipe.key))
        return found

    def _again(self, sheet: Sheet, key: str) -> Sheet | None:
        """The same sheet under another key; None where its file cannot have two names."""
        file = self._work.folder / "sheet.parquet"
        try:
            os.link(sheet.file, file)
        except OSError:
            return None
        return self._place(file, (sheet.kind, key), (sheet.columns, sheet.groups, sheet.grains))

    def _batches(self, lacking: Sequence[Part], recipe: Recipe) -> Iterator[list[Group]]:
        """Groups of parts for one sheet each, not too large for memory."""
        batch: list[Group] = []
        cells, rows = 0, 0
        for parts in group_parts(lacking):
            group = self._groups.get(parts) or group_of(
                self._engine, self._log, parts, self._cluster
            )
            self._groups[parts] = group
            n_hours = len(group.hours.n) if group.hours is not None else 0
            more = n_hours * len(recipe.columns), sum(part.n_rows for part in parts)
            if batch and (cells + more[0] > MOST_CELLS or rows + more[1] > MOST_AT_ONCE):
                yield batch
                batch, cells, rows = [], 0, 0
            batch.append(group)
            cells, rows = cells + more[0], rows + more[1]
        if batch:
            yield batch

    def _make(self, recipe: Recipe, groups: Sequence[Group]) -> Sheet:
        file = self._work.folder / "sheet.parquet"
        recipe.write(self._engine, groups, file)
        told = tuple(tuple(map(tell, group.parts)) for group in groups)
        grains = tuple(group.grains for group in groups)
        return self._place(file, (recipe.kind, recipe.key), (recipe.columns, told, grains))

    def _joined(self, sheets: Sequence[Sheet]) -> list[str]:
        """The names of the sheets, once those of like size are one."""
        tiers: dict[int, list[Sheet]] = {}
        for sheet in sheets:
            tiers.setdefault(int(math.log(max(sheet.n_bytes, 1), TIER)), []).append(sheet)
        kept = []
        for alike in tiers.values():
            if len(alike) >= TIER:
                alike = [self._join([(s, dict.fromkeys(range(len(s.groups)))) for s in alike])]
            kept += [sheet.file.stem for sheet in alike]
        return kept

    def _join(
        self, pieces: Sequence[tuple[Sheet, Mapping[int, object]]], key: str | None = None
    ) -> Sheet:
        file = self._work.folder / "sheet.parquet"
        join_sheets(pieces, file)
        first = pieces[0][0]
        told = tuple(sheet.groups[i] for sheet, groups in pieces for i in groups)
        grains = tuple(sheet.grains[i] for sheet, groups in pieces for i in groups)
        return self._place(file, (first.kind, key or first.key), (first.columns, told, grains))

    def _place(self, file: Path, what: tuple[str, str], told: tuple[Any, Any, Any]) -> Sheet:
        """Move a file into place, then its line."""
        name = f"{what[0]}-{self._work.id}-{secrets.token_hex(4)}"
        sheet = Sheet(self._folder / f"{name}.parquet", *what, file.stat().st_size, *told)
        put_in_place(file, describe(sheet), sheet.file, "summary")
        return sheet


def _is_of(sheet: Sheet, recipe: Recipe) -> bool:
    """Whether a sheet holds what the recipe makes."""
    is_kind = (sheet.kind, sheet.key) == (recipe.kind, recipe.key)
    return is_kind and sheet.columns == recipe.columns
