"""Every kind of file works, or says what, why and what to do, and leaves nothing behind."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.core import Scope
from analytics.errors import (
    FileUnreadable,
    LogEmpty,
    QueryCancelled,
    RoleAmbiguous,
    TelltaleError,
    UsageError,
)
from analytics.query.engine import Cancel, Engine
from analytics.query.explore import Listing, page_rows
from app.ingest.plan import plan_import
from app.ingest.run import run_import, sweep
from app.ingest.words import ImportOptions, ImportReport, Place
from app.state.logs import list_imports, load_dataset

Import = Callable[..., ImportReport]
ROWS = "id,timestamp,score,prediction,label,origin\n" + "".join(
    f"{i},2024-01-{1 + i % 28:02d} 10:00:00,0.{i % 10},{int(i % 10 >= 5)},{i % 2},{'JFK' if i % 3 else 'LGA'}\n"
    for i in range(60)
)


def stored(place: Place, columns: str = "*", kind: str = "predictions") -> list[tuple[Any, ...]]:
    """The rows as they stand in the parts."""
    from analytics.sources.relation import relation

    log = load_dataset(place.database, "m", place.home).log(kind)  # type: ignore[arg-type]
    return duckdb.sql(f"SELECT {columns} FROM {relation(log)} ORDER BY row").fetchall()


def leftovers(place: Place) -> list[Path]:
    """Files of logs and of unfinished imports."""
    found = [*(place.home / "logs").rglob("*"), *(place.home / "tmp").rglob("*")]
    return [p for p in found if p.is_file()]


def test_csv_with_labels_in_the_same_file(place: Place, bring: Import) -> None:
    report = bring(ROWS)
    assert (report.n_taken, report.n_labels, report.n_aside, report.task) == (60, 60, 0, "binary")
    dataset = load_dataset(place.database, "m", place.home)
    assert dataset.schema.positive == "1"
    assert {c.name for c in dataset.schema.features} == {"origin"}
    page = page_rows(Engine([place.home]), dataset, Scope())
    assert page.n == 60
    assert {row[-1] for row in page.rows} == {"0", "1"}


def test_the_same_file_again_adds_nothing(place: Place, bring: Import) -> None:
    bring(ROWS)
    fingerprint = load_dataset(place.database, "m", place.home).fingerprint
    again = bring(ROWS)
    assert (again.n_taken, again.n_duplicates, again.n_labels, again.n_label_duplicates) == (
        0,
        60,
        0,
        60,
    )
    assert load_dataset(place.database, "m", place.home).fingerprint == fingerprint


def test_gzip_and_semicolons(place: Place, bring: Import, tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(ROWS.replace(",", ";").encode()))
    assert bring(path).n_taken == 60


def test_json_lines_nested_and_with_broken_lines(place: Place, bring: Import) -> None:
    lines = [
        f'{{"id": "a{i}", "prediction": {i % 2}, "in": {{"x": {i}, "deep": {{"grade": "k{i % 3}"}}}}}}'
        for i in range(40)
    ]
    report = bring("\n".join([*lines, "no json", "[1, 2]", '{"id": "cut']) + "\n", "log.jsonl")
    assert report.n_taken == 40
    assert report.aside == {"the line is no JSON object": 3}
    assert stored(place, '"in.x", "in.deep.grade"')[4] == (4.0, "k1")


def test_parquet_structs_and_categories(place: Place, bring: Import, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    duckdb.sql(
        f"COPY (SELECT i AS id, (i % 2)::BOOLEAN AS prediction, {{'x': i, 'tags': [i, i]}} AS payload,"
        f" ['low', 'high'][1 + i % 2]::ENUM('low', 'high') AS grade FROM range(50) r(i)) TO '{path}'"
    )
    assert bring(path).n_taken == 50
    assert stored(place, 'prediction, "payload.x", "payload.tags", grade')[1] == (
        "1",
        1.0,
        "[1,1]",
        "high",
    )


def test_ids_beyond_64_bits_stay_exact(place: Place, bring: Import, tmp_path: Path) -> None:
    big = 2**64 + 12345
    rows = "".join(f"{big + i},{i % 2}\n" for i in range(40))
    bring("id,prediction\n" + rows)
    assert stored(place, "prediction_id")[7] == (str(big + 7),)
    path = tmp_path / "big.parquet"
    duckdb.sql(
        f"COPY (SELECT (18446744073709551000 + i)::UBIGINT AS id, i % 2 AS prediction FROM range(40) r(i)) TO '{path}'"
    )
    bring(path)
    assert ("18446744073709551003",) in stored(place, "prediction_id")


def test_missing_ids_are_made_and_stay_the_same(place: Place, bring: Import) -> None:
    text = "prediction,x\n" + "".join(f"{i % 2},{i}\n" for i in range(40))
    assert any("no id" in what for what in bring(text).lacks)
    assert bring(text).n_duplicates == 40


def test_duplicate_ids_with_another_body_are_set_aside(place: Place, bring: Import) -> None:
    bring(ROWS)
    other = ROWS.replace("\n0,2024-01-01 10:00:00,0.0", "\n0,2024-01-01 10:00:00,0.9")
    report = bring(other)
    assert report.aside == {"the prediction_id is taken by another row": 1}
    assert report.n_duplicates == 59
    assert len(stored(place)) == 60


@pytest.mark.parametrize(
    ("text", "conversion", "hour"),
    [
        ("2024-07-01T10:00:00+02:00", None, 8),
        ("2024-07-01 10:00:00", "America/New_York", 14),
        ("2024-07-01 10:00:00", None, 10),
        ("1719828000", None, 10),
        ("1719828000000", None, 10),
    ],
)
def test_times_become_utc(
    place: Place, bring: Import, text: str, conversion: str | None, hour: int
) -> None:
    rows = "".join(f"a{i},{text},{i % 2}\n" for i in range(30))
    bring("id,timestamp,prediction\n" + rows, timezone=conversion)
    assert stored(place, "hour(timestamp)")[0] == (hour,)


def test_times_that_cannot_be_read_are_set_aside(place: Place, bring: Import) -> None:
    good = "".join(f"a{i},2024-01-01,{i % 2}\n" for i in range(40))
    report = bring("id,timestamp,prediction\n" + good + "b,{%s},1\nc,,0\n")
    assert report.aside == {"the timestamp cannot be read": 1, "the timestamp is missing": 1}
    kept = duckdb.sql(
        f"SELECT raw FROM '{place.home}/aside/*.parquet' WHERE reason LIKE '%cannot%'"
    ).fetchall()
    assert "{%s}" in kept[0][0]


def test_a_few_words_among_numbers_are_set_aside_and_many_make_a_category(
    place: Place, bring: Import
) -> None:
    rows = "".join(f"a{i},{i},{i % 2}\n" for i in range(99))
    report = bring("id,x,prediction\n" + rows + "b,oops,1\n")
    assert report.aside == {"x is not a number": 1}
    mixed = "".join(f"a{i},{i if i % 2 else 'w'},{i % 2}\n" for i in range(99))
    plan = plan_import(
        place, [write(place, "mixed.csv", "id,x,prediction\n" + mixed)], ImportOptions("other")
    )
    assert {c.name: c.type for c in plan.columns}["x"] == "categorical"


def write(place: Place, name: str, text: str) -> Path:
    path = place.home.parent / name
    path.write_text(text)
    return path


def test_missing_words_and_infinities(place: Place, bring: Import) -> None:
    rows = "".join(f"a{i},{i},{i % 2}\n" for i in range(60))
    report = bring("id,x,prediction\n" + rows + "b,NaN,1\nc,,1\nd,inf,0\n")
    assert report.n_taken == 63
    assert stored(place, "x")[-3:] == [(None,), (None,), (float("inf"),)]


def test_a_log_without_times_predictions_or_labels(place: Place, bring: Import) -> None:
    report = bring("x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(50)))
    assert report.task == "none"
    assert any("drift and data quality only" in what for what in report.lacks)
    assert any("periods are cut by rows" in what for what in report.lacks)
    assert stored(place, "x")[10] == (10.0,)


def test_labels_before_predictions_join_whenever_they_come(place: Place, bring: Import) -> None:
    labels = "id,label\n" + "".join(f"{i},{i % 2}\n" for i in range(60))
    report = bring(labels, "labels.csv")
    assert (report.kind, report.n_taken, report.n_labels_unmatched) == ("labels", 60, 60)
    bring("\n".join(line.rsplit(",", 2)[0] for line in ROWS.splitlines()), "predictions.csv")
    page = page_rows(Engine([place.home]), load_dataset(place.database, "m", place.home), Scope())
    assert [row[-1] for row in page.rows].count(None) == 0


def test_a_regression_whose_labels_came_first(place: Place, bring: Import) -> None:
    bring("id,label\n" + "".join(f"{i},{i + 0.5}\n" for i in range(60)), "labels.csv")
    report = bring("id,prediction\n" + "".join(f"{i},{i + 0.25}\n" for i in range(60)), "p.csv")
    assert report.task == "regression"
    dataset = load_dataset(place.database, "m", place.home)
    page = page_rows(Engine([place.home]), dataset, Scope(), Listing(number=100))
    assert sorted(row[-1] for row in page.rows)[:2] == [0.5, 1.5]


BAD: dict[str, tuple[str, type[TelltaleError]]] = {
    "empty.csv": ("", LogEmpty),
    "header.csv": ("id,prediction,label\n", LogEmpty),
    "blank.jsonl": ("\n\n", LogEmpty),
    "nothing.parquet": ("PAR1 was here", FileUnreadable),
    "zeros.csv": ("id\0prediction\n", FileUnreadable),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_files_that_are_no_logs_say_so(place: Place, bring: Import, name: str) -> None:
    text, expected = BAD[name]
    with pytest.raises(expected) as caught:
        bring(text, name)
    assert caught.value.what and caught.value.do
    assert leftovers(place) == []


@pytest.mark.parametrize("name", ["cut.parquet", "cut.csv.gz"])
def test_a_file_cut_in_half_leaves_nothing(
    place: Place, bring: Import, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name.endswith("parquet"):
        duckdb.sql(f"COPY (SELECT i AS id, i % 2 AS prediction FROM range(20000) r(i)) TO '{path}'")
    else:
        path.write_bytes(gzip.compress((ROWS * 200).encode()))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(TelltaleError) as caught:
        bring(path)
    assert caught.value.do
    assert leftovers(place) == []
    assert list_imports(place.database) == []


def test_a_csv_with_broken_lines_keeps_them_aside(place: Place, bring: Import) -> None:
    report = bring(ROWS + 'x,"2024\n' + "1,2,3,4,5,6,7,8,9\n")
    assert report.n_taken == 60
    assert report.n_aside >= 1


def test_what_is_ambiguous_is_asked(place: Place, bring: Import, tmp_path: Path) -> None:
    rows = "".join(f"{i},{i % 2},{int(i % 2 if i % 9 else not i % 2)},{i}\n" for i in range(90))
    with pytest.raises(RoleAmbiguous) as caught:
        bring("id,y_pred,repaid,x\n" + rows)
    assert "--map label=repaid" in caught.value.do
    assert bring("id,y_pred,repaid,x\n" + rows, mapping=(("label", "repaid"),)).n_labels == 90


def test_a_positive_class_without_a_name_is_asked(place: Place, bring: Import) -> None:
    rows = "".join(f"{i},{'good' if i % 2 else 'bad'}\n" for i in range(40))
    with pytest.raises(RoleAmbiguous) as caught:
        bring("id,prediction\n" + rows)
    assert "--positive" in caught.value.do
    bring("id,prediction\n" + rows, positive="bad")
    assert load_dataset(place.database, "m", place.home).schema.positive == "bad"


def test_wrong_options_say_what_was_meant(place: Place, bring: Import) -> None:
    for options, words in [
        ({"mapping": (("label", "nope"),)}, "no column 'nope'"),
        ({"mapping": (("lable", "label"),)}, "no role 'lable'"),
        ({"timezone": "Mars/Base"}, "no time zone"),
        ({"format": "cvs"}, "no format"),
        ({"format": "kserve"}, "No record can be taken"),
    ]:
        with pytest.raises(UsageError, match=words) as caught:
            bring(ROWS, **options)
        assert caught.value.do


def test_cancel_leaves_nothing(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(ROWS)
    plan = plan_import(place, [path], ImportOptions("m"))
    seen: list[float] = []
    cancel = Cancel()

    def stop_half_way(share: float, _message: str) -> None:
        seen.append(share)
        if share >= 0.6:
            cancel.press()

    with pytest.raises(QueryCancelled):
        run_import(place, plan, stop_half_way, cancel)
    assert seen == sorted(seen)
    assert leftovers(place) == []
    assert list_imports(place.database) == []
    assert run_import(place, plan).n_taken == 60


def test_attached_files_are_read_where_they_stand(
    place: Place, bring: Import, tmp_path: Path
) -> None:
    path = tmp_path / "log.parquet"
    duckdb.sql(
        f"COPY (SELECT 'a' || i AS id, i % 2 AS prediction, i % 2 AS label, i AS x FROM range(50) r(i)) TO '{path}'"
    )
    report = bring(path, is_attached=True)
    assert (report.n_taken, report.n_labels) == (50, 50)
    assert not list((place.home / "logs").rglob("*.parquet"))
    assert stored(place, "prediction_id, prediction, x")[3] == ("a3", "1", 3.0)
    first = load_dataset(place.database, "m", place.home)
    duckdb.sql(
        f"COPY (SELECT 'a' || i AS id, i % 2 AS prediction, i % 2 AS label, i AS x FROM range(70) r(i)) TO '{path}'"
    )
    second = load_dataset(place.database, "m", place.home)
    assert second.fingerprint != first.fingerprint
    assert second.log("predictions").n_rows == 70
    with pytest.raises(UsageError, match="Only Parquet"):
        bring(ROWS, is_attached=True)


def test_sweep_takes_orphans_and_leaves_what_counts(place: Place, bring: Import) -> None:
    bring(ROWS)
    orphan = place.home / "logs/m/production/predictions/date=none/dead.parquet"
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"half")
    dead, starting = place.home / "tmp/dead", place.home / "tmp/starting"
    for folder in (dead, starting):
        folder.mkdir(parents=True)
    os.utime(dead, (0, 0))  # a folder made this moment may be getting its lock
    assert orphan in sweep(place.home, place.database)
    assert not dead.exists()
    assert starting.exists()
    assert len(stored(place)) == 60
