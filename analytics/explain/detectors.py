"""ADWIN and Page-Hinkley, for those who know them: river's, which is an optional extra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analytics.errors import NameUnknown, UsageError
from analytics.needs import Floats

DETECTORS = ("adwin", "page_hinkley")


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
            "It is an optional extra: Telltale's own change points need nothing more.",
            "Install it: pip install -e .[drift-detectors]",
        ) from error
    makers: dict[str, Callable[[], Any]] = {"adwin": drift.ADWIN, "page_hinkley": drift.PageHinkley}
    detector, found = makers[name](), []
    for i, value in enumerate(values.tolist()):
        detector.update(value)
        if detector.drift_detected:
            found.append(i)
    return found
