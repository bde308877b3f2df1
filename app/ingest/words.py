"""What an import is asked, what it would do, and what it did: frozen, plain, showable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from analytics.core import ColumnType, Kind, LogName, Role, Task
from app.state.database import Database

Format = Literal[
    "csv", "jsonl", "json", "parquet",
    "sagemaker", "kserve", "oip", "mlserver", "seldon", "bentoml", "otlp", "objects",
]  # fmt: skip
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where imports go and under whose name: home folder, state database, actor, limits.

    ``roots`` are the folders that may be read; None allows the folders of the files given (the
    command line, where the user's own rights decide).
    """

    home: Path
    database: Database
    actor: str = "cli"
    roots: tuple[Path, ...] | None = None
    memory: str = "1GB"
    threads: int = 0
    hashes_users: bool = True  # users of events are kept as a keyed hash
    cluster: str = ""  # master of the Spark cluster that counts summaries; empty: this machine
    cluster_memory: str = ""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a person said: everything else is guessed and shown.

    ``mapping`` are (role, column) pairs as of ``--map``. ``kind`` None is guessed.
    """

    model: str
    kind: Kind | None = None
    log: LogName = "production"
    mapping: tuple[tuple[str, str], ...] = ()
    positive: str | None = None
    timezone: str | None = None
    format: str = "auto"
    task: Task | None = None
    threshold: float | None = None
    is_attached: bool = False
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read."""

    path: str
    n_bytes: int
    format: Format
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class PlanColumn:
    """One column: role and type with the reason, how it is converted, and what its values look like.

    ``path`` is its place in the file (pieces of a nested name), ``stored`` its canonical name.
    ``file_type`` is the type of its values in these files (None: no value at all), which is another
    than ``type`` where earlier imports had it otherwise. ``is_beside`` marks the text kept beside a
    numeric column whose values are no numbers here.
    """

    name: str
    path: tuple[str, ...]
    sql_type: str
    role: Role
    type: ColumnType
    conversion: str
    stored: str
    why: str
    class_name: str | None = None
    examples: tuple[str, ...] = ()
    file_type: ColumnType | None = None
    is_beside: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether numbers were here before, and most values are none now."""
        is_feature = self.role in ("feature", "segment")
        return is_feature and self.type == "numeric" and self.file_type not in (None, "numeric")

    @property
    def recorded_type(self) -> str:
        """What the manifest keeps: a feature's type by its values, empty without any."""
        if self.role in ("feature", "segment"):
            return self.file_type or ""
        return self.sql_type


@dataclass(frozen=True, slots=True)
class Question:
    """What is ambiguous, in words, and the options that would answer it."""

    what: str
    columns: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do, for confirmation; ``questions`` must be empty to run it.

    ``recognised`` is what a format of another system is called.
    """

    options: ImportOptions
    files: tuple[SourceFile, ...]
    format: Format
    kind: Kind
    columns: tuple[PlanColumn, ...]
    task: Task
    classes: tuple[str, ...] = ()
    positive: str | None = None
    threshold: float | None = None
    timezone: str = "UTC"
    is_zone_assumed: bool = False
    n_rows: int | None = None
    questions: tuple[Question, ...] = ()
    problems: tuple[str, ...] = ()
    computes: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    recognised: str = ""

    def of(self, role: str) -> list[PlanColumn]:
        """The columns of a role."""
        return [column for column in self.columns if column.role == role]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. ``aside`` counts rows set aside by reason."""

    import_id: str
    model: str
    log: LogName
    kind: Kind
    task: Task
    n_read: int = 0
    n_taken: int = 0
    n_duplicates: int = 0
    aside: dict[str, int] = field(default_factory=dict)
    n_labels: int = 0
    n_label_duplicates: int = 0
    n_labels_unmatched: int = 0
    n_parts: int = 0
    notes: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def n_aside(self) -> int:
        """Rows set aside."""
        return sum(self.aside.values())

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "n_aside": self.n_aside}
