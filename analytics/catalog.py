"""Finds every declaration by walking the folders; look-ups say "did you mean"."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from analytics.core import (
    ColumnType,
    CustomMetric,
    DriftTest,
    Estimate,
    Metric,
    QualityCheck,
    Schema,
    Task,
)
from analytics.errors import NameUnknown
from analytics.needs import (
    ClassScores,
    LevelPair,
    Moments,
    NumericPair,
    Quantiles,
    Rankings,
    Ranks,
    Sample,
    Scores,
    TextPair,
    Valued,
    VectorPair,
)

HEADLINE: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "accuracy", "precision", "recall", "f1"),
    "multiclass": ("accuracy", "f1_macro", "precision_macro", "recall_macro", "roc_auc_macro"),
    "regression": ("mae", "rmse", "mean_error", "r2", "median_ae"),
    "none": (),
}
DRIFT_CHECKS = ("missing_rate", "unseen_rate")  # checks of quality that drift judges in one family


@dataclass(frozen=True, slots=True)
class Named:
    """A metric under the name that answers carry: ``f1_macro`` is f1 of "macro"."""

    name: str
    metric: Metric
    of: str | None = None


def _modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(root.__path__), key=lambda m: m.name):
        yield importlib.import_module(f"{package}.{module.name}")


@cache
def all_metrics() -> tuple[Metric, ...]:
    """Every declared metric, by file name; a task may have its own declaration of a name."""
    found = []
    for module in _modules("analytics.performance"):
        found += [getattr(module, n) for n in ("METRIC", "MULTICLASS") if hasattr(module, n)]
    return tuple(found)


@cache
def all_drift_tests() -> tuple[DriftTest, ...]:
    """Every declared drift test; one name may have one for numbers and one for levels."""
    found = []
    for module in _modules("analytics.drift"):
        found += [getattr(module, n) for n in ("TEST", "LEVELS") if hasattr(module, n)]
    return tuple(found)


@cache
def all_quality_checks() -> tuple[QualityCheck, ...]:
    """Every declared data quality check."""
    return tuple(m.CHECK for m in _modules("analytics.quality") if hasattr(m, "CHECK"))


@cache
def all_behaviours() -> tuple[Metric, ...]:
    """Every declared number of how people act on predictions."""
    return tuple(m.METRIC for m in _modules("analytics.behaviour") if hasattr(m, "METRIC"))


def metrics_for(task: Task) -> dict[str, Named]:
    """The metrics of a task by the name that answers carry, averages spelled out."""
    named: dict[str, Named] = {}
    for metric in all_metrics():
        if task not in metric.tasks:
            continue
        if task == "multiclass":
            for average in metric.averages:
                name = f"{metric.name}_{average}"
                named[name] = Named(name, metric, average)
        if not metric.averages or task != "multiclass" or metric.per_class:
            named[metric.name] = Named(metric.name, metric)
    return named


def default_metrics(task: Task) -> tuple[str, ...]:
    """The few that a page shows unasked: of averaged metrics the macro one."""
    named = metrics_for(task).values()
    return tuple(
        n.name
        for n in named
        if n.metric.is_default
        and (task != "multiclass" or not n.metric.averages or n.of == "macro")
    )


def lacks(metric: Metric, schema: Schema) -> str | None:
    """What the log would need for the metric and has not; None where it has everything."""
    needs = metric.needs
    classes = any(c.role == "score" and c.class_name is not None for c in schema.columns)
    if needs is Scores and not schema.has("score"):
        return "no score was logged: map one with --map score=COLUMN"
    if needs in (ClassScores, Ranks) and not classes:
        return "no scores by class were logged: map them with --map score_CLASS=COLUMN"
    if needs is Valued and not schema.values:
        return (
            "no values of right and wrong are set: telltale schema MODEL --value TRUE,SAID=NUMBER"
        )
    if needs is Quantiles and not schema.has("quantile"):
        return "no quantiles were logged: map them with --map quantile_0.1=COLUMN"
    if needs is Rankings and not (schema.has("group") and schema.has("score")):
        return "no groups of items were logged: map them with --map group=COLUMN"
    return None


def offered(schema: Schema) -> dict[str, Named]:
    """The metrics of the schema's task for which the log has what they need."""
    known = {**metrics_for(schema.task), **custom_named(schema)}
    return {k: v for k, v in known.items() if lacks(v.metric, schema) is None}


def headline_names(schema: Schema) -> tuple[str, ...]:
    """The few metrics that a page shows unasked, the main one first."""
    known = metrics_for(schema.task)
    has_score = schema.has("score")
    return tuple(n for n in HEADLINE[schema.task] if n in known and (has_score or "auc" not in n))


