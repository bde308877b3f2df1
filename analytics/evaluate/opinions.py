"""Several ways to estimate the same number without labels, side by side, and whether they agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.catalog import Named
from analytics.core import Column, Dataset, Estimate, Question, Result, Scope
from analytics.errors import UsageError
from analytics.estimate.atc import atc, confidence
from analytics.estimate.cbpe import calibrate, lean
from analytics.estimate.classes import calibrate_classes, cbpe_of_classes
from analytics.estimate.importance import (
    Likeness,
    blend,
    disagree,
    importance,
    liken,
    too_unlike,
    weighted_calibration,
)
from analytics.evaluate.estimate import estimate, estimators_of, judged, picked
from analytics.evaluate.estimators import (
    MIN_REFERENCE,
    class_rows,
    classes_scored,
    matrix_of,
    of_scores,
    too_few,
    values_of,
    worth_of,
)
from analytics.evaluate.performance import metric_estimates
from analytics.evaluate.verdict import compare
from analytics.needs import ClassScores, Confusion, Floats, Pairs, Scores, Valued
from analytics.query.engine import Engine
from analytics.query.forecast import RowsSaid, SaidByScore, rows_said, said_by_score
from analytics.query.frame import whole
from analytics.query.groups import Group, count_groups
from analytics.query.pool import feature_columns
from analytics.query.samples import Side, beside
from analytics.summaries.shelf import Shelf, shelf_of
from analytics.together import together

MOST, MOST_CUT, MOST_FEATURES = 10_000, 4_000, 60  # rows of a side, of a period; columns
WHOLE = (None, None)
Opinions = dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Known:
    """The reference's labelled rows: what was said, what was true, and the columns they came with."""

    rows: RowsSaid
    score: Floats
    said: npt.NDArray[Any]
    label: npt.NDArray[Any]

    def need(self, named: Named, dataset: Dataset, weight: Floats) -> Any:
        """What the metric computes from, with the rows weighted."""
        schema, kind = dataset.schema, named.metric.needs
        if kind is Pairs:
            return Pairs.from_arrays(self.label, self.said, sample_weight=weight)
        if kind in (Confusion, Valued):
            found = Confusion.from_arrays(
                self.label, self.said, sample_weight=weight, positive=schema.positive
            )
            return Valued(found, worth_of(dataset)) if kind is Valued else found
        if kind is Scores:
            is_positive = self.label == str(schema.positive)
            return Scores.from_arrays(is_positive, self.score[:, 0], sample_weight=weight)
        by_class = {
            name: Scores.from_arrays(self.label == name, self.score[:, k], sample_weight=weight)
            for k, name in enumerate(classes_scored(dataset))
        }
        return ClassScores(by_class, len(self.label))


@dataclass(frozen=True, slots=True)
class Now:
    """One group's rows: a sample with columns, all of them by score, and their likeness."""

    rows: RowsSaid
    by_score: SaidByScore | None
    likeness: Likeness


