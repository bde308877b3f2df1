"""How much was said."""

from __future__ import annotations

from analytics.core import Estimate


def volume(n: int) -> Estimate:
    """Items, with the interval of a Poisson count (Garwood 1936): how far chance alone moves it.

    >>> found = volume(10)
    >>> [round(end, 2) for end in (found.low, found.high)]
    [4.8, 18.39]
    """
    from scipy.special import gammaincinv

    low = float(gammaincinv(n, 0.025)) if n else 0.0
    high = float(gammaincinv(n + 1, 0.975))
    return Estimate(float(n), low, high, "Poisson", n)
