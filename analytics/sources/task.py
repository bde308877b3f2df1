"""What kind of model a log is of: binary, multiclass or regression, and which class is positive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.core import Task
from analytics.errors import RoleAmbiguous, UsageError
from analytics.sources.profile import MAX_CLASSES

POSITIVE_WORDS = ("1", "true", "yes")


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What is known of labels, predictions and scores.

    ``classes`` are the canonical classes of predictions and labels together (empty when there are
    more than ``MAX_CLASSES``, then ``is_open``). ``is_numeric`` says that they are all numbers.
    """

    classes: tuple[str, ...] = ()
    is_open: bool = False
    is_numeric: bool = False
    is_integer: bool = False
    has_prediction: bool = False
    has_label: bool = False
    has_score: bool = False
    score_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskGuess:
    """The task with its classes, and sentences on how it was found."""

    task: Task
    classes: tuple[str, ...] = ()
    positive: str | None = None
    notes: tuple[str, ...] = ()


def infer_task(
    facts: TaskFacts, task: Task | None = None, positive: str | None = None
) -> TaskGuess:
    """The task and its classes; RoleAmbiguous where only a person can say."""
    chosen, notes = (task, ()) if task else _infer(facts)
    if chosen == "binary":
        return _binary(facts, positive, notes)
    if chosen == "multiclass":
        return TaskGuess("multiclass", _sorted(facts.classes, facts.score_classes), None, notes)
    if chosen == "regression" and (facts.classes or facts.is_open) and not facts.is_numeric:
        raise UsageError(
            "A regression needs numbers, and the predictions or labels are text.",
            f"Values found: {', '.join(facts.classes[:5])}.",
            "Leave --task out, or give --task multiclass.",
        )
    return TaskGuess(chosen, (), None, notes)


def _infer(facts: TaskFacts) -> tuple[Task, tuple[str, ...]]:
    if not (facts.has_prediction or facts.has_score or facts.score_classes):
        return "none", ()
    known = _sorted(facts.classes, facts.score_classes)
    if len(facts.score_classes) > 2 or (facts.score_classes and len(known) > 2):
        return "multiclass", ()
    if facts.score_classes or facts.has_score and not (facts.has_prediction or facts.has_label):
        return "binary", ()
    if facts.is_open and not facts.is_numeric:
        raise RoleAmbiguous(
            f"The predictions or labels hold more than {MAX_CLASSES} different texts.",
            "This may be a task with very many classes, or the wrong column.",
            "Add --task multiclass, or name the column with --map prediction=COLUMN.",
        )
    if not facts.is_open and len(facts.classes) <= 2 and (facts.is_integer or not facts.is_numeric):
        return "binary", ()
    if not facts.is_numeric:
        return "multiclass", ()
    if facts.is_integer and not facts.is_open and len(facts.classes) <= 20:
        note = (
            f"{len(facts.classes)} different whole numbers are taken as a regression;"
            " add --task multiclass if they are classes."
        )
        return "regression", (note,)
    return "regression", ()


def _binary(facts: TaskFacts, positive: str | None, notes: tuple[str, ...]) -> TaskGuess:
    classes = _sorted(facts.classes, facts.score_classes)
    if len(classes) > 2:
        raise UsageError(
            f"A binary task has two classes, and here are {len(classes)}: {', '.join(classes[:6])}.",
            "The column may be the wrong one, or the task has several classes.",
            "Add --task multiclass, or name the column with --map.",
        )
    if positive is not None:
        return _given_positive(classes, positive, notes)
    for word in POSITIVE_WORDS:
        for name in classes:
            if name.lower() == word:
                return TaskGuess("binary", _two(classes, name), name, notes)
    if not classes or classes == ("0",):
        assumed = ("The positive class is taken to be 1: no other class was seen.",)
        return TaskGuess("binary", ("0", "1"), "1", notes + assumed)
    raise RoleAmbiguous(
        f"Which of {' and '.join(repr(c) for c in classes)} is the positive class?",
        "Precision, recall and scores are about the positive class, and none is called 1 or yes.",
        f"Add --positive {classes[0]}" + (f" or --positive {classes[1]}." if classes[1:] else "."),
    )


def _given_positive(classes: tuple[str, ...], positive: str, notes: tuple[str, ...]) -> TaskGuess:
    if len(classes) == 2 and positive not in classes:
        raise UsageError(
            f"The positive class {positive!r} does not occur.",
            f"The classes are {' and '.join(repr(c) for c in classes)}.",
            f"Add --positive {classes[0]} or --positive {classes[1]}.",
        )
    return TaskGuess("binary", _two(classes, positive), positive, notes)


def _two(classes: tuple[str, ...], positive: str) -> tuple[str, ...]:
    if classes in ((), ("1",), ("0",)) and positive in ("0", "1"):
        return ("0", "1")
    return _sorted(classes, (positive,))


def _sorted(*groups: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({name for group in groups for name in group}))
