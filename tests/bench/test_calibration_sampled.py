"""The run over tests on sampled rows at reduced size: it resumes and stays calm."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import calibration_sampled as sampled


def test_texts_and_vectors_stay_calm_and_finished_cells_are_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = tuple(t for t in sampled.sampled_tests() if t.name in ("text_length", "cosine_shift"))
    monkeypatch.setattr(sampled, "sampled_tests", lambda: quick)
    path = tmp_path / "results.jsonl"
    rows = sampled.run(40, [(200, 400)], path)
    assert [row["test"] for row in rows] == [t.name for t in quick]
    # 40 runs cannot hold 6 %; at 4 % a count above 7 has a chance below 1 in 10,000
    assert max(row["flagged"] for row in rows) <= 7
    monkeypatch.setattr(sampled, "simulate", lambda *_: pytest.fail("ran a finished cell"))
    assert sampled.run(40, [(200, 400)], path) == rows


def test_every_kind_of_sampled_test_is_drawn() -> None:
    kinds = {t.needs for t in sampled.sampled_tests()}
    assert kinds == {sampled.Sample, sampled.TextPair, sampled.VectorPair}


def test_columns_together_are_drawn_at_more_sizes_and_slow_cells_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sampled, "simulate", lambda test, n, _m, runs: {"key": test.name, "n": n, "runs": runs}
    )
    rows = sampled.run(1000, [*sampled.SIZES, *sampled.TOGETHER], tmp_path / "results.jsonl")
    found = {(row["key"], row["n"]): row["runs"] for row in rows}
    assert {n for name, n in found if name == "text_length"} == {200, 1000}
    sizes = (200, 500, 1000, 5000)
    assert [found["pca_reconstruction", n] for n in sizes] == [1000] * 4
    assert [found["domain_classifier_auc", n] for n in sizes] == [1000, 1000, 400, 100]


def test_a_cell_over_the_limit_fails_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = {"key": "mmd/200/1000", "test": "mmd", "n": 200, "m": 1000, "runs": 1000, "evident": 90}
    page = tmp_path / "page.md"
    for flagged, code in ((50, 1), (40, 0)):
        monkeypatch.setattr(sampled, "run", lambda *_, f=flagged: [cell | {"flagged": f}])
        assert sampled.main(["--page", str(page)]) == code
        assert f"| mmd | 200 | 1,000 | 1,000 | {flagged / 1000:.1%} (" in page.read_text()
