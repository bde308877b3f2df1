"""What labels still on their way do to a change, and the weights that stand in for them."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from analytics.evaluate.performance import SETTLED_SHARE
from analytics.explain.maturity import Maturity, maturity_part, weights_by_delay
from analytics.explain.parts import Side
from analytics.query.engine import Engine
from analytics.query.groups import count_groups, label_delay
from analytics.query.ripeness import Ripeness, delay_edges, old_enough
from analytics.query.why import Asked, sums_by_delay


def ripen(
    engine: Engine, asked: Asked, now: datetime | None
) -> tuple[Maturity | None, Ripeness | None]:
    """What labels on their way do to the change; nothing where all have come or none tells when."""
    then, this = asked.scopes
    if now is None or not asked.terms.needs_labels:
        return None, None
    delay = label_delay(engine, asked.dataset, then) or label_delay(engine, asked.dataset, this)
    groups = count_groups(engine, asked.dataset, this, now=now, delay=delay)
    n, n_young = sum(g.n for g in groups), sum(g.n_young for g in groups)
    if delay is None or n_young <= SETTLED_SHARE * n:
        return None, None
    edges = delay_edges(engine, asked.dataset, then) or delay_edges(engine, asked.dataset, this)
    if not edges:
        return None, None
    settled = (1.0,) * len(edges)
    is_imported = then.log == "reference"
    old = (
        settled if is_imported else old_enough(engine, asked.dataset, then, edges, now),
        old_enough(engine, asked.dataset, this, edges, now),
    )
    weights = weights_by_delay(*old)
    sums = sums_by_delay(engine, asked, edges)
    ones = np.ones(1)  # labels of which nobody knows when they came
    known = tuple(np.append(w, ones) for w in weights)
    sides = tuple(Side.from_rows(s, [x[4] for x in s]) for s in sums)
    if any(float(w @ s.under) <= 0 for w, s in zip(known, sides, strict=True)):
        return None, None
    part = maturity_part((sides[0], sides[1]), (known[0], known[1]), is_root=asked.terms.is_root)
    ripe = (tuple(weights[0].tolist()), tuple(weights[1].tolist()))
    return part, Ripeness(now, edges, ripe)
