"""Which predictions to label: a strategy of ``analytics.sampling`` over a model's log, as tasks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import LogEmpty, UsageError
from app.auth.viewer import Viewer
from app.labelling.access import check_set_up, find_project
from app.labelling.arrival import check_wanted
from app.labelling.tasks import QUEUES, Added, Item, add_tasks
from app.questions import Asked, build_question, clock
from app.state.database import Database
from app.state.labels import Purpose, task_table
from app.state.logs import load_dataset

if TYPE_CHECKING:
    from analytics.core import Dataset, Scope
    from analytics.query.by_id import Seen
    from analytics.query.engine import Engine
    from analytics.query.pool import Pool
    from analytics.sampling.candidates import Candidates, Choice

MOST_ROWS = 500_000  # of a window: each gets a chance of its own
MOST_FEATURES = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a queue is filled with: how many rows of which strategy, out of which question.

    ``asked`` names version, window and segment. ``other`` is a model whose answers on the same
    rows are compared (disagreement); ``options`` go to the strategy (measure, method).
    """

    queue: str
    n: int
    asked: Asked = field(default_factory=Asked)
    seed: int = 0
    other: str | None = None
    options: tuple[tuple[str, str], ...] = ()


def fill_queue(
    engine: Engine, database: Database, viewer: Viewer, project_id: int, wanted: Wanted
) -> Added:
    """Choose rows and make tasks of them; how many. Raises UsageError where none can be chosen.

    Each task keeps the chance with which its row was drawn, None where it was chosen for being hard.
    """
    if wanted.queue not in QUEUES:
        raise UsageError(
            f"There is no queue {wanted.queue!r}.", "", f"There are: {', '.join(QUEUES)}."
        )
    with database.read() as connection:
        project = find_project(connection, project_id)
        taken = _taken(connection, project_id)
    check_set_up(viewer, project.model)
    dataset = load_dataset(database, project.model).without_sensitive()
    now = clock(dataset, database.clock())
    check_wanted(engine, dataset, now)
    other = load_dataset(database, wanted.other) if wanted.other else None
    choice = choose(engine, dataset, wanted, now, (taken, other))
    place = wanted.asked.segment if wanted.queue == "slice" else None
    items = make_items(engine, dataset, choice, wanted.queue, place)
    return add_tasks(database, viewer, project_id, items)


def fill_gold(
    engine: Engine,
    database: Database,
    viewer: Viewer,
    project_id: int,
    counts: tuple[int, int],
    seed: int = 0,
) -> Added:
    """Make hidden gold and open practice items of rows whose label is known; ``counts`` of each."""
    from analytics.sampling import random

    n_gold, n_practice = counts
    with database.read() as connection:
        project = find_project(connection, project_id)
        taken = _taken(connection, project_id)
    check_set_up(viewer, project.model)
    dataset = load_dataset(database, project.model).without_sensitive()
    scope = _scope(dataset, Asked(), clock(dataset, database.clock()))
    pool = _settled(engine, dataset, scope)
    rows = [i for i, number in enumerate(pool.ids) if number not in taken]
    if not rows or n_gold + n_practice < 1:
        return Added(0)
    choice = random.choose(_candidates(pool, rows), n_gold + n_practice, seed=seed)
    labels = dict(zip(pool.ids, pool.y_true.tolist(), strict=True))
    items = make_items(engine, dataset, choice, "random", None)
    practice: list[Purpose] = ["practice"] * n_practice
    gold: list[Purpose] = ["gold"] * n_gold
    known = [
        replace(
            item, purpose=purpose, gold_label=_text(labels[item.prediction_id]), sampling_p=None
        )
        for item, purpose in zip(items, [*practice, *gold], strict=False)
    ]
    return add_tasks(database, viewer, project_id, known)


def choose(
    engine: Engine,
    dataset: Dataset,
    wanted: Wanted,
    now: datetime,
    besides: tuple[frozenset[str], Dataset | None] = (frozenset(), None),
) -> Choice:
    """The rows a strategy chooses; ``besides`` are ids to leave out, and the other model's log."""
    from analytics.query.pool import feature_columns, read_pool

    taken, other = besides
    is_slice = wanted.queue == "slice"
    if is_slice and not wanted.asked.segment:
        raise UsageError("The queue 'slice' needs a segment.", "", 'Give one, such as "x > 3".')
    asked = replace(wanted.asked, segment=None) if is_slice else wanted.asked
    scope = _scope(dataset, asked, now)
    has_features = wanted.queue in ("diverse", "active")
    features = feature_columns(dataset, MOST_FEATURES) if has_features else []
    pool = read_pool(engine, dataset, scope, features, most=MOST_ROWS + 1)
    if len(pool.ids) > MOST_ROWS:
        raise UsageError(
            f"The window has more than {MOST_ROWS:,} predictions.",
            "Each would be given a chance of its own.",
            "Choose a shorter window or a segment.",
        )
    is_known = wanted.queue == "misclassified"
    rows = [
        i
        for i, number in enumerate(pool.ids)
        if bool(pool.is_known[i]) == is_known and number not in taken
    ]
    if not rows:
        raise LogEmpty(
            "No row of this window is left to label.",
            "Every one has a label, or is in this project already.",
            "Choose a wider window or another queue.",
        )
    candidates = _candidates(pool, rows)
    found = _choice(engine, dataset, wanted, (pool, candidates, rows, features, now, other))
    is_part = bool(asked.segment)
    return replace(found, probabilities=(None,) * len(found.ids)) if is_part else found


