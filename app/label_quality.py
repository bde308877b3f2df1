"""What answers say about each other: agreement between people, and people beside known labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from analytics.agreement.ratings import Ratings
from analytics.core import Estimate

if TYPE_CHECKING:
    from app.state.labels import Setup

MOST_PAIRS = 10
FEWEST_TIMES = 6  # below that no two of them bound the median with 95 %
MEANINGS = {
    "Percent agreement": "The share of pairs of answers on the same item that are equal.",
    "Fleiss' kappa": "Agreement beyond chance, where items may have other annotators each.",
    "Krippendorff's alpha": "Agreement beyond chance, with missing answers; 0.8 and more is good, "
    "below 0.67 the guideline needs work.",
    "Krippendorff's alpha (squared distance)": "The same where answers are numbers: how far apart "
    "they are counts.",
}
Rows = Iterable[tuple[int, str, str]]


def agreement(setup: Setup, rows: Rows) -> list[tuple[str, Estimate]]:
    """Every measure that fits, over (task, person, answer); each says why where it has no value."""
    from analytics.agreement.fleiss import fleiss
    from analytics.agreement.krippendorff import krippendorff
    from analytics.agreement.percent import percent

    ratings = _ratings(setup, rows)
    found = [("Percent agreement", percent(ratings))]
    if setup.kind == "value":
        far = krippendorff(ratings, "interval")
        return [*found, ("Krippendorff's alpha (squared distance)", far)]
    found += [("Fleiss' kappa", fleiss(ratings)), ("Krippendorff's alpha", krippendorff(ratings))]
    return found + pairs(ratings)


def by_label(setup: Setup, rows: Rows) -> list[tuple[str, Estimate]]:
    """Krippendorff's alpha of each class against the rest, the least agreed on first."""
    from analytics.agreement.krippendorff import krippendorff

    if setup.kind == "value":
        return []
    ratings = _ratings(setup, rows)
    if len(ratings.classes) < 3:
        return []
    found = [(name, krippendorff(ratings.one_against_rest(name))) for name in ratings.classes]
    return sorted(found, key=lambda pair: 2.0 if pair[1].value is None else pair[1].value)


def pairs(ratings: Ratings) -> list[tuple[str, Estimate]]:
    """Cohen's kappa of the pairs of people who share most items."""
    from analytics.agreement.cohen import cohen

    items = {
        name: set(ratings.item[ratings.annotator == i].tolist())
        for i, name in enumerate(ratings.annotators)
    }
    names = sorted(items)
    both = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if items[a] & items[b]]
    both.sort(key=lambda pair: -len(items[pair[0]] & items[pair[1]]))
    return [(f"Cohen's kappa, {a} and {b}", cohen(ratings, a, b)) for a, b in both[:MOST_PAIRS]]


def right_share(right: int, n: int) -> Estimate:
    """How often somebody was right of ``n`` times, with Wilson's interval."""
    return share_of(right, n, "answered no item whose label is known")


def share_of(count: int, n: int, reason: str) -> Estimate:
    """A share of ``n`` with Wilson's interval; the reason where there are none."""
    from analytics.stats.intervals import share_estimate

    return share_estimate(count / n, n, n) if n else Estimate.undefined(reason)


def beside_others(setup: Setup, rows: Rows, person: str) -> Estimate:
    """How often the others say of an item what a person says of it."""
    from analytics.agreement.beside import beside_rest

    if setup.kind == "value":
        return Estimate.undefined("answers are numbers: see the distance on the tab Agreement")
    return beside_rest(_ratings(setup, rows), person)


def differences(setup: Setup, rows: Rows, person: str) -> list[tuple[str, str, int]]:
    """(what the others' merged answers say, what the person says, items)."""
    from analytics.agreement.beside import beside_merged

    return [] if setup.kind == "value" else beside_merged(_ratings(setup, rows), person)


def time_for_one(times: Sequence[float]) -> Estimate:
    """The median of seconds from card to answer, with the order statistics that bound it."""
    import numpy as np

    from analytics.stats.intervals import quantile_estimate

    if len(times) < FEWEST_TIMES:
        return Estimate.undefined("too few answers were timed", len(times))
    return quantile_estimate(np.asarray(times, float), np.ones(len(times)), 0.5)


def _ratings(setup: Setup, rows: Rows) -> Ratings:
    answers = ((str(task), person, answer) for task, person, answer in rows)
    return Ratings.from_rows(answers, classes=setup.classes)


def merged(setup: Setup, rows: Sequence[tuple[int, str, str]]) -> dict[int, tuple[str, float]]:
    """The likeliest class of each task with its chance, people weighed by how reliable they prove."""
    from analytics.agreement.dawid_skene import dawid_skene

    if setup.kind == "value" or not rows:
        return {}
    found = dawid_skene(_ratings(setup, rows))
    sure = found.confidence.tolist()
    return {
        int(item): (label, chance)
        for item, label, chance in zip(found.items, found.labels, sure, strict=True)
    }
