"""Weekly retention: of the people who came first in a week, who was there again in later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.behaviour.shares import share_of
from analytics.core import Estimate


@dataclass(frozen=True, slots=True)
class Retention:
    """The triangle: cohorts by week, people there ``n`` weeks later (None: not over yet).

    ``pooled`` is all cohorts together, by weeks later, over those whose week is over.
    """

    cohorts: tuple[datetime, ...]
    sizes: tuple[int, ...]
    there: tuple[tuple[int | None, ...], ...]
    pooled: tuple[Estimate, ...]


def retention(
    counts: Sequence[tuple[datetime, int, int]], until: datetime, most_weeks: int = 12
) -> Retention | None:
    """From (first week, weeks later, people) to the triangle; None without anybody.

    A week counts once it is over at ``until``; the first week counts at once.

    >>> week = datetime(2026, 3, 2)
    >>> found = retention([(week, 0, 40), (week, 1, 30)], datetime(2026, 3, 18))
    >>> found.there, found.pooled[1].value
    (((40, 30, None),), 0.75)
    """
    sizes = {cohort: n for cohort, later, n in counts if later == 0}
    if not sizes:
        return None
    seen = {(cohort, later): n for cohort, later, n in counts}
    cohorts = sorted(sizes)
    longest = min(most_weeks, max((until - cohorts[0]).days // 7, 0))
    there: list[tuple[int | None, ...]] = []
    for cohort in cohorts:
        row: list[int | None] = []
        for later in range(longest + 1):
            is_over = later == 0 or cohort + timedelta(weeks=later + 1) <= until
            row.append(seen.get((cohort, later), 0) if is_over else None)
        there.append(tuple(row))
    pooled = []
    for later in range(longest + 1):
        known = [(row[later], sizes[c]) for c, row in zip(cohorts, there, strict=True)]
        hits = sum(n for n, _size in known if n is not None)
        of = sum(size for n, size in known if n is not None)
        pooled.append(share_of(hits, of, "people"))
    return Retention(tuple(cohorts), tuple(sizes[c] for c in cohorts), tuple(there), tuple(pooled))
