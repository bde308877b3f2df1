"""What is kept is told once, what is not kept never; silence, care and harmless drift tell nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.core import Schema
from analytics.errors import UsageError
from app.auth.viewer import AccessDenied, Viewer, operator
from app.feedback.outward import make_hook
from app.feedback.services import check_service, seal, send_service, shown, unseal
from app.monitors import verbs
from app.monitors.telling import ask_test, teller
from app.settings import Settings, read_settings
from app.state.database import Database
from app.state.grants import Grant
from app.state.hooks import Delivery, Hook, claim_due, end_delivery, list_deliveries, list_hooks
from app.state.incidents import list_cases
from app.state.keeping import keep_runs
from app.state.models import save_schema
from app.state.monitors import (
    Found,
    Ran,
    add_watch,
    claim_watch,
    hurry,
    list_events,
)

CAUSE = {"monitor": "Data", "question": "quality", "name": "missing_rate", "label": "Missing values",
         "column": "temp", "value": 0.5, "reference": 0.0, "unit": "rate", "n": 300,
         "start": "2026-01-05T00:00:00"}  # fmt: skip
OPEN = Found("data", "warning", datetime(2026, 1, 12), None, frozenset({"a"}),
             {"cause": CAUSE, "columns": ["temp"]})  # fmt: skip
OVER = replace(OPEN, resolved=datetime(2026, 2, 5))
QUIET = replace(OPEN, kind="harmless", alerts=frozenset({"q"}))
FINE, BLIND = Ran("Data", "inactive", 0.1), Ran("Data", "error", 0.1, "no reference")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(home=str(tmp_path / "home"))


@pytest.fixture
def told(database: Database, settings: Settings) -> Database:
    """A watched model with a plain webhook for alerts and one for Alertmanager's body."""
    with database.write("test") as write:
        save_schema(write, "m", Schema("none", ()), {})
        add_watch(write, "m", [{"name": "Data", "model": "m", "question": "quality"}])
    for style in ("plain", "prometheus"):
        values = {"model": "m", "name": style, "purpose": "alert", "style": style}
        make_hook(database, operator(), values | {"url": "https://example.org/hook"})
    return database


def found(database: Database, settings: Settings, *incidents: Found, ran: Ran = FINE) -> None:
    with database.write("test") as write:
        hurry(write, "m")
    claim = claim_watch(database)
    assert claim is not None
    assert keep_runs(database, claim, [ran], list(incidents), teller(settings))


def events(database: Database) -> list[str]:
    sent = reversed(list_deliveries(database))
    return [d.payload["event"] for d in sent if "event" in d.payload]


def test_each_step_is_told_once_to_each_webhook(told: Database, settings: Settings) -> None:
    for incident in (OPEN, OPEN, OVER, OVER, OPEN):
        found(told, settings, incident)
    assert events(told) == ["incident.raised", "incident.resolved", "incident.again"]
    bodies = [d.payload for d in list_deliveries(told) if "version" in d.payload]
    assert [b["status"] for b in bodies] == ["firing", "resolved", "firing"]
    alert = bodies[0]["alerts"][0]
    assert alert["labels"]["severity"] == "warning" and alert["startsAt"] == "2026-01-12T00:00:00Z"
    assert len({b["alerts"][0]["fingerprint"] for b in bodies}) == 1
    plain = next(d.payload for d in list_deliveries(told) if "event" in d.payload)
    assert "temp is missing in 50.0 % of rows" in plain["title"]
    assert plain["url"].endswith("/incidents?m=m&incident=1")


def test_what_grows_is_told_and_what_did_no_harm_or_was_over_is_not(
    told: Database, settings: Settings
) -> None:
    loud = replace(OPEN, severity="critical")
    found(told, settings, QUIET, replace(OVER, alerts=frozenset({"old"})))
    assert events(told) == []
    found(told, settings, QUIET, OPEN)
    found(told, settings, QUIET, loud)
    found(told, settings, replace(QUIET, kind="drift"), loud)
    assert events(told) == ["incident.raised", "incident.worse", "incident.worse"]


def test_blindness_neither_resolves_nor_tells(told: Database, settings: Settings) -> None:
    found(told, settings, OPEN)
    found(told, settings, OVER, ran=BLIND)
    found(told, settings, ran=BLIND)
    assert events(told) == ["incident.raised"]


def test_silence_and_putting_off_tell_nobody_and_stand_in_the_story(
    told: Database, settings: Settings, clock: Any
) -> None:
    ann = Viewer("ann", "Ann", "data_scientist", (Grant("data_scientist", "m"),))
    verbs.silence(told, ann, "m", 2, "the feed is moved", "temp")
    found(told, settings, OPEN)
    assert events(told) == []
    (case,) = list_cases(told, ["m"])
    assert [(e.what, e.text) for e in list_events(told, case.id)][1:] == [
        ("told nobody", "silence of ann")
    ]
    clock.pass_s(3 * 3600)
    verbs.snooze(told, ann, case.id, 1)
    found(told, settings, OVER)
    assert events(told) == []
    clock.pass_s(2 * 3600)
    found(told, settings, OPEN)
    assert events(told) == ["incident.again"]


