"""Telling people of incidents: messages put into the outbox with the step that they tell of.

One message for each webhook and step, in the step's own transaction: what was kept is told at least
once, and what was not kept is never told. Harmless drift, silenced and put-off incidents tell nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.address import page_address
from app.auth.viewer import Viewer
from app.feedback.outward import ask_test_of
from app.monitors.saying import say_when, sentence_of, title_of
from app.settings import Settings
from app.state.database import Database, Write
from app.state.hooks import Hook, ask_delivery, is_asked, list_hooks
from app.state.incidents import QUIET, is_put_off, is_silent
from app.state.maintenance import under_maintenance
from app.state.monitors import Found, Step, Tell, add_event
from app.state.rhythms import rhythm_of

PLACE = "incidents"
TEST = "test"
NOBODY = "told nobody"
BEFORE = {
    "escalated": "nobody looks after it: ",
    "resolved": "over: ",
    "closed": "closed: ",
    "joined": "part of another: ",
}


def teller(settings: Settings) -> Tell:
    """What a run calls for every step of an incident."""

    def tell(write: Write, step: Step) -> None:
        if step.found.kind == QUIET or (step.what == "raised" and step.found.resolved):
            return  # harmless, or over before anybody could have been told
        hooks = list_hooks(write.database, step.model, "alert")
        if not hooks:
            return
        why = muted(write, step.model, step.incident, step.found)
        if why:
            add_event(write, step.incident, NOBODY, why)
            return
        tell_step(settings, write, step, hooks)

    return tell


def tell_step(settings: Settings, write: Write, step: Step, hooks: Sequence[Hook]) -> None:
    """A message to each webhook that is told of steps, held where it has quiet hours."""
    about, now = about_of(step), write.database.clock()
    for hook in hooks:
        rhythm = rhythm_of(write, hook.id)
        if rhythm.how != "each" or is_asked(write, hook, about):
            continue
        at = rhythm.told_at(now, is_critical=step.found.severity == "critical")
        ask_delivery(write, hook, about, message(settings, hook, step), at)


def about_of(step: Step) -> str:
    """What a message is kept under: the same step is told once."""
    return f"inc {step.incident}.{step.event}"


def muted(write: Write, model: str, number: int, found: Found) -> str:
    """Why nobody is told of an incident now; empty where nothing stands against it."""
    columns = found.facts.get("columns") or ()
    if is_put_off(write, number):
        return "it was put off"
    silence = is_silent(write, model, columns)
    if silence is not None:
        return f"silence of {silence.author}"
    plan = under_maintenance(write, model, columns)
    return f"maintenance planned by {plan.author}" if plan is not None else ""


def message(settings: Settings, hook: Hook, step: Step) -> dict[str, Any]:
    """The body in the words of who is told."""
    url = page_address(settings, PLACE, m=step.model, incident=str(step.incident))
    word = BEFORE.get(step.what, "")
    title = f"{step.model}: {word}{title_of(step.found)}"
    if hook.style == "prometheus":
        return _alertmanager(settings, hook, step, url)
    said = step.text or f"{say_when(step.found)}. {sentence_of(step.found)}"
    text = f"{title}\n\n{said}\n\n{url}"
    status = "resolved" if is_ended(step) else "firing"
    told = {"event": f"incident.{step.what}", "status": status, "title": title, "text": text}
    return told | {"model": step.model, "url": url, "incident": _facts(step)}


def is_ended(step: Step) -> bool:
    """Whether nobody needs to be called any more: it is over, closed, or told as part of another."""
    return step.found.resolved is not None or step.what in ("closed", "joined")


def _facts(step: Step) -> dict[str, Any]:
    found = step.found
    return {
        "id": step.incident,
        "kind": found.kind,
        "severity": found.severity,
        "started": _time(found.started),
        "resolved": _time(found.resolved),
        "cause": found.facts.get("cause"),
        "consequence": found.facts.get("consequence"),
        "columns": found.facts.get("columns") or [],
    }


def _alertmanager(settings: Settings, hook: Hook, step: Step, url: str) -> dict[str, Any]:
    """The body of Alertmanager's own webhook, version 4."""
    found = step.found
    labels = {
        "alertname": str((found.facts.get("cause") or {}).get("monitor") or "incident"),
        "model": step.model,
        "kind": found.kind,
        "severity": found.severity,
        "incident": str(step.incident),
    }
    said = {"summary": title_of(found), "description": step.text or sentence_of(found)}
    status = "resolved" if is_ended(step) else "firing"
    mark = hashlib.sha256(f"{step.model}/{step.incident}".encode()).hexdigest()[:16]
    alert = {
        "status": status, "labels": labels, "annotations": said,
        "startsAt": _time(found.started) or "0001-01-01T00:00:00Z",
        "endsAt": _time(found.resolved) or "0001-01-01T00:00:00Z",
        "generatorURL": url, "fingerprint": mark,
    }  # fmt: skip
    return {
        "version": "4", "groupKey": f'{{}}:{{incident="{step.incident}"}}', "truncatedAlerts": 0,
        "status": status, "receiver": hook.name, "groupLabels": {"incident": str(step.incident)},
        "commonLabels": labels, "commonAnnotations": said,
        "externalURL": settings.text("public_url") or url, "alerts": [alert],
    }  # fmt: skip


def _time(moment: datetime | None) -> str | None:
    return f"{moment.isoformat()}Z" if moment is not None else None


def ask_test(database: Database, settings: Settings, viewer: Viewer, hook_id: int) -> None:
    """Send a message that says that it is a test; how it went stands under what was sent last."""
    cause = {"monitor": "Test", "name": "test", "label": "This is a test", "question": "test"}
    found = Found("data", "warning", database.clock(), None, frozenset(), {"cause": cause})
    ask_test_of(
        database, viewer, hook_id, "alert",
        lambda hook: message(settings, hook, Step(0, 0, TEST, hook.model, found)),
    )  # fmt: skip
