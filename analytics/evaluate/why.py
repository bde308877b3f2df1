"""Why a metric moved between two sides: parts that sum to the change, by kind, column and slice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from analytics.catalog import Named, headline_names, offered, pick_metrics
from analytics.core import Column, Dataset, Estimate, Question, Result, Scope
from analytics.errors import LogError, UsageError
from analytics.evaluate.parts import Facts, joint_parts, parts_by_column, sides_of
from analytics.evaluate.performance import MIN_LABELLED, metric_estimates
from analytics.evaluate.ripeness import ripen
from analytics.evaluate.verdict import compare, tolerance_of
from analytics.explain.maturity import Maturity
from analytics.explain.parts import Side, change_se, split
from analytics.explain.rank import MEAN_OF_ABSOLUTE
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.terms import Terms, terms_of
from analytics.query.why import (
    Asked,
    bin_columns,
    cells_by_column,
)
from analytics.stats.decision import decide

METHOD = "delta method"
WHOLE = (None, None)
TRUTH = "label"  # the column whose cells are the truth itself
MOST_JOINT = 3
MIN_JOINT = 0.001  # share of the metric's scale that a column's mix must move to be taken
SPLITTABLE = ("numeric", "categorical", "boolean")
NEAREST = ("accuracy", "brier", "mae", "mse")


def decomposable(dataset: Dataset) -> tuple[str, ...]:
    """The metrics of the model that a change can be split for."""
    return tuple(name for name in offered(dataset.schema) if terms_of(dataset, name) is not None)


def nearest(dataset: Dataset, name: str) -> str | None:
    """The metric itself where it decomposes, else the nearest one that does; None without any."""
    known = decomposable(dataset)
    if name in known:
        return name
    by_score = ("roc_auc", "average_precision", "ece", "calibration_slope", "spiegelhalter_z")
    wanted = ("brier", *NEAREST) if name in by_score else NEAREST
    return next((n for n in wanted if n in known), known[0] if known else None)


def why(
    engine: Engine, dataset: Dataset, question: Question, *, now: datetime | None = None
) -> list[Result]:
    """The parts of each asked metric's change against the reference, ``detail.part`` says which.

    "total" is the change, "maturity" what labels still on their way do to it. For every column,
    "mix", "within", "missing" and "unseen" sum with the maturity to the total, and so do the parts
    of its slices (``detail.conditions``, with a segment). "covariate" and "concept" are the same
    question over the joint cells of the columns whose mix moved it most. "apart" says where the
    errors stand now (``value``: share now minus share before). Parts come in the order of how much
    of the change is theirs (``detail.rank`` from 1). Raises UsageError without a reference and for
    metrics that do not decompose, naming the nearest that does.
    """
    if dataset.schema.task == "none" and not dataset.schema.custom:
        raise LogError(
            f"{dataset.model} has no predictions in its log.",
            "Why splits the change of a metric; this log holds features only.",
            "Look at drift, or import a file with a prediction or score column.",
        )
    if question.reference is None:
        raise UsageError(
            "Why compares two sides, and there is no reference.",
            "",
            "Choose one: previous, version:NAME, A..B, or import a reference.",
        )
    _check_columns(dataset, question)
    results: list[Result] = []
    for named in picked(dataset, question):
        results += _explain(engine, dataset, question, named, now)
    return results


def picked(dataset: Dataset, question: Question) -> tuple[Named, ...]:
    """The asked metrics, or the main one that decomposes; UsageError for one that does not."""
    names = question.names
    if not names:
        known = decomposable(dataset)
        few = [n for n in headline_names(dataset.schema) if n in known]
        names = tuple(few[:1] or known[:1])
    for name in names:
        pick_metrics(dataset.schema, (name,))  # a wrong name says what is near
        if terms_of(dataset, name) is None:
            other = nearest(dataset, name)
            raise UsageError(
                f"{name} is no sum over rows, so its change has no parts.",
                "It ranks rows against each other, or is no plain ratio of sums.",
                f"Ask {other} instead." if other else "No metric of this model has parts.",
            )
    return pick_metrics(dataset.schema, names)


def _check_columns(dataset: Dataset, question: Question) -> None:
    known = {c.name for c in dataset.schema.features}
    lacking = [name for name in question.columns if name not in known]
    if lacking:
        raise UsageError(f"{lacking[0]} is no feature of this model.", "", "Name columns that are.")


def _explain(
    engine: Engine, dataset: Dataset, question: Question, named: Named, now: datetime | None
) -> list[Result]:
    reference = question.reference
    terms = terms_of(dataset, named.name)
    assert reference is not None and terms is not None
    scopes = (whole(reference), whole(question.scope))
    estimates = [
        metric_estimates(engine, dataset, scope, (named,)).get((named.name, named.of))
        for scope in scopes
    ]
    n = tuple(e.n if e else 0 for e in estimates)
    reason = _reason(estimates, terms)
    if reason is not None:
        facts = Facts(question, named, terms, (n[0], n[1]), 0.0)
        none = facts.result("total", None, None, verdict="undefined", reason=reason)
        return [none]
    asked = Asked(dataset, scopes, terms)
    maturity, ripeness = ripen(engine, asked, now)
    asked = replace(asked, ripeness=ripeness)
    binned = bin_columns(
        engine, dataset, scopes[0], columns_to_split(dataset, question, terms, scopes)
    )
    cells = cells_by_column(engine, asked, binned)
    if not cells:
        facts = Facts(question, named, terms, (n[0], n[1]), 0.0)
        return [
            facts.result("total", None, None, verdict="undefined", reason="no columns to split by")
        ]
    first = next(iter(cells.values()))
    then, this = sides_of(first)
    change = split(then, this, is_root=terms.is_root).change
    before = float((estimates[0].value if estimates[0] else None) or 0.0)
    facts = Facts(question, named, terms, (n[0], n[1]), change, before)
    total = _total(facts, estimates, (then, this), maturity)
    parts = parts_by_column(facts, binned, cells)
    joint = joint_parts(engine, asked, facts, binned, cells)
    maturities = []
    if maturity is not None:
        detail = {"score": _less(maturity.value, maturity.se), "role": "labels"}
        maturities = [facts.result("maturity", maturity.value, maturity.se, detail=detail)]
    return [total, *_ranked(maturities, joint, parts, facts)]


def _reason(estimates: Sequence[Estimate | None], terms: Terms) -> str | None:
    """Why nothing can be split; None where both sides have enough rows."""
    for side, estimate in zip(("reference", "window"), estimates, strict=True):
        if estimate is None or estimate.value is None:
            why_not = estimate.reason if estimate is not None else "no labels yet"
            return f"the {side} has no number: {why_not or 'no rows'}"
        if estimate.n < MIN_LABELLED:
            what = "labels" if terms.needs_labels else "rows"
            return f"too few {what} in the {side} ({estimate.n}, at least {MIN_LABELLED})"
    return None


def columns_to_split(
    dataset: Dataset, question: Question, terms: Terms, scopes: tuple[Scope, Scope]
) -> list[Column]:
    """Features, the version where it is not asked for, what was predicted, and the truth of a mean."""
    schema = dataset.schema
    found = [
        c
        for c in schema.features
        if c.type in SPLITTABLE and (not question.columns or c.name in question.columns)
    ]
    if schema.has("model_version") and not any(s.version for s in scopes):
        found.append(Column("model_version", "model_version", "categorical"))
    if terms.needs_labels and terms.is_mean and "label" in terms.keep:
        kind = "numeric" if schema.task == "regression" else "categorical"
        found.append(Column(TRUTH, "label", kind))  # type: ignore[arg-type]
    return found


def _total(
    facts: Facts,
    estimates: Sequence[Estimate | None],
    sides: tuple[Side, Side],
    maturity: Maturity | None,
) -> Result:
    then, this = estimates
    assert then is not None and this is not None
    metric = facts.named.metric
    compared = compare(metric, this, then)
    ((verdict, p_adjusted),) = decide([(compared.evidence, tolerance_of(metric))])
    value = facts.change + (maturity.value if maturity else 0.0)
    se = change_se(*sides, is_root=facts.terms.is_root)
    detail = {
        **compared.detail,
        "now": this.value,
        "now_low": this.low,
        "now_high": this.high,
        "before": then.value,
        "before_low": then.low,
        "before_high": then.high,
        "change": value,
        "p_adjusted": p_adjusted,
        "tolerance": list(metric.tolerance),
        "is_provisional": maturity is not None,
    }
    detail.pop("above_floor", None)
    shown = "ok" if verdict == "undefined" else verdict
    return facts.result("total", value, se, verdict=shown, detail=detail)


def _less(value: float, se: float) -> float:
    return math.copysign(max(abs(value) - MEAN_OF_ABSOLUTE * se, 0.0), value)


def _ranked(
    maturity: list[Result], joint: list[Result], parts: list[Result], facts: Facts
) -> list[Result]:
    """Maturity, covariate and concept, columns by what they explain, slices by rank, then apart."""
    sign = 1.0 if facts.change >= 0 else -1.0
    columns = [r for r in parts if r.detail["level"] == "column"]
    slices = [r for r in parts if r.detail["level"] == "slice" and r.detail["part"] != "apart"]
    apart = [r for r in parts if r.detail["part"] == "apart"]
    causes = [r for r in (*maturity, *slices) if r.detail["role"] != "truth"]
    causes.sort(key=lambda r: (-sign * float(r.detail["score"]), -abs(r.value or 0.0)))
    numbered = [replace(r, detail={**r.detail, "rank": i}) for i, r in enumerate(causes, start=1)]
    truth = [r for r in slices if r.detail["role"] == "truth"]
    columns.sort(key=lambda r: -float(r.detail["column_score"]))
    apart.sort(key=lambda r: -float(r.detail["distance"]))
    ripe = [r for r in numbered if r.detail["part"] == "maturity"]
    rest = [r for r in numbered if r.detail["part"] != "maturity"]
    return [*ripe, *joint, *columns, *rest, *truth, *apart]