def test_what_came_again_is_open_again(told: Database, settings: Settings, clock: Any) -> None:
    found(told, settings, OPEN)
    (case,) = list_cases(told, ["m"])
    verbs.close(told, operator(), case.id, "the feed is back")
    found(told, settings, OVER)
    found(told, settings, OPEN)
    assert list_cases(told, ["m"])[0].status(clock()) == "open"


def test_a_worker_that_dies_loses_and_doubles_nothing(
    told: Database, settings: Settings, clock: Any
) -> None:
    """Fifty times a worker dies between looking and keeping; another one keeps what it found."""
    for i in range(50):
        with told.write("test") as write:
            hurry(write, "m")
        dead = claim_watch(told)
        assert dead is not None
        clock.pass_s(timedelta(minutes=11).total_seconds())
        incident = OPEN if i % 2 == 0 else OVER
        found(told, settings, incident)
        assert not keep_runs(told, dead, [FINE], [incident], teller(settings))
    steps = ["raised", *["resolved", "again"] * 24, "resolved"]
    (case,) = list_cases(told, ["m"])
    assert [e.what for e in list_events(told, case.id)] == steps
    assert len(list_deliveries(told, limit=500)) == 2 * len(steps)


def test_a_target_that_is_down_for_an_hour_gets_it_in_the_end(
    told: Database, settings: Settings, clock: Any
) -> None:
    found(told, settings, OPEN)
    start, sent = clock(), 0
    while sent < 2:
        due = claim_due(told)
        if due is None:
            clock.pass_s(30)
            continue
        is_down = clock() - start < timedelta(hours=1)
        with told.write("test") as write:
            state = end_delivery(write, due[0], "no answer" if is_down else "", is_final=False)
        sent += state == "sent"
        assert state != "failed"
    assert [d.state for d in list_deliveries(told)] == ["sent", "sent"]


def test_a_test_message_is_for_admins_and_alerts(told: Database, settings: Settings) -> None:
    hook = list_hooks(told, "m", "alert")[0]
    ask_test(told, settings, operator(), hook.id)
    assert "This is a test" in list_deliveries(told)[0].payload["title"]
    with pytest.raises(AccessDenied):
        ask_test(told, settings, Viewer("a", "A", "viewer", (Grant("viewer", "m"),)), hook.id)


def test_addresses_of_services_are_sealed_and_limited(told: Database, settings: Settings) -> None:
    url = "slack://TokenA/TokenB/TokenC/#alerts"
    values = {"model": "m", "name": "chat", "purpose": "alert", "style": "apprise", "url": url}
    hook = make_hook(told, operator(), values, settings.home)
    assert "Token" not in hook.url and shown(hook) == "(sealed)"
    assert unseal(settings.home, hook.url) == url
    assert seal(settings.home, url) != seal(settings.home, url)
    for bad in ("json://127.0.0.1/x", "mailto://a:b@c.org", "slack://a/b/c?verify=no", "syslog://"):
        with pytest.raises(UsageError):
            check_service(bad)
        with pytest.raises(UsageError):
            make_hook(told, operator(), values | {"url": bad}, settings.home)
    with pytest.raises(UsageError):
        make_hook(told, operator(), values | {"purpose": "reply"}, settings.home)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_a_service_that_says_no_is_tried_again(
    told: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    apprise = pytest.importorskip("apprise")
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts"
    values = {"model": "m", "name": "chat", "purpose": "alert", "style": "apprise", "url": url}
    hook: Hook = make_hook(told, operator(), values, settings.home)
    now = datetime(2026, 1, 1)
    payload = {"title": "t", "text": "x", "status": "firing"}
    delivery = Delivery(1, hook.id, "inc 1.1", payload, "waiting", 1, now, "", now, None)
    said: list[dict[str, Any]] = []
    for answer in (True, False):
        monkeypatch.setattr(
            apprise.Apprise, "notify", lambda _self, answer=answer, **k: said.append(k) or answer
        )
        sent = send_service(settings, hook, delivery)
        assert (sent.error == "", sent.is_final) == (answer, False)
    assert said[0]["title"] == "t"
    broken = replace(hook, url="sealed:nonsense")
    assert send_service(settings, broken, delivery).is_final


def test_a_clock_that_is_set_back_holds_no_message(
    told: Database, settings: Settings, clock: Any
) -> None:
    clock.pass_s(10 * 86_400)
    found(told, settings, OPEN)
    clock.pass_s(-10 * 86_400)
    due = claim_due(told)
    assert due is not None
    with told.write("test") as write:
        assert end_delivery(write, due[0], "", is_final=False) == "sent"
