"""``telltale aside``: rows that were refused on their way in."""

from __future__ import annotations

import argparse
from typing import Any

from app.cli.people import open_home, say, verb


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    verb(subparsers, "aside", list_aside, "rows that were refused on their way in, by reason")


def list_aside(arguments: argparse.Namespace) -> int:
    """The reasons with their rows, as the page Set aside lists them."""
    from app.auth.viewer import operator
    from app.letters import group_json, list_groups

    groups = list_groups(operator(), open_home(arguments))
    left = sum(group.n_left for group in groups)
    lines = [f"{g.n_left:>8,} of {g.n:,}  {g.model}  {g.kind}  {g.reason}" for g in groups]
    text = "\n".join([*lines, f"{left:,} rows wait for somebody"])
    return say(arguments, text, n_left=left, reasons=[group_json(group) for group in groups])
