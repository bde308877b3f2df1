"""Counts by cell beside plain loops over rows."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Cut
from analytics.query.coded import code_names
from analytics.slices.counting import CodedRows, Counting, Rows, covered, distinct
from analytics.slices.weak import Cell, Slice

CUTS = (
    Cut("x", (1.0, 2.0, 3.0), fine=(1.0, 1.5, 2.0, 2.5, 3.0), split=2.5),
    Cut("k", levels=("a", "b")),
    Cut("z", (0.0,), fine=(0.0,), split=0.0),
)
SIDES = (1, 2, 2.5, 3)
TRUTH = {
    (0, "0"): lambda x, k, z: x <= 1,
    (0, "1"): lambda x, k, z: 1 < x <= 2,
    (0, "2"): lambda x, k, z: 2 < x <= 3,
    (0, "3"): lambda x, k, z: x > 3,
    **{(0, f"\x1dbelow{i}"): lambda x, k, z, i=i: x <= SIDES[i] for i in (1, 2, 3)},
    **{(0, f"\x1dabove{i}"): lambda x, k, z, i=i: x > SIDES[i] for i in (0, 1, 2)},
    (1, "a"): lambda x, k, z: k == "a",
    (1, "b"): lambda x, k, z: k == "b",
    (1, "\x1dother"): lambda x, k, z: k == "c",
    (2, "0"): lambda x, k, z: z <= 0,
    (2, "1"): lambda x, k, z: z > 0,
}  # fmt: skip


@given(st.integers(2, 12), st.integers(0, 10_000), st.integers(2, 12))
def test_pairs_are_in_the_sets_that_hold_them(n: int, seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [pair for pair in combinations(range(n), 2) if rng.random() < 0.8]
    found = covered(pairs, lambda columns: max(columns) < width)
    assert found.keys() <= set(pairs)
    for pair, three in found.items():
        assert len(three) == 3
        assert set(pair) < set(three)
        assert max(three) < width
    held = Counter(found.values())
    assert all(1 <= count <= 3 for count in held.values())


def test_nine_columns_take_less_than_half_as_many_sets_as_they_have_pairs() -> None:
    pairs = list(combinations(range(9), 2))
    found = covered(pairs, lambda _columns: True)
    left = [pair for pair in pairs if pair not in found]
    assert 12 <= len(set(found.values())) + len(left) < 18


def coded(seed: int, n: int, *, binary: bool) -> tuple[CodedRows, list[tuple[float, str, float]]]:
    rng = np.random.default_rng(seed)
    rows = [
        (
            float(rng.integers(0, 9)) / 2,
            str(rng.choice(["a", "b", "c"])),
            float(rng.integers(-2, 3)),
        )
        for _ in range(n)
    ]
    loss = rng.integers(0, 2, n).astype(float) if binary else rng.normal(size=n) ** 2
    codes = (
        np.array([sum(x > e for e in (1, 1.5, 2, 2.5, 3)) for x, _k, _z in rows], dtype=np.uint8),
        np.array(["abc".index(k) for _x, k, _z in rows], dtype=np.uint8),
        np.array([int(z > 0) for _x, _k, z in rows], dtype=np.uint8),
    )
    return CodedRows(loss, codes, tuple(code_names(cut) for cut in CUTS)), rows


@given(st.integers(0, 10_000), st.integers(1, 60), st.booleans(), st.booleans())
def test_cells_are_those_of_plain_loops(seed: int, n: int, binary: bool, is_prepared: bool) -> None:
    rows, plain = coded(seed, n, binary=binary)
    asked = [(), *((i,) for i in range(3)), *combinations(range(3), 2), (0, 1, 2)]
    counting = Counting(rows)
    if is_prepared:
        counting.prepare(asked)
    found = counting(asked)
    assert found[()].n == n
    seen = 0
    for key, cell in found.items():
        inside = [all(TRUTH[item](*row) for item in key) for row in plain]
        assert cell.n == sum(inside)
        assert np.isclose(cell.loss, rows.loss[inside].sum())
        assert cell.most >= (rows.loss[inside].max() if cell.loss > 0 else 0)
        assert Rows(rows).inside(key).tolist() == inside
        seen += 1
    wanted = [
        key
        for size in (1, 2, 3)
        for key in combinations(TRUTH, size)
        if len({i for i, _code in key}) == size
        and any(all(TRUTH[item](*row) for item in key) for row in plain)
    ]
    assert seen == len(wanted) + 1


def test_cells_with_too_few_rows_are_left_out_and_losses_below_zero_are_lifted() -> None:
    rows, _plain = coded(5, 40, binary=False)
    low = CodedRows(rows.loss - 3, rows.codes, rows.names)
    found = Counting(low, least=8)([(), (0,), (0, 1)])
    assert found and all(cell.n >= 8 for cell in found.values())
    assert all(cell.loss >= 0 for cell in found.values())


def planted(loss_of: object) -> CodedRows:
    """Two columns of four levels each over 8,000 rows, with losses by their codes."""
    rng = np.random.default_rng(9)
    a, b = (rng.integers(0, 4, 8_000).astype(np.uint8) for _ in range(2))
    names = {code: (str(code),) for code in range(4)} | {0: ("0", "low"), 1: ("1", "low")}
    chance = np.vectorize(loss_of)(a, b)
    return CodedRows((rng.random(8_000) < chance).astype(float), (a, b), (names, names))


def named(rows: CodedRows, *keys: object) -> list[object]:
    found = [Slice(key, 1.0, Cell(1, 1.0, 1.0)) for key in keys]  # type: ignore[arg-type]
    return [one.key for one in distinct(rows, found)]


def test_a_condition_that_adds_nothing_goes() -> None:
    rows = planted(lambda a, b: 0.5 if a == 0 else 0.1)
    assert named(rows, ((0, "0"), (1, "2"))) == [((0, "0"),)]
    both = planted(lambda a, b: 0.5 if a == 0 and b == 2 else 0.1)
    assert named(both, ((0, "0"), (1, "2"))) == [((0, "0"), (1, "2"))]


def test_what_is_weak_only_for_a_better_slice_goes() -> None:
    rows = planted(lambda a, b: 0.5 if a == 0 else 0.1)
    assert named(rows, ((0, "0"),), ((0, "low"),), ((1, "3"),)) == [((0, "0"),)]
    two = planted(lambda a, b: 0.5 if a == 0 else 0.4 if b == 3 else 0.1)
    assert named(two, ((0, "0"),), ((1, "3"),)) == [((0, "0"),), ((1, "3"),)]


def test_a_much_worse_part_of_a_better_slice_stays() -> None:
    rows = planted(lambda a, b: (0.9 if b == 1 else 0.5) if a == 0 else 0.1)
    part = ((0, "0"), (1, "1"))
    assert set(named(rows, ((0, "0"),), part)) == {((0, "0"),), part}
