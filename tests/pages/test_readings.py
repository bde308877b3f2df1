"""Every statistic on the screen has its plain reading one hover away."""

from __future__ import annotations

import json

import pytest

from analytics.catalog import all_drift_tests, all_metrics, all_quality_checks
from app.widgets.tables import READINGS

PLAIN = {"column", "role", "class", "period", "version", "metric", "number", "statistic", "error",
         "message", "count", "first seen", "last seen", "note", "slice", "reads as"}  # fmt: skip
PLACES = (
    ("overview", "flight-late", {}), ("performance", "flight-late", {"below": "Threshold"}),
    ("performance", "flight-late", {"below": "All results"}),
    ("performance", "digit-reader", {"below": "Classes"}),
    ("drift", "flight-late", {}), ("quality", "flight-late", {}),
    ("serving", "flight-late", {"below": "Versions"}), ("compare", "flight-late", {}),
    ("compare", "flight-late", {"below": "All results"}),
)  # fmt: skip


@pytest.mark.parametrize(("page", "model", "state"), PLACES)
def test_numbers_say_how_they_read(on_samples, run, page: str, model: str, state: dict) -> None:
    app = run(page, m=model)
    for key, value in state.items():
        app.session_state[key] = value
    if state:
        app.run()
    meant = [d.meaning for d in (*all_metrics(), *all_drift_tests(), *all_quality_checks())]
    said = list(app.markdown)
    cards = [i for i, m in enumerate(said) if m.value.startswith("**") and "-badge[" in m.value]
    for i in cards:  # the reading stands beside the label, above the number
        assert said[i - 1].proto.help, (said[i - 1].value, said[i].value)
    tables = 0
    for frame in app.dataframe:
        config = json.loads(frame.proto.columns or "{}")
        names = [str(name) for name in frame.value.columns]
        if "model" in names or not set(names) & {"value", "verdict", "effect", "f1", "reads as"}:
            continue
        tables += 1
        if "reads as" in names:  # a row is a number: the reading stands in it
            assert all(frame.value["reads as"]), frame.value
            continue
        for name in names:
            helped = (config.get(name) or {}).get("help")
            is_line = "type_config" in str(config.get(name))
            assert helped or name in PLAIN or is_line, (page, name)
    assert cards or tables
    assert all(len(text) > 15 for text in (*meant, *READINGS.values()))
