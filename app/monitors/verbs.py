"""What people do about incidents and monitors; the right is asked where the write happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from app.auth.viewer import Viewer
from app.state import incidents as care
from app.state import monitors as kept
from app.state.database import Database, Write
from app.state.incidents import Case, get_case
from app.state.maintenance import add_maintenance
from app.state.maintenance import end_maintenance as _end_maintenance
from app.state.rhythms import Rhythm, set_rhythm
from app.state.spans import Weekly

Does = Callable[[Write, int], object]


def open_case(database: Database, viewer: Viewer, number: int) -> Case:
    """An incident, for whoever may see its model."""
    case = get_case(database, number)
    viewer.check("view", case.model)
    return case


def respond(database: Database, viewer: Viewer, number: int, does: Does) -> None:
    """Do something about an incident, in one's own name."""
    viewer.check("respond", get_case(database, number).model)
    with database.write(viewer.user) as write:
        does(write, number)


def acknowledge(database: Database, viewer: Viewer, number: int) -> None:
    """Say that somebody looks after it."""
    respond(database, viewer, number, kept.acknowledge)


def comment(database: Database, viewer: Viewer, number: int, text: str) -> None:
    """Add words to its story."""
    respond(database, viewer, number, lambda write, n: kept.comment(write, n, text))


def assign(database: Database, viewer: Viewer, number: int, who: str | None) -> None:
    """Give it to somebody."""
    respond(database, viewer, number, lambda write, n: care.assign(write, n, who))


def snooze(database: Database, viewer: Viewer, number: int, hours: int) -> None:
    """Put it off."""
    respond(database, viewer, number, lambda write, n: care.snooze(write, n, hours))


def close(database: Database, viewer: Viewer, number: int, text: str) -> None:
    """Say that it is dealt with."""
    respond(database, viewer, number, lambda write, n: care.close(write, n, text))


def reopen(database: Database, viewer: Viewer, number: int) -> None:
    """Take that back."""
    respond(database, viewer, number, care.reopen)


def silence(
    database: Database, viewer: Viewer, model: str, hours: int, comment: str, column: str = ""
) -> int:
    """Tell nobody of the model's incidents from now on for so many hours."""
    viewer.check("respond", model)
    now: datetime = database.clock()
    with database.write(viewer.user) as write:
        return care.add_silence(write, model, column, (now, now + timedelta(hours=hours)), comment)


def end_silence(database: Database, viewer: Viewer, model: str, number: int) -> None:
    """Speak again at once."""
    viewer.check("respond", model)
    with database.write(viewer.user) as write:
        care.end_silence(write, model, number)


def plan_maintenance(
    database: Database, viewer: Viewer, model: str, span: Weekly, comment: str, column: str = ""
) -> int:
    """Tell nobody of the model's incidents in a span that comes again every week."""
    viewer.check("respond", model)
    with database.write(viewer.user) as write:
        return add_maintenance(write, model, column, span, comment)


def end_maintenance(database: Database, viewer: Viewer, model: str, number: int) -> None:
    """Plan it no more."""
    viewer.check("respond", model)
    with database.write(viewer.user) as write:
        _end_maintenance(write, model, number)


def choose_rhythm(database: Database, viewer: Viewer, hook_id: int, rhythm: Rhythm) -> None:
    """Say when a webhook for alerts is told, and who comes next; for admins, like webhooks."""
    viewer.check("admin")
    with database.write(viewer.user) as write:
        set_rhythm(write, hook_id, rhythm)
