"""What metrics and drift tests compute from: small mergeable summaries, and one adapter from arrays.

Counts are float64 because rows may carry weights (1 / sampling probability); ``n`` is always the
unweighted number of rows behind them. Build them from SQL groups in ``analytics.query`` or from
arrays with the ``from_arrays`` constructors here (tests, and methods that need rows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of (true class, predicted class).

    ``counts[i, j]`` is the weight of rows of true class ``classes[i]`` predicted as
    ``classes[j]``. ``n`` rows, ``sum_w2`` the sum of squared weights (equal to n unweighted).
    """

    classes: tuple[str, ...]
    counts: Floats
    n: int
    sum_w2: float
    positive: str | None = None

    @property
    def n_effective(self) -> float:
        """Kish's effective sample size, n where rows carry no weights."""
        total = float(self.counts.sum())
        return total * total / self.sum_w2 if self.sum_w2 > 0 else 0.0

    @classmethod
    def from_arrays(
        cls,
        y_true: Sequence[str] | npt.NDArray[np.str_],
        y_pred: Sequence[str] | npt.NDArray[np.str_],
        *,
        sample_weight: Floats | None = None,
        classes: tuple[str, ...] | None = None,
        positive: str | None = None,
    ) -> Confusion:
        """Count pairs of classes given as text, in rows."""
        true, pred = np.asarray(y_true, dtype=str), np.asarray(y_pred, dtype=str)
        names = classes or tuple(sorted(set(true.tolist()) | set(pred.tolist())))
        index = {name: i for i, name in enumerate(names)}
        weight = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight, float)
        counts = np.zeros((len(names), len(names)))
        rows = [index[name] for name in true.tolist()]
        columns = [index[name] for name in pred.tolist()]
        np.add.at(counts, (rows, columns), weight)
        return cls(names, counts, len(true), float((weight**2).sum()), positive)


@dataclass(frozen=True, slots=True)
class Scores:
    """Distinct scores of one class in ascending order, with the weight of positives and negatives.

    Sufficient, exactly, for ROC AUC with DeLong's variance, average precision, log loss, Brier,
    calibration error and every curve. Rows with a score that is not finite are counted in
    ``n_invalid`` and left out.
    """

    score: Floats
    positives: Floats
    negatives: Floats
    n: int
    sum_w2: float
    n_invalid: int = 0

    @classmethod
    def from_arrays(
        cls,
        y_true: npt.NDArray[np.bool_] | Sequence[bool],
        y_score: Floats | Sequence[float],
        *,
        sample_weight: Floats | None = None,
    ) -> Scores:
        """Group rows by score; ``y_true`` is true for the positive class."""
        true, score = np.asarray(y_true, bool), np.asarray(y_score, float)
        order = np.argsort(score)  # minus infinity comes first, infinity and none last
        score = score[order]
        low, high = np.searchsorted(score, -np.inf, "right"), np.searchsorted(score, np.inf)
        kept, score = order[low:high], score[low:high]
        n, n_invalid, true = len(kept), len(order) - len(kept), true[kept]
        if not n:
            return cls(score, score, score, 0, 0.0, n_invalid)
        starts = np.flatnonzero(np.concatenate(([True], score[1:] != score[:-1])))
        if sample_weight is None:
            positives = np.add.reduceat(true, starts, dtype=float)
            negatives = np.diff(starts, append=n) - positives
            return cls(score[starts], positives, negatives, n, float(n), n_invalid)
        weight = np.asarray(sample_weight, float)[kept]
        positives = np.add.reduceat(weight * true, starts)
        negatives = np.add.reduceat(weight * ~true, starts)
        sum_w2 = float((weight**2).sum())
        return cls(score[starts], positives, negatives, n, sum_w2, n_invalid)

    @classmethod
    def merged(cls, pieces: Sequence[Scores]) -> Scores:
        """The rows of several pieces together.

        >>> one, two = (Scores.from_arrays([True, False], [0.1, s]) for s in (0.2, 0.1))
        >>> Scores.merged([one, two]).positives.tolist()
        [2.0, 0.0]
        """
        score = np.concatenate([piece.score for piece in pieces])
        order = np.argsort(score, kind="stable")
        score = score[order]
        starts = np.flatnonzero(np.append(True, score[1:] != score[:-1])) if len(score) else order
        positives, negatives = (
            np.add.reduceat(np.concatenate(side)[order], starts) if len(score) else score
            for side in ([p.positives for p in pieces], [p.negatives for p in pieces])
        )
        return cls(
            score[starts],
            positives,
            negatives,
            sum(piece.n for piece in pieces),
            sum(piece.sum_w2 for piece in pieces),
            sum(piece.n_invalid for piece in pieces),
        )


@dataclass(frozen=True, slots=True)
class ClassScores:
    """One-against-rest Scores for every class of a multiclass task."""

    by_class: Mapping[str, Scores]
    n: int


