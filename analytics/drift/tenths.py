"""Divergences on a reference's tenths where its values are known by bin alone, as of another window.

Each decile lies in a known bin, so the rows up to it lie between those up to both edges of that
bin. All three divergences are convex in the shares: over every place that the deciles can have,
the greatest stands at corners, and none is below the plane that touches at a place between.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.drift.bins import Floats, is_filled, sizes, too_few
from analytics.needs import BinnedPair
from analytics.summaries.edges import decile_places

Counts = tuple[Floats, Floats]  # of the reference and of the current window
Span = tuple[float, float]
ROUNDING = 1e-14  # what sums of ten terms can be off
_X, _Y = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])  # the corners of a decile's place


@dataclass(frozen=True, slots=True)
class Divergence:
    """A convex function of two sets of shares, summed over bins.

    ``terms`` gives each bin's part and its gradients to both shares. ``estimate`` takes counts, rows
    and the span of the sum and gives the shown value (the root, where ``is_root``); its interval
    holds that of either end. ``is_padded``: half a row is added to each bin where one is empty.
    """

    terms: Callable[[Floats, Floats], tuple[Floats, Floats, Floats]]
    estimate: Callable[[Counts, tuple[int, int], Span | None], Estimate]
    is_root: bool = True
    is_padded: bool = False


@dataclass(frozen=True, slots=True)
class Upto:
    """Rows of both sides up to each decile, 0 before and all after them: a row a side.

    ``given`` are those where the rows of each bin stand evenly in it.
    """

    least: Floats
    most: Floats
    given: Floats

    def is_sure(self) -> bool:
        """Whether it is known of every tenth and side whether it is empty."""
        fewest = self.least[:, 1:] - self.most[:, :-1]
        return bool(((fewest > 0) | (self.most[:, 1:] == self.least[:, :-1])).all())


def rows_upto(pair: BinnedPair) -> Upto:
    """Where the cumulative counts at the deciles of the reference can lie.

    A decile lies between two neighbours in order. Where one value fills their bin it is the decile;
    else at least the lower neighbour's rows stand up to it, and at most all of the upper's bin.
    """
    sides = np.stack((pair.reference, pair.current))
    upto = np.cumsum(sides, axis=1)
    ranks = decile_places(sizes(pair)[1])[0] + 1.0
    i, j = (np.searchsorted(upto[0], rank) for rank in (ranks, ranks + 1))
    is_filled_below = _filled(pair.edges)[i]
    then = np.where(is_filled_below & (i == j), upto[0, i], ranks)
    rest = np.where(is_filled_below, 0.0, (upto[0, i] - ranks) / sides[0, i])  # part of the bin
    given = np.stack((then, upto[1, i] - rest * sides[1, i]))
    least = np.stack((then, upto[1, i] - np.where(is_filled_below, 0.0, sides[1, i])))
    first, last = np.zeros((2, 1)), upto[:, -1:]
    return Upto(*(np.concatenate((first, at, last), axis=1) for at in (least, upto[:, j], given)))


def _filled(edges: Floats) -> npt.NDArray[np.bool_]:
    """Which bins one value fills, those at both ends among them: an infinity."""
    first, last = edges[:1] == -np.inf, edges[-1:] >= np.finfo(np.float64).max
    found = np.concatenate((first, is_filled(edges), last)) if len(edges) else np.zeros(1, bool)
    return np.asarray(found, dtype=bool)


def span_of(divergence: Divergence, upto: Upto) -> Span:
    """The least and the most that the sum can be; it must be known which tenths are empty."""
    counts = np.diff(upto.given)
    kept = counts.sum(axis=0) > 0
    is_padded = divergence.is_padded and bool((counts[:, kept] == 0).any())
    half = 0.5 if is_padded else 0.0
    totals = upto.given[:, -1] + half * kept.sum()

    def terms(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        return divergence.terms(
            (x[..., kept] + half) / totals[0], (y[..., kept] + half) / totals[1]
        )

    parts, *gradients = terms(*counts)
    slopes = np.zeros_like(counts)
    slopes[:, kept] = np.stack(gradients) / totals[:, None]
    along = slopes[:, :-1] - slopes[:, 1:]  # a row more up to a decile is one less after it
    moves = [along * (end - upto.given)[:, 1:-1] for end in (upto.least, upto.most)]
    least = float(parts.sum() + np.minimum(*moves).sum())
    ends = np.stack((upto.least, upto.most))
    x, y = (corners[:, None, 1:] - corners[:, :-1] for corners in (ends[_X, 0], ends[_Y, 1]))
    steps = np.zeros_like(x)  # from a corner of one decile (second) to one of the next (first)
    steps[..., kept] = terms(x, y)[0]
    best = steps[:, 0, 0]
    for k in range(1, steps.shape[2]):
        best = (best + steps[:, :, k]).max(axis=1)
    return max(0.0, least - ROUNDING), float(best[0]) + ROUNDING


def from_tenths(
    pair: BinnedPair,
    divergence: Divergence,
    compute: Callable[[BinnedPair], Estimate],
    most_bound: float,
) -> tuple[Estimate, ...] | None:
    """What to show, the least and the most it can be; None where these are farther than allowed.

    Exact where the tenths are among the edges, or one value fills the bin of each. The value is that
    of rows that stand evenly in each bin; ``detail.bound`` is the farther of both ends from it.
    """
    undefined = too_few(pair)
    if undefined or pair.tenths is not None:
        found = undefined or compute(pair)
        return found, found
    upto = rows_upto(pair)
    if not upto.is_sure():
        return None
    is_exact = bool((upto.least == upto.most).all())
    span = None if is_exact else span_of(divergence, upto)
    counts = np.diff(upto.given)
    reference, current = counts[:, counts.sum(axis=0) > 0]
    found = divergence.estimate((reference, current), sizes(pair), span)
    if span is None:
        return found, found
    return _three(found, span, divergence.is_root, most_bound)


def _three(
    found: Estimate, span: Span, is_root: bool, most_bound: float
) -> tuple[Estimate, ...] | None:
    """What was found and both ends, each with its own part above the floor."""
    value, floor = found.value, found.detail["floor"]
    assert value is not None
    least, most = (math.sqrt(min(1.0, end)) if is_root else end for end in span)
    bound = max(most - value, value - least)
    if bound > most_bound:
        return None

    def at(end: float) -> Estimate:
        told = {"above_floor": max(0.0, end - floor), "bound": bound}
        return replace(found, value=end, detail={**found.detail, **told})

    return at(value), at(least), at(most)
