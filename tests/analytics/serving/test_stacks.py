"""Stacks grouped by their frames, beside what Python itself says of them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from scipy import stats

from analytics.core import Dataset, Question, Scope, Window
from analytics.evaluate.failing import (
    error_results,
    frames_of,
    stack_results,
    stacks_of,
    title_of,
)
from analytics.query.engine import Engine
from analytics.serving.frames import innermost_first, read_frame, short_frame

T0 = datetime(2024, 1, 1)
Build = Callable[..., Dataset]


def deep(value: str) -> None:
    raise KeyError(value)


def shallow(value: str) -> None:
    deep(value)


def raised(call: Callable[[str], None], value: str) -> BaseException:
    try:
        call(value)
    except KeyError as error:
        return error
    raise AssertionError


def whole(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def rows(messages: list[str | None]) -> list[dict[str, Any]]:
    return [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "timestamp": T0 + timedelta(minutes=i),
            "model_version": "v1" if i < len(messages) // 2 else "v2",
            "prediction": "1",
            "status": "ok" if said is None else "error",
            "error_type": None if said is None else "KeyError",
            "error_message": said,
            "distance": float(i),
        }
        for i, said in enumerate(messages)
    ]


@pytest.fixture
def log(build: Build) -> Dataset:
    """Of 100 requests 20 fail two calls deep and 10 one call deep, each with a value of its own."""
    said: list[str | None] = [None] * 100
    for i in range(0, 100, 5):
        said[i] = whole(raised(shallow, f"secret {i}"))
    for i in range(51, 100, 5):
        said[i] = whole(raised(deep, f"secret {i}"))
    return build([rows(said)])


def test_failures_stand_together_by_the_frames_that_python_walked(
    engine: Engine, log: Dataset
) -> None:
    found = stacks_of(engine, log, Question(Scope()))
    assert [s.n for s in found] == [20, 10]
    walked = traceback.extract_tb(raised(shallow, "x").__traceback__)
    frames = frames_of(found[0])
    expected = [(f.filename, f.name) for f in reversed(walked)]
    assert [(f.file, f.function) for f in frames] == expected
    assert [f.line for f in frames[:2]] == [f.lineno for f in reversed(walked)][:2]
    assert title_of(found[0]) == f"KeyError in deep, test_stacks.py:{frames[0].line}"
    assert found[0].first == T0 and found[0].first_version == "v1"
    assert found[1].first_version == "v2" and found[1].versions == ("v2",)
    assert found[0].examples == ("p95", "p90", "p85")


def test_a_stack_is_a_share_of_all_requests(engine: Engine, log: Dataset) -> None:
    (first, _second) = stack_results(engine, log, Question(Scope()))
    expected = stats.binomtest(20, 100).proportion_ci(method="wilson")
    assert (first.value, first.low, first.high) == pytest.approx((0.2, expected.low, expected.high))
    assert first.n == 100 and first.detail["n_failed"] == 20
    late = Question(Scope(window=Window(T0 + timedelta(minutes=50), None)))
    assert [(s.n, s.n_all) for s in stacks_of(engine, log, late)] == [(10, 50), (10, 50)]


def test_no_value_is_left_in_a_stack_or_in_the_kinds_beside_it(
    engine: Engine, log: Dataset
) -> None:
    question = Question(Scope())
    said = str([*stack_results(engine, log, question), *error_results(engine, log, question)])
    assert "secret" not in said and "Traceback" not in said
    (kind,) = error_results(engine, log, question)
    assert kind.detail["message"] == "KeyError: …" and kind.detail["n_failed"] == 30


def test_the_log_of_errors_is_asked_first(engine: Engine, build: Build) -> None:
    """Its own moments count; what it does not say comes from the prediction of the same id."""
    stack = whole(raised(shallow, "secret"))
    failed = [
        {
            "row": i,
            "prediction_id": name,
            "timestamp": T0 + timedelta(hours=1, minutes=i),
            "stack_trace": stack.replace("secret", name),
        }
        for i, name in enumerate(("p3", "p8", "unknown"))
    ]
    log = build([rows([None] * 10)], errors=[failed])
    (found,) = stacks_of(engine, log, Question(Scope()))
    assert (found.n, found.first, found.versions) == (3, T0 + timedelta(hours=1), ("v1", "v2"))
    (of_v2,) = stacks_of(engine, log, Question(Scope(version="v2")))
    assert (of_v2.n, of_v2.examples, of_v2.n_all) == (1, ("p8",), 5)
    late = Scope(window=Window(T0 + timedelta(hours=2), None))
    assert stacks_of(engine, log, Question(late)) == ()


LANGUAGES = {
    'File "/srv/app.py", line 10, in predict': ("/srv/app.py", 10, "predict"),
    "at com.shop.Model.score(Model.java:42)": ("Model.java", 42, "com.shop.Model.score"),
    "at score (/srv/model.js:7:13)": ("/srv/model.js", 7, "score"),
    "at /srv/model.js:7:13": ("/srv/model.js", 7, ""),
    "at Shop.Model.Score(String s) in /src/Model.cs:line 9": (
        "/src/Model.cs", 9, "Shop.Model.Score(String s)",
    ),
    "score@https://shop.org/model.js:7:13": ("https://shop.org/model.js", 7, "score"),
    "/srv/model.go:31": ("/srv/model.go", 31, ""),
    "/srv/app.py:10 in predict": ("/srv/app.py", 10, "predict"),
}  # fmt: skip


@pytest.mark.parametrize("text", LANGUAGES)
def test_frames_of_every_language_are_found_and_read(
    engine: Engine, build: Build, text: str
) -> None:
    frame = read_frame(text)
    assert (frame.file, frame.line, frame.function) == LANGUAGES[text]
    said = f"Oops: 'a value'\n    {text}\n"
    (found,) = stacks_of(engine, build([rows([said, None])]), Question(Scope()))
    assert found.frames == (text,)


def test_the_frame_that_failed_first_stands_first() -> None:
    java = ("at a.B.c(B.java:1)", "at a.B.d(B.java:2)")
    assert [f.line for f in innermost_first(java)] == [1, 2]
    python = ('File "a.py", line 1, in c', 'File "a.py", line 2, in d')
    assert [f.line for f in innermost_first(python)] == [2, 1]
    assert innermost_first(()) == ()
    assert short_frame(read_frame(r'File "C:\srv\a.py", line 3, in f')) == "f, a.py:3"


def test_messages_that_only_look_like_frames_are_none(engine: Engine, build: Build) -> None:
    said = "called at 10:30:11 by bob@x.org, File was missing, meet at Anna (row:12) today"
    assert stacks_of(engine, build([rows([said, None])]), Question(Scope())) == ()
    assert stacks_of(engine, build([rows([None, None])]), Question(Scope())) == ()
