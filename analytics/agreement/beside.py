"""One annotator beside the others who answered the same items."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from analytics.agreement.dawid_skene import dawid_skene
from analytics.agreement.ratings import FEW_ITEMS, Ratings, agreement_estimate
from analytics.core import Estimate
from analytics.needs import Floats

ALONE = "nobody else answered the same items"


def beside_rest(ratings: Ratings, person: str) -> Estimate:
    """The share of the others' answers that are a person's own, mean over the items they share.

    Agreement by chance is not taken off.

    >>> rows = [("1", "a", "x"), ("1", "b", "x"), ("1", "c", "y"), ("2", "a", "x"), ("2", "b", "x")]
    >>> beside_rest(Ratings.from_rows(rows), "a").value
    0.75
    """
    mine = ratings.annotator == _code(ratings, person)
    others = ratings.counts.copy()
    np.add.at(others, (ratings.item[mine], ratings.value[mine]), -1.0)
    n = others.sum(axis=1)
    same = others[ratings.item[mine], ratings.value[mine]]
    asked = n[ratings.item[mine]]
    shared = asked > 0
    if not shared.any():
        return Estimate.undefined(ALONE)
    if shared.sum() < 2:
        return Estimate.undefined(FEW_ITEMS, int(shared.sum()))
    share = same[shared] / asked[shared]
    return agreement_estimate(
        np.column_stack([share, np.ones(len(share))]), _mean, n_answers=int(asked.sum())
    )


def beside_merged(ratings: Ratings, person: str) -> list[tuple[str, str, int]]:
    """(what the others say, what the person says, items), most items first.

    The others' answers are merged without the person's, by how reliable each proves: nobody is
    judged by an answer of their own.

    >>> rows = [("1", "a", "x"), ("1", "b", "x"), ("2", "a", "y"), ("2", "b", "x")]
    >>> beside_merged(Ratings.from_rows(rows), "a")
    [('x', 'x', 1), ('x', 'y', 1)]
    """
    code = _code(ratings, person)
    mine = dict(
        zip(
            ratings.item[ratings.annotator == code].tolist(),
            ratings.value[ratings.annotator == code].tolist(),
            strict=True,
        )
    )
    shared = (ratings.annotator != code) & np.isin(ratings.item, list(mine))
    if not shared.any():
        return []
    places, item = np.unique(ratings.item[shared], return_inverse=True)
    people, annotator = np.unique(ratings.annotator[shared], return_inverse=True)
    others = replace(
        ratings,
        item=item,
        annotator=annotator,
        value=ratings.value[shared],
        items=tuple(ratings.items[i] for i in places),
        annotators=tuple(ratings.annotators[i] for i in people),
    )
    merged = dawid_skene(others).labels
    found = Counter(
        (label, ratings.classes[mine[i]]) for i, label in zip(places.tolist(), merged, strict=True)
    )
    return sorted(((a, b, n) for (a, b), n in found.items()), key=lambda row: (-row[2], *row[:2]))


def _code(ratings: Ratings, person: str) -> int:
    return ratings.annotators.index(person) if person in ratings.annotators else -1


def _mean(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / sums[:, 1])
