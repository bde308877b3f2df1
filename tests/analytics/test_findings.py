"""Sentences say what the Results say, once for what moved together, the most important first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from analytics.core import Result, Verdict, Window
from analytics.findings import find

T0 = datetime(2013, 12, 2)


def weekly(week: int, value: float, verdict: Verdict, **detail: Any) -> Result:
    window = Window(T0 + timedelta(weeks=week), T0 + timedelta(weeks=week + 1))
    base = {
        "label": "ROC AUC",
        "better": "higher",
        "unit": "score",
        "tolerance": [0.02, 0.05],
        "reference": 0.72,
    }
    change = value - 0.72
    p_value = 1e-6 if verdict in ("warning", "critical") else 0.5
    detail = {
        **base,
        "change": change,
        "p_value": p_value,
        "above_floor": max(0.0, -change),
        **detail,
    }
    return Result(
        "roc_auc",
        value,
        2000,
        verdict,
        window,
        value - 0.01,
        value + 0.01,
        "DeLong",
        1900,
        detail=detail,
    )


def column(name: str, test: str, verdict: Verdict, window: Window, **detail: Any) -> Result:
    base = {
        "label": "KS",
        "p_value": 1e-9,
        "above_floor": 0.3,
        "tolerance": [0.1, 0.2],
        "decides": True,
        "role": "feature",
    }
    return Result(test, 0.4, 900, verdict, window, column=name, detail={**base, **detail})


def test_nothing_moved_gives_no_finding() -> None:
    assert find([weekly(i, 0.72, "ok") for i in range(5)]) == []


def test_weeks_in_a_row_are_one_finding() -> None:
    weeks = [
        weekly(i, 0.60 if 2 <= i <= 4 else 0.72, "critical" if 2 <= i <= 4 else "ok")
        for i in range(8)
    ]
    (finding,) = find(weeks)
    assert finding.title == "ROC AUC fell from 16 December to 5 January"
    assert finding.verdict == "critical"
    assert (
        "0.600 ± 0.010" in finding.sentence
        and "0.720" in finding.sentence
        and "1,900 labels" in finding.sentence
    )
    assert len(finding.results) == 3


def test_columns_missing_on_one_day_are_one_finding() -> None:
    day = Window(datetime(2013, 12, 31), datetime(2014, 1, 1))
    results = [
        column(c, "missing_rate", "critical", day, label="Missing")
        for c in ("temp", "dewp", "humid", "visib")
    ]
    (finding,) = find(results)
    assert finding.title == "Temp, dewp, humid and 1 more are missing on 31 December"
    assert finding.page == "quality"


def test_performance_comes_before_drift() -> None:
    window = Window(T0, T0 + timedelta(weeks=1))
    found = find([column("temp", "ks", "critical", window), weekly(0, 0.6, "critical")])
    assert [f.page for f in found] == ["performance", "drift"]


def test_unseen_values_are_named() -> None:
    levels = [["ACK", 200], ["ABQ", 100]]
    window = Window(None, None)
    (finding,) = find(
        [column("dest", "unseen_rate", "warning", window, label="Unseen", levels=levels)]
    )
    assert "ACK and ABQ" in finding.sentence


def test_many_periods_are_judged_in_one_family() -> None:
    """One week of 200 at p = 0.01 is what chance gives; it is no finding however large the effect."""
    weeks = [weekly(i, 0.72, "ok") for i in range(200)]
    weeks[77] = weekly(77, 0.6, "warning", p_value=0.01)
    assert find(weeks) == []
