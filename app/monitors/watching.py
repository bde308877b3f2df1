"""Every model watched: a new one gets the default monitors; what is due is run and kept."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from analytics.core import Result
from analytics.monitors.incidents import Incident, is_fault
from analytics.monitors.machine import State
from analytics.monitors.moments import row_of
from analytics.monitors.policy import looked_at_hourly
from analytics.monitors.run import Alert, Key, Run, look_again
from analytics.words import unit_of
from app.monitors.asking import ask_monitor, incidents_of, reason_of
from app.monitors.helping import n_processes, share_of
from app.monitors.judging import judged_of
from app.monitors.policies import default_monitors, monitor_of, plain_monitor
from app.monitors.telling import teller
from app.state.database import Database
from app.state.keeping import end_watch, keep_runs
from app.state.logs import last_imports, list_predicting
from app.state.looked import hurry_once
from app.state.models import list_models
from app.state.monitors import (
    Claim,
    Found,
    Ran,
    StoredIncident,
    add_watch,
    claim_watch,
    count_due,
    is_due,
    list_incidents,
    renew,
    watched,
)
from app.state.series import series_of

if TYPE_CHECKING:
    from app.ask import Desk
    from app.settings import Settings

EVERY_S = 5.0
ASK_S = 0.2  # how often it is asked whether a round is over
ROUND: Sequence[str] = (sys.executable, "-m", "app.monitors")
_log = logging.getLogger("telltale.watching")


class Watching(threading.Thread):
    """Watches until ended: what is due is run by a process of its own, which ends after it.

    What a round holds of long logs is gone with that process, and no event waits for a round.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(daemon=True, name="watching")
        self._settings, self._database = settings, database
        self._ended = threading.Event()
        self._told: dict[str, str] = {}  # the last import of each model, as it was a moment ago
        self._ran: dict[str, str] = {}  # and as it was when its monitors were hurried

    def run(self) -> None:
        """Until ended; what goes wrong is said, and tried again when the lease is over."""
        while not self._ended.wait(EVERY_S):
            try:
                if self.look():
                    run_apart(self._settings, self._database, self._ended)
            except Exception:
                _log.exception("a watch was left undone")

    def do(self) -> None:
        """Look, and run what is due in this process."""
        if self.look():
            watch_due(self._settings, self._database)

    def look(self) -> bool:
        """End what watches models that are gone, hurry those whose import ended; whether something is due."""
        self._hurry_imported()
        models, known = {m.name for m in list_models(self._database)}, watched(self._database)
        for model in sorted(known - models):
            with self._database.write("worker") as write:
                end_watch(write, model, "its model is gone", teller(self._settings))
        return bool(list_predicting(self._database) - known) or is_due(self._database)

    def _hurry_imported(self) -> None:
        """Look again at once where an import came and no other has followed it since."""
        latest = last_imports(self._database)
        for model in sorted(watched(self._database)):
            last = latest.get(model, "")
            if last == self._told.get(model) and last != self._ran.get(model):
                hurry_once(self._database, model, last)
                self._ran[model] = last
        self._told = latest

    def end(self) -> None:
        """Begin no more; a run under way is lost with its lease, and made up for."""
        self._ended.set()
        self.join(timeout=EVERY_S)


def run_apart(settings: Settings, database: Database, ended: threading.Event) -> None:
    """Run what is due in processes that live no longer than this one, nor than until ended."""
    n = n_processes(settings, count_due(database))
    own = {**os.environ, **share_of(settings, n).environment()}
    with ExitStack() as stack:
        started = [
            stack.enter_context(subprocess.Popen(ROUND, env=own, stdin=subprocess.PIPE))  # noqa: S603
            for _ in range(n)
        ]
        while any(p.poll() is None for p in started) and not ended.wait(ASK_S):
            pass
        for process in started:
            assert process.stdin is not None
            process.stdin.close()  # which ends it
    if any(p.returncode for p in started) and not ended.is_set():
        _log.warning("a round of monitors ended with %s", [p.returncode for p in started])


def watch_due(settings: Settings, database: Database) -> None:
    """Watch the models that are new, and run what is due until nothing is."""
    from app.ask import Desk

    with Desk(settings) as desk:
        watch_new(desk, database)
        while claim := claim_watch(database):
            run_watch(desk, database, claim)


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
    looks = series_of(database, claim.model)
    desk = desk.for_a_round()
    for row in claim.policy:
        began, monitor = monotonic(), looked_at_hourly(monitor_of(dict(row)))
        if monitor.paused:
            continue
        found = ask_monitor(desk, monitor)
        if not monitor.every:
            before = _states(looks.get(monitor.identity, ()))
            found = look_again(found, before, database.clock())
        runs.append(found)
        rans.append(_ran(found, monotonic() - began))
        if not renew(database, claim):
            return False
    known = list_incidents(database, claim.model)
    now = database.clock()
    kept = [
        found_of(i, _reason(desk, i, known), now) for i in incidents_of(runs, judged_of(desk, runs))
    ]
    return keep_runs(database, claim, rans, kept, teller(desk.settings))


