"""Where the model does worse: slices found on one half of the rows and checked on the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.core import Column, Cut, Dataset, Estimate, Question, Result, Segment, Verdict
from analytics.errors import NameUnknown, UsageError
from analytics.evaluate.guards import MEAN_OF_ABSOLUTE, RELATIVE, TOLERANCE, mean_loss
from analytics.needs import Floats
from analytics.query.cells import cut_columns, segment_text
from analytics.query.coded import (
    code_names,
    coded_rows,
    conditions_at,
    sums_inside,
)
from analytics.query.compare import Side, Sums
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.losses import RowLoss, row_losses
from analytics.slices.counting import CodedRows, Counting, Rows, distinct
from analytics.slices.split import best_split
from analytics.slices.weak import Cell, Columns, Key, Slice, Wanted, find_weak_slices
from analytics.stats.decision import decide
from analytics.stats.intervals import Z95, wilson

MIN_ROWS = 50  # labelled rows of a half that a slice needs, and at least one row in a hundred
MIN_TREND = 10  # labelled rows of a period that make a point of a small line
MOST = 20
FINE = 4  # finer edges in a quarter, at which a number may be cut once more
MOST_COLUMNS = 20  # more than that are searched two conditions deep
ALPHAS = (0.98, 0.9)  # small slices that are bad enough count, and large ones that are not as bad
Watch = Callable[[float, str], None]  # how far the search is; raises to stop it


def slices(
    engine: Engine,
    dataset: Dataset,
    question: Question,
    watch: Watch | None = None,
    depth: int | None = None,
) -> list[Result]:
    """Slices of up to three conditions (``depth``; two where there are many columns) with a higher loss than the rest, worst damage first.

    The metric is the question's first name, or accuracy or mean absolute error. Numbers are cut at
    the quarters of the reference (of the window where there is none) and where one more cut sets
    losses apart most. The search sees one half of the labelled rows; value, interval and verdict
    come from the other half, where each slice is tested against the rows outside it, all in one
    Benjamini-Hochberg family. Weak ones come first, ordered by ``detail.gain``: what would be
    gained if the slice were like the rest. Where the reference is another version, ``detail.is_new`` says that a
    slice is weak now and was not then. Raises UsageError for a model without predictions or a
    column that it lacks, NameUnknown for a metric that is no mean over rows.
    """
    loss = pick_loss(dataset, question.names)
    say = watch or (lambda _share, _message: None)
    say(0.02, "Reading the log")
    side = Side(dataset, whole(question.scope))
    halves = _read(engine, side, loss, _cut(engine, side, question))
    if halves is None:
        return []
    n = len(halves.first)
    support, deepest = _support(n, question.min_rows), depth or _depth(halves.cuts)
    say(0.2, f"Counting {len(halves.cuts)} columns")
    counting = _Counted(Counting(halves.first, support), say)
    found = [
        one
        for alpha in ALPHAS
        for one in find_weak_slices(
            counting, len(halves.cuts), Wanted(alpha, support, deepest, 2 * MOST)
        )
    ]
    say(0.96, "Checking on the other half")
    results = _judge(question, loss, halves, distinct(halves.first, found)[:MOST])
    results = _since(engine, side, question, loss, results)
    return _trends(engine, Side(dataset, question.scope), loss, results)


class _Counted:
    """Counts each set of columns once, and says how far it is."""

    def __init__(self, counting: Counting, say: Watch) -> None:
        self.counting, self.say = counting, say
        self.known: dict[Columns, dict[Key, Cell]] = {}

    def __call__(self, asked: Sequence[Columns]) -> dict[Key, Cell]:
        """The cells of each set."""
        new = [columns for columns in asked if columns not in self.known]
        self.counting.prepare(new)
        start = 0.2 + 0.25 * max(len(asked[0]) - 1, 0)
        for i, columns in enumerate(new):
            if i % 16 == 0:
                say = f"{len(columns)} conditions: {i} of {len(new)}"
                self.say(min(start + 0.25 * i / len(new), 0.95), say)
            self.known[columns] = self.counting([columns])
        return {key: cell for columns in asked for key, cell in self.known[columns].items()}


def pick_loss(dataset: Dataset, names: Sequence[str]) -> RowLoss:
    """The loss of the first name, else of the main metric."""
    if dataset.schema.task == "none" and not names:
        raise UsageError(
            "This model logs no prediction, so no slice can be weak. Name a role for the prediction."
        )
    known = row_losses(dataset)
    name = names[0] if names else next(iter(known))
    if name not in known:
        raise NameUnknown(
            f"Slices cannot be ranked by {name!r}.",
            "Only a metric that is a mean over rows says what each row costs.",
            f"Take one of: {', '.join(known)}.",
        )
    return known[name]


def _support(n: int, least: int | None) -> int:
    return max(least // 2, 1) if least else max(MIN_ROWS, math.ceil(n / 100))


def _depth(cuts: Sequence[Cut]) -> int:
    return 3 if len(cuts) <= MOST_COLUMNS else 2


@dataclass(frozen=True, slots=True)
class _Halves:
    """The cuts, the rows of the search, those of the check, and the checked rows' weights."""

    cuts: tuple[Cut, ...]
    first: CodedRows
    second: CodedRows
    weight: Any


