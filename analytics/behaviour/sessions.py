"""Sessions made from moments: 30 minutes of silence end one, and 24 hours at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.needs import Floats

IDLE_S, LONGEST_S = 30 * 60.0, 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """How long each session lasted in seconds, and how many events it had."""

    length_s: Floats
    n_events: npt.NDArray[np.int64]


def sessions(person: npt.NDArray[np.int64], at_s: Floats) -> Sessions:
    """Sessions of events sorted by person and moment.

    >>> found = sessions(np.array([1, 1, 1, 2]), np.array([0.0, 60.0, 4000.0, 70.0]))
    >>> found.length_s.tolist(), found.n_events.tolist()
    ([60.0, 0.0, 0.0], [2, 1, 1])
    """
    n = len(at_s)
    if n == 0:
        return Sessions(np.empty(0), np.empty(0, dtype=np.int64))
    begins = np.ones(n, dtype=bool)
    begins[1:] = (np.diff(person) != 0) | (np.diff(at_s) > IDLE_S)
    for i in _long(begins, at_s):
        begins[i] = True
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], n) - 1
    return Sessions(at_s[ends] - at_s[starts], ends - starts + 1)


def _long(begins: npt.NDArray[np.bool_], at_s: Floats) -> list[int]:
    """Where chains of more than 24 hours are cut: at the first event past the limit, again and again."""
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(at_s)) - 1
    cuts = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        at = start
        while at_s[end] - at_s[at] > LONGEST_S:
            at = int(np.searchsorted(at_s[: end + 1], at_s[at] + LONGEST_S, side="right"))
            cuts.append(at)
    return cuts
