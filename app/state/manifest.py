"""The manifest as a process holds it: read anew after a write, and not before.

Every write to the state adds a row to the audit trail in the same transaction. While its last number
is the same, what was read of the manifest still stands; that is asked each time, in one statement.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.state.logs import attached_folders, load_dataset

if TYPE_CHECKING:
    from analytics.core import Dataset
    from app.state.database import Database

MOST_PARTS = 200_000  # of all models that are held, at about half a kilobyte each
_STATE = sa.text(
    "SELECT (SELECT max(seq) FROM audit), (SELECT max(id) FROM part),"
    " (SELECT updated_at FROM model WHERE name = :model)"
)
_ATTACHED = sa.text("SELECT 1 FROM part WHERE model = :model AND mapping IS NOT NULL LIMIT 1")


class Manifest:
    """Datasets by model, and the folders of attached files, as the state has them now."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.n_read = 0  # how often a dataset was read
        self._datasets: OrderedDict[str, tuple[Hashable, Dataset]] = OrderedDict()
        self._folders: tuple[Hashable, tuple[str, ...]] | None = None
        self._lock = threading.Lock()

    def dataset(self, model: str) -> Dataset:
        """The model's logs as they are now; attached files are looked at each time."""
        state = self._state(model)
        with self._lock:
            held = self._datasets.get(model)
            if held is not None and held[0] == state:
                self._datasets.move_to_end(model)
                return held[1]
        with self.database.read() as connection:
            has_attached = connection.execute(_ATTACHED, {"model": model}).first() is not None
        found = load_dataset(self.database, model)
        with self._lock:
            self.n_read += 1
            self._datasets.pop(model, None)
            if not has_attached:
                self._datasets[model] = state, found
            while len(self._datasets) > 1 and self._n_parts() > MOST_PARTS:
                self._datasets.popitem(last=False)
        return found

    def attached(self) -> tuple[str, ...]:
        """Folders that hold attached files."""
        state, held = self._state(""), self._folders
        if held is None or held[0] != state:
            self._folders = held = state, attached_folders(self.database)
        return held[1]

    def _state(self, model: str) -> Hashable:
        """Read before what it stands for: a write in between makes that look old, never new."""
        return self.database.held(
            ("manifest", model), lambda c: tuple(c.execute(_STATE, {"model": model}).one())
        )

    def _n_parts(self) -> int:
        datasets = (held for _state, held in self._datasets.values())
        return sum(len(log.parts) for dataset in datasets for log in dataset.logs.values())
