"""Latency by the groups of a column: its frequent levels, or the quarters of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from analytics.core import Cut, Dataset, Question, Result, Window
from analytics.evaluate.fairness import say_cell
from analytics.evaluate.serving import SHARES, latency_estimate
from analytics.query.cells import cut_columns
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.serving import Latency, latencies, latencies_by

VERSION = "model_version"
MIN_ROWS = 30
FEW = f"fewer than {MIN_ROWS} answered requests"


def latency_by(engine: Engine, dataset: Dataset, question: Question, column: str) -> list[Result]:
    """Latency quantiles of every group of a column, the largest group first; nothing is judged.

    ``detail.group`` names it and ``detail.largest`` is its slowest request. Raises NameUnknown for a
    column that the model lacks.
    """
    scope = whole(question.scope)
    if column == VERSION:
        by_version = latencies(engine, dataset, replace(scope, by_version=True), SHARES)
        found = {str(version): latency for (_p, version), latency in by_version.items() if version}
        return _results(question, column, found)
    cuts = cut_columns(engine, dataset, scope, [dataset.schema.column(column)])
    if not cuts:
        return []
    cut = cuts[0]
    by_code = latencies_by(engine, dataset, scope, cut, SHARES)
    return _results(
        question, column, {say_cell(cut, c): by_code[c] for c in _ordered(cut, by_code)}
    )


def _ordered(cut: Cut, found: Mapping[str, Latency]) -> list[str]:
    """Quarters in their order, levels by how often they come."""
    if cut.edges:
        return sorted(found)
    return sorted(found, key=lambda code: (-found[code].n, code))


def _results(question: Question, column: str, found: Mapping[str, Latency]) -> list[Result]:
    scope = question.scope
    results = []
    for group, latency in found.items():
        for i, share in enumerate(SHARES):
            estimate, metric = latency_estimate(share, latency, None, i)
            is_thin = latency.n < MIN_ROWS
            results.append(
                Result(
                    metric.name,
                    None if is_thin else estimate.value,
                    latency.n,
                    "undefined",
                    Window(scope.window.start, scope.window.end),
                    None if is_thin else estimate.low,
                    None if is_thin else estimate.high,
                    None if is_thin else estimate.interval,
                    column=column,
                    version=scope.version,
                    segment=scope.segment.text if scope.segment else None,
                    reason=FEW if is_thin else "told as it is: nothing to compare with",
                    detail={
                        "group": group,
                        "label": metric.label,
                        "unit": "ms",
                        "better": "lower",
                        "largest": latency.largest,
                    },
                )
            )
    return results
