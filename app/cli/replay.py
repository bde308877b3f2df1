"""`telltale replay`: a log walked in time, and the incidents that would have been raised."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def register(subparsers: Any) -> None:
    """Add ``replay`` to the parser."""
    text = "walk a log in time, labels as they came, and list the incidents it would have raised"
    parser = subparsers.add_parser("replay", help=text, description=text)
    add = parser.add_argument
    add("--model", required=True, help="name of the model")
    add("--window", help="the period: A..B with dates; default the whole log")
    add("--policy", type=Path, help="TOML file with [[monitor]] tables; default the model's own")
    add("--home", help="folder of the database and logs")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    add("--html", type=Path, help="write one HTML file that opens without a network")
    parser.set_defaults(handler=run_replay)


def run_replay(arguments: argparse.Namespace) -> int:
    """Walk it, and print what came out."""
    from dataclasses import replace

    from app.ask import Desk
    from app.monitors.policies import read_policy
    from app.monitors.replayed import plain_of
    from app.monitors.replaying import monitors_to_replay, replay
    from app.settings import read_settings

    model, window = arguments.model, arguments.window
    with Desk(read_settings(home=arguments.home)) as desk:
        if arguments.policy:
            monitors = [m for m in read_policy(arguments.policy) if m.model == model]
            monitors = [replace(m, window=window) for m in monitors] if window else monitors
        else:
            monitors = monitors_to_replay(desk, model, window)
        told = plain_of(desk, model, replay(desk, monitors))
        if arguments.html:
            from app.auth.viewer import operator
            from app.report.replay import replay_file

            text = replay_file(desk, told, window, actor=operator().user)
            arguments.html.write_text(text, encoding="utf-8")
    print(json.dumps(told, allow_nan=False) if arguments.json else as_text(told))
    return 0


def as_text(told: dict[str, Any]) -> str:
    """Incidents for people, those that call somebody first."""
    from analytics.words import write_count
    from app.monitors.replayed import loud, say_peers

    calls, n = len(loud(told)), len(told["incidents"])
    lines = [f"{told['model']}: {write_count(calls)} incidents, {write_count(n - calls)} harmless"]
    lines += [_lines(i) for i in told["incidents"]]
    lines += [f"{m['name']} could not look: {m['error']}" for m in told["monitors"] if m["error"]]
    if told["peers"]:
        lines.append(say_peers(told["peers"]))
    return "\n".join(lines)


def _lines(incident: dict[str, Any]) -> str:
    from app.monitors.replayed import say_raised

    word = "harmless" if incident["kind"] == "harmless" else incident["severity"]
    lines = [f"{word:<9} {incident['when']}: {incident['title']}"]
    then = f"It was told as: {incident['then']}." if incident["then"] else ""
    lines += [
        f"{'':10}{said}" for said in (say_raised(incident), then, incident["sentence"]) if said
    ]
    return "\n".join(lines)
