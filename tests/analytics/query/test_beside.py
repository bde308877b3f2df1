"""Labels kept beside the rows answer as labels joined by id do, and nothing outlives its reason."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.core import Cut, Dataset, Log, Mix, Part, Scope, Window
from analytics.query import beside
from analytics.query.aligned import Rows, aligned_sql, describe, folder_of
from analytics.query.engine import Cancel, Engine
from analytics.query.frame import frame
from analytics.query.groups import count_groups, label_delay
from analytics.query.performance import confusions, scores
from analytics.query.segment import parse_segment

T0 = datetime(2024, 1, 1)
N = 40
Row = dict[str, Any]


@pytest.fixture(scope="module")
def joins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that keeps nothing: every question joins by id."""
    engine = Engine([tmp_path_factory.getbasetemp().parent], beside=beside.Beside(0))
    yield engine
    engine.close()


@pytest.fixture
def keeps(tmp_path: Path) -> Iterator[Engine]:
    """An engine that keeps labels beside the rows."""
    engine = Engine([tmp_path], threads=3)
    yield engine
    engine.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Engine]:
    """An engine that keeps nothing, and reads the files that it finds."""
    engine = Engine([tmp_path], threads=3, beside=beside.Beside(0, tmp_path / "beside"))
    yield engine
    engine.close()


def write_file(engine: Engine, rows: Rows, parts: Sequence[Part], name: str) -> Path:
    """The labels of some parts as a file that counts."""
    assert engine.beside.folder is not None
    folder = folder_of(engine.beside.folder, rows)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{rows.key}-{name}.parquet"
    n = sum(part.n_rows for part in parts)
    for is_known_once in (True, False):
        sql = aligned_sql(rows, parts, is_known_once=is_known_once)
        if engine.rows(f"COPY ({sql}) TO '{file}' (FORMAT parquet)") == [(n,)]:
            break
    file.with_suffix(".json").write_text(describe(rows, parts, file.stat().st_size))
    return file


def predictions(seed: int = 0, n: int = N) -> list[Row]:
    chance = random.Random(seed)
    return [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "timestamp": T0 + timedelta(hours=6 * i),
            "model_version": chance.choice(["v1", "v2", None]),
            "prediction": chance.choice(["0", "1", None]),
            "score": chance.choice([None, float("nan"), 0.2, 0.5, -0.0, 0.0, chance.random()]),
            "distance": chance.choice([None, 1.0, 2.0, 3.0]),
            "origin": chance.choice([None, "JFK", "L'GA"]),
        }
        for i in range(n)
    ]


label_rows = st.lists(
    st.builds(
        lambda i, value, hours, source, queue, p: {
            "prediction_id": f"p{i}",
            "label": value,
            "known_at": None if hours is None else T0 + timedelta(hours=hours),
            "source": source,
            "queue": queue,
            "sampling_p": p if queue else None,
        },
        st.integers(0, N + 5),
        st.sampled_from(["0", "1", "1", None]),
        st.one_of(st.none(), st.integers(0, 400)),
        st.sampled_from(["outcome", "annotator", "feedback"]),
        st.sampled_from([None, None, "random", "hard"]),
        st.sampled_from([None, 0.25, 0.5, 0.0]),
    ),
    min_size=10,
    max_size=60,
)
moments = st.one_of(st.none(), st.integers(0, 12).map(lambda d: T0 + timedelta(days=d, hours=3)))
scopes = st.builds(
    lambda start, end, rows, version, text, as_of, every, by_version: Scope(
        window=Window(start, end) if rows is None else Window(None, None, *rows),
        version=version,
        segment=text,
        as_of=as_of,
        every=every,
        by_version=by_version,
    ),
    moments,
    moments,
    st.sampled_from([None, None, None, (3, 29)]),
    st.sampled_from([None, None, "v1"]),
    st.sampled_from([None, "origin = 'JFK'", "distance > 1", "label = '1'", "origin is null"]),
    st.sampled_from([None, None, None, T0 + timedelta(days=6)]),
    st.sampled_from([None, "day", "week", 7]),
    st.booleans(),
)


