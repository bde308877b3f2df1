"""What metrics are computed from: read from summaries where these answer within a bound, else from rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analytics.catalog import Named
from analytics.core import Dataset, Scope
from analytics.needs import (
    ClassScores,
    Confusion,
    Moments,
    Pairs,
    Quantiles,
    Rankings,
    Ranks,
    Scores,
    Valued,
)
from analytics.query.custom import moments
from analytics.query.engine import Engine
from analytics.query.groups import Key
from analytics.query.performance import class_scores, confusions, pairs, scores
from analytics.query.rankings import quantiles, rankings, ranks, valued
from analytics.summaries.bounds import ENOUGH, bound_of
from analytics.summaries.outcomes import Outcomes

Need = tuple[type, bool | str]
_FETCH: dict[Need, Callable[[Engine, Dataset, Scope], Mapping[Key, Any]]] = {
    (Confusion, True): lambda e, d, s: confusions(e, d, s),
    (Confusion, False): lambda e, d, s: confusions(e, d, s, labelled=False),
    (Scores, True): lambda e, d, s: scores(e, d, s),
    (Scores, False): lambda e, d, s: scores(e, d, s, labelled=False),
    (ClassScores, True): class_scores,
    (Pairs, True): pairs,
    (Valued, True): valued,
    (Ranks, True): ranks,
    (Quantiles, True): quantiles,
    (Rankings, True): rankings,
}
_SUMMED: dict[Need, Callable[[Outcomes], Mapping[Key, Any] | None]] = {
    (Confusion, True): lambda found: found.confusions(),
    (Confusion, False): lambda found: found.confusions(labelled=False),
    (Scores, True): lambda found: found.scores(),
    (Scores, False): lambda found: found.scores(labelled=False),
    (ClassScores, True): lambda found: found.class_scores(),
    (Pairs, True): lambda found: found.residuals(),
}
_OF_SUMS = ("mean_error", "mae", "mse", "rmse", "r2")
_OF_CLASSES = ("roc_auc", "average_precision")


@dataclass(frozen=True, slots=True)
class Fetched:
    """Needs by period and version; ``bounds`` by metric, period and version where they are binned."""

    needs: dict[Need, Mapping[Key, Any]]
    bounds: dict[tuple[str, Key], float] = field(default_factory=dict)


def need_of(named: Named) -> Need:
    """What a metric needs; metrics of a model's own read the rows each for themselves."""
    metric = named.metric
    return metric.needs, named.name if metric.needs is Moments else metric.needs_labels


def fetch(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    named: Sequence[Named],
    counted: Outcomes | None = None,
) -> Fetched:
    """Everything that the metrics need, each need once: from summaries where these will do."""
    own = {custom.name: custom for custom in dataset.schema.custom}
    needs: dict[Need, Mapping[Key, Any]] = {}
    bounds: dict[tuple[str, Key], float] = {}
    for need in dict.fromkeys(need_of(n) for n in named):
        names = [n.name for n in named if need_of(n) == need]
        found = None if counted is None else _summed(counted, need, names)
        if found is not None:
            needs[need] = found[0]
            bounds |= found[1]
        elif need[0] is Moments:
            needs[need] = moments(engine, dataset, scope, own[str(need[1])])
        else:
            needs[need] = _FETCH[need](engine, dataset, scope)
    return Fetched(needs, bounds)


def _summed(
    counted: Outcomes, need: Need, names: Sequence[str]
) -> tuple[Mapping[Key, Any], dict[tuple[str, Key], float]] | None:
    """A need from summaries with its bounds; None where some metric of it is not known well enough."""
    if need not in _SUMMED or (need[0] is Pairs and not set(names) <= set(_OF_SUMS)):
        return None
    if need[0] is ClassScores and not set(names) <= set(_OF_CLASSES):
        return None
    found = _SUMMED[need](counted)
    if found is None:
        return None
    bounds = {}
    if need[0] in (Scores, ClassScores):
        for key, scored in found.items():
            for name in names:
                each = scored.by_class.values() if need[0] is ClassScores else (scored,)
                bound = max((bound_of(name, one) for one in each), default=math.inf)
                if bound > ENOUGH:
                    return None
                if bound > 0:
                    bounds[name, key] = bound
    return found, bounds
