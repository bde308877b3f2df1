"""An incident is dated with only what was known then, and beside the labels that had all come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Result, Window
from analytics.monitors.harm import Judged
from analytics.monitors.moments import span_of
from analytics.monitors.policy import Monitor
from analytics.monitors.raised import date_incidents, known_at, with_maturity
from analytics.monitors.run import Alert, Run, run

WEEK = timedelta(weeks=1)
START = datetime(2024, 1, 1)
WITHIN = span_of("week")
DATA = Monitor("Data", "m", "quality", every="week")
DRIFT = Monitor("Drift", "m", "drift", every="week")
LOSS = Monitor("Accuracy", "m", "performance", ("accuracy",), every="week", hold=2)


def answers(
    name: str, column: str | None, bad: set[int], late: int = 0, n: int = 12
) -> list[Result]:
    """One answer a week; those of a metric may be judged ``late`` weeks after their period."""
    found = []
    for i in range(n):
        window = Window(START + i * WEEK, START + (i + 1) * WEEK)
        verdict, p = ("critical", 1e-9) if i in bad else ("ok", 0.5)
        detail = {"p_adjusted": p, "judged_at": START + (i + 1 + late) * WEEK}
        found.append(
            Result(
                name, 0.5, 1000, verdict, window, 0.4, 0.6, "Wilson", 1000, column, detail=detail
            )  # type: ignore[arg-type]
        )
    return found


def judged(moments: Iterable[datetime]) -> list[Judged]:
    return [Judged(m, m) for m in moments]


def alerts_of(*runs: Run) -> list[Alert]:
    return [a for r in runs for a in r.alerts]


def test_a_fault_is_raised_when_it_is_seen_and_the_loss_joins_it_later() -> None:
    fault = run(DATA, answers("missing_rate", "x", set(range(4, 12))))
    loss = run(LOSS, answers("accuracy", None, set(range(4, 12)), late=3))
    (found,) = date_incidents(alerts_of(fault, loss), WITHIN, judged(loss.clear))
    assert found.at == START + 5 * WEEK  # the end of the first bad week
    assert (found.then.kind, found.incident.kind) == ("data", "harm")
    assert found.then.consequence is None and found.incident.consequence is not None
    (ripe,) = with_maturity([found], [loss], timedelta(days=30), WITHIN)
    assert ripe.mature == START + 6 * WEEK + timedelta(days=30)  # two bad weeks, and their labels
    assert ripe.lead == timedelta(days=37)


def test_a_loss_that_waited_for_labels_is_dated_when_they_came() -> None:
    loss = run(LOSS, answers("accuracy", None, {4, 5, 6}, late=2))
    (found,) = date_incidents(loss.alerts, WITHIN, judged(loss.clear))
    assert found.at == known_at(loss.alerts[0]) == START + 8 * WEEK
    assert found.then.resolved is None and found.incident.resolved is not None


def test_drift_that_nobody_was_called_for_is_dated_by_its_first_alert() -> None:
    drift = run(DRIFT, answers("ks", "x", set(range(3, 12))))
    loss = run(LOSS, answers("accuracy", None, set()))
    (found,) = date_incidents(alerts_of(drift, loss), WITHIN, judged(loss.clear))
    assert (found.incident.kind, found.at) == ("harmless", START + 4 * WEEK)
    (ripe,) = with_maturity([found], [loss], WEEK, WITHIN)
    assert ripe.mature is None and ripe.lead is None


def test_drift_before_any_label_called_somebody_then_and_was_harmless_in_the_end() -> None:
    drift = run(DRIFT, answers("ks", "x", set(range(3, 12))))
    (found,) = date_incidents(drift.alerts, WITHIN, judged([START + 8 * WEEK]))
    assert (found.then.kind, found.incident.kind) == ("drift", "harmless")
    assert found.at == START + 4 * WEEK


weeks = st.sets(st.integers(0, 11))


@given(weeks, weeks, weeks, st.integers(0, 3))
def test_what_was_told_knows_nothing_of_later(
    missing: set[int], moved: set[int], worse: set[int], late: int
) -> None:
    fault = run(DATA, answers("missing_rate", "x", missing))
    drift = run(DRIFT, answers("ks", "x", moved))
    loss = run(LOSS, answers("accuracy", None, worse, late))
    every = alerts_of(fault, drift, loss)
    found = date_incidents(every, WITHIN, judged(loss.clear))
    assert sum(len(r.incident.alerts) for r in found) == len(every)
    for r in found:
        assert r.at is not None and min(map(known_at, r.incident.alerts)) <= r.at
        assert all(known_at(a) <= r.at for a in r.then.alerts)
        assert all(a.resolved_at is None or a.resolved_at <= r.at for a in r.then.alerts)
        assert r.then.notifies or not any(
            r.incident.kind == kind for kind in ("harm", "data")
        )  # a loss or a fault that is there calls somebody at the latest when it is known
