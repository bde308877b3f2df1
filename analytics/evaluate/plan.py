"""Plan which rows to label so that a number is known closely enough, and read it as labels come."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.core import Dataset, Estimate, Result, Scope
from analytics.errors import LogEmpty, UsageError
from analytics.estimate.losses import RowLoss, Said, plannable, row_loss
from analytics.estimate.lure import SETTLED, Drawn, lure
from analytics.estimate.plan import LEAST, Expected, Plan, need, reach, reach_at_random
from analytics.estimate.surrogate import MOST, History, expected_loss, own_loss
from analytics.needs import Floats
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.pool import Pool, feature_columns, labels_of, proba_of, read_pool
from analytics.query.samples import as_matrix
from analytics.sampling.active import chances, draw

MOST_ROWS = 500_000  # of a window: each gets a chance of its own
MOST_FEATURES = 100
POINTS = 30  # of the picture that compares a plan with random rows
STEPS = 40  # points of the path that shows how the interval shrinks


@dataclass(frozen=True, slots=True)
class Progress:
    """A plan's number as it stands: the Result, and how it came there.

    ``path`` has (labels, low, value, high) as they were after so many labels. ``n_behind`` labels
    came for rows further down the plan: they count when those before them are done. ``n_lost``
    rows could not be labelled by anybody; the number is then of the rest.
    """

    result: Result
    path: tuple[tuple[int, float, float, float], ...]
    n_behind: int
    n_lost: int
    is_reached: bool


@dataclass(frozen=True, slots=True)
class Come:
    """Losses of the plan's labelled rows; the places of those that count, and of those left out."""

    losses: Mapping[str, float]
    used: tuple[int, ...]
    dropped: tuple[int, ...]


def plan_labels(
    engine: Engine, dataset: Dataset, scope: Scope, metric: str, within: float, *, seed: int = 0
) -> Plan:
    """The rows to label so that ``metric`` over the scope is known to plus-minus ``within`` (95 %).

    Rows whose label is known, by whatever way, count as they are; the others are drawn in
    proportion to the root of their expected loss, learned from all labelled rows. Raises UsageError
    where nothing is left to label, the goal is no width, or the window has too many rows.
    """
    loss = loss_of(dataset, metric)
    if not within > 0:
        raise UsageError(f"Plus-minus {within:g} is no goal.", "", "Ask for a width above zero.")
    scope = whole(scope)
    features = feature_columns(dataset, MOST_FEATURES)
    pool = _pool_of(engine, dataset, scope, features)
    is_usable = usable(pool, loss)
    open_rows = np.flatnonzero(~pool.is_known & is_usable)
    known = np.flatnonzero(pool.is_known & is_usable)
    losses = loss.of(pool.y_true[known], said(pool).at(known))
    losses = losses[np.isfinite(losses)]
    if not len(open_rows):
        raise UsageError(
            "Every row of this window has a label already.",
            "There is nothing to plan: the metric is known.",
            "Choose a later window.",
        )
    past_scope = Scope(version=scope.version, as_of=scope.as_of)
    past = read_pool(engine, dataset, past_scope, features, most=MOST, labelled_only=True)
    expected = expected_of(dataset, loss, pool, past, features)
    open_part = Expected(expected.loss[open_rows], expected.variance[open_rows])
    share = len(open_rows) / (len(open_rows) + len(losses))
    found = replace(need(open_part, within / share), within=within)
    q = chances(expected.loss[open_rows])
    order, inclusion = draw(q, found.n, seed)
    more = draw(q, min(2 * found.n, len(q)), seed)[0]  # the same order, further on
    p = np.concatenate([inclusion, np.full(len(more) - len(order), np.nan)])
    return Plan(
        metric,
        within,
        found,
        len(losses),
        float(losses.sum()),
        float(expected.loss[open_rows].sum()),
        len(past.ids),
        seed,
        tuple(pool.ids[i] for i in open_rows[more].tolist()),
        q[more],
        p,
        expected.loss[open_rows][more],
        _curve(open_part, share, found.n_random),
    )


