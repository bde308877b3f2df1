"""``telltale agent``: sends what the model's host uses."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from typing import Any


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("agent", help="send what this host uses to a Telltale")
    parser.add_argument("--url", required=True, help="such as http://telltale:8502")
    parser.add_argument("--key", required=True, help="an API key of kind resources")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between samples")
    parser.add_argument("--batch", type=float, default=30.0, help="seconds between requests")
    parser.add_argument("--version", help="the model version that runs here")
    parser.add_argument("--disk", default="/", help="the file system that is watched")
    parser.add_argument(
        "--scrape", action="append", default=[], help="address of node_exporter or dcgm-exporter"
    )
    parser.add_argument("--once", action="store_true", help="send one sample and print it")
    parser.set_defaults(handler=agent)


def agent(arguments: argparse.Namespace) -> int:
    """Sample and send until SIGTERM or SIGINT."""
    from analytics.errors import UsageError
    from app.agent import Gpus, Host, Sender, reader, run

    if not arguments.url.startswith(("http://", "https://")) or arguments.every <= 0:
        raise UsageError(
            "The agent needs an address of http or https, and seconds above 0.",
            "",
            "telltale agent --url http://telltale:8502 --key KEY",
        )
    host, gpus = Host(arguments.disk), Gpus()
    if gpus.why_none:
        print(gpus.why_none, file=sys.stderr)
    sender = Sender(arguments.url, arguments.key, arguments.version)
    read = reader(host, gpus, arguments.scrape)
    if arguments.once:
        values = read()
        sender.add(values)
        print(json.dumps({"sent": sender.send(), "gpu": gpus.why_none or "read", "values": values}))
        return 0 if sender.n_sent else 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(sender, read, arguments.every, arguments.batch, stop)
    print(f"{sender.n_sent} samples sent, {sender.n_dropped} dropped.", file=sys.stderr)
    return 0
