"""A replay as plain values: what the command prints, the page draws and the file tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from analytics.core import Finding
from analytics.monitors.moments import row_of
from analytics.words import write_count, write_moment
from app.monitors.asking import reason_of
from app.monitors.saying import link_params, say_when, sentence_of, title_of
from app.monitors.watching import found_of

if TYPE_CHECKING:
    from analytics.evaluate.peers import PeerAlerts
    from analytics.monitors.raised import Raised
    from app.ask import Desk
    from app.monitors.replaying import Replay

Plain = Mapping[str, Any]
A_DAY = timedelta(days=1)


def plain_of(desk: Desk, model: str, found: Replay) -> dict[str, Any]:
    """The one object of a replay, of plain JSON values."""
    dataset = desk.dataset(model)
    end = datetime.combine((dataset.last_event or datetime.min).date(), datetime.min.time()) + A_DAY
    ordered = sorted(found.raised, key=lambda r: (not r.incident.notifies, r.at or datetime.min))
    return {
        "question": "replay",
        "model": model,
        "start": dataset.first_event.isoformat() if dataset.first_event else None,
        "end": end.isoformat() if dataset.last_event else None,
        "n": dataset.log("predictions").n_rows,
        "delay_days": found.delay / A_DAY if found.delay is not None else None,
        "incidents": [_incident(desk, model, r, end) for r in ordered],
        "monitors": [
            {
                "name": r.monitor.name,
                "state": r.shown,
                "n_alerts": len(r.alerts),
                "error": r.error or None,
            }
            for r in found.runs
        ],
        "peers": None if found.peers is None else _peers(found.peers, found),
    }


def _incident(desk: Desk, model: str, raised: Raised, end: datetime) -> dict[str, Any]:
    incident = raised.incident
    loss = incident.consequence
    is_plain_loss = incident.kind == "harm" and incident.cause.monitor.question != "quality"
    kept = found_of(incident, reason_of(desk, loss) if is_plain_loss and loss else "")
    then, row = found_of(raised.then), row_of(raised.at)
    calls = incident.notifies
    return {
        "kind": incident.kind,
        "severity": incident.severity,
        "raised": raised.at.isoformat() if raised.at and row is None else None,
        "raised_row": row,
        "mature": raised.mature.isoformat() if raised.mature and calls else None,
        "lead_days": raised.lead / A_DAY if raised.lead is not None and calls else None,
        "start": kept.facts["cause"].get("start") or _iso(incident.started),
        "end": _iso(incident.resolved),
        "first_row": kept.facts["cause"].get("first_row"),
        "last_row": row_of(incident.resolved),
        "when": say_when(kept),
        "title": title_of(kept),
        "then": title_of(then) if _was_other(raised) else None,
        "sentence": sentence_of(kept),
        "links": link_params(kept, model, end),
        **{k: kept.facts[k] for k in ("cause", "consequence", "columns", "muted", "reason")},
    }


def _was_other(raised: Raised) -> bool:
    """Whether it was told as something else when it was raised."""
    end, then = raised.incident, raised.then
    return (end.kind, end.cause.key) != (then.kind, then.cause.key)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None and row_of(moment) is None else None


def _peers(found: Sequence[PeerAlerts], replay: Replay) -> dict[str, Any]:
    """Counts of what other rules would have alerted, as a whole, by column and by period."""
    sides = {"evidently": [p.evidently for p in found], "nannyml": [p.nannyml for p in found]}
    counts: dict[str, Any] = {
        name: {
            "alerts": sum(map(len, said)),
            "periods": sum(map(bool, said)),
            "columns": dict(Counter(c for columns in said for c in columns).most_common()),
        }
        for name, said in sides.items()
    }
    counts["evidently"]["drifted"] = sum(p.is_drifted for p in found)
    counts["nannyml"]["losses"] = len(replay.losses)
    return {
        "n_periods": len(found),
        "n_columns": max((p.n_columns for p in found), default=0),
        **counts,
        "by_period": [
            {
                "start": p.window.start.isoformat() if p.window.start else None,
                "first_row": p.window.first_row,
                "n": p.n,
                "evidently": len(p.evidently),
                "nannyml": len(p.nannyml),
            }
            for p in found
        ],
    }


def loud(told: Plain) -> list[Plain]:
    """The incidents that would have called somebody."""
    return [i for i in told["incidents"] if i["kind"] != "harmless"]


def speak_of_replay(told: Plain) -> Finding:
    """What the page says first: how many incidents, beside how many alerts of other rules."""
    calls, n = loud(told), len(told["incidents"])
    what = "incident" if len(calls) == 1 else "incidents"
    title = f"{write_count(len(calls)) if calls else 'No'} {what} would have called somebody"
    if not calls:
        title = "Nobody would have been called"
    pieces = []
    if n > len(calls):
        pieces.append(f"{write_count(n - len(calls))} drifted and did no harm.")
    if told["peers"]:
        pieces.append(say_peers(told["peers"]))
    blind = [m["name"] for m in told["monitors"] if m["error"]]
    if blind:
        pieces.append(f"{', '.join(blind)} could not look.")
    is_critical = any(i["severity"] == "critical" for i in calls)
    verdict: Any = "ok" if not calls else "critical" if is_critical else "warning"
    return Finding(f"{title}.", " ".join(pieces), verdict, 1.0)


def say_peers(peers: Plain) -> str:
    """The alerts of other tools' default rules on the same periods."""
    theirs, others = peers["evidently"], peers["nannyml"]
    n = write_count(peers["n_periods"])
    return (
        f"On the same {n} periods Evidently's default rules give"
        f" {write_count(theirs['alerts'])} column alerts ({write_count(theirs['periods'])} periods),"
        f" NannyML's {write_count(others['alerts'])} ({write_count(others['periods'])} periods)."
    )


def say_raised(incident: Plain, zone: str = "UTC") -> str:
    """When it would have been raised, and how long before the labels that had all come."""
    if incident["raised_row"] is not None:
        return f"Raised at row {write_count(incident['raised_row'])}."
    if incident["raised"] is None:
        return ""
    said = f"Raised on {write_moment(datetime.fromisoformat(incident['raised']), zone)}"
    lead = incident["lead_days"]
    if lead is None:
        never = (
            "; mature labels never showed a loss in it" if incident["kind"] != "harmless" else ""
        )
        return f"{said}{never}."
    return f"{said}, {say_lead(lead)}"


def say_lead(days: float) -> str:
    """The lead over mature labels in words."""
    if days >= 1.5:
        return f"{days:.0f} days before mature labels would have shown it."
    if days >= 0:
        hours = round(24 * days)
        ahead = f"{hours} {'hour' if hours == 1 else 'hours'}"
        return f"{ahead} before mature labels would have shown it."
    return f"{-days:.0f} days after mature labels would have shown it."
