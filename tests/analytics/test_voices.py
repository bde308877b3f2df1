"""The sentences about feedback: each number in them stands in the Results they were made from."""

from __future__ import annotations

from datetime import datetime

from analytics.core import Result, Window
from analytics.findings.voices import Week, Work, digest, speak_of_feedback

END = datetime(2026, 3, 15)


def rate(value: float | None, n: int, half: float = 0.05, **more: object) -> Result:
    low, high = (None, None) if value is None else (value - half, value + half)
    detail = {"n_rated": n, **more}
    return Result(
        "negative_rate", value, n, "undefined", Window(), low, high, "Wilson", detail=detail
    )


def volume(n: int) -> Result:
    return Result("feedback_volume", float(n), n, "undefined", Window())


def week(now: list[Result], before: list[Result], values: tuple[Result, ...] = (), work: Work | None = None) -> list[str]:  # fmt: skip
    return digest(Week("m", END, now, before, values, work or Work(0, 0, 0, None)))


def test_five_lines_whatever_happened() -> None:
    for now in ([], [volume(0)], [volume(3), rate(None, 3)], [volume(90), rate(0.3, 80)]):
        lines = week(now, [])
        assert len(lines) == 5
        assert all(line.endswith(".") for line in lines)


def test_a_change_is_told_only_where_chance_does_not_explain_it() -> None:
    far = week([volume(90), rate(0.5, 80)], [volume(80), rate(0.2, 80)])
    assert "more than the 20.0 % of the week before" in far[1]
    near = week([volume(90), rate(0.25, 80)], [volume(80), rate(0.2, 80)])
    assert "no more apart than chance allows" in near[1]
    none = week([volume(90), rate(0.25, 80)], [volume(8), rate(None, 8)])
    assert "too few to compare" in none[1]


def test_the_worst_group_is_named_with_its_numbers() -> None:
    bad = Result(
        "negative_rate", 0.5, 40, "warning", Window(), 0.35, 0.65, "Wilson", column="origin",
        detail={"value": "EWR", "reference": 0.2},
    )  # fmt: skip
    lines = week([volume(90), rate(0.3, 80)], [], (bad,))
    assert lines[2] == "It was worst for origin = EWR: 50.0 % of 40 (35.0 % to 65.0 %), beside 20.0 % elsewhere."  # fmt: skip


def test_the_work_and_what_fixed_it() -> None:
    work = Work(9, 14, 5, datetime(2026, 3, 3), 6, ("version B",))
    lines = week([volume(1)], [volume(1)], work=work)
    assert lines[0].startswith("1 item of feedback came in for m")
    assert lines[3] == "9 were closed and 14 are open, the oldest for 12 days; 5 belong to nobody."
    assert lines[4] == "6 corrections went to the labels; what fixed items: version B."


def test_the_page_speaks() -> None:
    nothing = speak_of_feedback(None, volume(0), [], Work(0, 0, 0, None), END)
    assert nothing.title == "Nobody has said anything yet"
    found = speak_of_feedback(rate(0.3, 80), volume(90), [], Work(0, 3, 0, END), END)
    assert found.title == "30.0 % of 80 judgements are negative"
    assert "3 wait for an answer" in found.sentence
