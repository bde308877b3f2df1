"""The training set of a model: labelled rows with weights and where each label came from."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from app.auth.viewer import Viewer
from app.questions import Asked, build_question, clock
from app.state.database import Database
from app.state.logs import home_of, load_dataset

if TYPE_CHECKING:
    from analytics.query.engine import Engine

Format = Literal["parquet", "csv"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows, in which format, with sensitive columns or without."""

    asked: Asked = field(default_factory=Asked)
    kind: Format = "parquet"
    with_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """One file, how many rows it has, and which sensitive columns are in it."""

    content: bytes
    n_rows: int
    sensitive: tuple[str, ...]


def export_training(
    engine: Engine,
    database: Database,
    viewer: Viewer,
    model: str,
    wanted: Wanted,
) -> TrainingSet:
    """The labelled rows of a selection as one file, with an audit row.

    Sensitive columns are in it only when asked for, by somebody with the right to see them.
    """
    from analytics.query.frame import whole
    from analytics.query.training import write_training

    viewer.check("export", model)
    if wanted.with_sensitive:
        viewer.check("see_sensitive", model)
    asked, kind = wanted.asked, wanted.kind
    full = load_dataset(database, model)
    dataset = full if wanted.with_sensitive else full.without_sensitive()
    now = clock(dataset, database.clock())
    scope = whole(build_question(dataset, replace(asked, reference="none"), now).scope)
    folder = home_of(database) / "exports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"{secrets.token_hex(8)}.{kind}"
    try:
        n = write_training(engine, dataset, scope, target, kind)
        named = tuple(c.name for c in dataset.schema.features if c.is_sensitive)
        with database.write(viewer.user) as write:
            said = {"n_rows": n, "format": kind, "segment": asked.segment, "sensitive": list(named)}
            write.audit("export training set", "model", model, **said)
        return TrainingSet(target.read_bytes(), n, named)
    finally:
        target.unlink(missing_ok=True)