@dataclass(frozen=True, slots=True)
class Valued:
    """A confusion table and what a row of each (true class, predicted class) is worth."""

    confusion: Confusion
    values: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Ranks:
    """Weight of rows by the rank that their true class's score has: ``by_rank[0]`` the highest."""

    by_rank: Floats
    n: int
    sum_w2: float

    @classmethod
    def from_arrays(
        cls, label: npt.NDArray[np.int64], scores: Floats, *, sample_weight: Floats | None = None
    ) -> Ranks:
        """Rows of class index and one score a class; a tied class counts as not above."""
        weight = np.ones(len(label)) if sample_weight is None else np.asarray(sample_weight, float)
        own = scores[np.arange(len(label)), label] if len(label) else np.empty(0)
        above = (scores > own[:, None]).sum(axis=1) if len(label) else np.empty(0, int)
        size = scores.shape[1] if scores.ndim > 1 else 0
        found = np.bincount(above, weights=weight, minlength=size).astype(float)
        return cls(found, len(label), float((weight**2).sum()))


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Rows of a regression with predicted quantiles: ``predicted[i]`` belongs to ``levels[i]``."""

    y_true: Floats
    levels: tuple[float, ...]
    predicted: Floats
    weight: Floats

    @property
    def n(self) -> int:
        """Rows kept."""
        return len(self.y_true)


@dataclass(frozen=True, slots=True)
class Rankings:
    """Items shown together, by group: ``start`` is where each group's rows begin.

    Rows of a group stand in the order of their score, the highest first; ``relevance`` is the
    label as a number, 0 for an item nobody wanted.
    """

    relevance: Floats
    start: npt.NDArray[np.int64]

    @property
    def n(self) -> int:
        """Rows in all groups."""
        return len(self.relevance)

    @classmethod
    def from_arrays(
        cls, group: npt.NDArray[np.int64], relevance: Floats, score: Floats
    ) -> Rankings:
        """Sort rows by group, then by score downwards; ties keep their order."""
        order = np.lexsort((-np.asarray(score, float), group))
        group = np.asarray(group)[order]
        start = np.flatnonzero(np.append(True, group[1:] != group[:-1])) if len(group) else group
        return cls(np.asarray(relevance, float)[order], np.asarray(start, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows of a regression: label, prediction and weight. Not-finite pairs are counted, not kept."""

    y_true: Floats
    y_pred: Floats
    weight: Floats
    n_invalid: int = 0

    @property
    def n(self) -> int:
        """Rows kept."""
        return len(self.y_true)

    @classmethod
    def from_arrays(
        cls, y_true: Floats, y_pred: Floats, *, sample_weight: Floats | None = None
    ) -> Pairs:
        """Keep the finite pairs."""
        true, pred = np.asarray(y_true, float), np.asarray(y_pred, float)
        weight = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight, float)
        valid = np.isfinite(true) & np.isfinite(pred)
        return cls(true[valid], pred[valid], weight[valid], int((~valid).sum()))


@dataclass(frozen=True, slots=True)
class NumericPair:
    """A numeric column in the reference and in the current window.

    Both arrays are SORTED ascending without missing values; infinities stay (they are values with
    an order). ``n_missing_*`` counts NULL and NaN.
    """

    reference: Floats
    current: Floats
    n_missing_reference: int = 0
    n_missing_current: int = 0

    @classmethod
    def from_arrays(cls, reference: Floats, current: Floats) -> NumericPair:
        """Sort, and count what is missing."""
        ref, cur = np.asarray(reference, float), np.asarray(current, float)
        ref_missing, cur_missing = np.isnan(ref), np.isnan(cur)
        return cls(
            np.sort(ref[~ref_missing]),
            np.sort(cur[~cur_missing]),
            int(ref_missing.sum()),
            int(cur_missing.sum()),
        )


@dataclass(frozen=True, slots=True)
class BinnedPair:
    """A numeric column counted in the bins (a, b] between ``edges``, ends open, on both sides.

    ``ends`` are the smallest and the largest value of both sides together, None where there is none.
    ``tenths`` are the reference's exact inner deciles, all of them among the edges; None where the
    edges are another reference's.
    """

    edges: Floats
    reference: Floats
    current: Floats
    ends: tuple[float, float] | None = None
    tenths: Floats | None = None
    n_missing_reference: int = 0
    n_missing_current: int = 0


@dataclass(frozen=True, slots=True)
class LevelPair:
    """A categorical column: counts per level in the reference and in the current window.

    ``levels`` are all levels seen on either side, sorted; counts are aligned with them and may be
    zero. Missing values are no level and are counted apart.
    """

    levels: tuple[str, ...]
    reference: Floats
    current: Floats
    n_missing_reference: int = 0
    n_missing_current: int = 0

    @classmethod
    def from_counts(
        cls,
        reference: Mapping[str, float],
        current: Mapping[str, float],
        n_missing_reference: int = 0,
        n_missing_current: int = 0,
    ) -> LevelPair:
        """Align two dictionaries of level to count."""
        levels = tuple(sorted(set(reference) | set(current)))
        return cls(
            levels,
            np.array([float(reference.get(level, 0)) for level in levels]),
            np.array([float(current.get(level, 0)) for level in levels]),
            n_missing_reference,
            n_missing_current,
        )


