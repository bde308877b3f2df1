"""The sample logs that come with Telltale, imported once into an empty home."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from analytics.core import Kind, LogName
from app.ingest.beside import put_beside
from app.ingest.outbox import flush
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.state.database import Database
from app.state.logs import list_imports
from app.state.models import change_model, set_values

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
FILES: tuple[tuple[str, LogName, Kind], ...] = (
    ("reference", "reference", "predictions"),
    ("predictions", "production", "predictions"),
    ("labels", "production", "labels"),
    ("resources", "production", "resources"),
    ("events", "production", "events"),
    ("feedback", "production", "feedback"),
)


def import_samples(home: Path, database: Database, folder: Path = SAMPLES) -> list[str]:
    """Import every sample log that is not there yet; the names of models that got something."""
    described = tomllib.loads((folder / "sample.toml").read_text())
    done = {(row.model, row.log, row.kind) for row in list_imports(database)}
    added = []
    for name, model in described.items():
        missing = [
            f
            for f in FILES
            if (name, *f[1:]) not in done and (folder / name / f"{f[0]}.parquet").is_file()
        ]
        for file, log, kind in missing:
            _import(
                Place(home, database, "demo"),
                folder / name / f"{file}.parquet",
                (name, log, kind),
                model,
            )
        if missing:
            flush(Place(home, database, "demo"))  # what people said stands in the log at once
            words = {key: model[key] for key in ("title", "description", "notes")}
            with database.write("demo") as write:
                change_model(write, name, **words)
                if "values" in model and FILES[1] in missing:
                    set_values(write, name, [(t, s, v) for t, s, v in model["values"]])
            put_beside(Place(home, database, "demo"), name)
            added.append(name)
    return added


def _import(
    place: Place, path: Path, log: tuple[str, LogName, Kind], model: dict[str, Any]
) -> None:
    options = ImportOptions(
        model=log[0],
        kind=log[2],
        log=log[1],
        positive=model.get("positive"),
        task=model["task"],
        timezone="UTC",
        is_sample=True,
    )
    run_import(place, plan_import(place, [path], options))