def everything(engine: Engine, dataset: Dataset, scope: Scope) -> list[Any]:
    """All that performance asks of the labels, as plain values; weights to 12 digits."""
    matrices, by_score = confusions(engine, dataset, scope), scores(engine, dataset, scope)
    rows = frame(dataset, scope, with_labels=True, with_corrections=True, engine=engine)
    all_rows = []
    if rows is not None:
        text = "SELECT row, label, known_at, _weight, _period, _version FROM rows ORDER BY row"
        all_rows = engine.rows(rows.select(text), rows.values)
    return [
        count_groups(engine, dataset, scope, now=T0 + timedelta(days=9)),
        label_delay(engine, dataset, scope),
        {k: (m.classes, np.round(m.counts, 12).tolist(), m.n) for k, m in matrices.items()},
        {k: round(m.sum_w2, 9) for k, m in matrices.items()},
        {
            k: (s.score.tolist(), np.round([s.positives, s.negatives], 12).tolist(), s.n)
            for k, s in by_score.items()
        },
        {k: (round(s.sum_w2, 9), s.n_invalid) for k, s in by_score.items()},
        all_rows,
    ]


def asked(scope: Scope, dataset: Dataset) -> Scope:
    text = scope.segment
    return replace(scope, segment=parse_segment(str(text), dataset.schema) if text else None)


@pytest.mark.parametrize("is_branched", [False, True])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label_rows, st.lists(scopes, min_size=2, max_size=3), st.integers(0, 99))
def test_read_by_position_is_the_same_as_joined_by_id(
    build: Callable[..., Dataset],
    keeps: Engine,
    joins: Engine,
    is_branched: bool,
    labels: list[Row],
    questions: list[Scope],
    seed: int,
) -> None:
    rows, chance = predictions(seed), random.Random(seed)
    if seed % 2:  # else the parts follow one another, and a window touches some of them
        chance.shuffle(rows)
    cuts = sorted(chance.sample(range(1, N), 3))
    parts = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, N], strict=True)]
    dataset = build(parts, [labels[::2], labels[1::2]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beside, "BRANCH_ROWS", 5 if is_branched else beside.BRANCH_ROWS)
        for scope in questions:
            question = asked(scope, dataset)
            expected = everything(joins, dataset, question)
            assert everything(keeps, dataset, question) == expected
            assert everything(keeps, dataset, question) == expected


@pytest.mark.parametrize("is_branched", [False, True])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label_rows, st.lists(scopes, min_size=2, max_size=3), st.integers(0, 99))
def test_read_from_files_is_the_same_as_joined_by_id(
    build: Callable[..., Dataset],
    files: Engine,
    joins: Engine,
    is_branched: bool,
    labels: list[Row],
    questions: list[Scope],
    seed: int,
) -> None:
    rows, chance = predictions(seed), random.Random(seed)
    cuts = sorted(chance.sample(range(1, N), 3))
    parts = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, N], strict=True)]
    dataset = build(parts, [labels[::2], labels[1::2]])
    there = dataset.log("predictions").parts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beside, "BRANCH_ROWS", 5 if is_branched else beside.BRANCH_ROWS)
        for with_corrections in (False, True):  # two files, the rows of one not in their order
            mine = Rows(dataset, "production", with_corrections)
            write_file(files, mine, [there[2], there[0]], "a")
            write_file(files, mine, [there[1], there[3]], "b")
        for scope in questions:
            question = asked(scope, dataset)
            assert everything(files, dataset, question) == everything(joins, dataset, question)
    assert files.beside.n_built == 0


def label(i: int, value: str) -> Row:
    return {"prediction_id": f"p{i}", "label": value}


def two_parts(build: Callable[..., Dataset]) -> Dataset:
    rows = predictions()
    return build([rows[:25], rows[25:]], [[label(i, "1") for i in range(N)]])


def labelled(engine: Engine, dataset: Dataset, scope: Scope = Scope()) -> int:  # noqa: B008
    return sum(group.n_labelled for group in count_groups(engine, dataset, scope))


def n_tables(engine: Engine) -> int:
    return int(
        engine.rows("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'kept'")[0][0]
    )


def joined(dataset: Dataset, engine: Engine, scope: Scope = Scope()) -> bool:  # noqa: B008
    rows = frame(dataset, scope, with_labels=True, engine=engine)
    assert rows is not None
    return "JOIN settled" in rows.sql


def test_a_new_label_replaces_what_was_kept(build: Callable[..., Dataset], keeps: Engine) -> None:
    rows = predictions()
    before = build([rows], [[label(1, "1")]])
    assert labelled(keeps, before) == 1
    more = build([], [[label(2, "0")]]).log("labels")
    log = before.log("labels")
    both = Log("labels", (*log.parts, *more.parts), log.columns)
    after = replace(before, logs={**before.logs, ("production", "labels"): both})
    assert labelled(keeps, after) == 2
    assert keeps.beside.n_rows == N
    assert n_tables(keeps) == 1


