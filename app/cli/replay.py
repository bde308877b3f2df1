"""`telltale replay`: a log walked in time, and the incidents that would have been raised."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.monitors.incidents import Incident
    from app.monitors.replaying import Replay


def register(subparsers: Any) -> None:
    """Add ``replay`` to the parser."""
    text = "walk a log in time, labels as they came, and list the incidents it would have raised"
    parser = subparsers.add_parser("replay", help=text, description=text)
    add = parser.add_argument
    add("--model", required=True, help="name of the model")
    add("--policy", type=Path, help="TOML file with [[monitor]] tables; default the model's own")
    add("--home", help="folder of the database and logs")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(handler=run_replay)


def run_replay(arguments: argparse.Namespace) -> int:
    """Walk it, and print what came out."""
    from app.ask import Desk
    from app.monitors.policies import read_policy
    from app.monitors.replaying import monitors_to_replay, replay
    from app.settings import read_settings

    with Desk(read_settings(home=arguments.home)) as desk:
        if arguments.policy:
            monitors = [m for m in read_policy(arguments.policy) if m.model == arguments.model]
        else:
            monitors = monitors_to_replay(desk, arguments.model)
        found = replay(desk, monitors)
    if arguments.json:
        print(json.dumps(as_json(arguments.model, found), allow_nan=False))
    else:
        print(as_text(arguments.model, found))
    return 0


def as_json(model: str, found: Replay) -> dict[str, Any]:
    """The one JSON object: the incidents, and how each monitor stood at the end."""
    from app.monitors.saying import say_when, sentence_of, title_of
    from app.monitors.watching import found_of

    incidents = []
    for incident in found.incidents:
        kept = found_of(incident)
        fired = min((a.fired_at for a in incident.alerts if a.fired_at), default=None)
        incidents.append(
            {
                "kind": incident.kind,
                "severity": incident.severity,
                "raised": fired.isoformat() if fired else None,
                "when": say_when(kept),
                "title": title_of(kept),
                "sentence": sentence_of(kept),
                **{k: kept.facts[k] for k in ("cause", "consequence", "columns", "muted")},
            }
        )
    monitors = [
        {
            "name": r.monitor.name,
            "state": r.shown,
            "n_alerts": len(r.alerts),
            "error": r.error or None,
        }
        for r in found.runs
    ]
    return {"question": "replay", "model": model, "incidents": incidents, "monitors": monitors}


def as_text(model: str, found: Replay) -> str:
    """Incidents for people, those that call somebody first."""
    from analytics.words import write_count

    loud = [i for i in found.incidents if i.notifies]
    quiet = [i for i in found.incidents if not i.notifies]
    lines = [f"{model}: {write_count(len(loud))} incidents, {write_count(len(quiet))} harmless"]
    lines += [_lines(i) for i in (*loud, *quiet)]
    lines += [f"{r.monitor.name} could not look: {r.error}" for r in found.runs if r.error]
    return "\n".join(lines)


def _lines(incident: Incident) -> str:
    from app.monitors.saying import say_when, sentence_of, title_of
    from app.monitors.watching import found_of

    kept = found_of(incident)
    word = "harmless" if incident.kind == "harmless" else incident.severity
    head = f"{word:<9} {say_when(kept)}: {title_of(kept)}"
    return f"{head}\n{'':10}{sentence_of(kept)}"
