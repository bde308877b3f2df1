"""The words of the house as frozen dataclasses: what a question is made of, and what an answer is.

No I/O, no clock, no global state. Times are naive UTC datetimes, windows are half open
``[start, end)``, ids and classes are text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from analytics.errors import NameUnknown

Task = Literal["binary", "multiclass", "regression", "none"]
Kind = Literal["predictions", "labels", "errors", "events", "resources", "feedback"]
LogName = Literal["production", "reference"]
Verdict = Literal["ok", "warning", "critical", "undefined"]
Better = Literal["higher", "lower", "zero", "neither"]
ColumnType = Literal["numeric", "categorical", "boolean", "time", "text", "embedding", "other"]
Role = Literal[
    "prediction_id",
    "timestamp",
    "label_time",
    "model_version",
    "prediction",
    "score",
    "label",
    "latency_ms",
    "status",
    "error_type",
    "error_message",
    "user_id",
    "session_id",
    "received_at",
    "event",
    "event_id",
    "source",
    "queue",
    "sampling_p",
    "quantile",
    "group",
    "segment",
    "feature",
    "ignore",
]

PEOPLE: tuple[Kind, ...] = ("events", "feedback")  # logs of what people did and said
# Columns that every stored part of a predictions log has, whatever was mapped.
RESERVED = (
    "row",
    "prediction_id",
    "timestamp",
    "model_version",
    "prediction",
    "score",
    "latency_ms",
    "status",
    "error_type",
    "error_message",
    "user_id",
    "session_id",
    "received_at",
    "date",
)
LABEL_PRECEDENCE = ("outcome", "adjudicated", "agreed", "annotator", "feedback")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a log: its name there, the role it plays, and the type that decides its tests."""

    name: str
    role: Role
    type: ColumnType
    class_name: str | None = None  # the class of `score_<class>`, the level of `quantile_<level>`
    is_sensitive: bool = False  # shown only to those who hold that right for the model


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """A metric of somebody's own: an expression over a row, and how rows are put together.

    ``aggregate`` is "mean", "share" (of rows for which the expression holds), "sum", or a quantile
    ("p50", "p90", "p95", "p99"). See ``analytics.query.expression`` for what an expression may say.
    """

    name: str
    expression: str
    aggregate: str = "mean"
    better: Better = "neither"
    label: str = ""
    tolerance: tuple[float, float] = (0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a model's log holds: task, classes and columns.

    ``positive`` is the canonical text of the positive class of a binary task. ``classes`` are
    canonical strings (1.0 = 1 = true = "1"), sorted; empty for regression.
    """

    task: Task
    columns: tuple[Column, ...]
    classes: tuple[str, ...] = ()
    positive: str | None = None
    threshold: float | None = None  # applied to the score only where no prediction was logged
    values: tuple[tuple[str, str, float], ...] = ()  # (true class, predicted class, worth of a row)
    custom: tuple[CustomMetric, ...] = ()

    def has(self, role: Role) -> bool:
        """Whether some column plays that role."""
        return any(column.role == role for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name, else NameUnknown with the nearest names."""
        for column in self.columns:
            if column.name == name:
                return column
        raise NameUnknown(
            f"There is no column {name!r} in this model's log.",
            "A column is named as in the file that was imported.",
            f"The columns are: {', '.join(column.name for column in self.columns)}.",
        )

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that the model saw (declared segments among them)."""
        return tuple(c for c in self.columns if c.role in ("feature", "segment"))


@dataclass(frozen=True, slots=True)
class Part:
    """One immutable file of a log.

    ``mapping`` is None for a part that Telltale wrote (columns under their canonical names); for
    an attached file it maps canonical name to (column in the file, conversion), see
    ``analytics.sources.relation``. ``start`` and ``end`` are the first and last timestamp
    (inclusive), None where the log has none. ``file_types`` says of which type each column was in
    the file that the part came from.
    """

    path: str
    n_rows: int
    fingerprint: str
    start: datetime | None = None
    end: datetime | None = None
    n_bytes: int = 0
    mapping: tuple[tuple[str, str, str], ...] | None = None
    file_types: tuple[tuple[str, str], ...] = ()

    def __hash__(self) -> int:
        return hash((self.path, self.fingerprint))  # logs have thousands, and are keys


@dataclass(frozen=True, slots=True)
class Log:
    """The parts that count, of one kind, and the columns they have together.

    ``columns`` are the canonical columns present in any part. ``is_unique`` says that no
    prediction_id stands twice (always so for logs that Telltale wrote).
    """

    kind: Kind
    parts: tuple[Part, ...] = ()
    columns: tuple[str, ...] = ()
    is_unique: bool = False

    @property
    def n_rows(self) -> int:
        """Rows in all parts."""
        return sum(part.n_rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything analytics may know of a model: schema, logs, and a fingerprint that changes with them.

    What people did and said grows all the time and changes ``people`` instead: few numbers read it.

    ``logs`` maps (log name, kind) to a Log. ``now`` for demo and replay is ``last_event``.
    """

    model: str
    schema: Schema
    logs: Mapping[tuple[LogName, Kind], Log]
    fingerprint: str
    label_precedence: tuple[str, ...] = LABEL_PRECEDENCE
    is_sample: bool = False
    is_replayed: bool = False  # every row came long after its event: the log's end is the present
    notes: tuple[str, ...] = ()

    def log(self, kind: Kind, name: LogName = "production") -> Log:
        """The log of that kind; an empty one when nothing was imported."""
        return self.logs.get((name, kind), Log(kind))

    @property
    def people(self) -> tuple[str, ...]:
        """Fingerprints of what people did and said."""
        return tuple(part.fingerprint for kind in PEOPLE for part in self.log(kind).parts)

    def without_sensitive(self) -> Dataset:
        """The dataset as somebody sees it who may not see sensitive columns: they are not there."""
        columns = tuple(c for c in self.schema.columns if not c.is_sensitive)
        if len(columns) == len(self.schema.columns):
            return self
        schema = replace(self.schema, columns=columns)
        return replace(self, schema=schema, fingerprint=f"{self.fingerprint}-masked")

    @property
    def first_event(self) -> datetime | None:
        """The earliest prediction's timestamp."""
        return min((p.start for p in self.log("predictions").parts if p.start), default=None)

    @property
    def last_event(self) -> datetime | None:
        """The latest prediction's timestamp."""
        return max((p.end for p in self.log("predictions").parts if p.end), default=None)


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time [start, end) in UTC, or of rows [first_row, last_row] in log order.

    All four None is the whole log. Row numbers start at 0 and the last one is included.
    """

    start: datetime | None = None
    end: datetime | None = None
    first_row: int | None = None
    last_row: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the window leaves nothing out."""
        return (self.start, self.end, self.first_row, self.last_row) == (None,) * 4


Every = Literal["hour", "day", "week", "month"] | int  # an int is a number of rows


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a segment or slice. ``value`` is a scalar, a tuple for `in`, None for null tests."""

    column: str
    operator: Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"]
    value: str | float | bool | tuple[str | float | bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Conditions that all hold; the text they were read from is kept for links and answers.

    With ``is_rest`` it is all other rows: those for which not all conditions hold.
    """

    conditions: tuple[Condition, ...]
    text: str
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """How one column is cut into cells: between ``edges`` (a, b], or by level, the rest together.

    ``fine`` are more edges, the others among them, at which a search may cut once more: at ``split``.
    """

    column: str
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    fine: tuple[float, ...] = ()
    split: float | None = None


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights by cell of some columns, so that one set of rows counts like another.

    ``cells`` are codes of the joint cells (see ``analytics.query.cells``); rows outside them are
    left out. ``share`` is the share of the other set's rows that lie in these cells.
    """

    cuts: tuple[Cut, ...]
    cells: tuple[str, ...]
    weights: tuple[float, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a query reads: one log, a window, a version, a segment, as known at a moment.

    ``every`` cuts the window into periods; with ``by_version`` each version is a group of its own.
    ``mix`` weighs labelled rows by cell. With ``wait`` labels count that came so many periods later.
    """

    log: LogName = "production"
    window: Window = Window()
    version: str | None = None
    segment: Segment | None = None
    as_of: datetime | None = None
    every: Every | None = None
    by_version: bool = False
    mix: Mix | None = None
    wait: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the scope, and what it is compared with.

    ``reference`` is a Scope (imported log, another window or version), or None for no comparison.
    ``names`` are metric or drift test names; empty means the defaults of the task. ``thresholds``
    maps a metric's name to (warning, critical) constants, else the band comes from the reference.
    """

    scope: Scope
    reference: Scope | None = None
    names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    is_exact: bool = True
    min_rows: int | None = None  # labelled rows that a slice or a group needs


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one method says about one set of rows: a value with its interval, or why there is none.

    ``low`` and ``high`` bound the 95 % interval, ``interval`` names its method. ``se`` is a
    standard error on the value's own scale where the method has one (comparisons use it).
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    interval: str | None = None
    n: int = 0
    se: float | None = None
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def undefined(cls, reason: str, n: int = 0) -> Estimate:
        """No value, and the reason why."""
        return cls(None, n=n, reason=reason)


@dataclass(frozen=True, slots=True)
class Result:
    """One answered number: never without its n, its interval and its verdict.

    ``n`` counts the rows of the window and segment, ``n_labelled`` those whose label is known.
    ``column`` is None for a metric of the whole model. ``detail`` holds what belongs to the name (class,
    p_value, p_adjusted, reference value, change, ...), plain JSON values; not ``is_exact``: its ``bound``.
    """

    name: str
    value: float | None
    n: int
    verdict: Verdict
    window: Window
    low: float | None = None
    high: float | None = None
    interval: str | None = None
    n_labelled: int | None = None
    column: str | None = None
    version: str | None = None
    segment: str | None = None
    reason: str | None = None
    is_exact: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence over Results that a person would say, and where to look next.

    ``weight`` orders findings (most important first). ``page`` is the page's file name without
    its ending, ``params`` what its link carries.
    """

    title: str
    sentence: str
    verdict: Verdict
    weight: float
    page: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """The declaration that ends a metric's file: what it needs and how it is computed.

    ``compute`` takes the need (an instance of ``needs``, a class of ``analytics.needs``) and a
    keyword ``of``: a class name, or an average ("macro", "micro", "weighted") for metrics with
    ``averages``; None for metrics without classes. It returns an Estimate and never raises on data.
    ``tolerance`` is the change against the reference that matters: (warning, critical), absolute
    for ``unit`` "share" or "score", relative to the reference value otherwise.
    """

    name: str
    label: str
    tasks: tuple[Task, ...]
    needs: type
    compute: Callable[..., Estimate]
    better: Better
    unit: Literal["share", "score", "label", "label squared", "nats"]
    meaning: str
    source: str
    averages: tuple[str, ...] = ()
    per_class: bool = False
    is_default: bool = True
    needs_labels: bool = True
    tolerance: tuple[float, float] = (0.02, 0.05)


@dataclass(frozen=True, slots=True)
class DriftTest:
    """The declaration that ends a drift test's file.

    ``compute`` takes a NumericPair or LevelPair (``needs``) and gives the raw statistic (SciPy's), its
    ``detail.p_value``, and where it decides ``above_floor``: the effect less noise, for ``tolerance``
    (warning, critical). ``from_bins`` of a BinnedPair: what to show first, last two with truth between.
    """

    name: str
    label: str
    needs: type
    compute: Callable[..., Estimate]
    meaning: str
    source: str
    decides: bool = False  # the one effect that gives the column its verdict
    is_default: bool = True
    tolerance: tuple[float, float] = (0.1, 0.2)
    from_bins: Callable[..., tuple[Estimate, ...] | None] | None = None


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """The declaration that ends a data quality check's file.

    ``compute`` takes a ColumnCounts or LogCounts (``needs``) and returns an Estimate;
    ``detail.p_value`` where there is evidence against the reference, ``detail.above_floor`` the
    effect that the verdict reads. ``types`` are the column types it applies to (empty: the log).
    """

    name: str
    label: str
    needs: type
    compute: Callable[..., Estimate]
    meaning: str
    source: str
    types: tuple[ColumnType, ...] = ()
    tolerance: tuple[float, float] = (0.02, 0.1)
