"""Importance weights: the reference's labelled rows counted so that they look like the rows of now.

A classifier tells rows of now from rows of the reference; the odds it gives a reference row that it
has not seen are how many rows of now stand for it. What the model did on rows like these is then
read off the reference. It assumes no concept drift, and rows of now that the reference lacks
cannot be stood for: the effective number of rows says how much is left.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from analytics.core import Estimate, Metric
from analytics.drift.domain_classifier_auc import capped, classifier
from analytics.estimate.cbpe import Calibration, bounded
from analytics.estimate.glance import MIN_ROWS as MANY
from analytics.estimate.glance import SURE, glance
from analytics.needs import Floats, Scores
from analytics.stats.classifier import FOLDS, out_of_fold, pooled_auc
from analytics.stats.intervals import Z95
from analytics.stats.ranking import delong

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

LARGEST = 0.01  # of the reference's rows have a weight that is cut
MIN_EFFECTIVE = 100  # rows that the weighted reference must be worth
MIN_COVERED = 0.9  # of the rows of now that the reference must have the like of
FAR = 0.7  # covered by the first fold alone: the others would not make up for it
ALIKE = 1.0  # standard errors above one half: folds that show less are not followed by others
MIN_ROWS = 100  # of a side: fewer teach nothing of how the two differ
LEARNED = 4  # how it is learned: another number, and what was kept counts no more
ASSUMES = "no concept drift"
REMEMBERED = 256  # periods whose likeness is kept: about 80 KB each


@dataclass(frozen=True, slots=True)
class Likeness:
    """The weight of each reference row, 1 on average, and what they rest on.

    ``auc`` (with ``se``) is how well the sides can be told apart. Where that is not beyond chance
    the mix is taken as unchanged: all weights are 1. ``covered`` is the share of the rows of now
    that the reference has the like of: what the odds of its rows add up to.
    """

    weight: Floats
    auc: float
    se: float
    is_shifted: bool
    covered: float = 1.0

    @property
    def n_effective(self) -> float:
        """Kish's number of unweighted rows that the weighted ones are worth."""
        return float(self.weight.sum()) ** 2 / float((self.weight**2).sum())

    @property
    def is_usable(self) -> bool:
        """Whether enough of the reference is like the rows of now."""
        return self.n_effective >= MIN_EFFECTIVE and self.covered >= MIN_COVERED

    def as_detail(self) -> dict[str, Any]:
        """What an answer says of the weights."""
        return {
            "n_effective": self.n_effective, "covered": self.covered, "shift_auc": self.auc,
            "shift_auc_low": self.auc - Z95 * self.se, "is_shifted": self.is_shifted,
        }  # fmt: skip


