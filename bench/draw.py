"""Columns without drift, drawn as what the methods need: sorted values and counts, not rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.drift.ks import TEST as KS
from analytics.drift.tvd import TEST as TVD
from analytics.needs import ColumnCounts, LevelPair, NumericPair
from analytics.quality.missing_rate import CHECK as MISSING
from analytics.quality.unseen_rate import CHECK as UNSEEN

Floats = npt.NDArray[np.float64]
Judged = tuple[Estimate, tuple[float, float]]

MISSING_SHARE = 0.02
DISCRETE = 0.6 ** np.arange(40) * 0.4


def column(rng: np.random.Generator, shape: str, n: int, m: int) -> list[Judged]:
    """One column without drift: the estimates that decide, with their tolerances."""
    gone = rng.binomial((n, m), MISSING_SHARE)
    held, held_reference = n - int(gone[0]), m - int(gone[1])
    if shape.startswith("levels"):
        pair = _levels(rng, int(shape.split()[1]), held, held_reference)
        counts = _counts(pair, (n, m), (int(gone[0]), int(gone[1])))
        return [
            (TVD.compute(pair), TVD.tolerance),
            (MISSING.compute(counts), MISSING.tolerance),
            (UNSEEN.compute(counts), UNSEEN.tolerance),
        ]
    draw = _NUMBERS[shape]
    numbers = NumericPair(draw(rng, held_reference), draw(rng, held), int(gone[1]), int(gone[0]))
    counts = ColumnCounts(
        n=n, n_missing=int(gone[0]), n_distinct=0, n_reference=m, n_missing_reference=int(gone[1])
    )
    return [(KS.compute(numbers), KS.tolerance), (MISSING.compute(counts), MISSING.tolerance)]


def _even(rng: np.random.Generator, n: int) -> Floats:
    """Sorted uniform values, from the sums of exponential gaps."""
    sums = np.cumsum(rng.standard_exponential(n + 1))
    return np.asarray(sums[:-1] / sums[-1])


def _heavy(rng: np.random.Generator, n: int) -> Floats:
    return np.asarray(1 / (1 - _even(rng, n)))  # Pareto without a mean


def _discrete(rng: np.random.Generator, n: int) -> Floats:
    p = DISCRETE / DISCRETE.sum()
    return np.repeat(np.arange(float(len(p))), rng.multinomial(n, p))


_NUMBERS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "even": _even,
    "heavy": _heavy,
    "discrete": _discrete,
}
NAMES = {k: tuple(f"v{i}" for i in range(k)) for k in (2, 10, 100, 1000)}


def level_shares(k: int) -> Floats:
    """A long tail: shares fall as 1 / sqrt(rank)."""
    weight = 1 / np.sqrt(np.arange(1, k + 1))
    return np.asarray(weight / weight.sum())


def _levels(rng: np.random.Generator, k: int, n: int, m: int) -> LevelPair:
    counts = rng.multinomial((m, n), level_shares(k)).astype(float)
    seen = counts.sum(axis=0) > 0
    names = tuple(name for name, is_seen in zip(NAMES[k], seen.tolist(), strict=True) if is_seen)
    return LevelPair(names, counts[0, seen], counts[1, seen])


def _counts(pair: LevelPair, rows: tuple[int, int], gone: tuple[int, int]) -> ColumnCounts:
    unseen = np.sort(pair.current[pair.reference == 0])[::-1]
    return ColumnCounts(
        n=rows[0],
        n_missing=gone[0],
        n_distinct=int((pair.current > 0).sum()),
        n_unseen=int(unseen.sum()),
        n_reference=rows[1],
        n_missing_reference=gone[1],
        n_distinct_reference=int((pair.reference > 0).sum()),
        n_singletons_reference=int((pair.reference == 1).sum()),
        unseen_levels=tuple((f"u{i}", int(c)) for i, c in enumerate(unseen[:20].tolist())),
    )
