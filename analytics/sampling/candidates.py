"""What strategies choose from, and what they give back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.errors import UsageError
from analytics.needs import Floats

Ints = npt.NDArray[np.intp]
Objects = npt.NDArray[np.object_]
EXPLORE = 0.1  # share of a queue that is drawn from all candidates with equal chances


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that may be labelled; every field but ``classes`` is aligned with ``ids``.

    Give all rows of the question that have no label yet (all of the window, say), never a part of
    them: probabilities speak of the rows given. To draw from a slice only, name the rest in
    ``strata`` and give it no quota.

    ``y_pred`` is a class as text (objects) or a number. ``proba`` has one column for each of
    ``classes``; a binary model with one score gives two. ``features`` are numbers, NaN where
    missing, levels as codes. ``y_true`` is the label where one is known, else None (or NaN).
    ``others`` are predictions of other versions on the same row, one array a version, None (or
    NaN) where it did not score the row; ``feedback`` is what users said instead, None where nobody
    did. ``strata`` names the group of a row for quotas.
    """

    ids: tuple[str, ...]
    y_pred: npt.NDArray[Any] | None = None
    proba: Floats | None = None
    classes: tuple[str, ...] = ()
    features: Floats | None = None
    y_true: npt.NDArray[Any] | None = None
    others: tuple[npt.NDArray[Any], ...] = ()
    feedback: npt.NDArray[Any] | None = None
    strata: npt.NDArray[Any] | None = None

    @property
    def n(self) -> int:
        """How many rows there are to choose from."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Choice:
    """Rows to label, in the order in which to label them.

    ``probabilities`` are the chances that each row had of being chosen: its label may enter a
    headline number with weight one over that. None where a rule chose the row because it is hard
    or telling: such labels are corrections, and enter no headline number. ``scores`` are what the
    strategy ranked by (higher first), ``reasons`` say in a few words why the row is here.
    """

    ids: tuple[str, ...]
    probabilities: tuple[float | None, ...]
    scores: tuple[float, ...]
    reasons: tuple[str, ...]
    detail: dict[str, Any] = field(default_factory=dict)


def check_size(n: int) -> None:
    """Raises UsageError where fewer than one row is asked for."""
    if n < 1:
        raise UsageError(
            f"{n} rows are none to label.",
            "A queue needs at least one row.",
            "Ask for 1 row or more.",
        )


def lacks(strategy: str, what: str, do: str) -> UsageError:
    """The error of a strategy that cannot rank these candidates."""
    return UsageError(f"The queue {strategy!r} needs {what}, and there is none.", "", do)


def is_known(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where a value is neither None nor NaN.

    >>> is_known(np.array(["1", None], dtype=object)).tolist(), is_known(np.array([0.0, np.nan])).tolist()
    ([True, False], [True, False])
    """
    if values.dtype == object:
        return np.array([v is not None and v == v for v in values.tolist()], dtype=bool)
    if np.issubdtype(values.dtype, np.floating):
        found: npt.NDArray[np.bool_] = ~np.isnan(values)
        return found
    return np.ones(len(values), dtype=bool)


def differs(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Floats:
    """How far two answers are apart: 0 or 1 for classes, the distance for numbers; 0 where unknown."""
    both = is_known(one) & is_known(other)
    found = np.zeros(len(one))
    if np.issubdtype(one.dtype, np.floating) and np.issubdtype(other.dtype, np.floating):
        found[both] = np.abs(one[both] - other[both])
    else:
        pairs = zip(one[both].tolist(), other[both].tolist(), strict=True)
        found[both] = [float(str(a) != str(b)) for a, b in pairs]
    return found


def hardest(
    candidates: Candidates,
    scores: Floats,
    n: int,
    reasons: Sequence[str],
    *,
    seed: int,
    explore: float = EXPLORE,
) -> Choice:
    """The ``n`` rows of the highest score, and among them a share drawn from all with equal chances.

    Rows with a score of 0 or less (or NaN) are drawn only by chance. Ties are broken by chance.
    The drawn rows stand at places spread over the queue and carry their probability (drawn rows
    over candidates), the hardest ones carry none.
    """
    check_size(n)
    rng = np.random.default_rng(seed)
    n_drawn = round(min(n, candidates.n) * explore)
    drawn = rng.choice(candidates.n, n_drawn, replace=False) if n_drawn else np.empty(0, np.intp)
    is_drawn = np.zeros(candidates.n, dtype=bool)
    is_drawn[drawn] = True
    ranked = np.lexsort((rng.random(candidates.n), -np.nan_to_num(scores, nan=-np.inf)))
    hard = [i for i in ranked.tolist() if scores[i] > 0 and not is_drawn[i]][: n - n_drawn]
    order = np.array([*hard, *drawn.tolist()], dtype=np.intp)
    places = np.concatenate(
        [np.arange(len(hard)), np.sort(rng.uniform(0, max(len(hard), 1), n_drawn))]
    )
    order = order[np.argsort(places, kind="stable")]
    chance = n_drawn / candidates.n if candidates.n else 0.0
    return Choice(
        tuple(candidates.ids[i] for i in order.tolist()),
        tuple(chance if is_drawn[i] else None for i in order.tolist()),
        tuple(float(np.nan_to_num(scores[i])) for i in order.tolist()),
        tuple("drawn by chance" if is_drawn[i] else reasons[i] for i in order.tolist()),
        {"n_drawn": n_drawn, "n_candidates": candidates.n},
    )