def _ran(found: Run, duration_s: float) -> Ran:
    """How a run ended; one that looks at no periods says itself what is calm again."""
    monitor = found.monitor
    if monitor.every:
        return Ran(monitor.identity, found.shown, duration_s, found.error)
    over = ("inactive", "resolved")
    calm = frozenset(
        _series(monitor.identity, key)
        for key, seen in found.last.items()
        if seen.sign == "calm" and found.states[key].phase in over
    )
    series = [[*key, state.phase, state.streak] for key, state in found.states.items()]
    return Ran(monitor.identity, found.shown, duration_s, found.error, calm, series)


def _states(series: Sequence[Sequence[Any]]) -> dict[Key, State]:
    """How the series of a monitor stood after its last look, as ``_ran`` wrote it."""
    return {
        (name, column, version, of): State(phase, streak=streak)
        for name, column, version, of, phase, streak in series
    }


def _reason(desk: Desk, incident: Incident, known: Sequence[StoredIncident]) -> str:
    """What the split of the change says of a loss that no fault began; worked out once."""
    loss = incident.consequence
    if incident.kind != "harm" or loss is None or is_fault(incident.cause):
        return ""
    if loss.monitor.question != "performance":
        return ""
    name = _name(loss if loss in incident.alerts else incident.cause)
    for kept in known:
        if name in kept.found.alerts and kept.found.resolved == incident.resolved:
            return str(kept.found.facts.get("reason", ""))
    return reason_of(desk, loss)


def found_of(incident: Incident, reason: str = "", now: datetime | None = None) -> Found:
    """An incident as the state keeps it; one that was found without periods began ``now``."""
    loud = [a for a in incident.alerts if a not in incident.muted]
    facts: dict[str, Any] = {
        "cause": facts_of(incident.cause),
        "consequence": facts_of(incident.consequence) if incident.consequence else None,
        "columns": list(dict.fromkeys(a.key[1] for a in loud if a.key[1])),
        "muted": sorted({a.key[1] for a in incident.muted if a.key[1]}),
        "reason": reason,
        "fell": [_fell(r) for r in incident.fell],
        "n_alerts": len(incident.alerts),
        "n_muted": len(incident.muted),
    }
    names = frozenset(_name(a) for a in incident.alerts)
    ends = (incident.started or now, incident.resolved)
    return Found(incident.kind, incident.severity, *ends, names, facts)


def _fell(result: Result) -> dict[str, Any]:
    """Another headline metric that fell with drift."""
    detail = result.detail
    return {
        "name": result.name, "label": str(detail.get("label", result.name)),
        "value": result.value, "reference": detail.get("reference"), "unit": unit_of(result),
    }  # fmt: skip


def _name(alert: Alert) -> str:
    return f"{_series(alert.monitor.identity, alert.key)} | {alert.fired_at}"


def _series(monitor: str, key: Key) -> str:
    return " | ".join(map(str, (monitor, *key)))


def _label(alert: Alert) -> str:
    """What the number is called: an estimate says that it is one, a slice's says whose it is."""
    label = str(alert.result.detail.get("label", alert.key[0]))
    if alert.monitor.question == "estimate":
        return f"Estimated {label}"
    if alert.monitor.question == "slice":
        return f"{label} where {alert.monitor.segment}"
    group = alert.result.detail.get("group")
    return f"{label}, {group}" if group else label


def facts_of(alert: Alert) -> dict[str, Any]:
    """What an incident tells of one alert: which number of which rows, beside what."""
    result, monitor, first = alert.result, alert.monitor, alert.first
    end = alert.resolved_at
    return {
        "monitor": monitor.name,
        "monitor_id": monitor.identity,
        "question": monitor.question,
        "every": monitor.every,
        "compared": monitor.reference or ("rest" if monitor.question == "slice" else None),
        "version": alert.key[2] or monitor.version,
        "segment": monitor.segment,
        "name": alert.key[0],
        "label": _label(alert),
        "column": alert.key[1],
        "value": result.value,
        "low": result.low,
        "high": result.high,
        "n": result.n_labelled if monitor.kind.counts_labels else result.n,
        "reference": result.detail.get("reference"),
        "change": result.detail.get("change"),
        "change_low": result.detail.get("change_low"),
        "change_high": result.detail.get("change_high"),
        "counts": result.verdict in ("warning", "critical"),
        "unit": unit_of(result),
        "start": first.start.isoformat() if first.start else None,
        "end": end.isoformat() if end and row_of(end) is None else None,
        "first_row": first.first_row,
        "last_row": row_of(end),
    }
