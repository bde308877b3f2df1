"""Every number about people beside an independent count: loops and pandas over the same events."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analytics.core import Question, Scope, Window
from analytics.errors import NameUnknown, UsageError
from analytics.evaluate.behaviour import behaviour
from analytics.evaluate.panels import (
    adoption,
    confidence,
    funnel,
    hours,
    returning,
    seen,
    time_to_action,
    worth,
)
from analytics.query.segment import parse_segment

START = datetime(2026, 3, 2)
NOW = datetime(2026, 4, 20)
DECIDED = {
    "prediction_accepted": "accepted",
    "prediction_overridden": "overridden",
    "prediction_dismissed": "dismissed",
}


def rows(seed: int = 1, n: int = 900) -> tuple[list[dict], list[dict], list[dict]]:
    """Predictions, labels and events: repeated, out of order, some undecided, some decided twice."""
    rng = np.random.default_rng(seed)
    predictions, labels, events = [], [], []

    def tell(i: int, name: str, at: datetime, **more: Any) -> None:
        events.append(
            {
                "uuid": f"{i}-{name}-{at:%s}",
                "event": name,
                "timestamp": at,
                "user_id": f"u{i % 17}",
                "prediction_id": f"p{i}",
                "initial_decision": None,
                "final_decision": None,
                "arm": None,
                **more,
            }
        )

    for i in range(n):
        asked = START + timedelta(minutes=float(rng.uniform(0, 45 * 24 * 60)))
        score = float(rng.uniform(0, 1))
        said = str(int(score > 0.5))
        predictions.append(
            {
                "prediction_id": f"p{i}",
                "timestamp": asked,
                "row": i,
                "model_version": "v1" if i % 3 else "v2",
                "prediction": said,
                "score": score,
                "distance": 1.0,
                "origin": "JFK" if i % 2 else "LGA",
            }
        )
        truth = said if rng.random() < 0.7 else str(1 - int(said))
        if rng.random() < 0.9:
            known = asked + timedelta(hours=5)
            labels.append({"prediction_id": f"p{i}", "label": truth, "known_at": known})
        shown = asked + timedelta(seconds=float(rng.uniform(1, 900)))
        if i % 11 == 0:
            tell(i, "decision_made", shown, final_decision=truth, arm="holdout")
            continue
        tell(i, "prediction_shown", shown)
        if rng.random() < 0.4:
            tell(i, "explanation_opened", shown + timedelta(seconds=5))
        if rng.random() < 0.8:
            name = rng.choice([*DECIDED], p=[0.6, 0.3, 0.1])
            first = str(int(rng.random() < 0.5)) if i % 2 else None
            at = shown + timedelta(seconds=float(rng.exponential(40)))
            tell(i, str(name), at, initial_decision=first)
            if rng.random() < 0.1:  # thought better of it
                tell(i, "prediction_overridden", at + timedelta(seconds=30))
    events += [events[j] for j in rng.integers(0, len(events), 60)]
    order = rng.permutation(len(events))
    return predictions, labels, [events[j] for j in order]


def acts_of(predictions: list[dict], labels: list[dict], events: list[dict]) -> pd.DataFrame:
    """One row a prediction and person, in plain loops."""
    by_key: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for event in {e["uuid"]: e for e in events}.values():
        if event["prediction_id"] is not None:
            by_key[(event["prediction_id"], event["user_id"])].append(event)
    known = {p["prediction_id"]: p for p in predictions}
    truth = {row["prediction_id"]: row for row in labels}
    found = []
    for (pid, user), mine in by_key.items():
        mine.sort(key=lambda e: e["timestamp"])
        decisions = [e for e in mine if e["event"] in (*DECIDED, "decision_made")]
        first = next((e["initial_decision"] for e in mine if e["initial_decision"]), None)
        final = [e["final_decision"] for e in mine if e["final_decision"]]
        act = {
            "pid": pid,
            "user": user,
            "first_at": mine[0]["timestamp"],
            "alone": any(e["arm"] == "holdout" for e in mine),
            "initial": first,
            "decision": DECIDED.get(decisions[-1]["event"], "alone") if decisions else None,
            "decided_at": decisions[0]["timestamp"] if decisions else None,
        }
        for name, event in (("shown", "prediction_shown"), ("opened", "explanation_opened")):
            at = [e["timestamp"] for e in mine if e["event"] == event]
            act[f"{name}_at"] = min(at) if at else None
        prediction = known.get(pid, {})
        act["said"], act["version"] = prediction.get("prediction"), prediction.get("model_version")
        act["origin"], act["score"] = prediction.get("origin"), prediction.get("score")
        act["truth"] = truth.get(pid, {}).get("label")
        other = None if act["said"] is None else str(1 - int(act["said"]))
        taken = {"accepted": act["said"], "overridden": other}.get(act["decision"])
        act["final"] = final[-1] if final else taken
        found.append(act)
    return pd.DataFrame(found)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's interval, written out from his paper."""
    z = norm.ppf(0.975)
    p = hits / n
    centre, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (centre - spread) / (1 + z * z / n), (centre + spread) / (1 + z * z / n)


