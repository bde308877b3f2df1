"""`telltale docs`: write the generated pages of docs/."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("docs", help="write the generated pages of docs/")
    parser.set_defaults(handler=write)


def write(_arguments: argparse.Namespace) -> int:
    """Write the pages and name them."""
    from app.docs import write_pages

    for path in write_pages(DOCS):
        print(path.relative_to(DOCS.parent))
    return 0
