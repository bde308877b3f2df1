"""Whether a model's headline metrics held: each beside the reference and what the reference itself wanders."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from analytics.catalog import headline_names
from analytics.core import Dataset, Question, Result, Scope, Window
from analytics.evaluate.performance import performance
from analytics.query.engine import Engine
from analytics.query.frame import in_window, whole
from analytics.query.groups import count_groups
from analytics.stats.falls import pool, spread_beyond_chance
from analytics.summaries.outcomes import outcomes

PIECES = 10  # of the reference, whose scatter says how far the metric wanders by itself


def held(
    engine: Engine, dataset: Dataset, question: Question, *, now: datetime | None = None
) -> list[Result]:
    """Performance of the headline metrics, with what ``analytics.stats.falls`` needs of the reference.

    ``detail.se_reference`` is the standard error of the reference's own number, ``detail.spread``
    how far its pieces lie apart beyond chance.
    """
    names = question.names or headline_names(dataset.schema)
    found = performance(engine, dataset, replace(question, names=names), now=now)
    if question.reference is None:
        return found
    known = _wanders(engine, dataset, question.reference, names)
    nothing = {"spread": 0.0, "se_reference": 0.0}
    return [replace(r, detail={**r.detail, **known.get(_key(r), nothing)}) for r in found]


def _wanders(
    engine: Engine, dataset: Dataset, reference: Scope, names: tuple[str, ...]
) -> dict[tuple[str, object], dict[str, float]]:
    """Of each metric over the reference: its standard error, and its spread over pieces."""
    cuts = _by_time(engine, dataset, whole(reference)) or _by_rows(engine, dataset, reference)
    pieces = [
        r
        for cut in cuts
        for r in performance(engine, dataset, Question(cut, None, names))
        if r.value is not None
    ]
    found = {}
    for key in dict.fromkeys(map(_key, pieces)):
        mine = [r for r in pieces if _key(r) == key]
        found[key] = {"spread": spread_beyond_chance(mine), "se_reference": pool(mine).se}
    return found


def _by_rows(engine: Engine, dataset: Dataset, reference: Scope) -> list[Scope]:
    groups = list(count_groups(engine, dataset, whole(reference)))
    size = (groups[0].n if groups else 0) // PIECES
    return [replace(whole(reference), every=size)] if size else []


def _by_time(engine: Engine, dataset: Dataset, reference: Scope) -> list[Scope]:
    """Of a long log with summaries: pieces that end with the hour in which they have their tenth.

    Rows that are numbered are held all at once; an hour moves an end by its own rows at most.
    """
    counted = outcomes(engine, dataset, replace(reference, every="hour"))
    hours = counted.groups() if counted is not None else ()
    ends: list[datetime | None] = []
    total, n = sum(hour.n for hour in hours), 0
    for hour in hours:
        n += hour.n
        if n * PIECES >= (len(ends) + 1) * total and len(ends) < PIECES - 1:
            ends.append(hour.window.end)
    if len(ends) < PIECES - 1:
        return []
    window = reference.window
    edges = [window.start, *ends, window.end]
    return [in_window(reference, Window(a, b)) for a, b in pairwise(edges)]


def _key(result: Result) -> tuple[str, object]:
    return result.name, result.detail.get("class")
