"""A candidate beside a baseline: paired where both scored the same rows, else adjusted for mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from analytics.catalog import Named, pick_metrics
from analytics.compare.comparison import Comparison
from analytics.core import Dataset, Estimate, Question, Result, Scope, Window
from analytics.errors import LogError, UsageError
from analytics.evaluate.budget import share_alarms
from analytics.evaluate.guards import count_cells, guard_rails
from analytics.evaluate.mix import Mixed, balance
from analytics.evaluate.paired import MIN_SHARED, look_by_look, paired_estimate
from analytics.evaluate.performance import MIN_LABELLED, metric_estimates
from analytics.evaluate.serving import serving
from analytics.evaluate.verdict import MEAN_OF_ABSOLUTE, is_relative
from analytics.query.compare import Shared, Side, shared_rows, span_of
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, count_groups
from analytics.stats.decision import decide
from analytics.stats.difference import difference
from analytics.words import write_value

GUARDED = ("latency_p95", "error_rate")


def compare_sides(
    engine: Engine,
    dataset: Dataset,
    question: Question,
    other: Dataset | None = None,
    *,
    is_concurrent: bool = True,
) -> Comparison:
    """Compare ``question.scope`` (candidate) with ``question.reference`` (baseline).

    With ``other``, the baseline is that model's log: rows of the same prediction_id are compared
    in pairs. Without pairs, both are held to the time in which both were live (unless not
    ``is_concurrent``), and the baseline is weighed to the candidate's mix. Raises UsageError
    without a baseline, LogError where the tasks differ or there are no predictions.
    """
    candidate, baseline = _sides(dataset, question, other)
    notes: list[str] = []
    shared = shared_rows(engine, candidate, baseline) if other is not None else None
    if shared is not None and len(shared) >= MIN_SHARED:
        return _paired(engine, question, candidate, baseline, shared)
    if shared is not None:
        notes.append(f"Only {len(shared)} labelled rows were scored by both: too few for pairs.")
    span = _overlap(engine, candidate, baseline) if other is None and is_concurrent else None
    if span is not None:
        candidate, baseline = _within(candidate, span), _within(baseline, span)
        notes.append("Only the time in which both were live is compared.")
    features = [
        c for c in dataset.schema.features if c.type in ("numeric", "categorical", "boolean")
    ]
    cells = count_cells(engine, candidate, baseline, features)
    mixed = balance(engine, candidate, baseline, cells)
    if mixed is not None:
        notes.append(_say_mix(mixed))
        weighed = (mixed.candidate, mixed.baseline)
        cells = count_cells(engine, *weighed, features)
    else:
        notes.append("The mix of rows is alike in all columns: nothing had to be weighed.")
        weighed = (candidate, baseline)
    found = Comparison(
        candidate.scope.version or dataset.model,
        _baseline(candidate, baseline),
        "adjusted" if mixed else "plain",
        tuple(_metrics(engine, question, *weighed)),
        tuple(guard_rails(engine, *weighed, cells, is_paired=False)),
        tuple(_served(engine, candidate, baseline)),
        notes=tuple(notes),
        columns=mixed.columns if mixed else (),
        span=span,
        scopes=(weighed[0].scope, weighed[1].scope) if other is None else None,
    )
    return share_alarms(found)


def _sides(dataset: Dataset, question: Question, other: Dataset | None) -> tuple[Side, Side]:
    if dataset.schema.task == "none":
        raise LogError(
            f"{dataset.model} has no predictions in its log.",
            "Two models are compared by their predictions and labels.",
            "Import a file with a prediction or score column.",
        )
    candidate = Side(dataset, whole(question.scope))
    if other is not None:
        if other.schema.task != dataset.schema.task:
            raise LogError(
                f"{dataset.model} is a {dataset.schema.task} model, {other.model} a"
                f" {other.schema.task} one.",
                "Their errors have no common measure.",
                "Compare two models of the same task.",
            )
        return candidate, Side(other, replace(candidate.scope, version=None, segment=None))
    if question.reference is None:
        raise UsageError(
            "There is nothing to compare with.",
            "No baseline was chosen and no reference was imported.",
            "Choose --reference version:NAME, previous, a window A..B, or --with MODEL.",
        )
    return candidate, Side(dataset, whole(question.reference))


def _overlap(engine: Engine, candidate: Side, baseline: Side) -> Window | None:
    """The time in which both versions were live, where each has enough labels in it."""
    versions = (candidate.scope.version, baseline.scope.version)
    if None in versions or versions[0] == versions[1]:
        return None
    spans = [span_of(engine, side) for side in (candidate, baseline)]
    if spans[0] is None or spans[1] is None:
        return None
    start, last = max(s[0] for s in spans if s), min(s[1] for s in spans if s)
    if start >= last:
        return None
    window = Window(start, last + timedelta(microseconds=1))
    counts = [_group(engine, _within(side, window)) for side in (candidate, baseline)]
    if any(g is None or g.n_labelled < MIN_SHARED for g in counts):
        return None
    return window


def _within(side: Side, window: Window) -> Side:
    return replace(side, scope=replace(side.scope, window=window))


def _group(engine: Engine, side: Side) -> Group | None:
    found = count_groups(engine, side.dataset, side.scope)
    return found[0] if found else None


def _baseline(candidate: Side, baseline: Side) -> str:
    if baseline.dataset is not candidate.dataset:
        return baseline.dataset.model
    if baseline.scope.log == "reference":
        return "the imported reference"
    return baseline.scope.version or "the window before"


def _say_mix(mixed: Mixed) -> str:
    columns = ", ".join(mixed.columns)
    kept = f" {write_value(mixed.share, 'rate')} of the candidate's rows lie in cells that the baseline has too."
    return f"The baseline's rows are weighed to the candidate's mix of {columns}.{kept}"


def _metrics(engine: Engine, question: Question, candidate: Side, baseline: Side) -> list[Result]:
    """Each metric on both sides, and the difference of the two (rows are different rows)."""
    named = pick_metrics(candidate.dataset.schema, question.names)
    now = metric_estimates(engine, candidate.dataset, candidate.scope, named)
    then = metric_estimates(engine, baseline.dataset, baseline.scope, named)
    rows = [
        (n, of, now[(n.name, of)], then.get((n.name, of)), None)
        for n in named
        for of in _of(n, now)
    ]
    return _decided(engine, candidate, baseline, rows)


def _of(named: Named, found: dict[tuple[str, str | None], Estimate]) -> list[str | None]:
    return [of for name, of in found if name == named.name]


def _paired(
    engine: Engine, question: Question, candidate: Side, baseline: Side, shared: Shared
) -> Comparison:
    named = pick_metrics(candidate.dataset.schema, question.names)
    rows = []
    for n in named:
        found = paired_estimate(n, candidate.dataset.schema, shared)
        if found is not None:
            rows.append((n, n.of, *found))
    features = [
        c
        for c in candidate.dataset.schema.features
        if c.type in ("numeric", "categorical", "boolean")
    ]
    cells = count_cells(engine, candidate, baseline, features)
    compared = Comparison(
        candidate.scope.version or candidate.dataset.model,
        baseline.dataset.model,
        "paired",
        tuple(_decided(engine, candidate, baseline, rows)),
        tuple(guard_rails(engine, candidate, baseline, cells, is_paired=True)),
        tuple(_served(engine, candidate, baseline)),
        look_by_look(candidate.dataset.schema, shared),
        (f"Both scored the same {len(shared):,} labelled rows; they are compared row by row.",),
        n_shared=len(shared),
    )
    return share_alarms(compared)


_Row = tuple[Named, str | None, Estimate, Estimate | None, Estimate | None]


def _decided(engine: Engine, candidate: Side, baseline: Side, rows: Sequence[_Row]) -> list[Result]:
    """Differences with verdicts; all metrics of a comparison are one family."""
    groups = _group(engine, candidate), _group(engine, baseline)
    changes = [_change(*row) for row in rows]
    family = [(c, row[0].metric.tolerance) for c, row in zip(changes, rows, strict=True)]
    verdicts = decide(family)
    results = []
    for row, change, (verdict, p_adjusted) in zip(rows, changes, verdicts, strict=True):
        metric, now, then = row[0].metric, row[2], row[3]
        few = min((g.n_labelled if g else 0) for g in groups)
        thin = metric.needs_labels and few < MIN_LABELLED
        gain = _gain(metric.better, now.value, then.value if then else None)
        sure = p_adjusted is not None and p_adjusted < 0.05
        detail: dict[str, Any] = {
            **change.detail,
            "label": metric.label,
            "unit": metric.unit,
            "better": metric.better,
            "tolerance": list(metric.tolerance),
            "p_adjusted": p_adjusted,
            "candidate": now.value,
            "candidate_low": now.low,
            "candidate_high": now.high,
            "baseline": then.value if then else None,
            "baseline_low": then.low if then else None,
            "baseline_high": then.high if then else None,
            "n_baseline": groups[1].n_labelled if groups[1] else 0,
            "is_better": bool(gain and gain > 0 and sure),
        }
        if row[1] is not None and row[1] not in metric.averages:
            detail["class"] = row[1]
        results.append(
            Result(
                name=row[0].name,
                value=change.value,
                low=change.low,
                high=change.high,
                interval=change.interval,
                n=groups[0].n if groups[0] else 0,
                n_labelled=groups[0].n_labelled if groups[0] else 0,
                verdict="undefined" if thin else verdict,
                window=candidate.scope.window,
                version=candidate.scope.version,
                segment=candidate.scope.segment.text if candidate.scope.segment else None,
                reason=f"too few labels ({few}, at least {MIN_LABELLED})"
                if thin
                else change.reason,
                detail=detail,
            )
        )
    return results


def _gain(better: str, now: float | None, then: float | None) -> float | None:
    """How much better the candidate is; None where the metric has no better."""
    if now is None or then is None or better == "neither":
        return None
    if better == "zero":
        return abs(then) - abs(now)
    return now - then if better == "higher" else then - now


def _change(
    named: Named, _of: str | None, now: Estimate, then: Estimate | None, paired: Estimate | None
) -> Estimate:
    """The difference with its evidence, and the loss that noise does not explain."""
    if then is None or now.value is None or then.value is None:
        missing = now if now.value is None else then
        return Estimate.undefined((missing.reason if missing else None) or "no baseline", now.n)
    found = paired or difference(now, then)
    if found.value is None or found.se is None:
        return found
    gain = _gain(named.metric.better, now.value, then.value)
    scale = abs(then.value) if is_relative(named.metric) else 1.0
    loss = -gain if gain is not None else 0.0  # what is neither better nor worse does no harm
    above = max(0.0, loss - found.se * MEAN_OF_ABSOLUTE) / scale if scale > 0 else 0.0
    return replace(found, detail={**found.detail, "above_floor": above, "scale": scale})


def _served(engine: Engine, candidate: Side, baseline: Side) -> list[Result]:
    """Latency and errors of the candidate, judged against the baseline's where they share a log."""
    if candidate.dataset is not baseline.dataset:
        return []
    question = Question(_plain(candidate.scope), _plain(baseline.scope), GUARDED)
    found = serving(engine, candidate.dataset, replace(question, names=()))
    return [r for r in found if r.name in GUARDED]


def _plain(scope: Scope) -> Scope:
    return replace(scope, mix=None)
