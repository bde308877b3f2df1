"""Every model watched: a new one gets the default monitors; what is due is run and kept."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from analytics.monitors.incidents import Incident
from analytics.monitors.run import Alert
from app.monitors.asking import ask_monitor, incidents_of
from app.monitors.policies import default_monitors, monitor_of, plain_monitor
from app.state.database import Database
from app.state.models import list_models
from app.state.monitors import Claim, Found, Ran, add_watch, claim_watch, keep_runs, watched

if TYPE_CHECKING:
    from app.ask import Desk
    from app.settings import Settings

EVERY_S = 5.0
_log = logging.getLogger("telltale.watching")


class Watching(threading.Thread):
    """Watches until ended."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(daemon=True, name="watching")
        self._settings, self._database = settings, database
        self._ended = threading.Event()

    def run(self) -> None:
        """Until ended; what goes wrong is said, and tried again when the lease is over."""
        while not self._ended.wait(EVERY_S):
            try:
                self.do()
            except Exception:
                _log.exception("a watch was left undone")

    def do(self) -> None:
        """Add the models that are new, and run what is due."""
        from app.ask import Desk

        is_new = bool({m.name for m in list_models(self._database)} - watched(self._database))
        claim = claim_watch(self._database)
        if not is_new and claim is None:
            return
        with Desk(self._settings) as desk:
            if is_new:
                watch_new(desk, self._database)
            if claim is not None:
                run_watch(desk, self._database, claim)

    def end(self) -> None:
        """Begin no more; a run under way is lost with its lease, and made up for."""
        self._ended.set()
        self.join(timeout=EVERY_S)


def watch_new(desk: Desk, database: Database) -> None:
    """Give the default monitors to models that nobody watches and that hold predictions."""
    for name in sorted({m.name for m in list_models(database)} - watched(database)):
        dataset = desk.dataset(name)
        if dataset.log("predictions").n_rows:
            policy = [plain_monitor(m) for m in default_monitors(dataset)]
            with database.write("worker") as write:
                add_watch(write, name, policy)


def run_watch(desk: Desk, database: Database, claim: Claim) -> bool:
    """Run the monitors of a claimed watch and keep what they found, all or nothing."""
    runs, rans = [], []
    for row in claim.policy:
        began = monotonic()
        found = ask_monitor(desk, monitor_of(dict(row)))
        runs.append(found)
        rans.append(Ran(found.monitor.name, found.shown, monotonic() - began, found.error))
    return keep_runs(database, claim, rans, [found_of(i) for i in incidents_of(runs)])


def found_of(incident: Incident) -> Found:
    """An incident as the state keeps it."""
    facts: dict[str, Any] = {
        "cause": _facts(incident.cause),
        "consequence": _facts(incident.consequence) if incident.consequence else None,
        "columns": sorted({a.key[1] for a in incident.alerts if a.key[1]}),
        "n_alerts": len(incident.alerts),
        "n_muted": len(incident.muted),
    }
    names = frozenset(_name(a) for a in incident.alerts)
    ends = (incident.started, incident.resolved)
    return Found(incident.kind, incident.severity, *ends, names, facts)


def _name(alert: Alert) -> str:
    return " | ".join(map(str, (alert.monitor.name, *alert.key, alert.fired_at)))


def _facts(alert: Alert) -> dict[str, Any]:
    result = alert.result
    window = result.window
    return {
        "question": alert.monitor.question,
        "name": alert.key[0],
        "label": str(result.detail.get("label", alert.key[0])),
        "column": alert.key[1],
        "value": result.value,
        "low": result.low,
        "high": result.high,
        "n": result.n_labelled if alert.monitor.question == "performance" else result.n,
        "reference": result.detail.get("reference"),
        "start": window.start.isoformat() if window.start else None,
        "end": window.end.isoformat() if window.end else None,
    }