def test_a_file_counts_while_it_is_whole_and_its_labels_are_as_they_were(
    build: Callable[..., Dataset], files: Engine
) -> None:
    dataset = two_parts(build)
    rows = Rows(dataset, "production")
    file = write_file(files, rows, rows.predictions.parts, "a")
    assert not joined(dataset, files)
    assert joined(replace(dataset, label_precedence=()), files)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert joined(dataset, files)
    file.write_bytes(whole)
    assert not joined(dataset, files)
    file.with_suffix(".json").write_text("{")
    assert not joined(dataset, files)  # a table that is known is not looked up again
    other = Engine([file.parents[3]], beside=beside.Beside(0, files.beside.folder))
    assert joined(dataset, other)
    assert labelled(other, dataset) == N
    other.close()


def test_a_part_that_is_gone_leaves_the_rest_of_a_file(
    build: Callable[..., Dataset], files: Engine
) -> None:
    dataset = two_parts(build)
    rows = Rows(dataset, "production")
    write_file(files, rows, rows.predictions.parts, "a")
    for part in rows.predictions.parts:
        left = replace(rows.predictions, parts=(part,))
        after = replace(dataset, logs={**dataset.logs, ("production", "predictions"): left})
        assert not joined(after, files)
        assert labelled(files, after) == part.n_rows


def test_other_precedence_replaces_what_was_kept(
    build: Callable[..., Dataset], keeps: Engine
) -> None:
    said = [{**label(1, "1"), "source": "outcome"}, {**label(1, "0"), "source": "feedback"}]
    dataset = build([[{**row, "prediction": "1"} for row in predictions()]], [said])
    first = confusions(keeps, dataset, Scope())[(None, None)]
    other = replace(dataset, label_precedence=("feedback", "outcome"))
    second = confusions(keeps, other, Scope())[(None, None)]
    assert first.counts.tolist() == [[0, 0], [0, 1]]
    assert second.counts.tolist() == [[0, 1], [0, 0]]


def test_a_part_that_is_gone_leaves_no_row(build: Callable[..., Dataset], keeps: Engine) -> None:
    dataset = two_parts(build)
    assert labelled(keeps, dataset) == N
    log = dataset.log("predictions")
    erased = build([predictions()[:24]]).log("predictions").parts  # one person's row taken out
    left = replace(log, parts=(log.parts[1], *erased))
    after = replace(dataset, logs={**dataset.logs, ("production", "predictions"): left})
    assert labelled(keeps, after) == N - 1
    assert keeps.beside.n_rows == N - 1
    assert n_tables(keeps) == 1


def test_what_is_kept_holds_no_id(build: Callable[..., Dataset], keeps: Engine) -> None:
    labelled(keeps, two_parts(build))
    names = keeps.rows(
        "SELECT DISTINCT column_name FROM duckdb_columns() WHERE database_name = 'kept'"
    )
    assert sorted(names) == [("_at",), ("_label",)]


def test_a_window_keeps_only_the_parts_that_it_touches(
    build: Callable[..., Dataset], keeps: Engine
) -> None:
    dataset = two_parts(build)
    scope = Scope(window=Window(T0 + timedelta(days=8)))
    assert labelled(keeps, dataset, scope) == 8
    assert keeps.beside.n_rows == 15
    assert labelled(keeps, dataset) == N
    assert keeps.beside.n_rows == N
    assert n_tables(keeps) == 2


def test_too_many_rows_are_joined(build: Callable[..., Dataset], tmp_path: Path) -> None:
    engine = Engine([tmp_path], beside=beside.Beside(N - 1))
    dataset = two_parts(build)
    assert joined(dataset, engine)
    assert labelled(engine, dataset) == N
    assert engine.beside.n_rows == 0
    engine.close()


def test_the_least_used_log_makes_room(build: Callable[..., Dataset], tmp_path: Path) -> None:
    engine = Engine([tmp_path], beside=beside.Beside(2 * N))
    models = [replace(two_parts(build), model=name) for name in "abc"]
    for dataset in (models[0], models[1], models[0], models[2]):
        assert labelled(engine, dataset) == N
    assert engine.beside.n_rows == 2 * N
    held = n_tables(engine)
    assert labelled(engine, models[0]) == N
    assert n_tables(engine) == held == 2
    engine.close()


def test_many_small_pieces_become_one(
    build: Callable[..., Dataset], keeps: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "MAX_TABLES", 2)
    rows = predictions()
    dataset = build([rows[i : i + 8] for i in range(0, N, 8)], [[label(i, "1") for i in range(N)]])
    for days in (9, 7, 5, 3, 0):
        labelled(keeps, dataset, Scope(window=Window(T0 + timedelta(days=days))))
    assert keeps.beside.n_rows == N
    assert n_tables(keeps) <= 2


