"""What people did with predictions: one row for each prediction and each person who met it.

The CTE ``acts`` stands on ``rows`` (predictions with their settled labels) and on the events log.
An act belongs to the moment of its first event, whenever its other events came or arrived; its
decision is the last one taken. Events sent twice change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Dataset, Scope, Window
from analytics.errors import UsageError
from analytics.needs import Acts
from analytics.query.engine import Engine
from analytics.query.frame import Frame, frame
from analytics.query.groups import Key
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name, quote_text, relation

EVENTS = {
    "prediction_accepted": "accepted",
    "prediction_overridden": "overridden",
    "prediction_dismissed": "dismissed",
    "decision_made": "alone",
}
DECISIONS = ("accepted", "overridden", "dismissed", "alone")  # by code, from 1
ABOUT_A_PREDICTION = (*EVENTS, "prediction_shown", "explanation_opened", "outcome_recorded")
ABOUT_A_PREDICTION += ("prediction_decided",)
HOLD_OUT = "holdout"
_TYPES = {"timestamp": "TIMESTAMP", "confidence": "DOUBLE", "latency_ms": "DOUBLE"}


def has_events(dataset: Dataset, scope: Scope) -> bool:
    """Whether the log that a scope reads has events."""
    return dataset.log("events", scope.log).n_rows > 0


def acts(dataset: Dataset, scope: Scope, columns: Iterable[str] = ()) -> Frame | None:
    """SQL up to and including the CTE ``acts``; None where there are no events.

    It has prediction_id, user_id, the moments first_at, shown_at, opened_at, decided_at and
    outcome_at, decision, initial, final, confidence, arm, the version, predicted, label, known_at,
    ``columns``, and ``_period`` and ``_version``. UsageError where periods or the window are rows.
    """
    if not has_events(dataset, scope):
        return None
    _check(scope)
    wanted = tuple(columns)
    start = Scope(scope.log, Window(), scope.version, scope.segment, scope.as_of)
    rows = frame(dataset, start, ("prediction", "score", *wanted), with_labels=True)
    values = dict(rows.values) if rows else {}
    happened = f"happened AS ({_happened(dataset, scope, values)})"
    met = f"met AS ({_met()})"
    joined = f"acts AS ({_acts(dataset, scope, wanted, values, has_rows=rows is not None)})"
    head = f"{rows.sql},\n" if rows else "WITH "
    return Frame(head + ",\n".join((happened, met, joined)), values)


def _check(scope: Scope) -> None:
    if isinstance(scope.every, int) or scope.window.first_row is not None:
        raise UsageError(
            "What people do is cut by time, not by rows.",
            "Events have moments and no place in the order of the predictions.",
            "Write --window 30d or A..B, and --every day, week or month.",
        )


def _happened(dataset: Dataset, scope: Scope, values: dict[str, Any]) -> str:
    log = dataset.log("events", scope.log)
    names: tuple[str, ...] = ("uuid", "event", "timestamp", "user_id", "prediction_id")
    names += ("model_version", "decision")
    names += ("initial_decision", "final_decision", "confidence", "arm", "source")
    picks = ", ".join(f"{column_sql(name, log.columns)} AS {name}" for name in names)
    condition = ""
    if scope.as_of is not None:
        values["as_of"] = scope.as_of
        condition = " WHERE timestamp <= $as_of"
    return f"SELECT {picks} FROM {relation(log)}{condition}"


def column_sql(name: str, present: Sequence[str]) -> str:
    """A column of the events log in its own type; NULL where no event ever had it."""
    kind = _TYPES.get(name, "VARCHAR")
    return f"CAST({quote_name(name) if name in present else 'NULL'} AS {kind})"


def _met() -> str:
    """One row a prediction and person. The last decision wins: the largest of moment and code."""
    codes = "".join(
        f" WHEN {quote_text(event)} THEN {DECISIONS.index(said) + 1}"
        for event, said in EVENTS.items()
    )
    said = "".join(f" WHEN {quote_text(d)} THEN {i + 1}" for i, d in enumerate(DECISIONS))
    code = f"CASE event{codes} WHEN 'prediction_decided' THEN CASE lower(decision){said} END END"
    names = ", ".join(map(quote_text, ABOUT_A_PREDICTION))
    inner = (
        f"SELECT *, {code} AS code FROM happened"
        f" WHERE prediction_id IS NOT NULL AND event IN ({names})"
    )
    first = (
        f"min(timestamp) FILTER (event = {quote_text(event)}) AS {name}"
        for event, name in (
            ("prediction_shown", "shown_at"),
            ("explanation_opened", "opened_at"),
            ("outcome_recorded", "outcome_at"),
        )
    )
    answers = (
        f"{pick}({name}_decision, (timestamp, {name}_decision))"
        f" FILTER ({name}_decision IS NOT NULL) AS {name}"
        for pick, name in (("arg_min", "initial"), ("arg_max", "final"))
    )
    return (
        f"SELECT prediction_id, user_id, min(timestamp) AS first_at, {', '.join(first)},"
        " min(timestamp) FILTER (code IS NOT NULL) AS decided_at,"
        " max(epoch_us(timestamp) * 8 + code) FILTER (code IS NOT NULL) & 7 AS code,"
        f" {', '.join(answers)}, max(confidence) AS confidence, max(model_version) AS said_version,"
        f" bool_or(arm = {quote_text(HOLD_OUT)}) AS is_held_out"
        f" FROM ({inner}) GROUP BY prediction_id, user_id"
    )


def _acts(
    dataset: Dataset,
    scope: Scope,
    columns: Sequence[str],
    values: dict[str, Any],
    *,
    has_rows: bool,
) -> str:
    known = f"[{', '.join(map(quote_text, DECISIONS))}]"
    picks = [f"met.* EXCLUDE (code, is_held_out), {known}[code] AS decision"]
    picks.append("coalesce(is_held_out, false) OR coalesce(code = 4, false) AS is_alone")
    is_number = dataset.schema.task == "regression"
    kind = "DOUBLE" if is_number else "VARCHAR"
    version = "said_version"
    if has_rows:
        version = "coalesce(rows.model_version, said_version)"
        picks += [f"{predicted_class(dataset)} AS predicted", "score", "label", "known_at"]
        picks += [f"rows.{quote_name(name)} AS {quote_name(name)}" for name in columns]
    else:
        picks += [f"CAST(NULL AS {kind}) AS {name}" for name in ("predicted", "label")]
        picks += ["CAST(NULL AS DOUBLE) AS score", "CAST(NULL AS TIMESTAMP) AS known_at"]
        picks += [f"CAST(NULL AS VARCHAR) AS {quote_name(name)}" for name in columns]
    picks.append(f"{version} AS version")
    picks.append(f"{_period(scope, 'first_at')} AS _period")
    picks.append(f"{version if scope.by_version else 'CAST(NULL AS VARCHAR)'} AS _version")
    must = scope.version is not None or scope.segment is not None
    join = f" {'JOIN' if must else 'LEFT JOIN'} rows USING (prediction_id)" if has_rows else ""
    conditions = [
        *window_conditions(scope, "first_at", values),
        *(["false"] if must and not has_rows else []),
    ]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(picks)} FROM met{join}{where}"


def _period(scope: Scope, moment: str) -> str:
    if scope.every is None:
        return "CAST(NULL AS BIGINT)"
    return f"epoch_us(date_trunc({quote_text(str(scope.every))}, {moment}))"


def window_conditions(scope: Scope, moment: str, values: dict[str, Any]) -> list[str]:
    """The window over a moment; values are bound under names of their own."""
    conditions = []
    for sign, end, name in (
        ("<=", scope.window.start, "from_at"),
        (">", scope.window.end, "to_at"),
    ):
        if end is not None:
            values[name] = end
            conditions.append(f"${name} {sign} {moment}")
    return conditions


_TAKEN = "CASE decision WHEN 'accepted' THEN coalesce(final, predicted) ELSE final END"
# Facts of an act that several counts share, worked out once for each row.
_FACTS = {
    "is_shown": "shown_at IS NOT NULL AND NOT is_alone",
    "is_accepted": "coalesce(decision = 'accepted', false)",
    "is_overridden": "coalesce(decision = 'overridden', false)",
    "is_dismissed": "coalesce(decision = 'dismissed', false)",
    "is_told": "predicted IS NOT NULL AND label IS NOT NULL",
    "is_right": "coalesce(predicted = label, false)",
    "wait_us": "date_diff('microsecond', shown_at, decided_at)",
    "was_right": "initial = label",  # the first answer; NULL where none was logged
    "ends_right": "final_taken = label",
}


def _counts(fast_s: float) -> dict[str, str]:
    """What of the acts is counted, by field of ``Acts``."""
    judged = "(is_accepted OR is_overridden)"
    wrong, right = "is_told AND NOT is_right", "is_told AND is_right"
    lost = f"{judged} AND {right} AND was_right = false AND ends_right IS NOT NULL"
    good = f"{judged} AND {wrong} AND was_right AND ends_right IS NOT NULL"
    return {
        "n": "true",
        "shown": "is_shown",
        "opened": "is_shown AND opened_at IS NOT NULL",
        "decided": "is_shown AND decision IS NOT NULL",
        "settled": "is_shown AND decision IS NOT NULL AND (label IS NOT NULL OR outcome_at IS NOT NULL)",
        "accepted": "is_accepted",
        "overridden": "is_overridden",
        "dismissed": "is_dismissed",
        "alone": "is_alone",
        "wrong": f"{judged} AND {wrong}",
        "wrong_accepted": f"is_accepted AND {wrong}",
        "right": f"{judged} AND {right}",
        "right_overridden": f"is_overridden AND {right}",
        "timed_accepts": "is_accepted AND is_shown AND wait_us >= 0",
        "fast_accepts": f"is_accepted AND is_shown AND wait_us >= 0 AND wait_us < {round(fast_s * 1e6)}",
        "first_wrong": lost,
        "first_wrong_mended": f"{lost} AND ends_right",
        "first_right": good,
        "first_right_kept": f"{good} AND ends_right",
    }


def _counting(dataset: Dataset) -> str:
    """``acts`` with the facts that are counted."""
    facts = ", ".join(f"{test} AS {name}" for name, test in _FACTS.items())
    return f"(SELECT *, {facts} FROM {_judging(dataset)})"


def _judging(dataset: Dataset) -> str:
    """``acts`` with the answer that was taken in the end; where numbers are predicted, no class."""
    if dataset.schema.task == "regression":
        return (
            "(SELECT * EXCLUDE (predicted, label), CAST(NULL AS VARCHAR) AS predicted,"
            " CAST(label AS VARCHAR) AS label, CAST(NULL AS VARCHAR) AS final_taken FROM acts)"
        )
    taken = _TAKEN
    if dataset.schema.task == "binary" and len(dataset.schema.classes) == 2:
        one, other = map(quote_text, dataset.schema.classes)
        swapped = f"CASE predicted WHEN {one} THEN {other} WHEN {other} THEN {one} END"
        taken = f"CASE decision WHEN 'overridden' THEN coalesce(final, {swapped}) ELSE {_TAKEN} END"
    return f"(SELECT *, {taken} AS final_taken FROM acts)"


def count_acts(engine: Engine, dataset: Dataset, scope: Scope, fast_s: float) -> dict[Key, Acts]:
    """The counts of every period and version; empty without events."""
    sql = acts(dataset, scope)
    if sql is None:
        return {}
    counts = _counts(fast_s)
    picks = ", ".join(f"count(*) FILTER ({test})" for test in counts.values())
    found = engine.rows(
        sql.select(
            f"SELECT _period, _version, count(DISTINCT user_id), min(first_at), max(first_at), {picks}"
            f" FROM {_counting(dataset)} GROUP BY ALL ORDER BY _period, _version"
        ),
        sql.values,
    )
    return {
        (period, version): Acts(int(users), first, last, *(int(n) for n in numbers))
        for period, version, users, first, last, *numbers in found
    }


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from being shown to being decided, sorted, and how long the undecided have waited."""

    decided_s: npt.NDArray[np.float64]
    waiting_s: npt.NDArray[np.float64]


