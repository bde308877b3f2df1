"""``python -m sample_logs.build [--out FOLDER]`` makes the sample logs (extra ``samples``).

What is exact and what is not, beside the logs that ship, stands in the README of this folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from sample_logs import digits, figures, flights
from sample_logs.parquet import write
from sample_logs.serving import Service, replay, truth

HERE = Path(__file__).resolve().parent


def build_flights(name: str, every: pd.DataFrame, out: Path) -> None:
    """Train both versions of a flight model, ask it everything, write its logs."""
    is_late = name == "flight-late"
    services = {v: Service(flights.learned(every, v), is_late) for v in ("v1", "v2")}
    held_out, asked = flights.reference(every), flights.asked(every)
    reference, _ = replay(held_out, services)
    known = {"label": truth(held_out, is_late), "known_at": flights.known_at(held_out)}
    predictions, resources = replay(asked, services)
    tables = {
        "reference": reference.assign(**known),
        "predictions": predictions,
        "labels": flights.labels(asked, truth(asked, is_late)),
        "resources": resources,
    }
    for table, rows in tables.items():
        write(rows, out / name / f"{table}.parquet")


def main() -> None:
    """Make all logs and print the figures that the README tells."""
    parser = argparse.ArgumentParser(prog="python -m sample_logs.build", description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder (default: this one)")
    out = parser.parse_args().out
    every = flights.read()
    for name in ("flight-late", "flight-delay"):
        print(f"{name}: training, then asking one flight at a time", flush=True)
        build_flights(name, every, out)
    for line in [*figures.of_flights(out), "", *digits.build(out)]:
        print(line)


if __name__ == "__main__":
    main()