def _features(dataset: Dataset, names: Sequence[str]) -> list[Column]:
    known = {c.name for c in dataset.schema.features}
    lacking = [n for n in names if n not in known]
    if lacking:
        raise UsageError(f"{lacking[0]} is no feature of this model. Name columns that are.")
    return [
        c
        for c in dataset.schema.features
        if c.type in ("numeric", "categorical", "boolean") and (not names or c.name in names)
    ]


def _cut(engine: Engine, side: Side, question: Question) -> tuple[Cut, ...]:
    """Levels, and the quarters of numbers with finer edges between them; of the reference."""
    features = _features(side.dataset, question.columns)
    reference = whole(question.reference) if question.reference else side.scope
    cuts = cut_columns(engine, side.dataset, reference, features, n_fine=FINE)
    if not cuts and question.reference:
        cuts = cut_columns(engine, side.dataset, side.scope, features, n_fine=FINE)
    return cuts


def _split(cut: Cut, codes: Any, loss: Floats) -> Cut:
    """The cut with one more edge, where it sets the losses of the searched half apart most."""
    if cut.levels:
        return cut
    size = len(cut.fine) + 1
    n = np.asarray(np.bincount(codes, minlength=size)[:size], float)
    sums = np.asarray(np.bincount(codes, weights=loss, minlength=size)[:size], float)
    at = best_split(n, sums, max(MIN_ROWS, len(loss) // 20))
    return cut if at is None else replace(cut, split=cut.fine[at])


def _read(engine: Engine, side: Side, loss: RowLoss, cuts: tuple[Cut, ...]) -> _Halves | None:
    found = coded_rows(engine, side, loss, cuts)
    if found is None or not len(found["loss"]):
        return None
    is_first = np.ma.getdata(found["first"]).astype(bool)
    losses = np.ma.getdata(found["loss"])
    codes = [np.ma.getdata(found[f"k{i}"]) for i in range(len(cuts))]
    places = [np.flatnonzero(half) for half in (is_first, ~is_first)]  # cheaper than masks
    halves = [(losses[at].astype(float), tuple(code[at] for code in codes)) for at in places]
    cuts = tuple(
        _split(cut, code, halves[0][0]) for cut, code in zip(cuts, halves[0][1], strict=True)
    )
    names = tuple(code_names(cut) for cut in cuts)
    first, second = (CodedRows(loss, code, names) for loss, code in halves)
    weight = np.ones(len(places[1]))
    if "weight" in found:
        weight = np.ma.getdata(found["weight"])[places[1]].astype(float)
    return _Halves(cuts, first, second, weight)


def _sums(loss: Any, weight: Any) -> Sums:
    weighed = weight * loss
    return (
        len(loss),
        float(weight.sum()),
        float((weight**2).sum()),
        float(weighed.sum()),
        float((weighed * loss).sum()),
    )


def _without(whole: Sums, part: Sums) -> Sums:
    n, weight, weight2, loss, loss2 = (a - b for a, b in zip(whole, part, strict=True))
    return int(n), weight, weight2, loss, loss2


def gap_of(inside: Sums, rest: Sums, loss: RowLoss) -> Estimate:
    """How much worse the rows inside do, on the metric's own scale (above zero is worse)."""
    now, var_now = loss.of_mean(*mean_loss(inside))
    then, var_then = loss.of_mean(*mean_loss(rest))
    worse = then - now if loss.better == "higher" else now - then
    se = math.sqrt(var_now + var_then)
    scale = 1.0 if loss.is_share else abs(then)
    detail = {
        "p_value": math.erfc(abs(worse) / se / math.sqrt(2)) if se > 0 else float(worse == 0),
        "above_floor": max(0.0, worse - se * MEAN_OF_ABSOLUTE) / scale if scale > 0 else 0.0,
        "value": now,
        "rest": then,
        "n_rest": rest[0],
    }
    return Estimate(
        worse, worse - Z95 * se, worse + Z95 * se, "Welch", inside[0], se, detail=detail
    )


def value_of(sums: Sums, loss: RowLoss) -> Estimate:
    """The metric of some rows with its interval: Wilson's for a share, else normal."""
    mean, variance = mean_loss(sums)
    if loss.is_share:
        ends = wilson(1 - mean, sums[1] ** 2 / sums[2])
        low, high = ends if loss.top is not None else (1 - ends[1], 1 - ends[0])
        value = loss.of_mean(mean, variance)[0]
        return Estimate(value, low, high, "Wilson", sums[0], math.sqrt(variance))
    value, variance = loss.of_mean(mean, variance)
    se = math.sqrt(variance)
    low = value - Z95 * se
    low = max(low, 0.0) if loss.top is None and mean >= 0 else low
    return Estimate(value, low, value + Z95 * se, "normal", sums[0], se)


def _judge(
    question: Question, loss: RowLoss, halves: _Halves, found: Sequence[Slice]
) -> list[Result]:
    everything = _sums(halves.second.loss, halves.weight)
    n_rows = len(halves.first) + len(halves.second)
    tested, known = [], Rows(halves.second)
    for one in found:
        at = known.inside(one.key)
        inside = _sums(halves.second.loss[at], halves.weight[at])
        rest = _without(everything, inside)
        if min(inside[0], rest[0]) >= MIN_ROWS // 2:
            tested.append((one, inside, gap_of(inside, rest, loss)))
    tolerance = TOLERANCE if loss.is_share else RELATIVE
    verdicts = decide([(gap, tolerance) for _one, _inside, gap in tested])
    results = []
    for (one, inside, gap), (verdict, p_adjusted) in zip(tested, verdicts, strict=True):
        n_all = one.cell.n + inside[0]
        detail = {
            "n_all": n_all,
            "share": n_all / n_rows,
            "score": one.score,
            "p_adjusted": p_adjusted,
            "tolerance": list(tolerance),
        }
        said = _Said(conditions_at(halves.cuts, one.key), value_of(inside, loss), gap, verdict)
        results.append(_result(question, loss, said, detail))
    return sorted(results, key=lambda r: (r.verdict == "ok", -float(r.detail["gain"])))


@dataclass(frozen=True, slots=True)
class _Said:
    """One slice before it is an answer."""

    conditions: Sequence[Any]
    value: Estimate
    gap: Estimate
    verdict: Verdict


def _result(question: Question, loss: RowLoss, said: _Said, detail: Mapping[str, Any]) -> Result:
    gap, value = said.gap, said.value
    worse = float(gap.value or 0.0)
    sign = -1.0 if loss.better == "higher" else 1.0
    ends = sorted((sign * float(gap.low or 0.0), sign * float(gap.high or 0.0)))
    more = {
        **{k: v for k, v in gap.detail.items() if k != "value"},
        "label": loss.label,
        "unit": loss.unit,
        "better": loss.better,
        "conditions": [
            {"column": c.column, "operator": c.operator, "value": c.value} for c in said.conditions
        ],
        "change": sign * worse,
        "change_low": ends[0],
        "change_high": ends[1],
        "gap": worse,
        "gap_low": gap.low,
        "gap_high": gap.high,
        "gain": worse * int(detail["n_all"]),
        **detail,
    }
    return Result(
        name=loss.name,
        version=question.scope.version,
        value=value.value,
        low=value.low,
        high=value.high,
        interval=value.interval,
        n=value.n,
        n_labelled=value.n,
        verdict=said.verdict,
        window=question.scope.window,
        segment=segment_text(said.conditions),
        detail=more,
    )


def _segments(results: Sequence[Result]) -> list[Segment]:
    from analytics.core import Condition

    return [
        Segment(
            tuple(
                Condition(c["column"], c["operator"], c["value"]) for c in r.detail["conditions"]
            ),
            str(r.segment),
        )
        for r in results
    ]


def _trends(engine: Engine, side: Side, loss: RowLoss, results: list[Result]) -> list[Result]:
    """``detail.trend``: each slice's number by the question's periods, None where rows are few."""
    if side.scope.every is None or not results:
        return results
    by_period: list[list[float | None]] = [[] for _r in results]
    found = sums_inside(engine, side, loss, _segments(results))
    for (_period, _version), (_all, *parts) in found.items():
        for series, (_n, inside) in zip(by_period, parts, strict=True):
            known = inside[0] >= MIN_TREND
            series.append(loss.of_mean(*mean_loss(inside))[0] if known else None)
    return [
        replace(r, detail={**r.detail, "trend": series})
        for r, series in zip(results, by_period, strict=True)
    ]


def _since(
    engine: Engine, side: Side, question: Question, loss: RowLoss, results: list[Result]
) -> list[Result]:
    """The same slices under the version of the reference: weak there too, or new since then."""
    reference = question.reference
    if reference is None or reference.version in (None, side.scope.version) or not results:
        return results
    then = Side(side.dataset, whole(replace(reference, segment=side.scope.segment)))
    found = sums_inside(engine, then, loss, _segments(results))
    everything, *parts = next(iter(found.values()), [(0, (0, 0.0, 0.0, 0.0, 0.0))])
    gaps = [
        gap_of(inside, _without(everything[1], inside), loss)
        if min(inside[0], everything[1][0] - inside[0]) >= MIN_ROWS // 2
        else Estimate.undefined("too few labelled rows then")
        for _n, inside in parts
    ]
    tolerance = TOLERANCE if loss.is_share else RELATIVE
    verdicts = decide([(gap, tolerance) for gap in gaps])
    answers = []
    for r, gap, (verdict, _p) in zip(results, gaps, verdicts, strict=True):
        is_weak = r.verdict in ("warning", "critical")
        detail = {
            **r.detail,
            "since": reference.version,
            "is_new": is_weak and verdict == "ok",
            "gap_then": gap.value,
            "gap_then_low": gap.low,
            "gap_then_high": gap.high,
            "n_then": gap.n,
        }
        answers.append(replace(r, detail=detail))
    return answers