def shares(acts: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """(hits, n) of every share."""
    shown = acts[acts.shown_at.notna() & ~acts.alone]
    judged = acts[acts.decision.isin(["accepted", "overridden"])]
    told = judged[judged.truth.notna() & judged.said.notna()]
    wrong, right = told[told.said != told.truth], told[told.said == told.truth]
    accepts = shown[(shown.decision == "accepted") & (shown.decided_at >= shown.shown_at)]
    quick = (accepts.decided_at - accepts.shown_at).dt.total_seconds() < 2
    first = told[told.initial.notna()]
    lost = first[(first.said == first.truth) & (first.initial != first.truth)]
    good = first[(first.said != first.truth) & (first.initial == first.truth)]
    return {
        "acceptance": (int((judged.decision == "accepted").sum()), len(judged)),
        "engagement": (int(shown.decision.notna().sum()), len(shown)),
        "undecided": (int(shown.decision.isna().sum()), len(shown)),
        "over_reliance": (int((wrong.decision == "accepted").sum()), len(wrong)),
        "under_reliance": (int((right.decision == "overridden").sum()), len(right)),
        "fast_accept": (int(quick.sum()), len(accepts)),
        "relative_ai_reliance": (int((lost.final == lost.truth).sum()), len(lost)),
        "relative_self_reliance": (int((good.final == good.truth).sum()), len(good)),
    }


@pytest.fixture(scope="module")
def made(build_once) -> tuple[Any, pd.DataFrame, list[dict]]:
    predictions, labels, events = rows()
    half = len(events) // 2
    dataset = build_once([predictions], [labels], events=[events[:half], events[half:]])
    return dataset, acts_of(predictions, labels, events), events


def ask(engine, dataset, **scope: Any) -> dict[str, Any]:
    found = behaviour(engine, dataset, Question(Scope(**scope)), NOW)
    return {r.name: r for r in found}


def test_every_share_equals_the_count_by_hand(engine, made) -> None:
    dataset, acts, _events = made
    found = ask(engine, dataset)
    for name, (hits, n) in shares(acts).items():
        assert n >= 30, name
        assert found[name].n == n, name
        assert found[name].value == pytest.approx(hits / n, abs=1e-12), name
        assert (found[name].low, found[name].high) == pytest.approx(wilson(hits, n), abs=1e-9)


def test_discernment_is_newcombe_of_both(engine, made) -> None:
    dataset, acts, _events = made
    counts = shares(acts)
    over, under = counts["over_reliance"], counts["under_reliance"]
    right, wrong = (under[1] - under[0]) / under[1], over[0] / over[1]
    (l1, u1), (l2, u2) = wilson(under[1] - under[0], under[1]), wilson(*over)
    low = right - wrong - math.hypot(right - l1, u2 - wrong)
    high = right - wrong + math.hypot(u1 - right, wrong - l2)
    found = ask(engine, dataset)["discernment"]
    assert (found.value, found.low, found.high) == pytest.approx((right - wrong, low, high))


def test_versions_segments_and_windows_are_the_rows_they_name(engine, made) -> None:
    dataset, acts, _events = made
    v2 = ask(engine, dataset, version="v2")["acceptance"]
    assert (v2.n, v2.version) == (shares(acts[acts.version == "v2"])["acceptance"][1], "v2")
    segment = parse_segment("origin = 'JFK'", dataset.schema)
    jfk = ask(engine, dataset, segment=segment)["engagement"]
    assert jfk.n == shares(acts[acts.origin == "JFK"])["engagement"][1]
    window = Window(datetime(2026, 3, 10), datetime(2026, 3, 31))
    inside = acts[(acts.first_at >= window.start) & (acts.first_at < window.end)]
    assert ask(engine, dataset, window=window)["acceptance"].n == shares(inside)["acceptance"][1]


def test_weeks_add_up_to_the_whole_and_people_are_counted_once_in_each(engine, made) -> None:
    dataset, acts, events = made
    found = behaviour(engine, dataset, Question(Scope(every="week")), NOW)
    weeks = [r for r in found if r.name == "engagement"]
    assert sum(r.n for r in weeks) == shares(acts)["engagement"][1]
    frame = pd.DataFrame(events)
    frame["week"] = frame.timestamp.dt.to_period("W-SUN").dt.start_time
    people = frame.groupby("week").user_id.nunique()
    got = {r.window.start: r.value for r in found if r.name == "active_users"}
    assert got == {week.to_pydatetime(): n for week, n in people.items()}


def test_a_reference_window_is_compared_and_an_imported_one_says_why_not(engine, made) -> None:
    dataset, acts, _events = made
    late = Window(datetime(2026, 3, 25), None)
    early = Window(None, datetime(2026, 3, 25))
    found = behaviour(engine, dataset, Question(Scope(window=late), Scope(window=early)), NOW)
    one = next(r for r in found if r.name == "acceptance")
    before = shares(acts[acts.first_at < early.end])["acceptance"]
    assert one.detail["reference"] == pytest.approx(before[0] / before[1])
    assert one.verdict in ("ok", "warning", "critical")
    imported = behaviour(engine, dataset, Question(Scope(), Scope("reference")), NOW)
    assert "previous period" in str(next(r for r in imported if r.name == "acceptance").reason)


def test_fewer_than_thirty_are_not_shown(engine, made) -> None:
    dataset, _acts, _events = made
    found = ask(engine, dataset, window=Window(START, START + timedelta(hours=12)))
    for r in found.values():
        if r.name != "active_users":
            assert r.n >= 30 or (r.value is None and r.verdict == "undefined" and r.reason)
    assert any(r.value is None for r in found.values())


def test_times_are_order_statistics_of_what_was_decided(engine, made) -> None:
    dataset, acts, _events = made
    shown = acts[acts.shown_at.notna() & acts.decided_at.notna() & ~acts.alone]
    took = np.sort((shown.decided_at - shown.shown_at).dt.total_seconds())
    found = ask(engine, dataset)
    median, p90 = found["time_to_action"], found["time_to_action_p90"]
    assert median.value == pytest.approx(took[math.ceil(len(took) / 2) - 1])
    assert p90.value == pytest.approx(took[math.ceil(0.9 * len(took)) - 1])
    assert median.n == len(took) and median.low < median.value < median.high


def test_the_curve_is_kaplan_and_meiers(engine, made) -> None:
    dataset, acts, _events = made
    curve = time_to_action(engine, dataset, Question(Scope()), NOW)
    shown = acts[acts.shown_at.notna() & ~acts.alone]
    ends = shown.decided_at.fillna(pd.Timestamp(NOW))
    wait = (ends - shown.shown_at).dt.total_seconds().to_numpy()
    is_decided = shown.decided_at.notna().to_numpy()
    for at, share in zip(curve.at_s, curve.share, strict=True):
        left = 1.0
        for moment in np.unique(wait[is_decided & (wait <= at)]):
            left *= 1 - (is_decided & (wait == moment)).sum() / (wait >= moment).sum()
        assert share == pytest.approx(1 - left, abs=1e-9)
    assert curve.n == len(shown) and curve.n_undecided == int((~is_decided).sum())


def test_the_funnel_counts_and_times_each_step(engine, made) -> None:
    dataset, acts, _events = made
    found = funnel(engine, dataset, Question(Scope()))
    shown = acts[acts.shown_at.notna() & ~acts.alone]
    steps = {s.name: s for s in found.steps}
    assert found.shown == len(shown)
    assert steps["opened"].n == int(shown.opened_at.notna().sum())
    decided = shown[shown.decision.notna()]
    assert steps["settled"].n == int(decided.truth.notna().sum())
    assert steps["settled"].of == len(decided) == steps["decided"].n
    assert found.undecided.value == pytest.approx(1 - len(decided) / len(shown))
    assert steps["opened"].median.value == pytest.approx(5.0)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_hours_are_those_of_the_zone(engine, made, zone: str) -> None:
    dataset, _acts, events = made
    found = hours(engine, dataset, Question(Scope()), zone)
    unique = pd.DataFrame({e["uuid"]: e for e in events}.values())
    local = unique.timestamp.dt.tz_localize("UTC").dt.tz_convert(zone)
    by_hand = pd.crosstab(local.dt.day_of_week, local.dt.hour)
    for day in range(7):
        for hour in range(24):
            assert found.counts[day][hour] == by_hand.get(hour, {}).get(day, 0)
    assert found.n == len(unique)


def test_sessions_are_cut_by_silence_and_by_length(engine, made) -> None:
    dataset, _acts, events = made
    n = 0
    by_user = defaultdict(list)
    for e in {e["uuid"]: e for e in events}.values():
        by_user[e["user_id"]].append(e["timestamp"])
    for moments in by_user.values():
        start = last = None
        for at in sorted(moments):
            is_new = last is None or at - last > timedelta(minutes=30)
            if is_new or at - start > timedelta(hours=24):
                n, start = n + 1, at
            last = at
    assert hours(engine, dataset, Question(Scope()), "UTC").n_sessions == n


def test_weeks_of_return_equal_the_table_by_hand(engine, made) -> None:
    dataset, _acts, events = made
    found = returning(engine, dataset, Question(Scope()), NOW)
    frame = pd.DataFrame(events)
    frame["week"] = frame.timestamp.dt.to_period("W-SUN").dt.start_time
    first = frame.groupby("user_id").week.min().rename("cohort")
    frame = frame.join(first, on="user_id")
    frame["later"] = (frame.week - frame.cohort).dt.days // 7
    table = frame.groupby(["cohort", "later"]).user_id.nunique()
    for cohort, row in zip(found.cohorts, found.there, strict=True):
        for later, n in enumerate(row):
            is_over = later == 0 or cohort + timedelta(weeks=later + 1) <= NOW
            assert n == (table.get((pd.Timestamp(cohort), later), 0) if is_over else None)


def test_levels_of_confidence_and_of_a_column(engine, made) -> None:
    dataset, acts, _events = made
    found = confidence(engine, dataset, Question(Scope()))
    sure = np.maximum(acts.score, 1 - acts.score)
    for level in found.levels:
        inside = acts[(sure >= level.low) & (sure < level.low + 0.05)]
        assert level.n == len(inside)
        assert level.acceptance.n == shares(inside)["acceptance"][1]
    by_origin = adoption(engine, dataset, Question(Scope()), "origin")
    for level in by_origin.levels:
        mine = shares(acts[acts.origin == level.name])
        assert level.engagement.n == mine["engagement"][1]
        assert level.over_reliance.n == mine["over_reliance"][1]


def test_what_decisions_are_worth(engine, made) -> None:
    from dataclasses import replace

    dataset, acts, _events = made
    values = (("1", "1", 3.0), ("1", "0", -5.0), ("0", "1", -1.0))
    valued = replace(dataset, schema=replace(dataset.schema, values=values))
    found = worth(engine, valued, Question(Scope()))
    amount = {(t, s): v for t, s, v in values}
    told = acts[acts.truth.notna() & acts.final.notna() & acts.decision.notna()]
    money = np.array([amount.get(p, 0.0) for p in zip(told.truth, told.final, strict=True)])
    alone = told.alone.to_numpy()
    assert found.sides[0].worth.value == pytest.approx(money[~alone].mean())
    assert found.sides[2].worth.value == pytest.approx(money[alone].mean())
    assert found.gain.value == pytest.approx(money[~alone].mean() - money[alone].mean())
    told_so = ask(engine, valued)
    assert told_so["decision_value"].value == found.sides[0].worth.value
    assert told_so["decision_gain"].value == found.gain.value
    assert "decision_value" not in ask(engine, dataset)
    assert "hold-out" in found.notes[0] and "Observational" in found.notes[1]
    assert worth(engine, dataset, Question(Scope())) is None  # no values, no worth


def test_the_extent_says_what_is_simulated_late_and_unlinked(engine, build) -> None:
    predictions, labels, events = rows(n=40)
    for i, event in enumerate(events):
        event["received_at"] = event["timestamp"] + timedelta(hours=25 * (i % 2))
        event["source"] = "simulated"
    events.append({**events[0], "uuid": "stranger", "prediction_id": "nowhere", "source": None})
    found = seen(engine, build([predictions], [labels], events=[events]), Question(Scope())).extent
    unique = {e["uuid"]: e for e in events}
    assert found.n == len(unique) and found.n_simulated == len(unique) - 1
    assert found.n_unlinked == 1 and 0 < found.n_late < found.n


def test_without_events_there_is_nothing_and_rows_cut_nothing(engine, build, made) -> None:
    predictions, labels, _events = rows(n=40)
    without = build([predictions], [labels])
    assert behaviour(engine, without, Question(Scope()), NOW) == []
    assert funnel(engine, without, Question(Scope())) is None
    dataset = made[0]
    with pytest.raises(UsageError, match="cut by time"):
        behaviour(engine, dataset, Question(Scope(every=100)), NOW)
    with pytest.raises(NameUnknown, match="acceptence"):
        behaviour(engine, dataset, Question(Scope(), names=("acceptence",)), NOW)