def _pool_of(engine: Engine, dataset: Dataset, scope: Scope, features: Any) -> Pool:
    """The rows of the window; an error where there are none, or too many to give each a chance."""
    pool = read_pool(engine, dataset, scope, features, most=MOST_ROWS + 1)
    if not pool.ids:
        raise LogEmpty("There are no predictions in this window.", "", "Choose a wider window.")
    if len(pool.ids) > MOST_ROWS:
        raise UsageError(
            f"The window has more than {MOST_ROWS:,} predictions.",
            "Each would be given a chance of its own.",
            "Choose a shorter window or a segment.",
        )
    return pool


def loss_of(dataset: Dataset, metric: str) -> RowLoss:
    """The row loss behind a metric of this model; NameUnknown where there is none."""
    return row_loss(metric, dataset.schema.task, has_score=dataset.schema.has("score"))


def plannable_metrics(dataset: Dataset) -> tuple[str, ...]:
    """The metrics that labels can be planned for."""
    return plannable(dataset.schema.task, has_score=dataset.schema.has("score"))


def usable(pool: Pool, loss: RowLoss) -> Any:
    """Rows whose answer has a loss once the label comes: a finite prediction, and scores if needed."""
    found = np.ones(len(pool.ids), dtype=bool)
    if np.issubdtype(pool.y_pred.dtype, np.floating):
        found &= np.isfinite(pool.y_pred)
    if loss.needs_score and pool.proba is not None:
        found &= np.isfinite(pool.proba).all(axis=1)
    return found


def said(pool: Pool) -> Said:
    """What the model said of the rows of a pool."""
    return Said(pool.y_pred, pool.proba, pool.classes)