@dataclass(frozen=True, slots=True)
class ColumnCounts:
    """What data quality asks of one column, in the current window beside the reference.

    ``n_outside`` counts numeric values outside the reference's [min, max]; ``n_unseen`` rows
    whose level the reference never had. ``n_singletons_reference`` counts levels seen exactly
    once there (Good-Turing: the expected share of unseen rows is about singletons / n).
    ``longest_run`` is the longest run of one unchanging value in log order, as a share of rows.
    ``other_type`` is the share of rows that came in files where the column was of another type,
    ``other_types`` names those; None where no file's types are known.
    """

    n: int
    n_missing: int
    n_distinct: int
    n_outside: int = 0
    n_unseen: int = 0
    longest_run: float = 0.0
    n_reference: int = 0
    n_missing_reference: int = 0
    n_distinct_reference: int = 0
    n_singletons_reference: int = 0
    longest_run_reference: float = 0.0
    unseen_levels: tuple[tuple[str, int], ...] = ()
    other_type: float | None = None
    other_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogCounts:
    """What data quality asks of the log as a whole, for one window beside others like it.

    ``n_earlier`` are the row counts of earlier windows of the same length (oldest first);
    ``age_s`` seconds since the last event and ``typical_gap_s`` the 99th percentile of the gaps
    between events, both None in demo and replay.
    """

    n: int
    n_labelled: int = 0
    n_duplicates: int = 0
    n_earlier: tuple[int, ...] = ()
    n_reference: int = 0
    n_labelled_reference: int = 0
    n_duplicates_reference: int = 0
    age_s: float | None = None
    typical_gap_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows of both sides with all columns: for tests that look at columns together.

    Both matrices have a column for each of ``names``; categories (``is_category``) are codes from 0
    shared by both sides, NaN is missing. The rows are a deterministic sample of ``n_reference`` and
    ``n_current`` in all.
    """

    names: tuple[str, ...]
    is_category: tuple[bool, ...]
    reference: Floats
    current: Floats
    n_reference: int
    n_current: int


@dataclass(frozen=True, slots=True)
class TextPair:
    """Texts of a column on both sides (a deterministic sample), missing ones counted apart."""

    reference: tuple[str, ...]
    current: tuple[str, ...]
    n_missing_reference: int = 0
    n_missing_current: int = 0


@dataclass(frozen=True, slots=True)
class VectorPair:
    """Vectors of an embedding column on both sides (a deterministic sample), a row each."""

    reference: Floats
    current: Floats
    n_missing_reference: int = 0
    n_missing_current: int = 0


@dataclass(frozen=True, slots=True)
class Moments:
    """Power sums of one number over rows, about ``centre``: enough for a mean with its interval.

    ``n`` rows have a value, ``n_missing`` have none; ``quantile``, ``low`` and ``high`` are order
    statistics where a quantile was asked.
    """

    n: int
    n_missing: int = 0
    weight: float = 0.0
    weight2: float = 0.0
    centre: float = 0.0
    first: float = 0.0
    second: float = 0.0
    third: float = 0.0
    quantile: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Acts:
    """What people did with predictions, counted; one act is a prediction that one person met.

    ``decided`` and ``settled`` count what was shown; ``wrong`` and ``right`` what was accepted or
    overridden and whose truth is known. ``first_...`` count acts whose first answer, before the
    prediction was seen, was logged.
    """

    n_users: int
    first: datetime | None
    last: datetime | None
    n: int = 0
    shown: int = 0
    opened: int = 0
    decided: int = 0
    settled: int = 0
    accepted: int = 0
    overridden: int = 0
    dismissed: int = 0
    alone: int = 0
    wrong: int = 0
    wrong_accepted: int = 0
    right: int = 0
    right_overridden: int = 0
    timed_accepts: int = 0
    fast_accepts: int = 0
    first_wrong: int = 0
    first_wrong_mended: int = 0
    first_right: int = 0
    first_right_kept: int = 0


@dataclass(frozen=True, slots=True)
class Residuals:
    """Sums over the finite pairs of a regression: what is enough for its means of losses and R2.

    ``powers`` holds, of the residual r = prediction - label, its absolute value a and the label y less
    its mean: r1 r2 r3 r4 r6, a1 a3, y2 y4, yr2 and y2r2 (y^2 r^2 and so on).
    """

    n: int
    powers: Mapping[str, float]
    low: float  # smallest and largest label
    high: float
    n_invalid: int = 0