def opinions(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Each asked metric by every method that has it; ``detail.method`` says which.

    "cbpe" and "dle" are as ``estimate`` gives them. "weighted" is CBPE calibrated on the reference
    counted so that it looks like the rows asked about, "importance" the metric of that weighted
    reference itself, "blend" plain CBPE moved towards the mean of these two as far as that lies off
    beyond chance, "atc" accuracy by thresholded confidence.
    ``detail.is_headline`` marks the one to go by: "blend" where the mix of rows has changed and
    enough of the reference is like them, else the usual one.
    ``detail.disagree`` names on the headline two methods whose intervals do not meet: some
    assumption fails, and only labels can say which.
    """
    from threadpoolctl import threadpool_limits

    reference, make = estimators_of(dataset, question)
    named = picked(dataset, question)
    usual = make(engine, dataset, question.scope, reference, named)
    seen = _columns(dataset)
    names = [c.name for c in seen]
    known = _known(engine, dataset, reference, names)
    past = metric_estimates(engine, dataset, whole(reference), named)
    most = MOST if question.scope.every is None else MOST_CUT
    rows = rows_said(engine, dataset, question.scope, names, most)
    is_binary = dataset.schema.task == "binary"
    by_score = said_by_score(engine, dataset, question.scope) if is_binary else {}
    groups = count_groups(engine, dataset, question.scope)
    shelf = shelf_of(engine, dataset)
    then = Side.of(seen, known.rows.columns)

    def likeness_of(group: Group) -> Likeness | None:
        mine = rows.get(group.key)
        return None if mine is None else _liken(seen, then, mine, shelf)

    with threadpool_limits(1):  # each thread learns on one processor
        if engine.is_remembering:  # a round has processes; fits side by side warn of each other
            alike = list(map(likeness_of, groups))
        else:
            alike = together(likeness_of, groups)
    results: list[Result] = []
    for group, likeness in zip(groups, alike, strict=True):
        mine = rows.get(group.key)
        now = Now(mine, by_score.get(group.key), likeness) if mine and likeness else None
        for n, of, value in usual(group.key):
            found = {str(value.detail.get("method", "none")): value}
            if now is not None:
                found |= _others(dataset, known, now, n, of)
            told = tell(n, found)
            before = past.get((n.name, of))
            results += judged(
                question, group, [(n, of, e, compare(n.metric, e, before)) for e in told]
            )
    return results


def leading(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """The estimate to go by: one a metric, period and version, by the method that ``detail.method`` names.

    It is what lines, cards, monitors, commands and reports give. Losses of a regression have one
    method only.
    """
    if dataset.schema.task == "regression":
        return estimate(engine, dataset, question)
    return [r for r in opinions(engine, dataset, question) if r.detail["is_headline"]]


def by_method(engine: Engine, dataset: Dataset, question: Question, method: str) -> list[Result]:
    """The estimates of one method by name; plain CBPE and DLE need no weights and come at once."""
    own = "dle" if dataset.schema.task == "regression" else "cbpe"
    if method == own:
        return estimate(engine, dataset, question)
    found = opinions(engine, dataset, question)
    mine = [r for r in found if r.detail["method"] == method]
    if not mine:
        there = ", ".join(dict.fromkeys(str(r.detail["method"]) for r in found))
        raise UsageError(
            f"There is no estimate by {method!r}.",
            "That method has none of these metrics, or the mix of rows has not changed.",
            f"Choose of: {there or own}.",
        )
    return mine


def _columns(dataset: Dataset) -> list[Column]:
    scores = [f"score_{c}" for c in classes_scored(dataset)]
    if dataset.schema.task == "binary":
        scores = ["score"]
    said: Column = Column(
        "prediction",
        "prediction",
        "numeric" if dataset.schema.task == "regression" else "categorical",
    )
    numbers = [Column(name, "score", "numeric") for name in scores]
    return [*feature_columns(dataset, MOST_FEATURES), said, *numbers]


def _known(engine: Engine, dataset: Dataset, reference: Scope, names: Sequence[str]) -> Known:
    found = rows_said(engine, dataset, whole(reference), names, MOST, labelled=True).get(WHOLE)
    if found is None or len(found.label) < MIN_REFERENCE:
        raise too_few(0 if found is None else len(found.label), "each with a prediction")
    scores = [name for name in names if name == "score" or name.startswith("score_")]
    score = matrix_of(found, scores) if scores else np.empty((len(found.label), 0))
    if dataset.schema.task == "regression":
        said: npt.NDArray[Any] = np.ma.filled(
            np.ma.asarray(found.columns["prediction"], float), np.nan
        )
        label: npt.NDArray[Any] = np.ma.filled(np.ma.asarray(found.label, float), np.nan)
        kept = np.isfinite(said) & np.isfinite(label)
    else:
        said, label = np.asarray(found.columns["prediction"], str), np.asarray(found.label, str)
        kept = ~np.ma.getmaskarray(found.columns["prediction"]) & np.isfinite(score).all(axis=1)
    columns = {name: column[kept] for name, column in found.columns.items()}
    rows = replace(found, columns=columns, label=found.label[kept], weight=found.weight[kept])
    return Known(rows, score[kept], said[kept], label[kept])


def _liken(seen: Sequence[Column], then: Side, mine: RowsSaid, shelf: Shelf) -> Likeness | None:
    reference, current = beside(seen, then, Side.of(seen, mine.columns))
    return liken(reference, current, tuple(c.type != "numeric" for c in seen), shelf)


def _others(dataset: Dataset, known: Known, now: Now, named: Named, of: str | None) -> Opinions:
    """The methods beside the usual one."""
    weight = known.rows.weight * now.likeness.weight
    need = known.need(named, dataset, weight)
    n = now.rows.total
    inner = of or (dataset.schema.positive if dataset.schema.task == "binary" else None)
    found = {"importance": importance(named.metric, need, inner, n, now.likeness)}
    makers: dict[str, Callable[..., Estimate | None]] = {
        "binary": _of_two,
        "multiclass": _of_several,
    }
    maker = makers.get(dataset.schema.task)
    if maker is None:
        return found
    weighted = maker(dataset, known, now, named, of)
    if weighted is not None and not now.likeness.is_usable:
        weighted = too_unlike(now.likeness, n)
    if weighted is not None:
        facts = {**now.likeness.as_detail(), "assumes": "no concept drift", "method": "weighted"}
        found["weighted"] = replace(weighted, detail={**weighted.detail, **facts})
    if named.name == "accuracy":
        names = [k for k in known.rows.columns if k == "score" or k.startswith("score_")]
        score = matrix_of(now.rows, names)
        score = score[np.isfinite(score).all(axis=1)]
        is_right, like = known.said == known.label, weight if now.likeness.is_usable else None
        found["atc"] = atc(confidence(known.score), is_right, confidence(score), like)
    return found


def _of_two(
    dataset: Dataset, known: Known, now: Now, named: Named, _of: str | None
) -> Estimate | None:
    positive = str(dataset.schema.positive)
    weight = known.rows.weight * now.likeness.weight
    is_positive = known.label == positive
    calibration = calibrate(
        Scores.from_arrays(is_positive, known.score[:, 0], sample_weight=weight)
    )
    if calibration is None or now.by_score is None:
        return None
    careful = weighted_calibration(calibration, now.likeness)
    then = SaidByScore(known.score[:, 0], known.said == positive, weight)
    came = named.metric.compute(known.need(named, dataset, weight), of=positive).value
    found = of_scores(dataset, named, careful, now.by_score)
    return lean(named.metric, found, of_scores(dataset, named, careful, then), came)


def _of_several(
    dataset: Dataset, known: Known, now: Now, named: Named, of: str | None
) -> Estimate | None:
    classes = classes_scored(dataset)
    weight = known.rows.weight * now.likeness.weight
    found = calibrate_classes(classes, known.label, known.score, weight)
    if found is None:
        return None
    calibrations = {c: weighted_calibration(one, now.likeness) for c, one in found.items()}
    rows = class_rows(calibrations, now.rows, [f"score_{c}" for c in classes])
    if rows is None:
        return None
    return cbpe_of_classes(named.metric, rows, of, values_of(named, worth_of(dataset)))


def tell(named: Named, found: Mapping[str, Estimate]) -> list[Estimate]:
    """The methods, the headline first; it says whether they disagree."""
    headline = usual = next(iter(found))
    apart = disagree(named.metric, found)
    weighted, own = (found.get(name) for name in ("weighted", "importance"))
    all_of_them = dict(found)
    both = weighted is not None and own is not None and None not in (weighted.value, own.value)
    if weighted and own and both and weighted.detail.get("is_shifted"):
        headline = "blend"
        all_of_them["blend"] = blend(found[usual], weighted, own)
    told = []
    for method in sorted(all_of_them, key=lambda m: m != headline):
        one = all_of_them[method]
        detail = {**one.detail, "method": method, "is_headline": method == headline}
        if method == headline:
            detail["disagree"] = list(apart) if apart else None
        told.append(replace(one, detail=detail))
    return told
