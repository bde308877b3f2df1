"""What stands behind the numbers of a window: curves and tables, beside the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.catalog import metrics_for
from analytics.core import Cut, Dataset, Estimate, Question, Scope
from analytics.curves.precision_recall import PrecisionRecall, precision_recall
from analytics.curves.reliability import Reliability, reliability
from analytics.curves.residuals import Residuals, residuals
from analytics.curves.roc import Roc, roc
from analytics.curves.score_histogram import ScoreHistogram, score_histogram
from analytics.curves.threshold import Thresholds, confusion_at, thresholds
from analytics.evaluate.drift import drift_columns
from analytics.needs import Confusion, Scores
from analytics.query.cells import cut_columns
from analytics.query.engine import Engine
from analytics.query.explore import open_prediction
from analytics.query.frame import whole
from analytics.query.groups import Delay, count_inside, label_delay
from analytics.query.histograms import (
    Curve,
    Histogram,
    LevelShares,
    delay_curve,
    histogram,
    histogram_between,
    level_shares,
)
from analytics.query.neighbours import Neighbour, nearest_other
from analytics.query.performance import class_scores, confusions, pairs, scores
from analytics.summaries.chooser import ends_of
from analytics.summaries.delays import quick_curve, quick_delay

WHOLE = (None, None)


@dataclass(frozen=True, slots=True)
class Side:
    """The curves of one side; what the task does not have, or too few rows gave, is None."""

    confusion: Confusion | None = None
    roc: Roc | None = None
    precision_recall: PrecisionRecall | None = None
    reliability: Reliability | None = None
    score_histogram: ScoreHistogram | None = None
    residuals: Residuals | None = None
    thresholds: Thresholds | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """Both sides."""

    current: Side
    reference: Side


@dataclass(frozen=True, slots=True)
class Share:
    """How many rows a segment holds, of how many."""

    n: int
    n_all: int


def share_of(engine: Engine, dataset: Dataset, question: Question) -> Share:
    """The rows of the question's segment beside all rows of its window."""
    scope = whole(question.scope)
    if scope.segment is None:
        n = count_inside(engine, dataset, scope, None)[0]
        return Share(n, n)
    return Share(*count_inside(engine, dataset, replace(scope, segment=None), scope.segment))


def neighbours(
    engine: Engine, dataset: Dataset, question: Question, prediction_id: str
) -> list[Neighbour]:
    """The rows nearest to a prediction that got another answer."""
    row = open_prediction(engine, dataset, prediction_id).row
    return nearest_other(engine, dataset, whole(question.scope), row)


def cut(engine: Engine, dataset: Dataset, question: Question, name: str) -> Cut | None:
    """How one column is cut: its frequent levels, or the quarters of its numbers."""
    column = dataset.schema.column(name)
    found = cut_columns(engine, dataset, whole(question.scope), [column])
    return found[0] if found else None


def behind(
    engine: Engine, dataset: Dataset, question: Question, class_name: str | None = None
) -> Behind:
    """The curves of the window and of the reference; of one class against the rest if named."""
    current = _side(engine, dataset, whole(question.scope), class_name)
    if question.reference is None:
        return Behind(current, Side())
    return Behind(current, _side(engine, dataset, whole(question.reference), class_name))


def _side(engine: Engine, dataset: Dataset, scope: Scope, class_name: str | None) -> Side:
    task = dataset.schema.task
    if task == "regression":
        found = pairs(engine, dataset, scope).get(WHOLE)
        return Side(residuals=residuals(found) if found else None)
    confusion = confusions(engine, dataset, scope).get(WHOLE)
    need: Scores | None = None
    if task == "binary" and dataset.schema.has("score"):
        need = scores(engine, dataset, scope).get(WHOLE)
    elif task == "multiclass" and class_name is not None:
        by_class = class_scores(engine, dataset, scope).get(WHOLE)
        need = by_class.by_class.get(class_name) if by_class else None
    if need is None:
        return Side(confusion)
    return Side(
        confusion,
        roc(need),
        precision_recall(need),
        reliability(need),
        score_histogram(need),
        thresholds=thresholds(need),
    )


def column(
    engine: Engine, dataset: Dataset, question: Question, name: str
) -> Histogram | LevelShares | None:
    """The distribution of one column, beside the reference's."""
    chosen = next((c for c in drift_columns(dataset) if c.name == name), None)
    chosen = chosen or dataset.schema.column(name)
    scope = whole(question.scope)
    reference = whole(question.reference) if question.reference else None
    if chosen.type == "numeric":
        ends = ends_of(engine, dataset, replace(question, scope=scope), name)
        if ends is not None and reference is not None:
            return histogram_between(engine, dataset, (scope, reference), name, ends)
        return histogram(engine, dataset, scope, reference, name)
    return level_shares(engine, dataset, scope, reference, name)


def delays(engine: Engine, dataset: Dataset, question: Question) -> tuple[Curve, Delay | None]:
    """The delay curve of the window's labels, and its quantiles: of a long log within half a per cent."""
    scope = whole(question.scope)
    if question.is_exact:
        return delay_curve(engine, dataset, scope), label_delay(engine, dataset, scope)
    return quick_curve(engine, dataset, scope), quick_delay(engine, dataset, scope)


def rates_at(found: Thresholds, i: int, names: Sequence[str]) -> dict[str, Estimate]:
    """Metrics of classes, with their intervals, if scores were cut at that place."""
    confusion, known = confusion_at(found, i), metrics_for("binary")
    return {name: known[name].metric.compute(confusion) for name in names}
