"""Laws of events: order, repetition, lateness and parts change nothing that is settled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.behaviour.sessions import IDLE_S, LONGEST_S, sessions
from analytics.behaviour.time_to_action import decided_by
from analytics.catalog import all_behaviours
from analytics.core import Scope, Window
from analytics.needs import Acts
from analytics.query.activity import active_users, returns
from analytics.query.acts import count_acts

START = datetime(2026, 3, 2)
PREDICTIONS = [
    {
        "prediction_id": f"p{i}",
        "timestamp": START,
        "row": i,
        "model_version": "v1",
        "prediction": str(i % 2),
        "score": 0.5,
        "distance": 1.0,
        "origin": "JFK",
    }
    for i in range(4)
]
LABELS = [{"prediction_id": f"p{i}", "label": "1", "known_at": START} for i in range(4)]
NAMES = ("prediction_shown", "explanation_opened", "prediction_accepted", "prediction_overridden")
event = st.builds(
    lambda name, user, prediction, minutes: {
        "event": name,
        "user_id": f"u{user}",
        "prediction_id": f"p{prediction}",
        "timestamp": START + timedelta(minutes=minutes),
        "received_at": START + timedelta(minutes=minutes),
    },
    st.sampled_from(NAMES),
    st.integers(0, 2),
    st.integers(0, 4),
    st.integers(0, 30 * 24 * 60),
)
logs = st.lists(event, min_size=1, max_size=14).map(
    lambda rows: [{**row, "uuid": f"e{i}"} for i, row in enumerate(rows)]
)
once = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def said(engine, build_once, *parts: list[dict[str, Any]]) -> Any:
    """Everything that is counted over some events, cut by week."""
    dataset = build_once([PREDICTIONS], [LABELS], events=parts)
    scope = Scope(every="week")
    return (
        count_acts(engine, dataset, scope, 2.0),
        active_users(engine, dataset, scope),
        returns(engine, dataset, Scope()),
    )


@once
@given(logs, st.randoms())
def test_order_repetition_and_parts_change_nothing(engine, build_once, rows, random) -> None:
    before = said(engine, build_once, rows)
    shuffled = rows + random.sample(rows, k=len(rows) // 2)
    random.shuffle(shuffled)
    cut = random.randint(0, len(shuffled))
    parts = [p for p in (shuffled[:cut], shuffled[cut:]) if p]
    assert said(engine, build_once, *parts) == before


@once
@given(logs, st.integers(0, 13), st.integers(1, 24))
def test_an_event_that_comes_late_belongs_to_when_it_happened(
    engine, build_once, rows, which, hours
) -> None:
    before = said(engine, build_once, rows)
    late = [dict(row) for row in rows]
    late[which % len(late)]["received_at"] += timedelta(hours=hours)
    on_time = [row for row in late if row["received_at"] == row["timestamp"]]
    delayed = [row for row in late if row["received_at"] != row["timestamp"]]
    assert said(engine, build_once, *[p for p in (on_time, delayed) if p]) == before


@once
@given(logs, st.integers(0, 30))
def test_as_of_a_moment_is_the_log_as_it_stood_then(engine, build_once, rows, day) -> None:
    moment = START + timedelta(days=day)
    known = [row for row in rows if row["timestamp"] <= moment]
    whole = build_once([PREDICTIONS], [LABELS], events=[rows])
    asked = count_acts(engine, whole, Scope(as_of=moment), 2.0)
    if not known:
        assert asked == {}
        return
    alone = build_once([PREDICTIONS], [LABELS], events=[known])
    assert asked == count_acts(engine, alone, Scope(as_of=moment), 2.0)


@once
@given(logs, st.integers(1, 29))
def test_two_windows_side_by_side_are_the_whole(engine, build_once, rows, day) -> None:
    cut = START + timedelta(days=day)
    dataset = build_once([PREDICTIONS], [LABELS], events=[rows])

    def n(window: Window) -> int:
        found = count_acts(engine, dataset, Scope(window=window), 2.0)
        return found[(None, None)].n if found else 0

    assert n(Window(None, cut)) + n(Window(cut, None)) == n(Window())


counts = st.integers(0, 400)


@given(st.tuples(counts, counts, counts, counts, counts, counts))
def test_shares_stay_between_0_and_1_and_inside_their_interval(numbers) -> None:
    a, b, c, d, e, f = numbers
    need = Acts(
        9, None, None, n=a + b, shown=a + b, decided=a, accepted=c, overridden=d,
        wrong=e + f, wrong_accepted=e, right=a + c, right_overridden=a,
        timed_accepts=c + d, fast_accepts=d,
        first_wrong=e + f, first_wrong_mended=f, first_right=b + d, first_right_kept=b,
    )  # fmt: skip
    for metric in all_behaviours():
        found = metric.compute(need)
        if found.value is None:
            assert found.n < 30 or metric.name == "discernment"
            continue
        assert (-1 if metric.name == "discernment" else 0) <= found.value <= 1
        assert found.low <= found.value <= found.high


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 4 * 86400)), min_size=1, max_size=60))
def test_sessions_hold_every_event_and_keep_their_limits(pairs) -> None:
    pairs.sort()
    person = np.array([p for p, _t in pairs])
    found = sessions(person, np.array([t for _p, t in pairs]))
    assert found.n_events.sum() == len(pairs)
    assert (found.length_s <= LONGEST_S).all()
    assert (found.length_s <= IDLE_S * np.maximum(found.n_events - 1, 0)).all()


@given(
    st.lists(st.floats(0, 1000), max_size=60),
    st.lists(st.floats(0, 1000), min_size=30, max_size=60),
)
def test_the_share_decided_only_grows_and_never_passes_one(decided, waiting) -> None:
    at = [1.0, 10.0, 100.0, 1000.0]
    curve = decided_by(np.sort(decided), np.sort(waiting), at)
    assert list(curve.share) == sorted(curve.share)
    for low, share, high in zip(curve.low, curve.share, curve.high, strict=True):
        assert 0 <= low <= share + 1e-9 and share <= high + 1e-9 and high <= 1
