"""Estimates without labels of every group, by the kind of task; what each one was learned from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analytics.catalog import Named
from analytics.core import Column, Dataset, Estimate, Scope
from analytics.errors import UsageError
from analytics.estimate.cbpe import Calibration, calibrate, cbpe, forecast, lean
from analytics.estimate.classes import (
    ClassForecast,
    calibrate_classes,
    cbpe_of_classes,
    forecast_classes,
)
from analytics.estimate.dle import LOSSES, Learned, dle, learn
from analytics.evaluate.performance import metric_estimates
from analytics.needs import Floats, Valued
from analytics.query.engine import Engine
from analytics.query.forecast import RowsSaid, SaidByScore, rows_said, said_by_score
from analytics.query.frame import whole
from analytics.query.groups import Key
from analytics.query.performance import scores
from analytics.query.pool import feature_columns
from analytics.query.samples import as_matrix

WHOLE = (None, None)
MIN_REFERENCE = 100
MOST = 100_000  # rows of a side that methods which need rows look at; above it a sample
MOST_LEARNED, MOST_FEATURES = 20_000, 60  # of the reference, from which losses are learned
NOTHING = "no rows with a score and a prediction"

Found = list[tuple[Named, str | None, Estimate]]
Estimator = Callable[[Key], Found]
Maker = Callable[[Engine, Dataset, Scope, Scope, Sequence[Named]], Estimator]


def of_two(
    engine: Engine, dataset: Dataset, scope: Scope, reference: Scope, named: Sequence[Named]
) -> Estimator:
    """CBPE of a binary task, from counts by distinct score."""
    calibration = _calibrate(engine, dataset, reference)
    said = said_by_score(engine, dataset, scope)
    known = said_by_score(engine, dataset, whole(reference), labelled=True).get(WHOLE)
    came = metric_estimates(engine, dataset, whole(reference), named)
    own = {n.name: of_scores(dataset, n, calibration, known) for n in named}

    def of_group(key: Key) -> Found:
        if key not in said:
            return [(n, None, Estimate.undefined(NOTHING)) for n in named]
        found = [(n, of_scores(dataset, n, calibration, said[key])) for n in named]
        return [
            (n, None, lean(n.metric, e, own[n.name], came[(n.name, None)].value)) for n, e in found
        ]

    return of_group


def of_scores(
    dataset: Dataset, named: Named, calibration: Calibration, said: SaidByScore | None
) -> Estimate:
    """CBPE of a binary task's rows by distinct score."""
    if said is None:
        return Estimate.undefined(NOTHING)
    positive = str(dataset.schema.positive)
    negative = next((c for c in dataset.schema.classes if c != positive), "0")
    rows = forecast(calibration, said.score, said.is_positive, said.count)
    return cbpe(named.metric, rows, positive, negative, values_of(named, worth_of(dataset)))


def of_several(
    engine: Engine, dataset: Dataset, scope: Scope, reference: Scope, named: Sequence[Named]
) -> Estimator:
    """CBPE of a multiclass task, from the scores of all classes of each row."""
    classes = classes_scored(dataset)
    columns = [f"score_{c}" for c in classes]
    picked = ("prediction", *columns)
    known = rows_said(engine, dataset, whole(reference), picked, MOST, labelled=True).get(WHOLE)
    calibrations, n_known = None, 0
    if known is not None:
        labels, score = np.asarray(known.label, dtype=str), matrix_of(known, columns)
        kept = np.isfinite(score).all(axis=1) & np.isin(labels, classes)
        n_known = int(kept.sum())
        if n_known >= MIN_REFERENCE:
            calibrations = calibrate_classes(classes, labels[kept], score[kept])
    if calibrations is None or known is None:
        raise too_few(n_known, "of every class")
    facts = _sampled(known)
    said = rows_said(engine, dataset, scope, picked, MOST)
    worth = worth_of(dataset)
    asked, seen = list(each_of(named, classes)), class_rows(calibrations, known, columns)
    came = metric_estimates(engine, dataset, whole(reference), named)
    own = [(of_rows(n, seen, of, worth), came.get((n.name, of))) for n, of in asked]

    def of_group(key: Key) -> Found:
        rows = class_rows(calibrations, said.get(key), columns)
        found = []
        for (n, of), (mine, then) in zip(asked, own, strict=True):
            one = lean(n.metric, of_rows(n, rows, of, worth), mine, then.value if then else None)
            found.append((n, of, _with(one, facts)))
        return found

    return of_group


