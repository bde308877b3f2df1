"""What time brings: digests of incidents, the next in line where nobody looks after one, late words.

A worker goes round every minute. Each message is asked for once under its own name, in one
transaction with the question whether it was, so two workers send it once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.address import page_address
from app.monitors.saying import title_of
from app.monitors.telling import NOBODY, PLACE, message, muted, tell_step
from app.settings import Settings
from app.state.database import Database, Write
from app.state.hooks import Hook, ask_delivery, delivery_table, get_hook, is_asked, list_hooks
from app.state.incidents import QUIET, TOLD, Case, list_cases
from app.state.monitors import Found, Step, add_event, event_table, incident_table, stored
from app.state.rhythms import Rhythm, rhythm_of

LATE = "told after all"
OF_STEPS = (*TOLD, "resolved", "joined", "closed")
MOST_LINES = 30
_ABOUT = re.compile(r"(?:inc|esc) (\d+)\.(\d+)")
_event, _incident = event_table.c, incident_table.c


def go_round(settings: Settings, database: Database) -> int:
    """Ask for everything that is due by now; how many messages that are."""
    n = 0
    for hook in list_hooks(database, purpose="alert"):
        rhythm = rhythm_of(database, hook.id)
        if rhythm.how != "each":
            n += _digest(settings, database, hook, rhythm)
        if rhythm.next_hook is not None:
            n += _escalate(settings, database, hook, rhythm)
    return n + _tell_late(settings, database)


def span_before(rhythm: Rhythm, now: datetime) -> tuple[datetime, datetime]:
    """The last whole day or week of a digest, in UTC.

    >>> span_before(Rhythm("weekly", 8, "Europe/Berlin"), datetime(2026, 11, 27, 1, 30))
    (datetime.datetime(2026, 11, 16, 7, 0), datetime.datetime(2026, 11, 23, 7, 0))
    """
    zone = ZoneInfo(rhythm.zone)
    local = now.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    end = local.replace(hour=rhythm.hour, minute=0, second=0, microsecond=0)
    if end > local:
        end -= timedelta(days=1)
    if rhythm.how == "weekly":
        end -= timedelta(days=end.weekday())
    start = end - timedelta(days=7 if rhythm.how == "weekly" else 1)
    first, last = (
        t.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for t in (start, end)
    )
    return first, last


def _digest(settings: Settings, database: Database, hook: Hook, rhythm: Rhythm) -> int:
    """The steps of the last day or week in one message; none where nothing happened."""
    start, end = span_before(rhythm, database.clock())
    name = f"{'week' if rhythm.how == 'weekly' else 'day'} to {end:%Y-%m-%d}"
    if hook.created_at >= end or is_asked(database, hook, name):
        return 0
    with database.write("digest") as write:
        steps = _steps_between(write, hook.model, start, end)
        if not steps or is_asked(write, hook, name):
            return 0
        ask_delivery(write, hook, name, digest_of(settings, hook, steps, name))
        write.audit("tell digest", "webhook", str(hook.id), span=name)
    return 1


def _steps_between(
    write: Write, model: str, start: datetime, end: datetime
) -> list[tuple[str, int, Found]]:
    """Steps of a span of time, each incident's last, with whether it lasts."""
    joined = event_table.join(incident_table, _incident.id == _event.incident_id)
    picked = sa.select(incident_table, _event.what.label("step")).select_from(joined)
    mine = picked.where(_incident.model == model, _event.what.in_(OF_STEPS))
    mine = mine.where(_event.at >= start, _event.at < end, _incident.kind != QUIET)
    last = {row.id: row for row in write.execute(mine.order_by(_event.id)).all()}
    return [(row.step, row.id, stored(row).found) for row in last.values()]


