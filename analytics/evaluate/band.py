"""The mean of a metric over all periods so far, with a band that holds however often somebody looks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from analytics.catalog import headline_names
from analytics.core import Dataset, Question, Result, Scope, Window
from analytics.evaluate.changes import KEPT
from analytics.evaluate.performance import MIN_LABELLED, performance
from analytics.query.engine import Engine
from analytics.query.groups import Key, period_of
from analytics.query.losses import RowLoss, row_losses
from analytics.query.sums import loss_sums
from analytics.stats.sequences import Band, Sums, asymptotic_band, bounded_band

PART = "always-valid band"  # what a number is of, beside the metric of the same name
ALPHA = 0.05  # the chance that the band ever misses
INTERVALS = {
    "empirical_bernstein": "always valid, empirical Bernstein",
    "asymptotic": "always valid, asymptotic",
}


@dataclass(frozen=True, slots=True)
class _Source:
    """What a metric's sums are taken from: its rows' losses, else each period's value and error."""

    scope: Scope
    loss: RowLoss | None
    sums: Mapping[Key, tuple[int, float, float]] | None


def always_valid(
    engine: Engine, dataset: Dataset, question: Question, *, now: datetime | None = None
) -> list[Result]:
    """Each asked metric's running mean after every period, by version where that is asked for.

    The band holds for all looks together: it ever misses the mean of what held so far with a chance
    of 5 %. A loss with a bound has an empirical-Bernstein band from (rows, sum, sum of squares) of
    each period; every other metric, and weighted rows, an asymptotic one, which is for many rows.
    ``window`` runs from the first period to the one that ended. Periods that still wait for labels
    are left out: what was seen once stays as it was.
    """
    names = question.names or headline_names(dataset.schema)[:1]
    every = question.scope.every or ("week" if dataset.first_event is not None else 1000)
    scope = replace(question.scope, every=every)
    asked = replace(question, scope=scope, reference=None, names=tuple(names))
    series: dict[tuple[str, str | None, str | None], list[Result]] = {}
    for r in performance(engine, dataset, asked, now=now):
        series.setdefault((r.name, r.detail.get("class"), r.version), []).append(r)
    known = row_losses(dataset)
    sources = {}
    for name in dict.fromkeys(key[0] for key in series):
        loss = known.get(name)
        sums = loss_sums(engine, dataset, scope, loss) if loss else None
        sources[name] = _Source(scope, loss, sums)
    return [r for key, rs in series.items() for r in _of_series(rs, sources[key[0]])]


def _of_series(results: Sequence[Result], source: _Source) -> list[Result]:
    settled = list(takewhile(lambda r: r.detail.get("maturity") != "provisional", results))
    periods, sums = _sums(settled, source)
    if not periods:
        return []
    band, method = _band(sums, source)
    found, n, n_labelled = [], 0, 0.0
    for i, r in enumerate(periods):
        n, n_labelled = n + r.n, n_labelled + float(sums.n[i])
        found.append(_result(periods[0], r, (n, round(n_labelled)), _at(band, i, source), method))
    return found


def _sums(results: Sequence[Result], source: _Source) -> tuple[list[Result], Sums]:
    """The periods that count, and their sums; a value with its error stands for rows of its spread."""
    found: list[tuple[Result, tuple[float, float, float]]] = []
    for r in results:
        if source.sums is not None:
            key = period_of(source.scope, r.window), r.version if source.scope.by_version else None
            if key in source.sums:
                found.append((r, source.sums[key]))
            continue
        n, se, value = float(r.n_labelled or r.n), r.detail.get("se"), r.value
        if r.verdict != "undefined" and value is not None and se and math.isfinite(se):
            found.append((r, (n, n * value, n * (value**2 + n * float(se) ** 2))))
    columns = zip(*(row for _r, row in found), strict=True) if found else ([], [], [])
    return [r for r, _row in found], Sums.of(*map(list, columns))


def _band(sums: Sums, source: _Source) -> tuple[Band, str]:
    most = source.loss.most if source.loss is not None and source.sums is not None else None
    if most is None:
        return asymptotic_band(sums, ALPHA), "asymptotic"
    unit = bounded_band(Sums(sums.n, sums.total / most, sums.squares / most**2), ALPHA)
    return Band(unit.mean * most, unit.low * most, unit.high * most), "empirical_bernstein"


def _at(band: Band, i: int, source: _Source) -> tuple[float, float, float]:
    """(mean, low, high) of the metric after a period."""
    three = [float(v[i]) for v in (band.mean, band.low, band.high)]
    if source.loss is not None and source.sums is not None:
        three = [source.loss.of_mean(v, 0.0)[0] for v in three]
    return three[0], min(three), max(three)


def _result(
    first: Result, last: Result, n: tuple[int, int], at: tuple[float, float, float], method: str
) -> Result:
    a, b = first.window, last.window
    detail = {k: first.detail[k] for k in KEPT if k in first.detail}
    detail |= {"part": PART, "method": method, "chance": ALPHA}
    value, low, high = at
    found = replace(
        last, value=value, low=low, high=high, interval=INTERVALS[method], n=n[0],
        n_labelled=n[1], verdict="ok", reason=None, detail=detail,
        window=Window(a.start, b.end, a.first_row, b.last_row),
    )  # fmt: skip
    if n[1] >= MIN_LABELLED:
        return found
    reason = f"too few labels ({n[1]}, at least {MIN_LABELLED})"
    return replace(found, low=None, high=None, verdict="undefined", reason=reason)
