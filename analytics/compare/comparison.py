"""What a comparison of two versions is made of, whichever way they are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from analytics.core import Result, Scope, Window


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody saw who looked at the end of a day: all rows so far.

    ``gain`` is how much smaller the candidate's mean loss is, with a confidence sequence that
    covers at all looks at once; ``log_wealth`` the evidence that the candidate is better (20 to 1
    is ln 20), ``log_wealth_against`` that the baseline is.
    """

    end: datetime | None
    n: int
    gain: float
    low: float
    high: float
    n_for: int
    n_against: int
    log_wealth: float
    log_wealth_against: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything a release decision needs.

    ``results`` are the metrics (value: candidate minus baseline), ``guards`` the same by slice,
    ``served`` latency and errors of the candidate beside the baseline's, ``looks`` the evidence
    as it grew by day (paired only). ``method`` says how, ``notes`` what that means here.
    """

    candidate: str
    baseline: str
    method: Literal["paired", "adjusted", "plain"]
    results: tuple[Result, ...]
    guards: tuple[Result, ...] = ()
    served: tuple[Result, ...] = ()
    looks: tuple[Look, ...] = ()
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    n_shared: int = 0
    span: Window | None = None
    scopes: tuple[Scope, Scope] | None = None  # the rows of both sides, with their weights
