"""Numbers learned of rows, kept by a fingerprint of these rows: they are never learned twice.

They stand beside a model's summaries, made from the logs alone like these, and may go at any time. A
file holds plain numbers and is found by its name; rows that changed have another. Rounds of monitors
put them there, everybody reads them.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analytics.needs import Floats
from analytics.summaries.store import VERSION, model_folder

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.engine import Engine

FOLDER = "learned"
MOST = 256  # files of a model, of 80 KB at most: what was used longest ago goes first


class Shelf:
    """The numbers learned of one model's rows; of no folder, nothing is kept."""

    def __init__(self, folder: Path | None, *, is_filling: bool) -> None:
        self._folder, self._is_filling = folder, is_filling

    def get(self, key: str) -> Floats | None:
        """The numbers that were put there, else None."""
        if self._folder is None:
            return None
        file = self._file(key)
        try:
            found = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # none, or cut
            return None
        with suppress(OSError):  # somebody who may only read
            os.utime(file)
        return found if found.ndim == 1 and found.dtype == np.float64 else None

    def put(self, key: str, numbers: Floats) -> None:
        """Keep numbers, where this shelf is filled; the file is whole or not there."""
        if self._folder is None or not self._is_filling:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = self._folder / f"{secrets.token_hex(8)}.tmp"
        with aside.open("wb") as out:
            np.save(out, np.asarray(numbers, dtype=np.float64), allow_pickle=False)
        aside.replace(self._file(key))
        self._tidy()

    def _file(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{VERSION}-{key}.npy"

    def _tidy(self) -> None:
        assert self._folder is not None
        known = []
        for file in self._folder.iterdir():
            with suppress(OSError):  # gone meanwhile
                known.append((file.stat().st_mtime, file))
        for _at, file in sorted(known)[: max(len(known) - MOST, 0)]:
            file.unlink(missing_ok=True)


def shelf_of(engine: Engine, dataset: Dataset) -> Shelf:
    """The shelf of a model; it is filled while an engine goes round."""
    home = engine.summaries.folder
    folder = None if home is None else model_folder(home, dataset.model) / FOLDER
    return Shelf(folder, is_filling=engine.is_remembering)
