"""How sheets are made: of which kinds, from which parts, and how several become one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.core import Dataset, Log, LogName, Part
from analytics.errors import QueryError
from analytics.query.engine import Engine
from analytics.sources.relation import quote_text, relation
from analytics.summaries import columns, labelled, levels, serving
from analytics.summaries.chooser import levels_key, numbers_key
from analytics.summaries.columns import Hours, count_columns, grains_of, hours_of, numbers_table
from analytics.summaries.grid import Grid, numeric_columns
from analytics.summaries.labelled_sql import counted_sql
from analytics.summaries.levels import count_levels, level_columns, levels_table
from analytics.summaries.store import Grains, Sheet

if TYPE_CHECKING:
    import pyarrow as pa

    from analytics.summaries.cluster import Cluster

ROW_GROUP = 512  # rows of a sheet that are read together: about ten days' hours of two versions

LONG_GROUP = 61_440  # of those with a row a bin


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that are counted together, the hours that they have, and the grains worth keeping."""

    parts: tuple[Part, ...]
    hours: Hours | None
    grains: Grains

    @property
    def n_rows(self) -> int:
        """Rows of the parts."""
        return sum(part.n_rows for part in self.parts)


Still = Callable[[Engine, Sheet, Mapping[int, tuple[Part, ...]]], list[int]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How sheets of one kind are made; ``key`` is what they depend on besides the parts."""

    kind: str
    key: str
    columns: tuple[str, ...]
    write: Callable[[Engine, Sequence[Group], Path], None]
    still: Still | None = None  # which groups of a sheet of another key hold all the same


def recipes(
    dataset: Dataset, log: LogName, grid: Grid, cluster: Cluster | None = None
) -> list[Recipe]:
    """Everything that is counted of one log of predictions, here or on a cluster."""
    kept = dataset.log("predictions", log)
    numeric = tuple(n for n in numeric_columns(dataset) if n in grid.edges and n in kept.columns)
    level = tuple(n for n in level_columns(dataset) if n in kept.columns)
    found = [
        Recipe(columns.KIND, numbers_key(dataset), numeric, _numbers(kept, grid, numeric, cluster)),
        Recipe(levels.KIND, levels_key(), level, _levels(kept, level, cluster)),
    ]
    if {"latency_ms", "status"}.intersection(kept.columns):
        found.append(Recipe(serving.KIND, serving.serving_key(), (), _served(kept, cluster)))
    if labelled.can_count(dataset):
        said = (labelled.said_of(dataset),)
        key = labelled.labelled_key(dataset, log)
        write, still = _labelled(dataset, log, cluster), _still(dataset, log)
        found.append(Recipe(labelled.KIND, key, said, write, still))
    return found


def group_of(
    engine: Engine, log: Log, parts: tuple[Part, ...], cluster: Cluster | None = None
) -> Group:
    """Parts that are to be counted together."""
    hours = cluster.hours(log, parts) if cluster else hours_of(engine, log, parts)
    grains = grains_of(hours) if hours is not None else ()
    if hours is not None and cluster is None and "hour" not in grains:
        hours = hours.of_days()
    return Group(parts, hours, grains)


def _numbers(
    log: Log, grid: Grid, names: Sequence[str], cluster: Cluster | None
) -> Callable[[Engine, Sequence[Group], Path], None]:
    edges = {name: grid.edges[name] for name in names}
    own = Grid(grid.key, grid.log, edges, grid.tenths)

    def write(engine: Engine, groups: Sequence[Group], file: Path) -> None:
        import pyarrow as pa

        tables = [columns.empty_table(len(names))]
        for i, group in enumerate(groups):
            if group.hours is not None and group.grains:
                what = (log, group.parts, group.hours)
                counted = (
                    cluster.columns(*what, own) if cluster else count_columns(engine, *what, own)
                )
                tables.append(numbers_table(i, group.hours, counted, group.grains))
        write_sheet(pa.concat_tables(tables), file)

    return write


def _order_of(columns: Iterable[str]) -> list[str]:
    """By what the rows of a grain are ordered: those of bins are many and short."""
    there = set(columns)
    if "bin" in there:
        keys = ("period", "version", "kind", "of", "bin")
        return [name for name in keys if name in there]
    return ["name", "period"] if "name" in there else ["period"]


def write_sheet(table: pa.Table, file: Path) -> None:
    """Write rows in the order of time, those of each grain apart: who reads days reads no hours."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    kinds = {field.name: field.type for field in table.schema}
    dictionary = [n for n, kind in kinds.items() if kind in (pa.string(), pa.int32())]
    with pq.ParquetWriter(
        file, table.schema, compression="zstd", use_dictionary=dictionary
    ) as writer:
        for grain in pc.unique(table.column("grain")).to_pylist():
            mine = table.filter(pc.equal(table.column("grain"), grain))
            keys = _order_of(kinds)
            mine = mine.sort_by([(name, "ascending") for name in keys])
            rows = LONG_GROUP if "bin" in keys else 20 * ROW_GROUP if "name" in keys else ROW_GROUP
            writer.write_table(mine, row_group_size=rows)
        if not table.num_rows:
            writer.write_table(table)


def _levels(
    log: Log, names: Sequence[str], cluster: Cluster | None
) -> Callable[[Engine, Sequence[Group], Path], None]:
    def write(engine: Engine, groups: Sequence[Group], file: Path) -> None:
        import pyarrow as pa

        tables = [levels.empty_table()]
        for i, group in enumerate(groups):
            if group.hours is not None and group.grains:
                what = (log, group.parts, group.hours, names)
                counted = cluster.levels(*what) if cluster else count_levels(engine, *what)
                tables.append(levels_table(i, group.hours, counted, group.grains))
        write_sheet(pa.concat_tables(tables), file)

    return write


def _served(log: Log, cluster: Cluster | None) -> Callable[[Engine, Sequence[Group], Path], None]:
    def write(engine: Engine, groups: Sequence[Group], file: Path) -> None:
        counted = []
        for i, group in enumerate(groups):
            if cluster is None:
                rows = serving.source_sql(log, relation(log, group.parts))
                counted.append(
                    serving.counted_sql(rows, "hour" if "hour" in group.grains else "day")
                )
                continue
            aside = file.with_suffix(f".counted{i}")
            cluster.served(log, group.parts, aside)
            counted.append(f"SELECT * FROM read_parquet({quote_text(str(aside))})")
        copy_to(engine, serving.sheet_sql(counted, [group.grains for group in groups]), file)

    return write


def _labelled(
    dataset: Dataset, log: LogName, cluster: Cluster | None
) -> Callable[[Engine, Sequence[Group], Path], None]:
    def write(engine: Engine, groups: Sequence[Group], file: Path) -> None:
        placed = [_beside(engine, dataset, log, group.parts) for group in groups]
        centre = labelled.centre_of(engine, dataset, placed[0].source)
        grains = [group.grains for group in groups]
        counted = []
        for i, group in enumerate(groups):
            unit = labelled.unit_of(group.grains)
            rows = counted_sql(dataset, log, placed[i].source, centre, unit)
            if cluster is not None and labelled.is_kept(grains, i):
                aside = file.with_suffix(f".counted{i}")
                beside = labelled.files_of(engine, placed[i], aside)
                cluster.labelled((dataset, log, centre, unit), group.parts, beside, aside)
                rows = f"SELECT * FROM read_parquet({quote_text(str(aside))})"
            counted.append((rows, placed[i].stamp))
        copy_to(engine, labelled.sheet_sql(dataset, counted, grains), file)

    return write


def _still(dataset: Dataset, log: LogName) -> Still:
    def still(engine: Engine, sheet: Sheet, groups: Mapping[int, tuple[Part, ...]]) -> list[int]:
        placed = {i: _beside(engine, dataset, log, parts) for i, parts in groups.items()}
        return labelled.unchanged(engine, sheet, placed)

    return still


def _beside(
    engine: Engine, dataset: Dataset, log: LogName, parts: tuple[Part, ...]
) -> labelled.Beside:
    found = labelled.beside(engine, dataset, log, parts)
    if found is None:
        raise QueryError(
            f"Labels of {dataset.model} do not stand beside its rows, so they were not counted.",
            "They are being put there, or a file of the log is not as long as it was.",
            "Questions read the rows until the worker tries again.",
        )
    return found


def copy_to(engine: Engine, sql: str, file: Path) -> None:
    """Write a statement's rows as a sheet."""
    engine.rows(
        f"COPY ({sql}) TO {quote_text(str(file))}"
        f" (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE {LONG_GROUP})"
    )


def join_sheets(pieces: Iterable[tuple[Sheet, Mapping[int, object]]], file: Path) -> None:
    """Some groups of some sheets of one kind as one sheet, numbered in their order."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    tables, n = [], 0
    for sheet, groups in pieces:
        table = pq.read_table(sheet.file, partitioning=None)
        old = pa.array(list(groups), pa.int32())
        place = pc.index_in(table.column("grp").cast(pa.int32()), value_set=old)
        at = table.schema.get_field_index("grp")
        numbered = table.set_column(at, "grp", pc.add(place, pa.scalar(n, pa.int32())))
        tables.append(numbered.filter(pc.is_valid(place)))
        n += len(groups)
    write_sheet(pa.concat_tables(tables, promote_options="permissive"), file)
