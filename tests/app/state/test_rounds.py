"""Quiet hours, digests, who comes next, planned maintenance: with a clock that only the test moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Schema
from analytics.errors import NameUnknown, UsageError
from app.auth.viewer import AccessDenied, Viewer, operator
from app.feedback.outward import end_hook, make_hook
from app.monitors import verbs
from app.monitors.rounds import go_round
from app.monitors.telling import teller
from app.settings import Settings, read_settings
from app.state.audit import list_entries
from app.state.database import Database
from app.state.grants import Grant
from app.state.hooks import Hook, claim_due, end_delivery, list_deliveries
from app.state.keeping import keep_runs
from app.state.maintenance import list_maintenance
from app.state.models import save_schema
from app.state.monitors import Found, Ran, add_watch, claim_watch, hurry, list_events
from app.state.rhythms import Rhythm, rhythm_of
from app.state.spans import DAYS, Weekly, check_span

CAUSE = {"monitor": "Data", "question": "quality", "name": "missing_rate", "label": "Missing values",
         "column": "temp", "value": 0.5, "reference": 0.0, "unit": "rate", "n": 300,
         "start": "2026-01-05T00:00:00"}  # fmt: skip
OPEN = Found("data", "warning", datetime(2026, 1, 12), None, frozenset({"a"}),
             {"cause": CAUSE, "columns": ["temp"]})  # fmt: skip
OVER = replace(OPEN, resolved=datetime(2026, 2, 5))
ANN = Viewer("ann", "Ann", "data_scientist", (Grant("data_scientist", "m"),))
VIC = Viewer("vic", "Vic", "viewer", (Grant("viewer", "m"),))
# The clock starts on Sunday 1 March 2026, 12:00 UTC.


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(home=str(tmp_path / "home"))


@pytest.fixture
def base(database: Database) -> Database:
    with database.write("test") as write:
        save_schema(write, "m", Schema("none", ()), {})
        add_watch(write, "m", [{"name": "Data", "model": "m", "question": "quality"}])
    return database


def hook(database: Database, name: str, **rhythm: Any) -> Hook:
    values = {"model": "m", "name": name, "purpose": "alert", "style": "plain"}
    made = make_hook(database, operator(), values | {"url": "https://example.org/hook"})
    if rhythm:
        verbs.choose_rhythm(database, operator(), made.id, Rhythm(**rhythm))
    return made


def found(database: Database, settings: Settings, *incidents: Found) -> None:
    with database.write("test") as write:
        hurry(write, "m")
    claim = claim_watch(database)
    assert claim is not None
    assert keep_runs(
        database, claim, [Ran("Data", "firing", 0.1)], list(incidents), teller(settings)
    )


def told(database: Database, made: Hook) -> list[str]:
    sent = [d for d in reversed(list_deliveries(database)) if d.hook_id == made.id]
    return [str(d.payload["event"]) for d in sent]


def deliver(database: Database) -> int:
    n = 0
    while (due := claim_due(database)) is not None:
        with database.write("test") as write:
            end_delivery(write, due[0], "", is_final=False)
        n += 1
    return n


def test_quiet_hours_hold_what_is_not_critical_until_they_end(
    base: Database, settings: Settings, clock: Any
) -> None:
    night = {"quiet_days": DAYS, "quiet_start": 22 * 60, "quiet_minutes": 9 * 60}
    held, strict = hook(base, "held", **night), hook(base, "strict", lets_critical=False, **night)
    clock.pass_s(11 * 3600)  # 23:00
    found(base, settings, OPEN)
    assert (told(base, held), deliver(base)) == (["incident.raised"], 0)
    found(base, settings, replace(OPEN, severity="critical"))
    assert deliver(base) == 1  # to the one that lets critical ones through
    clock.pass_s(7.9 * 3600)
    assert deliver(base) == 0
    clock.pass_s(0.2 * 3600)  # 7:06
    assert deliver(base) == 3
    assert told(base, strict) == ["incident.raised", "incident.worse"]


def test_a_daily_digest_tells_the_day_in_one_message_once(
    base: Database, settings: Settings, clock: Any
) -> None:
    daily = hook(base, "daily", how="daily", hour=8)
    each = hook(base, "each")
    found(base, settings, OPEN, replace(OPEN, kind="harmless", alerts=frozenset({"q"})))
    found(base, settings, OVER)
    second = replace(OPEN, alerts=frozenset({"b"}), severity="critical")
    found(base, settings, OVER, second)
    assert told(base, each) == ["incident.raised", "incident.resolved", "incident.raised"]
    assert (told(base, daily), go_round(settings, base)) == ([], 0)
    clock.pass_s(20.1 * 3600)  # Monday 8:06
    assert [go_round(settings, base) for _ in range(3)] == [1, 0, 0]
    (digest,) = (d for d in list_deliveries(base) if d.hook_id == daily.id)
    assert digest.payload["title"] == "m: 2 incidents, day to 2026-03-02"
    first, other = digest.payload["lines"]
    assert first.startswith("3, raised: temp is missing") and other.startswith("1, over: ")
    clock.pass_s(24 * 3600)
    assert go_round(settings, base) == 0  # nothing happened: nothing is told


def test_a_weekly_digest_comes_on_monday_in_its_own_zone(
    base: Database, settings: Settings, clock: Any
) -> None:
    weekly = hook(base, "weekly", how="weekly", hour=8, zone="America/New_York")
    found(base, settings, OPEN)
    clock.pass_s(24 * 3600)  # Monday 12:00 UTC is 7:00 there
    assert go_round(settings, base) == 0
    clock.pass_s(3600)
    assert go_round(settings, base) == 1
    assert told(base, weekly) == ["incident.digest"]


def test_what_nobody_looks_after_goes_to_the_next_and_to_the_one_after(
    base: Database, settings: Settings, clock: Any
) -> None:
    boss = hook(base, "boss")
    lead = hook(base, "lead", next_hook=boss.id, next_after=60)
    team = hook(base, "team", next_hook=lead.id, next_after=15)
    for made in (boss, lead):  # called only when somebody passes on
        verbs.choose_rhythm(
            base, operator(), made.id, replace(rhythm_of(base, made.id), how="weekly")
        )
    found(base, settings, OPEN)
    clock.pass_s(14 * 60)
    assert go_round(settings, base) == 0
    clock.pass_s(60)
    assert [go_round(settings, base) for _ in range(2)] == [1, 0]
    assert told(base, lead) == ["incident.escalated"]
    assert "nobody looks after it" in list_deliveries(base)[0].payload["title"]
    clock.pass_s(3600)
    assert go_round(settings, base) == 1
    assert (told(base, boss), told(base, team)) == (["incident.escalated"], ["incident.raised"])
    assert [e.what for e in list_events(base, 1)] == ["raised", "escalated", "escalated"]


def test_what_somebody_took_or_what_is_over_is_passed_on_to_nobody(
    base: Database, settings: Settings, clock: Any
) -> None:
    lead = hook(base, "lead", how="weekly")
    hook(base, "team", next_hook=lead.id, next_after=15)
    second = replace(OPEN, alerts=frozenset({"b"}))
    found(base, settings, OPEN, second)
    verbs.acknowledge(base, ANN, 1)
    found(base, settings, OPEN, replace(second, resolved=datetime(2026, 2, 5)))
    clock.pass_s(3600)
    assert go_round(settings, base) == 0
    end_hook(base, operator(), lead.id)
    found(base, settings, OPEN, second)
    clock.pass_s(3600)
    assert go_round(settings, base) == 0  # the next one is gone


def test_maintenance_comes_again_every_week_and_what_lasts_is_told_afterwards(
    base: Database, settings: Settings, clock: Any
) -> None:
    each = hook(base, "each")
    span = Weekly("6", 11 * 60, 120, "UTC")  # Sundays 11 to 13
    number = verbs.plan_maintenance(base, ANN, "m", span, "the feed is moved", "temp")
    found(base, settings, OPEN)
    assert (told(base, each), go_round(settings, base)) == ([], 0)
    assert [(e.what, e.text) for e in list_events(base, 1)][1:] == [
        ("told nobody", "maintenance planned by ann")
    ]
    clock.pass_s(3601)
    assert [go_round(settings, base) for _ in range(2)] == [1, 0]
    assert told(base, each) == ["incident.raised"]
    clock.pass_s(7 * 86_400 - 1800)  # the next Sunday, 12:30
    found(base, settings, OVER)
    assert told(base, each) == ["incident.raised"]
    clock.pass_s(3601)
    assert go_round(settings, base) == 0  # it is over: nobody needs to be told
    verbs.end_maintenance(base, ANN, "m", number)
    assert list_maintenance(base, "m") == []
    with pytest.raises(NameUnknown):
        verbs.end_maintenance(base, ANN, "m", number)
    clock.pass_s(7 * 86_400 - 3601)
    found(base, settings, OPEN)
    assert told(base, each)[1:] == ["incident.again"]


def test_rights_and_audit(base: Database) -> None:
    made, span = hook(base, "each"), Weekly("0", 0, 60, "UTC")
    with pytest.raises(AccessDenied):
        verbs.plan_maintenance(base, VIC, "m", span, "why")
    with pytest.raises(AccessDenied):
        verbs.choose_rhythm(base, ANN, made.id, Rhythm())
    number = verbs.plan_maintenance(base, ANN, "m", span, "why")
    with pytest.raises(AccessDenied):
        verbs.end_maintenance(base, VIC, "m", number)
    verbs.end_maintenance(base, ANN, "m", number)
    verbs.choose_rhythm(base, operator(), made.id, Rhythm("daily"))
    said = [(row.action, row.object_type) for row in list_entries(base, limit=3)]
    assert sorted(said) == [
        ("change", "webhook"),
        ("create", "maintenance"),
        ("end", "maintenance"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"how": "hourly"}, {"hour": 24}, {"zone": "Mars/Base"}, {"next_hook": 1, "next_after": 0},
     {"next_hook": 1}, {"quiet_days": "0", "quiet_minutes": 0}],
)  # fmt: skip
def test_a_rhythm_that_makes_no_sense_is_refused(base: Database, wrong: dict[str, Any]) -> None:
    made = hook(base, "each")
    assert made.id == 1
    with pytest.raises(UsageError):
        verbs.choose_rhythm(base, operator(), made.id, Rhythm(**wrong))
    assert rhythm_of(base, made.id) == Rhythm()
    with pytest.raises(UsageError):
        verbs.plan_maintenance(base, ANN, "m", Weekly("0", 0, 60, "UTC"), " ")


@given(
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.integers(0, 24 * 60 - 1),
    st.integers(1, 24 * 60),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
)
def test_a_span_holds_the_moments_that_its_own_clock_says(
    days: set[str], start: int, minutes: int, zone: str, moment: datetime
) -> None:
    """Beside a walk over the minutes of the two days on a clock on the wall."""
    span = check_span(Weekly("".join(days), start, minutes, zone))
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    inside = False
    for back in (0, 1):
        day = (local - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = day + timedelta(minutes=start)
        inside |= str(day.weekday()) in days and begin <= local < begin + timedelta(minutes=minutes)
    end = span.until(moment)
    assert (end is not None) == inside
    if end is not None:
        assert moment < end <= moment + timedelta(hours=25)
    assert span.free_from(moment) >= moment
