"""Labels of the log that the model confidently contradicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.agreement.suspects import find_suspects
from analytics.core import Dataset, Scope
from analytics.query.engine import Engine
from analytics.query.scored import scored_rows


@dataclass(frozen=True, slots=True)
class Suspect:
    """One label, what the model is confident of instead, and how much more it gives the label.

    A ``margin`` below zero says that the model prefers another class; the lower, the surer.
    """

    prediction_id: str
    label: str
    suggested: str
    margin: float


@dataclass(frozen=True, slots=True)
class SuspectLabels:
    """The suspects, most suspect first, of ``n`` labels, of which about ``n_expected`` are wrong."""

    rows: tuple[Suspect, ...]
    n: int
    n_expected: float


def suspect_labels(engine: Engine, dataset: Dataset, scope: Scope) -> SuspectLabels | None:
    """Suspects among the labels of a scope by confident learning; None without class scores."""
    found = scored_rows(engine, dataset, scope)
    if found is None:
        return None
    if not found.ids:
        return SuspectLabels((), 0, 0.0)
    codes = np.array([found.classes.index(label) for label in found.labels], dtype=np.intp)
    suspects = find_suspects(codes, found.proba)
    rows = tuple(
        Suspect(found.ids[row], found.labels[row], found.classes[to], float(margin))
        for row, to, margin in zip(suspects.rows, suspects.suggested, suspects.margin, strict=True)
    )
    return SuspectLabels(rows, len(found.ids), float(suspects.n_expected))
