"""Monitors as a TOML file, the same for `telltale check`, tests, worker and screen; and good defaults."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics.errors import ConfigError
from analytics.monitors.policy import Monitor

if TYPE_CHECKING:
    from analytics.core import Dataset

LISTS = ("names", "columns")
NUMBERS = ("limit", "recovery", "alpha")
COUNTS = ("min_n", "hold", "calm")
LEAST_ROWS = 4_000  # of a log without times that is its own reference


def read_policy(path: Path) -> list[Monitor]:
    """The monitors of a file with ``[[monitor]]`` tables; ConfigError says what cannot be read."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read.", str(error.strerror), "Check the path."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML.", str(error), "Correct that line.") from error
    rows = found.get("monitor")
    if not isinstance(rows, list) or not rows or set(found) != {"monitor"}:
        raise ConfigError(
            f"{path} holds no list of monitors.",
            f"It has {', '.join(sorted(found)) or 'nothing'} at its top.",
            "Begin each monitor with [[monitor]].",
        )
    monitors = [monitor_of(row) for row in rows]
    for names in ([(m.model, m.name) for m in monitors], [(m.model, m.identity) for m in monitors]):
        if twice := next((n for n in names if names.count(n) > 1), None):
            what = f"Two monitors of {twice[0]} are called {twice[1]!r}."
            raise ConfigError(what, "A name or an id stands for one.", "Rename one.")
    return monitors


def monitor_of(row: Any) -> Monitor:
    """A monitor from plain values; ConfigError where a word or a type is wrong."""
    known = [f.name for f in fields(Monitor)]
    if not isinstance(row, dict):
        raise ConfigError("A monitor is not a table.", "", "Begin it with [[monitor]].")
    for name, value in row.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            do = f"Did you mean {close[0]}?" if close else f"Known are {', '.join(known)}."
            raise ConfigError(f"A monitor has no {name!r}.", "", do)
        if not _fits(name, value):
            raise ConfigError(f"{name} is {value!r}.", "It has another type.", _form(name))
    if missing := [n for n in ("name", "model", "question") if n not in row]:
        raise ConfigError(f"A monitor lacks {missing[0]!r}.", f"It holds {row}.", "Add it.")
    values: dict[str, Any] = {str(k): tuple(v) if k in LISTS else v for k, v in row.items()}
    return Monitor(**values)


def _fits(name: str, value: Any) -> bool:
    if name == "paused":
        return isinstance(value, bool)
    if name in LISTS:
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if name in COUNTS:
        return isinstance(value, int) and not isinstance(value, bool)
    if name in NUMBERS:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str)


def _form(name: str) -> str:
    if name == "paused":
        return "Write true or false."
    if name in LISTS:
        return 'Write a list of texts: ["accuracy"].'
    return "Write a number." if name in (*COUNTS, *NUMBERS) else "Write a text in quotes."


def plain_monitor(monitor: Monitor) -> dict[str, Any]:
    """A monitor as plain values, without what is the default anyway."""
    found = {f.name: getattr(monitor, f.name) for f in fields(monitor)}
    kept = {f.name for f in fields(monitor) if found[f.name] != f.default}
    return {n: list(v) if n in LISTS else v for n, v in found.items() if n in kept}


def write_policy(monitors: Iterable[Monitor]) -> str:
    """The file of these monitors."""
    import json

    return "\n".join(
        "[[monitor]]\n"
        + "".join(f"{n} = {json.dumps(v)}\n" for n, v in plain_monitor(monitor).items())
        for monitor in monitors
    )


def default_monitors(dataset: Dataset) -> list[Monitor]:
    """What watches a new model before anybody said anything: its main metric, drift, and its data.

    A model without an imported reference is compared with the first quarter of its own log.
    """
    from analytics.catalog import headline_names, offered

    every, reference = _period(dataset), _own_reference(dataset)
    metrics = headline_names(dataset.schema)[:1]
    model = dataset.model
    common: dict[str, Any] = {"every": every, "severity": "critical", "reference": reference}
    found = [
        Monitor("Data quality", model, "quality", **common),
        Monitor("Drift", model, "drift", **common),
    ]
    if metrics:
        title = offered(dataset.schema)[metrics[0]].metric.label
        found.insert(0, Monitor(title, model, "performance", metrics, hold=2, **common))
    return found


def _period(dataset: Dataset) -> str:
    """Weeks, which hold every weekday alike; rows where there is no time."""
    return "1000rows" if dataset.first_event is None else "week"


def _own_reference(dataset: Dataset) -> str | None:
    """The first quarter of a log that has no imported reference; None where it is too short."""
    if dataset.log("predictions", "reference").n_rows:
        return None
    first, last, n = dataset.first_event, dataset.last_event, dataset.log("predictions").n_rows
    if first is None or last is None:
        return f"0..{n // 4 - 1}rows" if n >= LEAST_ROWS else None
    weeks = (last - first).days // 7 // 4
    start = first.date()
    return f"{start}..{start + timedelta(weeks=weeks)}" if weeks else None
