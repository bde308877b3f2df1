"""Where a numeric column is cut into bins: its reference's tenths, finer quantiles, heavy values.

Bins are (a, b], ends open; what has no value is a bin of its own, the last. NumPy only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analytics.needs import Floats

Counts = npt.NDArray[np.int64]

TENTHS = 10
FINE = 400  # a bin has about this share of the reference's rows: what a gap may hide
SPREAD = 160  # more of them, where a wide bin has many rows: what a distance may hide
FINEST = 10  # the outermost bins are halved so often: one far value makes a wide bin of few rows


def decile_edges(values: Floats) -> Floats:
    """The distinct inner deciles of sorted values (nine, linear interpolation, fewer with ties).

    Between two neighbours of which one is infinite the lower one is the decile.

    >>> decile_edges(np.arange(11.0)).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    """
    low, t = decile_places(len(values))
    a, b = values[low], values[np.minimum(low + 1, len(values) - 1)]
    with np.errstate(over="ignore", invalid="ignore"):
        up, down = a + (b - a) * t, b - (b - a) * (1 - t)
    between = np.where(t < 0.5, up, down)
    return np.unique(np.where(np.isfinite(between) & (a != b), between, a))


def decile_places(n: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """(place of the value just below each inner decile of n sorted ones, part of the way to the next).

    >>> decile_places(11)[0].tolist()
    [1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    position = np.arange(1, TENTHS) / TENTHS * (n - 1)
    low = np.floor(position).astype(np.intp)
    return low, position - low


def grid_edges(values: Floats) -> Floats:
    """The edges of the bins that stand for sorted values without missing ones; none where none is.

    A value that alone has the rows of a bin gets one for itself, with an edge just below it.

    >>> grid_edges(np.array([5.0] * 9)).tolist() == [np.nextafter(5.0, 0), 5.0]
    True
    """
    n = len(values)
    if not n:
        return values
    shares = np.concatenate((np.arange(1, FINE) / FINE, 0.5 ** np.arange(1, FINEST) / FINE))
    shares = np.concatenate((shares, 1 - 0.5 ** np.arange(1, FINEST) / FINE))
    places = np.ceil(shares * n).astype(np.intp) - 1
    chosen = np.unique(values[np.clip(places, 0, n - 1)])
    rows = np.searchsorted(values, chosen, "right") - np.searchsorted(values, chosen)
    heavy = chosen[rows * FINE > n]
    with np.errstate(over="ignore"):
        below = np.nextafter(heavy, -np.inf)
    found: Floats = np.unique(np.concatenate((decile_edges(values), chosen, heavy, below)))
    return np.unique(np.concatenate((found, _spread(values, found))))


def _spread(values: Floats, edges: Floats) -> Floats:
    """More edges, so that rows times width of a bin are alike: that sum is what a distance may hide."""
    low, high = np.searchsorted(values, -np.inf, side="right"), np.searchsorted(values, np.inf)
    if high - low < 2:
        return values[:0]
    at = np.unique(np.concatenate((values[[low, high - 1]], edges[np.isfinite(edges)])))
    with np.errstate(over="ignore"):
        weight = np.sqrt(np.diff(np.searchsorted(values, at, side="right")) * np.diff(at))
    if len(at) < 2 or not 0 < weight.sum() < np.inf:
        return values[:0]
    along = np.concatenate(([0.0], np.cumsum(weight)))
    places = np.linspace(0.0, along[-1], SPREAD + 2)[1:-1]
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.interp(places, along, at)
    return np.asarray(found[np.isfinite(found)], dtype=float)


def bin_sorted(values: Floats, edges: Floats) -> Counts:
    """Rows of sorted values without missing ones in each bin, the bin of missing ones left out.

    >>> bin_sorted(np.array([1.0, 2.0, 2.0, 9.0]), np.array([1.0, 2.0])).tolist()
    [1, 2, 1]
    """
    upto = np.searchsorted(values, edges, side="right")
    return np.diff(np.concatenate(([0], upto, [len(values)]))).astype(np.int64)


def narrow(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.unsignedinteger]:
    """The same counts in the smallest unsigned type that holds them, little endian."""
    most = int(counts.max(initial=0))
    kind = next(k for k in ("<u1", "<u2", "<u4", "<u8") if most <= np.iinfo(k).max)
    return counts.astype(kind)


def widen(blobs: list[bytes], n_bins: int) -> npt.NDArray[np.unsignedinteger]:
    """Blobs as ``narrow`` made them, a row each, in the widest type of any of them.

    >>> widen([narrow(np.array([1, 2])).tobytes(), narrow(np.array([3, 300])).tobytes()], 2).tolist()
    [[1, 2], [3, 300]]
    """
    widths = np.array([len(blob) // n_bins for blob in blobs])
    found = np.empty((len(blobs), n_bins), dtype=f"<u{int(widths.max(initial=1))}")
    for width in np.unique(widths).tolist():
        at = np.flatnonzero(widths == width)
        text = b"".join(blobs[i] for i in at.tolist())
        found[at] = np.frombuffer(text, dtype=f"<u{width}").reshape(len(at), n_bins)
    return found
