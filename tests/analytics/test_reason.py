"""The sentence of a change: because only with a part behind it, amounts that belong to it."""

from __future__ import annotations

from dataclasses import replace

from analytics.core import Result, Window
from analytics.findings.reason import say_why

BASE = {
    "label": "Accuracy", "unit": "share", "better": "higher", "before": 0.8, "now": 0.7,
    "now_low": 0.69, "now_high": 0.71, "before_low": 0.79, "before_high": 0.81, "n_reference": 900,
}  # fmt: skip


def part(value: float, name: str, se: float = 0.005, **detail: object) -> Result:
    column = detail.pop("column", None)
    return Result(
        "accuracy", value, 1000, "critical", Window(), value - 2 * se, value + 2 * se, "delta", 1000,
        None if column is None else str(column), detail={**BASE, "part": name, "se": se, **detail},
    )  # fmt: skip


def column(name: str, score: float, role: str = "feature", **kinds: float) -> list[Result]:
    around = {"column": name, "role": role, "column_score": score}
    return [part(value, kind, level="column", **around) for kind, value in kinds.items()]


def cell(value: float, kind: str, name: str, score: float, **detail: object) -> Result:
    shares = {"share_now": 0.6, "share_before": 0.2} | detail
    around = {"column": name.split()[0], "role": "feature", "column_score": score}
    return part(value, kind, level="slice", slice=name, score=value, **around, **shares)


def test_more_of_a_slice_that_is_judged_worse_too() -> None:
    results = [
        part(-0.1, "total"),
        *column("hour", -0.09, mix=-0.06, within=-0.04),
        cell(-0.05, "mix", "hour above 17", 0.09),
        cell(-0.01, "mix", "hour up to 9", 0.09, share_now=0.1, share_before=0.3),
        cell(-0.04, "within", "hour above 17", 0.09),
    ]
    results[1:3] = [replace(r, detail={**r.detail, "column_score": 0.09}) for r in results[1:3]]
    assert say_why(results).title == (
        "Accuracy fell 10.0 points: 6.0 because more rows have hour above 17 (60.0 %, before"
        " 20.0 %), 4.0 because they are judged worse"
    )


def test_where_no_column_stands_out_it_is_the_same_rows_or_others() -> None:
    results = [
        part(-0.1, "total"),
        part(-0.02, "covariate", columns=["hour"]),
        part(-0.08, "concept", columns=["hour"]),
        *column("hour", 0.01, mix=-0.02, within=-0.08),
    ]
    assert say_why(results).title == (
        "Accuracy fell 10.0 points: 8.0 because rows of the same kind are judged worse, 2.0 because"
        " other rows came (by hour)"
    )


def test_what_went_the_other_way_is_said() -> None:
    results = [
        part(-0.1, "total"),
        part(0.04, "covariate", columns=["hour"]),
        part(-0.14, "concept", columns=["hour"]),
    ]
    finding = say_why(results)
    assert "14.0 because rows of the same kind" in finding.title
    assert "Other parts went the other way, by 4.0." in finding.sentence


def test_a_change_that_chance_can_make_has_no_reason() -> None:
    results = [part(-0.01, "total", se=0.02), part(-0.01, "concept", columns=["hour"])]
    finding = say_why(results)
    assert finding.title == "Accuracy did not move beyond chance" and finding.verdict == "ok"
    assert "because" not in finding.sentence and "1,000 labels against 900" in finding.sentence


def test_late_labels_are_a_reason_of_their_own() -> None:
    results = [
        part(0.1, "total"),
        part(0.092, "maturity"),
        part(0.008, "concept", columns=["hour"]),
    ]
    assert say_why(results).title == (
        "Accuracy rose 10.0 points: 9.2 because labels are still on their way"
    )


def test_a_column_whose_parts_take_each_other_back_leads_nothing() -> None:
    results = [
        part(-0.1, "total"),
        part(-0.1, "concept", columns=["hour"]),
        part(0.0, "covariate", columns=["hour"]),
        *column("hour", 0.09, within=-0.1),
        cell(-0.4, "within", "hour above 17", 0.09),
        cell(0.3, "within", "hour up to 17", 0.09),
    ]
    assert say_why(results).title == (
        "Accuracy fell 10.0 points: 10.0 because rows of the same kind are judged worse"
    )