def test_a_file_of_another_length_than_the_manifest_says_is_joined(
    build: Callable[..., Dataset], keeps: Engine
) -> None:
    dataset = two_parts(build)
    log = dataset.log("predictions")
    wrong = replace(log, parts=(replace(log.parts[0], n_rows=20), log.parts[1]))
    dataset = replace(dataset, logs={**dataset.logs, ("production", "predictions"): wrong})
    assert labelled(keeps, dataset) == N
    assert joined(dataset, keeps)


@pytest.mark.parametrize("part", ["as of", "attached"])
def test_moments_and_attached_files_are_joined(
    build: Callable[..., Dataset], keeps: Engine, part: str
) -> None:
    dataset, scope = two_parts(build), Scope()
    if part == "as of":
        scope = Scope(as_of=T0 + timedelta(days=3))
    else:
        log = dataset.log("predictions")
        names = [name for name in log.columns if name != "date"]
        mapping = tuple((name, name, "keep") for name in names)
        parts: tuple[Part, ...] = tuple(replace(p, mapping=mapping) for p in log.parts)
        attached = replace(log, parts=parts)
        dataset = replace(dataset, logs={**dataset.logs, ("production", "predictions"): attached})
    assert joined(dataset, keeps, scope)
    assert labelled(keeps, dataset, scope) == (13 if part == "as of" else N)


def test_while_labels_are_put_beside_rows_others_join(
    build: Callable[..., Dataset], keeps: Engine
) -> None:
    dataset = two_parts(build)
    with keeps.beside._filling:
        assert joined(dataset, keeps)
        assert labelled(keeps, dataset) == N
    assert not joined(dataset, keeps)


def test_a_frame_keeps_its_table_until_it_goes(
    build: Callable[..., Dataset], keeps: Engine
) -> None:
    dataset = two_parts(build)
    rows = frame(dataset, Scope(), with_labels=True, engine=keeps)
    assert rows is not None
    assert labelled(keeps, replace(dataset, label_precedence=())) == N
    assert n_tables(keeps) == 2
    assert keeps.rows(rows.select("SELECT count(label) FROM rows")) == [(N,)]
    del rows
    assert n_tables(keeps) == 1


def test_a_cancelled_question_keeps_nothing(build: Callable[..., Dataset], keeps: Engine) -> None:
    cancel = Cancel()
    cancel.press()
    with pytest.raises(RuntimeError, match="cancelled"):
        labelled(keeps.under(cancel), two_parts(build))
    assert n_tables(keeps) == 0
    assert labelled(keeps, two_parts(build)) == N


def test_weights_of_a_mix_are_the_same(
    build: Callable[..., Dataset], keeps: Engine, joins: Engine
) -> None:
    dataset = two_parts(build)
    mix = Mix((Cut("origin", levels=("JFK", "L'GA")),), ("JFK", "L'GA"), (2.0, 0.5))
    found = [everything(e, dataset, Scope(mix=mix)) for e in (keeps, joins)]
    assert found[0] == found[1]
    assert found[0][0][0].n_labelled > 0


def test_threads_with_other_labels_do_not_disturb_each_other(
    build: Callable[..., Dataset], keeps: Engine
) -> None:
    rows = predictions()
    parts = build([rows]).log("predictions")
    datasets = []
    for n in (5, 20, 33):  # three states of one log, each throwing out what another keeps
        given = build([rows], [[label(i, "1") for i in range(n)]])
        datasets.append(replace(given, logs={**given.logs, ("production", "predictions"): parts}))

    def ask(turn: int) -> tuple[int, int]:
        return (5, 20, 33)[turn % 3], labelled(keeps, datasets[turn % 3])

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(24)))
    assert [found for _expected, found in answers] == [expected for expected, _found in answers]
    assert n_tables(keeps) <= 1


def test_labels_have_one_name_however_their_parts_are_held(build: Callable[..., Dataset]) -> None:
    dataset = build([], [[label(1, "1")], [label(2, "0")]])
    labels = dataset.log("labels")

    def name(parts: Sequence[Part], **other: Any) -> str:
        held = replace(labels, parts=tuple(replace(part) for part in parts))
        logs = {**dataset.logs, ("production", "labels"): held}
        return Rows(replace(dataset, logs=logs, **other), "production").key

    once = name(labels.parts)
    assert {name(labels.parts) for _ in range(100)} == {once}
    home = str(Path(labels.parts[0].path).parents[1])
    moved = [replace(part, path=part.path.replace(home, "/elsewhere")) for part in labels.parts]
    assert name(moved) == once
    changed = [replace(part, fingerprint="another") for part in labels.parts]
    others = [name(changed), name(labels.parts[:-1]), name(labels.parts, label_precedence=("x",))]
    assert len({once, *others}) == 4
