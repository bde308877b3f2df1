"""The page Serving on a log of a server that fails: stacks, and what each part says without data."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.settings import settings_in_force
from app.state.database import open_database

T0 = datetime(2026, 1, 1)
STACK = """Traceback (most recent call last):
  File "/srv/api.py", line 41, in handle
    return predict(row)
  File "/srv/features.py", line 33, in lookup
    return codes[name]
KeyError: 'secret-{i}'"""


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def shop(enter, tmp_path: Path) -> Place:
    """Ten days of 20 requests an hour; every fiftieth fails with a stack in the log of errors."""
    enter(tmp_path)
    place = Place(settings_in_force().home, open_database(settings_in_force().database_url), "ann")
    predictions: list[dict[str, object]] = [
        {
            "prediction_id": f"p{i}",
            "timestamp": (T0 + timedelta(minutes=3 * i)).isoformat(),
            "model_version": "v1" if i < 2400 else "v2",
            "prediction": "yes" if i % 3 else "no",
            "latency_ms": 10 + i % 40 + (200 if i % 20 == 0 else 0),
            "status": "error" if i % 50 == 0 else "ok",
            "region": ("north", "south")[i % 2],
        }
        for i in range(4800)
    ]
    errors: list[dict[str, object]] = [
        {"prediction_id": f"p{i}", "error_type": "KeyError", "stack_trace": STACK.format(i=i)}
        for i in range(0, 4800, 50)
    ]
    given = (("predictions", predictions), ("errors", errors))
    for kind, rows in given:
        path = write(tmp_path / f"{kind}.csv", rows)
        options = ImportOptions(model="shop", kind=kind, positive="yes")  # type: ignore[arg-type]
        run_import(place, plan_import(place, [path], options))
    return place


def open_tab(run, name: str, model: str = "shop"):
    app = run("serving", m=model, w="all")
    app.session_state["below"] = name
    return app.run()


def test_stacks_are_folded_and_hold_no_value(shop, run, texts) -> None:
    app = open_tab(run, "Errors")
    (folded,) = [e for e in app.expander if "KeyError in lookup" in e.label]
    assert folded.label.replace("\\", "").startswith(
        "KeyError in lookup, features.py:33 · 96 (2.0 %"
    )
    (code,) = folded.code
    assert code.value == "/srv/features.py:33 in lookup\n/srv/api.py:41 in handle"
    assert "secret" not in texts(app) + str([t.value for t in app.dataframe])
