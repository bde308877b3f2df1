"""A plan's labels read for a slice afterwards: the same rows, the same chances, one slice's number."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import numpy as np

from analytics.core import Dataset, Estimate, Result, Scope
from analytics.estimate.lure import Drawn, lure
from analytics.estimate.plan import Plan
from analytics.evaluate.plan import MOST_ROWS, Come, labels_come, loss_of, said, usable
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.pool import read_pool

LEAST = 10  # labels of the plan that a slice needs
FEW = "fewer than 10 labels of the plan are of this slice"


def read_plan_slice(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    plan: Plan,
    made_at: datetime,
    lost: Collection[str] = (),
) -> Result:
    """The plan's metric over the rows of ``scope``, a slice of the rows that it was made for.

    Rows whose label was known when the plan was made (``made_at``) count as they are. Of the others
    the losses outside the slice are set to nothing, and the mean that LURE then finds for the pool
    is divided by the slice's share of it, which is known: unbiased for any slice, chosen at any time.
    """
    loss = loss_of(dataset, plan.metric)
    pool = read_pool(engine, dataset, replace(whole(scope), as_of=made_at), (), most=MOST_ROWS)
    is_usable = usable(pool, loss)
    known = np.flatnonzero(pool.is_known & is_usable)
    known_losses = loss.of(pool.y_true[known], said(pool).at(known))
    known_losses = known_losses[np.isfinite(known_losses)]
    inside = {pool.ids[i] for i in np.flatnonzero(~pool.is_known & is_usable).tolist()}
    come = labels_come(engine, dataset, _of_plan(scope), plan, lost)
    n_open = len(inside) - sum(plan.ids[i] in inside for i in come.dropped)
    n_mine = sum(plan.ids[i] in inside for i in come.used)
    found = _open_part(plan, come, inside, n_open, loss.bounds)
    total = len(known_losses) + n_open
    if n_open and (found.value is None or n_mine < min(LEAST, n_open)):
        found = Estimate.undefined(found.reason or FEW, n_mine)
    else:
        ends = (found.low or 0.0, found.value or 0.0, found.high or 0.0)
        rest = float(known_losses.sum())
        values = [loss.value((rest + x * n_open) / max(total, 1)) for x in ends]
        low, value, high = sorted(values) if loss.is_gain else values
        found = replace(found, value=value, low=low, high=high)
    return Result(
        name=plan.metric,
        value=found.value,
        n=total,
        verdict="undefined" if found.value is None else "ok",
        window=scope.window,
        low=found.low,
        high=found.high,
        interval=found.interval,
        n_labelled=len(known_losses) + n_mine,
        version=scope.version,
        segment=scope.segment.text if scope.segment else None,
        reason=found.reason,
        detail={"method": "lure", "n_from_plan": n_mine, "n_known": len(known_losses)},
    )


def _of_plan(scope: Scope) -> Scope:
    """The plan's rows wherever they stand: they are asked for by name."""
    return replace(scope, segment=None)


def _open_part(
    plan: Plan, come: Come, inside: Collection[str], n_open: int, bounds: tuple[float, float]
) -> Estimate:
    """The mean loss of the slice's rows that had no label when the plan was made."""
    if not n_open:
        return Estimate(0.0, 0.0, 0.0, "every row is labelled", 0)
    n_pool = plan.need.n_pool - len(come.dropped)
    is_mine = np.array([plan.ids[i] in inside for i in come.used], dtype=bool)
    losses = np.array([come.losses[plan.ids[i]] for i in come.used], dtype=float)
    usual = plan.expected_total / max(plan.need.n_pool, 1)
    drawn = Drawn(
        np.where(is_mine, losses, 0.0),
        plan.q[list(come.used)],
        n_pool,
        float(plan.q[list(come.dropped)].sum()),
        np.where(is_mine, usual, 0.0),
        usual * n_open / max(n_pool, 1),
    )
    share = n_open / max(n_pool, 1)
    found = lure(drawn, bounds=(min(bounds[0] * share, 0.0), max(bounds[1] * share, 0.0)))
    if found.value is None or found.low is None or found.high is None:
        return found
    ends = [min(max(x / share, bounds[0]), bounds[1]) for x in (found.low, found.value, found.high)]
    return replace(found, low=ends[0], value=ends[1], high=ends[2])
