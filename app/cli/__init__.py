"""The command line: what the screen offers, for scripts, release gates and tests.

Commands come from the modules of this package: each has ``register(subparsers)``, and imports what
is slow inside its handlers, so that ``telltale --help`` answers at once.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence

from analytics.errors import TelltaleError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. Errors say what, why, do on stderr, never a trace."""
    parser = make_parser()
    asked = parser.parse_args(arguments)
    if not getattr(asked, "stays", False):
        lighten()
    if not hasattr(asked, "handler"):
        parser.print_help()
        return 2
    try:
        return int(asked.handler(asked))
    except TelltaleError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0


def lighten() -> None:
    """Before NumPy is there: what a process that lives for a second can do without.

    Imports are no rubbish to be collected, and the threads of NumPy's matrices cost 0.04 s to
    start, where DuckDB does the work.
    """
    gc.set_threshold(50_000, 50, 100)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def make_parser() -> argparse.ArgumentParser:
    """The parser with the commands of every module in this package."""
    parser = argparse.ArgumentParser(
        prog="telltale", description="Watch machine-learning models in production."
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        if module.name == "__main__":
            continue
        found = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(found, "register"):
            found.register(subparsers)
    return parser