def make_items(
    engine: Engine, dataset: Dataset, choice: Choice, queue: str, place: str | None = None
) -> list[Item]:
    """Chosen rows as items, with what the model saw and said; sensitive columns are not in them."""
    from analytics.query.by_id import rows_by_id

    seen = rows_by_id(engine, dataset.without_sensitive(), choice.ids)
    columns = (choice.ids, choice.probabilities, choice.scores, choice.reasons)
    return [
        Item(
            number,
            seen[number].data,
            said_of(seen[number]),
            seen[number].model_version,
            queue,
            reason,
            score,
            place,
            chance,
        )
        for number, chance, score, reason in zip(*columns, strict=True)
        if number in seen
    ]


def said_of(row: Seen) -> dict[str, Any]:
    """What the model said of a row, as a task keeps it."""
    return {"model_version": row.model_version, **row.said}


def _taken(connection: Connection, project_id: int) -> frozenset[str]:
    """The predictions that are tasks of the project already."""
    known = sa.select(task_table.c.prediction_id).where(task_table.c.project_id == project_id)
    return frozenset(connection.execute(known).scalars())


def _scope(dataset: Dataset, asked: Asked, now: datetime) -> Scope:
    from analytics.query.frame import whole

    return whole(build_question(dataset, replace(asked, reference="none"), now).scope)


def _settled(engine: Engine, dataset: Dataset, scope: Scope) -> Pool:
    from analytics.query.pool import read_pool

    return read_pool(engine, dataset, scope, [], most=MOST_ROWS, labelled_only=True)


def _candidates(pool: Pool, rows: Sequence[int]) -> Candidates:
    import numpy as np

    from analytics.sampling.candidates import Candidates

    at = np.array(list(rows), dtype=np.intp)
    return Candidates(
        tuple(pool.ids[i] for i in rows),
        y_pred=pool.y_pred[at],
        proba=None if pool.proba is None else pool.proba[at],
        classes=pool.classes,
        y_true=pool.y_true[at],
    )


def _choice(engine: Engine, dataset: Dataset, wanted: Wanted, given: Any) -> Choice:
    """Give the strategy what it needs and no more."""
    import importlib

    import numpy as np

    pool, candidates, rows, features, now, other = given
    options: dict[str, Any] = {**dict(wanted.options), "seed": wanted.seed}
    if wanted.queue == "slice":
        inside = _scope(dataset, wanted.asked, now)
        ids = set(_all_ids(engine, dataset, inside))
        strata = np.array(["slice" if i in ids else "rest" for i in candidates.ids], dtype=object)
        candidates = replace(candidates, strata=strata)
        options["quotas"] = {"slice": wanted.n}
    if wanted.queue == "disagreement":
        candidates = _with_others(engine, dataset, candidates, other)
    if features:
        candidates = replace(candidates, features=_matrix(pool, features)[rows])
    if wanted.queue == "active":
        options["expected"] = _expected(dataset, pool, features)[rows]
    name = {"slice": "quota"}.get(wanted.queue, wanted.queue)
    strategy = importlib.import_module(f"analytics.sampling.{name}")
    found: Choice = strategy.choose(candidates, wanted.n, **options)
    if wanted.queue == "slice":
        found = replace(found, reasons=(f"in {wanted.asked.segment}",) * len(found.ids))
    return found


def _all_ids(engine: Engine, dataset: Dataset, scope: Scope) -> tuple[str, ...]:
    from analytics.query.pool import read_pool

    return read_pool(engine, dataset, scope, [], most=MOST_ROWS).ids


def _matrix(pool: Pool, features: Any) -> Any:
    from analytics.query.samples import as_matrix

    return as_matrix(features, pool.features, pool.features)[0]


def _expected(dataset: Dataset, pool: Pool, features: Any) -> Any:
    """The loss that is expected of each row of the pool: wrong or right, or how far off."""
    import numpy as np

    from analytics.evaluate.plan import expected_of, loss_of

    loss = loss_of(dataset, "mae" if dataset.schema.task == "regression" else "accuracy")
    known = np.flatnonzero(pool.is_known)
    past = replace(
        pool,
        ids=tuple(pool.ids[i] for i in known.tolist()),
        features={name: values[known] for name, values in pool.features.items()},
        y_pred=pool.y_pred[known],
        y_true=pool.y_true[known],
        is_known=pool.is_known[known],
        proba=None if pool.proba is None else pool.proba[known],
    )
    return expected_of(dataset, loss, pool, past, features).loss


def _with_others(
    engine: Engine, dataset: Dataset, candidates: Candidates, other: Dataset | None
) -> Candidates:
    """With what users and another model said of the same rows."""
    import numpy as np

    from analytics.query.by_id import corrections, said_by
    from analytics.sources.relation import canonical_text

    is_number = dataset.schema.task == "regression"

    def aligned(said: dict[str, Any]) -> Any:
        values = [said.get(number) for number in candidates.ids]
        if is_number:
            return np.array([np.nan if v is None else float(v) for v in values])
        texts = [None if v is None else canonical_text(v) for v in values]
        return np.array(texts, dtype=object)

    told = {number: plain(text) for number, text in corrections(engine, dataset).items()}
    told = {k: v for k, v in told.items() if v is not None and (not is_number or _is_number(v))}
    if told:
        candidates = replace(candidates, feedback=aligned(told))
    if other is not None:
        answers = said_by(engine, other, candidates.ids)
        candidates = replace(candidates, others=(aligned(answers),))
    return candidates


def plain(text: str) -> str | None:
    """A correction as a label: itself, or the one value of its JSON; None where it is no value.

    >>> plain('"7"'), plain("7"), plain('{"label": 3}'), plain("[1, 2]")
    ('7', '7', '3', None)
    """
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, dict):
        value = next((value[k] for k in ("label", "value", "prediction") if k in value), None)
    return None if value is None or isinstance(value, dict | list) else _text(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    from analytics.sources.relation import canonical_text

    return canonical_text(value) or ""
