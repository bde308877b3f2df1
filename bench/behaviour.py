"""How long each panel about people takes at a million events: `python -m bench.behaviour`.

Predictions, labels and events are drawn, imported as anybody would import them, and every panel is
asked again and again without a cache. It prints a table; ``--page FILE`` keeps it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np

from analytics.core import Kind, Question, Scope
from app.ask import Asking, answer, open_engine
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.settings import read_settings
from app.state.database import Database
from app.state.logs import load_dataset
from app.state.migrations import migrate
from app.state.models import set_values

BAR_S = 2.0
PANELS = {
    "behaviour": "the cards",
    "behaviour by week": "their sparklines",
    "behaviour:seen": "the line of events",
    "behaviour:funnel": "funnel",
    "behaviour:waits": "time to action",
    "behaviour:confidence": "accepted beside right",
    "behaviour:hours": "hours of the week",
    "behaviour:weeks": "who comes back",
    "behaviour:adoption:site": "who takes it up",
    "behaviour:worth": "worth of a decision",
}
PREDICTIONS = """
SELECT 'p' || i AS prediction_id, TIMESTAMP '2026-01-01' + INTERVAL 1 SECOND * (i * 20.0) AS timestamp,
 'v' || (1 + i % 2) AS model_version, CAST(hash(i) % 100 < 35 AS INT) AS prediction,
 (hash(i) % 1000) / 1000 AS score, 'site ' || (hash(i, 1) % 8) AS site
FROM range({n}) t(i)"""
LABELS = """
SELECT prediction_id, CASE WHEN hash(prediction_id, 7) % 10 < 8 THEN prediction ELSE 1 - prediction END AS label,
 timestamp + INTERVAL 3 HOUR AS known_at FROM '{folder}/predictions.parquet'"""
EVENTS = """
WITH acts AS (
 SELECT *, 'user ' || (hash(prediction_id, 2) % 500) AS user_id, hash(prediction_id, 3) % 100 AS luck,
  timestamp + INTERVAL 1 SECOND * (hash(prediction_id, 4) % 600) AS shown_at
 FROM '{folder}/predictions.parquet')
SELECT prediction_id || '-s' AS uuid, 'prediction_shown' AS event, shown_at AS timestamp, user_id,
 prediction_id FROM acts
UNION ALL SELECT prediction_id || '-o', 'explanation_opened', shown_at + INTERVAL 4 SECOND, user_id,
 prediction_id FROM acts WHERE luck % 2 = 0
UNION ALL SELECT prediction_id || '-d',
 CASE WHEN luck % 5 = 0 THEN 'prediction_overridden' ELSE 'prediction_accepted' END,
 shown_at + INTERVAL 1 SECOND * (5 + hash(prediction_id, 5) % 200), user_id, prediction_id
 FROM acts WHERE luck < 85"""


@contextmanager
def made(n_events: int) -> Iterator[tuple[Database, Path]]:
    """A home with about so many events, imported from Parquet."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        files = home / "drawn"
        files.mkdir()
        n = round(n_events / 2.35)
        for kind, sql in (("predictions", PREDICTIONS), ("labels", LABELS), ("events", EVENTS)):
            query = sql.format(n=n, folder=files)
            duckdb.execute(f"COPY ({query}) TO '{files}/{kind}.parquet' (FORMAT parquet)")
        database = Database(f"sqlite:///{home / 'telltale.db'}")
        migrate(database)
        place = Place(home, database, "bench")
        kinds: tuple[Kind, ...] = ("predictions", "labels", "events")
        for kind in kinds:
            options = ImportOptions("people", kind=kind, positive="1", timezone="UTC")
            run_import(place, plan_import(place, [files / f"{kind}.parquet"], options))
        with database.write("bench") as write:
            set_values(write, "people", [("1", "1", 2.0), ("1", "0", -3.0), ("0", "1", -1.0)])
        yield database, home


Took = dict[str, list[tuple[float, float]]]  # seconds passed, and seconds of processors


def measure(database: Database, home: Path, repeats: int) -> Took:
    """Seconds of every panel, each asked ``repeats`` times in turns."""
    engine = open_engine(read_settings(home=str(home)), database)
    dataset = load_dataset(database, "people", home)
    assert dataset.last_event is not None
    wall = dataset.last_event + timedelta(hours=1)
    took: Took = {name: [] for name in PANELS}
    for _ in range(repeats):
        for name in PANELS:
            ask, _space, by = name.partition(" by ")
            question = Question(Scope(every="week" if by else None))
            started, worked = time.perf_counter(), time.process_time()
            answer(engine, Asking(ask, dataset, question, wall))
            passed = time.perf_counter() - started
            took[name].append((passed, time.process_time() - worked))
    engine.close()
    return took


def page(took: Took, n_events: int) -> str:
    """The table as a page of the docs."""
    lines = [
        "<!-- Written by `python -m bench.behaviour`. -->",
        "# How long the panels about people take",
        "",
        f"{n_events:,} events, asked in one process without a cache on {os.cpu_count()} cores (load"
        f" {os.getloadavg()[0]:.0f}: other work slows the clock, not the seconds of processors); the bar is"
        f" {BAR_S:g} s at p95.",
        "",
        "| panel | median s | p95 s | median s of processors | runs |",
        "|---|---|---|---|---|",
    ]
    for name, pairs in took.items():
        median, p95 = np.quantile([passed for passed, _worked in pairs], [0.5, 0.95])
        worked = np.median([worked for _passed, worked in pairs])
        row = (PANELS[name], f"{median:.2f}", f"{p95:.2f}", f"{worked:.2f}", str(len(pairs)))
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Draw, import, ask; 1 where a panel is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--page", type=Path, help="where to write the table as a page")
    asked = parser.parse_args()
    with made(asked.events) as (database, home):
        n = load_dataset(database, "people", home).log("events").n_rows
        took = measure(database, home, asked.repeats)
        database.close()
    text = page(took, n)
    print(text)
    if asked.page is not None:
        asked.page.write_text(text)
    slowest = max(float(np.quantile([s for s, _w in pairs], 0.95)) for pairs in took.values())
    return int(slowest > BAR_S)


if __name__ == "__main__":
    raise SystemExit(main())
