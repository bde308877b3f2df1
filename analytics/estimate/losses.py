"""Losses of single rows, whose mean is a metric: what a plan of labels can measure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Task
from analytics.errors import NameUnknown
from analytics.needs import Floats

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said of some rows: predictions (text or numbers) and a score for each class."""

    y_pred: npt.NDArray[Any]
    proba: Floats | None = None
    classes: tuple[str, ...] = ()

    def at(self, rows: npt.NDArray[Any]) -> Said:
        """The same of some of the rows."""
        return Said(
            self.y_pred[rows], None if self.proba is None else self.proba[rows], self.classes
        )


Loss = Callable[[npt.NDArray[Any], Said], Floats]


@dataclass(frozen=True, slots=True)
class RowLoss:
    """A metric that is a mean over rows: ``of(y_true, said)`` gives each row's loss.

    ``bounds`` hold every loss. The metric is the mean loss, or one minus it where ``is_gain``.
    """

    metric: str
    tasks: tuple[Task, ...]
    of: Loss
    bounds: tuple[float, float]
    unit: str
    is_gain: bool = False
    needs_score: bool = False

    @property
    def is_share(self) -> bool:
        """Whether a loss is 0 or 1."""
        return self.is_gain

    def value(self, loss: float) -> float:
        """The metric of a mean loss (and back)."""
        return 1 - loss if self.is_gain else loss


def _wrong(y_true: npt.NDArray[Any], said: Said) -> Floats:
    return np.array([a != b for a, b in zip(y_true, said.y_pred, strict=True)], dtype=float)


def _own_score(y_true: npt.NDArray[Any], said: Said) -> Floats:
    """The score that each row's label was given, as it was logged."""
    assert said.proba is not None
    at = {name: i for i, name in enumerate(said.classes)}
    places = np.array([at.get(name, -1) for name in y_true.tolist()], dtype=np.intp)
    found = said.proba[np.arange(len(places)), places]
    return np.where(places < 0, 0.0, found)


def _brier(y_true: npt.NDArray[Any], said: Said) -> Floats:
    return np.asarray((1 - _own_score(y_true, said)) ** 2)


def _log_loss(y_true: npt.NDArray[Any], said: Said) -> Floats:
    return np.asarray(-np.log(np.clip(_own_score(y_true, said), EPS, 1 - EPS)))


def _distance(y_true: npt.NDArray[Any], said: Said) -> Floats:
    return np.asarray(np.abs(said.y_pred - y_true), dtype=float)


def _square(y_true: npt.NDArray[Any], said: Said) -> Floats:
    return np.asarray((said.y_pred - y_true) ** 2, dtype=float)


_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
LOSSES = {
    loss.metric: loss
    for loss in (
        RowLoss("accuracy", _CLASSES, _wrong, (0.0, 1.0), "score", is_gain=True),
        RowLoss("brier", ("binary",), _brier, (0.0, 1.0), "score", needs_score=True),
        RowLoss("log_loss", _CLASSES, _log_loss, (0.0, -math.log(EPS)), "nats", needs_score=True),
        RowLoss("mae", ("regression",), _distance, (0.0, math.inf), "label"),
        RowLoss("mse", ("regression",), _square, (0.0, math.inf), "label squared"),
    )
}


def plannable(task: Task, *, has_score: bool) -> tuple[str, ...]:
    """The metrics of a task that a plan can measure.

    >>> plannable("binary", has_score=True), plannable("regression", has_score=False)
    (('accuracy', 'brier', 'log_loss'), ('mae', 'mse'))
    """
    return tuple(
        name
        for name, loss in LOSSES.items()
        if task in loss.tasks and (has_score or not loss.needs_score)
    )


def row_loss(metric: str, task: Task, *, has_score: bool) -> RowLoss:
    """The loss behind a metric; NameUnknown where it is no mean over rows of this task."""
    names = plannable(task, has_score=has_score)
    if metric not in names:
        raise NameUnknown(
            f"Labels cannot be planned for {metric!r} here.",
            "A plan measures what is a mean over rows.",
            f"Take one of: {', '.join(names)}." if names else "This model logs no prediction.",
        )
    return LOSSES[metric]
