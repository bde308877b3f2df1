"""What was learned of rows is found again as it was, or not at all; never more than so many files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from analytics.summaries import shelf as shelf_file
from analytics.summaries.shelf import Shelf


def test_numbers_come_back_to_the_last_bit_in_another_process(tmp_path: Path) -> None:
    numbers = np.array([0.1 + 0.2, np.nextafter(1.0, 2.0), 1e-300, -7.0])
    Shelf(tmp_path / "m", is_filling=True).put("k", numbers)
    found = Shelf(tmp_path / "m", is_filling=False).get("k")
    assert found is not None and found.tobytes() == numbers.tobytes()
    assert Shelf(tmp_path / "m", is_filling=True).get("another") is None


def test_who_only_reads_puts_nothing_there(tmp_path: Path) -> None:
    Shelf(tmp_path / "m", is_filling=False).put("k", np.ones(3))
    assert not (tmp_path / "m").exists()
    nowhere = Shelf(None, is_filling=True)
    nowhere.put("k", np.ones(3))
    assert nowhere.get("k") is None


def test_a_file_that_is_cut_or_holds_objects_counts_as_none(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, is_filling=True)
    shelf.put("k", np.ones(100))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for n in (0, 5, 60, len(whole) - 1):
        file.write_bytes(whole[:n])
        assert shelf.get("k") is None, n
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert shelf.get("k") is None
    np.save(file, np.ones((2, 2)))
    assert shelf.get("k") is None
    file.write_bytes(whole)
    assert shelf.get("k") is not None


def test_what_was_used_longest_ago_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_file, "MOST", 3)
    shelf = Shelf(tmp_path, is_filling=True)
    for i, name in enumerate("abc"):
        shelf.put(name, np.full(2, i))
        (file,) = tmp_path.glob(f"*-{name}.npy")
        os.utime(file, (i, i))
    assert shelf.get("a") is not None  # used again
    shelf.put("d", np.zeros(2))
    assert sorted(f.stem.split("-")[1] for f in tmp_path.iterdir()) == ["a", "c", "d"]