class _Memory:
    """Likenesses by the rows that they are of: a period that is over is asked about again and again."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, Likeness] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> Likeness | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: bytes, found: Likeness) -> None:
        with self._lock:
            self._found[key] = found
            while len(self._found) > REMEMBERED:
                self._found.popitem(last=False)


_memory = _Memory()


class Store(Protocol):
    """Where numbers learned of rows are kept under a fingerprint of these rows."""

    def get(self, key: str) -> Floats | None:
        """The numbers that were put there, else None."""

    def put(self, key: str, numbers: Floats) -> None:
        """Keep numbers."""


def liken(
    reference: Floats, current: Floats, is_category: tuple[bool, ...], store: Store | None = None
) -> Likeness | None:
    """Weights of the reference's rows; None where either side has fewer than 100.

    The same rows are learned once: what was found of the last 256 pairs of sides is remembered, and
    a ``store`` keeps it for longer.

    >>> rng = np.random.default_rng(0)
    >>> same = liken(rng.normal(size=(400, 2)), rng.normal(size=(300, 2)), (False, False))
    >>> same.is_shifted, same.n_effective
    (False, 400.0)
    """
    if min(len(reference), len(current)) < MIN_ROWS:
        return None
    key = hashlib.blake2b(repr((LEARNED, reference.shape, is_category)).encode(), digest_size=20)
    for side in (reference, current):
        key.update(np.ascontiguousarray(side).tobytes())
    found = _memory.get(key.digest())
    if found is not None:
        return found
    found = _read(store.get(key.hexdigest()), len(reference)) if store else None
    if found is None:
        found = _learn(reference, current, is_category)
        if store is not None:
            store.put(key.hexdigest(), _plain(found))
    _memory.put(key.digest(), found)
    return found


def _plain(found: Likeness) -> Floats:
    """A likeness as numbers; weights that are all 1 are left out."""
    facts = [found.auc, found.se, float(found.is_shifted), found.covered]
    return np.array([*facts, *(found.weight if found.is_shifted else ())])


def _read(kept: Floats | None, n: int) -> Likeness | None:
    """What ``_plain`` wrote of ``n`` rows of a reference; None where it is something else."""
    if kept is None or len(kept) not in (4, 4 + n):
        return None
    auc, se, is_shifted, covered = map(float, kept[:4])
    weight = kept[4:] if len(kept) > 4 else np.ones(n)
    return Likeness(weight, auc, se, bool(is_shifted), covered)


def _learn(reference: Floats, current: Floats, is_category: tuple[bool, ...]) -> Likeness:
    m, n = len(reference), len(current)
    x = capped(np.vstack([reference, current]), is_category)
    is_current = np.arange(m + n) >= m
    model = classifier(is_category)  # its threads can be limited once its library is there

    def fit(train: Any, test: Any) -> Floats:
        model.fit(x[train], is_current[train])
        return np.asarray(model.predict_proba(x[test])[:, 1], dtype=float)

    def is_told(side: Any, chance: Floats, folds: Any) -> bool:
        k = int(folds.max()) + 1
        auc, se = pooled_auc(side, chance, folds)
        is_far = k == 1 and _weigh(chance[~side], m / n)[1] < FAR
        return is_far or auc - max(ALIKE, _needed(k)) * se <= 0.5

    with _pools().limit(limits=1):
        if m + n >= MANY:
            auc, se = glance(x, is_current, is_category)
            if auc - SURE * se <= 0.5:  # halves: as many test rows as rows to learn from
                return Likeness(np.ones(m), auc, math.sqrt(2) * se, False)
        chance, folds = out_of_fold(is_current, fit, is_told)
    auc, se = pooled_auc(is_current, chance, folds)
    if auc - Z95 * se <= 0.5:
        return Likeness(np.ones(m), auc, se, False)
    if (folds < 0).any():  # far
        mine = folds == 0
        auc, se = delong(Scores.from_arrays(is_current[mine], chance[mine]))
        weight, covered = _weigh(chance[:m][mine[:m]], m / n)
        return Likeness(np.resize(weight, m) / weight.mean(), auc, se, True, covered)
    weight, covered = _weigh(chance[:m], m / n)
    return Likeness(weight / weight.mean(), auc, se, True, covered)


@cache
def _pools() -> ThreadpoolController:
    """What limits the threads of the trees' library; to be asked for once that is there."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _needed(k: int) -> float:
    """Standard errors above one half without which ``k`` folds are not followed by others.

    All folds together must lie ``Z95`` of theirs above it. If the others show what these do, give or
    take as much as chance gives in one of three, and that is not reached, they change nothing.

    >>> [round(_needed(k), 2) for k in range(1, FOLDS)]
    [0.38, 0.89, 1.24, 1.54]
    """
    left, share = FOLDS - k, 1 / (FOLDS - 1)  # test rows over train rows, as in ``pooled_auc``
    needed = Z95 * math.sqrt(1 / FOLDS + share)
    others = left / FOLDS * math.sqrt(1 / k + 1 / left)
    return (needed - others) / math.sqrt(1 / k + share)


def _weigh(chance: Floats, times: float) -> tuple[Floats, float]:
    """The odds of reference rows, the largest cut, and the share of the rows of now that they cover."""
    chance = np.clip(chance, 1e-6, 1 - 1e-6)
    odds = chance / (1 - chance)
    weight = np.minimum(odds, np.quantile(odds, 1 - LARGEST))
    return weight, min(float(weight.mean()) * times, 1.0)


def weighted_calibration(calibration: Calibration, likeness: Likeness) -> Calibration:
    """A calibration on weighted rows, as unsure as the fewer rows that they are worth."""
    times = len(likeness.weight) / max(likeness.n_effective, 1e-300)
    return replace(calibration, variance=calibration.variance * times)


def importance(metric: Metric, need: Any, of: str | None, n: int, likeness: Likeness) -> Estimate:
    """The metric of the weighted reference (``need``), as an estimate of ``n`` rows of now.

    The interval is of what those rows' own labels will say, so their chance is in it.
    """
    detail = {"method": "importance", "assumes": ASSUMES, **likeness.as_detail()}
    if not likeness.is_usable:
        return replace(too_unlike(likeness, n), detail=detail)
    found = metric.compute(need, of=of)
    if found.value is None or found.low is None or found.high is None:
        return replace(Estimate.undefined(found.reason or "it has no value", n), detail=detail)
    more = math.sqrt(1 + likeness.n_effective / max(n, 1))
    below, above = (found.value - found.low) * more, (found.high - found.value) * more
    low, _ = bounded(metric, found.value, below)
    _, high = bounded(metric, found.value, above)
    se = None if found.se is None else found.se * more
    detail["se_reference"] = found.se
    interval = f"{found.interval}, weighted"
    return Estimate(found.value, low, high, interval, n, se, detail=detail)