def waits(engine: Engine, dataset: Dataset, scope: Scope, until: Any) -> Waits | None:
    """Times to action of everything shown; ``until`` is when the undecided were last looked at."""
    sql = acts(dataset, replace(scope, every=None, by_version=False))
    if sql is None:
        return None
    values = {**sql.values, "until": until}
    end = "CASE WHEN decided_at IS NULL THEN $until ELSE decided_at END"
    found = engine.arrays(
        sql.select(
            f"SELECT decided_at IS NOT NULL AS is_decided,"
            f" greatest(date_diff('microsecond', shown_at, {end}), 0) / 1e6 AS wait_s FROM acts"
            " WHERE shown_at IS NOT NULL AND NOT is_alone AND (decided_at IS NULL OR"
            " decided_at >= shown_at) ORDER BY wait_s"
        ),
        values,
    )
    is_decided, wait = np.asarray(found["is_decided"]), np.asarray(found["wait_s"], dtype=float)
    return Waits(wait[is_decided], wait[~is_decided])


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that was shown: how far it came, and the sorted seconds of each step."""

    n: int
    counts: dict[str, int]
    waits_s: dict[str, npt.NDArray[np.float64]]


def follow_shown(engine: Engine, dataset: Dataset, scope: Scope) -> Shown | None:
    """Shown, opened, decided, outcome known, in one scan; None where nothing was shown."""
    sql = acts(dataset, replace(scope, every=None, by_version=False))
    if sql is None:
        return None
    steps = {
        "opened": ("opened_at IS NOT NULL", "shown_at", "opened_at"),
        "decided": ("decision IS NOT NULL", "shown_at", "decided_at"),
        "settled": (
            "decision IS NOT NULL AND (label IS NOT NULL OR outcome_at IS NOT NULL)",
            "decided_at",
            "coalesce(outcome_at, known_at)",
        ),
    }
    picks = ", ".join(
        f"{test} AS {name}, date_diff('microsecond', {start}, {end}) / 1e6 AS {name}_s"
        for name, (test, start, end) in steps.items()
    )
    found = engine.arrays(
        sql.select(f"SELECT {picks} FROM acts WHERE shown_at IS NOT NULL AND NOT is_alone"),
        sql.values,
    )
    n = len(found["opened"])
    if n == 0:
        return None
    took = {}
    for name in steps:
        seconds: Any = np.ma.filled(np.ma.asarray(found[f"{name}_s"], dtype=float), np.nan)
        took[name] = np.sort(seconds[seconds >= 0])
    return Shown(n, {name: int(np.ma.filled(found[name], False).sum()) for name in steps}, took)


@dataclass(frozen=True, slots=True)
class Slot:
    """Acts of one bin of confidence, or of one value of a column."""

    at: Any
    acts: Acts


def by_confidence(
    engine: Engine, dataset: Dataset, scope: Scope, width: float, fast_s: float
) -> list[Slot]:
    """Acts by how sure the model was: as the events say, else as its score says."""
    sure = "confidence"
    if dataset.schema.task == "binary" and dataset.schema.has("score"):
        sure = "coalesce(confidence, greatest(score, 1 - score))"
    at = f"least(floor({sure} / {width!r} + 1e-9), {round(1 / width) - 1})"
    return _slots(
        engine, dataset, scope, (), (f"CAST({at} AS INTEGER)", f"{sure} IS NOT NULL"), fast_s
    )


def by_column(
    engine: Engine, dataset: Dataset, scope: Scope, column: str, fast_s: float
) -> list[Slot]:
    """Acts by the value of a column of the predictions, the most shown first."""
    name = quote_name(column)
    how = (f"CAST({name} AS VARCHAR)", f"{name} IS NOT NULL")
    return _slots(engine, dataset, scope, (column,), how, fast_s)


def _slots(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    columns: Sequence[str],
    how: tuple[str, str],
    fast_s: float,
) -> list[Slot]:
    sql = acts(dataset, replace(scope, every=None, by_version=False), columns)
    if sql is None:
        return []
    at, keep = how
    picks = ", ".join(f"count(*) FILTER ({test})" for test in _counts(fast_s).values())
    found = engine.rows(
        sql.select(
            f"SELECT {at} AS slot, count(DISTINCT user_id), min(first_at), max(first_at), {picks}"
            f" FROM {_counting(dataset)} WHERE {keep} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 200"
        ),
        sql.values,
    )
    return [
        Slot(at, Acts(int(users), first, last, *(int(n) for n in numbers)))
        for at, users, first, last, *numbers in found
    ]


@dataclass(frozen=True, slots=True)
class Taken:
    """How often an answer was taken: by arm and version, its truth, the model's and the person's."""

    is_alone: bool
    version: str | None
    label: str
    predicted: str | None
    final: str
    n: int


def taken(engine: Engine, dataset: Dataset, scope: Scope) -> list[Taken]:
    """Counts of (truth, model's answer, answer taken) of everything decided whose truth is known."""
    sql = acts(dataset, replace(scope, every=None, by_version=False))
    if sql is None or dataset.schema.task == "regression":
        return []
    found = engine.rows(
        sql.select(
            f"SELECT is_alone, version, label, predicted, final_taken, count(*) FROM {_judging(dataset)}"
            " WHERE decision IS NOT NULL AND label IS NOT NULL AND final_taken IS NOT NULL"
            " GROUP BY ALL ORDER BY ALL"
        ),
        sql.values,
    )
    return [Taken(bool(alone), v, str(y), p, str(t), int(n)) for alone, v, y, p, t, n in found]
