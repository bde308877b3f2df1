"""A sheet answers for the parts that are there as they were, each once; everything else is scanned."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Part
from analytics.summaries.store import (
    MIN_ROWS,
    Sheet,
    Summaries,
    describe,
    folder_of,
    group_parts,
    take,
    tell,
)

T0 = datetime(2024, 1, 1)


def part(i: int, n_rows: int = MIN_ROWS) -> Part:
    return Part(f"x/date=2024-01-01/{i}.parquet", n_rows, f"f{i}", T0, T0)


def sheet(file: Path, *groups: list[Part]) -> Sheet:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"PAR1")
    told = tuple(tuple(map(tell, group)) for group in groups)
    found = Sheet(file, "numbers", "k", 4, ("x",), told, (("day",),) * len(told))
    file.with_suffix(".json").write_text(describe(found))
    return found


def test_a_sheet_is_found_as_it_was_described(tmp_path: Path) -> None:
    summaries = Summaries(tmp_path)
    folder = folder_of(tmp_path, "a model", "production")
    assert summaries.sheets("a model", "production", "numbers", "k") == []
    made = sheet(folder / "a.parquet", [part(1)], [part(2), part(3)])
    assert summaries.sheets("a model", "production", "numbers", "k") == [made]
    assert summaries.sheets("a model", "production", "numbers", "other") == []
    assert summaries.sheets("another", "production", "numbers", "k") == []
    assert Summaries().sheets("a model", "production", "numbers", "k") == []
    (folder / "b.parquet").write_bytes(b"PAR1")
    (folder / "b.json").write_text('{"kind": "numbers"')  # half a line
    assert summaries.sheets("a model", "production", "numbers", "k") == [made]


def test_each_part_is_taken_once_and_only_while_its_group_is_whole(tmp_path: Path) -> None:
    one, two, three, four = (part(i) for i in range(1, 5))
    both = sheet(tmp_path / "a.parquet", [one, two], [three])
    again = sheet(tmp_path / "b.parquet", [two], [three], [four])
    taken = take([both, again], [one, two, three, four], [one, two, three, four])
    assert [(p.sheet.file.name, [i for i, _ in p.groups]) for p in taken.pieces] == [
        ("a.parquet", [0, 1]),
        ("b.parquet", [2]),
    ]
    assert taken.lacking == ()
    taken = take([both, again], [two, three], [two, three])  # one is gone: its group counts no more
    assert [[i for i, _ in p.groups] for p in taken.pieces] == [[1], [0]]
    changed = replace(three, fingerprint="other")
    assert take([both, again], [one, two, changed], [changed]).lacking == (changed,)
    attached = replace(four, mapping=())
    assert take([again], [attached], [attached]).lacking == (attached,)
    both.file.unlink()
    assert take([both], [one, two, three], [three]).lacking == (three,)


@given(st.lists(st.integers(0, 2 * MIN_ROWS), max_size=12))
def test_groups_hold_every_part_at_most_once_and_are_worth_a_summary(sizes: list[int]) -> None:
    parts = [part(i, n) for i, n in enumerate(sizes)]
    groups = group_parts(parts)
    held = [p for group in groups for p in group]
    assert len(set(held)) == len(held) and set(held) <= set(parts)
    assert all(sum(p.n_rows for p in group) >= MIN_ROWS for group in groups)
    assert sum(p.n_rows for p in set(parts) - set(held)) < MIN_ROWS


def test_what_was_least_used_goes_first() -> None:
    held = Summaries(max_bytes=10)
    made: list[str] = []

    def ask(name: str) -> str:
        def make() -> tuple[int, str]:
            made.append(name)
            return 4, name

        return str(held.hold(name, make))

    for name in ("a", "b", "a", "c", "a", "b"):
        assert ask(name) == name
    assert made == ["a", "b", "c", "b"] and held.n_bytes == 8
