"""ADWIN and Page-Hinkley, for those who know them: river's, which is an optional extra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from analytics.errors import NameUnknown, UsageError

if TYPE_CHECKING:
    from analytics.needs import Floats

DETECTORS: Mapping[str, str] = {"adwin": "ADWIN", "page_hinkley": "Page-Hinkley"}
LEAST = 5  # values on either side of a change, as ADWIN has it


@dataclass(frozen=True, slots=True)
class Alarm:
    """Where a detector alarmed, from 0, and the two levels that explain best what came before it."""

    at: int
    before: float
    after: float


def is_installed() -> bool:
    """Whether the extra is there."""
    try:
        return find_spec("river") is not None
    except ValueError:  # it was taken out of this process on purpose
        return False


def detect(name: str, values: Floats) -> list[int]:
    """Positions in a stream, from 0, at which river's detector of that name (its defaults) alarms."""
    if name not in DETECTORS:
        raise NameUnknown(
            f"There is no detector {name!r}.", "", f"The detectors are: {', '.join(DETECTORS)}."
        )
    try:
        from river import drift
    except ImportError as error:
        raise UsageError(
            f"The detector {name} needs the package river.",
            "It is an optional extra: Telltale's own change points and bets need nothing more.",
            "Install it: pip install -e .[drift-detectors]",
        ) from error
    makers: dict[str, Callable[[], Any]] = {"adwin": drift.ADWIN, "page_hinkley": drift.PageHinkley}
    detector, found = makers[name](), []
    for i, value in enumerate(values.tolist()):
        detector.update(value)
        if detector.drift_detected:
            found.append(i)
    return found


def alarms(name: str, values: Floats) -> list[Alarm]:
    """The detector's alarms with the levels before and after; it begins anew after each of them."""
    found, start = [], 0
    for at in detect(name, values):
        found.append(Alarm(at, *levels(values[start : at + 1])))
        start = at + 1
    return found


def levels(values: Floats) -> tuple[float, float]:
    """The means on either side of the split that explains most.

    >>> import numpy as np
    >>> levels(np.array([0.0] * 9 + [1.0] * 6))
    (0.0, 1.0)
    """
    import numpy as np

    n = len(values)
    if n < 2 * LEAST:
        return float(values.mean()), float(values.mean())
    at = np.arange(LEAST, n - LEAST + 1)
    total = np.cumsum(values, dtype=float)
    left = total[at - 1] / at
    right = (total[-1] - total[at - 1]) / (n - at)
    best = int(np.argmax(at * (n - at) * (left - right) ** 2))
    return float(left[best]), float(right[best])
