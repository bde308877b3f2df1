"""The parts of one metric's change as Results: of every column, of its slices, of joint cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.catalog import Named
from analytics.core import Cut, Question, Result
from analytics.explain.apart import set_apart
from analytics.explain.covariate import covariate_split
from analytics.explain.parts import Side, Split, split
from analytics.explain.rank import rank_parts
from analytics.query.cells import MISSING, MOST_LEVELS, OTHER, segment_text
from analytics.query.engine import Engine
from analytics.query.terms import Terms
from analytics.query.why import (
    ABOVE,
    BELOW,
    UNSEEN,
    Asked,
    Binned,
    CellSums,
    conditions_of,
    joint_cells,
)
from analytics.stats.intervals import Z95

METHOD = "delta method"
TRUTH = "label"  # the column whose cells are the truth itself
MOST_JOINT = 3
MIN_JOINT = 0.001  # of the change: what the mix of a column must move to be taken


@dataclass(frozen=True, slots=True)
class Facts:
    """What all parts of one change share."""

    question: Question
    named: Named
    terms: Terms
    n: tuple[int, int]
    change: float  # what the columns split: the change less the part of label maturity
    before: float = 0.0

    def result(self, part: str, value: float | None, se: float | None, **more: Any) -> Result:
        """One part as a Result."""
        detail = {
            "part": part,
            "label": self.named.metric.label,
            "unit": self.named.metric.unit,
            "better": self.named.metric.better,
            "base": self.terms.base,
            "before": self.before,
            "n_reference": self.n[0],
            "se": se,
            **more.pop("detail", {}),
        }
        ends = (None, None) if value is None or se is None else (value - Z95 * se, value + Z95 * se)
        scope = self.question.scope
        fixed = Result(
            name=self.named.name,
            value=value,
            n=self.n[1],
            verdict="ok",
            window=scope.window,
            low=ends[0],
            high=ends[1],
            interval=None if se is None else METHOD,
            n_labelled=self.n[1] if self.terms.needs_labels else None,
            version=scope.version,
            segment=scope.segment.text if scope.segment else None,
            detail=detail,
        )
        return replace(fixed, **more)


def sides_of(cells: Sequence[CellSums]) -> tuple[Side, Side]:
    """The sums of both sides (before, now) over the same cells."""
    then, now = (
        Side.from_rows([c.sums[i] for c in cells], [c.n[i] for c in cells]) for i in (0, 1)
    )
    return then, now


KINDS = ("mix", "within", "missing", "unseen")


def _kind_of(binned: Binned, cell: CellSums) -> str | None:
    """Missing, unseen, or None for a cell that both sides may have."""
    if cell.code == MISSING:
        return "missing"
    if cell.code in (UNSEEN, BELOW, ABOVE):
        return "unseen"
    is_new = not binned.is_numeric and cell.n_all[0] == 0
    return "unseen" if is_new else None


def parts_by_column(
    facts: Facts, binned: Sequence[Binned], cells: Mapping[str, Sequence[CellSums]]
) -> list[Result]:
    """The parts of every column: its kinds, its slices, and where the errors stand."""
    found: list[Result] = []
    for one in binned:
        is_one = one.column == "model_version" and len(cells.get(one.column, ())) < 2
        if one.column in cells and not is_one:
            found += _column(facts, one, cells[one.column])
    return found


def _column(facts: Facts, binned: Binned, cells: Sequence[CellSums]) -> list[Result]:
    """The kinds of one column, its slices, and where the errors stand."""
    then, this = sides_of(cells)
    found = split(then, this, is_root=facts.terms.is_root)
    kinds = [_kind_of(binned, cell) for cell in cells]
    ranked = rank_parts(found, np.array([k is not None for k in kinds]))
    score = ranked.score(facts.change)
    role = {"label": "truth", "model_version": "version"}.get(binned.column, "feature")
    around = {"role": role, "column_score": score}
    results = []
    for kind in KINDS:
        at = np.array([k == kind for k in kinds], dtype=float)
        plain = np.array([k is None for k in kinds], dtype=float)
        none = np.zeros(len(cells))
        mix, within = {"mix": (plain, none), "within": (none, plain)}.get(kind, (at, at))
        value = float(mix @ found.mix + within @ found.within)
        if kind in kinds or kind in ("mix", "within"):
            detail = {**around, "level": "column"}
            if kind == "mix":
                detail["held"] = list(ranked.held)
            se = found.se(mix, within)
            results.append(facts.result(kind, value, se, column=binned.column, detail=detail))
    for k, cell in enumerate(cells):
        slices = [("mix", ranked.mix[k], ranked.mix_se[k], ranked.mix_score[k])]
        if kinds[k] is None:
            slices.append(("within", ranked.within[k], ranked.within_se[k], ranked.within_score[k]))
        for part, value, se, own in slices:
            detail = {**around, **_cell_detail(binned, cell, found, k), "score": float(own)}
            results.append(
                facts.result(
                    kinds[k] or part,
                    float(value),
                    float(se),
                    column=binned.column,
                    segment=_segment(facts, binned, cell),
                    n=cell.n[1],
                    detail=detail,
                )
            )
    return [*results, *_apart(facts, binned, cells, around)]


def _cell_detail(binned: Binned, cell: CellSums, found: Split, k: int) -> dict[str, Any]:
    then, this = found.before, found.now
    has = bool(then.under[k] > 0), bool(this.under[k] > 0)
    return {
        "level": "slice",
        "slice": name_of(binned, cell.code),
        "conditions": _conditions(binned, cell.code),
        "share_before": float(then.share[k]),
        "share_now": float(this.share[k]),
        "value_before": float(then.over[k] / then.under[k]) if has[0] else None,
        "value_now": float(this.over[k] / this.under[k]) if has[1] else None,
        "n_before": cell.n[0],
        "n_all": cell.n_all[1],
    }


def _conditions(binned: Binned, code: str) -> list[dict[str, Any]] | None:
    found = conditions_of(binned, code)
    if found is None:
        return None
    return [{"column": c.column, "operator": c.operator, "value": c.value} for c in found]


def _segment(facts: Facts, binned: Binned, cell: CellSums) -> str | None:
    """The slice as a segment, inside the one that was asked about."""
    found = conditions_of(binned, cell.code)
    if found is None:
        return None
    asked = facts.question.scope.segment
    return segment_text((*(asked.conditions if asked else ()), *found))


def name_of(binned: Binned, code: str) -> str:
    """A cell in words: hour above 17, origin JFK, temp missing.

    >>> name_of(Binned("hour", True, (9.0, 17.0), 0.0, 23.0), "1")
    'hour above 9 to 17'
    """
    column = binned.column
    named = {MISSING: "missing", OTHER: "with rarer values", UNSEEN: "never seen before"}
    if code in named:
        return f"{column} {named[code]}"
    if code == BELOW:
        return f"{column} below {binned.low:.5g}"
    if code == ABOVE:
        return f"{column} above {binned.high:.5g}"
    if not binned.is_numeric:
        return f"{column} {code}"
    at = int(code)
    if at == len(binned.edges):
        return f"{column} above {binned.edges[-1]:.5g}"
    if at == 0:
        return f"{column} up to {binned.edges[0]:.5g}"
    return f"{column} above {binned.edges[at - 1]:.5g} to {binned.edges[at]:.5g}"


def _apart(
    facts: Facts, binned: Binned, cells: Sequence[CellSums], around: Mapping[str, Any]
) -> list[Result]:
    then, this = sides_of(cells)
    metric = facts.named.metric
    is_right = metric.better == "higher" and metric.unit == "share"
    if metric.better == "higher" and not is_right:
        return []  # worth has no errors to look for
    found = set_apart(then, this, is_right=is_right)
    if found is None:
        return []
    results = []
    for k, cell in enumerate(cells):
        detail = {
            **around,
            "level": "slice",
            "slice": name_of(binned, cell.code),
            "conditions": _conditions(binned, cell.code),
            "of": "errors" if is_right else "sum",
            "apart_now": float(found.now[k]),
            "apart_before": float(found.before[k]),
            "rows_now": float(found.rows[k]),
            "distance": found.distance,
            "above_rows": found.above_rows,
            "unit": "share",
        }
        results.append(
            facts.result(
                "apart",
                float(found.now[k] - found.before[k]),
                float(found.se[k]),
                column=binned.column,
                segment=_segment(facts, binned, cell),
                n=cell.n[1],
                detail=detail,
            )
        )
    return results


def joint_parts(
    engine: Engine,
    asked: Asked,
    facts: Facts,
    binned: Sequence[Binned],
    cells: Mapping[str, Sequence[CellSums]],
) -> list[Result]:
    """Other rows, or the same rows judged otherwise, over the columns whose mix moved it most."""
    moved = {}
    for one in binned:
        if one.column in cells and one.column != TRUTH:
            then, this = sides_of(cells[one.column])
            moved[one] = abs(covariate_split(then, this, is_root=facts.terms.is_root).covariate)
    least = MIN_JOINT * max(abs(facts.change), 1e-12)
    chosen = sorted((b for b in moved if moved[b] >= least), key=lambda b: -moved[b])[:MOST_JOINT]
    if not chosen:
        return []
    found = joint_cells(engine, asked, [_cut(b, cells[b.column]) for b in chosen])
    parts = covariate_split(*sides_of(found), is_root=facts.terms.is_root)
    detail = {"columns": [b.column for b in chosen], "share": parts.share}
    return [
        facts.result("covariate", parts.covariate, parts.covariate_se, detail=detail),
        facts.result("concept", parts.concept, parts.concept_se, detail=detail),
    ]


def _cut(binned: Binned, cells: Sequence[CellSums]) -> Cut:
    if binned.is_numeric:
        return Cut(binned.column, binned.edges)
    levels = sorted(cells, key=lambda c: -sum(c.n_all))
    named = [c.code for c in levels if c.code not in (MISSING, OTHER, UNSEEN)]
    return Cut(binned.column, levels=tuple(named[:MOST_LEVELS]))
