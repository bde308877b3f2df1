"""What decisions are worth in the owner's unit: by version, with people and without, and how far it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analytics.behaviour.worth import worth_of
from analytics.core import Dataset, Estimate, Question, Result, Window
from analytics.query.acts import Taken, taken
from analytics.query.engine import Engine
from analytics.stats.difference import difference

OBSERVATIONAL = (
    "Observational: versions decided about different predictions, so the difference is no proof that"
    " the version made it."
)
AT_RANDOM = (
    "Against a hold-out group that decided without seeing the prediction. It is proof only as far as"
    " the group was drawn at random; what nobody decided about is not counted."
)
ALONE = (
    "Observational: nobody decides without seeing the prediction, so what it adds to people is not"
    " known. A hold-out group (events with arm = holdout) would tell."
)


@dataclass(frozen=True, slots=True)
class Side:
    """Mean worth of a decision of one group of acts, and whose answers it counts."""

    name: str
    worth: Estimate


@dataclass(frozen=True, slots=True)
class Worth:
    """Worth by group, the difference that the prediction makes, and what that may be called.

    ``gain`` is people who saw the prediction minus the hold-out group; None without one.
    """

    sides: tuple[Side, ...]
    versions: tuple[Side, ...]
    gain: Estimate | None
    between: Estimate | None
    notes: tuple[str, ...]


def worth(engine: Engine, dataset: Dataset, question: Question) -> Worth | None:
    """Value per decision; None where no values are set or no decision's truth is known."""
    if not dataset.schema.values:
        return None
    rows = taken(engine, dataset, question.scope)
    if not rows:
        return None
    values = {(truth, said): amount for truth, said, amount in dataset.schema.values}

    def mean(chosen: Sequence[Taken], answer: Callable[[Taken], str | None]) -> Estimate:
        counted = [(t.label, said, t.n) for t in chosen if (said := answer(t)) is not None]
        return worth_of(counted, values)

    seeing = [t for t in rows if not t.is_alone]
    alone = [t for t in rows if t.is_alone]
    together = Side("People who saw the prediction", mean(seeing, lambda t: t.final))
    sides = [together, Side("The prediction alone, same rows", mean(seeing, lambda t: t.predicted))]
    if alone:
        sides.append(Side("People without it (hold-out)", mean(alone, lambda t: t.final)))
    names = sorted({t.version for t in seeing if t.version is not None})
    versions = [
        Side(name, mean([t for t in seeing if t.version == name], lambda t: t.final))
        for name in names
    ]
    gain = difference(together.worth, sides[2].worth) if alone else None
    between = difference(versions[-1].worth, versions[-2].worth) if len(versions) > 1 else None
    notes = [AT_RANDOM if alone else ALONE]
    notes += [OBSERVATIONAL] if between is not None else []
    return Worth(tuple(sides), tuple(versions), gain, between, tuple(notes))


def worth_results(
    engine: Engine, dataset: Dataset, question: Question, window: Window
) -> list[Result]:
    """Value of a decision, and what the prediction adds to it, as Results; empty without values."""
    found = worth(engine, dataset, question)
    if found is None:
        return []
    numbers = [("decision_value", "Value of a decision", found.sides[0].worth)]
    if found.gain is not None:
        numbers.append(("decision_gain", "Gain over deciding without it", found.gain))
    segment = question.scope.segment
    return [
        Result(
            name, estimate.value, estimate.n, "undefined", window, estimate.low, estimate.high,
            estimate.interval, version=question.scope.version,
            segment=segment.text if segment else None,
            reason=estimate.reason or "a worth in the owner's unit: nothing to compare with",
            detail={
                "label": label, "unit": "label", "better": "higher", "page": "behaviour",
                "notes": list(found.notes),
            },
        )
        for name, label, estimate in numbers
    ]  # fmt: skip
