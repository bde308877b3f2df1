"""What a round kept of periods is what is worked out anew, and counts only while all it rests on stays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import evaluate
from analytics.core import (
    Column,
    Dataset,
    Every,
    Log,
    Part,
    Question,
    Result,
    Scope,
    Segment,
    Window,
)
from analytics.errors import NameUnknown
from analytics.evaluate.by_period import answer_by_period
from analytics.evaluate.opinions import leading
from analytics.query.engine import Engine
from analytics.query.segment import parse_segment
from analytics.summaries import answers
from analytics.summaries.store import Summaries
from tests.analytics.conftest import SCHEMA as PLAIN

T0 = datetime(2024, 1, 1)  # a Monday
DAY = timedelta(days=1)
A_DAY = 48
ANEW = {"volume", "freshness"}  # asked in every round, without reading a column
REFERENCE = Scope(window=Window(T0, T0 + 7 * DAY))
Rows = list[dict[str, Any]]
Build = Callable[..., Dataset]
SCHEMA = replace(
    PLAIN,
    columns=(
        *PLAIN.columns,
        Column("latency_ms", "latency_ms", "numeric"),
        Column("status", "status", "categorical"),
    ),
)
_PARTS: dict[str, Part] = {}


def day_of(day: int, shift: float = 0.0) -> Rows:
    """The rows of a day: numbers, levels, a score, latency and failures."""
    found = []
    for i in range(day * A_DAY, (day + 1) * A_DAY):
        score = (i * 37 % 100) / 100
        found.append(
            {"row": i, "prediction_id": f"p{i}", "model_version": "v1" if i < 330 else "v2",
             "timestamp": T0 + day * DAY + timedelta(minutes=30 * (i % A_DAY)),
             "prediction": str(int(score > 0.5)), "score": score,
             "distance": None if i % 11 == 0 else float(i * 31 % 50) + shift,
             "origin": "JFK" if i % 3 else "LGA", "latency_ms": 10.0 + i * 7 % 13,
             "status": "error" if i % 29 == 0 else "ok"}
        )  # fmt: skip
    return found


def labels_of(day: int, turned: Sequence[int] = ()) -> Rows:
    """Their labels, some of them ``turned``, which come a moment later and count."""
    return [
        {"prediction_id": f"p{i}", "label": str(int((i * 53 % 100 < i * 37 % 100) != (i in turned))),
         "known_at": T0 + (day + 1) * DAY + timedelta(hours=len(turned)), "source": "outcome"}
        for i in (turned or range(day * A_DAY, (day + 1) * A_DAY))
    ]  # fmt: skip


def make(build: Build, days: Sequence[Rows], labels: Sequence[Rows]) -> Dataset:
    """A dataset whose parts are known by their content, as those that were imported are."""
    logs = {}
    for kind, parts in (("predictions", days), ("labels", labels)):
        found = [_part(build, kind, rows) for rows in parts]
        columns = tuple(parts[0][0]) if parts else ()
        logs["production", kind] = Log(kind, tuple(found), columns)  # type: ignore[arg-type]
    return Dataset("m", SCHEMA, logs, "f")  # type: ignore[arg-type]


def _part(build: Build, kind: str, rows: Rows) -> Part:
    """The part of these rows, written once."""
    content = hashlib.sha256(repr(rows).encode()).hexdigest()
    if content not in _PARTS:
        written = build(**({"predictions": ()} | {kind: [rows]}))
        _PARTS[content] = replace(written.log(kind).parts[0], fingerprint=content)
    return _PARTS[content]


class Asker:
    """Asks as a round does, and notes of which windows answers were worked out."""

    def __init__(self, engine: Engine, kind: str, question: Question) -> None:
        self.engine, self.kind, self.question = engine, kind, question
        self.windows: list[Window] = []

    def work(self, engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
        if not question.names or set(question.names) - ANEW:
            self.windows.append(question.scope.window)
        if self.kind == "live quality":
            return evaluate.quality(engine, dataset, question, now=T0 + 60 * DAY)
        works = {"drift": evaluate.drift, "quality": evaluate.quality, "estimate": leading}
        return works.get(self.kind, evaluate.serving)(engine, dataset, question)

    def ask(self, dataset: Dataset) -> tuple[list[Result], list[Window]]:
        """The answers of a round that was just started, and the windows that were looked at."""
        self.windows = []
        found = answer_by_period(
            self.engine.remembering(), dataset, self.question, self.work, self.kind
        )
        return found, list(self.windows)

    def plain(self, dataset: Dataset) -> list[Result]:
        """The answers of who keeps nothing."""
        return self.work(self.engine, dataset, self.question)


@pytest.fixture
def rounds(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Engine:
    engine = Engine([tmp_path_factory.getbasetemp().parent])
    engine.summaries = Summaries(tmp_path / "summaries")
    return engine


def of(every: Every, **more: Any) -> Question:
    scope = Scope(
        every=every, **{k: more.pop(k) for k in list(more) if k in ("segment", "version")}
    )
    return Question(scope, more.pop("reference", REFERENCE), **more)


@pytest.mark.parametrize(
    "names", [("volume",), ("freshness", "volume"), ("volume", "missing_rate"), ()]
)
@pytest.mark.parametrize("kind", ["quality", "live quality"])
def test_volume_knows_of_rows_that_came_for_an_earlier_day(
    rounds: Engine, build_once: Build, kind: str, names: tuple[str, ...]
) -> None:
    asker = Asker(rounds, kind, of("day", names=names))
    days = [day_of(d) for d in range(8)]
    before, later = (make(build_once, [days[0], *days[n:]], ()) for n in (3, 1))
    first = asker.ask(before)[0]
    assert first == asker.plain(before)
    found = asker.ask(later)[0]
    assert found == asker.plain(later)
    last = [
        [r for r in each if (r.name, r.window.start) == ("volume", T0 + 7 * DAY)]
        for each in (first, found)
    ]
    assert [r[0].detail["n_windows"] for r in last] == [5, 7]


def segment(dataset: Dataset) -> Segment:
    found = parse_segment("origin = 'JFK'", dataset.schema)
    assert found is not None
    return found


CASES: dict[str, tuple[str, Question]] = {
    "drift by day": ("drift", of("day")),
    "drift of one column by week": ("drift", of("week", columns=("distance",))),
    "drift of a version": ("drift", of("day", version="v2")),
    "quality by day": ("quality", of("day")),
    "quality of a version": ("quality", of("day", version="v2")),
    "quality without a reference": ("quality", of("day", reference=None)),
    "quality of a log that lives": ("live quality", of("day")),
    "frozen by day": ("quality", of("day", names=("frozen",))),
    "estimated by week": ("estimate", of("week", names=("accuracy", "roc_auc"))),
    "errors by hour": ("serving", of("hour", names=("error_rate",))),
    "throughput by day": ("serving", of("day", names=("throughput", "latency_p95"))),
}


def told(results: Sequence[Result]) -> list[str]:
    return sorted(map(repr, results))


@pytest.mark.parametrize("name", CASES)
def test_kept_or_worked_out_is_the_same(rounds: Engine, build_once: Build, name: str) -> None:
    kind, question = CASES[name]
    days, labels = [day_of(d) for d in range(16)], [labels_of(d) for d in range(15)]
    asker = Asker(rounds, kind, question)
    before = make(build_once, days, labels)
    first, asked = asker.ask(before)
    assert first == asker.plain(before) and len(asked) == 1
    again, asked = asker.ask(before)
    assert again == first and not asked
    later = make(build_once, [*days, day_of(16, 30.0)], [*labels, labels_of(15)])
    found, asked = asker.ask(later)
    assert asked and asked != [question.scope.window]
    assert found == asker.plain(later) != first


@pytest.mark.parametrize("name", ["drift by day", "estimated by week"])
def test_a_segment_has_answers_of_its_own(rounds: Engine, build_once: Build, name: str) -> None:
    kind, question = CASES[name]
    dataset = make(build_once, [day_of(d) for d in range(14)], [labels_of(d) for d in range(14)])
    Asker(rounds, kind, question).ask(dataset)
    mine = replace(question, scope=replace(question.scope, segment=segment(dataset)))
    asker = Asker(rounds, kind, mine)
    found, asked = asker.ask(dataset)
    assert len(asked) == 1 and told(found) == told(asker.plain(dataset))
    assert asker.ask(dataset) == (found, [])


def changed(build_once: Build) -> dict[str, tuple[Dataset, list[Window]]]:
    """Logs that differ a little from that of twelve days, and what has to be looked at again."""
    days, labels = [day_of(d) for d in range(12)], [labels_of(d) for d in range(12)]
    one = [Window(T0 + 9 * DAY, T0 + 10 * DAY)]
    base = make(build_once, days, labels)
    schema = replace(base.schema, columns=base.schema.columns[:-1])
    return {
        "nothing": (base, []),
        "a part": (make(build_once, [*days[:9], day_of(9, 1.0), *days[10:]], labels), one),
        "a part that came": (make(build_once, [*days, [day_of(9)[0] | {"prediction_id": "x", "row": 9999}]], labels), one),
        "a part that is gone": (make(build_once, days[:11], labels), []),
        "a label": (make(build_once, days, [*labels, labels_of(9, [9 * A_DAY + 3])]), one),
        "a part of the reference": (make(build_once, [*days[:3], day_of(3, 1.0), *days[4:]], labels), [Window()]),
        "a label of the reference": (make(build_once, days, [*labels, labels_of(3, [3 * A_DAY])]), [Window()]),
        "a column of the schema": (replace(base, schema=schema), [Window()]),
        "which label counts": (replace(base, label_precedence=("feedback", "outcome")), [Window()]),
    }  # fmt: skip


def test_what_changed_is_looked_at_again_and_nothing_else(
    rounds: Engine, build_once: Build
) -> None:
    asker = Asker(rounds, "drift", of("day"))
    logs = changed(build_once)
    for what, (dataset, windows) in logs.items():
        asker.ask(logs["nothing"][0])
        found, asked = asker.ask(dataset)
        assert asked == windows, what
        assert told(found) == told(asker.plain(dataset)), what


def test_drift_of_some_columns_is_found_in_that_of_all(rounds: Engine, build_once: Build) -> None:
    dataset = make(build_once, [day_of(d, 9.0 * (d > 8)) for d in range(12)], ())
    Asker(rounds, "drift", of("day")).ask(dataset)
    for columns in (("distance",), ("score", "origin")):
        some = of("day", columns=columns)
        found, asked = Asker(rounds, "drift", some).ask(dataset)
        alone = evaluate.drift(rounds, dataset, some)
        assert found == alone and asked == [] and {r.column for r in found} == set(columns)
    with pytest.raises(NameUnknown):
        Asker(rounds, "drift", of("day", columns=("distance", "none"))).ask(dataset)


@pytest.mark.parametrize(
    "other",
    [
        of("day", reference=Scope(window=Window(T0, T0 + 6 * DAY))),
        of("day", names=("ks",)),
        of("day", names=("ks",)),
        of("day", thresholds={"ks": (0.5, 0.6)}),
        of("day", version="v1"),
        of("day", is_exact=False),
        of("week"),
    ],
)
def test_another_question_finds_nothing(rounds: Engine, build_once: Build, other: Question) -> None:
    dataset = make(build_once, [day_of(d) for d in range(9)], [labels_of(d) for d in range(9)])
    Asker(rounds, "drift", of("day")).ask(dataset)
    found, asked = Asker(rounds, "drift", other).ask(dataset)
    assert len(asked) == 1
    assert told(found) == told(Asker(rounds, "drift", other).plain(dataset))


def test_another_version_of_the_code_finds_nothing(
    rounds: Engine, build_once: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make(build_once, [day_of(d) for d in range(9)], ())
    asker = Asker(rounds, "drift", of("day"))
    asker.ask(dataset)
    monkeypatch.setattr(answers, "code_print", lambda: "another")
    assert len(asker.ask(dataset)[1]) == 1


def test_a_file_that_is_cut_torn_or_written_by_something_else_is_a_miss(
    rounds: Engine, build_once: Build, tmp_path: Path
) -> None:
    import zlib

    dataset = make(build_once, [day_of(d) for d in range(9)], ())
    asker = Asker(rounds, "drift", of("day"))
    found, _asked = asker.ask(dataset)
    (file,) = (tmp_path / "summaries").rglob("*.z")
    whole = file.read_bytes()
    text = zlib.decompress(whole).decode()
    stamps = [line.split("\t")[0] for line in text.split("\n")]
    wrong = [
        f"{stamp}\t{told}"
        for stamp, told in zip(stamps, ["{", "[1]", "[[null], 3]"] * 3, strict=True)
    ]
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for torn in (
        b"",
        whole[:-1],
        whole[:40],
        bytes(flipped),
        zlib.compress("\n".join(wrong).encode()),
    ):
        file.write_bytes(torn)
        assert asker.ask(dataset)[0] == found
        assert file.read_bytes() == whole  # made good again


@pytest.mark.parametrize("scope", [
    Scope(every="day", window=Window(T0 + timedelta(minutes=5), None)),
    Scope(every="day", as_of=T0 + 20 * DAY), Scope(every=100), Scope(every="day", wait=1), Scope(),
])  # fmt: skip
def test_what_does_not_rest_on_whole_hours_as_known_now_is_not_kept(
    rounds: Engine, build_once: Build, tmp_path: Path, scope: Scope
) -> None:
    dataset = make(build_once, [day_of(d) for d in range(9)], [labels_of(d) for d in range(9)])
    asker = Asker(rounds, "drift", Question(scope, REFERENCE))
    assert asker.ask(dataset)[0] == asker.ask(dataset)[0] == asker.plain(dataset)
    assert not list((tmp_path / "summaries").rglob("*.z"))


def test_a_window_cuts_its_first_and_last_week(rounds: Engine, build_once: Build) -> None:
    dataset = make(build_once, [day_of(d) for d in range(20)], [labels_of(d) for d in range(20)])
    Asker(rounds, "drift", of("week")).ask(dataset)
    cut = replace(of("week"), scope=Scope(every="week", window=Window(T0 + 9 * DAY, T0 + 18 * DAY)))
    asker = Asker(rounds, "drift", cut)
    found, asked = asker.ask(dataset)
    assert asked and told(found) == told(asker.plain(dataset))
    assert asker.ask(dataset) == (found, [])


def test_no_more_than_so_many_files_and_bytes(
    rounds: Engine, build_once: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MOST", 2)
    dataset = make(build_once, [day_of(d) for d in range(9)], ())
    for every in ("hour", "day", "week", "month"):
        Asker(rounds, "drift", of(every)).ask(dataset)
    assert len(list((tmp_path / "summaries").rglob("*.z"))) == 2
    monkeypatch.setattr(answers, "MOST_BYTES", 20_000)
    asker = Asker(rounds, "drift", of("day"))
    found = asker.ask(dataset)[0]
    again, asked = asker.ask(dataset)
    assert again == found and asked and asked[0] != Window()  # the latest are kept


@settings(
    max_examples=6, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["row", "label", "day"]), st.integers(0, 9)),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_comes_in_whatever_order_answers_are_those_of_the_log(
    rounds: Engine, build_once: Build, steps: list[tuple[str, int]]
) -> None:
    days, labels = [day_of(d) for d in range(10)], [labels_of(d) for d in range(8)]
    askers = [Asker(rounds, *CASES[name]) for name in ("drift by day", "quality by day")]
    for n, (what, at) in enumerate(steps):
        if what == "row":
            days.append([day_of(at)[0] | {"prediction_id": f"more{n}", "row": 9000 + n}])
        elif what == "label":
            labels.append(labels_of(at + n, [at * A_DAY + n]))
        else:
            days.append(day_of(10 + n))
        dataset = make(build_once, days, labels)
        for asker in askers:
            assert told(asker.ask(dataset)[0]) == told(asker.plain(dataset))