def blend(plain: Estimate, weighted: Estimate, own: Estimate) -> Estimate:
    """Plain CBPE moved towards the mean of weighted CBPE and the weighted reference's own metric.

    Of these two one is wrong by what the scores leave out, the other by the chance of few labels.
    Weights cost rows: under an unchanged mix the mean would lie off plain CBPE by chance alone, with
    the variance that the two have more of the reference (Hausman 1978). It is followed as far as
    it lies beyond that (James and Stein's factor, ``detail.followed``), so that few effective rows
    never make much of nothing. Ends move likewise: cautious, since the two do not err together.

    >>> here = [Estimate(v, v - 0.02, v + 0.02, detail={"se_reference": s}) for v, s in
    ...         ((0.9, 0.003), (0.88, 0.005), (0.84, 0.005))]
    >>> found = blend(*here)
    >>> round(found.value, 4), round(found.detail["followed"], 2)
    (0.8604, 0.99)
    >>> blend(here[0], here[0], here[0]).value
    0.9
    """
    value, low, high = (
        (float(a or 0.0) + float(b or 0.0)) / 2
        for a, b in zip(
            (weighted.value, weighted.low, weighted.high),
            (own.value, own.low, own.high),
            strict=True,
        )
    )
    gap, chance = value - float(plain.value or 0.0), _chance(plain, weighted, own)
    followed = max(1 - chance / gap**2, 0.0) if gap else 0.0
    se = None
    if weighted.se is not None and own.se is not None:
        se = _between(plain.se or 0.0, (weighted.se + own.se) / 2, followed)
    return replace(
        weighted,
        value=_between(plain.value, value, followed),
        low=_between(plain.low, low, followed),
        high=_between(plain.high, high, followed),
        se=se,
        interval="mean of two, as far as beyond chance",
        detail={**weighted.detail, "followed": followed},
    )


def _chance(plain: Estimate, weighted: Estimate, own: Estimate) -> float:
    """The variance of the mean of two about plain CBPE where the mix has not changed."""
    least = float(plain.detail.get("se_reference") or 0.0) ** 2
    parts = [float(e.detail.get("se_reference") or 0.0) ** 2 - least for e in (weighted, own)]
    return (sum(math.sqrt(max(part, 0.0)) for part in parts) / 2) ** 2


def _between(start: float | None, end: float, share: float) -> float:
    return float(start or 0.0) + share * (end - float(start or 0.0))


def too_unlike(likeness: Likeness, n: int) -> Estimate:
    """No estimate: the reference has too few rows like those of now."""
    if likeness.covered < MIN_COVERED:
        reason = (
            f"the reference has the like of {100 * likeness.covered:.0f} % of these rows only"
            f" (at least {100 * MIN_COVERED:.0f} %)"
        )
    else:
        reason = (
            f"too few rows of the reference are like these (worth {likeness.n_effective:.0f}, at"
            f" least {MIN_EFFECTIVE})"
        )
    return Estimate.undefined(reason, n)


def disagree(metric: Metric, estimates: Mapping[str, Estimate]) -> tuple[str, str] | None:
    """The two methods whose intervals lie furthest apart; None where all meet, or nearly.

    A gap of less than half the change that matters is none.

    >>> from analytics.performance.accuracy import METRIC
    >>> far = {"cbpe": Estimate(0.9, 0.89, 0.91), "importance": Estimate(0.8, 0.78, 0.82)}
    >>> disagree(METRIC, far), disagree(METRIC, {"cbpe": far["cbpe"]})
    (('cbpe', 'importance'), None)
    """
    there = {k: e for k, e in estimates.items() if e.low is not None and e.high is not None}
    if len(there) < 2:
        return None
    highest = max(there, key=lambda k: float(there[k].low or 0.0))
    lowest = min(there, key=lambda k: float(there[k].high or 0.0))
    top, bottom = there[highest], there[lowest]
    scale = 1.0 if metric.unit in ("share", "score") else abs(float(top.value or 0.0))
    gap = float(top.low or 0.0) - float(bottom.high or 0.0)
    apart = float(top.value or 0.0) - float(bottom.value or 0.0)
    if highest == lowest or gap <= 0 or apart < 0.5 * metric.tolerance[0] * scale:
        return None
    return highest, lowest
