"""What Evidently's and NannyML's default rules would say of the same periods, whatever it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.core import Column, Dataset, Question, Result, Scope, Window
from analytics.errors import UsageError
from analytics.evaluate.drift import drift_columns
from analytics.evaluate.performance import performance
from analytics.monitors.peers import (
    CHUNKS,
    Floats,
    NumberRules,
    evidently_levels,
    nannyml_levels,
    nannyml_metric,
)
from analytics.query.columns import MAX_AT_ONCE, Levels, Values, level_counts, numeric_values
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Key, count_groups
from analytics.together import ahead, together

DRIFTED_SHARE = 0.5  # Evidently calls the whole window drifted from half of its columns on


@dataclass(frozen=True, slots=True)
class PeerAlerts:
    """One period under the default rules: the columns that each would have called drifted."""

    window: Window
    n: int
    n_columns: int
    evidently: tuple[str, ...]
    nannyml: tuple[str, ...]

    @property
    def is_drifted(self) -> bool:
        """Whether Evidently would have called the whole window drifted."""
        return bool(self.evidently) and len(self.evidently) >= DRIFTED_SHARE * self.n_columns


Said = tuple[bool, bool]  # by Evidently's rule, by NannyML's


def peer_alerts(engine: Engine, dataset: Dataset, question: Question) -> list[PeerAlerts]:
    """Features, score and prediction of every period against the reference, by the default rules.

    NannyML's thresholds come from ten pieces of the reference, in the order of its rows.
    """
    if question.reference is None:
        raise UsageError("Their rules need a reference.", "", "Import one, or name a window.")
    columns = [c for c in drift_columns(dataset) if c.role != "label" and c.type in _TYPES]
    reference = _pieces(engine, dataset, question.reference)
    groups = [g for g in count_groups(engine, dataset, question.scope) if g.n]
    keys = [g.key for g in groups]
    said: dict[str, dict[Key, Said]] = {}

    def read(batch: Sequence[Column]) -> dict[str, dict[Key, Said]]:
        names = [c.name for c in batch]
        judge = _numbers if batch[0].type == "numeric" else _levels
        return judge(engine, dataset, (question.scope, reference), names, keys)

    numeric = [c for c in columns if c.type == "numeric"]
    batches = [numeric[i : i + MAX_AT_ONCE] for i in range(0, len(numeric), MAX_AT_ONCE)]
    for found in ahead(
        read, [b for b in (*batches, [c for c in columns if c not in numeric]) if b]
    ):
        said |= found
    none = (False, False)
    return [
        PeerAlerts(
            g.window, g.n, len(columns),
            tuple(c.name for c in columns if said[c.name].get(g.key, none)[0]),
            tuple(c.name for c in columns if said[c.name].get(g.key, none)[1]),
        )
        for g in groups
    ]  # fmt: skip


_TYPES = ("numeric", "categorical", "boolean")


def peer_losses(
    engine: Engine, dataset: Dataset, reference: Scope, results: Sequence[Result]
) -> list[Result]:
    """Those of one metric's periods that NannyML's rule for a realised metric would have called."""
    if not results:
        return []
    asked = Question(_pieces(engine, dataset, reference), None, (results[0].name,))
    of = results[0].detail.get("class")
    then = [
        r.value for r in performance(engine, dataset, asked)
        if r.value is not None and r.detail.get("class") == of
    ]  # fmt: skip
    if len(then) < CHUNKS // 2:
        return []
    return [r for r in results if r.value is not None and nannyml_metric(then, r.value)]


def _pieces(engine: Engine, dataset: Dataset, reference: Scope) -> Scope:
    n = sum(g.n for g in count_groups(engine, dataset, whole(reference)))
    return replace(whole(reference), every=max(1, math.ceil(n / CHUNKS)))


def _numbers(
    engine: Engine,
    dataset: Dataset,
    sides: tuple[Scope, Scope],
    names: Sequence[str],
    keys: Sequence[Key],
) -> dict[str, dict[Key, Said]]:
    now, then = (numeric_values(engine, dataset, side, names) for side in sides)

    def work(name: str) -> dict[Key, Said]:
        chunks = [values for values, _missing in _in_order(then[name])]
        rules = NumberRules(np.concatenate(chunks) if chunks else np.empty(0), chunks)
        return {
            key: (rules.evidently(now[name][key][0])[1], rules.nannyml(now[name][key][0])[1])
            for key in keys
            if chunks and key in now[name] and len(now[name][key][0])
        }

    return dict(zip(names, together(work, names), strict=True))


def _in_order(found: Mapping[Key, Values]) -> list[Values]:
    return [found[key] for key in sorted(found, key=lambda k: k[0] or 0) if len(found[key][0])]


def _levels(
    engine: Engine,
    dataset: Dataset,
    sides: tuple[Scope, Scope],
    names: Sequence[str],
    keys: Sequence[Key],
) -> dict[str, dict[Key, Said]]:
    now, then = (level_counts(engine, dataset, side, names) for side in sides)
    return {
        name: {
            key: said
            for key in keys
            if (said := _judge_levels(then[name], now[name].get(key))) is not None
        }
        for name in names
    }


def _judge_levels(reference: Mapping[Key, Levels], seen: Levels | None) -> Said | None:
    if seen is None or not seen[0] or not any(levels for levels, _missing in reference.values()):
        return None
    names = sorted({level for levels, _m in (*reference.values(), seen) for level in levels})

    def counts(found: Mapping[str, float]) -> Floats:
        return np.array([found.get(name, 0.0) for name in names])

    chunks = [counts(levels) for levels, _missing in reference.values() if levels]
    current = counts(seen[0])
    whole_reference = np.sum(chunks, axis=0)
    return evidently_levels(whole_reference, current)[1], nannyml_levels(chunks, current)[1]
