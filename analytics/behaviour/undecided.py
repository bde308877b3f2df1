"""Undecided: how much of what was shown nobody decided about."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts


def undecided(need: Acts, of: str | None = None) -> Estimate:
    """1 - decided / shown; these are censored, not dropped: they may still be decided.

    >>> undecided(Acts(4, None, None, shown=50, decided=40)).value
    0.2
    """
    del of  # it has no classes
    return share_of(need.shown - need.decided, need.shown, "shown predictions")


METRIC = Metric(
    name="undecided",
    label="Undecided",
    tasks=("binary", "multiclass", "regression", "none"),
    needs=Acts,
    compute=undecided,
    better="lower",
    unit="share",
    meaning="Of the predictions that were shown to somebody, the share that nobody has decided about so far.",
    source="a share; interval: Wilson",
    tolerance=(0.05, 0.1),
)