def custom_named(schema: Schema) -> dict[str, Named]:
    """The model's own metrics, declared like the others."""
    return {metric.name: Named(metric.name, _declared(metric)) for metric in schema.custom}


def _declared(custom: CustomMetric) -> Metric:
    from analytics.stats.custom import custom_estimate

    def compute(need: Moments, of: str | None = None) -> Estimate:
        del of  # it has no classes
        return custom_estimate(need, custom.aggregate)

    return Metric(
        name=custom.name,
        label=custom.label or custom.name,
        tasks=("binary", "multiclass", "regression", "none"),
        needs=Moments,
        compute=compute,
        better=custom.better,
        unit="share" if custom.aggregate == "share" else "label",
        meaning=f"A metric of this model's own: the {custom.aggregate} of {custom.expression}.",
        source="set by hand; interval: by how its rows are put together",
        is_default=False,
        tolerance=custom.tolerance,
    )


def pick_metrics(schema: Schema, names: Iterable[str]) -> tuple[Named, ...]:
    """The named metrics, or the defaults; NameUnknown with the nearest name otherwise."""
    known = {**metrics_for(schema.task), **custom_named(schema)}
    wanted = tuple(names) or default_metrics(schema.task)
    return tuple(
        known[name] if name in known else _unknown(name, known, "metric") for name in wanted
    )


def deciding_names() -> tuple[str, ...]:
    """The drift tests that give verdicts, and the checks that share their family."""
    tests = {t.name: None for t in all_drift_tests() if t.decides}
    return (*tests, *DRIFT_CHECKS)


def tests_for(column_type: ColumnType) -> tuple[DriftTest, ...]:
    """The drift tests that apply to a column of this type; none for times."""
    if column_type == "numeric":
        return tuple(t for t in all_drift_tests() if t.needs is NumericPair)
    if column_type in ("categorical", "boolean"):
        return tuple(t for t in all_drift_tests() if t.needs is LevelPair)
    if column_type == "text":
        return tuple(t for t in all_drift_tests() if t.needs is TextPair)
    if column_type == "embedding":
        return tuple(t for t in all_drift_tests() if t.needs is VectorPair)
    return ()


def sample_tests() -> tuple[DriftTest, ...]:
    """The drift tests that look at all columns together."""
    return tuple(t for t in all_drift_tests() if t.needs is Sample)


# Numbers that are counted rather than declared, in plain words.
PLAIN = {
    "feedback_volume": "How many items of feedback came in; spam and duplicates left out.",
    "negative_rate": "The share of judgements by users that were bad; of what was said, not of all"
    " predictions.",
    "feedback_age": "Half of the open items have waited longer than this many days.",
    "observed_rate": "The share of labelled rows whose truth is the positive class.",
    "label_coverage": "The share of predictions whose truth is known by now.",
    "error_rate": "The share of requests that ended in an error.",
    "throughput": "Requests a second, by the longest unit of time that one of them fits into.",
    "cpu_percent": "The mean of the sampled CPU use; above 100 % several cores are busy.",
    "memory_mb": "The mean of the sampled memory of the process.",
    "active_users": "How many different people did anything with this model's predictions.",
    "decision_value": "What the answers that people took are worth on average, by the values that were set.",
    "decision_gain": "How much more a decision is worth with the prediction than in the hold-out group.",
    "time_to_action": "Half of what was decided was decided within this time of being shown.",
    "time_to_action_p90": "Nine of ten decisions were taken within this time of being shown.",
    "latency_p50": "Half of the answered requests were faster than this.",
    "latency_p90": "Nine of ten answered requests were faster than this.",
    "latency_p95": "Nineteen of twenty answered requests were faster than this.",
    "latency_p99": "Ninety-nine of a hundred answered requests were faster than this.",
}


def meaning_of(name: str, schema: Schema | None = None) -> str | None:
    """What a number means in plain words; None for a name that nobody declared.

    >>> meaning_of("latency_p50")
    'Half of the answered requests were faster than this.'
    """
    if name in PLAIN:
        return PLAIN[name]
    if schema is not None and name in custom_named(schema):
        return custom_named(schema)[name].metric.meaning
    declared: list[Metric | DriftTest | QualityCheck] = [
        *all_metrics(), *all_drift_tests(), *all_quality_checks(), *all_behaviours()
    ]  # fmt: skip
    by_name = {d.name: d.meaning for d in declared}
    return by_name.get(name) or by_name.get(name.rpartition("_")[0])


def check_names(names: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raise NameUnknown for the first name that is not known."""
    known = list(known)
    for name in names:
        if name not in known:
            _unknown(name, known, what)


def _unknown(name: str, known: Iterable[str], what: str) -> Named:
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
    raise NameUnknown(f"There is no {what} called {name!r} for this model.", "", hint)
