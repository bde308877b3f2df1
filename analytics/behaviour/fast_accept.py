"""Fast accepts: how often people accept sooner than they can have looked."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts


def fast_accept(need: Acts, of: str | None = None) -> Estimate:
    """Accepted within the threshold (2 seconds by default) / accepted, of what was seen to be shown.

    >>> fast_accept(Acts(4, None, None, timed_accepts=80, fast_accepts=8)).value
    0.1
    """
    del of  # it has no classes
    return share_of(need.fast_accepts, need.timed_accepts, "timed acceptances")


METRIC = Metric(
    name="fast_accept",
    label="Fast accepts",
    tasks=("binary", "multiclass", "regression", "none"),
    needs=Acts,
    compute=fast_accept,
    better="lower",
    unit="share",
    meaning="Of the accepted predictions, the share accepted within two seconds (the setting fast_accept_ms) of being shown: too fast to have looked.",
    source="a share; interval: Wilson",
    tolerance=(0.02, 0.05),
)
