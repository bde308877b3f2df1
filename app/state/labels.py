"""Labelling as it stands: projects, tasks, leases, annotations, keys and hand-over notes.

Tables and plain values only; the verbs stand in ``app.labelling``. An annotation is never changed
by a later one: it is superseded, and stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

TaskKind = Literal["classes", "value"]
Policy = Literal["hidden", "after", "before", "tenth"]
ProjectState = Literal["open", "closed"]
TaskState = Literal["open", "done", "disputed"]
Purpose = Literal["work", "gold", "practice"]
Review = Literal["none", "accepted", "fixed", "rejected"]

_key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
metadata = sa.MetaData()
project_table = sa.Table(
    "label_project",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("classes", sa.Text, nullable=False),
    sa.Column("guideline", sa.Text, nullable=False),
    sa.Column("guideline_version", sa.Integer, nullable=False),
    sa.Column("people", sa.Text, nullable=False),
    sa.Column("overlap", sa.Integer, nullable=False),
    sa.Column("budget", sa.Integer),
    sa.Column("deadline", sa.DateTime),
    sa.Column("guard_ms", sa.Integer, nullable=False),
    sa.Column("policy", sa.String(10), nullable=False),
    sa.Column("gold_share", sa.Float, nullable=False),
    sa.Column("n_practice", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("created_by", sa.String(120), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
)
task_table = sa.Table(
    "label_task",
    metadata,
    sa.Column("id", _key, primary_key=True),
    sa.Column("project_id", sa.ForeignKey("label_project.id"), nullable=False),
    sa.Column("prediction_id", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("prediction", sa.Text, nullable=False),
    sa.Column("queue", sa.String(40), nullable=False),
    sa.Column("score", sa.Float),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("slice", sa.Text),
    sa.Column("sampling_p", sa.Float),
    sa.Column("purpose", sa.String(10), nullable=False),
    sa.Column("gold_label", sa.Text),
    sa.Column("overlap", sa.Integer, nullable=False),
    sa.Column("priority", sa.Float, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("n_answers", sa.Integer, nullable=False),
    sa.Column("accepted_label", sa.Text),
    sa.Column("accepted_source", sa.String(20)),
    sa.Column("accepted_at", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("project_id", "prediction_id"),
    sa.Index("label_task_turn", "project_id", "purpose", "state", "priority", "id"),
)
lease_table = sa.Table(
    "task_lease",
    metadata,
    sa.Column("task_id", sa.ForeignKey("label_task.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("person", sa.String(120), primary_key=True),
    sa.Column("taken_at", sa.DateTime, nullable=False),
    sa.Column("expires_at", sa.DateTime, nullable=False, index=True),
)
annotation_table = sa.Table(
    "annotation",
    metadata,
    sa.Column("id", _key, primary_key=True),
    sa.Column("unique_id", sa.String(80), nullable=False, unique=True),
    sa.Column("task_id", sa.ForeignKey("label_task.id"), nullable=False, index=True),
    sa.Column("project_id", sa.ForeignKey("label_project.id"), nullable=False),
    sa.Column("person", sa.String(120), nullable=False),
    sa.Column("answer", sa.Text),
    sa.Column("was_cancelled", sa.Boolean, nullable=False),
    sa.Column("cancel_reason", sa.Text),
    sa.Column("is_flagged", sa.Boolean, nullable=False),
    sa.Column("is_unsure", sa.Boolean, nullable=False),
    sa.Column("is_adjudication", sa.Boolean, nullable=False),
    sa.Column("ground_truth", sa.Boolean, nullable=False),
    sa.Column("lead_time", sa.Float),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("confidence", sa.Float),
    sa.Column("prediction_shown", sa.String(10), nullable=False),
    sa.Column("parent_prediction", sa.Text),
    sa.Column("parent_annotation", sa.String(80)),
    sa.Column("guideline_version", sa.Integer, nullable=False),
    sa.Column("client_seq", sa.Integer),
    sa.Column("review_status", sa.String(10), nullable=False),
    sa.Column("reviewed_by", sa.String(120)),
    sa.Column("reviewed_at", sa.DateTime),
    sa.Column("superseded_by", sa.String(80)),
    sa.Column("undone_at", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
    sa.Index("annotation_person", "project_id", "person", "id"),
)
keys_table = sa.Table(
    "label_keys",
    metadata,
    sa.Column("person", sa.String(120), primary_key=True),
    sa.Column("keys", sa.Text, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
)
handover_table = sa.Table(
    "label_handover",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("project_id", sa.ForeignKey("label_project.id"), nullable=False, index=True),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Guide:
    """What a class means, in words, with a few examples of it."""

    text: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """What a person decides about a labelling project.

    ``kind`` is "classes" or "value" (regression). ``people`` may label; nobody else is given tasks.
    ``guard_ms`` is the shortest time for which a card must have been seen (0: off). ``policy`` says
    when the model's answer is shown: never ("hidden"), once answered ("after"), at once
    ("before"), or at once on a tenth of the cards, drawn by chance, and else once answered ("tenth").
    """

    question: str
    kind: TaskKind = "classes"
    classes: tuple[str, ...] = ()
    guideline: Mapping[str, Guide] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    overlap: int = 1
    budget: int | None = None
    deadline: datetime | None = None
    guard_ms: int = 250
    policy: Policy = "after"
    gold_share: float = 0.05
    n_practice: int = 10


@dataclass(frozen=True, slots=True)
class Project:
    """One project with its set-up."""

    id: int
    model: str
    setup: Setup
    guideline_version: int
    state: ProjectState
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """One prediction to label.

    ``data`` are its features, ``prediction`` what the model said ({"model_version", "prediction",
    "score", "scores"}). ``queue`` and ``reason`` say why it is here, ``sampling_p`` with what
    probability it was chosen (None: it was chosen for being hard). ``gold_label`` is known for
    gold and practice items, which no screen may show before the answer.
    """

    id: int
    project_id: int
    prediction_id: str
    model_version: str | None
    data: Mapping[str, Any]
    prediction: Mapping[str, Any]
    queue: str
    score: float | None
    reason: str
    slice: str | None
    sampling_p: float | None
    purpose: Purpose
    gold_label: str | None
    overlap: int
    priority: float
    state: TaskState
    n_answers: int
    accepted_label: str | None
    accepted_source: str | None
    accepted_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Annotation:
    """One answer of one person, as it was given; it counts unless superseded or undone."""

    unique_id: str
    task_id: int
    project_id: int
    person: str
    answer: str | None
    was_cancelled: bool
    cancel_reason: str | None
    is_flagged: bool
    is_unsure: bool
    is_adjudication: bool
    ground_truth: bool
    lead_time: float | None
    comment: str
    confidence: float | None
    prediction_shown: str
    parent_prediction: str | None
    parent_annotation: str | None
    guideline_version: int
    client_seq: int | None
    review_status: Review
    reviewed_by: str | None
    reviewed_at: datetime | None
    superseded_by: str | None
    undone_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def counts(self) -> bool:
        """Whether this answer stands and says something."""
        stands = self.superseded_by is None and self.undone_at is None
        return stands and not self.was_cancelled and self.answer is not None


def to_project(row: Any) -> Project:
    """The dataclass of a row of ``label_project``."""
    guideline = {
        name: Guide(entry["text"], tuple(entry["examples"]))
        for name, entry in json.loads(row.guideline).items()
    }
    plain = ("question", "kind", "overlap", "budget", "deadline", "guard_ms", "policy")
    setup = Setup(
        classes=tuple(json.loads(row.classes)),
        guideline=guideline,
        people=tuple(json.loads(row.people)),
        gold_share=row.gold_share,
        n_practice=row.n_practice,
        **{name: getattr(row, name) for name in plain},
    )
    rest = ("id", "model", "guideline_version", "state", "created_by", "created_at", "updated_at")
    return Project(setup=setup, **{name: getattr(row, name) for name in rest})


def setup_values(setup: Setup) -> dict[str, Any]:
    """A set-up as values of the table's columns."""
    values = {name: getattr(setup, name) for name in Setup.__slots__}
    values["classes"], values["people"] = json.dumps(setup.classes), json.dumps(setup.people)
    values["guideline"] = json.dumps(
        {
            name: {"text": guide.text, "examples": list(guide.examples)}
            for name, guide in setup.guideline.items()
        },
        ensure_ascii=False,
    )
    return values


def to_task(row: Any) -> Task:
    """The dataclass of a row of ``label_task``."""
    values = {name: getattr(row, name) for name in Task.__slots__}
    values["data"], values["prediction"] = json.loads(row.data), json.loads(row.prediction)
    return Task(**values)


def to_annotation(row: Any) -> Annotation:
    """The dataclass of a row of ``annotation``."""
    values = {name: getattr(row, name) for name in Annotation.__slots__}
    for name in ("was_cancelled", "is_flagged", "is_unsure", "is_adjudication", "ground_truth"):
        values[name] = bool(values[name])
    return Annotation(**values)
