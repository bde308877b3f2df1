"""`telltale key add --task`: a model that has no log yet, and the key for what will arrive."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth.keys import create_model
from app.auth.viewer import operator
from app.ingest.drain import drain
from app.ingest.wal import Wal
from app.ingest.words import Place
from app.state.database import Database
from app.state.logs import load_dataset
from app.state.migrations import migrate
from app.state.models import get_model


@pytest.fixture
def place(tmp_path: Any) -> Place:
    database = Database(f"sqlite:///{tmp_path / 'telltale.db'}")
    migrate(database)
    return Place(tmp_path, database, "test", threads=1)


@pytest.mark.parametrize(
    ("task", "positive", "values"),
    [("binary", "spam", ["ham", "ham"]), ("multiclass", None, ["a"]), ("regression", None, [3, 4])],
)
def test_the_first_rows_find_the_model_that_was_made(
    place: Place, task: str, positive: str | None, values: list[Any]
) -> None:
    import json

    create_model(place.database, operator(), "new", task, positive)
    rows = [
        {"prediction_id": f"p{i}", "prediction": v, "timestamp": "2026-03-01T12:00:00"}
        for i, v in enumerate(values)
    ]
    wal = Wal(place.home / "wal")
    said = {"model": "new", "kind": "predictions", "rows": rows, "refused": []}
    wal.append(json.dumps(said).encode()).result()
    wal.close()
    drain(place)
    (part,) = load_dataset(place.database, "new").log("predictions").parts
    schema = get_model(place.database, "new").schema
    assert part.n_rows == len(values)
    assert (schema.task, schema.positive) == (task, positive)


def test_a_model_that_exists_stays(place: Place) -> None:
    create_model(place.database, operator(), "old", "regression")
    create_model(place.database, operator(), "old", "binary")
    assert get_model(place.database, "old").schema.task == "regression"
    with pytest.raises(ValueError, match="no task"):
        create_model(place.database, operator(), "old", "guess")