def digest_of(
    settings: Settings, hook: Hook, steps: Sequence[tuple[str, int, Found]], name: str
) -> dict[str, Any]:
    """The message: a line an incident, the critical ones first."""
    order = sorted(steps, key=lambda s: (s[2].severity != "critical", s[1]))
    lines = [
        f"{number}, {'over' if found.resolved else what}: {title_of(found)}"
        for what, number, found in order
    ]
    more = len(lines) - MOST_LINES
    lines = lines[:MOST_LINES] + ([f"and {more} more"] if more > 0 else [])
    url = page_address(settings, PLACE, m=hook.model)
    n = len(steps)
    title = f"{hook.model}: {n} {'incident' if n == 1 else 'incidents'}, {name}"
    text = "\n".join([title, "", *lines, "", url])
    status = "resolved" if all(found.resolved for _what, _number, found in steps) else "firing"
    told = {"event": "incident.digest", "status": status, "title": title, "text": text}
    return told | {"lines": lines, "model": hook.model, "url": url}


def _escalate(settings: Settings, database: Database, hook: Hook, rhythm: Rhythm) -> int:
    """Tell the next webhook of what this one was told and nobody looks after."""
    d, now = delivery_table.c, database.clock()
    before = now - timedelta(minutes=rhythm.next_after)
    told = sa.select(d.feedback_id, d.next_at, d.state).where(
        d.hook_id == hook.id, d.created_at <= before
    )
    recent = d.created_at >= before - timedelta(days=30)
    with database.read() as connection:
        rows = connection.execute(told.where(recent)).all()
    cases = {case.id: case for case in list_cases(database, [hook.model])}
    n = 0
    for row in rows:
        found = _ABOUT.fullmatch(row.feedback_id)
        case = cases.get(int(found[1])) if found else None
        is_held = row.state == "waiting" and row.next_at > now
        if found is None or case is None or is_held or case.status(now) != "open":
            continue
        n += _pass_on(settings, database, (hook, rhythm), case, int(found[2]))
    return n


def _pass_on(
    settings: Settings, database: Database, told: tuple[Hook, Rhythm], case: Case, event: int
) -> int:
    hook, rhythm = told
    about = f"esc {case.id}.{event}"
    with database.write("escalation") as write:
        following = get_hook(write.connection, rhythm.next_hook or 0)
        if following.removed_at is not None or is_asked(write, following, about):
            return 0
        if muted(write, case.model, case.id, case.found):
            return 0
        said = f"Nobody looked after it for {rhythm.next_after} minutes after {hook.name} was told."
        step = Step(case.id, event, "escalated", case.model, case.found, said)
        is_critical = case.found.severity == "critical"
        at = rhythm_of(write, following.id).told_at(database.clock(), is_critical=is_critical)
        ask_delivery(write, following, about, message(settings, following, step), at)
        add_event(write, case.id, "escalated", f"to {following.name}")
    return 1


def _tell_late(settings: Settings, database: Database) -> int:
    """What began while nobody was to be told, and lasts now that somebody is, is told after all."""
    n = 0
    for hook_model in sorted({h.model for h in list_hooks(database, purpose="alert")}):
        for case in list_cases(database, [hook_model]):
            if case.is_quiet or case.status(database.clock()) not in ("open", "taken"):
                continue
            step = _untold(database, case)
            if step is None:
                continue
            with database.write("worker") as write:
                if muted(write, case.model, case.id, case.found) or _untold(write, case) is None:
                    continue
                hooks = list_hooks(database, case.model, "alert")
                tell_step(settings, write, step, hooks)
                add_event(write, case.id, LATE)
            n += 1
    return n


def _untold(where: Database | Write, case: Case) -> Step | None:
    """The incident's last step, if it was muted and has not been told since."""
    mine = sa.select(_event.id, _event.what).where(_event.incident_id == case.id)
    mine = mine.where(_event.what.in_((*OF_STEPS, NOBODY, LATE))).order_by(_event.id)
    if isinstance(where, Write):
        rows = where.execute(mine).all()
    else:
        with where.read() as connection:
            rows = connection.execute(mine).all()
    if not rows or rows[-1].what != NOBODY:
        return None
    step = next((row for row in reversed(rows) if row.what in TOLD), None)
    return None if step is None else Step(case.id, step.id, step.what, case.model, case.found)
