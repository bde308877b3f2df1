"""Sentences say what the Results say, once for what moved together, the most important first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from analytics.core import Result, Verdict, Window
from analytics.findings import choose, find, speak, speak_of_drift, write_since

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


def test_the_newest_week_ends_with_the_log() -> None:
    weeks = [weekly(i, 0.72 if i < 2 else 0.60, "ok" if i < 2 else "critical") for i in range(4)]
    end = weeks[-1].window.end
    assert end is not None
    whole = [replace(weeks[0], window=Window(T0, end - timedelta(days=3, hours=21)))]
    finding = speak(weeks, whole)
    assert write_since(finding).startswith("from 16 to 26 December, ")
    assert finding.title.endswith("from 16 to 26 December")
    full = [replace(weeks[0], window=Window(T0, end))]
    assert speak(weeks, full).title.endswith("from 16 to 29 December")


def test_columns_missing_on_one_day_are_one_finding() -> None:
    day = Window(datetime(2013, 12, 31), datetime(2014, 1, 1))
    results = [
        column(c, "missing_rate", "critical", day, label="Missing")
        for c in ("temp", "dewp", "humid", "visib")
    ]
    (finding,) = find(results)
    assert finding.title == "temp, dewp, humid and 1 more are missing on 31 December"
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


def monthly(month: int, name: str, value: float, verdict: Verdict, **more: Any) -> Result:
    window = Window(datetime(2013, month, 1), datetime(2013, month + 1, 1))
    reference = {"roc_auc": 0.711, "accuracy": 0.795}[name]
    change = value - reference
    detail = {
        "label": {"roc_auc": "ROC AUC", "accuracy": "Accuracy"}[name],
        "better": "higher",
        "unit": "score" if name == "roc_auc" else "share",
        "tolerance": [0.02, 0.05],
        "reference": reference,
        "change": change,
        "change_low": change - 0.01,
        "p_value": 1e-9 if verdict != "ok" else 0.5,
        "above_floor": max(0.0, -change),
        **more,
    }
    ends = (value - 0.02, value + 0.02)
    return Result(name, value, 9000, verdict, window, *ends, "x", 8900, version="v2", detail=detail)


def year(september_auc: float) -> list[Result]:
    auc = {7: 0.70, 8: 0.69, 9: september_auc, 10: 0.70}
    accuracy = {7: 0.78, 8: 0.79, 9: 0.88, 10: 0.80}
    return [
        result
        for month in auc
        for result in (
            monthly(month, "roc_auc", auc[month], "critical" if auc[month] < 0.66 else "ok"),
            monthly(month, "accuracy", accuracy[month], "ok"),
        )
    ]


def test_the_trap_of_a_rare_outcome_has_its_sentence() -> None:
    said = speak(year(0.639))
    assert said.title == "In September v2 looks best and ranks worst"
    assert "Accuracy rose to 0.880 ± 0.020 (reference 0.795), its highest" in said.sentence
    assert "ROC AUC fell to 0.639 ± 0.020 (reference 0.711), its lowest." in said.sentence
    assert said.verdict == "critical" and said.params["v"] == "v2"
    assert write_since(said) == "in September, 8,900 labels"


def test_the_trap_needs_both_sides() -> None:
    assert "looks" not in speak(year(0.70)).title  # the ranking held
    flat = [r for r in year(0.639) if r.name == "roc_auc"]
    assert "looks" not in speak(flat).title  # nobody asked for accuracy


def test_it_says_less_where_it_knows_less() -> None:
    worse = [
        *year(0.655),
        monthly(11, "roc_auc", 0.65, "critical"),
        monthly(11, "accuracy", 0.8, "ok"),
    ]
    assert speak(worse).title == "In September v2 looks best and ranks below its reference"


def test_nothing_moved_is_said_calmly_with_its_numbers() -> None:
    said = speak([weekly(i, 0.72, "ok") for i in range(4)])
    assert (said.title, said.verdict) == ("Nothing moved beyond its band", "ok")
    assert "1,900 labels" in said.sentence


def test_the_rows_above_a_calm_sentence_are_those_it_names() -> None:
    first, most = weekly(1, 0.72, "ok"), weekly(1, 0.72, "ok")
    said = speak([replace(first, n=first.n - 20), most])
    assert said.results == (most,)


def test_too_little_is_said_as_such() -> None:
    thin = Result("roc_auc", None, 12, "undefined", Window(), reason="no labels yet")
    said = speak([thin])
    assert said.title == "No labels have arrived yet" and "Import labels" in said.sentence
    few = Result(
        "roc_auc", 0.7, 12, "undefined", Window(), reason="too few labels (12, at least 30)"
    )
    assert speak([few]).title == "There is not enough to judge yet"
    assert speak([]).verdict == "undefined"


def test_a_number_without_a_reference_has_no_verdict() -> None:
    window = Window(T0, T0 + timedelta(weeks=1))
    said = speak([Result("roc_auc", 0.7, 900, "ok", window, n_labelled=800, detail={})])
    assert said.title == "There is nothing to compare with"


def test_columns_that_stayed_are_said_calmly() -> None:
    """A drift test has no number of the reference, only its rows."""
    window = Window(T0, T0 + timedelta(weeks=1))
    said = speak_of_drift([column("temp", "ks", "ok", window, n_reference=900)], [])
    assert (said.title, said.sentence, said.verdict) == (
        "Nothing moved beyond its band", "900 rows.", "ok",
    )  # fmt: skip


def test_drift_is_harmless_where_performance_held() -> None:
    window = Window(T0, T0 + timedelta(weeks=1))
    moved = [column("temp", "ks", "critical", window), column("dest", "tvd", "ok", window)]
    held = speak_of_drift(moved, [weekly(0, 0.715, "ok")])
    assert held.title == "1 of 2 columns moved: temp"
    assert "held at 0.715" in held.sentence and "harmless so far" in held.sentence
    assert held.verdict == "ok"
    hurt = speak_of_drift(moved, [weekly(0, 0.60, "critical")])
    assert "moved too" in hurt.sentence and hurt.verdict == "critical"
    facts = {"reference": 0.9, "better": "higher", "unit": "share", "label": "Accuracy",
             "tolerance": [0.02, 0.05], "se": 0.003, "se_reference": 0.001}  # fmt: skip
    other = Result("accuracy", 0.885, 9000, "ok", window, n_labelled=9000, detail=facts)
    little = speak_of_drift(moved, [weekly(0, 0.715, "ok"), other])
    assert "Accuracy fell by 1.5 points (0.9 to 2.1)" in little.sentence
    assert "harmless" not in little.sentence and little.verdict == "warning"
    wanders = replace(other, detail={**facts, "spread": 0.02})
    assert "harmless so far" in speak_of_drift(moved, [weekly(0, 0.715, "ok"), wanders]).sentence
    unknown = speak_of_drift(moved, [])
    assert "not known yet" in unknown.sentence


def test_a_long_window_needs_no_dates() -> None:
    window = Window(datetime(2013, 1, 1), datetime(2014, 1, 1))
    (finding,) = find([column("temp", "ks", "critical", window)])
    assert finding.title == "temp moved"


def test_missing_more_often_than_before_says_so() -> None:
    day = Window(datetime(2013, 12, 31), datetime(2014, 1, 1))
    detail = {"label": "Missing", "reference": 0.14, "change": 0.3}
    (finding,) = find([column("pressure", "missing_rate", "critical", day, **detail)])
    assert finding.title == "pressure is missing more often on 31 December"
    assert "against 14.0 % in the reference" in finding.sentence


def test_a_list_is_not_about_one_thing_only() -> None:
    window = Window(T0, T0 + timedelta(weeks=1))
    found = find([weekly(0, 0.6, "critical"), column("temp", "ks", "critical", window)])
    assert [f.page for f in choose([found[0]] * 5 + found[1:])] == ["performance"] * 2 + ["drift"]


def test_a_log_that_stopped_is_said_in_hours_and_by_its_newest_row() -> None:
    def day(i: int, age_s: float) -> Result:
        window = Window(T0 + timedelta(days=i), T0 + timedelta(days=i + 1))
        detail = {"label": "Freshness", "typical_gap_s": 1200.0, "above_floor": 9.0, "p_value": 0.0}
        return Result("freshness", age_s, 72, "critical", window, detail=detail)

    (found,) = find([day(0, 200_000.0), day(1, 141_401.0)])
    assert found.title == "Nothing has come for 39.3 h"  # 141401 / 3600
    assert "99 of 100 gaps are shorter than 20.0 min" in found.sentence
