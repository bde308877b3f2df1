"""Making, changing, pausing and deleting monitors; the right is asked where the write happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from analytics.errors import NameUnknown, UsageError
from analytics.monitors.policy import Monitor
from app.auth.viewer import Viewer
from app.monitors.policies import monitor_of, plain_monitor
from app.state.database import Database
from app.state.monitors import change_policy, get_watch

MOST = 50
Edit = Callable[[list[Monitor]], list[Monitor]]


def monitors_of(database: Database, model: str) -> list[Monitor]:
    """The monitors of a model, paused ones too."""
    watch = get_watch(database, model)
    return [monitor_of(dict(row)) for row in watch.policy] if watch else []


def save_monitor(
    database: Database, viewer: Viewer, monitor: Monitor, instead: str | None = None
) -> None:
    """Keep a monitor: a new one, or in place of the one of that name, whose story it goes on with."""

    def edit(monitors: list[Monitor]) -> list[Monitor]:
        others = [m for m in monitors if m.name != instead]
        if any(m.name == monitor.name for m in others):
            raise UsageError(
                f"There is a monitor {monitor.name!r} already.", "", "Rename this one."
            )
        if len(others) >= MOST:
            raise UsageError(f"A model has at most {MOST} monitors.", "", "Delete one first.")
        if len(others) == len(monitors):
            return [*monitors, _under(monitor, _new_identity(monitor, monitors))]
        return [_under(monitor, m.identity) if m.name == instead else m for m in monitors]

    renamed = {"before": instead} if instead and instead != monitor.name else {}
    _edit(database, viewer, monitor.model, edit, saved=monitor.name, **renamed)


def _under(monitor: Monitor, identity: str) -> Monitor:
    """The monitor whose runs and incidents are kept under that identity."""
    return replace(monitor, id="" if identity == monitor.name else identity)


def _new_identity(monitor: Monitor, known: list[Monitor]) -> str:
    """Its name, unless a renamed one is kept under that."""
    taken, n, found = {m.identity for m in known}, 1, monitor.name
    while found in taken:
        n += 1
        found = f"{monitor.name} {n}"
    return found


def pause_monitor(
    database: Database, viewer: Viewer, model: str, name: str, *, is_paused: bool
) -> None:
    """Stop a monitor, or let it go on; what it raised stays."""

    def edit(monitors: list[Monitor]) -> list[Monitor]:
        _find(monitors, name)
        return [replace(m, paused=is_paused) if m.name == name else m for m in monitors]

    _edit(database, viewer, model, edit, **{"paused" if is_paused else "resumed": name})


def delete_monitor(database: Database, viewer: Viewer, model: str, name: str) -> None:
    """Take a monitor away; incidents that it raised stay."""

    def edit(monitors: list[Monitor]) -> list[Monitor]:
        _find(monitors, name)
        return [m for m in monitors if m.name != name]

    _edit(database, viewer, model, edit, deleted=name)


def _find(monitors: list[Monitor], name: str) -> None:
    if all(m.name != name for m in monitors):
        raise NameUnknown(f"There is no monitor {name!r}.", "", "Load the page again.")


def _edit(database: Database, viewer: Viewer, model: str, edit: Edit, **told: Any) -> None:
    viewer.check("configure", model)

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [plain_monitor(m) for m in edit([monitor_of(row) for row in rows])]

    with database.write(viewer.user) as write:
        change_policy(write, model, change, **told)
