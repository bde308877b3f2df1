"""`telltale report`: a page or a whole model as one HTML file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    from app.cli.questions import add_arguments

    text = "a page, or a whole model, as one HTML file that opens without a network"
    parser = subparsers.add_parser("report", help=text, description=text)
    add_arguments(parser)
    parser.add_argument("--page", help="overview, performance, drift, ...; default all of them")
    parser.add_argument("--out", help="the file to write; default MODEL.html")
    parser.set_defaults(handler=report)


def report(arguments: argparse.Namespace) -> int:
    """Write the file and say where it is."""
    from app.ask import Desk
    from app.auth.viewer import operator
    from app.cli.questions import asked_of, split_list
    from app.report.make import report_of
    from app.report.sections import SECTIONS
    from app.settings import read_settings

    pages = split_list(arguments.page) or tuple(SECTIONS)
    with Desk(read_settings(home=arguments.home)) as desk:
        actor = operator().user
        text = report_of(desk, arguments.model, asked_of(arguments), pages, actor=actor)
    target = Path(arguments.out or f"{arguments.model}.html")
    target.write_text(text, encoding="utf-8")
    size = target.stat().st_size
    if arguments.json:
        print(json.dumps({"file": str(target), "n_bytes": size, "pages": list(pages)}))
    else:
        print(f"{target}: {size / 1e6:.1f} MB, {', '.join(pages)}")
    return 0
