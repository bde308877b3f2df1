"""So many rows of each group: of a slice, of a segment's values, of a predicted class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analytics.sampling.candidates import Candidates, Choice, check_size, lacks


def choose(
    candidates: Candidates, n: int, *, quotas: Mapping[str, int] | None = None, seed: int = 0
) -> Choice:
    """``quotas`` rows of each group of ``strata``, drawn with equal chances inside it.

    Without ``quotas``, ``n`` rows spread over the groups as evenly as their sizes allow; with
    them, at most ``n``. The probability (rows drawn of a group over its rows) is given where every
    candidate could have been drawn, that is where no group has a quota of none; else rows are
    corrections, for they say nothing of the groups left out.
    """
    check_size(n)
    if candidates.strata is None:
        raise lacks("slice", "groups of rows", "Name a slice or a column of values.")
    rng = np.random.default_rng(seed)
    names = np.array([str(s) for s in candidates.strata.tolist()])
    members = {name: np.flatnonzero(names == name) for name in sorted(set(names.tolist()))}
    wanted = (
        quotas if quotas is not None else even_quotas({k: len(m) for k, m in members.items()}, n)
    )
    drawn: list[tuple[float, int, float]] = []
    for name, rows in members.items():
        size = min(wanted.get(name, 0), len(rows))
        for place, i in enumerate(rng.permutation(rows)[:size].tolist()):
            drawn.append(((place + rng.random()) / size, i, size / len(rows)))
    drawn = sorted(drawn)[:n]
    n_wanted = sum(min(wanted.get(name, 0), len(rows)) for name, rows in members.items())
    is_whole = len(drawn) == n_wanted and all(wanted.get(name, 0) > 0 for name in members)
    return Choice(
        tuple(candidates.ids[i] for _at, i, _p in drawn),
        tuple(p if is_whole else None for _at, _i, p in drawn),
        (0.0,) * len(drawn),
        tuple(f"drawn from {names[i]}" for _at, i, _p in drawn),
        {"n_candidates": candidates.n},
    )


def even_quotas(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """``n`` rows over groups, as evenly as their sizes allow; larger groups take what is left.

    >>> even_quotas({"a": 2, "b": 50, "c": 50}, 20)
    {'a': 2, 'b': 9, 'c': 9}
    """
    found = dict.fromkeys(sizes, 0)
    left = min(n, sum(sizes.values()))
    while left:
        open_groups = sorted((k for k in sizes if found[k] < sizes[k]), key=lambda k: -sizes[k])
        each = max(left // len(open_groups), 1)
        for name in open_groups:
            step = min(each, sizes[name] - found[name], left)
            found[name] += step
            left -= step
    return found
