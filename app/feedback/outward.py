"""Out of the house and back: replies to reporters, hand-offs to GitHub or Jira, their status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from analytics.errors import NameUnknown, UsageError
from app.address import address_of
from app.auth.viewer import Viewer
from app.feedback.services import check_service, seal
from app.settings import Settings
from app.state import triage
from app.state.database import Database
from app.state.feedback import Item, get_item
from app.state.hooks import Hook, Purpose, add_hook, ask_delivery, get_hook, list_hooks, remove_hook

DONE = {"not_planned": "wont_fix", "duplicate": "wont_fix"}
JIRA = {"done": "resolved", "indeterminate": "in_progress", "new": "triaged"}


def make_hook(
    database: Database, viewer: Viewer, hook: Mapping[str, str], home: Path | None = None
) -> Hook:
    """Make a webhook: only admins say where anything is sent. An Apprise address is sealed at once."""
    viewer.check("admin")
    if hook.get("style") == "apprise" and home is not None:
        hook = {**hook, "url": seal(home, check_service(str(hook.get("url", ""))))}
    with database.write(viewer.user) as write:
        return add_hook(write, hook)


def end_hook(database: Database, viewer: Viewer, hook_id: int) -> None:
    """Send nothing more to a webhook."""
    viewer.check("admin")
    with database.write(viewer.user) as write:
        remove_hook(write, hook_id)


def ask_test_of(
    database: Database,
    viewer: Viewer,
    hook_id: int,
    purpose: Purpose,
    body: Callable[[Hook], Mapping[str, Any]],
) -> None:
    """Have a webhook of that purpose sent a body that says that it is a test, for admins alone."""
    viewer.check("admin")
    with database.write(viewer.user) as write:
        hook = get_hook(write.connection, hook_id)
        if hook.removed_at is not None or hook.purpose != purpose:
            raise UsageError(f"This webhook gets no {purpose}s.", "", "Choose one that does.")
        ask_delivery(write, hook, "test", body(hook))
        write.audit("test", "webhook", str(hook.id))


def reply(database: Database, settings: Settings, viewer: Viewer, item_id: str, text: str) -> None:
    """Tell the reporter something, by the model's webhook for replies; it stands in the thread."""
    with database.write(viewer.user) as write:
        item = get_item(write.connection, item_id)
        viewer.check("feedback", item.model)
        hook = _hook_for(database, item.model, "reply")
        triage.add_note(write, item_id, text, "reply")
        payload = {"event": "feedback.reply", "text": text.strip(), **_told(settings, hook, item)}
        ask_delivery(write, hook, item_id, payload)


def hand_over(
    database: Database, settings: Settings, viewer: Viewer, item_id: str, hook_id: int
) -> None:
    """Have a ticket made of an item; its number comes back with the answer."""
    with database.write(viewer.user) as write:
        item = get_item(write.connection, item_id)
        viewer.check("feedback", item.model)
        hook = get_hook(write.connection, hook_id)
        if hook.model != item.model or hook.removed_at is not None or hook.purpose != "ticket":
            raise UsageError("This webhook makes no tickets of this model.", "", "Choose another.")
        ask_delivery(write, hook, item_id, ticket_of(settings, hook, item))
        write.audit("hand over", "feedback", item_id, hook=hook.name)


def take_status(database: Database, hook: Hook, body: Mapping[str, Any]) -> Item:
    """A status that came back: from our own shape, a GitHub issue event or a Jira issue event."""
    external, status, note = read_status(hook, body)
    with database.write(f"webhook {hook.name}"[:120]) as write:
        if external is None:
            item = get_item(write.connection, str(body.get("feedback_id", "")))
            if item.model != hook.model:
                raise NameUnknown("There is no such item.", "", "")
        else:
            item = triage.find_external(write, hook.model, external)
        if status is not None:
            item = triage.set_status(write, item.id, status)
        if note:
            triage.add_note(write, item.id, note)
        return item


def read_status(hook: Hook, body: Mapping[str, Any]) -> tuple[str | None, str | None, str]:
    """(the ticket, the status, a note) of a message; None where it says none."""
    issue = body.get("issue")
    if hook.style == "github" and isinstance(issue, dict):
        reason, state = issue.get("state_reason"), issue.get("state")
        status = DONE.get(str(reason), "resolved") if state == "closed" else "in_progress"
        return str(issue.get("html_url")), status, ""
    if hook.style == "jira" and isinstance(issue, dict):
        fields = issue.get("fields")
        found = fields.get("status") if isinstance(fields, dict) else None
        kind = found.get("statusCategory") if isinstance(found, dict) else None
        key = str(kind.get("key")) if isinstance(kind, dict) else ""
        return str(issue.get("key")), JIRA.get(key), ""
    said, external = body.get("status"), body.get("external")
    note = str(body.get("note") or "")[:2000]
    if said is not None and not isinstance(said, str):
        raise UsageError("status is no text.", "", f"Send one of {', '.join(triage.STATUSES)}.")
    return (external if isinstance(external, str) else None), said, note


def ticket_of(settings: Settings, hook: Hook, item: Item) -> dict[str, Any]:
    """The body that makes a ticket, in the words of who is asked."""
    title = f"Feedback on {item.model}: {(item.comment or item.key)[:80]}"
    lines = [f"> {line}" for line in (item.comment or "(no comment)").splitlines()]
    correction = "" if item.correction is None else f"\nThe user says: {item.correction}"
    text = "\n".join(lines) + (
        f"\n\nPrediction {item.prediction_id or '-'}, version {item.model_version or 'unknown'}."
        f"{correction}\n{address_of(settings, item)}"
    )
    if hook.style == "github":
        return {"title": title, "body": text, "labels": ["feedback"]}
    if hook.style == "jira":
        fields = {"project": {"key": hook.project}, "summary": title, "description": text}
        return {"fields": fields | {"issuetype": {"name": "Task"}}}
    return {"event": "feedback.ticket", "title": title, "text": text, **_told(settings, hook, item)}


def _told(settings: Settings, hook: Hook, item: Item) -> dict[str, Any]:
    names = ("id", "prediction_id", "model_version", "key", "score", "value", "correction")
    more = ("comment", "user_id", "session_id", "identifier", "metadata", "status")
    return {
        "feedback": {name: getattr(item, name) for name in (*names, *more)},
        "model": item.model,
        "url": address_of(settings, item),
        "callback": f"/api/v1/hooks/{hook.id}",
    }


def _hook_for(database: Database, model: str, purpose: Purpose) -> Hook:
    found = list_hooks(database, model, purpose)
    if not found:
        raise UsageError(
            "Nobody would get this reply: the model has no webhook for replies.",
            "Telltale knows users by a hash only; your own program has to tell them.",
            "Ask an admin for a webhook (Admin page, Webhooks).",
        )
    return found[0]
