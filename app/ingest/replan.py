"""Plans of what the API sends: the same columns of the same types again need no second look.

A plan is made by looking at the rows, which costs more than taking them. One made before holds for
a table with the same columns of the same types where nothing that a plan reads from values is new:
no column is empty that was not, no class is unknown to the model, no text has become a number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.sources.relation import canonical_text
from app.ingest.files import find_files
from app.ingest.plan import plan_import
from app.ingest.words import ImportOptions, ImportPlan, Place
from app.state.models import Model, find_model

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 64  # plans that are kept
NUMBER = r"^\s*[-+]?[0-9.]"


@dataclass(frozen=True, slots=True)
class _Made:
    """A plan, and what it was made from."""

    plan: ImportPlan
    model: Model


class Plans:
    """The latest plan of each shape of table; of one thread."""

    def __init__(self) -> None:
        self._made: dict[object, _Made] = {}

    def plan(self, place: Place, file: Path, table: pa.Table, options: ImportOptions) -> ImportPlan:
        """The plan of an import of this table, which stands in that file."""
        key = (options, tuple(_shape(table)))
        with place.database.read() as connection:
            model = find_model(connection, options.model)
        made = self._made.pop(key, None)
        if made is not None and made.model == model and _has_classes(made.model, table):
            self._made[key] = made
            return replace(made.plan, files=find_files([file], "parquet", place.roots))
        plan = plan_import(place, [file], options)
        if model is not None and not plan.questions and options.kind != "events":
            self._made[key] = _Made(plan, model)
            if len(self._made) > MOST:
                del self._made[next(iter(self._made))]
        return plan


def _shape(table: pa.Table) -> list[tuple[str, str, str]]:
    """Name, type and what a plan sees in the values, of every column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        looks = "empty" if column.null_count == len(column) else ""
        if not looks and pa.types.is_string(column.type) and name != "prediction_id":
            kinds = pc.value_counts(column.drop_null().slice(0, 2000))
            values = kinds.field("values")
            n_like = pc.sum(pc.match_substring_regex(values, NUMBER)).as_py() or 0
            looks = "numbers" if n_like > len(values) / 2 else "words"
        found.append((name, str(column.type), looks))
    return found


def _has_classes(model: Model, table: pa.Table) -> bool:
    """Whether the model knows every class of the table; a regression has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = set(model.schema.classes)
    for name in {"prediction", "label"} & set(table.column_names):
        values = pc.unique(table[name].drop_null())
        if model.schema.task == "regression" and not pa.types.is_string(values.type):
            continue
        if len(values) > len(known) or not {canonical_text(v) for v in values.to_pylist()} <= known:
            return False
    return True
