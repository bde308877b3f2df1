"""A monitor as data: which question is asked how often, and what answer is an alarm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from analytics.errors import UsageError
from analytics.explain.detectors import DETECTORS
from analytics.monitors.kinds import KINDS, Asks, Kind

Rule = Literal["change", "above", "below", "promise", "adwin", "page_hinkley"]
Severity = Literal["warning", "critical"]
WEEKS = 100  # the default monitors of a model share one false alarm in so many weeks
DEFAULTS = 3  # monitors that every new model gets
# Means over rows of a number between 0 and 1: what bets can be made on.
PROMISED = (
    "accuracy", "brier", "top_k", "hit_rate", "positive_rate", "error_rate", "missing_rate",
    "unseen_rate", "out_of_range_rate", "duplicate_rate",
)  # fmt: skip
EVER = 0.05  # the chance that a promise that is kept ever raises an alarm
LOOKS = {"hour": 168.0, "day": 7.0, "week": 1.0, "month": 0.25}
PATIENCE = 2  # bad looks in a row until a monitor without periods fires


@dataclass(frozen=True, slots=True)
class Monitor:
    """A question, its condition and what follows.

    ``change``: a verdict of at least ``severity`` against the reference, with an adjusted p-value
    of at most ``alpha``. ``above`` and ``below``: the interval of level 1 - ``alpha`` lies wholly
    beyond ``limit``; it is over when the 95 % interval lies wholly within ``recovery``.
    ``promise``: bets against "on average no worse than ``limit``" grow to 1 / ``alpha`` over the
    periods; while the promise is kept that ever happens with a chance of ``alpha``. ``adwin`` and
    ``page_hinkley``: river's detector of that name alarms over single rows, for worse. ``hold``
    periods in a row make it fire, ``calm`` periods in a row resolve it; without ``every`` looks of
    the worker take their place. Fewer than ``min_n`` rows (labelled ones for performance) say
    nothing. ``id`` is the name under which its story is kept, where it was renamed.
    """

    name: str
    model: str
    question: Asks
    names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    version: str | None = None
    segment: str | None = None
    window: str | None = None
    reference: str | None = None
    every: str | None = None
    rule: Rule = "change"
    limit: float | None = None
    recovery: float | None = None
    severity: Severity = "warning"
    min_n: int = 100
    hold: int | None = None
    calm: int = 2
    alpha: float | None = None
    owner: str = ""
    runbook: str = ""
    paused: bool = False
    id: str = ""

    def __post_init__(self) -> None:
        for field, allowed in (("question", Asks), ("rule", Rule), ("severity", Severity)):
            if getattr(self, field) not in get_args(allowed):
                words = ", ".join(get_args(allowed))
                _refuse(self, f"{field} is {getattr(self, field)!r}", f"Choose one of {words}.")
        if not self.name.strip() or not self.model.strip():
            _refuse(self, "it has no name or no model", "Give both.")
        if (self.rule == "change" or self.is_detector) != (self.limit is None):
            _refuse(self, f"rule {self.rule!r} and limit {self.limit}", "above and below need one.")
        if self.rule == "promise":
            self._check_promise()
        if self.is_detector:
            self._check_detector()
        self._check_kind()
        if min(self.n_hold, self.calm, self.min_n) < 1:
            _refuse(self, "hold, calm and min_n count from 1", "Give whole numbers from 1.")
        if self.alpha is not None and not 0 < self.alpha < 1:
            _refuse(self, f"alpha is {self.alpha}", "Give a chance between 0 and 1.")
        if self.recovery is not None and self.limit is not None:
            is_inside = (self.recovery - self.limit) * (1 if self.rule == "below" else -1) >= 0
            if not is_inside:
                _refuse(self, "recovery lies beyond the limit", "Choose one on the good side.")

    def _check_kind(self) -> None:
        if self.question == "slice" and not self.segment:
            _refuse(self, "it names no slice", "Give its conditions as segment.")
        if self.question == "fairness" and len(self.columns) != 1:
            _refuse(self, "fairness is asked by one column", 'Write columns = ["region"].')
        if not self.kind.is_compared and self.rule == "change":
            what = f"{self.question} is compared with nothing"
            _refuse(self, what, "Choose the rule above or below, and a limit.")
        if not self.kind.is_dated and self.every:
            _refuse(self, f"{self.question} has no periods", "Leave every away.")

    @property
    def kind(self) -> Kind:
        """What its question gives and means."""
        return KINDS[self.question]

    @property
    def identity(self) -> str:
        """What its runs and incidents are kept under: a new name changes nothing of that."""
        return self.id or self.name

    @property
    def n_hold(self) -> int:
        """Bad periods, or looks, in a row until it fires."""
        if self.hold is not None:
            return self.hold
        return 1 if self.every else PATIENCE

    def _check_promise(self) -> None:
        others = [n for n in self.names if n not in PROMISED]
        if others or not self.names:
            what = f"no promise can be made on {', '.join(others) or 'all numbers'}"
            _refuse(self, what, f"Name some of {', '.join(PROMISED)}.")
        if self.limit is not None and not 0 < self.limit < 1:
            _refuse(self, f"its limit is {self.limit}", "Give a share between 0 and 1.")
        if self.recovery is not None:
            _refuse(self, "a promise has no recovery", "It is over when a period keeps it.")

    @property
    def is_detector(self) -> bool:
        """Whether a detector over single rows says when it fires."""
        return self.rule in DETECTORS

    def _check_detector(self) -> None:
        what = DETECTORS[self.rule]
        if self.question != "performance" or not self.names or not self.every:
            said = f"{what} walks over the rows of a metric, period by period"
            do = 'Ask about performance, with names = ["accuracy"] and every = "week".'
            _refuse(self, said, do)
        if self.n_hold != 1:
            _refuse(self, f"{what} alarms once and begins anew", "Leave hold at 1.")
        if self.alpha is not None or self.recovery is not None:
            said = f"{what} has no rate of false alarms to set, and no recovery"
            _refuse(self, said, "Leave alpha and recovery away, or take the rule promise.")

    @property
    def level(self) -> float:
        """The chance of a false alarm at one look; by default a share of one in ``WEEKS`` weeks.

        For a promise it is the chance over all looks together, by default ``EVER``.

        The chances of all looks add up, whatever they depend on, so the promise holds however
        often somebody looks at the same periods.
        """
        if self.alpha is not None:
            return self.alpha
        if self.every is None or self.rule == "promise":
            return EVER
        return 1 / (WEEKS * DEFAULTS * LOOKS.get(self.every, 7.0))


def looked_at_hourly(monitor: Monitor) -> Monitor:
    """The monitor as a worker asks it: one without periods shares its promise among all looks."""
    if monitor.every or monitor.alpha is not None:
        return monitor
    return replace(monitor, alpha=1 / (WEEKS * DEFAULTS * LOOKS["hour"]))


def _refuse(monitor: Monitor, what: str, do: str) -> None:
    raise UsageError(f"Monitor {monitor.name!r}: {what}.", "It cannot be evaluated.", do)
