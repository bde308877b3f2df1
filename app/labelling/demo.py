"""The demo's labelling project: digits of the last three weeks, ready to be labelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.auth.demo import DEMO_USERS
from app.auth.viewer import operator
from app.labelling.choose import Wanted, fill_gold, fill_queue
from app.labelling.projects import default_setup, make_first_project
from app.questions import Asked
from app.settings import Settings
from app.state.database import Database
from app.state.labels import Guide
from app.state.logs import load_dataset
from app.state.models import find_model

MODEL = "digit-reader"
WEEKS = 3
QUEUES = (("uncertain", 120), ("misclassified", 20), ("random", 60))
N_GOLD, N_PRACTICE = 20, 10
GUIDE = {
    "1": Guide("A stroke without a bar across it, with or without a foot."),
    "7": Guide("A bar on top; often one across the stem too."),
    "0": Guide("A closed ring with nothing in it."),
    "6": Guide("One ring, below."),
    "9": Guide("One ring, above."),
    "8": Guide("Two rings, however small."),
}


def make_demo_project(settings: Settings, database: Database) -> int | None:
    """Make it once, where the sample log is there; its number, None where there is nothing to do."""
    from app.ask import open_engine

    with database.read() as connection:
        model = find_model(connection, MODEL)
    if model is None or not model.is_sample:
        return None
    viewer = operator("demo")
    people = tuple(d.name for d in DEMO_USERS if d.role in ("annotator", "data_scientist"))
    setup = replace(default_setup(model, people), guideline=GUIDE)
    number = make_first_project(database, viewer, MODEL, setup)
    if number is None:
        return None
    last = load_dataset(database, MODEL, settings.home).last_event
    window = f"{last - timedelta(weeks=WEEKS):%Y-%m-%dT%H:%M:%S}.." if last else "all"
    engine = open_engine(settings, database)
    try:
        for queue, n in QUEUES:
            wanted = Wanted(queue, n, Asked(window=window))
            fill_queue(engine, database, viewer, number, wanted)
        fill_gold(engine, database, viewer, number, (N_GOLD, N_PRACTICE))
    finally:
        engine.close()
    return number
