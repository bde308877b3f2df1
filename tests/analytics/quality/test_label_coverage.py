"""Label coverage: fewer labels than before count, more do not."""

from __future__ import annotations

from analytics.needs import LogCounts
from analytics.quality.label_coverage import CHECK
from analytics.stats.decision import decide


def test_by_hand() -> None:
    need = LogCounts(n=1000, n_labelled=700, n_reference=1000, n_labelled_reference=1000)
    answer = CHECK.compute(need)
    assert answer.value == 0.7
    assert decide([(answer, CHECK.tolerance)])[0][0] == "critical"


def test_more_is_no_alarm() -> None:
    need = LogCounts(n=1000, n_labelled=1000, n_reference=1000, n_labelled_reference=500)
    assert CHECK.compute(need).detail["above_floor"] == 0.0


def test_a_reference_without_labels_compares_with_nothing() -> None:
    answer = CHECK.compute(LogCounts(n=100, n_labelled=10, n_reference=1000))
    assert (answer.value, answer.reason) == (0.1, "no reference to compare with")
    assert CHECK.compute(LogCounts(n=0)).value is None