def _curve(expected: Expected, share: float, n: int) -> tuple[tuple[int, float, float], ...]:
    """(labels, plus-minus of the plan, of random rows) up to half as many again as are needed."""
    last = min(max(n + n // 2, LEAST + 1), len(expected.loss))
    sizes = np.unique(np.geomspace(min(LEAST, last), last, POINTS).astype(int)).tolist()
    return tuple(
        (k, share * reach(expected, k), share * reach_at_random(expected, k)) for k in sizes
    )


def expected_of(dataset: Dataset, loss: RowLoss, pool: Pool, past: Pool, features: Any) -> Expected:
    """What is expected of each row of the pool, learned from the labelled rows of the past."""
    x_past, x = (
        as_matrix(features, past.features, pool.features) if features else _nothing(past, pool)
    )
    sides = [np.column_stack([m, _answers(dataset, p)]) for m, p in ((x_past, past), (x, pool))]
    history = None
    if past.ids:
        losses = loss.of(past.y_true, said(past))
        kept = np.isfinite(losses)
        history = History(sides[0][kept], losses[kept])
    own = _own(pool) if loss.is_share else None
    return expected_loss(sides[1], history, own, is_share=loss.is_share)


def _nothing(past: Pool, pool: Pool) -> tuple[Floats, Floats]:
    return np.empty((len(past.ids), 0)), np.empty((len(pool.ids), 0))


def _answers(dataset: Dataset, pool: Pool) -> Floats:
    """The model's answers as numbers: the prediction, and the scores where there are any."""
    if dataset.schema.task == "regression":
        return np.asarray(pool.y_pred, dtype=float).reshape(-1, 1)
    codes = {name: i for i, name in enumerate(dataset.schema.classes)}
    said = np.array([[codes.get(name, -1)] for name in pool.y_pred.tolist()], dtype=float)
    said = said.reshape(len(pool.ids), 1)
    if pool.proba is None:
        return said
    return np.column_stack([said, pool.proba, pool.proba.max(axis=1)])


def _own(pool: Pool) -> Floats | None:
    """What the model's own scores say of its chance to be wrong; None without them."""
    if pool.proba is None or not np.isfinite(pool.proba).all():
        return None
    at = {name: i for i, name in enumerate(pool.classes)}
    places = np.array([at.get(name, -1) for name in pool.y_pred.tolist()], dtype=np.intp)
    return None if (places < 0).any() else own_loss(pool.proba, places)


def read_plan(
    engine: Engine, dataset: Dataset, scope: Scope, plan: Plan, lost: Collection[str] = ()
) -> Progress:
    """The plan's number from the labels that have come; ``lost`` are rows nobody could label.

    Rows count from the front of the plan up to the first whose label has not come.
    """
    loss = loss_of(dataset, plan.metric)
    come = labels_come(engine, dataset, scope, plan, lost)
    labels, used, dropped = come.losses, come.used, come.dropped
    drawn = Drawn(
        np.array([labels[plan.ids[i]] for i in used]),
        plan.q[list(used)],
        plan.need.n_pool - len(dropped),
        float(plan.q[list(dropped)].sum()),
        plan.expected[list(used)],
        (plan.expected_total - float(plan.expected[list(dropped)].sum()))
        / max(plan.need.n_pool - len(dropped), 1),
    )
    sizes = np.unique(np.linspace(2, len(used), min(STEPS, max(len(used) - 1, 0))).astype(int))
    path = [(int(n), _of_window(plan, loss, _first(drawn, int(n)))) for n in sizes.tolist()]
    found = _of_window(plan, loss, drawn)
    half = None if found.low is None or found.high is None else (found.high - found.low) / 2
    enough = min(plan.need.n, SETTLED)  # who stops earlier stops at a lucky moment
    is_reached = half is not None and half <= plan.within and len(used) + len(dropped) >= enough
    result = _result(scope, plan, found, len(used), half)
    shown = [(n, e.low, e.value, e.high) for n, e in path]
    n_behind = len(labels) - len(used)
    return Progress(result, tuple(shown), n_behind, len(dropped), is_reached)  # type: ignore[arg-type]


def labels_come(
    engine: Engine, dataset: Dataset, scope: Scope, plan: Plan, lost: Collection[str]
) -> Come:
    """The losses of the plan's rows whose label has come, up to the first that has not."""
    found = labels_of(engine, dataset, whole(scope), plan.ids)
    values = _losses(dataset, loss_of(dataset, plan.metric), list(found.values())).tolist()
    losses = {row: v for row, v in zip(found, values, strict=True) if np.isfinite(v)}
    gone = (set(lost) | found.keys()) - losses.keys()
    done = next(
        (i for i, row in enumerate(plan.ids) if row not in losses and row not in gone),
        len(plan.ids),
    )
    used = tuple(i for i in range(done) if plan.ids[i] in losses)
    return Come(losses, used, tuple(i for i in range(done) if plan.ids[i] in gone))


def _first(drawn: Drawn, n: int) -> Drawn:
    expected = None if drawn.expected is None else drawn.expected[:n]
    return replace(drawn, loss=drawn.loss[:n], q=drawn.q[:n], expected=expected)


def _losses(dataset: Dataset, loss: RowLoss, labelled: list[tuple[Any, dict[str, Any]]]) -> Floats:
    if not labelled:
        return np.empty(0)
    kind: Any = float if dataset.schema.task == "regression" else object
    y_true = np.array([label for label, _said in labelled], dtype=kind)
    y_pred = np.array([said["said"] for _label, said in labelled], dtype=kind)
    names = [name for name in labelled[0][1] if name != "said"]
    columns = {
        name: np.array([said[name] for _label, said in labelled], dtype=float) for name in names
    }
    proba, classes = proba_of(dataset, columns, len(labelled))
    return loss.of(y_true, Said(y_pred, proba, classes))


def _of_window(plan: Plan, loss: RowLoss, drawn: Drawn) -> Estimate:
    """The estimate of the pool and the known losses together, as the metric."""
    found = lure(drawn, bounds=loss.bounds)
    if found.value is None or found.low is None or found.high is None:
        return found
    total = plan.n_known + drawn.n_pool
    ends = [
        loss.value((plan.known_loss + x * drawn.n_pool) / total)
        for x in (found.low, found.value, found.high)
    ]
    low, value, high = sorted(ends) if loss.is_gain else ends
    se = None if found.se is None else found.se * drawn.n_pool / total
    return replace(found, value=value, low=low, high=high, se=se)


def _result(scope: Scope, plan: Plan, found: Estimate, n: int, half: float | None) -> Result:
    detail = {
        **found.detail,
        "method": "lure",
        "within": plan.within,
        "plus_minus": half,
        "n_planned": plan.need.n,
        "n_random": plan.need.n_random,
        "n_known": plan.n_known,
        "n_from_plan": n,
    }
    return Result(
        name=plan.metric,
        value=found.value,
        n=plan.n_rows,
        verdict="undefined" if found.value is None else "ok",
        window=scope.window,
        low=found.low,
        high=found.high,
        interval=found.interval,
        n_labelled=plan.n_known + n,
        version=scope.version,
        segment=scope.segment.text if scope.segment else None,
        reason=found.reason,
        detail=detail,
    )