def of_losses(
    engine: Engine, dataset: Dataset, scope: Scope, reference: Scope, named: Sequence[Named]
) -> Estimator:
    """DLE of a regression, learned from features and prediction."""
    seen = [*feature_columns(dataset, MOST_FEATURES), Column("prediction", "prediction", "numeric")]
    names = [c.name for c in seen]
    known = rows_said(engine, dataset, whole(reference), names, MOST_LEARNED, labelled=True).get(
        WHOLE
    )
    n_known = len(known.label) if known is not None else 0
    if known is None or n_known < MIN_REFERENCE:
        raise too_few(n_known, "each with a prediction")
    said = rows_said(engine, dataset, scope, names, MOST)
    now = {name: _joined([rows.columns[name] for rows in said.values()]) for name in names}
    x, x_now = as_matrix(seen, dict(known.columns), now if said else dict(known.columns))
    sizes = [len(rows.columns[names[0]]) for rows in said.values()]
    parts = dict(zip(said, np.split(x_now, np.cumsum(sizes)[:-1]), strict=True)) if said else {}
    label: Floats = np.ma.filled(np.ma.asarray(known.label, dtype=float), np.nan)
    learned = {n.name: _learned(n, x, label) for n in named}
    facts = _sampled(known)

    def of_group(key: Key) -> Found:
        found: Found = []
        for n in named:
            value = Estimate.undefined("no rows with a prediction")
            what = learned[n.name]
            if what is None:
                value = Estimate.undefined("the reference has no such loss to learn from")
            elif key in parts:
                rows = parts[key][np.isfinite(parts[key][:, -1])]
                value = dle(n.metric, what, rows)
            found.append((n, None, _with(value, facts)))
        return found

    return of_group


def _learned(named: Named, x: Floats, label: Floats) -> Learned | None:
    with np.errstate(all="ignore"):
        loss = LOSSES[named.name](label, x[:, -1])
    kept = np.isfinite(loss)
    return learn(x[kept], loss[kept]) if kept.sum() >= MIN_REFERENCE else None


def _joined(columns: Sequence[Any]) -> Any:
    gone = [np.ma.getmaskarray(c) for c in columns]
    there = [np.ma.getdata(c) for c in columns]
    return np.ma.array(np.concatenate(there), mask=np.concatenate(gone)) if columns else None


def classes_scored(dataset: Dataset) -> tuple[str, ...]:
    """The classes that have a score column of their own."""
    there = {c.class_name for c in dataset.schema.columns if c.role == "score" and c.class_name}
    return tuple(c for c in dataset.schema.classes if c in there)


def too_few(n: int, of: str) -> UsageError:
    """The reference cannot teach an estimate anything."""
    return UsageError(
        f"The reference has {n} labelled rows with a score: too few to calibrate on.",
        f"At least {MIN_REFERENCE} are needed, {of}.",
        "Choose a longer reference.",
    )


def _calibrate(engine: Engine, dataset: Dataset, reference: Scope) -> Calibration:
    need = scores(engine, dataset, whole(reference)).get(WHOLE)
    found = calibrate(need) if need is not None and need.n >= MIN_REFERENCE else None
    if found is None:
        raise too_few(need.n if need is not None else 0, "of both classes")
    return found


def each_of(named: Sequence[Named], classes: Sequence[str]) -> Iterator[tuple[Named, str | None]]:
    """Each metric once, or once a class where it is one against the rest."""
    for n in named:
        if n.metric.per_class and n.of is None:
            yield from ((n, c) for c in classes)
        else:
            yield n, n.of


def of_rows(
    named: Named, rows: ClassForecast | None, of: str | None, worth: Mapping[tuple[str, str], float]
) -> Estimate:
    """CBPE of one class or average, or why there is none."""
    if rows is None:
        return Estimate.undefined(NOTHING)
    return cbpe_of_classes(named.metric, rows, of, values_of(named, worth))


def class_rows(
    calibrations: Mapping[str, Calibration], said: RowsSaid | None, columns: Sequence[str]
) -> ClassForecast | None:
    """Rows with their calibrated rates; None where no row has every score."""
    if said is None:
        return None
    score, predicted = matrix_of(said, columns), np.asarray(said.columns["prediction"], dtype=str)
    kept = np.isfinite(score).all(axis=1) & np.isin(predicted, tuple(calibrations))
    return forecast_classes(calibrations, predicted[kept], score[kept]) if kept.any() else None


def matrix_of(rows: RowsSaid, columns: Sequence[str]) -> Floats:
    """Columns of numbers side by side, NaN where missing."""
    found: list[Floats] = [
        np.ma.filled(np.ma.asarray(rows.columns[c], dtype=float), np.nan) for c in columns
    ]
    return np.column_stack(found)


def worth_of(dataset: Dataset) -> Mapping[tuple[str, str], float]:
    """What a row of each (true class, predicted class) is worth."""
    return {(truth, said): value for truth, said, value in dataset.schema.values}


def values_of(
    named: Named, worth: Mapping[tuple[str, str], float]
) -> Mapping[tuple[str, str], float] | None:
    """The worths for a metric that needs them, else None."""
    return worth if named.metric.needs is Valued else None


def _sampled(known: RowsSaid) -> dict[str, int]:
    """How many rows of the reference were looked at, where not all were."""
    n = len(known.label)
    return {"n_reference": n, "n_reference_all": known.total} if n < known.total else {}


def _with(estimate: Estimate, facts: Mapping[str, int]) -> Estimate:
    return replace(estimate, detail={**estimate.detail, **facts}) if facts else estimate
