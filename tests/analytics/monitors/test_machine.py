"""Laws of an alert's life, and what belongs to one incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Result, Window
from analytics.errors import UsageError
from analytics.monitors.harm import Judged
from analytics.monitors.incidents import group
from analytics.monitors.judge import Observation, observe
from analytics.monitors.machine import State, step, walk
from analytics.monitors.moments import row_of, span_of
from analytics.monitors.policy import Monitor, looked_at_hourly
from analytics.monitors.run import Run, failed, look_again, run

DAY = timedelta(days=1)
START = datetime(2026, 1, 1)
MONITOR = Monitor("Accuracy", "m", "performance", ("accuracy",), every="day", hold=2, calm=3)
SIGNS = ("bad", "calm", "unclear", "no data", "error")
signs = st.lists(st.sampled_from(SIGNS), max_size=40)


def seen(words: list[str]) -> list[tuple[datetime, Observation]]:
    return [(START + DAY * i, Observation(sign)) for i, sign in enumerate(words)]  # type: ignore[arg-type]


@given(signs)
def test_looks_that_see_nothing_change_no_phase(words: list[str]) -> None:
    clear = [w for w in words if w not in ("no data", "error")]
    blind = walk(MONITOR, seen(words))
    sighted = walk(MONITOR, seen(clear))
    assert (blind[-1].phase if blind else "inactive") == (
        sighted[-1].phase if sighted else "inactive"
    )


@given(signs)
def test_it_fires_after_hold_bad_looks_in_a_row_and_not_before(words: list[str]) -> None:
    in_a_row = 0
    for word, state in zip(words, walk(MONITOR, seen(words)), strict=True):
        if word in ("bad", "calm"):
            in_a_row = in_a_row + 1 if word == "bad" else 0
        if in_a_row >= MONITOR.n_hold:
            assert state.phase == "firing"
        if state.phase == "pending":
            assert 0 < in_a_row < MONITOR.n_hold


@given(signs)
def test_only_calm_looks_resolve(words: list[str]) -> None:
    before = State()
    for word, state in zip(words, walk(MONITOR, seen(words)), strict=True):
        if before.phase == "firing" and state.phase != "firing":
            assert (word, state.phase, before.streak) == ("calm", "resolved", MONITOR.calm - 1)
        before = state


def test_an_error_is_never_shown_as_fine_and_leaves_an_alert_firing() -> None:
    calm = walk(MONITOR, seen(["calm", "error"]))[-1]
    firing = walk(MONITOR, seen(["bad", "bad", *["error"] * 9]))[-1]
    assert (calm.shown, firing.shown, firing.health) == ("error", "firing", "error")
    lost = failed(MONITOR, "the disk is gone")
    assert (lost.outcome, lost.shown) == ("inconclusive", "error")


def test_a_step_keeps_when_it_began() -> None:
    state = State()
    for moment, look in seen(["calm", "bad", "bad", "bad"]):
        state = step(state, look, moment, MONITOR)
    assert (state.bad_from, state.since) == (START + DAY, START + 2 * DAY)


def answer(
    day: int, verdict: str = "ok", name: str = "accuracy", column: str | None = None
) -> Result:
    window = Window(START + DAY * day, START + DAY * (day + 1))
    p = 1e-9 if verdict != "ok" else 0.5
    return Result(
        name, 0.8, 1000, verdict, window, 0.78, 0.82, "Wilson", 1000, column,  # type: ignore[arg-type]
        detail={"p_adjusted": p},
    )  # fmt: skip


def test_signs_of_an_answer() -> None:
    weak = replace(answer(0, "critical"), detail={"p_adjusted": 0.01})
    few = replace(answer(0, "critical"), n_labelled=99)
    alone = replace(answer(0), detail={})
    found = [observe(MONITOR, r).sign for r in (answer(0), answer(0, "critical"), weak, few, alone)]
    assert found == ["calm", "bad", "unclear", "no data", "no data"]


@pytest.mark.parametrize(
    ("limit", "recovery", "sign"),
    [(0.9, None, "bad"), (0.81, None, "unclear"), (0.7, None, "calm"), (0.7, 0.79, "unclear")],
)
def test_limits_read_the_whole_interval(limit: float, recovery: float | None, sign: str) -> None:
    below = replace(MONITOR, rule="below", limit=limit, recovery=recovery)
    assert observe(below, answer(0)).sign == sign
    mirrored = replace(MONITOR, rule="above", limit=-limit, recovery=recovery and -recovery)
    other = replace(answer(0), value=-0.8, low=-0.82, high=-0.78)
    assert observe(mirrored, other).sign == sign


def test_more_looks_ask_for_more_evidence() -> None:
    levels = [replace(MONITOR, every=every).level for every in ("hour", "day", "week", "month")]
    assert levels == sorted(levels)
    assert replace(MONITOR, every="day").level * 7 * 100 * 3 == pytest.approx(1.0)


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "above"},
        {"limit": 0.5},
        {"hold": 0},
        {"alpha": 1.5},
        {"severity": "bad"},
        {"name": ""},
    ],
)
def test_a_monitor_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        replace(MONITOR, **change)  # type: ignore[arg-type]


def test_a_run_finds_alerts_and_outcomes() -> None:
    words = ["ok", "critical", "critical", "critical", "ok", "ok", "ok", "ok"]
    found = run(MONITOR, [answer(i, w) for i, w in enumerate(words)])
    assert [(a.fired_at, a.resolved_at) for a in found.alerts] == [
        (START + 3 * DAY, START + 7 * DAY)
    ]
    assert (found.outcome, found.shown) == ("pass", "resolved")
    standing = run(MONITOR, [answer(i, w) for i, w in enumerate(words[:4])])
    assert (standing.outcome, standing.shown) == ("fail", "firing")
    assert run(MONITOR, []).outcome == "inconclusive"


def alerts(question: str, name: str, day: int, column: str | None = None) -> list:  # type: ignore[type-arg]
    monitor = Monitor(question, "m", question, every="day")  # type: ignore[arg-type]
    return list(run(monitor, [answer(day, "critical", name, column)]).alerts)


def test_a_fault_mutes_its_own_drift_and_is_the_cause_of_the_loss() -> None:
    found = group(
        [
            *alerts("performance", "accuracy", 1),
            *alerts("drift", "ks", 1, "age"),
            *alerts("quality", "missing_rate", 1, "age"),
        ],
        3 * DAY,
    )
    assert len(found) == 1
    assert found[0].cause.key[:2] == ("missing_rate", "age")
    assert found[0].consequence is not None
    assert [a.key[:2] for a in found[0].muted] == [("ks", "age")]
    assert (found[0].kind, found[0].severity, found[0].notifies) == ("harm", "critical", True)


def judged(day: int, *results: Result) -> Judged:
    at = START + day * DAY
    return Judged(at, at, results, MONITOR)


def measured(day: int, value: float, name: str = "accuracy", spread: float = 0.0) -> Judged:
    """A day that ends at ``day``, of 1,000 labels, against a reference at 0.90."""
    detail = {
        "reference": 0.9, "better": "higher", "unit": "share", "tolerance": [0.02, 0.05],
        "se": 0.01, "se_reference": 0.002, "spread": spread, "label": name,
    }  # fmt: skip
    window = Window(START + (day - 1) * DAY, START + day * DAY)
    one = Result(name, value, 1000, "ok", window, n_labelled=1000, detail=detail)
    return judged(day, one)


def test_drift_with_which_a_headline_metric_fell_is_not_harmless() -> None:
    drifted = alerts("drift", "ks", 4, "income")
    calm, low = [measured(d, 0.9) for d in (1, 2, 3)], [measured(d, 0.87) for d in (5, 6, 7, 8)]
    (hurt,) = group(drifted, judged=[*calm, *low])
    assert (hurt.kind, hurt.severity, hurt.notifies) == ("harm", "warning", True)
    assert hurt.cause.key[:2] == ("ks", "income") and hurt.consequence is not None
    fall = hurt.consequence.result
    assert fall.detail["change"] == pytest.approx(-0.03) and fall.n_labelled == 4000
    se = (0.01**2 / 4 + 0.002**2) ** 0.5
    assert fall.detail["change_high"] == pytest.approx(-0.03 + 1.959964 * se, abs=1e-6)
    (deep,) = group(drifted, judged=[*calm, *(measured(d, 0.8) for d in (5, 6, 7, 8))])
    assert deep.severity == "critical"
    (held,) = group(drifted, judged=[*calm, *(measured(d, 0.897) for d in (5, 6, 7, 8))])
    assert held.kind == "harmless"


def test_a_fall_no_larger_than_the_reference_wanders_or_older_than_the_drift_is_none_of_its_own() -> (
    None
):
    drifted = alerts("drift", "ks", 4, "income")
    wandering = [measured(d, 0.87, spread=0.03) for d in (5, 6, 7, 8)]
    assert group(drifted, judged=wandering)[0].kind == "harmless"
    always = [measured(d, 0.87) for d in range(1, 9)]
    assert group(drifted, judged=always)[0].kind == "harmless"
    loss = alerts("performance", "accuracy", 7)  # told in an incident of its own
    found = group(
        [*drifted, *loss], DAY, [measured(d, 0.9 if d < 8 else 0.8) for d in range(1, 12)]
    )
    assert {i.kind: i.cause.key[1] for i in found} == {"harmless": "income", "harm": None}


def test_drift_beside_a_metric_that_held_is_harmless_and_calls_nobody() -> None:
    drifted = alerts("drift", "ks", 1, "temperature")
    assert not group(drifted, judged=[judged(3)])[0].notifies
    assert group(drifted)[0].kind == "drift"  # nobody measured what it did
    assert group(drifted, judged=[judged(0)])[0].kind == "drift"  # only before it began


def test_drift_that_came_with_a_loss_stands_beside_it_and_is_no_cause() -> None:
    loss = alerts("performance", "accuracy", 5)
    with_it, long_before = alerts("drift", "ks", 5, "wind"), alerts("drift", "ks", 1, "temperature")
    harmless, harm = group([*loss, *with_it, *long_before], 3 * DAY, [judged(9)])
    assert (harm.kind, harm.cause.monitor.question) == ("harm", "performance")
    assert {a.key[1] for a in harm.alerts} == {None, "wind"}
    assert (harmless.kind, harmless.cause.key[1]) == ("harmless", "temperature")


def test_values_out_of_range_have_moved_and_fewer_missing_ones_are_no_fault() -> None:
    (moved,) = group(alerts("quality", "out_of_range_rate", 1, "temperature"), judged=[judged(9)])
    assert moved.kind == "harmless"
    monitor = Monitor("Data", "m", "quality", every="day")
    for before, sign in ((0.9, "calm"), (0.1, "bad")):
        bad = answer(0, "critical", "missing_rate", "age")
        result = replace(bad, detail={**bad.detail, "reference": before})
        assert observe(monitor, result).sign == sign


def test_rows_in_file_order_have_an_order_too() -> None:
    monitor = Monitor("Data", "m", "quality", every="10rows", calm=1)
    words = ["ok", "critical", "ok", "ok", "critical"]
    looks = [
        replace(
            answer(0, word, "frozen", "x"), window=Window(first_row=10 * i, last_row=10 * i + 9)
        )
        for i, word in enumerate(words)
    ]
    first, second = run(monitor, looks[::-1]).alerts
    assert [row_of(m) for m in (first.fired_at, first.resolved_at, second.fired_at)] == [20, 30, 50]
    assert (first.first.first_row, second.resolved_at) == (10, None)
    assert len(group([first, second], span_of("10rows"))) == 2


def test_far_apart_is_two_incidents() -> None:
    near, far = (
        alerts("quality", "missing_rate", day, name) for day, name in ((1, "a"), (30, "b"))
    )
    assert [len(i.alerts) for i in group([*near, *far], 3 * DAY)] == [1, 1]


@given(st.lists(st.sampled_from(("bad", "calm", "no data")), max_size=30))
def test_a_monitor_without_periods_fires_after_two_bad_looks_as_one_with_periods_would(
    words: list[str],
) -> None:
    single = Monitor("Accuracy", "m", "performance", ("accuracy",), rule="below", limit=0.5)
    values = {"bad": 0.1, "calm": 0.9, "no data": None}
    whole = replace(single, hold=2, every="day")
    expected = walk(whole, seen(words))
    found: Run | None = None
    for i, (word, state) in enumerate(zip(words, expected, strict=True)):
        value = values[word]
        ends = {"low": value, "high": value, "n_labelled": 500}
        look = Result("accuracy", value, 500, "ok", Window(), **ends)  # type: ignore[arg-type]
        before = found.states if found else {}
        found = look_again(run(single, [look]), before, START + DAY * i)
        (now,) = found.states.values()
        assert (now.phase, now.streak) == (state.phase, state.streak)
        is_told = state.phase == "firing" and word == "bad"
        assert [a.monitor for a in found.alerts] == [single] * is_told
    if found:
        blind = look_again(failed(single, "no log"), found.states, START)
        assert blind.states == found.states


def test_a_gate_that_looks_once_waits_for_no_second_look() -> None:
    single = Monitor("Accuracy", "m", "performance", ("accuracy",), rule="below", limit=0.5)
    bad = Result("accuracy", 0.1, 500, "ok", Window(), low=0.09, high=0.11, n_labelled=500)
    assert run(single, [bad]).outcome == "fail"


def test_hourly_looks_at_a_window_share_one_false_alarm_in_a_hundred_weeks() -> None:
    single = looked_at_hourly(Monitor("Drift", "m", "drift"))
    assert single.level * 168 * 100 * 3 == pytest.approx(1.0)
    kept = Monitor("Drift", "m", "drift", alpha=0.01)
    assert looked_at_hourly(kept) == kept
    assert looked_at_hourly(replace(kept, every="week")).level == 0.01
