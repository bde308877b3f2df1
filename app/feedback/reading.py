"""What the page reads beside the inbox: the prediction that was judged, what is like it, the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from analytics.core import Dataset, Estimate, Question, Result, Scope, Window
from analytics.sources.relation import canonical_text
from app.auth.viewer import Viewer
from app.state.database import Database
from app.state.feedback import Item, feedback_table
from app.state.inbox import load_of

if TYPE_CHECKING:
    from analytics.findings.voices import Week, Work
    from analytics.query.engine import Engine

WEEK = timedelta(days=7)
MOST_COLUMNS = 2  # of which the digest looks at every value
_c = feedback_table.c


@dataclass(frozen=True, slots=True)
class Judged:
    """The prediction that an item is about: its row with the label as it stands now."""

    row: dict[str, Any]
    is_right: bool | None  # None where no label is known, or the model predicts numbers


def open_judged(
    engine: Engine, database: Database, dataset: Dataset, viewer: Viewer, item: Item
) -> Judged | None:
    """What the user saw, with an audit row that says who looked; None where it is not logged."""
    from analytics.query.feedback import find_row

    viewer.check("feedback", dataset.model)
    row = find_row(engine, dataset, item.prediction_id)
    if row is None:
        return None
    with database.write(viewer.user) as write:
        write.audit("open", "prediction", f"{dataset.model}/{item.prediction_id}")
    said, label = row.get("prediction"), row.get("label")
    if dataset.schema.task == "regression" or said is None or label is None:
        return Judged(row, None)
    return Judged(row, canonical_text(said) == canonical_text(label))


def alike(engine: Engine, dataset: Dataset, column: str, value: str) -> Estimate:
    """The feedback on all predictions with the same value of a column."""
    from analytics.evaluate.feedback import feedback_like

    return feedback_like(engine, dataset, Question(Scope()), column, value)


def columns_of(dataset: Dataset) -> list[str]:
    """The columns by which feedback can be put together: declared segments first."""
    names = [c.name for c in dataset.schema.features if c.role == "segment"]
    names += [
        c.name
        for c in dataset.schema.features
        if c.type in ("categorical", "boolean") and c.name not in names
    ]
    has = set(dataset.log("predictions").columns)
    return [*(n for n in names if n in has), *(n for n in ("prediction",) if n in has)]


def work_of(database: Database, model: str, since: datetime | None = None) -> Work:
    """What was done with a model's feedback since a moment, and what is left."""
    from analytics.findings.voices import Work

    load = load_of(database, model)
    mine = _c.model == model
    recent = sa.true() if since is None else _c.resolved_at >= since
    sent = _c.label_sent_at.is_not(None) if since is None else _c.label_sent_at >= since
    number = sa.select(sa.func.count()).select_from(feedback_table)
    with database.read() as connection:
        closed = number.where(mine, _c.resolved_at.is_not(None), recent)
        n_closed = int(connection.execute(closed).scalar_one())
        n_sent = int(connection.execute(number.where(mine, sent)).scalar_one())
        fixed = sa.select(_c.fixed_by).where(mine, _c.fixed_by.is_not(None), recent).distinct()
        names = tuple(str(name) for name in connection.execute(fixed).scalars())
    return Work(n_closed, load.n_open, load.n_unassigned, load.oldest, n_sent, names)


def read_week(engine: Engine, database: Database, dataset: Dataset, end: datetime) -> Week:
    """The week up to a moment, and the one before."""
    from analytics.evaluate.feedback import feedback, feedback_by
    from analytics.findings.voices import Week

    def ask(start: datetime, until: datetime) -> list[Result]:
        return feedback(engine, dataset, Question(Scope(window=Window(start, until))))

    question = Question(Scope(window=Window(end - WEEK, end)))
    values: list[Result] = []
    columns: Sequence[str] = ("version", *columns_of(dataset)[:MOST_COLUMNS])
    for column in columns:
        values += feedback_by(engine, dataset, question, column)
    return Week(
        dataset.model,
        end,
        ask(end - WEEK, end),
        ask(end - 2 * WEEK, end - WEEK),
        [r for r in values if r.name == "negative_rate"],
        work_of(database, dataset.model, end - WEEK),
    )
