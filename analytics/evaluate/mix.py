"""Make one set of rows count like another: weights by cell of the columns that matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analytics.core import Cut, Mix
from analytics.evaluate.guards import BothSides
from analytics.query.compare import Side, Sums, loss_by_cell
from analytics.query.engine import Engine

MOST_COLUMNS = 3
MIN_CELL = 10  # rows that a joint cell must have on the baseline's side to be weighted
MIN_MOVED = 0.001  # the change of the loss by mix alone from which a column is taken
Cells = Mapping[tuple[str, str], Sums]


@dataclass(frozen=True, slots=True)
class Mixed:
    """Both sides with weights, the columns that were balanced, and what that left out."""

    candidate: Side
    baseline: Side
    columns: tuple[str, ...]
    share: float  # of the candidate's rows whose cell the baseline has too
    effect: float  # by how much the mix alone would move the baseline's loss


def balance(engine: Engine, candidate: Side, baseline: Side, found: BothSides) -> Mixed | None:
    """Weigh the baseline's rows so that their mix is the candidate's; None where nothing differs.

    Direct standardisation over the joint cells of up to three columns: those through which the
    mix alone moves the loss the most. Weights are taken as known by the intervals that follow.
    """
    cuts, mine, theirs = found.cuts, found.candidate, found.baseline
    moved = {cut: abs(mix_effect(cut.column, mine, theirs)) for cut in cuts}
    chosen = sorted((c for c in cuts if moved[c] >= MIN_MOVED), key=lambda c: -moved[c])
    chosen = chosen[:MOST_COLUMNS]
    if not chosen:
        return None
    joint = loss_by_cell(engine, candidate, chosen, is_joint=True)
    before = loss_by_cell(engine, baseline, chosen, is_joint=True)
    return _weigh(candidate, baseline, tuple(chosen), (joint, before))


def mix_effect(column: str, mine: Cells, theirs: Cells) -> float:
    """How far the baseline's mean loss would move if its rows were spread over the column as mine."""
    now = {k: v[1] for k, v in mine.items() if k[0] == column}
    then = {k: v for k, v in theirs.items() if k[0] == column}
    n_now, n_then = sum(now.values()), sum(v[1] for v in then.values())
    if n_now <= 0 or n_then <= 0:
        return 0.0
    mean = sum(v[3] for v in then.values()) / n_then
    covered = sum(now.get(k, 0.0) for k in then)
    if covered <= 0:
        return 0.0
    return sum(
        now.get(k, 0.0) / covered * (v[3] / v[1] - mean) for k, v in then.items() if v[1] > 0
    )


def _weigh(
    candidate: Side, baseline: Side, cuts: tuple[Cut, ...], cells: tuple[Cells, Cells]
) -> Mixed | None:
    mine, theirs = cells
    shared = [k for k, v in theirs.items() if v[0] >= MIN_CELL and k in mine]
    n_mine, n_shared = sum(v[1] for v in mine.values()), sum(mine[k][1] for k in shared)
    n_theirs = sum(theirs[k][1] for k in shared)
    if not shared or n_mine <= 0:
        return None
    weights = [(mine[k][1] / n_shared) / (theirs[k][1] / n_theirs) for k in shared]
    codes = tuple(k[1] for k in shared)
    share = n_shared / n_mine
    mix = Mix(cuts, codes, tuple(weights), share)
    even = Mix(cuts, codes, (1.0,) * len(codes), share)
    mean = sum(theirs[k][3] for k in shared) / n_theirs
    effect = sum(mine[k][1] / n_shared * theirs[k][3] / theirs[k][1] for k in shared) - mean
    return Mixed(
        replace(candidate, scope=replace(candidate.scope, mix=even)),
        replace(baseline, scope=replace(baseline.scope, mix=mix)),
        tuple(cut.column for cut in cuts),
        share,
        effect,
    )
